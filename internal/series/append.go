package series

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/prometheus/prometheus/storage"
)

// candidate is a sample of a batch on its way.
type candidate struct {
	st    *stream
	index int // in the batch
	stored
}

// Append stores a batch in one commit. What is stored already is counted and
// left alone, what cannot be stored is named in the Result, the others are
// stored. An error means that nothing of the batch was stored; the batch may
// be appended again.
//
// On return the samples can be read; they survive the end of the process, and
// a power cut once Sync has been called.
func (db *DB) Append(ctx context.Context, samples []Sample) (Result, error) {
	var res Result
	if len(samples) == 0 {
		return res, nil
	}
	db.write.Lock()
	defer db.write.Unlock()
	todo, err := db.admit(samples, &res)
	if err != nil {
		return Result{}, err
	}
	if todo, err = db.dedupe(ctx, todo, &res); err != nil {
		return Result{}, err
	}
	if todo, err = db.commit(ctx, samples, todo, &res); err != nil {
		return Result{}, err
	}
	db.note(samples, todo)
	slices.SortFunc(res.Rejected, func(a, b Rejected) int { return cmp.Compare(a.Index, b.Index) })
	return res, nil
}

// admit finds the streams and checks the values. What it returns is sorted by
// stream and time, equals in the order of the batch.
func (db *DB) admit(samples []Sample, res *Result) ([]candidate, error) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	if db.closed {
		return nil, ErrClosed.With()
	}
	todo := make([]candidate, 0, len(samples))
	for i, s := range samples {
		st := db.streams[s.ID]
		if st == nil {
			res.Rejected = append(res.Rejected, Rejected{i, ErrUnknown.With("id", s.ID)})
			continue
		}
		n, err := st.encode(s.V)
		if err != nil {
			res.Rejected = append(res.Rejected, Rejected{i, err})
			continue
		}
		todo = append(todo, candidate{st, i, stored{s.T, n}})
	}
	slices.SortFunc(todo, func(a, b candidate) int {
		if a.st != b.st {
			return cmp.Compare(a.st.id, b.st.id)
		}
		return cmp.Or(cmp.Compare(a.t, b.t), cmp.Compare(a.index, b.index))
	})
	return todo, nil
}

// dedupe leaves what is new. A sample newer than all others of its series is;
// memory answers for the last few of each; the disk is asked for the rest,
// once for the whole batch.
func (db *DB) dedupe(ctx context.Context, todo []candidate, res *Result) ([]candidate, error) {
	var ask []candidate
	for _, c := range todo {
		if c.st.has && c.t < c.st.recent.list[0].t {
			ask = append(ask, c)
		}
	}
	var onDisk map[place]float64
	if len(ask) > 0 {
		var err error
		if onDisk, err = db.existing(ctx, ask); err != nil {
			return nil, fmt.Errorf("look for duplicates: %w", err)
		}
	}
	fresh := todo[:0]
	for _, c := range todo {
		had, exists := c.st.recent.find(c.t)
		if !exists {
			had, exists = onDisk[place{c.st, c.t}]
		}
		if last := len(fresh) - 1; !exists && last >= 0 && fresh[last].st == c.st && fresh[last].t == c.t {
			had, exists = fresh[last].n, true
		}
		switch {
		case !exists:
			fresh = append(fresh, c)
		case math.Float64bits(had) == math.Float64bits(c.n):
			res.Duplicate++
		default:
			res.Conflict++
		}
	}
	return fresh, nil
}

// commit gives the samples to the engine and returns those it took.
// Companions go before their value: when the log breaks off between the two,
// the value is missing and will be sent again, and a companion without value
// is never seen.
func (db *DB) commit(ctx context.Context, samples []Sample, todo []candidate, res *Result) ([]candidate, error) {
	if len(todo) == 0 {
		return nil, nil
	}
	app := db.tsdb.Appender(ctx)
	put := func(st *stream, k kind, t int64, v float64) error {
		ref, err := app.Append(st.refs[k], st.disk[k], t, v)
		if err == nil {
			st.refs[k] = ref
		}
		return err
	}
	taken := todo[:0]
	for _, c := range todo {
		s := samples[c.index]
		var err error
		if s.Flags != 0 {
			err = put(c.st, flags, c.t, float64(s.Flags))
		}
		if late := lateness(s); late > 0 && orphan(err) {
			err = put(c.st, lag, c.t, late)
		}
		if orphan(err) {
			err = put(c.st, values, c.t, c.n)
		}
		switch {
		case err == nil:
			taken = append(taken, c)
		case errors.Is(err, storage.ErrTooOldSample), errors.Is(err, storage.ErrOutOfBounds), errors.Is(err, storage.ErrOutOfOrderSample):
			oldest := time.UnixMilli(db.tsdb.Head().MaxTime() - db.window).UTC()
			res.Rejected = append(res.Rejected, Rejected{c.index, ErrTooOld.With(
				"time", time.UnixMilli(c.t).UTC().Format(time.RFC3339), "oldest", oldest.Format(time.RFC3339)).Because(err)})
		default:
			_ = app.Rollback()
			return nil, fmt.Errorf("append to %s: %w", c.st.id, err)
		}
	}
	if err := app.Commit(); err != nil {
		return nil, fmt.Errorf("commit to the write-ahead log: %w", err)
	}
	res.Stored = len(taken)
	return taken, nil
}

// note brings memory up to date with what was stored.
func (db *DB) note(samples []Sample, taken []candidate) {
	if len(taken) == 0 {
		return
	}
	var late int64
	db.mu.Lock()
	for _, c := range taken {
		st := c.st
		if st.has && c.t < st.last.T {
			late++
			st.recent.add(c.stored)
			continue
		}
		st.recent.add(c.stored)
		st.last, st.has, st.shown = st.point(c.t, c.n, samples[c.index].Flags, lateness(samples[c.index])), true, nil
	}
	db.mu.Unlock()
	db.appended.Add(uint64(len(taken)))
	if late > 0 && db.history.Add(late) >= historyLimit {
		select {
		case db.settle <- struct{}{}:
		default:
		}
	}
}

// orphan tells that a companion could be appended, or that one is there
// already, left over from an append that broke off.
func orphan(err error) bool {
	return err == nil || errors.Is(err, storage.ErrDuplicateSampleForTimestamp)
}

// lateness is the delay of receipt in seconds as it is kept: 0 up to a minute.
func lateness(s Sample) float64 {
	if late := s.Received - s.T; late > lateAfter {
		return math.Round(float64(late) / 1000)
	}
	return 0
}
