package sta

import (
	"openioc.org/ioc/internal/sensing"
)

// narrowing is what a filter of Observations says beforehand about which of
// them can pass: the filter itself is still asked for each that is left, so
// this saves work and decides nothing.
type narrowing struct {
	bounds  *bounds
	streams []eval // conditions on the Datastream alone
}

// narrow looks at the parts of a filter that must all hold.
func (c *compiler) narrow(n *node, e *entity) narrowing {
	if e.name != "Observation" {
		return narrowing{}
	}
	b := always
	out := narrowing{bounds: &b}
	datastream := e.nav("Datastream").to
	var walk func(n *node)
	walk = func(n *node) {
		if n.op == "and" {
			walk(n.args[0])
			walk(n.args[1])
			return
		}
		if about := onlyDatastream(n); about != nil {
			f := c.condition(about, datastream)
			out.streams = append(out.streams, f)
		}
		narrowTime(&b, n)
	}
	walk(n)
	return out
}

// narrowTime takes in "phenomenonTime ge 2020-10-19T00:00:00Z" and its
// sisters, either way round, and "id eq 'x@1603062000000'".
func narrowTime(b *bounds, n *node) {
	mirror := map[string]string{"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq"}
	op := n.op
	if _, ok := mirror[op]; !ok {
		return
	}
	path, value := n.args[0], n.args[1]
	if path.op == "literal" {
		path, value, op = value, path, mirror[op]
	}
	if path.op != "path" || value.op != "literal" || len(path.path) != 1 {
		return
	}
	v := value.val
	if name := path.path[0]; name == "id" || name == "@iot.id" {
		id, isText := v.(string)
		if _, t, ok := splitID(id); isText && ok && op == "eq" {
			b.from, b.to = max(b.from, t), min(b.to, t)
		}
		return
	} else if name != "phenomenonTime" {
		return
	}
	if s, isText := v.(string); isText {
		t, err := parseInstant(s)
		if err != nil {
			return
		}
		v = t
	}
	iv, ok := toInterval(v)
	if !ok {
		return
	}
	// A millisecond more on both sides: observations are kept to the
	// millisecond, literals are not.
	from, to := iv.from.UnixMilli()-1, iv.to.UnixMilli()+1
	switch op {
	case "gt", "ge":
		b.from = max(b.from, from)
	case "lt", "le":
		b.to = min(b.to, to)
	case "eq":
		b.from, b.to = max(b.from, from), min(b.to, to)
	}
}

// onlyDatastream returns a copy of the condition as one on the Datastream, or
// nil when it looks at anything else.
func onlyDatastream(n *node) *node {
	out := *n
	switch n.op {
	case "literal":
		return &out
	case "path":
		if len(n.path) < 2 || n.path[0] != "Datastream" || n.path[1] == "Observations" {
			return nil
		}
		out.path, out.ats = n.path[1:], n.ats[1:]
		return &out
	case "call":
		if n.name == "now" {
			return nil
		}
	}
	out.args = make([]*node, len(n.args))
	for i, a := range n.args {
		if out.args[i] = onlyDatastream(a); out.args[i] == nil {
			return nil
		}
	}
	return &out
}

// apply narrows a scope.
func (w narrowing) apply(r *run, sc scope) (scope, error) {
	if len(w.streams) == 0 {
		return sc, nil
	}
	passes := func(d *sensing.Datastream) (bool, error) {
		for _, f := range w.streams {
			v, err := f(r, d)
			if err != nil || !truth(v) {
				return false, err
			}
		}
		return true, nil
	}
	var out scope
	for _, d := range sc.streams {
		ok, err := passes(d)
		if err != nil {
			return out, err
		}
		if ok {
			out.streams = append(out.streams, d)
		}
	}
	for _, s := range sc.single {
		ok, err := passes(s.stream)
		if err != nil {
			return out, err
		}
		if ok {
			out.single = append(out.single, s)
		}
	}
	return out, nil
}
