package readiness

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
)

var noon = time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)

func trackOf(rhythm time.Duration, at ...time.Time) *track {
	t := &track{older: true}
	t.setSlot(rhythm)
	for _, a := range at {
		t.add(series.Point{T: a.UnixMilli(), Received: a.Add(20 * time.Second).UnixMilli()})
	}
	return t
}

func every(rhythm time.Duration, n int, last time.Time) []time.Time {
	out := make([]time.Time, n)
	for i := range out {
		out[i] = last.Add(-time.Duration(n-1-i) * rhythm)
	}
	return out
}

func TestCompleteness(t *testing.T) {
	const quarter = 15 * time.Minute
	day := every(quarter, 97, noon)
	jitter := every(quarter, 97, noon)
	for i := range jitter {
		jitter[i] = jitter[i].Add(time.Duration(i%3-1) * 7 * time.Minute)
	}
	young := trackOf(quarter, every(quarter, 8, noon)...)
	young.older = false
	for name, c := range map[string]struct {
		t    *track
		span time.Duration
		want float64
	}{
		"all there":                     {trackOf(quarter, day...), 24 * time.Hour, 1},
		"all there, jittering":          {trackOf(quarter, jitter...), 24 * time.Hour, 1},
		"every second one":              {trackOf(quarter, every(2*quarter, 49, noon)...), 24 * time.Hour, .5},
		"the second half":               {trackOf(quarter, every(quarter, 49, noon)...), 24 * time.Hour, .5},
		"one day of seven":              {trackOf(quarter, day...), 7 * 24 * time.Hour, 1. / 7},
		"began two hours ago":           {young, 24 * time.Hour, 1},
		"twice as often as it should":   {trackOf(quarter, every(quarter/2, 193, noon)...), 24 * time.Hour, 1},
		"silent since yesterday":        {trackOf(quarter, every(quarter, 97, noon.Add(-24*time.Hour))...), 24 * time.Hour, 0},
		"faster than a slot can be":     {trackOf(10*time.Second, every(10*time.Second, 8641, noon)...), 24 * time.Hour, 1},
		"a burst does not fill an hour": {trackOf(quarter, every(time.Second, 60, noon.Add(-3*time.Hour))...), 24 * time.Hour, 2. / 96},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := c.t.completeness(noon, c.span)
			if !ok || math.Abs(got-c.want) > .011 {
				t.Errorf("got %.3f %v, want %.3f", got, ok, c.want)
			}
		})
	}
	if _, ok := trackOf(0, day...).completeness(noon, 24*time.Hour); ok {
		t.Error("a completeness without a rhythm")
	}
	if _, ok := trackOf(quarter).completeness(noon, 24*time.Hour); ok {
		t.Error("a completeness without an observation")
	}
}

// In whatever order observations come, the track tells the same, and with
// every slot filled but some the share is what is left.
func TestTrack_OrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rhythm := time.Duration(rapid.IntRange(1, 90).Draw(t, "minutes")) * time.Minute
		n := int(24 * time.Hour / rhythm)
		there := rapid.SliceOfNDistinct(rapid.IntRange(1, n), 0, n, func(i int) int { return i }).Draw(t, "there")
		now := time.UnixMilli(floor(noon.UnixMilli(), rhythm.Milliseconds()) * rhythm.Milliseconds())
		var at []time.Time
		for _, i := range there {
			at = append(at, now.Add(-time.Duration(i)*rhythm))
		}
		a := trackOf(rhythm, at...)
		b := trackOf(rhythm, rapid.Permutation(at).Draw(t, "order")...)
		got, ok := a.completeness(now, 24*time.Hour)
		again, _ := b.completeness(now, 24*time.Hour)
		if got != again || ok != (len(there) > 0) {
			t.Fatalf("%v and %v (%v)", got, again, ok)
		}
		if want := float64(len(there)) / float64(n); ok && math.Abs(got-want) > 1.01/float64(n) {
			t.Fatalf("%d of %d slots give %v", len(there), n, got)
		}
		if a.last != b.last || a.sums(now, window) != b.sums(now, window) {
			t.Fatal("last or sums differ")
		}
	})
}

func TestTrack_SumsAndRhythm(t *testing.T) {
	tr := trackOf(15 * time.Minute)
	for i, flags := range []sensing.Flags{0, sensing.Frozen, sensing.Negative | sensing.Late, sensing.Estimated} {
		at := noon.Add(time.Duration(i-30) * time.Hour)
		tr.add(series.Point{T: at.UnixMilli(), Flags: flags, Received: at.Add(time.Duration(i) * time.Second).UnixMilli()})
	}
	week := tr.sums(noon, window)
	if week.n != 4 || week.faulty != 1 || week.handled != 1 || week.late != 1 || week.flags[0] != 1 {
		t.Errorf("%+v", week)
	}
	if day := tr.sums(noon, 24*time.Hour); day.n != 0 {
		t.Errorf("%+v", day)
	}
	if r := tr.rhythm(); r != time.Hour {
		t.Errorf("rhythm %v", r)
	}
	if d, ok := tr.delay(); !ok || d != 2*time.Second {
		t.Errorf("delay %v %v", d, ok)
	}
}

func TestStateOf(t *testing.T) {
	for _, c := range []struct {
		age, rhythm time.Duration
		want        string
	}{
		{10 * time.Minute, 15 * time.Minute, Live}, {31 * time.Minute, 15 * time.Minute, Live}, {32 * time.Minute, 15 * time.Minute, Late},
		{90 * time.Minute, 15 * time.Minute, Late}, {2 * time.Hour, 15 * time.Minute, Silent}, {-time.Minute, time.Minute, Live},
		{time.Hour, 0, Live}, {20 * time.Hour, 0, Late}, {30 * time.Hour, 0, Silent},
	} {
		if got := stateOf(c.age, c.rhythm); got != c.want {
			t.Errorf("%v at a rhythm of %v is %s, want %s", c.age, c.rhythm, got, c.want)
		}
	}
}
