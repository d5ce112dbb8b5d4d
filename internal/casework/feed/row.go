package feed

import (
	"encoding/json"
	"strings"
	"time"

	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/mapping"
)

var (
	errRowCode = fault.Define(fault.Invalid, "casefeed.no_code", "the row names no file", "dòng không có mã hồ sơ")
	errRowText = fault.Define(fault.Invalid, "casefeed.text", "a list or an object is no text", "danh sách hoặc đối tượng không phải là chữ")
	errRowLong = fault.Define(fault.Invalid, "casefeed.long", "longer than {limit} characters", "dài hơn {limit} ký tự")
	errRowFlag = fault.Define(fault.Invalid, "casefeed.flag", "{text} is neither yes nor no", "{text} không phải có hay không")
)

// maxText is how long one cell may be.
const maxText = 4000

// row is a record on its way to an event.
type row struct {
	place  string // line, key or index, for people
	record map[string]any
	err    *fault.Error // it could not even be read
	raw    string       // JSON of what was there, when err
}

// cellError is what is wrong with one cell.
type cellError struct {
	field string
	err   *fault.Error
}

// reader makes events of the rows of one page. It serves one goroutine.
type reader struct {
	p       *program
	system  string
	synth   bool
	eval    *mapping.Evaluator
	columns map[string]string // name in the mapping → name in the record
	hidden  map[string]bool   // column → personal
	seen    time.Time
}

func (p *program) reader(sys System, root any, file string, seen time.Time) *reader {
	return &reader{
		p: p, system: sys.ID, synth: sys.Synthetic, seen: seen, columns: map[string]string{}, hidden: map[string]bool{},
		eval: mapping.NewEvaluator(root, mapping.Meta{Source: sys.ID, File: file, Received: seen}),
	}
}

// event makes the event of a record. keep is false when the mapping leaves the
// row out. err says that there is no event; cells are broken cells, without
// which the event is told.
func (r *reader) event(rec map[string]any, i int) (ev casework.Event, keep bool, cells []cellError, err *fault.Error) {
	r.eval.Enter(rec, i)
	if ok, f := r.eval.Condition("where", r.p.where); f != nil || !ok {
		return ev, f != nil, nil, f
	}
	d := draft{Event: casework.Event{System: r.system, Seen: r.seen}}
	assumed := false
	for k := range r.p.fields {
		b := &r.p.fields[k]
		bare, f := r.fill(&d, b, rec)
		assumed = assumed || bare
		if f == nil {
			continue
		}
		if b.target.Name == "code" {
			return ev, true, nil, f
		}
		cells = append(cells, cellError{b.target.Name, f})
		note := "bad_value:"
		switch {
		case f.Def == errNoDay:
			note = "no_such_day:"
		case b.target.Kind == "time":
			note = "bad_time:"
		}
		d.Notes = append(d.Notes, note+b.target.Name)
	}
	if d.Code == "" {
		return ev, true, nil, errRowCode.With()
	}
	if assumed && r.p.assumed {
		d.Notes = append(d.Notes, "zone_assumed")
	}
	if r.synth {
		yes := true
		d.Synthetic = &yes
	}
	d.finish()
	d.Raw = r.raw(rec)
	d.Key = clipBytes(d.key, 190)
	return d.Event, true, cells, nil
}

// fill puts one field into the draft; bare says that its time had no zone.
func (r *reader) fill(d *draft, b *bound, rec map[string]any) (bare bool, f *fault.Error) {
	var v any
	switch {
	case b.constant != "":
		v = b.constant
	case b.column != "":
		v = r.column(rec, b.column)
	default:
		if v, f = r.eval.Eval(b.target.Name, b.expr); f != nil {
			return false, f
		}
	}
	if b.target.Kind == "time" {
		t, bare, f := r.time(v, b.format)
		if f == nil && !t.IsZero() {
			b.target.time(d, t)
		}
		return bare && !t.IsZero(), f
	}
	s, scalar := mapping.Text(v)
	if !scalar {
		return false, errRowText.With()
	}
	if s = strings.TrimSpace(s); s == "" {
		return false, nil
	}
	if len(s) > maxText {
		return false, errRowLong.With("limit", maxText)
	}
	if b.target.Kind == "flag" {
		if _, ok := flagOf(s); !ok {
			return false, errRowFlag.With("text", clip(s))
		}
	}
	b.target.text(d, textCell(s))
	return false, nil
}

// column finds a column by its name, or by its folded name, or by a path into
// objects.
func (r *reader) column(rec map[string]any, name string) any {
	if v, ok := rec[name]; ok {
		return v
	}
	if known, ok := r.columns[name]; ok {
		if v, there := rec[known]; there {
			return v
		}
	}
	want := foldName(name)
	for k, v := range rec {
		if foldName(k) == want {
			r.columns[name] = k
			return v
		}
	}
	if head, rest, ok := strings.Cut(name, "."); ok {
		if inner, ok := rec[head].(map[string]any); ok {
			return r.column(inner, rest)
		}
	}
	return nil
}

// raw is the record without personal fields.
func (r *reader) raw(rec map[string]any) json.RawMessage {
	out := make(map[string]any, len(rec))
	for k, v := range rec {
		hide, known := r.hidden[k]
		if !known {
			hide = r.p.personal[foldName(k)] || personalName(k)
			r.hidden[k] = hide
		}
		if !hide {
			out[k] = withoutPersonal(v)
		}
	}
	b, err := json.Marshal(out)
	if err != nil {
		return nil
	}
	return b
}

func clip(s string) string {
	r := []rune(s)
	if len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

func clipBytes(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}
