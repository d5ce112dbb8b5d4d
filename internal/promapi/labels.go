package promapi

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"openioc.org/ioc/internal/catalog"
)

// search opens the series for a search over labels, which must be closed.
func (s *Service) search(p params) (storage.Querier, [][]*labels.Matcher, int, error) {
	sets, err := p.selectors(s.parser)
	if err != nil {
		return nil, nil, 0, err
	}
	limit, err := p.limit()
	if err != nil {
		return nil, nil, 0, err
	}
	from, to, err := p.span()
	if err != nil {
		return nil, nil, 0, err
	}
	q, err := s.series.Querier(from.UnixMilli(), to.UnixMilli())
	return q, sets, limit, err
}

// cut keeps the first results and warns when there were more.
func cut[T any](list []T, limit int) ([]T, []string) {
	if limit == 0 || len(list) <= limit {
		return list, nil
	}
	return list[:limit], []string{"results truncated due to limit"}
}

func (s *Service) seriesList(ctx context.Context, p params) (any, []string, error) {
	q, sets, limit, err := s.search(p)
	if err != nil {
		return nil, nil, err
	}
	defer q.Close()
	if len(sets) == 0 {
		return nil, nil, errParam.With("name", "match[]", "value", `""`)
	}
	from, to, err := p.span()
	if err != nil {
		return nil, nil, err
	}
	hints := &storage.SelectHints{Start: from.UnixMilli(), End: to.UnixMilli(), Func: "series"}
	found := map[string]labels.Labels{}
	for _, m := range sets {
		set := q.Select(ctx, true, hints, m...)
		for set.Next() {
			l := set.At().Labels()
			found[l.String()] = l
		}
		if err := set.Err(); err != nil {
			return nil, nil, err
		}
	}
	out := []labels.Labels{}
	for _, k := range slices.Sorted(maps.Keys(found)) {
		out = append(out, found[k])
	}
	out, warnings := cut(out, limit)
	return out, warnings, nil
}

// union asks for names or values with each selector, or with none.
func union(sets [][]*labels.Matcher, ask func(m ...*labels.Matcher) ([]string, error)) ([]string, error) {
	if len(sets) == 0 {
		sets = [][]*labels.Matcher{nil}
	}
	seen := map[string]bool{}
	for _, m := range sets {
		list, err := ask(m...)
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			seen[s] = true
		}
	}
	out := slices.Sorted(maps.Keys(seen))
	if out == nil {
		out = []string{}
	}
	return out, nil
}

func (s *Service) labelNames(ctx context.Context, p params) (any, []string, error) {
	q, sets, limit, err := s.search(p)
	if err != nil {
		return nil, nil, err
	}
	defer q.Close()
	list, err := union(sets, func(m ...*labels.Matcher) ([]string, error) {
		names, _, err := q.LabelNames(ctx, nil, m...)
		return names, err
	})
	list, warnings := cut(list, limit)
	return list, warnings, err
}

func (s *Service) labelValues(ctx context.Context, p params) (any, []string, error) {
	if p.name == "" || strings.ContainsAny(p.name, "\x00\xff") {
		return nil, nil, errParam.With("name", "name", "value", p.name)
	}
	q, sets, limit, err := s.search(p)
	if err != nil {
		return nil, nil, err
	}
	defer q.Close()
	list, err := union(sets, func(m ...*labels.Matcher) ([]string, error) {
		values, _, err := q.LabelValues(ctx, p.name, nil, m...)
		return values, err
	})
	list, warnings := cut(list, limit)
	return list, warnings, err
}

type meta struct {
	Type string `json:"type"`
	Help string `json:"help"`
	Unit string `json:"unit"`
}

// metadata tells what each metric is: the observed property, and the unit of
// the first of its datastreams.
func (s *Service) metadata(_ context.Context, p params) (any, []string, error) {
	limit, err := p.limit()
	if err != nil {
		return nil, nil, err
	}
	snap := s.catalog.Snapshot()
	out := map[string][]meta{}
	for _, o := range snap.ObservedProperties() {
		if only := p.form.Get("metric"); only != "" && only != o.ID {
			continue
		}
		if limit > 0 && len(out) == limit {
			break
		}
		m := meta{Type: "gauge", Help: o.Name}
		if o.Description != "" {
			m.Help += ": " + o.Description
		}
		for _, d := range snap.DatastreamsByProperty(o.ID) {
			if catalog.Numeric(d) {
				m.Unit = d.Unit.Symbol
				break
			}
		}
		out[o.ID] = []meta{m}
	}
	return out, nil, nil
}

// buildInfo names a version of Prometheus whose API this is; Grafana asks for
// it to know what it may use.
func (s *Service) buildInfo(context.Context, params) (any, []string, error) {
	return map[string]string{"version": "3.16.0", "revision": "ioc " + s.version, "branch": "", "buildUser": "", "buildDate": "", "goVersion": ""}, nil, nil
}
