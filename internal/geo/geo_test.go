package geo_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"openioc.org/ioc/internal/geo"
)

var (
	dragonBridge = geo.Point{108.2275, 16.0612}
	lyThuyGauge  = geo.Point{106.7806, 17.2156} // Lệ Thủy
	square       = geo.Ring{{0, 0}, {4, 0}, {4, 4}, {0, 4}, {0, 0}}
	hole         = geo.Ring{{1, 1}, {1, 3}, {3, 3}, {3, 1}, {1, 1}}
)

func TestDistance(t *testing.T) {
	f := func(a, b geo.Point, want geo.Metres) {
		t.Helper()
		if got := geo.Distance(a, b); math.Abs(float64(got-want)) > 1 {
			t.Errorf("Distance(%v, %v) = %.1f, want %.1f", a, b, got, want)
		}
	}
	f(dragonBridge, dragonBridge, 0)
	f(geo.Point{108, 16}, geo.Point{108, 17}, 111195)
	f(geo.Point{0, 0}, geo.Point{180, 0}, 20015115)
	f(geo.Point{179.5, 0}, geo.Point{-179.5, 0}, 111195)
	f(dragonBridge, lyThuyGauge, 200596)
}

func TestDistanceTo(t *testing.T) {
	area := geo.Polygon{square, hole}
	f := func(p geo.Point, g geo.Geometry, want geo.Metres) {
		t.Helper()
		if got := geo.DistanceTo(p, g); math.Abs(float64(got-want)) > 50 {
			t.Errorf("DistanceTo(%v, %v) = %.0f, want %.0f", p, g, got, want)
		}
	}
	f(geo.Point{0.5, 0.5}, area, 0)
	f(geo.Point{2, 2}, area, 111128) // in the hole, one degree from its edge
	f(geo.Point{5, 2}, geo.MultiPolygon{area}, 111128)
	f(geo.Point{2, 1}, geo.Line{{0, 0}, {4, 0}}, 111195)
	f(geo.Point{5, 0}, geo.Line{{0, 0}, {4, 0}}, 111195)
	if got := geo.DistanceTo(dragonBridge, geo.Line{}); !math.IsInf(float64(got), 1) {
		t.Errorf("DistanceTo an empty line = %v, want +Inf", got)
	}
}

func TestContains(t *testing.T) {
	area := geo.MultiPolygon{{square, hole}, {{{10, 10}, {11, 10}, {11, 11}, {10, 11}, {10, 10}}}}
	for p, want := range map[geo.Point]bool{
		{0.5, 0.5}:   true,
		{2, 2}:       false, // hole
		{3.5, 2}:     true,
		{5, 2}:       false,
		{10.5, 10.5}: true,
		{-1, 0}:      false,
		{2, -1}:      false,
	} {
		if got := geo.Contains(area, p); got != want {
			t.Errorf("Contains(%v) = %t", p, got)
		}
	}
	if geo.Contains(geo.Line{{0, 0}, {1, 1}}, geo.Point{0, 0}) {
		t.Error("a line holds a point")
	}
}

func TestContains_SharedEdgeBelongsToOne(t *testing.T) {
	west := geo.Polygon{{{0, 0}, {2, 1}, {2, 3}, {0, 4}, {0, 0}}}
	east := geo.Polygon{{{2, 1}, {4, 0}, {4, 4}, {2, 3}, {2, 1}}}
	rapid.Check(t, func(t *rapid.T) {
		p := geo.Point{2, rapid.Float64Range(1.0001, 2.9999).Draw(t, "lat")}
		if geo.Contains(west, p) == geo.Contains(east, p) {
			t.Fatalf("%v is in both or in neither", p)
		}
	})
}

func TestWithin(t *testing.T) {
	area := geo.Polygon{square, hole}
	if !geo.Within(geo.Line{{0.5, 0.5}, {3.5, 0.5}}, area) {
		t.Error("a line inside is not within")
	}
	if geo.Within(geo.Line{{0.5, 0.5}, {2, 2}}, area) || geo.Within(geo.MultiPoint{}, area) {
		t.Error("a line into the hole, or nothing at all, is within")
	}
}

func TestAround_HoldsWhatIsNear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := geo.Point{rapid.Float64Range(100, 120).Draw(t, "lon"), rapid.Float64Range(-80, 80).Draw(t, "lat")}
		q := geo.Point{p[0] + rapid.Float64Range(-1, 1).Draw(t, "dlon"), p[1] + rapid.Float64Range(-1, 1).Draw(t, "dlat")}
		d := geo.Distance(p, q)
		if box := geo.Around(p, d+1); !box.Contains(q) {
			t.Fatalf("box %v around %v with %v leaves out %v", box, p, d, q)
		}
	})
}

func TestIndex_AnswersAsASearchOfAll(t *testing.T) {
	var x geo.Index[int]
	var all []geo.Geometry
	for i := range 60 {
		w, s := float64(i%10), float64(i/10)
		g := geo.MultiPolygon{
			{{{w, s}, {w + 1.5, s}, {w + 1.5, s + 1.5}, {w, s + 1.5}, {w, s}}},
			{{{w + 50, s}, {w + 51, s}, {w + 50, s + 1}, {w + 50, s}}},
		}
		all = append(all, g)
		x.Add(g, i)
	}
	if x.Len() != 60 {
		t.Fatalf("Len() = %d", x.Len())
	}
	rapid.Check(t, func(t *rapid.T) {
		p := geo.Point{rapid.Float64Range(-1, 62).Draw(t, "lon"), rapid.Float64Range(-1, 8).Draw(t, "lat")}
		want := map[int]bool{}
		for i, g := range all {
			if geo.Contains(g, p) {
				want[i] = true
			}
		}
		got := map[int]bool{}
		x.At(p, func(i int) bool { got[i] = true; return true })
		if len(got) != len(want) {
			t.Fatalf("at %v: %v, want %v", p, got, want)
		}
		for i := range want {
			if !got[i] {
				t.Fatalf("at %v: %v, want %v", p, got, want)
			}
		}
	})
}
