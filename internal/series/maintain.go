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

// maintain moves imported history from memory into blocks. The engine itself
// does that only once a day has passed.
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
	for last := h.MaxTime(); h.MinTime() <= last; { // an empty head has none
		from := h.MinTime()
		to := min(floorTo(from, db.block)+db.block-1, last)
		if err := db.tsdb.CompactHead(tsdb.NewRangeHead(h, from, to)); err != nil {
			return fmt.Errorf("compact the newest hours: %w", err)
		}
	}
	return nil
}

// compactHistory moves the out-of-order samples to blocks and merges blocks.
func (db *DB) compactHistory(ctx context.Context) error {
	db.history.Store(0)
	if err := db.tsdb.CompactOOOHead(ctx); err != nil {
		return fmt.Errorf("compact history: %w", err)
	}
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
