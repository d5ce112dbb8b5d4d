package sta_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// seen is one observation as the oracle knows it.
type seen struct {
	id, stream string
	t          time.Time
	result     float64
}

// condition is a filter and what it means.
type condition struct {
	text  string
	holds func(seen) bool
}

func compareWith[T any](op string, less func(a, b T) bool) func(a, b T) bool {
	return map[string]func(a, b T) bool{
		"lt": less, "gt": func(a, b T) bool { return less(b, a) },
		"le": func(a, b T) bool { return !less(b, a) }, "ge": func(a, b T) bool { return !less(a, b) },
		"eq": func(a, b T) bool { return !less(a, b) && !less(b, a) }, "ne": func(a, b T) bool { return less(a, b) || less(b, a) },
	}[op]
}

func drawCondition(t *rapid.T, depth int) condition {
	op := rapid.SampledFrom([]string{"lt", "le", "gt", "ge", "eq", "ne"}).Draw(t, "op")
	kind := rapid.IntRange(0, 6).Draw(t, "kind")
	if depth == 0 {
		kind %= 4
	}
	switch kind {
	case 0, 1:
		at := dawn.Add(time.Duration(rapid.IntRange(-60, 660).Draw(t, "minute")) * time.Minute)
		f := compareWith(op, time.Time.Before)
		if rapid.Bool().Draw(t, "turned") {
			return condition{at.Format(time.RFC3339) + " " + op + " phenomenonTime", func(o seen) bool { return f(at, o.t) }}
		}
		return condition{"phenomenonTime " + op + " " + at.Format(time.RFC3339), func(o seen) bool { return f(o.t, at) }}
	case 2:
		v := float64(rapid.IntRange(90, 500).Draw(t, "value")) / 100
		f := compareWith(op, func(a, b float64) bool { return a < b })
		return condition{fmt.Sprintf("result %s %v", op, v), func(o seen) bool { return f(o.result, v) }}
	case 3:
		id := rapid.SampledFrom([]string{"le-thuy.level", "dong-hoi.level", "le-thuy.rain", "none"}).Draw(t, "stream")
		if rapid.Bool().Draw(t, "not") {
			return condition{"Datastream/id ne '" + id + "'", func(o seen) bool { return o.stream != id }}
		}
		return condition{"startswith(Datastream/Thing/id, '" + id[:4] + "')", func(o seen) bool { return strings.HasPrefix(o.stream, id[:4]) }}
	case 4:
		a := drawCondition(t, depth-1)
		return condition{"not (" + a.text + ")", func(o seen) bool { return !a.holds(o) }}
	case 5:
		a, b := drawCondition(t, depth-1), drawCondition(t, depth-1)
		return condition{"(" + a.text + ") or (" + b.text + ")", func(o seen) bool { return a.holds(o) || b.holds(o) }}
	}
	a, b := drawCondition(t, depth-1), drawCondition(t, depth-1)
	return condition{"(" + a.text + ") and (" + b.text + ")", func(o seen) bool { return a.holds(o) && b.holds(o) }}
}

// TestFilter_NarrowingChangesNothing asks random filters. What is narrowed
// down to a span of a series must be what the meaning of the filter keeps of
// everything; in any order, page and count.
func TestFilter_NarrowingChangesNothing(t *testing.T) {
	c := newCity(t)
	const numbers = "Datastream/observationType ne 'http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_CategoryObservation'"
	var all []seen
	list, _ := at(c.get("/Observations?$top=1000&$filter="+numbers), "value").([]any)
	for _, v := range list {
		id := fmt.Sprint(at(v, "@iot.id"))
		stream, _, _ := strings.Cut(id, "@")
		when, err := time.Parse(time.RFC3339, fmt.Sprint(at(v, "phenomenonTime")))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, seen{id, stream, when, at(v, "result").(float64)})
	}
	if len(all) != 30 {
		t.Fatalf("%d observations", len(all))
	}
	rapid.Check(t, func(t *rapid.T) {
		f := drawCondition(t, 3)
		var want []string
		for _, o := range all {
			if f.holds(o) {
				want = append(want, o.id)
			}
		}
		path := "/Observations?$filter=" + numbers + " and (" + f.text + ")&$select=id"
		if got := ids(c.get(path + "&$top=1000")); got != strings.Join(want, " ") {
			t.Fatalf("%s\n got %s\nwant %s", f.text, got, strings.Join(want, " "))
		}
		n := rapid.IntRange(0, len(want)).Draw(t, "skip")
		page := c.get(fmt.Sprintf("%s&$count=true&$top=2&$skip=%d", path, n))
		if got := ids(page); got != strings.Join(want[n:min(n+2, len(want))], " ") || at(page, "@iot.count") != float64(len(want)) {
			t.Fatalf("%s, page at %d\n got %s of %v\nwant %v", f.text, n, got, at(page, "@iot.count"), want)
		}
		var level []string
		for i := len(all) - 1; i >= 0; i-- {
			if o := all[i]; o.stream == "le-thuy.level" && f.holds(o) {
				level = append(level, o.id)
			}
		}
		newest := "/Datastreams('le-thuy.level')/Observations?$orderby=phenomenonTime desc&$top=3&$select=id&$filter=" + f.text
		if got := ids(c.get(newest)); got != strings.Join(level[:min(3, len(level))], " ") {
			t.Fatalf("%s\n got %s\nwant %v", newest, got, level)
		}
	})
}
