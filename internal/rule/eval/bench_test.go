package eval_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/series/seriestest"
)

// thousand makes 1,000 rules of ten sorts with a hundred thresholds each. With
// tenth, each selects every tenth series, otherwise all of them.
func thousand(b testing.TB, tenth bool) []*eval.Program {
	exprs := []string{
		"x%s", "sum_over_time(x%s[1h])", "sum_over_time(x%s[3h])", "avg_over_time(x%s[10m])", "max_over_time(x%s[1h])",
		"x%s - x%s offset 1h", "time() - timestamp(x%s)", "count_over_time(x%s[30m])", "min_over_time(x%s[1h]) * 2", "100 * delta(x%s[1h])",
	}
	var out []*eval.Program
	for i := range 1000 {
		where := ""
		if tenth {
			where = fmt.Sprintf(`{tenth="%d"}`, i%10)
		}
		expr := strings.ReplaceAll(exprs[i/100], "%s", where)
		out = append(out, rule(b, expr, func(r *eval.Rule) { r.ID = strconv.Itoa(i); r.For = 2 * time.Minute },
			fmt.Sprintf("2 > %d / < %d", 7200+i, 7100+i), fmt.Sprintf("3 > %d", 9000+i)))
	}
	return out
}

// tenThousand are the series, one a minute each.
func tenThousand() *city {
	c := &city{points: map[string][]series.Point{}}
	for i := range 10_000 {
		c.list = append(c.list, eval.Series{ID: fmt.Sprintf("%026d", i), Metric: "x", Resolution: 0.01, Rhythm: time.Minute,
			Labels: map[string]string{"thing": strconv.Itoa(i), "tenth": strconv.Itoa(i % 10)}})
	}
	return c
}

// minuteOf is one reading of every series.
func minuteOf(c *city, m int, rnd *rand.Rand) []eval.Sample {
	out := make([]eval.Sample, len(c.list))
	for i := range c.list {
		out[i] = eval.Sample{ID: c.list[i].ID, T: ms(float64(m)), V: math.Round(rnd.Float64()*4000) / 100}
	}
	return out
}

func resident(b testing.TB) float64 {
	runtime.GC()
	debug.FreeOSMemory()
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("no /proc")
	}
	for _, line := range strings.Split(string(data), "\n") {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "RssAnon:" {
			kb, _ := strconv.ParseFloat(f[1], 64)
			return kb / 1024
		}
	}
	return 0
}

// cpu is the processor time used so far: what counts on a machine that is
// shared.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkFull evaluates every rule on every series it selects, once an
// iteration: a new reading of each of 10,000 series. "tenth" are 1,000 rules
// that each select 1,000 of the series, 1 million pairs; "all" are 1,000
// rules that each select all, 10 million pairs. It reports what the engine
// adds to the resident set: MB-rules before any reading, MB with three hours
// of them ("all": 20 minutes), one a minute.
func BenchmarkFull(b *testing.B) {
	for _, name := range []string{"tenth", "all"} {
		b.Run(name, func(b *testing.B) {
			c := tenThousand()
			rules := thousand(b, name == "tenth")
			rnd := rand.New(rand.NewPCG(1, 1))
			before := resident(b)
			e := eval.New(rules, c.env())
			if _, err := e.Warm(b.Context(), t0, t0); err != nil {
				b.Fatal(err)
			}
			built := resident(b)
			pairs, fill := 1e6, 185
			if name == "all" {
				pairs, fill = 1e7, 20
			}
			m := 0
			for ; m < fill; m++ {
				e.Observe(minuteOf(c, m, rnd))
			}
			filled := resident(b)
			n, start := 0, cpu()
			var spent time.Duration
			for b.Loop() {
				b.StopTimer()
				batch := minuteOf(c, m, rnd)
				m++
				b.StartTimer()
				start = cpu()
				if ts := e.Observe(batch); len(ts) > 0 {
					b.Fatal("a rule fired", tell(ts[:1]))
				}
				if _, err := e.Advance(context.Background(), at(float64(m-1))); err != nil {
					b.Fatal(err)
				}
				spent += cpu() - start
				n++
			}
			b.ReportMetric(pairs*float64(n)/b.Elapsed().Seconds(), "pairs/s")
			b.ReportMetric(spent.Seconds()/float64(n), "cpu-s/full")
			b.ReportMetric(built-before, "MB-rules")
			b.ReportMetric(filled-before, "MB")
		})
	}
}

