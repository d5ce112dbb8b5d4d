package eval_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/series/seriestest"
)

// nhatle is the flood of October 2020 in a real store, made worse: readings
// late, missing and flagged, by chance.
type nhatle struct {
	db   *series.DB
	list []eval.Series
	come []eval.Sample // in the order they come
	from time.Time
	to   time.Time
}

func openNhatLe(t *testing.T, rnd *rand.Rand, lateness bool) *nhatle {
	t.Helper()
	n := &nhatle{}
	column := map[string]string{} // rain and level columns → series
	for _, row := range table(t, "stations.csv") {
		s := eval.Series{ID: row["thing"], Metric: sensing.WaterLevel, Resolution: 0.01, Rhythm: time.Hour, Unit: "m",
			Labels: map[string]string{"thing": row["thing"], "name": row["name"]}}
		if row["kind"] == "rain_gauge" {
			s.Metric, s.Resolution, s.Unit = sensing.Rain, 0.1, "mm"
		}
		column[s.Metric+row["column"]] = s.ID
		n.list = append(n.list, s)
	}
	var metas []series.Meta
	for _, s := range n.list {
		metas = append(metas, series.Meta{ID: s.ID, Metric: s.Metric, Labels: s.Labels, Resolution: s.Resolution, Rhythm: s.Rhythm})
	}
	n.db = seriestest.Open(t, metas...)
	put := func(id, local, value string) {
		v, err := strconv.ParseFloat(value, 64)
		if id == "" || err != nil || rnd.IntN(15) == 0 {
			return
		}
		when, err := time.Parse("2006-01-02 15:04", local)
		if err != nil {
			t.Fatal(err)
		}
		s := eval.Sample{ID: id, T: when.Add(-7 * time.Hour).UnixMilli(), V: v}
		s.Received = s.T
		switch rnd.IntN(12) {
		case 0:
			s.Flags = sensing.OutOfRange
		case 1:
			s.Flags = sensing.Estimated
		case 2:
			s.Flags = sensing.Frozen
		}
		if lateness && rnd.IntN(8) == 0 {
			s.Received += 61_000 + rnd.Int64N(4*3600_000)
		}
		n.come = append(n.come, s)
	}
	for _, row := range table(t, "rain_hourly.csv") {
		for c, v := range row {
			put(column[sensing.Rain+c], row["time_local"], v)
		}
	}
	for _, row := range table(t, "level.csv") {
		put(column[sensing.WaterLevel+row["station"]], row["time_local"], row["level_m"])
	}
	var batch []series.Sample
	for _, s := range n.come {
		batch = append(batch, series.Sample(s))
	}
	if res, err := n.db.Append(t.Context(), batch); err != nil || res.Stored != len(batch) {
		t.Fatal(res, err)
	}
	slices.SortFunc(n.come, func(a, b eval.Sample) int {
		for _, d := range []int64{arrived(a) - arrived(b), a.T - b.T} {
			if d != 0 {
				return int(max(-1, min(1, d)))
			}
		}
		return strings.Compare(a.ID, b.ID)
	})
	n.from = time.UnixMilli(n.come[0].T).Add(-time.Hour)
	n.to = time.UnixMilli(arrived(n.come[len(n.come)-1])).Add(12 * time.Hour)
	return n
}

func arrived(s eval.Sample) int64 {
	if s.Received-s.T > 60_000 {
		return s.T + (s.Received-s.T+500)/1000*1000
	}
	return s.T
}

func table(t *testing.T, name string) []map[string]string {
	t.Helper()
	f, err := os.Open("../../scenario/data/nhatle/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, r := range rows[1:] {
		m := map[string]string{}
		for i, c := range r {
			m[rows[0][i]] = c
		}
		out = append(out, m)
	}
	return out
}

func (n *nhatle) env() eval.Env {
	return eval.Env{
		Series:    func() []eval.Series { return n.list },
		Scan:      n.db.Scan,
		Queryable: n.db.Queryable(),
		Thresholds: func(thing, property string, when time.Time) []sensing.Threshold {
			if property != sensing.WaterLevel || thing == "river-my-trung-up" {
				return nil
			}
			lower := 0.0
			if when.Before(time.Date(2020, 10, 9, 17, 0, 0, 0, time.UTC)) {
				lower = 0.5 // a decree changed them
			}
			return []sensing.Threshold{{Level: 1, Value: 1.2 - lower}, {Level: 2, Value: 2.2 - lower}, {Level: 3, Value: 2.7 - lower}}
		},
		Neighbours: func(thing string, km float64) []eval.Neighbour {
			var out []eval.Neighbour
			for i, s := range n.list {
				if s.Labels["thing"] != thing {
					out = append(out, eval.Neighbour{Thing: s.Labels["thing"], Km: float64(i)})
				}
			}
			return out
		},
	}
}

