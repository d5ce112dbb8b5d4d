package scenario

import (
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/sensing"
)

var (
	nhatLe = sync.OnceValues(func() (*Scenario, error) { return Load(NhatLe2020) })
	daNang = sync.OnceValues(func() (*Scenario, error) { return Load(DaNang202510) })
)

func must(t *testing.T, load func() (*Scenario, error)) *Scenario {
	t.Helper()
	s, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Scenario) series(t *testing.T, thing string) []sensing.Reading {
	t.Helper()
	one := *s
	for i, st := range s.Stations {
		if st.Thing == thing {
			one.Stations, one.tracks = s.Stations[i:i+1], s.tracks[i:i+1]
			return one.Readings(s.Start, s.End)
		}
	}
	t.Fatalf("no station %s", thing)
	return nil
}

func TestNhatLeIsTheRecordAsMeasured(t *testing.T) {
	s := must(t, nhatLe)
	if n := len(s.Stations); n != 8 {
		t.Fatalf("%d stations, want 8", n)
	}
	levels := s.series(t, "river-le-thuy")
	peak, at := 0.0, []string{}
	for _, r := range levels {
		if r.Quality != "good" {
			t.Fatalf("quality %q at %s", r.Quality, r.Time)
		}
		switch {
		case r.Value > peak:
			peak, at = r.Value, nil
			fallthrough
		case r.Value == peak:
			at = append(at, r.Time.In(ict).Format("2006-01-02 15:04"))
		}
	}
	want := "2020-10-19 06:00 2020-10-19 07:00 2020-10-19 08:00"
	if got := strings.Join(at, " "); peak != 4.88 || got != want {
		t.Errorf("peak %.2f at %s, want 4.88 at %s", peak, got, want)
	}
	rain := s.series(t, "gauge-kien-giang")
	if len(rain) != 20*24 {
		t.Errorf("%d hours of rain, want %d", len(rain), 20*24)
	}
	if best := most(rain, 24*time.Hour); math.Abs(best-408) > 1e-6 {
		t.Errorf("most rain of 24 h %.1f mm, want 408.0", best)
	}
}

// most is the largest sum of a window.
func most(rs []sensing.Reading, window time.Duration) float64 {
	best, sum, first := 0.0, 0.0, 0
	for i, r := range rs {
		sum += r.Value
		for !rs[first].Time.After(rs[i].Time.Add(-window)) {
			sum -= rs[first].Value
			first++
		}
		best = max(best, sum)
	}
	return best
}

func sumOver(rs []sensing.Reading, after, until time.Time) float64 {
	sum := 0.0
	for _, r := range rs {
		if r.Time.After(after) && !r.Time.After(until) {
			sum += r.Value
		}
	}
	return sum
}