// BenchmarkObserve feeds single readings in batches of 500, each judged by
// the 100 rules that select its series.
func BenchmarkObserve(b *testing.B) {
	c := tenThousand()
	e := eval.New(thousand(b, true), c.env())
	if _, err := e.Warm(b.Context(), t0, t0); err != nil {
		b.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	n, m := 0, 0
	rest := minuteOf(c, m, rnd)
	for b.Loop() {
		if len(rest) < 500 {
			b.StopTimer()
			m++
			rest = minuteOf(c, m, rnd)
			b.StartTimer()
		}
		e.Observe(rest[:500])
		rest = rest[500:]
		n += 500
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "obs/s")
}

// BenchmarkBacktestYear back-tests rules over readings at one a minute from a
// real store. IOC_BENCH_STATIONS and IOC_BENCH_DAYS say how much: 12 stations
// and 30 days unless set, 300 and 365 are a year of the city. ns/point is
// processor time, all cores together.
func BenchmarkBacktestYear(b *testing.B) {
	stations, days := env("IOC_BENCH_STATIONS", 12), env("IOC_BENCH_DAYS", 30)
	dir := os.Getenv("IOC_BENCH_DIR")
	if dir == "" {
		dir = b.TempDir()
	}
	c := &city{}
	var metas []series.Meta
	for i := range stations {
		s := eval.Series{ID: fmt.Sprintf("%026d", i), Metric: "water_level", Resolution: 0.01, Rhythm: time.Minute, Labels: map[string]string{"thing": strconv.Itoa(i)}}
		c.list = append(c.list, s)
		metas = append(metas, series.Meta{ID: s.ID, Metric: s.Metric, Labels: s.Labels, Resolution: s.Resolution, Rhythm: s.Rhythm})
	}
	db := seriestest.OpenDir(b, dir, metas...)
	minutes := days * 1440
	if last, ok := db.Last(c.list[stations-1].ID); !ok || last.T < ms(float64(minutes-1)) {
		fill(b, db, c, minutes)
	}
	w := c.env()
	w.Scan = db.Scan
	for _, x := range []struct{ name, expr, level string }{
		{"threshold", "water_level", "3 >= 4.5 / < 4.2"},
		{"rise", "water_level - water_level offset 1h", "3 >= 1.2 / < 0.4"},
		{"sum", "sum_over_time(water_level[3h])", "3 > 900 / < 800"},
		{"silence", "time() - timestamp(water_level)", "3 > 1800"},
	} {
		b.Run(x.name, func(b *testing.B) {
			p := rule(b, x.expr, func(r *eval.Rule) { r.For = 5 * time.Minute }, x.level)
			var points int64
			start := cpu()
			for b.Loop() {
				res, err := eval.Backtest(b.Context(), p, w, at(0), at(float64(minutes)), nil)
				if err != nil || res.Points < int64(stations*minutes) {
					b.Fatal(res.Points, err)
				}
				points += res.Points
			}
			b.ReportMetric(float64((cpu()-start).Nanoseconds())/float64(points), "cpu-ns/point")
			b.ReportMetric(float64(points)/b.Elapsed().Seconds()/1e6, "Mpoints/s")
		})
	}
}

func env(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// fill stores levels of tidal rivers, with a ripple and floods.
func fill(b *testing.B, db *series.DB, c *city, minutes int) {
	const piece = 1440
	for from := 0; from < minutes; from += piece {
		for i, s := range c.list {
			rnd := rand.New(rand.NewPCG(uint64(i), uint64(from)))
			batch := make([]series.Sample, 0, piece)
			for m := from; m < min(minutes, from+piece); m++ {
				h := float64(m) / 60
				v := 2 + float64(i%7)/3 + 0.6*math.Sin(h/1.98+float64(i)) + 1.5*math.Max(0, math.Sin(h/60+float64(i))-0.7)
				if rnd.IntN(3) == 0 {
					v += float64(rnd.IntN(3)-1) / 100
				}
				batch = append(batch, series.Sample{ID: s.ID, T: ms(float64(m)), V: math.Round(v*100) / 100, Received: ms(float64(m))})
			}
			if res, err := db.Append(b.Context(), batch); err != nil || res.Stored != len(batch) {
				b.Fatal(res, err)
			}
		}
	}
	if err := db.Compact(); err != nil {
		b.Fatal(err)
	}
}
