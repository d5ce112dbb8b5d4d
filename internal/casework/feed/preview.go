package feed

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/mapping"
	"openioc.org/ioc/internal/msg"
)

// Trial is a system that is being set up.
type Trial struct {
	System  string // of an existing system, whose secrets a config of *** keeps
	Kind    string
	Config  json.RawMessage
	Mapping json.RawMessage
	Text    string // a sample, instead of asking the system
}

// Column is a column of the sample.
type Column struct {
	Name       string
	Example    string // masked where it is personal
	Suggestion string // the field that its name means
}

// TrialError is what is wrong with a cell, a row, or with the mapping (row 0).
type TrialError struct {
	Row   int // from 1
	Field string
	Err   *fault.Error
}

// Preview is what would become of a sample.
type Preview struct {
	Columns []Column
	Rows    []map[string]any // masked
	Events  []map[string]any // field → value, personal fields masked
	Errors  []TrialError
	Note    *msg.Text
}

const previewRows = 20

var errNoSample = fault.Define(fault.Invalid, "casefeed.no_sample", "give a sample of the rows", "hãy dán một đoạn mẫu")

// Preview reads a few rows and says what they would become; it keeps nothing.
func (s *Service) Preview(ctx context.Context, actor access.Actor, t Trial) (Preview, error) {
	var out Preview
	if err := access.Require(actor, access.CaseConnect, access.Scope{}); err != nil {
		return out, err
	}
	if t.System != "" {
		sys, err := s.find(ctx, t.System)
		if err != nil {
			return out, err
		}
		if k, ok := kindOf(sys.Kind); ok && sys.Kind == t.Kind {
			t.Config = k.Restore(t.Config, sys.Config)
		}
	}
	// A mapping that does not compile yet must not hide the columns.
	p, bad := parseMapping(t.Mapping)
	var m Mapping
	if p != nil {
		m = p.m
	} else {
		_ = json.Unmarshal(t.Mapping, &m) // as far as it goes
	}
	b, columns, err := s.sample(ctx, t, m)
	if err != nil {
		return out, err
	}
	if t.Kind == KindPush {
		return s.previewMessages(b), nil
	}
	b.rows = b.rows[:min(len(b.rows), previewRows)]
	out.describe(b, columns, m)
	if bad != nil {
		f, ok := fault.As(bad)
		if !ok {
			return out, bad
		}
		for _, x := range f.Fields {
			out.Errors = append(out.Errors, TrialError{Field: x.Path, Err: x.Err})
		}
		return out, nil
	}
	if p == nil {
		return out, nil
	}
	r := p.reader(System{ID: "preview"}, b.root, b.file, s.clock.Now())
	for i, x := range b.rows {
		if x.err != nil {
			out.Errors = append(out.Errors, TrialError{i + 1, "", x.err})
			continue
		}
		ev, keep, cells, f := r.event(x.record, i)
		if f != nil {
			out.Errors = append(out.Errors, TrialError{i + 1, "code", f})
			continue
		}
		for _, c := range cells {
			out.Errors = append(out.Errors, TrialError{i + 1, c.field, c.err})
		}
		if keep {
			out.Events = append(out.Events, said(ev))
		}
	}
	return out, nil
}

// sample reads rows from where the trial points: its text, else the system.
func (s *Service) sample(ctx context.Context, t Trial, m Mapping) (batch, []string, error) {
	if strings.TrimSpace(t.Text) != "" {
		if t.Kind == KindPush {
			list, err := national([]byte(t.Text))
			if err != nil {
				return batch{}, nil, err
			}
			b := batch{}
			for _, x := range list[:min(len(list), previewRows)] {
				b.rows = append(b.rows, row{record: x})
			}
			return b, nil, nil
		}
		b, err := document([]byte(t.Text), "", m)
		return b, nil, err
	}
	cfg, err := parseConfig(t.Kind, t.Config)
	if err != nil {
		return batch{}, nil, err
	}
	switch c := cfg.(type) {
	case *SQLConfig:
		src, err := newSQL(c, s.guard, s.clock.Now)
		if err != nil {
			return batch{}, nil, err
		}
		defer src.close()
		rows, columns, err := src.sample(ctx, previewRows)
		return batch{rows: rows}, columns, err
	case *RESTConfig:
		src := newREST(c, m, s.guard)
		defer src.close()
		b, err := src.page(ctx, mark{})
		return b, nil, err
	}
	return batch{}, nil, errNoSample.With().At("text", errNoSample.With())
}

