package eval_test

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
)

// TestAround_LiveEqualsBacktest: rules that look around tell the same live
// and in a back-test, which passes over what cannot matter, whatever is late,
// missing, flagged or of another rhythm.
func TestAround_LiveEqualsBacktest(t *testing.T) {
	exprs := []string{
		"x", "-2 * x", "sum_over_time(x[%dm])", "max_over_time(x[%dm])", "min_over_time(x[%dm])", "avg_over_time(x[%dm])", "count_over_time(x[%dm])",
		"delta(x[%dm])", "increase(x[%dm])", "x - x offset %dm", "last_over_time(x[%dm])", "time() - timestamp(x)", "x:flags",
	}
	total := 0
	rapid.Check(t, func(t *rapid.T) {
		c := &city{points: map[string][]series.Point{}, near: map[string][]eval.Neighbour{}}
		c.named = func(thing, _ string, when time.Time) []sensing.Threshold {
			return []sensing.Threshold{{Level: 1, Value: float64(len(thing)%2 + when.Hour()%3)}}
		}
		n := rapid.IntRange(2, 6).Draw(t, "stations")
		end := rapid.IntRange(200, 2000).Draw(t, "minutes")
		type come struct {
			s eval.Sample
			a int64
		}
		var list []come
		for i := range n {
			id := strconv.Itoa(i)
			step := rapid.SampledFrom([]int{1, 7, 10, 60}).Draw(t, "step")
			c.add(id, "x", 0.1, time.Duration(step)*time.Minute)
			for j := range n {
				if j != i {
					c.near["thing-"+id] = append(c.near["thing-"+id], eval.Neighbour{Thing: "thing-" + strconv.Itoa(j), Km: float64(j + 1)})
				}
			}
			spread := rapid.Int64Range(0, 59).Draw(t, "spread") * 1000 * rapid.Int64Range(0, 1).Draw(t, "spreads")
			lag := rapid.SampledFrom([]int64{0, 0, 5, 50, 300}).Draw(t, "lag")
			all := rapid.Bool().Draw(t, "all late")
			top := rapid.SampledFrom([]int{0, 3, 9}).Draw(t, "top")
			low := -rapid.SampledFrom([]int{0, 0, 2}).Draw(t, "low")
			gap := 0
			seed := rapid.Uint64().Draw(t, "seed")
			chance := func(k int) bool { seed = seed*6364136223846793005 + 1442695040888963407; return int(seed>>33)%k == 0 }
			pick := func(k int) int { chance(1); return int(seed>>33) % k }
			for m := 0; m < end; m += step {
				if chance(40) {
					gap = m + pick(200)
				}
				if m < gap {
					continue
				}
				p := series.Point{T: ms(float64(m)) + spread, V: float64(low + pick(top-low+1))}
				p.Received = p.T
				if chance(9) {
					p.V += float64(pick(100))
				}
				switch pick(12) {
				case 0:
					p.Flags = sensing.Bad
				case 1:
					p.Flags = sensing.Estimated
				}
				if lag > 0 && (all || chance(8)) {
					p.Received += 61_000 + int64(pick(int(lag*60)))*1000
				}
				c.points[id] = append(c.points[id], p)
				list = append(list, come{eval.Sample{ID: id, T: p.T, V: p.V, Flags: p.Flags, Received: p.Received}, 0})
			}
		}
		for i := range list {
			list[i].a = arrived(list[i].s)
		}
		slices.SortStableFunc(list, func(a, b come) int { return cmp.Or(cmp.Compare(a.a, b.a), cmp.Compare(a.s.T, b.s.T)) })
		r := eval.Rule{ID: "r", Version: 1, Guard: &eval.Guard{RadiusKm: 100, Count: rapid.IntRange(1, 3).Draw(t, "count")}}
		r.Expr = rapid.SampledFrom(exprs).Draw(t, "expr")
		if len(r.Expr) > 3 && r.Expr[len(r.Expr)-2] != 'x' && r.Expr != "x:flags" && r.Expr != "-2 * x" && r.Expr != "time() - timestamp(x)" {
			r.Expr = fmt.Sprintf(r.Expr, rapid.IntRange(1, 400).Draw(t, "window"))
		}
		silence, flags := r.Expr == "time() - timestamp(x)", r.Expr == "x:flags"
		neighbours := !silence && !flags && rapid.Bool().Draw(t, "neighbours")
		if neighbours {
			r.Kind = eval.KindNeighbours
		}
		if !neighbours || rapid.Bool().Draw(t, "guard") {
			r.Guard.Property, r.Guard.Window = "x", time.Duration(rapid.IntRange(1, 300).Draw(t, "guard window"))*time.Minute
			r.Guard.Op, r.Guard.Value = rapid.SampledFrom([]string{">", ">=", "<", "<="}).Draw(t, "op"), float64(rapid.IntRange(-3, 90).Draw(t, "value"))
		}
		r.For = time.Duration(rapid.SampledFrom([]int{0, 0, 3, 40}).Draw(t, "for")) * time.Minute
		r.KeepFiring = time.Duration(rapid.SampledFrom([]int{0, 0, 3, 40}).Draw(t, "keep")) * time.Minute
		op := rapid.SampledFrom([]string{">", ">=", "<", "<=", "==", "!="}).Draw(t, "raise op")
		for i := range rapid.IntRange(1, 2).Draw(t, "levels") {
			v := float64(rapid.IntRange(-5, 60).Draw(t, "raise"))
			l := eval.Level{Severity: eval.Severity(i + 2), Raise: eval.Threshold{Op: op, Value: v}}
			switch {
			case flags:
				l.Raise = eval.Threshold{Op: "has", Flags: sensing.Estimated}
			case silence:
				l.Raise = eval.Threshold{Op: ">", Value: float64(60 * rapid.IntRange(5, 90).Draw(t, "silence"))}
			case !neighbours && rapid.IntRange(0, 5).Draw(t, "named") == 0:
				l.Raise = eval.Threshold{Op: op, Ref: "bd1", Offset: v}
			case (op == ">" || op == ">=") && rapid.Bool().Draw(t, "hysteresis"):
				l.Clear = eval.Threshold{Op: "<", Value: v - 3}
			}
			r.Levels = append(r.Levels, l)
		}
		p, err := eval.Compile(r)
		if err != nil {
			t.Fatal(err, r)
		}
		to := at(float64(end + 100))
		res, err := eval.Backtest(t.Context(), p, c.env(), at(-1), to, nil)
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for _, f := range res.Firings {
			for _, ch := range f.Changes {
				want = append(want, line("r", f.Series.ID, ch.At, ch.To, ch.Value))
			}
		}
		e := eval.New([]*eval.Program{p}, c.env())
		if _, err := e.Warm(t.Context(), at(-1), at(-1)); err != nil {
			t.Fatal(err)
		}
		take := func(ts []eval.Transition, err error) {
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range ts {
				got = append(got, line("r", x.Series.ID, x.At, x.To, x.Value))
			}
		}
		seed := rapid.Int().Draw(t, "cut")
		for i := 0; i < len(list) && list[i].a <= to.UnixMilli(); i++ {
			take(e.Observe([]eval.Sample{list[i].s}), nil)
			if seed = seed*48271%0x7fffffff + 1; seed%5 == 0 && i+1 < len(list) && list[i+1].a > list[i].a {
				take(e.Advance(t.Context(), time.UnixMilli(min(to.UnixMilli(), (list[i].a+list[i+1].a)/2))))
			}
		}
		take(e.Advance(t.Context(), to))
		total += len(want)
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			for i := range max(len(got), len(want)) {
				if i >= len(got) || i >= len(want) || got[i] != want[i] {
					t.Fatalf("%+v\nguard %+v\n%d live, %d back-tested; first difference:\n live %q\n test %q", r, *r.Guard, len(got), len(want), got[i:min(len(got), i+1)], want[i:min(len(want), i+1)])
				}
			}
		}
		// What fires at the end is found by looking back, too.
		fires := map[string]bool{}
		for _, m := range e.State().Machines {
			fires[m.Series] = m.Active != 0
		}
		for _, s := range c.list {
			tr, err := eval.Explain(t.Context(), p, c.env(), s.ID, to)
			if err != nil || tr.Fired != fires[s.ID] {
				t.Fatalf("%+v\nguard %+v\n%s: explained %v, live %v, %v", r, *r.Guard, s.ID, tr.Fired, fires[s.ID], err)
			}
		}
	})
	t.Log(total, "changes")
}

