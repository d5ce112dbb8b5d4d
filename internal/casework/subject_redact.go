package casework

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"openioc.org/ioc/internal/personal"
)

// redactor takes what is known of a person out of texts that say more.
type redactor struct {
	values   []string
	subjects []Subject
}

// shortest is the shortest value that is looked for: less is found in words
// that mean something else.
const shortest = 6

func (r *redactor) add(p person) {
	for _, v := range []string{p.Name, p.Paper, p.Phone, p.Email, p.Address} {
		if v = strings.TrimSpace(v); utf8.RuneCountInString(v) >= shortest {
			r.values = append(r.values, v)
		}
	}
	r.subjects = append(r.subjects, Applicant{Paper: personal.Paper(p.Paper), Phone: personal.Phone(p.Phone), Email: personal.Email(p.Email)}.subjects()...)
}

func (r *redactor) text(s string) string {
	if len(s) < shortest {
		return s
	}
	for _, v := range r.values {
		s = strings.ReplaceAll(s, v, "***")
	}
	for _, p := range r.subjects {
		s = p.hide(s)
	}
	return s
}

// event takes the applicant and what free text says of them out of an event;
// what the file hangs on stays.
func (r *redactor) event(e *Event) {
	e.ApplicantName, e.ApplicantPaper, e.ApplicantPhone, e.ApplicantEmail, e.ApplicantAddress = nil, nil, nil, nil, nil
	if e.DueReason != nil {
		t := r.text(*e.DueReason)
		e.DueReason = &t
	}
	if e.Step != nil {
		st := *e.Step
		st.Comment = r.text(st.Comment)
		e.Step = &st
	}
	if e.Supplement != nil {
		su := *e.Supplement
		su.Text = r.text(su.Text)
		e.Supplement = &su
	}
	if e.Apology != nil {
		ap := *e.Apology
		ap.Reason = r.text(ap.Reason)
		e.Apology = &ap
	}
	e.Raw = r.raw(e.Raw)
	e.said = ""
	e.said, e.who = e.encode()
}

// file does the same to a file.
func (r *redactor) file(c *Case) {
	c.Applicant = Applicant{Kind: c.Applicant.Kind}
	for i := range c.Deadlines {
		c.Deadlines[i].Reason = r.text(c.Deadlines[i].Reason)
	}
	for i := range c.Pauses {
		c.Pauses[i].Reason = r.text(c.Pauses[i].Reason)
	}
}

// raw goes through a record; one that holds nothing stays byte for byte.
func (r *redactor) raw(raw json.RawMessage) json.RawMessage {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if len(raw) == 0 || d.Decode(&v) != nil {
		return raw
	}
	changed := false
	v = r.walk(v, &changed)
	if !changed {
		return raw
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return b
}

func (r *redactor) walk(v any, changed *bool) any {
	switch x := v.(type) {
	case string:
		t := r.text(x)
		*changed = *changed || t != x
		return t
	case json.Number:
		for _, p := range r.subjects {
			if p.In(x.String()) {
				*changed = true
				return "***"
			}
		}
	case map[string]any:
		for k := range x {
			x[k] = r.walk(x[k], changed)
		}
	case []any:
		for i := range x {
			x[i] = r.walk(x[i], changed)
		}
	}
	return v
}
