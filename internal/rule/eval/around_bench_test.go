package eval_test

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/series/seriestest"
)

// gauges is a city of rain gauges on a square grid of 2 km, readings every
// step minutes from a real store: storms that cross it, gauges that fall
// silent for an hour now and then, some for days.
func gauges(b *testing.B, stations, days, step int) eval.Env {
	side := int(math.Ceil(math.Sqrt(float64(stations))))
	c := &city{near: map[string][]eval.Neighbour{}}
	var metas []series.Meta
	for i := range stations {
		thing := strconv.Itoa(i)
		s := eval.Series{ID: fmt.Sprintf("%026d", i), Metric: "rain", Resolution: 0.1, Rhythm: time.Duration(step) * time.Minute, Labels: map[string]string{"thing": thing}}
		c.list = append(c.list, s)
		metas = append(metas, series.Meta{ID: s.ID, Metric: s.Metric, Labels: s.Labels, Resolution: s.Resolution, Rhythm: s.Rhythm})
		for j := range stations {
			if km := 2 * math.Hypot(float64(i%side-j%side), float64(i/side-j/side)); i != j && km <= 20 {
				c.near[thing] = append(c.near[thing], eval.Neighbour{Thing: strconv.Itoa(j), Km: km})
			}
		}
	}
	dir := os.Getenv("IOC_BENCH_DIR")
	if dir == "" {
		dir = b.TempDir()
	}
	db := seriestest.OpenDir(b, dir, metas...)
	w := c.env()
	w.Scan = db.Scan
	if _, ok := db.Last(c.list[0].ID); ok {
		return w
	}
	spread := env("IOC_BENCH_SPREAD", 1000) // ms; 0 has all gauges report at once
	until := make([]int, stations)          // silent up to this minute
	rnd := rand.New(rand.NewPCG(7, 7))
	for day := range days {
		for i, s := range c.list {
			var batch []series.Sample
			for m := day * 1440; m < (day+1)*1440; m += step {
				switch n := rnd.IntN(200_000); {
				case n < 8*step:
					until[i] = m + 30 + rnd.IntN(90)
				case n == 8*step:
					until[i] = m + 1440*rnd.IntN(5)
				}
				if m < until[i] {
					continue
				}
				v := 0.0
				if storm := math.Sin(float64(m)/900 + float64(i%side)/3); storm > 0.9 {
					v = math.Round(float64(rnd.IntN(4*step))*storm) / 10
				}
				t := ms(float64(m)) + int64(spread*(i*7%60))
				batch = append(batch, series.Sample{ID: s.ID, T: t, V: v, Received: t})
			}
			if res, err := db.Append(b.Context(), batch); err != nil || res.Stored != len(batch) {
				b.Fatal(res, err)
			}
		}
	}
	if err := db.Compact(); err != nil {
		b.Fatal(err)
	}
	return w
}

// aroundRules are rules that look around.
func aroundRules(t testing.TB, km float64) map[string]*eval.Program {
	return map[string]*eval.Program{
		"silent": rule(t, "time() - timestamp(rain)", func(r *eval.Rule) {
			r.Guard = &eval.Guard{Property: "rain", RadiusKm: km, Window: 30 * time.Minute, Op: ">=", Value: 1, Count: 2}
		}, "2 > 1800"),
		"sum": rule(t, "sum_over_time(rain[1h])", func(r *eval.Rule) {
			r.Guard = &eval.Guard{Property: "rain", RadiusKm: km, Window: time.Hour, Op: ">=", Value: 5, Count: 2}
			r.For = 5 * time.Minute
		}, "2 >= 10 / < 6"),
		"neighbours": rule(t, "sum_over_time(rain[3h])", func(r *eval.Rule) {
			r.Kind = eval.KindNeighbours
			r.Guard = &eval.Guard{RadiusKm: km, Count: 3}
		}, "2 < -20 / > -5"),
	}
}

// BenchmarkBacktestAround back-tests rules that look around.
// IOC_BENCH_STATIONS, IOC_BENCH_DAYS and IOC_BENCH_STEP (minutes) say how
// much: 85, 14 and 10 unless set. firings and hash tell whether two builds
// find the same.
func BenchmarkBacktestAround(b *testing.B) {
	stations, days := env("IOC_BENCH_STATIONS", 85), env("IOC_BENCH_DAYS", 14)
	w := gauges(b, stations, days, env("IOC_BENCH_STEP", 10))
	rules := aroundRules(b, float64(env("IOC_BENCH_KM", 10)))
	for _, name := range sorted(rules) {
		b.Run(name, func(b *testing.B) {
			var points int64
			var res eval.Result
			start := cpu()
			for b.Loop() {
				var err error
				if res, err = eval.Backtest(b.Context(), rules[name], w, at(0), at(float64(days)*1440), nil); err != nil {
					b.Fatal(err)
				}
				points += res.Points
			}
			h := fnv.New32a()
			for _, f := range res.Firings {
				for _, c := range f.Changes {
					fmt.Fprintln(h, line("", f.Series.ID, c.At, c.To, c.Value), f.Since)
				}
			}
			b.ReportMetric(float64((cpu()-start).Nanoseconds())/float64(points), "cpu-ns/point")
			b.ReportMetric(float64(len(res.Firings)), "firings")
			b.ReportMetric(float64(h.Sum32()), "hash")
		})
	}
}

// BenchmarkFiresNow asks, as Check does, where a rule fires.
func BenchmarkFiresNow(b *testing.B) {
	stations := env("IOC_BENCH_STATIONS", 300)
	w := gauges(b, stations, 8, env("IOC_BENCH_STEP", 1))
	rules := aroundRules(b, float64(env("IOC_BENCH_KM", 10)))
	for _, name := range sorted(rules) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := eval.FiresNow(b.Context(), rules[name], w, at(8*1440-200)); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"-explain", func(b *testing.B) {
			for b.Loop() {
				if _, err := eval.Explain(b.Context(), rules[name], w, fmt.Sprintf("%026d", 150), at(8*1440-200)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