// TestRestart_KeepsALongGuardedSilence: a gauge that has been silent for much
// longer than its readings are kept fires on after a restart.
func TestRestart_KeepsALongGuardedSilence(t *testing.T) {
	c := &city{points: map[string][]series.Point{}, near: map[string][]eval.Neighbour{"thing-a": {{Thing: "thing-b", Km: 1}}}}
	c.add("a", "rain", 0.1, time.Minute)
	c.add("b", "rain", 0.1, time.Minute)
	for m := range 3000 {
		p := series.Point{T: ms(float64(m)), Received: ms(float64(m)), V: 1}
		if m < 10 {
			c.points["a"] = append(c.points["a"], p)
		}
		c.points["b"] = append(c.points["b"], p)
	}
	p := rule(t, "time() - timestamp(rain)", func(r *eval.Rule) {
		r.Guard = &eval.Guard{Property: "rain", RadiusKm: 10, Window: time.Hour, Op: ">=", Value: 2, Count: 1}
	}, "2 > 36000")
	e := eval.New([]*eval.Program{p}, c.env())
	if _, err := e.Warm(t.Context(), t0, at(2000)); err != nil {
		t.Fatal(err)
	}
	st := e.State()
	if len(st.Machines) != 1 || st.Machines[0].Severity != 2 {
		t.Fatalf("%+v", st)
	}
	e = eval.New([]*eval.Program{p}, c.env())
	e.Restore(st)
	ts, err := e.Warm(t.Context(), at(2000), at(2500))
	if err != nil || len(ts) > 0 || len(e.State().Machines) != 1 {
		t.Fatal("the restart told", tell(ts), err, e.State())
	}
}
