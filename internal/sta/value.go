package sta

import (
	"cmp"
	"encoding/json"
	"math"
	"strings"
	"time"

	"openioc.org/ioc/internal/geo"
)

// The values of expressions are nil, bool, float64, string, time.Time, day,
// timeOfDay, time.Duration, interval, geo.Geometry, rawShape, map[string]any
// and many.

// many are the values of a path that leads over several entities or into a
// list; a comparison holds when it holds for one of them.
type many []any

// isNull covers also the "many" of no entity at all.
func isNull(v any) bool {
	m, ok := v.(many)
	return v == nil || ok && len(m) == 0
}

// number returns v as a number.
func toNumber(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	}
	return 0, false
}

// toInstant returns v as a span of time; a time is one with equal ends.
func toInterval(v any) (interval, bool) {
	switch v := v.(type) {
	case interval:
		return v, true
	case time.Time:
		return interval{v, v}, true
	case day:
		t, err := time.Parse(time.DateOnly, string(v))
		return interval{t, t}, err == nil
	}
	return interval{}, false
}

// compare orders two values; ok is false when they cannot be compared.
// Intervals compare as the standard says: one lies before another when it
// ends before that begins, and 0 means that neither lies before the other.
func compare(a, b any) (order int, ok bool) {
	if x, isNumber := toNumber(a); isNumber {
		y, isNumber := toNumber(b)
		return cmp.Compare(x, y), isNumber && !math.IsNaN(x) && !math.IsNaN(y)
	}
	switch x := a.(type) {
	case string:
		switch y := b.(type) {
		case string:
			return strings.Compare(x, y), true
		case time.Time, interval:
			if t, err := parseInstant(x); err == nil {
				return compare(t, y)
			}
		}
		return 0, false
	case bool:
		y, isBool := b.(bool)
		switch {
		case x == y:
			return 0, isBool
		case x:
			return 1, isBool
		}
		return -1, isBool
	case time.Duration:
		y, isSpan := b.(time.Duration)
		return cmp.Compare(x, y), isSpan
	case timeOfDay:
		y, isTime := b.(timeOfDay)
		return cmp.Compare(x, y), isTime
	case day:
		if y, isDay := b.(day); isDay {
			return strings.Compare(string(x), string(y)), true
		}
	}
	x, okX := toInterval(a)
	if s, isText := b.(string); isText && okX {
		t, err := parseInstant(s)
		if err != nil {
			return 0, false
		}
		b = t
	}
	y, okY := toInterval(b)
	if !okX || !okY {
		return 0, false
	}
	switch {
	case x.from.Equal(y.from) && x.to.Equal(y.to):
		return 0, true
	case !x.to.After(y.from):
		return -1, true
	case !x.from.Before(y.to):
		return 1, true
	}
	return 0, true
}

// equal is "eq": null equals null alone, shapes equal by their points,
// intervals by their ends.
func equal(a, b any) bool {
	if isNull(a) || isNull(b) {
		return isNull(a) && isNull(b)
	}
	if g, ok := toShape(a); ok {
		h, ok := toShape(b)
		return ok && sameShape(g, h)
	}
	if x, ok := a.(interval); ok {
		y, ok := toInterval(b)
		return ok && x.from.Equal(y.from) && x.to.Equal(y.to)
	}
	if _, ok := b.(interval); ok {
		return equal(b, a)
	}
	order, ok := compare(a, b)
	return ok && order == 0
}

func toShape(v any) (geo.Geometry, bool) {
	switch v := v.(type) {
	case geo.Geometry:
		return v, true
	case rawShape:
		g := v.parse()
		return g, g != nil
	}
	return nil, false
}

// sortOrder orders two values of a $orderby: null first, then numbers, texts
// and the rest each among themselves.
func sortOrder(a, b any) int {
	a, b = first(a), first(b)
	if order, ok := compare(a, b); ok {
		return order
	}
	return cmp.Compare(sortClass(a), sortClass(b))
}

func first(v any) any {
	if m, ok := v.(many); ok {
		if len(m) == 0 {
			return nil
		}
		return m[0]
	}
	return v
}

func sortClass(v any) int {
	if _, ok := toNumber(v); ok {
		return 1
	}
	switch v.(type) {
	case nil:
		return 0
	case string:
		return 2
	case bool:
		return 3
	}
	return 4
}

// fromJSON makes a value of what JSON decoding made; lists become many.
func fromJSON(v any) any {
	if list, ok := v.([]any); ok {
		return many(list)
	}
	return v
}
