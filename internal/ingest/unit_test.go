package ingest

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestConvert(t *testing.T) {
	for _, c := range []struct {
		v        float64
		from, to string
		want     float64
	}{
		{7, "cm", "m", 0.07}, {15, "cm", "m", 0.15}, {1.5, "mm", "m", 0.0015}, {0.19, "m", "mm", 190}, {10, "inch", "m", 0.254}, {1, "in", "cm", 2.54},
		{20, "Cel", "K", 293.15}, {32, "degF", "Cel", 0}, {212, "°F", "°C", 100}, {0, "K", "Cel", -273.15},
		{3600, "m3/h", "m3/s", 1}, {1, "m³/s", "L/s", 1000}, {212.5, "m3/h", "m³/h", 212.5},
		{1013.25, "hPa", "kPa", 101.325}, {50, "%", "1", 0.5}, {41.8, "mg/l", "mg/L", 41.8}, {35, "µg/m3", "ug/m3", 35}, {36, "km/h", "m/s", 10},
	} {
		if got, ok := convert(c.v, c.from, c.to); !ok || math.Abs(got-c.want) > 1e-12*math.Abs(c.want) {
			t.Errorf("%v %s is %v %s (%v), want %v", c.v, c.from, got, c.to, ok, c.want)
		}
	}
	if got, _ := convert(7, "cm", "m"); got != 0.07 {
		t.Errorf("7 cm is %v m, want exactly 0.07", got)
	}
	for _, pair := range [][2]string{{"mm", "kPa"}, {"furlong", "m"}, {"m", "furlong"}, {"m", ""}, {"", "m"}, {"-", "m"}} {
		if got, ok := convert(1, pair[0], pair[1]); ok {
			t.Errorf("1 %q became %v %q", pair[0], got, pair[1])
		}
	}
}

func TestConvert_ThereAndBack(t *testing.T) {
	names := make([]string, 0, len(units))
	for n := range units {
		names = append(names, n)
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SampledFrom(names).Draw(t, "a"), rapid.SampledFrom(names).Draw(t, "b")
		v := rapid.Float64Range(-1e6, 1e6).Draw(t, "v")
		there, ok := convert(v, a, b)
		if !ok {
			if units[a].dimension == units[b].dimension {
				t.Fatalf("%s and %s cannot be converted", a, b)
			}
			return
		}
		back, ok := convert(there, b, a)
		if !ok || math.Abs(back-v) > 1e-6+1e-9*math.Abs(v) {
			t.Fatalf("%v %s → %v %s → %v", v, a, there, b, back)
		}
	})
}
