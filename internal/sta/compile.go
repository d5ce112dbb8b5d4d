package sta

import (
	"fmt"
	"strings"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
)

// eval computes an expression for one entity.
type eval func(r *run, v any) (any, error)

// compiler turns what was parsed into functions, and finds what cannot mean
// anything: unknown names, texts compared with numbers.
type compiler struct {
	l   *lexer
	def *fault.Def
}

var nowhere eval = func(*run, any) (any, error) { return nil, nil }

func (c *compiler) fail(at int, en, vi string) (eval, class) {
	c.l.fail(c.def, at, en, vi)
	return nowhere, anything
}

// condition compiles an expression that must be true or false.
func (c *compiler) condition(n *node, e *entity) eval {
	f, k := c.compile(n, e)
	if k != boolean && k != anything && c.l.err == nil {
		c.fail(n.at, "a condition is wanted here, not a "+k.en(), "ở đây cần điều kiện, không phải "+k.vi())
	}
	return f
}

func (c *compiler) compile(n *node, e *entity) (eval, class) {
	if c.l.err != nil || n == nil {
		return nowhere, anything
	}
	switch n.op {
	case "literal":
		v := n.val
		return func(*run, any) (any, error) { return v, nil }, classOf(v)
	case "path":
		return c.path(n, e)
	case "call":
		return c.call(n, e)
	case "not":
		f := c.condition(n.args[0], e)
		return func(r *run, v any) (any, error) {
			x, err := f(r, v)
			return !truth(x), err
		}, boolean
	case "neg":
		f, k := c.compile(n.args[0], e)
		if k != number && k != anything {
			return c.fail(n.args[0].at, "a number is wanted here, not a "+k.en(), "ở đây cần số, không phải "+k.vi())
		}
		return func(r *run, v any) (any, error) {
			x, err := f(r, v)
			y, ok := toNumber(first(x))
			if err != nil || !ok {
				return nil, err
			}
			return -y, nil
		}, number
	case "and", "or":
		return c.logic(n, e)
	case "in":
		return c.in(n, e)
	case "add", "sub", "mul", "div", "mod":
		return c.arithmetic(n, e)
	}
	return c.comparison(n, e)
}

func (c *compiler) logic(n *node, e *entity) (eval, class) {
	left, right, or := c.condition(n.args[0], e), c.condition(n.args[1], e), n.op == "or"
	return func(r *run, v any) (any, error) {
		x, err := left(r, v)
		if err != nil || truth(x) == or {
			return or, err
		}
		y, err := right(r, v)
		return truth(y), err
	}, boolean
}

func truth(v any) bool {
	if m, ok := v.(many); ok {
		for _, x := range m {
			if x == true {
				return true
			}
		}
		return false
	}
	return v == true
}

// anyPair reports whether holds is true for one pair of the values.
func anyPair(a, b any, holds func(a, b any) bool) bool {
	if list, ok := a.(many); ok && len(list) > 0 {
		for _, x := range list {
			if anyPair(fromJSON(x), b, holds) {
				return true
			}
		}
		return false
	}
	if list, ok := b.(many); ok && len(list) > 0 {
		for _, y := range list {
			if anyPair(a, fromJSON(y), holds) {
				return true
			}
		}
		return false
	}
	return holds(a, b)
}

func (c *compiler) comparison(n *node, e *entity) (eval, class) {
	left, k1 := c.compile(n.args[0], e)
	right, k2 := c.compile(n.args[1], e)
	if k1 != k2 && k1 != anything && k2 != anything && !(k1 == text && k2 == instant || k1 == instant && k2 == text) {
		return c.fail(n.at, "a "+k1.en()+" cannot be compared with a "+k2.en(), "không so sánh được "+k1.vi()+" với "+k2.vi())
	}
	var holds func(a, b any) bool
	switch n.op {
	case "eq":
		holds = equal
	case "ne":
		holds = func(a, b any) bool { return !equal(a, b) }
	default:
		if k1 == shape {
			return c.fail(n.at, "shapes have no order", "hình không có thứ tự")
		}
		holds = ordered(n.op)
	}
	return func(r *run, v any) (any, error) {
		x, err := left(r, v)
		if err != nil {
			return nil, err
		}
		y, err := right(r, v)
		if err != nil {
			return nil, err
		}
		return anyPair(x, y, holds), nil
	}, boolean
}

