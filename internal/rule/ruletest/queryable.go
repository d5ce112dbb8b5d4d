package ruletest

import (
	"context"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// queryable shows the loaded readings to the engine of PromQL, under the
// labels that the store would give them.
type queryable struct{ w *world }

// Querier implements storage.Queryable.
func (q queryable) Querier(from, to int64) (storage.Querier, error) {
	return querier{q.w, from, to}, nil
}

type querier struct {
	w        *world
	from, to int64
}

// Select implements storage.Querier.
func (q querier) Select(_ context.Context, _ bool, _ *storage.SelectHints, ms ...*labels.Matcher) storage.SeriesSet {
	var found []storage.Series
	for _, s := range q.w.list {
		for _, suffix := range []string{"", ":flags"} {
			b := labels.NewBuilder(labels.FromMap(s.Labels))
			b.Set(labels.MetricName, s.Metric+suffix)
			b.Set("datastream", s.ID)
			l := b.Labels()
			if slices.ContainsFunc(ms, func(m *labels.Matcher) bool { return !m.Matches(l.Get(m.Name)) }) {
				continue
			}
			var list []chunks.Sample
			for _, p := range q.w.points[s.ID] {
				x := sample{p.T, p.V}
				if suffix != "" {
					x.v = float64(p.Flags)
				}
				if p.T >= q.from && p.T <= q.to && (suffix == "" || p.Flags != 0) && (len(list) == 0 || list[len(list)-1].T() < p.T) {
					list = append(list, x)
				}
			}
			if len(list) > 0 {
				found = append(found, storage.NewListSeries(l, list))
			}
		}
	}
	slices.SortFunc(found, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
	return &set{list: found}
}

// LabelValues implements storage.Querier.
func (q querier) LabelValues(_ context.Context, name string, _ *storage.LabelHints, _ ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	var out []string
	for _, s := range q.w.list {
		if v := s.Labels[name]; v != "" {
			out = append(out, strings.Clone(v))
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil, nil
}

// LabelNames implements storage.Querier.
func (q querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	var out []string
	for _, s := range q.w.list {
		for k := range s.Labels {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil, nil
}

// Close implements storage.Querier.
func (q querier) Close() error { return nil }

type set struct {
	list []storage.Series
	at   int
}

func (s *set) Next() bool                        { s.at++; return s.at <= len(s.list) }
func (s *set) At() storage.Series                { return s.list[s.at-1] }
func (s *set) Err() error                        { return nil }
func (s *set) Warnings() annotations.Annotations { return nil }

type sample struct {
	t int64
	v float64
}

func (s sample) T() int64                      { return s.t }
func (s sample) ST() int64                     { return 0 }
func (s sample) F() float64                    { return s.v }
func (s sample) H() *histogram.Histogram       { return nil }
func (s sample) FH() *histogram.FloatHistogram { return nil }
func (s sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample           { return s }
