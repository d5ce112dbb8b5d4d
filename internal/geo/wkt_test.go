package geo_test

import (
	"errors"
	"reflect"
	"testing"

	"openioc.org/ioc/internal/geo"
)

func TestParseWKT(t *testing.T) {
	for in, want := range map[string]geo.Geometry{
		"POINT(108.2 16.06)":                   geo.Point{108.2, 16.06},
		" point ( -1e1   5 ) ":                 geo.Point{-10, 5},
		"SRID=4326;POINT Z (108 16 3)":         geo.Point{108, 16},
		"LINESTRING(1 2,3 4)":                  geo.Line{{1, 2}, {3, 4}},
		"POLYGON((0 0,4 0,4 4,0 0))":           geo.Polygon{{{0, 0}, {4, 0}, {4, 4}, {0, 0}}},
		"MULTIPOINT((1 2),(3 4))":              geo.MultiPoint{{1, 2}, {3, 4}},
		"MULTIPOINT(1 2,3 4)":                  geo.MultiPoint{{1, 2}, {3, 4}},
		"MULTILINESTRING((1 2,3 4),(5 6,7 8))": geo.MultiLine{{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}},
		"MULTIPOLYGON(((0 0,4 0,4 4,0 0)),((1 1,2 1,2 2,1 1)))": geo.MultiPolygon{
			{{{0, 0}, {4, 0}, {4, 4}, {0, 0}}}, {{{1, 1}, {2, 1}, {2, 2}, {1, 1}}},
		},
	} {
		got, err := geo.ParseWKT(in)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("ParseWKT(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
}

func TestParseWKT_ErrorsNameThePosition(t *testing.T) {
	for in, pos := range map[string]int{
		"":                           0,
		"CIRCLE(1 2)":                0,
		"POINT 1 2":                  6,
		"POINT(1)":                   7,
		"POINT(1 x)":                 8,
		"POINT(1 2":                  9,
		"POINT(1 2) and more":        11,
		"POINT(181 2)":               6,
		"POINT(1 NaN)":               8,
		"POINT(1,2)":                 7,
		"LINESTRING(1 2)":            10,
		"POLYGON((0 0,1 1,2 2,3 3))": 8,
		"POLYGON((0 0,1 1,0 0))":     8,
		"SRID=3857;POINT(1 2)":       5,
		"MULTIPOLYGON(((0 0,1 1)),(": 14,
		"LINESTRING(1 2;3 4)":        14,
	} {
		_, err := geo.ParseWKT(in)
		var syntax *geo.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("ParseWKT(%q) gives %v, want a SyntaxError", in, err)
		} else if syntax.Pos != pos {
			t.Errorf("ParseWKT(%q): %v, want at %d", in, err, pos)
		}
	}
}

func FuzzParseWKT(f *testing.F) {
	for _, s := range []string{
		"POINT(108.2 16.06)", "SRID=4326;POINT Z (1 2 3)", "POLYGON((0 0,4 0,4 4,0 0),(1 1,2 1,2 2,1 1))",
		"MULTIPOINT((1 2),3 4)", "MULTIPOLYGON(((0 0,4 0,4 4,0 0)))", "LINESTRING(1 2", "POINT(\xff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		g, err := geo.ParseWKT(s)
		if err != nil {
			var syntax *geo.SyntaxError
			if !errors.As(err, &syntax) || syntax.Pos < 0 || syntax.Pos > len(s) {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		again, err := geo.ParseWKT(geo.WKT(g))
		if err != nil || !reflect.DeepEqual(again, g) {
			t.Fatalf("%q: %v, written %q, read %v, %v", s, g, geo.WKT(g), again, err)
		}
	})
}