// floodRules are rules of every sort.
func floodRules(t *testing.T) []*eval.Program {
	named := func(id string, change func(*eval.Rule)) func(*eval.Rule) {
		return func(r *eval.Rule) {
			r.ID = id
			if change != nil {
				change(r)
			}
		}
	}
	return []*eval.Program{
		rule(t, "water_level", named("alarm", func(r *eval.Rule) { r.For = 2 * time.Hour }), "2 >= bd1 / < bd1 - 0.05", "3 >= bd2 / < bd2 - 0.05", "4 >= bd3 / < bd3 - 0.05"),
		rule(t, "water_level", named("alarm-at-once", func(r *eval.Rule) { r.KeepFiring = 90 * time.Minute }), "2 >= bd1", "3 >= bd2", "4 >= bd3"),
		rule(t, "water_level - water_level offset 1h", named("rise", nil), "2 >= 0.3 / < 0.1", "3 >= 0.5 / < 0.3"),
		rule(t, "sum_over_time(rain[3h])", named("rain", func(r *eval.Rule) { r.For = 20 * time.Minute }), "2 >= 30 / < 20", "3 >= 60", "4 >= 100"),
		rule(t, "max_over_time(rain[6h]) / 6", named("max", nil), "1 > 2", "2 > 5"),
		rule(t, "60 * deriv(water_level[5h])", named("deriv", nil), "1 > 0.001 / < 0"),
		rule(t, "time() - timestamp(rain)", named("silent", nil), "2 > 7200", "3 > 10800"),
		rule(t, "water_level:flags", named("frozen", func(r *eval.Rule) { r.KeepFiring = time.Hour }), "1 has frozen|toggling"),
		rule(t, "time() - timestamp(rain)", named("silent-in-rain", func(r *eval.Rule) {
			r.Guard = &eval.Guard{Property: "rain", RadiusKm: 50, Window: 3 * time.Hour, Op: ">=", Value: 5, Count: 1}
			r.For = 30 * time.Minute
		}), "2 > 4000"),
		rule(t, "sum_over_time(rain[6h])", named("drier", func(r *eval.Rule) {
			r.Kind = eval.KindNeighbours
			r.Guard = &eval.Guard{RadiusKm: 50, Count: 2}
		}), "1 < -20 / > -5", "2 < -60"),
		rule(t, "avg_over_time(water_level[3h]) - min_over_time(water_level[6h])", named("general", func(r *eval.Rule) {
			r.Every = 10 * time.Minute
			r.For = 25 * time.Minute
		}), "1 > 0.5 / < 0.3", "2 > 1"),
		rule(t, "count(rain > 10)", named("many", nil), "1 >= 1", "2 >= 2"),
	}
}

// line tells a change for comparison.
func line(rule, id string, when time.Time, to eval.Severity, v *float64) string {
	value := "none"
	if v != nil {
		value = strconv.FormatFloat(*v, 'g', 12, 64)
	}
	return fmt.Sprintf("%s %s %s →%d at %s", rule, id, when.UTC().Format("02 15:04:05.000"), to, value)
}

