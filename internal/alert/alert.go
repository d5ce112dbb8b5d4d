package alert

import (
	"maps"
	"strconv"
	"time"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
)

// State is where an alert is in its life.
type State string

// The states, in the order of the life.
const (
	Raised       State = "new"
	Acknowledged State = "acknowledged"
	Verified     State = "verified"
	Dispatched   State = "dispatched"
	Accepted     State = "accepted"
	InProgress   State = "in_progress"
	Done         State = "done"
	Checked      State = "checked"
	Closed       State = "closed"
)

// States are all states in the order of the life.
var States = []State{Raised, Acknowledged, Verified, Dispatched, Accepted, InProgress, Done, Checked, Closed}

var stateTitles = map[State]msg.Text{
	Raised: {Vi: "Mới", En: "New"}, Acknowledged: {Vi: "Tiếp nhận", En: "Acknowledged"}, Verified: {Vi: "Đã xác minh", En: "Verified"},
	Dispatched: {Vi: "Đã chuyển đơn vị", En: "Dispatched"}, Accepted: {Vi: "Đơn vị tiếp nhận", En: "Accepted"},
	InProgress: {Vi: "Đang xử lý", En: "In progress"}, Done: {Vi: "Đã xử lý", En: "Done"}, Checked: {Vi: "IOC đã kiểm tra", En: "Checked"},
	Closed: {Vi: "Đã đóng", En: "Closed"},
}

// Title is the state's name.
func (s State) Title() msg.Text { return stateTitles[s] }

// Valid reports whether s is a state.
func (s State) Valid() bool { _, ok := stateTitles[s]; return ok }

// The verdicts of a verification.
const (
	VerdictTrue      = "true"
	VerdictFalse     = "false"
	VerdictDuplicate = "duplicate"
)

// Alert is one alert as people and programs see it.
type Alert struct {
	ID             string              `json:"id"`
	Number         string              `json:"number"`
	Version        int                 `json:"version"`
	State          State               `json:"state" enum:"new,acknowledged,verified,dispatched,accepted,in_progress,done,checked,closed"`
	Active         bool                `json:"active" doc:"the condition still holds"`
	Severity       alertevent.Severity `json:"severity" doc:"1 information, 2 notice, 3 warning, 4 emergency"`
	PeakSeverity   alertevent.Severity `json:"peak_severity"`
	Service        string              `json:"service"`
	Kind           string              `json:"kind" doc:"rule, manual, camera, citizen, cap"`
	Rule           string              `json:"rule"`
	RuleVersion    int                 `json:"rule_version"`
	RuleName       msg.Text            `json:"rule_name"`
	Title          msg.Text            `json:"title"`
	Text           msg.Text            `json:"text"`
	Place          string              `json:"place"`
	Lon            *float64            `json:"lon"`
	Lat            *float64            `json:"lat"`
	Area           string              `json:"area"`
	AreaName       string              `json:"area_name"`
	Unit           string              `json:"unit"`
	UnitName       string              `json:"unit_name"`
	Thing          string              `json:"thing"`
	Datastream     string              `json:"datastream"`
	Value          *float64            `json:"value"`
	UnitSymbol     string              `json:"unit_symbol" doc:"UCUM"`
	Since          time.Time           `json:"since"`
	RaisedAt       time.Time           `json:"raised_at"`
	UpdatedAt      time.Time           `json:"updated_at"`
	ResolvedAt     *time.Time          `json:"resolved_at"`
	ClosedAt       *time.Time          `json:"closed_at"`
	Verdict        string              `json:"verdict" doc:"empty, true, false or duplicate"`
	VerdictReason  string              `json:"verdict_reason"`
	DuplicateOf    string              `json:"duplicate_of"`
	Group          string              `json:"group"`
	SuppressedBy   *Suppression        `json:"suppressed_by"`
	Incident       string              `json:"incident"`
	IncidentNumber string              `json:"incident_number"`
	SOP            string              `json:"sop"`
	Runbook        string              `json:"runbook"`
	Estimated      bool                `json:"estimated"`
	Direct         bool                `json:"direct,omitempty" doc:"went straight to the unit: the shift is not asked"`
	Flapping       bool                `json:"flapping"`
	Assignee       string              `json:"assignee" doc:"name of who acknowledged it"`
	Escalation     Escalation          `json:"escalation"`
	Times          Times               `json:"times"`
	Labels         map[string]string   `json:"labels"`
	GroupSize      int                 `json:"group_size,omitempty"` // of the group's row; never in the stored document
	Viewers        []Viewer            `json:"viewers,omitempty"`

	fingerprint string
	announced   int // number among its group's news of its last, 0 never
	touched     touch
}

