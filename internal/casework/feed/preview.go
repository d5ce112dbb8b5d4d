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

// said is what an event says, by the names of the fields; personal ones are
// masked.
func said(e casework.Event) map[string]any {
	out := map[string]any{}
	put := func(name string, v any) {
		switch x := v.(type) {
		case string:
			if x != "" {
				out[name] = x
			}
		case *string:
			if x != nil {
				out[name] = *x
			}
		case *bool:
			if x != nil {
				out[name] = *x
			}
		case time.Time:
			if !x.IsZero() {
				out[name] = x.UTC()
			}
		case *time.Time:
			if x != nil && !x.IsZero() {
				out[name] = x.UTC()
			}
		}
	}
	out["code"] = e.Code
	put("at", e.At)
	put("key", e.Key)
	put("state", e.State)
	put("procedure", e.Procedure)
	put("procedure_name", e.ProcedureName)
	put("field", e.Field)
	put("field_name", e.FieldName)
	put("channel", (*string)(e.Channel))
	put("unit", e.Unit)
	put("unit_name", e.UnitName)
	put("officer", e.Officer)
	put("officer_name", e.OfficerName)
	put("received", e.Received)
	put("due", e.Due)
	put("due_reason", e.DueReason)
	put("planned", e.Planned)
	put("finished", e.Finished)
	put("returned", e.Returned)
	put("digitized", e.Digitized)
	put("applicant_kind", e.ApplicantKind)
	put("applicant_name", mask(e.ApplicantName))
	put("applicant_paper", mask(e.ApplicantPaper))
	put("applicant_phone", mask(e.ApplicantPhone))
	put("applicant_email", mask(e.ApplicantEmail))
	put("applicant_address", mask(e.ApplicantAddress))
	if s := e.Step; s != nil {
		put("step_name", s.Name)
		put("step_department", s.Department)
		put("step_officer", s.Officer)
		put("step_officer_name", s.OfficerName)
		put("step_comment", s.Comment)
		put("step_from", s.From)
		put("step_until", s.Until)
		put("step_due", s.Due)
	}
	if s := e.Supplement; s != nil {
		put("supplement_by", s.By)
		put("supplement_text", s.Text)
		put("supplement_asked", s.Asked)
		put("supplement_answered", s.Answered)
		put("supplement_due_before", s.DueBefore)
		put("supplement_due_after", s.DueAfter)
	}
	if a := e.Apology; a != nil {
		put("apology_number", a.Number)
		put("apology_reason", a.Reason)
		put("apology_at", a.At)
		put("apology_due", a.Due)
	}
	if len(e.Notes) > 0 {
		out["notes"] = e.Notes
	}
	return out
}

func mask[T interface{ Masked() string }](v *T) *string {
	if v == nil {
		return nil
	}
	m := (*v).Masked()
	return &m
}
