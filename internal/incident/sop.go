package incident

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/attachment"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
)

//go:embed sop/*.yaml
var shippedSOPs embed.FS

// SOP is an operating procedure of the library: a checklist that an incident
// copies when the procedure is assigned to it.
type SOP struct {
	ID           string     `json:"id"`
	Title        msg.Text   `json:"title"`
	Service      string     `json:"service"`
	Steps        []SOPDraft `json:"steps"`
	ProofToClose bool       `json:"proof_to_close"`
	Version      int        `json:"version"`
	ChangedAt    *time.Time `json:"changed_at"`
	ChangedBy    *Person    `json:"changed_by" doc:"null: it came with the program"`
}

// SOPBody is what a request may set on a procedure.
type SOPBody struct {
	Title        msg.Text   `json:"title"`
	Service      string     `json:"service"`
	Steps        []SOPDraft `json:"steps"`
	ProofToClose bool       `json:"proof_to_close,omitempty"`
	Version      int        `json:"version,omitempty" doc:"the one the caller saw; 0 takes whatever there is"`
	ID           string     `json:"id,omitempty" doc:"ignored: the address names it"`
	ChangedAt    *time.Time `json:"changed_at,omitempty" doc:"ignored"`
	ChangedBy    *Person    `json:"changed_by,omitempty" doc:"ignored"`
}

// SOPDraft is a step of a procedure as the library holds it.
type SOPDraft struct {
	Title   msg.Text `json:"title"`
	Text    msg.Text `json:"text"`
	Minutes int      `json:"minutes" doc:"after the assignment"`
	Role    string   `json:"role" doc:"who does it: ioc or unit"`
	Proof   bool     `json:"proof" doc:"done only with a photo or paper"`
}

// The states of a step of the checklist.
const (
	SOPOpen    = "open"
	SOPDone    = "done"
	SOPSkipped = "skipped"
)

// SOPStep is a step of an incident's checklist.
type SOPStep struct {
	N int `json:"n"`
	SOPDraft
	DueAt       time.Time         `json:"due_at"`
	State       string            `json:"state" enum:"open,done,skipped"`
	At          *time.Time        `json:"at"`
	By          *Person           `json:"by"`
	Comment     string            `json:"comment"`
	Attachments []attachment.File `json:"attachments"`
	Late        bool              `json:"late" doc:"not done in time"`

	incident string
	files    []string
}

// late is whether the step was not done in time, as of now.
func (s *SOPStep) late(now time.Time) bool {
	if s.State == SOPOpen {
		return now.After(s.DueAt)
	}
	return s.At != nil && s.State == SOPDone && s.At.After(s.DueAt)
}

// mark does, skips or reopens a step.
func (s SOPStep) mark(state, comment string, files []string, by Person, now time.Time) (SOPStep, error) {
	comment = strings.TrimSpace(comment)
	switch {
	case utf8.RuneCountInString(comment) > mostComment:
		return s, errStep.With().At("comment", errTooLong.With("limit", mostComment))
	case state == SOPSkipped && comment == "":
		return s, errStep.With().At("comment", errReason.With())
	case state == SOPDone && s.Proof && len(files)+len(s.files) == 0:
		return s, errProofFor.With("n", s.N, "step", s.Title)
	case state != SOPOpen && state != SOPDone && state != SOPSkipped:
		return s, errStep.With().At("state", errSOPState.With())
	}
	s.State, s.Comment = state, comment
	s.files = append(slices.Clone(s.files), files...)
	s.At, s.By = &now, &by
	if state == SOPOpen {
		s.At, s.By = nil, nil
	}
	return s, nil
}

var (
	errSOPMissing = fault.Define(fault.NotFound, "sop.missing", "there is no SOP {id}", "không có quy trình {id}")
	errSOPStep    = fault.Define(fault.NotFound, "sop.step_missing", "the checklist has no step {n}", "quy trình không có bước {n}")
	errSOPInvalid = fault.Define(fault.Invalid, "sop.invalid", "the SOP is not complete", "quy trình chưa hợp lệ")
	errSOPChanged = fault.Define(fault.Conflict, "sop.changed", "{who} has changed the SOP meanwhile; it is now version {version}", "{who} đã sửa quy trình; nay là phiên bản {version}")
	errSOPID      = fault.Define(fault.Invalid, "sop.id", "an id has 2 to 60 of a–z, 0–9 and -", "mã gồm 2 đến 60 ký tự a–z, 0–9 và -")
	errSOPState   = fault.Define(fault.Invalid, "sop.state", "a step is open, done or skipped", "bước là open, done hoặc skipped")
	errMinutes    = fault.Define(fault.Invalid, "sop.minutes", "between 1 minute and 30 days", "từ 1 phút đến 30 ngày")
	errRole       = fault.Define(fault.Invalid, "sop.role", "the role is ioc or unit", "vai trò là ioc hoặc unit")
	errSteps      = fault.Define(fault.Invalid, "sop.steps", "between 1 and 50 steps", "từ 1 đến 50 bước")
)

