package series

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/prometheus/tsdb"
)

// Out-of-order samples are moved to blocks when there are historyLimit of
// them, or when there are historyRest and for a minute no more have come.
const (
	historyLimit = 4_000_000
	historyRest  = 100_000
)

// maintain moves what is in memory into blocks: days that have passed, and
// imported history. The engine's own timetable is off, because it lets samples
// come in while it looks for what is out of order (see gate).
func (db *DB) maintain(ctx context.Context) {
	defer db.done.Done()
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for before := int64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-db.settle:
		case <-tick.C:
			if db.dayPassed() {
				if err := db.compactDays(ctx); err != nil && ctx.Err() == nil {
					db.log.Error("moving days to blocks", "error", err)
				}
				continue
			}
			now := db.history.Load()
			if now < historyRest || now != before {
				before = now
				continue
			}
		}
		if err := db.compact(ctx); err != nil && ctx.Err() == nil {
			db.log.Error("moving history to blocks", "error", err)
		}
	}
}

// Compact moves all that is in memory into blocks and merges them. In service
// that happens by itself; this is for the end of an import, for tests and
// benchmarks. Appending waits while the newest hours are written.
func (db *DB) Compact() error {
	if err := db.begin(); err != nil {
		return err
	}
	defer db.reading.Done()
	return db.compact(context.Background())
}

func (db *DB) compact(ctx context.Context) error {
	db.tidy.Lock()
	defer db.tidy.Unlock()
	db.write.Lock()
	err := db.compactHead()
	db.write.Unlock()
	if err != nil {
		return err
	}
	return db.compactHistory(ctx)
}

// compactHead writes the in-order samples to blocks, of which none reaches
// over the end of a day (block length), so that merging stays within its
// ranges; no append may be under way. It also lets the engine shorten its
// log, which keeps even what was out of order until then.
func (db *DB) compactHead() error {
	h := db.tsdb.Head()
	from, to := h.MinTime(), h.MaxTime()
	if from > to { // empty
		return nil
	}
	if err := db.tsdb.CompactHead(tsdb.NewRangeHead(h, from, to)); err != nil {
		return fmt.Errorf("compact the newest hours: %w", err)
	}
	return nil
}

// dayPassed reports whether the oldest samples in memory may become a block
// while others come in: half a block's length is kept for stragglers, as the
// engine does.
func (db *DB) dayPassed() bool {
	h := db.tsdb.Head()
	oldest, newest := h.MinTime(), h.MaxTime()
	return oldest <= newest && newest-oldest > db.block/2*3
}

// compactDays moves the days that have passed into blocks, beside the appends.
func (db *DB) compactDays(ctx context.Context) error {
	db.tidy.Lock()
	defer db.tidy.Unlock()
	h := db.tsdb.Head()
	for db.dayPassed() && ctx.Err() == nil {
		from := h.MinTime()
		to := max(floorTo(from, db.block)+db.block, floorTo(h.MaxTime()-db.block/2, db.block)) - 1
		days := tsdb.NewRangeHeadWithIsolationDisabled(h, from, to)
		h.WaitForAppendersOverlapping(to)
		if err := db.tsdb.CompactHead(days); err != nil {
			return fmt.Errorf("compact days: %w", err)
		}
		if h.MinTime() == from {
			return fmt.Errorf("the days from %s do not leave memory", time.UnixMilli(from).UTC())
		}
	}
	return db.compactHistory(ctx)
}

// compactHistory moves the out-of-order samples to blocks and merges blocks,
// beside the appends.
func (db *DB) compactHistory(ctx context.Context) error {
	db.gate.shut()
	defer db.gate.opened() // also what the engine's second look shut
	db.history.Store(0)
	if err := db.tsdb.CompactOOOHead(ctx); err != nil {
		return fmt.Errorf("compact history: %w", err)
	}
	db.gate.opened()
	db.gate.merging.Store(true) // samples in order came meanwhile: perhaps a day has passed
	defer db.gate.merging.Store(false)
	return db.merge(ctx)
}

// compactAll is compact for who holds write: nothing comes in meanwhile.
func (db *DB) compactAll(ctx context.Context) error {
	if err := db.compactHead(); err != nil {
		return err
	}
	db.history.Store(0)
	if err := db.tsdb.CompactOOOHead(ctx); err != nil {
		return fmt.Errorf("compact history: %w", err)
	}
	return db.merge(ctx)
}

func (db *DB) merge(ctx context.Context) error {
	if err := db.tsdb.Compact(ctx); err != nil {
		return fmt.Errorf("merge blocks: %w", err)
	}
	return nil
}

// Sync makes everything appended so far survive a power cut. Whoever keeps a
// cursor on the bus calls it before the cursor is saved.
func (db *DB) Sync() error {
	for _, folder := range []string{"chunks_head", "wal", "wbl"} {
		if err := syncNewest(filepath.Join(db.dir, folder)); err != nil {
			return fmt.Errorf("sync series: %w", err)
		}
	}
	return nil
}

// syncNewest fsyncs the last two files of a folder and the folder itself; the
// engine syncs older ones when it closes them.
func syncNewest(dir string) error {
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	files := []string{dir}
	for i := len(entries) - 1; i >= 0 && len(files) < 3; i-- {
		if entries[i].Type().IsRegular() {
			files = append(files, filepath.Join(dir, entries[i].Name()))
		}
	}
	for _, name := range files {
		f, err := os.Open(name)
		if os.IsNotExist(err) {
			continue // compacted away in between
		}
		if err != nil {
			return err
		}
		err = f.Sync()
		f.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// Stats describes the store now.
func (db *DB) Stats() Stats {
	db.mu.RLock()
	s := Stats{Series: len(db.streams), Appended: db.appended.Load()}
	db.mu.RUnlock()
	h := db.tsdb.Head()
	if h.MinTime() <= h.MaxTime() {
		s.HeadMin, s.HeadMax = time.UnixMilli(h.MinTime()).UTC(), time.UnixMilli(h.MaxTime()).UTC()
	}
	for _, b := range db.tsdb.Blocks() {
		m := b.Meta()
		s.Blocks++
		s.Samples += m.Stats.NumSamples
		s.BlockBytes += b.Size()
	}
	for _, folder := range []string{"chunks_head", "wal", "wbl"} {
		s.LogBytes += size(filepath.Join(db.dir, folder))
	}
	return s
}

// size adds up the files under a folder; what vanishes meanwhile counts 0.
func size(dir string) (total int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				total += info.Size()
			}
		}
		return nil
	})
	return total
}
