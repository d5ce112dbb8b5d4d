package sta

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/geo"
)

var errLarge = fault.Define(fault.Invalid, "sta.answer_too_large", "the answer is larger than {limit} bytes; take smaller pages with $top", "câu trả lời lớn hơn {limit} byte; hãy lấy trang nhỏ hơn bằng $top")

// maxAnswer is the largest answer in bytes.
const maxAnswer = 64 << 20

func itoa(n int) string     { return strconv.Itoa(n) }
func itoa64(n int64) string { return strconv.FormatInt(n, 10) }

func appendText(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
			q, err := json.Marshal(s)
			if err != nil {
				return append(b, "null"...)
			}
			return append(b, unescapeHTML(q)...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// unescapeHTML undoes what json.Marshal does to < > &: we write no HTML.
func unescapeHTML(q []byte) []byte {
	if !slices.Contains(q, '\\') {
		return q
	}
	out := q[:0:0]
	for i := 0; i < len(q); i++ {
		if q[i] == '\\' && i+1 < len(q) {
			if i+5 < len(q) && q[i+1] == 'u' && q[i+2] == '0' && q[i+3] == '0' {
				if c, err := strconv.ParseUint(string(q[i+4:i+6]), 16, 8); err == nil && (c == '<' || c == '>' || c == '&') {
					out = append(out, byte(c))
					i += 5
					continue
				}
			}
			out = append(out, q[i], q[i+1])
			i++
			continue
		}
		out = append(out, q[i])
	}
	return out
}

func appendNumber(b []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(b, "null"...)
	}
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64)
}

func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case string:
		return appendText(b, v)
	case float64:
		return appendNumber(b, v)
	case bool:
		return strconv.AppendBool(b, v)
	case time.Time:
		return appendText(b, formatInstant(v))
	case interval:
		return appendText(b, formatInstant(v.from)+"/"+formatInstant(v.to))
	case time.Duration:
		return appendText(b, "PT"+strconv.FormatFloat(v.Seconds(), 'f', -1, 64)+"S")
	case rawShape:
		return append(b, v...)
	case geo.Geometry:
		return append(b, geo.GeoJSON(v, -1)...)
	case many:
		b = append(b, '[')
		for i, x := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, x)
		}
		return append(b, ']')
	}
	q, err := json.Marshal(v)
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, q...)
}

func (o *options) wants(name string) bool {
	return o.selected == nil || slices.Contains(o.selected, name)
}

func (o *options) expands(n *navigation) *options {
	for _, x := range o.expand {
		if x.nav == n {
			return x.opts
		}
	}
	return nil
}

func (r *run) link(e *entity, v any) string { return r.base + "/" + e.set + quoteID(e.id(v)) }

// object writes one entity.
func (r *run) object(b []byte, e *entity, v any, o *options) ([]byte, error) {
	if len(b) > maxAnswer {
		return b, errLarge.With("limit", maxAnswer)
	}
	link := r.link(e, v)
	b = append(b, '{')
	key := func(name string) {
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = appendText(b, name)
		b = append(b, ':')
	}
	if o.wants("@iot.selfLink") {
		key("@iot.selfLink")
		b = appendText(b, link)
	}
	for i := range e.props {
		p := &e.props[i]
		if !o.wants(p.name) || p.extra && o.selected == nil {
			continue
		}
		x := p.get(r, v)
		if x == nil && (p.name == "properties" || p.name == "parameters") && o.selected == nil {
			continue
		}
		key(p.name)
		b = appendValue(b, x)
	}
	for i := range e.navs {
		n := &e.navs[i]
		inner := o.expands(n)
		if inner == nil {
			if o.wants(n.name) {
				key(n.name + "@iot.navigationLink")
				b = appendText(b, link+"/"+n.name)
			}
			continue
		}
		if !n.many {
			key(n.name)
			list := n.get(r, v)
			if len(list) == 0 {
				b = append(b, "null"...)
				continue
			}
			if err := r.spend(1); err != nil {
				return b, err
			}
			var err error
			if b, err = r.object(b, n.to, list[0], inner); err != nil {
				return b, err
			}
			continue
		}
		p, err := r.expandMany(n, v, inner)
		if err != nil {
			return b, err
		}
		if inner.count {
			key(n.name + "@iot.count")
			b = strconv.AppendInt(b, int64(p.count), 10)
		}
		key(n.name)
		if b, err = r.array(b, n.to, p.items, inner); err != nil {
			return b, err
		}
		if p.next != nil {
			key(n.name + "@iot.nextLink")
			b = appendText(b, link+"/"+n.name+"?"+inner.query(*p.next))
		}
	}
	return append(b, '}'), nil
}

