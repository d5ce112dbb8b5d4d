package series_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/series/seriestest"
)

// TestConcurrent reads, corrects and compacts while samples come in, and
// closes the store under its readers. The race detector and the order of the
// points are the judges.
func TestConcurrent(t *testing.T) {
	db := seriestest.Open(t, level)
	const n = 3000
	add(t, db, on(0, 0))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	reader := func(read func() error) {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := read(); err != nil {
					if !fault.Is(err, series.ErrClosed) {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	reader(func() error {
		ps, err := db.Range(ctx, level.ID, minute(0), minute(n))
		for i, p := range ps {
			if p.T != ms(i) || p.V != float64(i%100) {
				t.Errorf("point %d is %+v", i, p)
				break
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		return err
	})
	reader(func() error {
		if p, ok := db.Last(level.ID); !ok || p.V != float64(int(p.T-ms(0))/60_000%100) {
			t.Errorf("last is %+v %v", p, ok)
		}
		_, err := db.Buckets(context.WithoutCancel(ctx), level.ID, minute(0), minute(n), time.Hour)
		return err
	})
	reader(func() error {
		db.Correct(level.ID, []series.Correction{{From: ms(-10), To: ms(-5), Exclude: true}})
		db.Stats()
		q, err := db.Queryable().Querier(ms(0), ms(n))
		if err != nil {
			return err
		}
		return q.Close()
	})
	for i := 1; i < n; i += 10 {
		var batch []series.Sample
		for j := i; j < i+10; j++ {
			batch = append(batch, on(j, float64(j%100)))
		}
		if res := add(t, db, batch...); res.Stored != 10 {
			t.Fatalf("stored %+v", res)
		}
		if i%1000 == 1 {
			if err := db.Compact(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	cancel()
	wg.Wait()
}