func TestDaNangKeepsEveryPublishedFigure(t *testing.T) {
	s := must(t, daNang)
	count := map[string]int{}
	for _, st := range s.Stations {
		count[st.Kind]++
	}
	for kind, want := range map[string]int{"rain_gauge": 82, "flood_1m5": 56, "flood_3m": 24, "water_level": 8, "reservoir_waterlevel": 5, "river_station": 8} {
		if count[kind] != want {
			t.Errorf("%d stations of kind %s, want %d", count[kind], kind, want)
		}
	}

	for _, c := range []struct {
		thing string
		mm    float64
	}{
		{"gauge-tra-giap", 1752.6}, {"gauge-phuoc-chanh", 1558.2}, {"gauge-phuoc-thanh", 1517.8},
		{"gauge-khu-tdc-tak-pat-xa-tra-leng", 1503}, {"gauge-phuoc-hiep", 1459.6},
	} {
		got := sumOver(s.series(t, c.thing), local(2025, time.October, 25, 0), local(2025, time.October, 31, 0))
		if math.Abs(got-c.mm) > 0.01*c.mm {
			t.Errorf("%s: event total %.1f mm, published %.1f", c.thing, got, c.mm)
		}
	}
	for thing, mm := range map[string]float64{"gauge-ba-na": 438.8, "gauge-tra-don": 354} {
		got := sumOver(s.series(t, thing), local(2025, time.October, 27, 19), local(2025, time.October, 28, 19))
		if math.Abs(got-mm) > 0.01*mm {
			t.Errorf("%s: 19h–19h total %.1f mm, published %.1f", thing, got, mm)
		}
	}

	published := 0
	err := readTable(files, "data/danang/levels.csv", []string{"thing"}, func(r *row) error {
		if r.text("status") != "given" {
			return nil
		}
		published++
		at, v := r.time("time_local"), r.number("level_m")
		for _, got := range s.Readings(at, at.Add(time.Second)) {
			if got.Datastream == r.text("thing")+"-level" {
				if got.Value != v || got.Quality != "given" {
					t.Errorf("%s at %s: %.2f %s, published %.2f", r.text("thing"), at, got.Value, got.Quality, v)
				}
				return nil
			}
		}
		t.Errorf("%s has no reading at %s", r.text("thing"), at)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if published != 34 {
		t.Errorf("%d published levels, want the 34 of the bulletins", published)
	}
}

func TestDaNangMarksAllElseEstimated(t *testing.T) {
	s := must(t, daNang)
	given := 0
	for _, r := range s.Readings(s.Start, s.End) {
		switch r.Quality {
		case "given":
			given++
		case "estimated":
		default:
			t.Fatalf("%s at %s has quality %q", r.Datastream, r.Time, r.Quality)
		}
		if r.Value < 0 && !strings.HasPrefix(r.Datastream, "river-") {
			t.Fatalf("%s at %s is %.2f", r.Datastream, r.Time, r.Value)
		}
	}
	if given != 34 {
		t.Errorf("%d readings are marked given, want 34", given)
	}
}

func TestLoadingTwiceGivesTheSame(t *testing.T) {
	a := must(t, daNang)
	b, err := Load(DaNang202510)
	if err != nil {
		t.Fatal(err)
	}
	x, y := a.Readings(a.Start, a.End), b.Readings(b.Start, b.End)
	if len(x) != len(y) {
		t.Fatalf("%d and %d readings", len(x), len(y))
	}
	for i := range x {
		if x[i] != y[i] {
			t.Fatalf("reading %d: %v and %v", i, x[i], y[i])
		}
	}
}

func TestRiversAndTowersCloseTheLoop(t *testing.T) {
	s := must(t, daNang)
	for i, st := range s.Stations {
		if st.Property == sensing.Rain {
			continue
		}
		first, last := s.tracks[i][0], s.tracks[i][len(s.tracks[i])-1]
		if d := math.Abs(value(first.steps, 0.01) - value(last.steps, 0.01)); d > 0.15 {
			t.Errorf("%s jumps by %.2f m where the loop closes", st.Thing, d)
		}
	}
}

func TestLoopRepeatsWithoutGapsOrDoubles(t *testing.T) {
	s := must(t, nhatLe)
	now := time.Date(2026, 9, 3, 4, 17, 0, 0, time.UTC)
	shift := s.FirstShift(now)
	if d := now.Sub(s.Anchor.Add(shift)); d < 0 || d >= time.Hour {
		t.Errorf("now is %s after the anchor", d)
	}
	from := now.Add(-50 * 24 * time.Hour)
	whole := s.Loop(shift, from, now)
	if want := len(s.Readings(s.Start, s.End)) * 5 / 2; math.Abs(float64(len(whole)-want)) > 300 {
		t.Errorf("%d readings in two loops and a half, want about %d", len(whole), want)
	}
	var pieces []sensing.Reading
	for at := from; at.Before(now); at = at.Add(7*time.Hour + 13*time.Second) {
		pieces = append(pieces, s.Loop(shift, at, minTime(at.Add(7*time.Hour+13*time.Second), now))...)
	}
	if len(pieces) != len(whole) {
		t.Fatalf("%d readings in pieces, %d at once", len(pieces), len(whole))
	}
	seen := map[string]bool{}
	for i, r := range whole {
		key := r.Datastream + r.Time.String()
		if seen[key] {
			t.Fatalf("twice: %s", key)
		}
		seen[key] = true
		if i > 0 && r.Time.Before(whole[i-1].Time) {
			t.Fatalf("reading %d is older than the one before", i)
		}
		orig := s.Original(shift, r.Time)
		if orig.Before(s.Start) || !orig.Before(s.End) || orig.Minute() != 0 {
			t.Fatalf("original time of %s is %s", r.Time, orig)
		}
	}
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func TestUnknownScenario(t *testing.T) {
	if _, err := Load("atlantis"); !fault.Is(err, errUnknown) {
		t.Errorf("got %v", err)
	}
}

func FuzzTable(f *testing.F) {
	f.Add("thing,lat,time_local\na,1.5,2020-10-05 01:00\n")
	f.Add("thing,lat,time_local\na,NaN,x\n")
	f.Add("thing,lat\n\"")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		_ = parseTable(strings.NewReader(s), []string{"thing", "lat", "time_local"}, func(r *row) error {
			if v := r.number("lat"); math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("number gave %v", v)
			}
			r.time("time_local")
			r.oneOf("thing", "a", "b")
			return nil
		})
	})
}