func (r *run) expandMany(n *navigation, v any, o *options) (*page, error) {
	if n.scope == nil {
		return r.collect(n.get(r, v), o)
	}
	sc, err := n.scope(r, v)
	if err != nil {
		return nil, err
	}
	return r.observations(sc, o)
}

func (r *run) array(b []byte, e *entity, items []any, o *options) ([]byte, error) {
	b = append(b, '[')
	var err error
	for i, v := range items {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = r.object(b, e, v, o); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

// collection writes a page of a collection.
func (r *run) collection(e *entity, p *page, o *options, self string, ref bool) ([]byte, error) {
	b := []byte{'{'}
	if o.count {
		b = append(b, `"@iot.count":`...)
		b = strconv.AppendInt(b, int64(p.count), 10)
		b = append(b, ',')
	}
	if p.next != nil {
		if ref {
			self += "/$ref"
		}
		b = append(b, `"@iot.nextLink":`...)
		b = appendText(b, r.base+"/"+self+"?"+o.query(*p.next))
		b = append(b, ',')
	}
	b = append(b, `"value":`...)
	var err error
	switch {
	case ref:
		b = append(b, '[')
		for i, v := range p.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, `{"@iot.selfLink":`...)
			b = append(appendText(b, r.link(e, v)), '}')
		}
		b = append(b, ']')
	case o.arrays:
		b = r.dataArray(b, p.items, o)
	default:
		b, err = r.array(b, e, p.items, o)
	}
	return append(b, '}'), err
}

// dataArray writes observations as rows, by their Datastreams.
func (r *run) dataArray(b []byte, items []any, o *options) []byte {
	e := r.s.model.observations
	var columns []*property
	for i := range e.props {
		if p := &e.props[i]; o.wants(p.name) && !(p.extra && o.selected == nil) && !(p.name == "parameters" && o.selected == nil) {
			columns = append(columns, p)
		}
	}
	var groups [][]any
	at := map[string]int{}
	for _, v := range items {
		id := v.(*observation).stream.ID
		i, ok := at[id]
		if !ok {
			i = len(groups)
			at[id] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], v)
	}
	b = append(b, '[')
	for i, g := range groups {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"Datastream@iot.navigationLink":`...)
		b = appendText(b, r.link(r.s.model.datastreams, g[0].(*observation).stream))
		b = append(b, `,"components":[`...)
		for j, p := range columns {
			if j > 0 {
				b = append(b, ',')
			}
			name := p.name
			if name == "@iot.id" {
				name = "id"
			}
			b = appendText(b, name)
		}
		b = append(b, `],"dataArray@iot.count":`...)
		b = strconv.AppendInt(b, int64(len(g)), 10)
		b = append(b, `,"dataArray":[`...)
		for j, v := range g {
			if j > 0 {
				b = append(b, ',')
			}
			b = append(b, '[')
			for k, p := range columns {
				if k > 0 {
					b = append(b, ',')
				}
				b = appendValue(b, p.get(r, v))
			}
			b = append(b, ']')
		}
		b = append(b, "]}"...)
	}
	return append(b, ']')
}
