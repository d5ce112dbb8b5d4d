package series

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// Delete removes all that is stored of a datastream and forgets it.
func (db *DB) Delete(ctx context.Context, id string) error {
	db.tidy.Lock()
	defer db.tidy.Unlock()
	db.write.Lock()
	defer db.write.Unlock()
	st, _, err := db.lookup(id)
	if err != nil {
		return err
	}
	if err := db.erase(ctx, st, math.MinInt64, math.MaxInt64); err != nil {
		return err
	}
	db.mu.Lock()
	delete(db.streams, id)
	db.mu.Unlock()
	return nil
}

// DeleteRange removes what is stored of a datastream from from to to, both
// included. It is for data that must not be kept; a wrong value is corrected.
// It interrupts appending for as long as it takes to write the newest hours
// into a block.
func (db *DB) DeleteRange(ctx context.Context, id string, from, to time.Time) error {
	db.tidy.Lock()
	defer db.tidy.Unlock()
	db.write.Lock()
	defer db.write.Unlock()
	st, _, err := db.lookup(id)
	if err != nil {
		return err
	}
	if err := db.erase(ctx, st, from.UnixMilli(), to.UnixMilli()); err != nil {
		return err
	}
	db.mu.Lock()
	st.has, st.recent, st.shown = false, recent{}, nil
	db.mu.Unlock()
	return db.relearn(ctx, st)
}

// erase marks samples as deleted.
//
// The engine's marks on its head do not reach out-of-order samples and hide
// samples that are appended later at the same instants; in blocks neither is
// the case, so all goes into blocks first. The files of the head must be gone
// too: at the next start the engine would take out-of-order chunks from them
// that it had moved to blocks long ago, and the deleted would be back.
func (db *DB) erase(ctx context.Context, st *stream, from, to int64) error {
	newest := db.newestInstant()
	if newest == math.MinInt64 {
		return nil // nothing is stored at all
	}
	if err := db.compactAll(ctx); err != nil {
		return err
	}
	if h := db.tsdb.Head(); h.MaxTime() != math.MinInt64 {
		newest = h.MaxTime()
	}
	if err := db.renewHeadFiles(ctx, newest); err != nil {
		return fmt.Errorf("renew the files of the newest hours: %w", err)
	}
	if err := db.tsdb.Delete(ctx, from, to, equals(labelDatastream, st.id)); err != nil {
		return fmt.Errorf("delete from %s: %w", st.id, err)
	}
	return nil
}

// renewHeadFiles makes the engine drop the chunk files of an empty head. It
// does so when it compacts after having begun a new file, which an
// out-of-order sample of a series that nobody reads brings about: whether t
// is out of order or not, t-1 is then.
func (db *DB) renewHeadFiles(ctx context.Context, t int64) error {
	app := db.tsdb.Appender(ctx)
	for _, t := range []int64{t, t - 1} {
		if _, err := app.Append(0, labels.FromStrings(labels.MetricName, "__renew__"), t, 0); err != nil {
			_ = app.Rollback()
			return err
		}
	}
	if err := app.Commit(); err != nil {
		return err
	}
	return db.tsdb.CompactOOOHead(ctx)
}

// relearn looks up the newest point of one stream again.
func (db *DB) relearn(ctx context.Context, st *stream) error {
	p, ok, err := db.newest(ctx, st, nil, db.newestInstant(), db.oldest())
	if err != nil || !ok {
		return err
	}
	n, _ := st.scale.encode(p.V)
	db.mu.Lock()
	defer db.mu.Unlock()
	st.last, st.has = p, true
	st.recent.add(stored{p.T, n})
	return nil
}
