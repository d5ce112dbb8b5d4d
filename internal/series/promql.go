package series

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// Queryable gives the observations to a PromQL engine: real values with
// corrections applied, under the labels of Meta. Companions are there for
// those who name them: rain:flags and rain:lag.
func (db *DB) Queryable() storage.Queryable {
	return storage.QueryableFunc(func(from, to int64) (storage.Querier, error) {
		if err := db.begin(); err != nil {
			return nil, err
		}
		q, err := db.tsdb.Querier(from, to)
		if err != nil {
			db.reading.Done()
			return nil, err
		}
		return &querier{db: db, inner: q, from: from, to: to}, nil
	})
}

// querier answers from the labels in memory and reads samples from the
// engine, whose own labels nobody sees.
type querier struct {
	db    *DB
	inner storage.Querier
	from  int64
	to    int64
	ended sync.Once
}

// face is one series as PromQL sees it.
type face struct {
	st      *stream
	kind    kind
	labels  labels.Labels
	overlay *overlay
}

// faces returns the series that match, sorted by labels.
func (q *querier) faces(ms []*labels.Matcher) []face {
	kinds := []kind{values}
	for _, m := range ms {
		if m.Name != labels.MetricName || m.Type != labels.MatchEqual {
			continue
		}
		switch {
		case strings.HasSuffix(m.Value, ":"+companionNames[flags]):
			kinds = []kind{flags}
		case strings.HasSuffix(m.Value, ":"+companionNames[lag]):
			kinds = []kind{lag}
		}
	}
	q.db.mu.RLock()
	defer q.db.mu.RUnlock()
	var out []face
	for _, st := range q.db.streams {
		if !st.defined {
			continue
		}
		for _, k := range kinds {
			if l := st.public[k]; matches(l, ms) {
				out = append(out, face{st, k, l, st.overlay})
			}
		}
	}
	slices.SortFunc(out, func(a, b face) int { return labels.Compare(a.labels, b.labels) })
	return out
}

func matches(l labels.Labels, ms []*labels.Matcher) bool {
	for _, m := range ms {
		if !m.Matches(l.Get(m.Name)) {
			return false
		}
	}
	return true
}

// Select returns the matching series, always sorted.
func (q *querier) Select(ctx context.Context, _ bool, hints *storage.SelectHints, ms ...*labels.Matcher) storage.SeriesSet {
	faces := q.faces(ms)
	if len(faces) == 0 {
		return storage.EmptySeriesSet()
	}
	asked := untrimmed(q.from, q.to)
	if hints != nil {
		h := *hints
		h.DisableTrimming = true
		asked = &h
	}
	found := make(map[*stream]storage.Series, len(faces))
	ids := make([]string, len(faces))
	byID := make(map[string]face, len(faces))
	for i, f := range faces {
		ids[i] = f.st.id
		byID[f.st.id] = f
	}
	// All faces of one Select are of one kind.
	inner := q.inner.Select(ctx, false, asked, q.db.anyOf(ids), equals(labelCompanion, companionNames[faces[0].kind]))
	for inner.Next() {
		s := inner.At()
		l := s.Labels()
		f, ok := byID[l.Get(labelDatastream)]
		if !ok || (f.kind == values && l.Get(labelResolution) != f.st.scale.name) {
			continue
		}
		found[f.st] = s
	}
	if err := inner.Err(); err != nil {
		return storage.ErrSeriesSet(err)
	}
	out := make([]storage.Series, 0, len(found))
	for _, f := range faces {
		if s, ok := found[f.st]; ok {
			out = append(out, &realSeries{face: f, inner: s, from: asked.Start, to: asked.End})
		}
	}
	return &seriesSet{list: out, warnings: inner.Warnings()}
}

// LabelValues returns the values of a label over the matching series.
func (q *querier) LabelValues(_ context.Context, name string, hints *storage.LabelHints, ms ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	seen := map[string]bool{}
	for _, f := range q.faces(ms) {
		if v := f.labels.Get(name); v != "" {
			seen[v] = true
		}
	}
	return sortedKeys(seen, hints), nil, nil
}

// LabelNames returns the names of the labels of the matching series.
func (q *querier) LabelNames(_ context.Context, hints *storage.LabelHints, ms ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	seen := map[string]bool{}
	for _, f := range q.faces(ms) {
		f.labels.Range(func(l labels.Label) { seen[l.Name] = true })
	}
	return sortedKeys(seen, hints), nil, nil
}

func sortedKeys(m map[string]bool, hints *storage.LabelHints) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	if hints != nil && hints.Limit > 0 && len(out) > hints.Limit {
		out = out[:hints.Limit]
	}
	return out
}

// Close releases what the querier holds. DB.Close waits for it.
func (q *querier) Close() error {
	err := q.inner.Close()
	q.ended.Do(q.db.reading.Done)
	return err
}

type seriesSet struct {
	list     []storage.Series
	at       int
	warnings annotations.Annotations
}

func (s *seriesSet) Next() bool                        { s.at++; return s.at <= len(s.list) }
func (s *seriesSet) At() storage.Series                { return s.list[s.at-1] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return s.warnings }
