package sta

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/paulmach/orb/planar"

	"openioc.org/ioc/internal/geo"
)

// function is one function of $filter. Its arguments are never many: it is
// called once for each value.
type function struct {
	args    []class
	least   int // how many arguments must be there
	returns class
	call    func(r *run, args []any) any // nil for arguments it cannot use
}

func classOf(v any) class {
	switch v.(type) {
	case bool:
		return boolean
	case float64:
		return number
	case string:
		return text
	case time.Time, day, interval, timeOfDay:
		return instant
	case time.Duration:
		return span
	case geo.Geometry:
		return shape
	}
	return anything
}

func ofText(f func(s string) any) function {
	return function{[]class{text}, 1, text, func(_ *run, a []any) any {
		if s, ok := a[0].(string); ok {
			return f(s)
		}
		return nil
	}}
}

func ofTexts(returns class, f func(s, t string) any) function {
	return function{[]class{text, text}, 2, returns, func(_ *run, a []any) any {
		s, ok1 := a[0].(string)
		t, ok2 := a[1].(string)
		if !ok1 || !ok2 {
			return nil
		}
		return f(s, t)
	}}
}

func ofNumber(f func(float64) float64) function {
	return function{[]class{number}, 1, number, func(_ *run, a []any) any {
		if x, ok := toNumber(a[0]); ok {
			return f(x)
		}
		return nil
	}}
}

func ofTime(returns class, f func(t time.Time) any) function {
	return function{[]class{instant}, 1, returns, func(_ *run, a []any) any {
		if s, ok := a[0].(string); ok { // an instant among the JSON properties
			if t, err := parseInstant(s); err == nil {
				return f(t)
			}
		}
		if t, ok := toInterval(a[0]); ok {
			return f(t.from.UTC())
		}
		return nil
	}}
}

func ofShapes(returns class, f func(a, b geo.Geometry) any) function {
	return function{[]class{shape, shape}, 2, returns, func(_ *run, args []any) any {
		a, ok1 := toShape(args[0])
		b, ok2 := toShape(args[1])
		if !ok1 || !ok2 {
			return nil
		}
		return f(a, b)
	}}
}

