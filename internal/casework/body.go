package casework

import (
	"encoding/json"
	"fmt"
	"time"

	"openioc.org/ioc/internal/personal"
	"openioc.org/ioc/internal/store"
)

// body is a Patch as it is kept, without what is personal. Instants are
// microseconds; 0 is said, but nothing.
type body struct {
	Procedure     *string     `json:"p,omitempty"`
	ProcedureName *string     `json:"pn,omitempty"`
	Field         *string     `json:"f,omitempty"`
	FieldName     *string     `json:"fn,omitempty"`
	Channel       *Channel    `json:"c,omitempty"`
	Kind          *string     `json:"k,omitempty"`
	Unit          *string     `json:"u,omitempty"`
	UnitName      *string     `json:"un,omitempty"`
	Officer       *string     `json:"o,omitempty"`
	OfficerName   *string     `json:"on,omitempty"`
	State         *string     `json:"s,omitempty"`
	Received      *int64      `json:"tr,omitempty"`
	Due           *int64      `json:"td,omitempty"`
	Planned       *int64      `json:"tp,omitempty"`
	Finished      *int64      `json:"tf,omitempty"`
	Returned      *int64      `json:"tt,omitempty"`
	DueReason     *string     `json:"dr,omitempty"`
	Step          *Step       `json:"st,omitempty"`
	Supplement    *Supplement `json:"su,omitempty"`
	Apology       *Apology    `json:"ap,omitempty"`
	Digitized     *bool       `json:"d,omitempty"`
	Synthetic     *bool       `json:"sy,omitempty"`
	Notes         []string    `json:"n,omitempty"`
	By            string      `json:"by,omitempty"`
}

// person is what a Patch says of the applicant, unmasked: it is kept apart so
// that it can be erased.
type person struct {
	Name    string `json:"n,omitempty"`
	Paper   string `json:"p,omitempty"`
	Phone   string `json:"t,omitempty"`
	Email   string `json:"e,omitempty"`
	Address string `json:"a,omitempty"`
}

func micros(t *time.Time) *int64 {
	if t == nil {
		return nil
	}
	us := store.Micros(*t)
	return &us
}

func instant(us *int64) *time.Time {
	if us == nil {
		return nil
	}
	t := store.FromMicros(*us)
	return &t
}

func (e *Event) body() body {
	return body{
		Procedure: e.Procedure, ProcedureName: e.ProcedureName, Field: e.Field, FieldName: e.FieldName, Channel: e.Channel, Kind: e.ApplicantKind,
		Unit: e.Unit, UnitName: e.UnitName, Officer: e.Officer, OfficerName: e.OfficerName, State: e.State,
		Received: micros(e.Received), Due: micros(e.Due), Planned: micros(e.Planned), Finished: micros(e.Finished), Returned: micros(e.Returned),
		DueReason: e.DueReason, Step: e.Step, Supplement: e.Supplement, Apology: e.Apology, Digitized: e.Digitized, Synthetic: e.Synthetic,
		Notes: e.Notes, By: e.By,
	}
}

func (e *Event) person() person {
	return person{
		Name: reveal(e.ApplicantName), Paper: reveal(e.ApplicantPaper), Phone: reveal(e.ApplicantPhone),
		Email: reveal(e.ApplicantEmail), Address: reveal(e.ApplicantAddress),
	}
}

func reveal[T interface{ Reveal() string }](v *T) string {
	if v == nil {
		return ""
	}
	return (*v).Reveal()
}

// encode is the event as it is kept: what it says, and of whom.
func (e *Event) encode() (said, who string) {
	if e.said != "" {
		return e.said, e.who
	}
	b, _ := json.Marshal(e.body()) // strings, numbers and times: cannot fail
	if p := e.person(); p != (person{}) {
		w, _ := json.Marshal(p)
		who = string(w)
	}
	return string(b), who
}

// content is what makes two messages the same.
func (e *Event) content() []byte {
	said, who := e.encode()
	return fmt.Appendf(nil, "%d\x00%s\x00%s", store.Micros(e.At), said, who)
}

// decode is the inverse of encode.
func (e *Event) decode(said, who string) error {
	var b body
	if err := json.Unmarshal([]byte(said), &b); err != nil {
		return fmt.Errorf("kept event: %w", err)
	}
	e.Patch = Patch{
		Procedure: b.Procedure, ProcedureName: b.ProcedureName, Field: b.Field, FieldName: b.FieldName, Channel: b.Channel, ApplicantKind: b.Kind,
		Unit: b.Unit, UnitName: b.UnitName, Officer: b.Officer, OfficerName: b.OfficerName, State: b.State,
		Received: instant(b.Received), Due: instant(b.Due), Planned: instant(b.Planned), Finished: instant(b.Finished), Returned: instant(b.Returned),
		DueReason: b.DueReason, Step: b.Step, Supplement: b.Supplement, Apology: b.Apology, Digitized: b.Digitized, Synthetic: b.Synthetic,
	}
	e.Notes, e.By = b.Notes, b.By
	if who == "" {
		return nil
	}
	var p person
	if err := json.Unmarshal([]byte(who), &p); err != nil {
		return fmt.Errorf("kept applicant: %w", err)
	}
	e.ApplicantName, e.ApplicantPaper, e.ApplicantPhone = said1[personal.Name](p.Name), said1[personal.Paper](p.Paper), said1[personal.Phone](p.Phone)
	e.ApplicantEmail, e.ApplicantAddress = said1[personal.Email](p.Email), said1[personal.Address](p.Address)
	return nil
}

func said1[T ~string](s string) *T {
	if s == "" {
		return nil
	}
	v := T(s)
	return &v
}