// describe lists the columns in the order of the sample with suggestions.
func (p *Preview) describe(b batch, columns []string, m Mapping) {
	known := map[string]bool{}
	for _, c := range columns {
		known[c] = true
	}
	for _, x := range b.rows {
		var more []string
		for k := range x.record {
			if !known[k] {
				known[k] = true
				more = append(more, k)
			}
		}
		slices.Sort(more)
		columns = append(columns, more...)
	}
	suggestions := Suggest(columns)
	example := map[string]string{}
	for _, x := range b.rows {
		if x.err != nil {
			continue
		}
		shown := masked(x.record, m)
		p.Rows = append(p.Rows, shown)
		for k, v := range shown {
			if s, ok := mapping.Text(v); example[k] == "" && ok {
				example[k] = clip(s)
			} else if example[k] == "" {
				example[k] = clip(jsonText(v))
			}
		}
	}
	for _, c := range columns {
		p.Columns = append(p.Columns, Column{Name: c, Example: example[c], Suggestion: suggestions[c]})
	}
}

func (s *Service) previewMessages(b batch) Preview {
	var out Preview
	out.describe(b, nil, Mapping{})
	for i, x := range b.rows {
		evs, f := eventsOf(x.record, "preview", false, s.clock.Now())
		if f != nil {
			out.Errors = append(out.Errors, TrialError{i + 1, "MaHoSo", f})
		}
		for _, e := range evs {
			for _, n := range e.Notes {
				_, field, _ := strings.Cut(n, ":")
				out.Errors = append(out.Errors, TrialError{i + 1, field, errBadTime.With("field", field)})
			}
			out.Events = append(out.Events, said(e))
		}
	}
	return out
}

var errBadTime = fault.Define(fault.Invalid, "casefeed.bad_time", "{field} is not a time such as 20260302080000", "{field} không phải thời gian như 20260302080000")

// said is what an event says, by the names of the fields.
func said(e casework.Event) map[string]any {
	out := map[string]any{"code": e.Code}
	put := func(name string, v any) { out[name] = v }
	str := func(name string, v *string) {
		if v != nil {
			out[name] = *v
		}
	}
	when := func(name string, t time.Time) {
		if !t.IsZero() {
			out[name] = t.UTC()
		}
	}
	whenp := func(name string, t *time.Time) {
		if t != nil {
			when(name, *t)
		}
	}
	word := func(name, v string) {
		if v != "" {
			out[name] = v
		}
	}
	when("at", e.At)
	word("key", e.Key)
	str("state", e.State)
	str("procedure", e.Procedure)
	str("procedure_name", e.ProcedureName)
	str("field", e.Field)
	str("field_name", e.FieldName)
	str("unit", e.Unit)
	str("unit_name", e.UnitName)
	str("officer", e.Officer)
	str("officer_name", e.OfficerName)
	str("due_reason", e.DueReason)
	str("applicant_kind", e.ApplicantKind)
	if e.Channel != nil {
		put("channel", string(*e.Channel))
	}
	if e.ApplicantName != nil {
		put("applicant_name", e.ApplicantName.Masked())
	}
	if e.ApplicantPaper != nil {
		put("applicant_paper", e.ApplicantPaper.Masked())
	}
	if e.ApplicantPhone != nil {
		put("applicant_phone", e.ApplicantPhone.Masked())
	}
	if e.ApplicantEmail != nil {
		put("applicant_email", e.ApplicantEmail.Masked())
	}
	if e.ApplicantAddress != nil {
		put("applicant_address", e.ApplicantAddress.Masked())
	}
	whenp("received", e.Received)
	whenp("due", e.Due)
	whenp("planned", e.Planned)
	whenp("finished", e.Finished)
	whenp("returned", e.Returned)
	if e.Digitized != nil {
		put("digitized", *e.Digitized)
	}
	if s := e.Step; s != nil {
		word("step_name", s.Name)
		word("step_department", s.Department)
		word("step_officer", s.Officer)
		word("step_officer_name", s.OfficerName)
		word("step_comment", s.Comment)
		when("step_from", s.From)
		when("step_until", s.Until)
		when("step_due", s.Due)
	}
	if s := e.Supplement; s != nil {
		word("supplement_by", s.By)
		word("supplement_text", s.Text)
		when("supplement_asked", s.Asked)
		when("supplement_answered", s.Answered)
		when("supplement_due_before", s.DueBefore)
		when("supplement_due_after", s.DueAfter)
	}
	if a := e.Apology; a != nil {
		word("apology_number", a.Number)
		word("apology_reason", a.Reason)
		when("apology_at", a.At)
		when("apology_due", a.Due)
	}
	if len(e.Notes) > 0 {
		put("notes", e.Notes)
	}
	return out
}
