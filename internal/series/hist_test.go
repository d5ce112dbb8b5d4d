package series_test

import (
	"fmt"
	"openioc.org/ioc/internal/series"
	"testing"
	"time"
)

func BenchmarkHist(b *testing.B) {
	for _, c := range []struct {
		name                 string
		stations, step, days int
		byStation            bool
	}{
		{"time-ordered 300x10min 116d", 300, 10, 116, false},
		{"by station 300x10min 116d", 300, 10, 116, true},
		{"by station 10x1min 350d", 10, 1, 350, true},
	} {
		dir := b.TempDir()
		db := benchStore(b, dir)
		for i := range stations {
			db.Append(b.Context(), []series.Sample{{ID: stationID(i), T: ms(c.days*1440 + 60), V: 1}})
		}
		start := time.Now()
		var batch []series.Sample
		var maxd time.Duration
		flush := func() {
			s := time.Now()
			res, err := db.Append(b.Context(), batch)
			if err != nil || res.Stored != len(batch) {
				b.Fatal(res, err)
			}
			maxd = max(maxd, time.Since(s))
			batch = batch[:0]
		}
		n := 0
		one := func(i int, m int, r *river) {
			batch = append(batch, series.Sample{ID: stationID(i), T: ms(m), V: r.at(m), Received: ms(c.days*1440 + 70)})
			n++
			if len(batch) == 2000 {
				flush()
			}
		}
		if c.byStation {
			for i := range c.stations {
				r := newRiver(i)
				for m := 0; m < c.days*1440; m += c.step {
					one(i, m, r)
				}
			}
		} else {
			rs := make([]*river, c.stations)
			for i := range rs {
				rs[i] = newRiver(i)
			}
			for m := 0; m < c.days*1440; m += c.step {
				for i := range rs {
					one(i, m, rs[i])
				}
			}
		}
		flush()
		fill := time.Since(start)
		start = time.Now()
		if err := db.Compact(); err != nil {
			b.Fatal(err)
		}
		s := db.Stats()
		fmt.Printf("%s: %d filled %s (%.0f/s; slowest batch %s) compact %s blocks %d %.2f B/obs %s\n", c.name, n, fill, float64(n)/fill.Seconds(), maxd, time.Since(start), s.Blocks, float64(s.BlockBytes)/float64(n), memory())
		start = time.Now()
		db.Close()
		fmt.Println("close", time.Since(start))
		start = time.Now()
		db = benchStore(b, dir)
		fmt.Println("open", time.Since(start))
		db.Close()
	}
}
