package series_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/series/seriestest"
)

// Days of many stations come in one after the other, as an import brings them,
// while what is out of order is moved to blocks again and again: not one sample
// may be missing. The engine alone loses whole chunks here (see gate).
func TestNothingIsLostWhileHistoryIsMoved(t *testing.T) {
	const stations, days, piece = 150, 40, 600
	var metas []series.Meta
	for i := range stations {
		metas = append(metas, series.Meta{ID: fmt.Sprintf("%026d", i), Metric: "water_level", Labels: map[string]string{"thing": fmt.Sprint(i)}, Resolution: 0.01, Rhythm: time.Minute})
	}
	db := seriestest.Open(t, metas...)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			if err := db.Compact(); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for day := range days {
		for i, m := range metas {
			batch := make([]series.Sample, piece)
			for j := range batch {
				at := ms(day*1440 + j)
				batch[j] = series.Sample{ID: m.ID, T: at, V: float64((i + j) % 100), Received: at}
			}
			if res, err := db.Append(t.Context(), batch); err != nil || res.Stored != piece {
				t.Fatal(res, err)
			}
		}
	}
	cancel()
	wg.Wait()
	for _, m := range metas {
		n := 0
		var last int64
		err := db.Scan(t.Context(), m.ID, minute(0), minute(days*1440), func(p series.Point) {
			if n++; p.T <= last {
				t.Errorf("%s: %d after %d", m.ID, p.T, last)
			}
			last = p.T
		})
		if err != nil || n != days*piece {
			t.Errorf("%s holds %d of %d samples, %v", m.ID, n, days*piece, err)
		}
	}
}
