package feed

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/decode"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/mapping"
)

// Source says where a field comes from: a column by its name, or an
// expression of the mapping language. Constants stand in Mapping.Constants.
type Source struct {
	Column string `json:"column,omitempty"`
	Expr   string `json:"expr,omitempty"`
	Format string `json:"format,omitempty"` // of a time, instead of Mapping.TimeFormat
}

// Mapping makes an event of a row. A field that it does not name is not said.
type Mapping struct {
	Code *Source `json:"code,omitempty"`
	At   *Source `json:"at,omitempty"`  // when it happened; none: when it was read
	Key  *Source `json:"key,omitempty"` // identity of the row where two may be alike

	State         *Source `json:"state,omitempty"`
	Procedure     *Source `json:"procedure,omitempty"`
	ProcedureName *Source `json:"procedure_name,omitempty"`
	Field         *Source `json:"field,omitempty"`
	FieldName     *Source `json:"field_name,omitempty"`
	Channel       *Source `json:"channel,omitempty"`
	Unit          *Source `json:"unit,omitempty"`
	UnitName      *Source `json:"unit_name,omitempty"`
	Officer       *Source `json:"officer,omitempty"`
	OfficerName   *Source `json:"officer_name,omitempty"`

	Received  *Source `json:"received,omitempty"`
	Due       *Source `json:"due,omitempty"`
	Planned   *Source `json:"planned,omitempty"`
	Finished  *Source `json:"finished,omitempty"`
	Returned  *Source `json:"returned,omitempty"`
	DueReason *Source `json:"due_reason,omitempty"`
	Digitized *Source `json:"digitized,omitempty"`

	ApplicantName    *Source `json:"applicant_name,omitempty"`
	ApplicantKind    *Source `json:"applicant_kind,omitempty"`
	ApplicantPaper   *Source `json:"applicant_paper,omitempty"`
	ApplicantPhone   *Source `json:"applicant_phone,omitempty"`
	ApplicantEmail   *Source `json:"applicant_email,omitempty"`
	ApplicantAddress *Source `json:"applicant_address,omitempty"`

	StepName        *Source `json:"step_name,omitempty"`
	StepDepartment  *Source `json:"step_department,omitempty"`
	StepOfficer     *Source `json:"step_officer,omitempty"`
	StepOfficerName *Source `json:"step_officer_name,omitempty"`
	StepFrom        *Source `json:"step_from,omitempty"`
	StepUntil       *Source `json:"step_until,omitempty"`
	StepDue         *Source `json:"step_due,omitempty"`
	StepComment     *Source `json:"step_comment,omitempty"`

	SupplementBy        *Source `json:"supplement_by,omitempty"`
	SupplementText      *Source `json:"supplement_text,omitempty"`
	SupplementAsked     *Source `json:"supplement_asked,omitempty"`
	SupplementAnswered  *Source `json:"supplement_answered,omitempty"`
	SupplementDueBefore *Source `json:"supplement_due_before,omitempty"`
	SupplementDueAfter  *Source `json:"supplement_due_after,omitempty"`

	ApologyNumber *Source `json:"apology_number,omitempty"`
	ApologyReason *Source `json:"apology_reason,omitempty"`
	ApologyAt     *Source `json:"apology_at,omitempty"`
	ApologyDue    *Source `json:"apology_due,omitempty"`

	Constants  map[string]string `json:"constants,omitempty"`   // field → value, for every row
	Where      string            `json:"where,omitempty"`       // rows to keep, "" all
	Zone       string            `json:"zone,omitempty"`        // of times without one; "" assumes Asia/Ho_Chi_Minh and says so
	TimeFormat string            `json:"time_format,omitempty"` // "" finds out; yyyyMMddHHmmss, dd/MM/yyyy, s, ms

	Records   string `json:"records,omitempty"` // JSON: the list, "" the message itself
	Charset   string `json:"charset,omitempty"`
	Delimiter string `json:"delimiter,omitempty"`
	SkipRows  int    `json:"skip_rows,omitempty"`
	NoHeader  bool   `json:"no_header,omitempty"`
	Sheet     string `json:"sheet,omitempty"`
}

