package mapping

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"strings"
	"time"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/decode"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/sensing"
)

var (
	errNoRecords    = fault.Define(fault.Invalid, "mapping.no_records", "{expression} gives no list of records in this message", "{expression} không cho danh sách bản ghi nào trong bản tin này")
	errEval         = fault.Define(fault.Invalid, "mapping.eval", "{field} cannot be worked out: {detail}", "không tính được {field}: {detail}")
	errNoKey        = fault.Define(fault.Invalid, "mapping.no_datastream", "the record names no datastream", "bản ghi không cho biết datastream")
	errNoValue      = fault.Define(fault.Invalid, "mapping.no_value", "the record has no value", "bản ghi không có giá trị")
	errNoTime       = fault.Define(fault.Invalid, "mapping.no_time", "the record has no time", "bản ghi không có thời gian")
	errNotNumber    = fault.Define(fault.Invalid, "mapping.value", "{text} is not a number", "{text} không phải là số")
	errNotFinite    = fault.Define(fault.Invalid, "mapping.not_finite", "the value is not a finite number", "giá trị không phải số hữu hạn")
	errNotCondition = fault.Define(fault.Invalid, "mapping.condition", "{field} is neither true nor false", "{field} không phải đúng hay sai")
)

// Meta is what is known of a message besides its bytes.
type Meta struct {
	Source     string
	Topic      string // MQTT
	Datastream string // where the transport names it: the last part of an MQTT topic
	File       string // file name
	Received   time.Time
	// Piece says that raw is one Unread piece of a message, mended by hand:
	// a record alone, without what was around it.
	Piece bool
}

// Output is what a message gave.
type Output struct {
	Readings []sensing.Reading
	Unread   []connector.Unread
}

// Read decodes raw and makes its readings. It returns no error: what cannot
// be read, even the whole message, is in Output.Unread.
func (p *Program) Read(raw []byte, m Meta) Output {
	name := m.File
	if name == "" {
		name = m.Topic
	}
	opts := p.options(name)
	if m.Piece && opts.Format == decode.XLSX {
		opts.Format, opts.SkipRows = decode.CSV, 0 // pieces of a sheet are shown as CSV
	}
	doc, err := decode.Decode(raw, opts)
	if err != nil {
		f, ok := fault.As(err)
		if !ok {
			f = errEval.With("field", "message", "detail", "decode").Because(err)
		}
		return Output{Unread: []connector.Unread{{Raw: clipRaw(raw), Err: f}}}
	}
	if doc.Format == decode.TT10 && p.native != nil {
		p = p.native
	}
	out := p.apply(doc, m, raw)
	out.Unread = append(doc.Unread, out.Unread...)
	return out
}

// maxRaw is how much of an unreadable message is kept.
const maxRaw = 64 << 10

func clipRaw(raw []byte) string {
	return strings.ToValidUTF8(string(raw[:min(len(raw), maxRaw)]), "\uFFFD")
}

// apply makes the readings of a decoded document.
func (p *Program) apply(doc decode.Document, m Meta, raw []byte) Output {
	r := newReader(p, doc, m)
	records, whole, f := r.records(m.Piece)
	if f != nil {
		return Output{Unread: []connector.Unread{{Raw: rawOf(doc.Root), Err: f}}}
	}
	for i, rec := range records {
		if i&0x3ff == 0 && r.budget.spent() {
			r.out.Unread = append(r.out.Unread, connector.Unread{Raw: rawOf(rec), Err: errBudget.With()})
			break
		}
		text := ""
		piece := func() string {
			switch {
			case text != "":
			case whole && doc.Pieces != nil:
				text = doc.Pieces(i)
			case whole && len(records) == 1 && len(raw) <= 4096:
				text = clipRaw(raw)
			default:
				text = rawOf(rec)
			}
			return text
		}
		r.enter(rec, i)
		r.record(piece)
	}
	return r.out
}

func nilIfEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func levels(topic string) []any {
	parts := strings.Split(topic, "/")
	out := make([]any, len(parts))
	for i, p := range parts {
		out[i] = p
	}
	return out
}

func rawOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return clipRaw(b)
}

// reader is one run over one document.
type reader struct {
	p        *Program
	doc      decode.Document
	vm       vm.VM
	base     map[string]any // what every record sees
	meta     map[string]any
	env      map[string]any
	budget   *budget
	received time.Time
	out      Output
}

func newReader(p *Program, doc decode.Document, m Meta) *reader {
	r := &reader{p: p, doc: doc, budget: newBudget(), received: m.Received, env: make(map[string]any, 32)}
	r.meta = map[string]any{"source": m.Source, "topic": m.Topic, "datastream": nilIfEmpty(m.Datastream), "file": m.File, "levels": levels(m.Topic)}
	r.base = map[string]any{"root": doc.Root, "meta": r.meta, "receivedAt": m.Received, "__budget": r.budget}
	return r
}

// enter makes rec, the i-th, what expressions see.
func (r *reader) enter(rec any, i int) {
	clear(r.env)
	if m, ok := rec.(map[string]any); ok {
		maps.Copy(r.env, m)
	}
	maps.Copy(r.env, r.base)
	r.env["record"] = rec
	r.meta["index"] = i
}