func ordered(op string) func(a, b any) bool {
	return func(a, b any) bool {
		order, ok := compare(a, b)
		if !ok {
			return false
		}
		// Of overlapping intervals neither lies before the other, and they
		// are not equal either.
		same := order == 0 && equal(a, b)
		switch op {
		case "lt":
			return order < 0
		case "gt":
			return order > 0
		case "le":
			return order < 0 || same
		}
		return order > 0 || same
	}
}

func (c *compiler) in(n *node, e *entity) (eval, class) {
	left, _ := c.compile(n.args[0], e)
	list := make([]eval, len(n.args[1].args))
	for i, a := range n.args[1].args {
		list[i], _ = c.compile(a, e)
	}
	return func(r *run, v any) (any, error) {
		x, err := left(r, v)
		if err != nil {
			return nil, err
		}
		for _, f := range list {
			y, err := f(r, v)
			if err != nil || anyPair(x, y, equal) {
				return err == nil, err
			}
		}
		return false, nil
	}, boolean
}

// path follows navigations to a property of an entity, and further into JSON.
func (c *compiler) path(n *node, e *entity) (eval, class) {
	var steps []*navigation
	at := e
	i := 0
	for ; i < len(n.path); i++ {
		nav := at.nav(n.path[i])
		if nav == nil {
			break
		}
		steps = append(steps, nav)
		at = nav.to
	}
	if i == len(n.path) {
		return c.fail(n.ats[i-1], n.path[i-1]+" leads to entities: name a property of them, as "+n.path[i-1]+"/name", n.path[i-1]+" dẫn tới thực thể: cần nêu thuộc tính, như "+n.path[i-1]+"/name")
	}
	name := n.path[i]
	if name == "id" {
		name = "@iot.id"
	}
	p := at.prop(name)
	if p == nil {
		return c.fail(n.ats[i], fmt.Sprintf("%s has no property %s; it has %s", at.name, n.path[i], at.known()), fmt.Sprintf("%s không có thuộc tính %s; có %s", at.name, n.path[i], at.known()))
	}
	inner := n.path[i+1:]
	kind := p.class
	if len(inner) > 0 {
		if p.class != anything {
			return c.fail(n.ats[i+1], p.name+" has nothing inside", p.name+" không có thành phần con")
		}
		kind = anything
	}
	return func(r *run, v any) (any, error) { return r.follow(v, steps, p, inner) }, kind
}

// known lists the names that can stand in a path of e.
func (e *entity) known() string {
	names := []string{"id"}
	for _, p := range e.props[1:] {
		names = append(names, p.name)
	}
	for _, n := range e.navs {
		names = append(names, n.name+"/…")
	}
	return strings.Join(names, ", ")
}

func (r *run) follow(v any, steps []*navigation, p *property, inner []string) (any, error) {
	if len(steps) == 0 {
		return inside(p.get(r, v), inner), nil
	}
	targets, err := r.targets(steps[0], v)
	if err != nil {
		return nil, err
	}
	if !steps[0].many {
		if len(targets) == 0 {
			return nil, nil
		}
		return r.follow(targets[0], steps[1:], p, inner)
	}
	out := many{}
	for _, t := range targets {
		if err := r.spend(1); err != nil {
			return nil, err
		}
		x, err := r.follow(t, steps[1:], p, inner)
		if err != nil {
			return nil, err
		}
		if list, ok := x.(many); ok {
			out = append(out, list...)
		} else {
			out = append(out, x)
		}
	}
	return out, nil
}

// inside goes into a JSON value; what is not there is null.
func inside(v any, path []string) any {
	for _, step := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[step]
	}
	return fromJSON(v)
}

func (k class) text() msg.Text {
	return [...]msg.Text{
		{En: "value", Vi: "giá trị"}, {En: "condition", Vi: "điều kiện"}, {En: "number", Vi: "số"}, {En: "text", Vi: "chuỗi"},
		{En: "time", Vi: "thời gian"}, {En: "duration", Vi: "khoảng thời gian"}, {En: "shape", Vi: "hình"},
	}[k]
}

func (k class) en() string { return k.text().En }
func (k class) vi() string { return k.text().Vi }