var (
	errMapping  = fault.Define(fault.Invalid, "casefeed.mapping", "the mapping is not valid", "ánh xạ chưa hợp lệ")
	errNoCode   = fault.Define(fault.Invalid, "casefeed.mapping_code", "say which column holds the file's code", "hãy cho biết cột nào là mã hồ sơ")
	errTwo      = fault.Define(fault.Invalid, "casefeed.mapping_two", "say one of column, expr or a constant", "chỉ chọn một trong column, expr hoặc hằng số")
	errNoTarget = fault.Define(fault.Invalid, "casefeed.mapping_target", "there is no field {name}; the nearest is {nearest}", "không có trường {name}; gần nhất là {nearest}")
	errConstant = fault.Define(fault.Invalid, "casefeed.mapping_constant", "{value} cannot be this field", "{value} không dùng được cho trường này")
)

// source returns the Source of a field by its JSON name.
func (m *Mapping) source(name string) *Source {
	if i, ok := sourceIndex[name]; ok {
		s, _ := reflect.ValueOf(m).Elem().Field(i).Interface().(*Source)
		return s
	}
	return nil
}

var sourceIndex = func() map[string]int {
	out := map[string]int{}
	t := reflect.TypeFor[Mapping]()
	for i := range t.NumField() {
		if t.Field(i).Type == reflect.TypeFor[*Source]() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			out[name] = i
		}
	}
	return out
}()

// program is a compiled Mapping, safe for concurrent use.
type program struct {
	m        Mapping
	zone     *time.Location
	assumed  bool // nobody said the zone
	where    mapping.Expression
	fields   []bound
	personal map[string]bool // folded names of columns that hold personal data
}

// bound is a target and where it comes from.
type bound struct {
	target   *target
	column   string
	expr     mapping.Expression
	constant string
	format   string
}

// parseMapping compiles a mapping. An empty one is nil: nothing is mapped yet.
func parseMapping(raw json.RawMessage) (*program, error) {
	var m Mapping
	if err := connector.Parse(raw, &m); err != nil {
		return nil, err
	}
	if reflect.DeepEqual(m, Mapping{}) {
		return nil, nil
	}
	return compile(m)
}

func compile(m Mapping) (*program, error) {
	bad := errMapping.With()
	p := &program{m: m, assumed: m.Zone == "", personal: map[string]bool{}}
	var f *fault.Error
	if p.zone, f = mapping.Zone(m.Zone); f != nil {
		bad.At("zone", f)
	}
	if p.where, f = mapping.CompileExpression(m.Where, p.zone); f != nil {
		bad.At("where", f)
	}
	if _, f = mapping.CompileExpression(m.Records, p.zone); f != nil {
		bad.At("records", f)
	}
	for name := range m.Constants {
		if _, ok := targetNamed[name]; !ok {
			bad.At("constants."+name, errNoTarget.With("name", name, "nearest", connector.Nearest(name, targetNames)))
		}
	}
	for i := range targets {
		t := &targets[i]
		s, constant := m.source(t.Name), m.Constants[t.Name]
		if s != nil && *s == (Source{}) {
			s = nil // the form leaves empty ones behind
		}
		switch {
		case s == nil && constant == "":
			if t.Name == "code" {
				bad.At("code", errNoCode.With())
			}
			continue
		case s == nil:
			p.constant(bad, t, constant)
			continue
		case constant != "", s.Column != "" && s.Expr != "", s.Column == "" && s.Expr == "":
			bad.At(t.Name, errTwo.With())
			continue
		}
		b := bound{target: t, column: s.Column, format: s.Format}
		if b.format == "" {
			b.format = m.TimeFormat
		}
		if b.expr, f = mapping.CompileExpression(s.Expr, p.zone); f != nil {
			bad.At(t.Name+".expr", f)
		}
		p.fields = append(p.fields, b)
		if t.Personal && s.Column != "" {
			p.personal[foldName(s.Column)] = true
		}
	}
	if len(bad.Fields) > 0 {
		return nil, bad
	}
	return p, nil
}

func (p *program) constant(bad *fault.Error, t *target, value string) {
	if t.Name == "code" {
		bad.At("constants.code", errConstant.With("value", value))
		return
	}
	if t.Kind == "time" {
		if _, f := mapping.Time(value, p.m.TimeFormat, p.zone); f != nil {
			bad.At("constants."+t.Name, f)
			return
		}
	}
	p.fields = append(p.fields, bound{target: t, constant: value, format: p.m.TimeFormat})
}

// options are how files of this mapping are read.
func (m Mapping) options(name string) decode.Options {
	return decode.Options{Name: name, Charset: m.Charset, Delimiter: m.Delimiter, SkipRows: m.SkipRows, NoHeader: m.NoHeader, Sheet: m.Sheet}
}

var targetNames = func() []string {
	var out []string
	for _, t := range targets {
		out = append(out, t.Name)
	}
	slices.Sort(out)
	return out
}()