func (n *nhatle) backtest(t *testing.T, rules []*eval.Program) []string {
	t.Helper()
	var out []string
	for _, p := range rules {
		res, err := eval.Backtest(t.Context(), p, n.env(), n.from, n.to, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range res.Firings {
			for _, c := range f.Changes {
				out = append(out, line(p.Rule().ID, f.Series.ID, c.At, c.To, c.Value))
			}
		}
	}
	slices.Sort(out)
	return out
}

// live runs all rules at once on batches cut by chance. Between batches, time
// passes as far as nothing is on its way. With restarts, the engine dies now
// and then and goes on from what was kept.
func (n *nhatle) live(t *testing.T, rules []*eval.Program, rnd *rand.Rand, restart string) []string {
	t.Helper()
	ctx := context.Background()
	e := eval.New(rules, n.env())
	if _, err := e.Warm(ctx, n.from, n.from); err != nil {
		t.Fatal(err)
	}
	var all []eval.Transition
	kept := map[string]eval.Machine{}
	take := func(ts []eval.Transition, err error) {
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range ts {
			kept[x.Rule+x.Series.ID] = x.Machine
			if x.Trace == nil {
				t.Fatal("a live transition has no trace")
			}
		}
		all = append(all, ts...)
	}
	now := n.from.UnixMilli()
	for rest := n.come; len(rest) > 0; {
		k := min(len(rest), 1+rnd.IntN(25))
		take(e.Observe(rest[:k]), nil)
		now = max(now, arrived(rest[k-1]))
		rest = rest[k:]
		if len(rest) > 0 && rnd.IntN(2) == 0 {
			if next := arrived(rest[0]); next > now {
				now += rnd.Int64N(next - now)
				take(e.Advance(ctx, time.UnixMilli(now)))
			}
		}
		if restart == "" || rnd.IntN(20) != 0 {
			continue
		}
		if len(rest) > 0 && arrived(rest[0]) == now {
			continue // the store cannot tell what of one instant had come
		}
		st := eval.State{At: now}
		if restart == "state" {
			st = e.State()
		} else {
			take(e.Advance(ctx, time.UnixMilli(now)))
			for _, m := range kept {
				st.Machines = append(st.Machines, m)
			}
		}
		e = eval.New(rules, n.env())
		e.Restore(st)
		take(e.Warm(ctx, time.UnixMilli(st.At), time.UnixMilli(now)))
	}
	take(e.Advance(ctx, n.to))
	var out []string
	for _, x := range all {
		out = append(out, line(x.Rule, x.Series.ID, x.At, x.To, x.Value))
	}
	slices.Sort(out)
	return out
}

func same(t *testing.T, got, want []string) {
	t.Helper()
	seen := map[string]int{}
	for _, l := range want {
		seen[l]++
	}
	for _, l := range got {
		seen[l]--
	}
	bad := []string{}
	for l, n := range seen {
		if n != 0 {
			bad = append(bad, fmt.Sprintf("%+d %s", n, l))
		}
	}
	slices.SortFunc(bad, func(a, b string) int { return strings.Compare(a[3:], b[3:]) })
	if len(bad) > 0 {
		t.Errorf("%d lines, want %d; only in one (+ missing, - too many):\n%s", len(got), len(want), strings.Join(bad[:min(len(bad), 20)], "\n"))
	}
}

// TestLive_EqualsBacktest: the same data give the same changes, however they
// are cut and whenever time is let pass.
func TestLive_EqualsBacktest(t *testing.T) {
	for seed := range uint64(3) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		n := openNhatLe(t, rnd, seed%2 == 1)
		rules := floodRules(t)
		want := n.backtest(t, rules)
		per := map[string]int{}
		for _, l := range want {
			id, _, _ := strings.Cut(l, " ")
			per[id]++
		}
		if seed == 0 {
			t.Log(len(want), "changes:", per)
		}
		for _, p := range rules {
			if per[p.Rule().ID] == 0 {
				t.Errorf("the rule %s never fires: nothing is tested", p.Rule().ID)
			}
		}
		same(t, n.live(t, rules, rnd, ""), want)
	}
}

// TestRestart_LosesAndDoublesNothing ends the engine at random points.
func TestRestart_LosesAndDoublesNothing(t *testing.T) {
	for seed := range uint64(3) {
		for _, how := range []string{"state", "transitions"} {
			t.Run(fmt.Sprint(how, seed), func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(seed, 2))
				n := openNhatLe(t, rnd, seed%2 == 1)
				rules := floodRules(t)
				same(t, n.live(t, rules, rnd, how), n.backtest(t, rules))
			})
		}
	}
}

// TestSwap_LeavesTheOthers: while one rule changes its version again and
// again, the others tell what they tell alone, and the changed one comes to
// stand where it would.
func TestSwap_LeavesTheOthers(t *testing.T) {
	for seed := range uint64(4) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		n := openNhatLe(t, rnd, seed%2 == 1)
		rules := floodRules(t)
		swapped := rnd.IntN(len(rules))
		id := rules[swapped].Rule().ID
		var others []*eval.Program
		for i, p := range rules {
			if i != swapped {
				others = append(others, p)
			}
		}
		e := eval.New(rules, n.env())
		var got []string
		take := func(ts []eval.Transition, err error) {
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range ts {
				if x.Rule != id {
					got = append(got, line(x.Rule, x.Series.ID, x.At, x.To, x.Value))
				}
			}
		}
		take(e.Warm(t.Context(), n.from, n.from))
		version := 1
		for i, x := range n.come {
			take(e.Observe([]eval.Sample{x}), nil)
			if rnd.IntN(30) != 0 || i+1 == len(n.come) || arrived(n.come[i+1]) == arrived(x) {
				continue
			}
			now := time.UnixMilli(arrived(x))
			take(e.Advance(t.Context(), now))
			version++
			r := rules[swapped].Rule()
			r.Version = version
			p, err := eval.Compile(r)
			if err != nil {
				t.Fatal(err)
			}
			next := slices.Clone(rules)
			next[swapped] = p
			if rnd.IntN(3) == 0 {
				next = others
			}
			take(e.SetRules(next), nil)
			take(e.Warm(t.Context(), now.Add(-time.Hour), now))
		}
		take(e.Advance(t.Context(), n.to))
		slices.Sort(got)
		same(t, got, n.backtest(t, others))
	}
}
