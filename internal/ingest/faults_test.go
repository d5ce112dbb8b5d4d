package ingest_test

import (
	"context"
	"encoding/json"
	"os"
	"testing"
	"time"

	"openioc.org/ioc/internal/ingest"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
)

// count tells how many points carry the flag, and the index of the first.
func count(ps []series.Point, f sensing.Flags) (n, first int) {
	first = -1
	for i, p := range ps {
		if p.Flags&f != 0 {
			if n++; first < 0 {
				first = i
			}
		}
	}
	return n, first
}

func repeat(n int, vs ...float64) []float64 {
	var out []float64
	for range n {
		out = append(out, vs...)
	}
	return out
}

// The faults that were seen on the city's own network from 2026-08-26 to
// 2026-09-01 (testdata/danang/ORIGIN.md), sent again in the shape and rhythm
// in which they were recorded: one poll of all stations every 15 minutes.
func TestRecordedFaults(t *testing.T) {
	raw, err := os.ReadFile("testdata/danang/faults.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded []struct {
		Key    string    `json:"key"`
		Repeat int       `json:"repeat"`
		Values []float64 `json:"values"`
	}
	if err := json.Unmarshal(raw, &recorded); err != nil {
		t.Fatal(err)
	}
	values := map[string][]float64{}
	for _, r := range recorded {
		values[r.Key] = append(values[r.Key], repeat(max(r.Repeat, 1), r.Values...)...)
	}
	road := newRoad(t)
	road.run()
	quarantined := 0
	for round := range 212 {
		road.clk.Set(start.Add(time.Duration(round) * step))
		var readings []sensing.Reading
		for key, vs := range values {
			v := 0.0
			if round < len(vs) {
				v = vs[round]
			}
			readings = append(readings, sensing.Reading{Datastream: key, Time: road.clk.Now(), Value: v})
		}
		res := road.accept("nuoc", readings...)
		quarantined += res.Quarantined
		if len(res.Rejected) > 0 {
			t.Fatalf("round %d: %v", round, res.Rejected)
		}
	}
	road.settle()
	road.balanced()

	if n, first := count(road.points("431068"), sensing.Frozen); n != 207 || first != 5 {
		t.Errorf("frozen 0.19 m: %d of 212 flagged, the first is number %d; want 207 from number 5 on", n, first)
	}
	if n, _ := count(road.points("431021"), sensing.Frozen); n != 207 {
		t.Errorf("frozen 0.01 m: %d flagged", n)
	}
	toggling := road.points("431057")
	if n, first := count(toggling, sensing.Toggling); n != 21 || first != 4 {
		t.Errorf("toggling 0.0/0.97: %d flagged, the first is number %d; want 21 from number 4 on", n, first)
	}
	steps := road.points("431056")
	if n, first := count(steps, sensing.Step); n != 2 || first != 8 || steps[12].Flags&sensing.Step == 0 {
		t.Errorf("1.02 m held for four rounds: %d steps, the first is number %d; want 2, at numbers 8 and 12", n, first)
	}
	if n, _ := count(steps, sensing.Frozen); n != 0 {
		t.Errorf("four equal rounds were taken for frozen")
	}
	negative := road.points("430001")
	if n, _ := count(negative, sensing.Negative); n != 3 {
		t.Errorf("-0.01 m: %d flagged, want 3", n)
	}
	for i, p := range negative {
		if p.V < 0 {
			t.Errorf("negative depth %v stored at number %d", p.V, i)
		}
	}
	if quarantined != 2 {
		t.Errorf("%d quarantined, want 2 (32.43 and 61.2 in the field of depths)", quarantined)
	}
	letters, err := road.p.Letters(context.Background(), admin, ingest.LetterFilter{Source: "nuoc"})
	if err != nil || len(letters) != 2 || letters[0].Code != "ingest.looks_like_level" {
		t.Errorf("letters: %+v %v", letters, err)
	}
	if ps := road.points("ho-1"); len(ps) != 212 || ps[0].V != 32.43 {
		t.Errorf("the reservoir's own datastream holds %d points", len(ps))
	}
}

func TestQuality(t *testing.T) {
	dry := repeat(40, 0)
	for name, c := range map[string]struct {
		key    string
		values []float64
		flag   sensing.Flags
		want   int
	}{
		"dry street":                     {"431068", dry, sensing.Frozen, 0},
		"no rain":                        {"mua-1", dry, sensing.Frozen, 0},
		"drizzle":                        {"mua-1", repeat(20, 0.2), sensing.Frozen, 0},
		"rain gauge stuck at 7 mm":       {"mua-1", repeat(10, 7), sensing.Frozen, 5},
		"river that stands for 5 h":      {"cam-le", repeat(20, 0.87), sensing.Frozen, 0},
		"river that stands for 30 h":     {"cam-le", repeat(120, 0.87), sensing.Frozen, 24},
		"moving":                         {"431068", []float64{.1, .11, .1, .12, .11, .1, .12}, sensing.Frozen, 0},
		"five equal":                     {"431068", append([]float64{0}, repeat(5, .2)...), sensing.Frozen, 0},
		"ramp":                           {"431068", []float64{0, .2, .4, .6, .8, .6, .4, .2, 0}, sensing.Step, 0},
		"step up":                        {"431068", []float64{0, 0, .6, .6}, sensing.Step, 1},
		"chatter between two neighbours": {"431068", repeat(8, .15, .16), sensing.Toggling, 0},
		"three swings":                   {"431068", []float64{0, .9, 0, .9, .9, .9}, sensing.Toggling, 0},
		"four swings":                    {"431068", []float64{0, .9, 0, .9, 0}, sensing.Toggling, 1},
		"three values":                   {"431068", repeat(4, 0, .9, .5), sensing.Toggling, 0},
		"deeper than any tower":          {"431068", []float64{0, 4.5}, sensing.OutOfRange, 1},
		"river below its datum":          {"cam-le", []float64{-.27, -.3}, sensing.OutOfRange, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRoad(t)
			r.run()
			r.feed(c.key, c.values...)
			r.settle()
			if n, _ := count(r.points(c.key), c.flag); n != c.want {
				t.Errorf("%d points are %s, want %d", n, c.flag, c.want)
			}
		})
	}
}

func TestQuality_SurvivesARestartAndLateReadings(t *testing.T) {
	r := newRoad(t)
	r.run()
	r.feed("431068", repeat(4, .19)...)
	// An old reading arrives in the middle of the run and must not break it.
	old := sensing.Reading{Datastream: "431068", Time: start.Add(-30 * 24 * time.Hour), Value: 3}
	if res := r.accept("nuoc", old); res.Accepted != 1 {
		t.Fatalf("%+v", res)
	}
	r.settle()
	r.close()
	r.open()
	r.run()
	r.feed("431068", .19, .19, .19)
	r.settle()
	ps := r.points("431068")
	if n, first := count(ps, sensing.Frozen); n != 2 || first != 6 {
		t.Errorf("%d frozen, the first is number %d of %d; want 2 from number 6 on", n, first, len(ps))
	}
	if ps[0].Flags != sensing.Late {
		t.Errorf("the old reading is %q, want late", ps[0].Flags)
	}
}
