package series

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"openioc.org/ioc/internal/sensing"
)

// Range returns the points of a datastream from from to to, both included, in
// ascending order, with corrections applied.
func (db *DB) Range(ctx context.Context, id string, from, to time.Time) ([]Point, error) {
	st, over, err := db.lookup(id)
	if err != nil {
		return nil, err
	}
	return db.points(ctx, st, over, from.UnixMilli(), to.UnixMilli())
}

// Raw is Range without corrections: what was stored.
func (db *DB) Raw(ctx context.Context, id string, from, to time.Time) ([]Point, error) {
	st, _, err := db.lookup(id)
	if err != nil {
		return nil, err
	}
	return db.points(ctx, st, nil, from.UnixMilli(), to.UnixMilli())
}

func (db *DB) points(ctx context.Context, st *stream, over *overlay, from, to int64) ([]Point, error) {
	var out []Point
	err := db.scan(ctx, st, from, to, func(p Point) {
		if over.apply(&p) {
			out = append(out, p)
		}
	})
	return out, err
}

// At returns the newest point at or before t and not older than back, with
// corrections applied; false if there is none.
func (db *DB) At(ctx context.Context, id string, t time.Time, back time.Duration) (Point, bool, error) {
	st, over, err := db.lookup(id)
	if err != nil {
		return Point{}, false, err
	}
	return db.newest(ctx, st, over, t.UnixMilli(), t.Add(-back).UnixMilli())
}

// newest looks backwards from to, in steps that grow, so that a recent point
// is found without reading a long past.
func (db *DB) newest(ctx context.Context, st *stream, over *overlay, to, from int64) (Point, bool, error) {
	var found Point
	ok := false
	for step := (3 * time.Hour).Milliseconds(); to >= from && !ok; step *= 4 {
		low := max(from, to-step)
		if oldest := db.oldest(); low > from && to < oldest {
			break // nothing is stored so far back
		}
		err := db.scan(ctx, st, low, to, func(p Point) {
			if over.apply(&p) {
				found, ok = p, true
			}
		})
		if err != nil {
			return Point{}, false, err
		}
		to = low - 1
	}
	return found, ok, nil
}

// scan calls f with the stored points of st from from to to, both included,
// ascending.
func (db *DB) scan(ctx context.Context, st *stream, from, to int64, f func(Point)) error {
	if from > to {
		return nil
	}
	if err := db.begin(); err != nil {
		return err
	}
	defer db.reading.Done()
	q, err := db.tsdb.Querier(from, to)
	if err != nil {
		return fmt.Errorf("read %s: %w", st.id, err)
	}
	defer q.Close()
	var value chunkenc.Iterator
	var flagged, late []stored
	set := q.Select(ctx, false, untrimmed(from, to), equals(labelDatastream, st.id))
	for set.Next() {
		s := set.At()
		var into *[]stored
		switch kindOf(s.Labels()) {
		case values:
			if s.Labels().Get(labelResolution) == st.scale.name {
				value = s.Iterator(nil)
			}
			continue
		case flags:
			into = &flagged
		case lag:
			into = &late
		}
		it := s.Iterator(nil)
		for ok := it.Seek(from); ok != chunkenc.ValNone && it.AtT() <= to; ok = it.Next() {
			t, v := it.At()
			*into = append(*into, stored{t, v})
		}
		if err := it.Err(); err != nil {
			return fmt.Errorf("read companions of %s: %w", st.id, err)
		}
	}
	if err := set.Err(); err != nil {
		return fmt.Errorf("read %s: %w", st.id, err)
	}
	if value == nil {
		return nil
	}
	i := 0
	for ok := value.Seek(from); ok != chunkenc.ValNone; ok = value.Next() {
		if i++; i&0xfff == 0xfff && ctx.Err() != nil {
			return ctx.Err()
		}
		t, n := value.At()
		if t > to {
			break
		}
		fl, l := sensing.Flags(at(&flagged, t)), at(&late, t)
		f(st.point(t, n, fl, l))
	}
	if err := value.Err(); err != nil {
		return fmt.Errorf("read %s: %w", st.id, err)
	}
	return nil
}

// untrimmed asks for whole chunks: the caller picks the samples between from
// and to. Trimming by the engine costs more than it saves here, and panics
// when it meets several deleted intervals in one block (0.316.0:
// tombstones.Intervals.Add with an end of MaxInt64).
func untrimmed(from, to int64) *storage.SelectHints {
	return &storage.SelectHints{Start: from, End: to, DisableTrimming: true}
}

// at returns the companion's number at t, 0 if it has none, and drops what
// lies before t; t ascends from call to call.
func at(companion *[]stored, t int64) float64 {
	c := *companion
	for len(c) > 0 && c[0].t < t {
		c = c[1:]
	}
	*companion = c
	if len(c) > 0 && c[0].t == t {
		return c[0].n
	}
	return 0
}
