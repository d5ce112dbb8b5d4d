package series

import (
	"context"
	"math"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"openioc.org/ioc/internal/sensing"
)

// Last returns the newest point of a datastream, corrections applied; false
// if it has none. It comes from memory.
func (db *DB) Last(id string) (Point, bool) {
	db.mu.RLock()
	st := db.streams[id]
	if st == nil || !st.has {
		db.mu.RUnlock()
		return Point{}, false
	}
	p, over, shown := st.last, st.overlay, st.shown
	db.mu.RUnlock()
	if shown != nil {
		return *shown, true
	}
	if over.apply(&p) {
		return p, true
	}
	return db.lastShown(st, over, p.T)
}

// lastShown is for the rare case that a person excluded the newest point: it
// finds the one before and remembers it.
func (db *DB) lastShown(st *stream, over *overlay, to int64) (Point, bool) {
	p, ok, err := db.newest(context.Background(), st, over, to, to-(400*day).Milliseconds())
	if err != nil {
		db.log.Error("looking for the point before an excluded one", "datastream", st.id, "error", err)
	}
	if !ok {
		return Point{}, false
	}
	db.mu.Lock()
	if st.overlay == over && st.last.T == to {
		st.shown = &p
	}
	db.mu.Unlock()
	return p, true
}

// Correct replaces the corrections of one datastream; none takes them away.
// The caller keeps them: this is the copy that readers apply.
func (db *DB) Correct(id string, cs []Correction) {
	over := newOverlay(cs)
	db.mu.Lock()
	defer db.mu.Unlock()
	if st := db.streams[id]; st != nil {
		st.overlay, st.shown = over, nil
	}
}

// load finds the datastreams on disk and the newest point of each.
func (db *DB) load(ctx context.Context) error {
	head, err := db.tsdb.Head().Index()
	if err != nil {
		return err
	}
	defer head.Close()
	if err := db.discover(ctx, head); err != nil {
		return err
	}
	blocks := db.tsdb.Blocks()
	for i := len(blocks) - 1; i >= 0; i-- {
		ir, err := blocks[i].Index()
		if err != nil {
			return err
		}
		err = db.discover(ctx, ir)
		ir.Close()
		if err != nil {
			return err
		}
	}
	return db.loadLast(ctx, db.streams)
}

// discover adds the datastreams of one index that are not known yet.
func (db *DB) discover(ctx context.Context, ir tsdb.IndexReader) error {
	ids, err := ir.LabelValues(ctx, labelDatastream, nil)
	if err != nil {
		return err
	}
	var b labels.ScratchBuilder
	for _, id := range ids {
		if db.streams[id] != nil {
			continue
		}
		p, err := ir.Postings(ctx, labelDatastream, id)
		if err != nil {
			return err
		}
		for p.Next() {
			if err := ir.Series(p.At(), &b, nil); err != nil {
				return err
			}
			l := b.Labels()
			if kindOf(l) != values {
				continue
			}
			sc, ok := parseScale(l.Get(labelResolution))
			if !ok {
				db.log.Error("series with a resolution that cannot be read is left alone", "labels", l.String())
				continue
			}
			id := string([]byte(id)) // the index's strings go with it
			db.streams[id] = newStream(id, string([]byte(l.Get(labels.MetricName))), sc)
		}
		if err := p.Err(); err != nil {
			return err
		}
	}
	return nil
}

// oldest is the first instant that anything is stored of.
func (db *DB) oldest() int64 {
	h := db.tsdb.Head()
	oldest := min(h.MinTime(), h.MinOOOTime())
	if blocks := db.tsdb.Blocks(); len(blocks) > 0 {
		oldest = min(oldest, blocks[0].MinTime())
	}
	return oldest
}

// newestInstant is the last instant that anything is stored of.
func (db *DB) newestInstant() int64 {
	h := db.tsdb.Head()
	newest := max(h.MaxTime(), h.MaxOOOTime())
	for _, b := range db.tsdb.Blocks() {
		newest = max(newest, b.MaxTime())
	}
	return newest
}

// loadLast reads the newest point of each of the streams, looking backwards
// in steps that grow and, from step to step, only for those still missing.
func (db *DB) loadLast(ctx context.Context, streams map[string]*stream) error {
	missing := map[string]*stream{}
	for id, st := range streams {
		missing[id] = st
	}
	oldest, to := db.oldest(), db.newestInstant()
	if to == math.MinInt64 {
		return nil
	}
	for step := (6 * time.Hour).Milliseconds(); len(missing) > 0 && to >= oldest; step *= 4 {
		from := max(oldest, to-step)
		if err := db.loadLastIn(ctx, missing, from, to); err != nil {
			return err
		}
		for id, st := range missing {
			if st.has {
				delete(missing, id)
			}
		}
		to = from - 1
	}
	return nil
}

func (db *DB) loadLastIn(ctx context.Context, missing map[string]*stream, from, to int64) error {
	q, err := db.tsdb.Querier(from, to)
	if err != nil {
		return err
	}
	defer q.Close()
	ids := make([]string, 0, len(missing))
	for id := range missing {
		ids = append(ids, id)
	}
	var newest [3]map[*stream]stored
	for k := range newest {
		newest[k] = map[*stream]stored{}
	}
	set := q.Select(ctx, false, untrimmed(from, to), db.anyOf(ids))
	for set.Next() {
		s := set.At()
		l := s.Labels()
		st := missing[l.Get(labelDatastream)]
		k := kindOf(l)
		if st == nil || (k == values && l.Get(labelResolution) != st.scale.name) {
			continue
		}
		if last, ok, err := lastOf(s, from, to); err != nil {
			return err
		} else if ok {
			newest[k][st] = last
		}
	}
	if err := set.Err(); err != nil {
		return err
	}
	for st, v := range newest[values] {
		var fl, late float64
		if c := newest[flags][st]; c.t == v.t {
			fl = c.n
		}
		if c := newest[lag][st]; c.t == v.t {
			late = c.n
		}
		st.last, st.has, st.shown = st.point(v.t, v.n, sensing.Flags(fl), late), true, nil
		st.recent = recent{}
		st.recent.add(v)
	}
	return nil
}

// lastOf returns the newest sample from from to to.
func lastOf(s storage.Series, from, to int64) (last stored, ok bool, err error) {
	it := s.Iterator(nil)
	for found := it.Seek(from); found != chunkenc.ValNone && it.AtT() <= to; found = it.Next() {
		last.t, last.n = it.At()
		ok = true
	}
	return last, ok, it.Err()
}
