package series_test

import (
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"

	"openioc.org/ioc/internal/series"
)

const stations = 300

// river makes levels like those of a gauge read each minute: a slow tide and
// floods, a ripple of a centimetre or two, repeats in between, two decimals.
type river struct {
	rnd   *rand.Rand
	base  float64
	phase float64
}

func newRiver(i int) *river {
	r := rand.New(rand.NewPCG(1, uint64(i)))
	return &river{rnd: r, base: 0.5 + 5*r.Float64(), phase: r.Float64() * 10}
}

func (r *river) at(minute int) float64 {
	h := float64(minute) / 60
	v := r.base + 0.6*math.Sin(h/1.98+r.phase) + 1.5*math.Max(0, math.Sin(h/60+r.phase)-0.7)
	if r.rnd.IntN(3) == 0 {
		v += float64(r.rnd.IntN(3)-1) / 100
	}
	return math.Round(v*100) / 100
}

func stationID(i int) string { return fmt.Sprintf("01JC%022d", i) }

func benchStore(b testing.TB, dir string) *series.DB {
	db, err := series.Open(series.Options{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	for i := range stations {
		m := series.Meta{ID: stationID(i), Metric: "water_level", Resolution: 0.01, Rhythm: time.Minute,
			Labels: map[string]string{"thing": "st" + strconv.Itoa(i), "unit_code": strconv.Itoa(i % 94)}}
		if err := db.Define(m); err != nil {
			b.Fatal(err)
		}
	}
	return db
}

// feed yields batches of n samples, minute by minute over all stations.
// until f returns false.
func feed(minutes, n int, f func([]series.Sample) bool) {
	rivers := make([]*river, stations)
	for i := range rivers {
		rivers[i] = newRiver(i)
	}
	batch := make([]series.Sample, 0, n)
	for m := range minutes {
		for i, r := range rivers {
			t := ms(m) + int64(i)*100
			batch = append(batch, series.Sample{ID: stationID(i), T: t, V: r.at(m), Received: t + 1500})
			if len(batch) == n {
				if !f(batch) {
					return
				}
				batch = batch[:0]
			}
		}
	}
}

// BenchmarkAppend appends batches of 500 to 300 datastreams; the bare engine
// beside it gets the same numbers.
func BenchmarkAppend(b *testing.B) {
	b.Run("series", func(b *testing.B) {
		db := benchStore(b, b.TempDir())
		defer db.Close()
		b.ResetTimer()
		left := b.N
		feed(math.MaxInt, 500, func(batch []series.Sample) bool {
			if _, err := db.Append(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
			left--
			return left > 0
		})
		b.ReportMetric(float64(b.N)*500/b.Elapsed().Seconds(), "obs/s")
	})
	b.Run("bare", func(b *testing.B) {
		o := tsdb.DefaultOptions()
		o.OutOfOrderTimeWindow = 400 * 24 * 3600_000
		db, err := tsdb.Open(b.TempDir(), slog.New(slog.DiscardHandler), nil, o, nil)
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close()
		ls := map[string]labels.Labels{}
		for i := range stations {
			ls[stationID(i)] = labels.FromStrings("__name__", "water_level", "datastream", stationID(i))
		}
		b.ResetTimer()
		left := b.N
		feed(math.MaxInt, 500, func(batch []series.Sample) bool {
			app := db.Appender(b.Context())
			for _, s := range batch {
				if _, err := app.Append(0, ls[s.ID], s.T, math.Round(s.V*100)); err != nil {
					b.Fatal(err)
				}
			}
			if err := app.Commit(); err != nil {
				b.Fatal(err)
			}
			left--
			return left > 0
		})
		b.ReportMetric(float64(b.N)*500/b.Elapsed().Seconds(), "obs/s")
	})
}

// BenchmarkStore fills a store of 300 datastreams with IOC_BENCH_SAMPLES
// observations (5 million unless set), compacts it and reads it as the
// program does.
func BenchmarkStore(b *testing.B) {
	samples := 5_000_000
	if n, err := strconv.Atoi(os.Getenv("IOC_BENCH_SAMPLES")); err == nil {
		samples = n
	}
	minutes := samples / stations
	dir := b.TempDir()
	db := benchStore(b, dir)
	start := time.Now()
	feed(minutes, 500, func(batch []series.Sample) bool {
		if _, err := db.Append(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
		return true
	})
	filled := time.Since(start)
	start = time.Now()
	if err := db.Compact(); err != nil {
		b.Fatal(err)
	}
	s := db.Stats()
	fmt.Printf("filled %d in %s, compacted in %s: %d blocks, %.2f bytes an observation in blocks, %d bytes of log; %s\n",
		samples, filled, time.Since(start), s.Blocks, float64(s.BlockBytes)/float64(s.Samples), s.LogBytes, memory())
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run("open", func(b *testing.B) {
		for range b.N {
			db := benchStore(b, dir)
			b.StopTimer()
			if _, ok := db.Last(stationID(stations - 1)); !ok {
				b.Fatal("no last point")
			}
			db.Close()
			b.StartTimer()
		}
	})
	runtime.GC()
	debug.FreeOSMemory()
	before := memory()
	db = benchStore(b, dir)
	defer db.Close()
	runtime.GC()
	debug.FreeOSMemory()
	fmt.Printf("closed: %s; opened, idle: %s\n", before, memory())

	end := minute(minutes)
	b.Run("newest of all", func(b *testing.B) {
		for range b.N {
			for i := range stations {
				if _, ok := db.Last(stationID(i)); !ok {
					b.Fatal("no last point")
				}
			}
		}
	})
	b.Run("one station one day", func(b *testing.B) {
		for i := range b.N {
			to := end.Add(-time.Duration(i*7919%max(1, minutes-1440)) * time.Minute)
			ps, err := db.Range(b.Context(), stationID(i%stations), to.Add(-24*time.Hour), to)
			if err != nil || len(ps) < 1400 {
				b.Fatal(len(ps), err)
			}
		}
	})
	b.Run("hours of 30 days", func(b *testing.B) {
		for i := range b.N {
			bs, err := db.Buckets(b.Context(), stationID(i%stations), end.Add(-30*24*time.Hour), end, time.Hour)
			if err != nil || len(bs) < min(700, minutes/60-1) {
				b.Fatal(len(bs), err)
			}
		}
	})
	b.Run("at a past instant", func(b *testing.B) {
		for i := range b.N {
			_, ok, err := db.At(b.Context(), stationID(i%stations), end.Add(-time.Duration(i%minutes)*time.Minute), time.Hour)
			if err != nil || !ok && i%minutes < minutes-61 {
				b.Fatal(ok, err)
			}
		}
	})
	b.Run("replay of two minutes", func(b *testing.B) {
		var batch []series.Sample
		for i := range stations {
			p, _ := db.Last(stationID(i))
			ps, err := db.Raw(b.Context(), stationID(i), time.UnixMilli(p.T-120_000), time.UnixMilli(p.T))
			if err != nil {
				b.Fatal(err)
			}
			for _, p := range ps {
				batch = append(batch, series.Sample{ID: stationID(i), T: p.T, V: p.V, Received: p.Received})
			}
		}
		b.ResetTimer()
		for range b.N {
			if res, err := db.Append(b.Context(), batch); err != nil || res.Duplicate != len(batch) {
				b.Fatal(res, err)
			}
		}
	})
	fmt.Printf("after reading: %s\n", memory())
}

// BenchmarkHistory imports a year of one-minute history, station by station,
// into a store whose newest instant is after it.
func BenchmarkHistory(b *testing.B) {
	const minutes, batch = 365 * 1440, 2000
	var fill, compact time.Duration
	for range b.N {
		db := benchStore(b, b.TempDir())
		for i := range 4 {
			if _, err := db.Append(b.Context(), []series.Sample{{ID: stationID(i), T: ms(minutes + 60), V: 1}}); err != nil {
				b.Fatal(err)
			}
		}
		start := time.Now()
		for i := range 4 {
			r := newRiver(i)
			ss := make([]series.Sample, 0, batch)
			for m := range minutes {
				ss = append(ss, series.Sample{ID: stationID(i), T: ms(m), V: r.at(m), Received: ms(m)})
				if len(ss) == batch || m == minutes-1 {
					if res, err := db.Append(b.Context(), ss); err != nil || res.Stored != len(ss) {
						b.Fatal(res, err)
					}
					ss = ss[:0]
				}
			}
		}
		fill += time.Since(start)
		start = time.Now()
		if err := db.Compact(); err != nil {
			b.Fatal(err)
		}
		compact += time.Since(start)
		db.Close()
	}
	b.ReportMetric(float64(b.N)*4*minutes/fill.Seconds(), "obs/s")
	b.ReportMetric(compact.Seconds()/float64(b.N), "s/compaction")
}

// memory tells the resident set: the program's own and the pages of mapped
// files, which the kernel takes back when it needs them.
func memory() string {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "resident set unknown"
	}
	var out []string
	for _, line := range strings.Split(string(data), "\n") {
		if strings.HasPrefix(line, "RssAnon") || strings.HasPrefix(line, "RssFile") {
			out = append(out, strings.Join(strings.Fields(line), " "))
		}
	}
	return strings.Join(out, ", ")
}
