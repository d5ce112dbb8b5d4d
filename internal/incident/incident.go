package incident

import (
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/attachment"
	"openioc.org/ioc/internal/incident/incidentevent"
	"openioc.org/ioc/internal/msg"
)

// State is where an incident is in its life.
type State string

// The states of an incident.
const (
	Proposed  State = "proposed"
	Open      State = "open"
	Resolved  State = "resolved"
	Closed    State = "closed"
	Merged    State = "merged"
	Dismissed State = "dismissed"
)

// States are all states in the order of the life.
var States = []State{Proposed, Open, Resolved, Closed, Merged, Dismissed}

var stateTitles = map[State]msg.Text{
	Proposed: {Vi: "Đề xuất", En: "Proposed"}, Open: {Vi: "Đang xử lý", En: "Open"}, Resolved: {Vi: "Đã xử lý xong", En: "Resolved"},
	Closed: {Vi: "Đã đóng", En: "Closed"}, Merged: {Vi: "Đã gộp", En: "Merged"}, Dismissed: {Vi: "Đã bỏ qua", En: "Dismissed"},
}

// Title is the state's name.
func (s State) Title() msg.Text { return stateTitles[s] }

// Valid reports whether s is a state.
func (s State) Valid() bool { _, ok := stateTitles[s]; return ok }

// Person is somebody in a record: as they were called then.
type Person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Unit string `json:"unit,omitempty"`
	Role string `json:"role,omitempty"`
}

func personOf(a access.Actor) Person {
	p := Person{ID: a.ID, Name: a.Name, Unit: a.Unit}
	if len(a.Roles) > 0 {
		p.Role = string(a.Roles[0])
	}
	if a.IsSystem() {
		p.Name = "Hệ thống"
	}
	return p
}

// UnitRef is a unit with its name.
type UnitRef struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// AlertRef is an alert as the incident shows it.
type AlertRef struct {
	ID       string              `json:"id"`
	Number   string              `json:"number"`
	Title    msg.Text            `json:"title"`
	Severity alertevent.Severity `json:"severity"`
	State    string              `json:"state"`
	Active   bool                `json:"active"`
	Since    time.Time           `json:"since"`
	Place    string              `json:"place"`
	Lon      *float64            `json:"lon"`
	Lat      *float64            `json:"lat"`
}

// Incident is one incident as people and programs see it.
type Incident struct {
	ID           string              `json:"id"`
	Number       string              `json:"number"`
	Version      int                 `json:"version"`
	State        State               `json:"state" enum:"proposed,open,resolved,closed,merged,dismissed"`
	Title        string              `json:"title"`
	Text         string              `json:"text"`
	Service      string              `json:"service"`
	Severity     alertevent.Severity `json:"severity" doc:"1 information, 2 notice, 3 warning, 4 emergency"`
	Lon          *float64            `json:"lon"`
	Lat          *float64            `json:"lat"`
	Place        string              `json:"place"`
	Area         string              `json:"area"`
	AreaName     string              `json:"area_name"`
	LeadUnit     string              `json:"lead_unit"`
	LeadUnitName string              `json:"lead_unit_name"`
	HelpingUnits []UnitRef           `json:"helping_units"`
	Alerts       []AlertRef          `json:"alerts"`
	SOP          string              `json:"sop"`
	SOPVersion   int                 `json:"sop_version"`
	SOPTitle     *msg.Text           `json:"sop_title"`
	SOPDone      int                 `json:"sop_done" doc:"steps done or skipped"`
	SOPTotal     int                 `json:"sop_total"`
	SOPLate      int                 `json:"sop_late" doc:"open steps whose time is over"`
	TasksOpen    int                 `json:"tasks_open"`
	TasksTotal   int                 `json:"tasks_total"`
	TasksLate    int                 `json:"tasks_late"`

	OpenedAt             time.Time  `json:"opened_at"`
	OpenedBy             *Person    `json:"opened_by" doc:"null: proposed by the program"`
	AcknowledgedAt       *time.Time `json:"acknowledged_at"`
	DispatchedAt         *time.Time `json:"dispatched_at" doc:"lead unit named or first task sent"`
	ClearedAt            *time.Time `json:"cleared_at"`
	ClosedAt             *time.Time `json:"closed_at"`
	SecondsToAcknowledge *int64     `json:"seconds_to_acknowledge"`
	SecondsToDispatch    *int64     `json:"seconds_to_dispatch"`
	SecondsToClear       *int64     `json:"seconds_to_clear"`

	MergedInto    string    `json:"merged_into"`
	SplitFrom     string    `json:"split_from"`
	ProofRequired bool      `json:"proof_required" doc:"the SOP lets nobody close without a photo or paper"`
	ProposalWhy   *msg.Text `json:"proposal_why"`
	Messages      int       `json:"messages"`
	Attachments   int       `json:"attachments"`
	Estimated     bool      `json:"estimated" doc:"rests on reconstructed or simulated data"`
	Changed       Change    `json:"changed" doc:"the last step"`

	CandidateCount int `json:"candidates" doc:"alerts close by that could belong to it"`

	alertCount int // of the row
}

// Change is the last step of an incident or a task.
type Change struct {
	Step string    `json:"step"`
	By   Person    `json:"by"`
	At   time.Time `json:"at"`
}

// Entry is one line of the timeline.
type Entry struct {
	ID          string            `json:"id"`
	At          time.Time         `json:"at"`
	Actor       *Person           `json:"actor" doc:"null: the program"`
	Step        string            `json:"step"`
	From        string            `json:"from"`
	To          string            `json:"to"`
	Comment     string            `json:"comment"`
	Attachments []attachment.File `json:"attachments"`
	Data        map[string]any    `json:"data"`
	Task        string            `json:"task,omitempty"`

	incident string
	files    []string
}

// Message is one line of the thread.
type Message struct {
	ID          string            `json:"id"`
	At          time.Time         `json:"at"`
	By          Person            `json:"by"`
	Text        string            `json:"text"`
	Attachments []attachment.File `json:"attachments"`
}

// active reports whether somebody still has to do something.
func (s State) active() bool { return s == Proposed || s == Open || s == Resolved }

// fact is the incident as other domains may know it. A proposal owns no
// alerts yet: it names none until somebody confirms it.
func (i *Incident) fact(alerts []string) incidentevent.Incident {
	if alerts == nil || i.State == Proposed || i.State == Dismissed {
		alerts = []string{}
	}
	return incidentevent.Incident{
		ID: i.ID, Number: i.Number, State: string(i.State), Title: i.Title, Service: i.Service, Severity: int(i.Severity),
		LeadUnit: i.LeadUnit, Alerts: alerts, OpenedAt: i.OpenedAt,
	}
}

// units are the lead unit and its helpers.
func (i *Incident) units() []string {
	var out []string
	if i.LeadUnit != "" {
		out = append(out, i.LeadUnit)
	}
	for _, u := range i.HelpingUnits {
		out = append(out, u.Code)
	}
	return out
}