// The roles of a step.
const (
	RoleIOC  = "ioc"
	RoleUnit = "unit"
)

func validSOPID(id string) bool {
	return len(id) >= 2 && len(id) <= 60 && strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

func (s *SOP) check() error {
	bad := errSOPInvalid.With()
	if !validSOPID(s.ID) {
		bad.At("id", errSOPID.With())
	}
	checkText := func(path string, t *msg.Text, needed bool, most int) {
		t.Vi, t.En = strings.TrimSpace(t.Vi), strings.TrimSpace(t.En)
		switch {
		case needed && t.Vi == "":
			bad.At(path+".vi", errNeeded.With())
		case utf8.RuneCountInString(t.Vi) > most || utf8.RuneCountInString(t.En) > most:
			bad.At(path, errTooLong.With("limit", most))
		}
	}
	checkText("title", &s.Title, true, mostTitle)
	if n := len(s.Steps); n < 1 || n > 50 {
		bad.At("steps", errSteps.With())
		return orNil(bad)
	}
	for i := range s.Steps {
		d, at := &s.Steps[i], fmt.Sprintf("steps[%d]", i)
		checkText(at+".title", &d.Title, true, mostTitle)
		checkText(at+".text", &d.Text, false, mostText)
		if d.Minutes < 1 || d.Minutes > 30*24*60 {
			bad.At(at+".minutes", errMinutes.With())
		}
		switch d.Role {
		case "duty", "":
			d.Role = RoleIOC
		case RoleIOC, RoleUnit:
		default:
			bad.At(at+".role", errRole.With())
		}
	}
	return orNil(bad)
}

// parseSOP reads a procedure from YAML.
func parseSOP(data []byte) (SOP, error) {
	var any map[string]any
	var s SOP
	if err := yaml.Unmarshal(data, &any); err != nil {
		return s, errSOPInvalid.With().Because(err)
	}
	raw, err := json.Marshal(any) // the names are those of the JSON
	if err == nil {
		err = json.Unmarshal(raw, &s)
	}
	if err != nil {
		return s, errSOPInvalid.With().Because(err)
	}
	return s, s.check()
}

// seedSOPs puts the shipped procedures into the library. One that somebody
// here has changed stays as they want it; one that is still ours follows the
// program.
func seedSOPs(tx *store.Tx) error {
	files, err := shippedSOPs.ReadDir("sop")
	if err != nil {
		return err
	}
	for _, f := range files {
		data, err := shippedSOPs.ReadFile("sop/" + f.Name())
		if err != nil {
			return err
		}
		s, err := parseSOP(data)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name(), err)
		}
		have, ok, err := readSOP(tx, s.ID)
		if err != nil {
			return err
		}
		if ok && (have.ChangedBy != nil || sameSOP(have, s)) {
			continue
		}
		s.Version = have.Version + 1
		if err := saveSOP(tx, &s, access.System("setup")); err != nil {
			return err
		}
	}
	return nil
}

func sameSOP(a, b SOP) bool {
	return a.Title == b.Title && a.Service == b.Service && a.ProofToClose == b.ProofToClose && slices.Equal(a.Steps, b.Steps)
}

// saveSOP writes a new version and emits it.
func saveSOP(tx *store.Tx, s *SOP, by access.Actor) error {
	now := tx.Now
	s.ChangedAt = &now
	if !by.IsSystem() {
		p := personOf(by)
		s.ChangedBy = &p
	}
	if err := insertSOP(tx, s, by.ID); err != nil {
		return err
	}
	tx.Emit(store.Event{Subject: "ioc.incident.sop_saved." + s.ID, Entity: "sop", EntityID: s.ID, After: s,
		Summary: fmt.Sprintf("Lưu quy trình %s, phiên bản %d", s.Title.Vi, s.Version)})
	return nil
}
