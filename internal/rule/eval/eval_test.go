package eval_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/storage"

	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
)

// t0 is a round instant.
var t0 = time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)

func at(minutes float64) time.Time {
	return t0.Add(time.Duration(minutes * float64(time.Minute)))
}

func ms(minutes float64) int64 { return at(minutes).UnixMilli() }

// rules compiles; thresholds are texts "severity raise / clear".
func rule(t testing.TB, expr string, change func(*eval.Rule), levels ...string) *eval.Program {
	t.Helper()
	r := eval.Rule{ID: "r", Version: 1, Expr: expr}
	for _, l := range levels {
		severity, rest, _ := strings.Cut(l, " ")
		raise, clear, _ := strings.Cut(rest, " / ")
		var lv eval.Level
		if _, err := fmt.Sscan(severity, &lv.Severity); err != nil {
			t.Fatal(err)
		}
		for _, x := range []struct {
			to   *eval.Threshold
			text string
		}{{&lv.Raise, raise}, {&lv.Clear, clear}} {
			if err := x.to.UnmarshalText([]byte(x.text)); err != nil {
				t.Fatal(err)
			}
		}
		r.Levels = append(r.Levels, lv)
	}
	if change != nil {
		change(&r)
	}
	p, err := eval.Compile(r)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// city is a world in memory.
type city struct {
	list   []eval.Series
	points map[string][]series.Point
	near   map[string][]eval.Neighbour
	named  func(thing, property string, at time.Time) []sensing.Threshold
}

func (c *city) add(id, metric string, resolution float64, rhythm time.Duration) {
	c.list = append(c.list, eval.Series{ID: id, Metric: metric, Resolution: resolution, Rhythm: rhythm,
		Labels: map[string]string{"thing": "thing-" + id, "name": strings.ToUpper(id)}})
}

func (c *city) env() eval.Env {
	return eval.Env{
		Series: func() []eval.Series { return c.list },
		Scan: func(_ context.Context, id string, from, to time.Time, f func(series.Point)) error {
			for _, p := range c.points[id] {
				if p.T >= from.UnixMilli() && p.T <= to.UnixMilli() {
					f(p)
				}
			}
			return nil
		},
		Thresholds: c.named,
		Neighbours: func(thing string, km float64) []eval.Neighbour {
			var out []eval.Neighbour
			for _, n := range c.near[thing] {
				if n.Km <= km {
					out = append(out, n)
				}
			}
			return out
		},
	}
}

// one is a city of one series "a".
func one(metric string, resolution float64) *city {
	c := &city{points: map[string][]series.Point{}}
	c.add("a", metric, resolution, time.Minute)
	return c
}

// run feeds a running engine one reading after the other, each with its
// minute, and lets time pass up to the end.
func run(t testing.TB, p *eval.Program, c *city, end float64, readings ...eval.Sample) []string {
	t.Helper()
	e := eval.New([]*eval.Program{p}, c.env())
	if _, err := e.Warm(t.Context(), at(0), at(0)); err != nil {
		t.Fatal(err)
	}
	var out []eval.Transition
	for _, s := range readings {
		out = append(out, e.Observe([]eval.Sample{s})...)
	}
	more, err := e.Advance(t.Context(), at(end))
	if err != nil {
		t.Fatal(err)
	}
	return tell(append(out, more...))
}

// tell writes transitions as "minute: series from→to value since minute".
func tell(ts []eval.Transition) []string {
	out := []string{}
	for _, x := range ts {
		v := "none"
		if x.Value != nil {
			v = fmt.Sprint(*x.Value)
		}
		s := fmt.Sprintf("%v: %s %d→%d at %s since %v", x.At.Sub(t0).Minutes(), x.Series.ID, x.From, x.To, v, x.Since.Sub(t0).Minutes())
		if x.Estimated {
			s += " estimated"
		}
		out = append(out, s)
	}
	return out
}

func val(minute, v float64, flags ...sensing.Flags) eval.Sample {
	s := eval.Sample{ID: "a", T: ms(minute), V: v}
	for _, f := range flags {
		s.Flags |= f
	}
	return s
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestThreshold_HysteresisAndLadder(t *testing.T) {
	p := rule(t, "flood_depth", nil, "2 > 0.20 / < 0.15", "3 > 0.30 / < 0.20")
	expect(t, run(t, p, one("flood_depth", 0.01), 9,
		val(0, 0.20), val(1, 0.21), val(2, 0.31), val(3, 0.25), val(4, 0.19), val(5, 0.15), val(6, 0.14), val(7, 0.35), val(8, 0.0)),
		"1: a 0→2 at 0.21 since 1", "2: a 2→3 at 0.31 since 1", "4: a 3→2 at 0.19 since 1", "6: a 2→0 at 0.14 since 1",
		"7: a 0→3 at 0.35 since 7", "8: a 3→0 at 0 since 7")
}

func TestFor_FiresAtItsInstantWithoutAReading(t *testing.T) {
	p := rule(t, "flood_depth", func(r *eval.Rule) { r.For = 150 * time.Second }, "3 > 0.20")
	expect(t, run(t, p, one("flood_depth", 0.01), 9, val(0, 0.3), val(1, 0.1), val(2, 0.3), val(3, 0.4)),
		"4.5: a 0→3 at 0.4 since 2")
	// A reading at the very end of For counts before the deadline.
	expect(t, run(t, p, one("flood_depth", 0.01), 9, val(0, 0.3), val(2.5, 0.1)))
}

func TestKeepFiring(t *testing.T) {
	p := rule(t, "flood_depth", func(r *eval.Rule) { r.KeepFiring = 5 * time.Minute }, "3 > 0.20")
	expect(t, run(t, p, one("flood_depth", 0.01), 20, val(0, 0.3), val(2, 0.1), val(4, 0.3), val(5, 0.1)),
		"0: a 0→3 at 0.3 since 0", "10: a 3→0 at 0.1 since 0")
}

func TestStaleReading_EndsTheCondition(t *testing.T) {
	p := rule(t, "flood_depth", nil, "3 > 0.20")
	expect(t, run(t, p, one("flood_depth", 0.01), 60, val(0, 0.3)), "0: a 0→3 at 0.3 since 0", "30: a 3→0 at none since 0")
}

func TestSum_IsExactAndEmptyIsNone(t *testing.T) {
	p := rule(t, "sum_over_time(rain[1h])", nil, "2 >= 30")
	c := one("rain", 0.1)
	var in []eval.Sample
	for m := range 300 {
		in = append(in, val(float64(m), 0.5)) // 60 readings of 0.5 in an hour
	}
	in = append(in, val(300, 0, sensing.Bad))
	expect(t, run(t, p, c, 500, in...), "59: a 0→2 at 30 since 59", "300: a 2→0 at 29.5 since 59")
	p = rule(t, "sum_over_time(rain[1h])", nil, "2 < 1")
	expect(t, run(t, p, c, 500, val(0, 5), val(70, 0.5)), "70: a 0→2 at 0.5 since 70", "130: a 2→0 at none since 70")
}

func TestRise_OfDecimals(t *testing.T) {
	p := rule(t, "water_level - water_level offset 1h", nil, "2 >= 0.30")
	expect(t, run(t, p, one("water_level", 0.01), 61, val(0, 2.0), val(30, 2.1), val(59, 2.3), val(60, 2.3)), "60: a 0→2 at 0.3 since 60")
}

func TestFactor(t *testing.T) {
	p := rule(t, "100 * (water_level - water_level offset 1h)", nil, "2 >= 30")
	expect(t, run(t, p, one("water_level", 0.01), 61, val(0, 2.0), val(60, 2.3)), "60: a 0→2 at 30 since 60")
}

func TestWindows(t *testing.T) {
	for expr, want := range map[string]string{
		"avg_over_time(x[3m])": "2", "max_over_time(x[3m])": "4", "min_over_time(x[3m])": "1", "last_over_time(x[3m])": "1",
		"count_over_time(x[3m])": "3", "delta(x[3m])": "-3", "increase(x[3m])": "1", "sum_over_time(x[3m])": "6", "60 * deriv(x[3m])": "-1.5",
	} {
		p := rule(t, expr, nil, "1 > -100")
		got := run(t, p, one("x", 0), 3.5, val(0, 9), val(1, 4), val(2, 1), val(2.5, 7, sensing.OutOfRange), val(3, 1))
		if last := got[len(got)-1]; !strings.Contains(last, "0→1") {
			t.Error(expr, got)
		}
		tr, err := explainAt(t, p, one("x", 0), 3, val(0, 9), val(1, 4), val(2, 1), val(2.5, 7, sensing.OutOfRange), val(3, 1))
		if err != nil || tr.Value == nil || fmt.Sprint(*tr.Value) != want {
			t.Errorf("%s: %v, want %s (%v)", expr, tr.Value, want, err)
		}
	}
}

func explainAt(t *testing.T, p *eval.Program, c *city, minute float64, readings ...eval.Sample) (eval.Trace, error) {
	t.Helper()
	for _, s := range readings {
		c.points[s.ID] = append(c.points[s.ID], series.Point{T: s.T, V: s.V, Flags: s.Flags, Received: max(s.T, s.Received)})
	}
	tr, err := eval.Explain(t.Context(), p, c.env(), "a", at(minute))
	return tr, err
}

func TestSilence_IsDueAtTheThreshold(t *testing.T) {
	p := rule(t, "time() - timestamp(rain)", nil, "2 > 1800", "3 > 3600")
	expect(t, run(t, p, one("rain", 0.1), 200, val(0, 0), val(10, 0)), "40: a 0→2 at 1800 since 40", "70: a 2→3 at 3600 since 40")
	expect(t, run(t, p, one("rain", 0.1), 60, val(0, 0), val(25, 0, sensing.Bad), val(50, 0)))
	back := val(45, 0)
	back.Received = ms(100) // sent when the line was up again
	expect(t, run(t, p, one("rain", 0.1), 101, val(0, 0), back, val(101, 0)),
		"30: a 0→2 at 1800 since 30", "60: a 2→3 at 3600 since 30", "100: a 3→2 at 3300 since 30", "101: a 2→0 at 0 since 30")
}

func TestFlags(t *testing.T) {
	p := rule(t, "water_level:flags", nil, "2 has frozen|toggling")
	expect(t, run(t, p, one("water_level", 0.01), 20, val(0, 1), val(1, 1, sensing.Frozen), val(2, 1, sensing.Frozen), val(3, 1.1)),
		"1: a 0→2 at 4 since 1", "3: a 2→0 at 0 since 1")
}

func TestEstimated(t *testing.T) {
	p := rule(t, "flood_depth", nil, "2 > 0.2")
	expect(t, run(t, p, one("flood_depth", 0.01), 2, val(0, 0.3, sensing.Estimated)), "0: a 0→2 at 0.3 since 0 estimated")
}

func TestNamedLevels_AreDated(t *testing.T) {
	c := one("water_level", 0.01)
	c.named = func(thing, property string, when time.Time) []sensing.Threshold {
		if thing != "thing-a" || property != "water_level" {
			return nil
		}
		bd := []float64{1, 2, 3}
		if !when.Before(at(120)) {
			bd = []float64{1.5, 2.5, 3.5}
		}
		out := []sensing.Threshold{}
		for i, v := range bd {
			out = append(out, sensing.Threshold{Level: i + 1, Value: v})
		}
		return out
	}
	p := rule(t, "water_level", nil, "2 >= bd1 / < bd1 - 0.05", "3 >= bd2 / < bd2 - 0.05", "4 >= bd3")
	expect(t, run(t, p, c, 130, val(0, 0.99), val(1, 1.0), val(2, 0.96), val(20, 2.0), val(40, 0.95), val(50, 0.94), val(100, 1.2), val(119, 1.2), val(120, 1.2)),
		"1: a 0→2 at 1 since 1", "20: a 2→3 at 2 since 1", "40: a 3→2 at 0.95 since 1", "50: a 2→0 at 0.94 since 1",
		"100: a 0→2 at 1.2 since 100", "120: a 2→0 at 1.2 since 100")
	c.named = nil
	expect(t, run(t, p, c, 2, val(0, 9)))
}

func TestLateReading_IsPutInItsPlace(t *testing.T) {
	p := rule(t, "sum_over_time(rain[1h])", nil, "2 >= 10")
	late := val(5, 6)
	late.Received = ms(22)
	expect(t, run(t, p, one("rain", 0.1), 25, val(0, 1), val(10, 2), val(20, 2), late), "20: a 0→2 at 11 since 20")
	twice := late
	twice.V = 100 // the first stays
	expect(t, run(t, p, one("rain", 0.1), 25, val(0, 1), val(10, 2), val(20, 2), late, twice, val(21, 0)), "20: a 0→2 at 11 since 20")
}

func near(ids ...string) map[string][]eval.Neighbour {
	out := map[string][]eval.Neighbour{}
	for _, a := range ids {
		for i, b := range ids {
			if a != b {
				out["thing-"+a] = append(out["thing-"+a], eval.Neighbour{Thing: "thing-" + b, Km: float64(i + 1)})
			}
		}
	}
	return out
}

func TestGuard_SilentWhileNeighboursRain(t *testing.T) {
	c := one("rain", 0.1)
	c.add("b", "rain", 0.1, time.Minute)
	c.add("c", "rain", 0.1, time.Minute)
	c.near = near("a", "b", "c")
	p := rule(t, `time() - timestamp(rain{datastream="a"})`, func(r *eval.Rule) {
		r.Guard = &eval.Guard{Property: "rain", RadiusKm: 10, Window: time.Hour, Op: ">=", Value: 5, Count: 2}
	}, "2 > 1800")
	on := func(id string, minute, v float64) eval.Sample { return eval.Sample{ID: id, T: ms(minute), V: v} }
	expect(t, run(t, p, c, 200, on("a", 0, 0), on("b", 10, 6), on("c", 20, 2), on("c", 45, 4), on("b", 60, 0), on("b", 75, 0), on("a", 90, 0)),
		"45: a 0→2 at 2700 since 45", "75: a 2→0 at 4500 since 45")
}

func TestNeighbours_OwnMinusMedian(t *testing.T) {
	c := one("rain", 0.1)
	for _, id := range []string{"b", "c", "d"} {
		c.add(id, "rain", 0.1, time.Minute)
	}
	c.near = near("a", "b", "c", "d")
	p := rule(t, `sum_over_time(rain[1h])`, func(r *eval.Rule) {
		r.Kind = eval.KindNeighbours
		r.Guard = &eval.Guard{RadiusKm: 10, Count: 3}
	}, "2 <= -10")
	on := func(id string, minute, v float64) eval.Sample { return eval.Sample{ID: id, T: ms(minute), V: v} }
	expect(t, run(t, p, c, 10, on("a", 0, 0), on("b", 0, 20), on("c", 0, 12), on("d", 0, 2), on("a", 5, 1), on("d", 6, 10)),
		"0: a 0→2 at -12 since 0", "0: d 0→2 at -10 since 0", "6: d 2→0 at 0 since 0")
}

func TestOffer(t *testing.T) {
	p := rule(t, `speed{kind="bus"}`, nil, "2 > 80")
	e := eval.New([]*eval.Program{p}, one("rain", 0).env())
	var got []eval.Transition
	for i, v := range []float64{70, 90, 60} {
		got = append(got, e.Offer("speed", map[string]string{"kind": "bus", "thing": "43B-1"}, at(float64(i)), v)...)
		got = append(got, e.Offer("speed", map[string]string{"kind": "car", "thing": "43A-1"}, at(float64(i)), 99)...)
	}
	if len(got) != 2 || got[0].To != 2 || got[1].To != 0 || got[0].Series.Thing() != "43B-1" {
		t.Errorf("%v", tell(got))
	}
}

func TestExplain_SaysWhyNot(t *testing.T) {
	reasons := func(tr eval.Trace) string {
		var out []string
		for _, r := range tr.Reasons {
			out = append(out, r.Vi)
		}
		return strings.Join(out, "; ")
	}
	p := rule(t, "flood_depth", func(r *eval.Rule) { r.For = 2 * time.Minute }, "2 > 0.20 / < 0.15")
	tr, err := explainAt(t, p, one("flood_depth", 0.01), 3, val(2, 0.18), val(3, 0.9, sensing.OutOfRange))
	if err != nil || tr.State != eval.StateInactive || reasons(tr) != "1 số đo bị cờ out_of_range nên không tính; Chú ý: mức 0,18 chưa quá 0,2" {
		t.Errorf("%v %+v", err, reasons(tr))
	}
	if len(tr.Points) != 2 || !tr.Points[0].Used || tr.Points[1].Used {
		t.Errorf("%+v", tr.Points)
	}
	c := one("flood_depth", 0.01)
	tr, _ = explainAt(t, p, c, 3, val(2, 0.25))
	if tr.State != eval.StatePending || !tr.PendingUntil.Equal(at(4)) || reasons(tr) != "Chú ý: đạt điều kiện nhưng chưa đủ 2 phút" {
		t.Errorf("%+v %s", tr.PendingUntil, reasons(tr))
	}
	tr, _ = explainAt(t, p, c, 6, val(5, 0.18))
	if tr.State != eval.StateFiring || !tr.Since.Equal(at(2)) || reasons(tr) != "Chú ý: giữ vì 0,18 chưa tới ngưỡng tắt 0,15" {
		t.Errorf("%+v %s", tr, reasons(tr))
	}
	tr, _ = explainAt(t, rule(t, "sum_over_time(flood_depth[3h])", nil, "2 > 1"), c, 600)
	if tr.Value != nil || reasons(tr) != "không có số đo trong 3 giờ" {
		t.Errorf("%v %s", tr.Value, reasons(tr))
	}
	if _, err := eval.Explain(t.Context(), p, c.env(), "nobody", at(1)); err == nil {
		t.Error("an unknown series was explained")
	}
}

// TestFlags_FitIntoAPoint: a reading keeps its flags in 16 bits.
func TestFlags_FitIntoAPoint(t *testing.T) {
	if n := len((^sensing.Flags(0)).Names()); n > 16 {
		t.Errorf("%d flags", n)
	}
}

// slowStore answers no question before it is let.
type slowStore struct {
	storage.Queryable
	asked chan struct{}
	let   chan struct{}
}

func (s slowStore) Querier(from, to int64) (storage.Querier, error) {
	s.asked <- struct{}{}
	<-s.let
	return s.Queryable.Querier(from, to)
}

// TestAdvance_LetsReadingsPass: while a general expression waits for the
// store, readings are judged.
func TestAdvance_LetsReadingsPass(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	n := openNhatLe(t, rnd, false)
	w := n.env()
	slow := slowStore{w.Queryable, make(chan struct{}), make(chan struct{})}
	w.Queryable = slow
	e := eval.New([]*eval.Program{
		rule(t, "count(rain > 10)", func(r *eval.Rule) { r.ID = "general" }, "1 >= 0"),
		rule(t, "water_level", func(r *eval.Rule) { r.ID = "plain" }, "1 > 9"),
	}, w)
	go func() { <-slow.asked; slow.let <- struct{}{} }()
	if _, err := e.Warm(t.Context(), n.from, n.from); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, err := e.Advance(t.Context(), n.from.Add(time.Minute))
		done <- err
	}()
	<-slow.asked
	id := ""
	for _, s := range n.list {
		if s.Metric == sensing.WaterLevel {
			id = s.ID
		}
	}
	if ts := e.Observe([]eval.Sample{{ID: id, T: n.from.UnixMilli() + 1000, V: 10}}); len(ts) != 1 {
		t.Error("the reading waits, or is not judged:", tell(ts))
	}
	slow.let <- struct{}{}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