var functions = map[string]function{
	"substringof": ofTexts(boolean, func(s, t string) any { return strings.Contains(t, s) }),
	"contains":    ofTexts(boolean, func(s, t string) any { return strings.Contains(s, t) }),
	"startswith":  ofTexts(boolean, func(s, t string) any { return strings.HasPrefix(s, t) }),
	"endswith":    ofTexts(boolean, func(s, t string) any { return strings.HasSuffix(s, t) }),
	"indexof": ofTexts(number, func(s, t string) any {
		i := strings.Index(s, t)
		if i < 0 {
			return -1.0
		}
		return float64(utf8.RuneCountInString(s[:i]))
	}),
	"concat":  ofTexts(text, func(s, t string) any { return s + t }),
	"tolower": ofText(func(s string) any { return strings.ToLower(s) }),
	"toupper": ofText(func(s string) any { return strings.ToUpper(s) }),
	"trim":    ofText(func(s string) any { return strings.TrimSpace(s) }),
	"length": {[]class{text}, 1, number, func(_ *run, a []any) any {
		if s, ok := a[0].(string); ok {
			return float64(utf8.RuneCountInString(s))
		}
		return nil
	}},
	"substring": {[]class{text, number, number}, 2, text, substring},

	"year":              ofTime(number, func(t time.Time) any { return float64(t.Year()) }),
	"month":             ofTime(number, func(t time.Time) any { return float64(t.Month()) }),
	"day":               ofTime(number, func(t time.Time) any { return float64(t.Day()) }),
	"hour":              ofTime(number, func(t time.Time) any { return float64(t.Hour()) }),
	"minute":            ofTime(number, func(t time.Time) any { return float64(t.Minute()) }),
	"second":            ofTime(number, func(t time.Time) any { return float64(t.Second()) }),
	"fractionalseconds": ofTime(number, func(t time.Time) any { return float64(t.Nanosecond()) / 1e9 }),
	"date":              ofTime(instant, func(t time.Time) any { return day(t.Format(time.DateOnly)) }),
	"time": ofTime(instant, func(t time.Time) any {
		return timeOfDay(t.Sub(t.Truncate(24 * time.Hour)))
	}),
	"totaloffsetminutes": ofTime(number, func(time.Time) any { return 0.0 }), // all times are kept in UTC
	"totalseconds": {[]class{span}, 1, number, func(_ *run, a []any) any {
		if d, ok := a[0].(time.Duration); ok {
			return d.Seconds()
		}
		return nil
	}},
	"now":         {nil, 0, instant, func(r *run, _ []any) any { return r.now }},
	"mindatetime": {nil, 0, instant, func(*run, []any) any { return time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC) }},
	"maxdatetime": {nil, 0, instant, func(*run, []any) any { return time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC) }},

	"round":   ofNumber(math.Round),
	"floor":   ofNumber(math.Floor),
	"ceiling": ofNumber(math.Ceil),

	// Distances and lengths are in the unit of the coordinates, degrees, as
	// the editors of the standard read it.
	"geo.distance": ofShapes(number, func(a, b geo.Geometry) any { return distance(a, b) }),
	"geo.length": {[]class{shape}, 1, number, func(_ *run, a []any) any {
		if g, ok := toShape(a[0]); ok {
			return planar.Length(g)
		}
		return nil
	}},
	"geo.intersects": ofShapes(boolean, func(a, b geo.Geometry) any { return intersects(a, b) }),
	"st_equals":      ofShapes(boolean, func(a, b geo.Geometry) any { return sameShape(a, b) }),
	"st_disjoint":    ofShapes(boolean, func(a, b geo.Geometry) any { return !intersects(a, b) }),
	"st_touches":     ofShapes(boolean, func(a, b geo.Geometry) any { return touches(a, b) }),
	"st_within":      ofShapes(boolean, func(a, b geo.Geometry) any { return within(a, b) }),
	"st_overlaps":    ofShapes(boolean, func(a, b geo.Geometry) any { return overlaps(a, b) }),
	"st_crosses":     ofShapes(boolean, func(a, b geo.Geometry) any { return crosses(a, b) }),
	"st_intersects":  ofShapes(boolean, func(a, b geo.Geometry) any { return intersects(a, b) }),
	"st_contains":    ofShapes(boolean, func(a, b geo.Geometry) any { return within(b, a) }),
}

func substring(_ *run, a []any) any {
	s, ok := a[0].(string)
	from, ok2 := toNumber(a[1])
	if !ok || !ok2 {
		return nil
	}
	runes := []rune(s)
	i := int(min(max(from, 0), float64(len(runes))))
	j := len(runes)
	if len(a) == 3 {
		n, ok := toNumber(a[2])
		if !ok {
			return nil
		}
		j = int(min(float64(i)+max(n, 0), float64(len(runes))))
	}
	return string(runes[i:j])
}

func (c *compiler) call(n *node, e *entity) (eval, class) {
	f, ok := functions[n.name]
	if n.name == "st_relate" {
		return c.fail(n.at, "st_relate is not available; st_equals, st_disjoint, st_touches, st_within, st_overlaps, st_crosses, st_intersects and st_contains are", "không có st_relate; có st_equals, st_disjoint, st_touches, st_within, st_overlaps, st_crosses, st_intersects, st_contains")
	}
	if !ok {
		return c.fail(n.at, "there is no function "+n.name, "không có hàm "+n.name)
	}
	if len(n.args) < f.least || len(n.args) > len(f.args) {
		return c.fail(n.at, fmt.Sprintf("%s takes %d arguments, not %d", n.name, len(f.args), len(n.args)), fmt.Sprintf("%s cần %d tham số, không phải %d", n.name, len(f.args), len(n.args)))
	}
	args := make([]eval, len(n.args))
	for i, a := range n.args {
		var k class
		args[i], k = c.compile(a, e)
		if k != anything && k != f.args[i] {
			return c.fail(a.at, fmt.Sprintf("%s wants a %s here, not a %s", n.name, f.args[i].en(), k.en()), fmt.Sprintf("%s cần %s ở đây, không phải %s", n.name, f.args[i].vi(), k.vi()))
		}
	}
	return func(r *run, v any) (any, error) {
		values := make([]any, len(args))
		for i, a := range args {
			x, err := a(r, v)
			if err != nil {
				return nil, err
			}
			values[i] = x
		}
		return spread(values, func(a []any) any { return f.call(r, a) }), nil
	}, f.returns
}

