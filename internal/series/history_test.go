package series_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
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

// Many days that came in order and at once become blocks of a day in one go,
// merged within the engine's ranges; what a killed process left is whole.
func TestManyDaysAtOnce(t *testing.T) {
	const days = 25
	dir := t.TempDir()
	db := seriestest.OpenDir(t, dir, level)
	for day := range days {
		batch := make([]series.Sample, 0, 144)
		for j := range 144 {
			batch = append(batch, on(day*1440+10*j, float64((day+j)%100)))
		}
		add(t, db, batch...)
	}
	if err := db.Compact(); err != nil {
		t.Fatal(err)
	}
	add(t, db, on(days*1440, 1)) // in memory only
	if err := db.Sync(); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*", "meta.json"))
	if err != nil || len(names) < 2 {
		t.Fatal(names, err)
	}
	samples := 0
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var m struct {
			MinTime, MaxTime int64
			Stats            struct{ NumSamples int }
			Compaction       struct{ Level int }
		}
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		day := 24 * time.Hour.Milliseconds()
		if length := m.MaxTime - m.MinTime; length > day && m.Compaction.Level == 1 || m.MinTime/day != (m.MaxTime-1)/day && length < day {
			t.Errorf("a block from %s to %s, level %d", time.UnixMilli(m.MinTime).UTC(), time.UnixMilli(m.MaxTime).UTC(), m.Compaction.Level)
		}
		samples += m.Stats.NumSamples
	}
	if samples != days*144 {
		t.Errorf("%d samples in blocks", samples)
	}
	left := filepath.Join(t.TempDir(), "killed")
	if err := os.CopyFS(left, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	for name, db := range map[string]*series.DB{"as it is": db, "killed": seriestest.OpenDir(t, left, level)} {
		if n := len(pointsOf(t, db, level.ID)); n != days*144+1 {
			t.Errorf("%s: %d of %d samples", name, n, days*144+1)
		}
	}
}