// touch is the last change that a person who acts must have seen.
type touch struct {
	version int
	by      string // name
	step    Verb
	at      time.Time
}

// Suppression says what keeps an alert quiet.
type Suppression struct {
	Kind  string `json:"kind" enum:"silence,maintenance,inhibition,flap"`
	ID    string `json:"id"`
	Title string `json:"title"`
}

// The kinds of suppression.
const (
	BySilence     = "silence"
	ByMaintenance = "maintenance"
	ByInhibition  = "inhibition"
	ByFlap        = "flap"
)

// Escalation is how far up the alert has gone, and when it goes on.
type Escalation struct {
	Level     int        `json:"level" doc:"1 focal point or shift, 2 unit leader, 3 shift lead and IOC leader, 4 city leader"`
	NextAt    *time.Time `json:"next_at"`
	NextLevel int        `json:"next_level"`
}

// Times are the times an alert has, and those it kept.
type Times struct {
	AcknowledgeBy  *time.Time `json:"acknowledge_by"`
	DispatchBy     *time.Time `json:"dispatch_by"`
	AnswerBy       *time.Time `json:"answer_by"`
	AcknowledgedAt *time.Time `json:"acknowledged_at"`
	DispatchedAt   *time.Time `json:"dispatched_at"`
	AnsweredAt     *time.Time `json:"answered_at"`
	Late           []string   `json:"late" doc:"acknowledge, dispatch, answer: what was missed"`
}

// Viewer is somebody who has the alert open.
type Viewer struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// open reports whether somebody still has to do something.
func (a *Alert) open() bool { return a.State != Closed }

// due is the next instant at which the alert escalates, zero never.
func (a *Alert) due() time.Time {
	if a.Escalation.NextAt == nil {
		return time.Time{}
	}
	return *a.Escalation.NextAt
}

// clone copies what Apply may change.
func (a Alert) clone() Alert {
	if a.SuppressedBy != nil {
		s := *a.SuppressedBy
		a.SuppressedBy = &s
	}
	a.Times.Late = append([]string{}, a.Times.Late...)
	return a
}

// matchable are the labels that silences and inhibitions look at: the
// condition's own and those that every alert has.
func (a *Alert) matchable() map[string]string {
	m := make(map[string]string, len(a.Labels)+10)
	maps.Copy(m, a.Labels)
	m["severity"] = strconv.Itoa(int(a.Severity))
	for k, v := range map[string]string{"service": a.Service, "rule": a.Rule, "thing": a.Thing, "datastream": a.Datastream,
		"area": a.Area, "unit": a.Unit} {
		if v != "" {
			m[k] = v
		}
	}
	if m["kind"] == "" { // a rule may tell its own kind
		m["kind"] = a.Kind
	}
	return m
}

// Fact reads an alert in the shape that others know; false when there is none.
func Fact(tx *store.Tx, id string) (alertevent.Alert, bool, error) {
	a, ok, err := readAlert(tx, id)
	return a.fact(), ok, err
}

// fact is the alert as other domains may know it.
func (a *Alert) fact() alertevent.Alert {
	return alertevent.Alert{
		ID: a.ID, Number: a.Number, State: string(a.State), Active: a.Active, Severity: a.Severity, Service: a.Service, Kind: a.Kind,
		Rule: a.Rule, Title: a.Title, Text: a.Text, Place: a.Place, Lon: a.Lon, Lat: a.Lat, Area: a.Area, Unit: a.Unit, Thing: a.Thing,
		Verdict: a.Verdict, Incident: a.Incident, SOP: a.SOP, Suppressed: a.SuppressedBy != nil, Estimated: a.Estimated, Direct: a.Direct,
		Since: a.Since, RaisedAt: a.RaisedAt, Labels: a.Labels,
	}
}