// spread calls f once for each value where arguments are many.
func spread(args []any, f func([]any) any) any {
	for i, a := range args {
		list, ok := a.(many)
		if !ok {
			continue
		}
		out := make(many, 0, len(list))
		for _, x := range list {
			inner := append(append(append([]any{}, args[:i]...), fromJSON(x)), args[i+1:]...)
			switch y := spread(inner, f).(type) {
			case many:
				out = append(out, y...)
			default:
				out = append(out, y)
			}
		}
		return out
	}
	return f(args)
}

func (c *compiler) arithmetic(n *node, e *entity) (eval, class) {
	left, k1 := c.compile(n.args[0], e)
	right, k2 := c.compile(n.args[1], e)
	k, ok := arithmeticClass(n.op, k1, k2)
	if !ok {
		return c.fail(n.at, fmt.Sprintf("%s cannot join a %s and a %s", n.op, k1.en(), k2.en()), fmt.Sprintf("%s không dùng được giữa %s và %s", n.op, k1.vi(), k2.vi()))
	}
	op := n.op
	return func(r *run, v any) (any, error) {
		x, err := left(r, v)
		if err != nil {
			return nil, err
		}
		y, err := right(r, v)
		if err != nil {
			return nil, err
		}
		return spread([]any{x, y}, func(a []any) any { return calculate(op, a[0], a[1]) }), nil
	}, k
}

func arithmeticClass(op string, a, b class) (class, bool) {
	switch {
	case a == anything || b == anything:
		return anything, true
	case a == number && b == number:
		return number, true
	case a == instant && b == span && (op == "add" || op == "sub"):
		return instant, true
	case a == span && b == instant && op == "add":
		return instant, true
	case a == instant && b == instant && op == "sub":
		return span, true
	case a == span && b == span && (op == "add" || op == "sub"):
		return span, true
	case a == span && b == number && (op == "mul" || op == "div"), a == number && b == span && op == "mul":
		return span, true
	}
	return anything, false
}

// calculate returns nil for what has no result, as a division by zero.
func calculate(op string, a, b any) any {
	if x, ok := toNumber(a); ok {
		if y, ok := toNumber(b); ok {
			return finite(reckon(op, x, y))
		}
		if d, ok := b.(time.Duration); ok && op == "mul" {
			return times(d, x)
		}
	}
	if d, ok := a.(time.Duration); ok {
		if y, ok := toNumber(b); ok {
			switch {
			case op == "mul":
				return times(d, y)
			case op == "div" && y != 0:
				return times(d, 1/y)
			}
			return nil
		}
		if e, ok := b.(time.Duration); ok {
			if op == "add" {
				return d + e
			}
			return d - e
		}
		if op == "add" {
			return calculate(op, b, a)
		}
		return nil
	}
	t, ok := toInterval(a)
	if !ok {
		return nil
	}
	if d, ok := b.(time.Duration); ok {
		if op == "sub" {
			d = -d
		}
		return t.from.Add(d)
	}
	if u, ok := toInterval(b); ok && op == "sub" {
		return t.from.Sub(u.from)
	}
	return nil
}

func reckon(op string, x, y float64) float64 {
	switch op {
	case "add":
		return x + y
	case "sub":
		return x - y
	case "mul":
		return x * y
	case "div":
		return x / y
	}
	return math.Mod(x, y)
}

func finite(x float64) any {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return x
}

func times(d time.Duration, x float64) any {
	if y := float64(d) * x; math.Abs(y) < math.MaxInt64/2 {
		return time.Duration(y)
	}
	return nil
}
