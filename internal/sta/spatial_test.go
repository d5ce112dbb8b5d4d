package sta

import (
	"testing"

	"openioc.org/ioc/internal/geo"
)

func TestSpatial(t *testing.T) {
	const (
		square = "POLYGON((0 0, 4 0, 4 4, 0 4, 0 0))"
		right  = "POLYGON((4 0, 8 0, 8 4, 4 4, 4 0))" // shares an edge
		upper  = "POLYGON((2 2, 6 2, 6 6, 2 6, 2 2))"
		small  = "POLYGON((1 1, 2 1, 2 2, 1 2, 1 1))"
		ring   = "POLYGON((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 3 1, 3 3, 1 3, 1 1))"
		hole   = "POLYGON((1.5 1.5, 2.5 1.5, 2.5 2.5, 1.5 2.5, 1.5 1.5))"
	)
	for _, c := range []struct {
		a, b string
		want string // the first letters of equals, within, contains, touches, overlaps, crosses, intersects
	}{
		{"POINT(1 1)", "POINT(1 1)", "ewci"},
		{"POINT(1 1)", "POINT(2 2)", ""},
		{"POINT(1 1)", square, "wi"},
		{"POINT(4 2)", square, "ti"},
		{"POINT(0 0)", square, "ti"},
		{"POINT(5 5)", square, ""},
		{"POINT(2 2)", ring, ""},
		{"POINT(1 2)", ring, "ti"},
		{"MULTIPOINT(1 1, 9 9)", square, "xi"},
		{"MULTIPOINT(1 1, 2 2)", "MULTIPOINT(2 2, 3 3)", "oi"},
		{square, "POINT(1 1)", "ci"},
		{"POINT(1 0)", "LINESTRING(0 0, 2 0)", "wi"},
		{"POINT(2 0)", "LINESTRING(0 0, 2 0)", "ti"},
		{"LINESTRING(1 1, 2 2)", square, "wi"},
		{"LINESTRING(-1 2, 5 2)", square, "xi"},
		{"LINESTRING(0 0, 4 0)", square, "ti"},
		{"LINESTRING(0 0, 4 4)", square, "wi"},
		{"LINESTRING(5 5, 6 6)", square, ""},
		{"LINESTRING(0 0, 2 2)", "LINESTRING(0 2, 2 0)", "xi"},
		{"LINESTRING(0 0, 2 2)", "LINESTRING(2 2, 3 0)", "ti"},
		{"LINESTRING(0 0, 2 0)", "LINESTRING(1 0, 3 0)", "oi"},
		{"LINESTRING(0 0, 3 0)", "LINESTRING(1 0, 2 0)", "ci"},
		{"LINESTRING(0 0, 1 0, 2 0)", "LINESTRING(2 0, 0 0)", "ewci"},
		{square, square, "ewci"},
		{square, "POLYGON((4 4, 0 4, 0 0, 2 0, 4 0, 4 4))", "ewci"},
		{square, right, "ti"},
		{square, upper, "oi"},
		{small, square, "wi"},
		{square, small, "ci"},
		{hole, ring, ""},
		{ring, square, "wi"},
		{square, ring, "ci"},
		{"MULTIPOLYGON(((0 0, 4 0, 4 4, 0 4, 0 0)), ((4 0, 8 0, 8 4, 4 4, 4 0)))", small, "ci"},
	} {
		g, err := geo.ParseWKT(c.a)
		if err != nil {
			t.Fatal(err)
		}
		h, err := geo.ParseWKT(c.b)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, f := range []struct {
			letter string
			holds  bool
		}{{"e", sameShape(g, h)}, {"w", within(g, h)}, {"c", within(h, g)}, {"t", touches(g, h)}, {"o", overlaps(g, h)}, {"x", crosses(g, h)}, {"i", intersects(g, h)}} {
			if f.holds {
				got += f.letter
			}
		}
		if got != c.want {
			t.Errorf("%s and %s: %q, want %q", c.a, c.b, got, c.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want any
	}{
		{"POINT(0 0)", "POINT(3 4)", 5.0},
		{"POINT(0 2)", "LINESTRING(-1 0, 1 0)", 2.0},
		{"LINESTRING(-1 0, 1 0)", "LINESTRING(-1 1, 1 3)", 1.0},
		{"POINT(1 1)", "POLYGON((0 0, 4 0, 4 4, 0 4, 0 0))", 0.0},
		{"POINT(6 2)", "POLYGON((0 0, 4 0, 4 4, 0 4, 0 0))", 2.0},
		{"POINT(6 2)", "MULTIPOINT EMPTY", nil},
	} {
		g, err := geo.ParseWKT(c.a)
		if err != nil {
			t.Fatal(err)
		}
		h, err := geo.ParseWKT(c.b)
		if err != nil {
			t.Log(err)
			continue
		}
		if got := distance(g, h); got != c.want {
			t.Errorf("%s to %s: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}
