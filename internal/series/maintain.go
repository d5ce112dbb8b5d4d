package series

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// maintain moves imported history from memory into blocks. The engine itself
// does that only when the newest instant moves on.
func (db *DB) maintain(ctx context.Context) {
	defer db.done.Done()
	for {
		select {
		case <-ctx.Done():
			return
		case <-db.compact:
			if err := db.tsdb.CompactOOOHead(ctx); err != nil && ctx.Err() == nil {
				db.log.Error("compacting history", "error", err)
			}
		}
	}
}

// Compact moves all that can be moved from memory into blocks and merges
// them. It is for tests, benchmarks and the end of an import: in service
// compaction runs by itself.
func (db *DB) Compact() error {
	ctx := context.Background()
	if err := db.tsdb.CompactOOOHead(ctx); err != nil {
		return fmt.Errorf("compact history: %w", err)
	}
	if err := db.tsdb.Compact(ctx); err != nil {
		return fmt.Errorf("compact: %w", err)
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
	s := Stats{Series: len(db.streams)}
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
	db.write.Lock()
	s.Appended = db.appended
	db.write.Unlock()
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