// records selects the list; whole reports that it is the document's own rows.
func (r *reader) records(piece bool) (list []any, whole bool, f *fault.Error) {
	v, whole := r.doc.Root, true
	if r.p.records != nil {
		env := maps.Clone(r.base)
		if m, ok := r.doc.Root.(map[string]any); ok {
			for k, x := range m {
				if _, taken := env[k]; !taken {
					env[k] = x
				}
			}
		}
		env["record"] = r.doc.Root
		got, err := r.p.records.run(&r.vm, env, r.budget)
		switch {
		case err != nil && !piece:
			return nil, false, evalFault("records", err)
		case got == nil && !piece:
			return nil, false, errNoRecords.With("expression", r.p.records.src)
		case got != nil:
			v, whole = got, false
		}
	}
	switch x := v.(type) {
	case []any:
		return x, whole, nil
	case []map[string]any:
		for _, m := range x {
			list = append(list, m)
		}
		return list, false, nil
	case nil:
		return nil, false, errNoRecords.With("expression", r.p.m.Records)
	}
	return []any{v}, false, nil
}

func evalFault(field string, err error) *fault.Error {
	var fe *file.Error
	if f, ok := fault.As(err); ok && f.Def == errBudget {
		return f
	}
	if f, ok := fault.As(err); ok && f.Def == errTime {
		return f
	}
	if errors.As(err, &fe) {
		return errEval.With("field", field, "detail", short(fe.Message)).Because(err)
	}
	return errEval.With("field", field, "detail", short(err.Error()))
}

// record makes the readings of the record that was entered.
func (r *reader) record(piece func() string) {
	unread := func(f *fault.Error) {
		r.out.Unread = append(r.out.Unread, connector.Unread{Raw: piece(), Err: f})
	}
	if keep, f := r.condition("where", r.p.where); f != nil || !keep {
		if f != nil {
			unread(f)
		}
		return
	}
	when, f := r.time("time", r.p.time)
	if f != nil {
		unread(f)
		return
	}
	if when.IsZero() {
		when = r.received
	}
	for i := range r.p.fields {
		reading, ok, f := r.field(&r.p.fields[i], when)
		if f != nil {
			unread(f)
		} else if ok {
			reading.Raw = piece()
			r.out.Readings = append(r.out.Readings, reading)
		}
	}
}

func (r *reader) field(x *field, when time.Time) (out sensing.Reading, ok bool, f *fault.Error) {
	if keep, f := r.condition("if", x.when); f != nil || !keep {
		return out, false, f
	}
	value, f := r.eval("value", x.value)
	if f != nil {
		return out, false, f
	}
	if blankValue(value) {
		out.Text, f = r.text("text", x.text)
		if f == nil && out.Text == "" && r.p.strict {
			f = errNoValue.With()
		}
		if f != nil || out.Text == "" {
			return out, false, f
		}
	} else if out.Value, f = number(value); f != nil {
		return out, false, f
	}
	if out.Datastream, f = r.text("datastream", x.datastream); f != nil {
		return out, false, f
	}
	if out.Datastream == "" {
		return out, false, errNoKey.With()
	}
	if out.Unit, f = r.text("unit", x.unit); f != nil {
		return out, false, f
	}
	if out.Quality, f = r.text("quality", x.quality); f != nil {
		return out, false, f
	}
	out.Time = when
	if x.at != nil {
		if out.Time, f = r.time("at", x.at); f != nil {
			return out, false, f
		}
	}
	out.Time = out.Time.UTC()
	return out, true, nil
}

// blankValue tells a sensor that said nothing: no field, or an empty cell.
func blankValue(v any) bool {
	s, isText := v.(string)
	return v == nil || isText && strings.TrimSpace(s) == ""
}

func number(v any) (float64, *fault.Error) {
	n, ok := toNumber(v)
	switch {
	case !ok:
		s, scalar := toText(v)
		if !scalar {
			s = rawOf(v)
		}
		return 0, errNotNumber.With("text", short(s))
	case math.IsNaN(n) || math.IsInf(n, 0):
		return 0, errNotFinite.With()
	}
	return n, nil
}

func (r *reader) eval(name string, c *code) (any, *fault.Error) {
	if c == nil {
		return nil, nil
	}
	v, err := c.run(&r.vm, r.env, r.budget)
	if err != nil {
		return nil, evalFault(name, err)
	}
	return v, nil
}

func (r *reader) text(name string, c *code) (string, *fault.Error) {
	v, f := r.eval(name, c)
	if f != nil {
		return "", f
	}
	s, scalar := toText(v)
	if !scalar {
		return "", errEval.With("field", name, "detail", "not a text")
	}
	return strings.TrimSpace(s), nil
}

func (r *reader) condition(name string, c *code) (bool, *fault.Error) {
	if c == nil {
		return true, nil
	}
	v, f := r.eval(name, c)
	if f != nil {
		return false, f
	}
	if v == nil {
		return false, nil
	}
	b, ok := v.(bool)
	if !ok {
		return false, errNotCondition.With("field", name)
	}
	return b, nil
}

// time returns the zero time when there is no expression.
func (r *reader) time(name string, c *code) (time.Time, *fault.Error) {
	if c == nil {
		return time.Time{}, nil
	}
	v, f := r.eval(name, c)
	if f != nil {
		return time.Time{}, f
	}
	if v == nil || v == "" {
		return time.Time{}, errNoTime.With()
	}
	t, ok := toTime(v, "", r.p.zone)
	if !ok {
		s, _ := toText(v)
		return time.Time{}, errTime.With("text", short(s))
	}
	return t, nil
}
