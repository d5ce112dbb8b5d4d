package promapi

import (
	"context"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// How far an instant value looks back: lookbackRhythms times the slowest
// rhythm of what is selected, at least leastLookback.
const (
	leastLookback   = 5 * time.Minute
	lookbackRhythms = 2.5
)

// lookback follows the rhythm of the datastreams that a query selects.
func (s *Service) lookback(ctx context.Context, e parser.Expr) (time.Duration, error) {
	q, err := s.series.Querier(firstInstant.UnixMilli(), lastInstant.UnixMilli())
	if err != nil {
		return 0, err
	}
	defer q.Close()
	slowest := time.Duration(0)
	for _, matchers := range parser.ExtractSelectors(e) {
		ids, _, err := q.LabelValues(ctx, "datastream", nil, matchers...)
		if err != nil {
			return 0, err
		}
		for _, id := range ids {
			if d, ok := s.catalog.Datastream(id); ok {
				slowest = max(slowest, d.Rhythm)
			}
		}
	}
	return max(leastLookback, time.Duration(lookbackRhythms*float64(slowest))), nil
}

// options parses a query and finds its look-back; the parameter
// lookback_delta says it outright.
func (s *Service) options(ctx context.Context, p params) (string, promql.QueryOpts, error) {
	text := p.form.Get("query")
	e, err := s.parser.ParseExpr(text)
	if err != nil {
		return "", nil, badQuery("query", text, err)
	}
	back, err := s.lookback(ctx, e)
	if err != nil {
		return "", nil, err
	}
	if given := p.form.Get("lookback_delta"); given != "" {
		if back, err = parseDuration(given); err != nil || back <= 0 {
			return "", nil, errParam.With("name", "lookback_delta", "value", given)
		}
	}
	return text, promql.NewPrometheusQueryOpts(false, back, nil), nil
}

type result struct {
	Type   parser.ValueType `json:"resultType"`
	Result parser.Value     `json:"result"`
}

func (s *Service) query(ctx context.Context, p params) (any, []string, error) {
	at, err := p.instant("time", p.now)
	if err != nil {
		return nil, nil, err
	}
	text, opts, err := s.options(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	q, err := s.engine.NewInstantQuery(ctx, s.series, opts, text, at)
	if err != nil {
		return nil, nil, badQuery("query", text, err)
	}
	return s.exec(ctx, q, text)
}

func (s *Service) queryRange(ctx context.Context, p params) (any, []string, error) {
	for _, name := range []string{"start", "end", "step"} {
		if p.form.Get(name) == "" {
			return nil, nil, errParam.With("name", name, "value", `""`)
		}
	}
	from, err := p.instant("start", p.now)
	if err != nil {
		return nil, nil, err
	}
	to, err := p.instant("end", p.now)
	if err != nil {
		return nil, nil, err
	}
	step, err := p.step()
	if err != nil {
		return nil, nil, err
	}
	if to.Before(from) {
		return nil, nil, errParam.With("name", "end", "value", p.form.Get("end"))
	}
	if to.Sub(from)/step > maxSteps {
		return nil, nil, errSteps.With("limit", maxSteps)
	}
	text, opts, err := s.options(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	q, err := s.engine.NewRangeQuery(ctx, s.series, opts, text, from, to, step)
	if err != nil {
		return nil, nil, badQuery("query", text, err)
	}
	return s.exec(ctx, q, text)
}

// exec runs a query and copies what it found: the engine takes the memory of
// its points back when the query is closed.
func (s *Service) exec(ctx context.Context, q promql.Query, text string) (any, []string, error) {
	defer q.Close()
	res := q.Exec(ctx)
	if res.Err != nil {
		return nil, nil, executing(ctx, res.Err)
	}
	warnings, infos := res.Warnings.AsStrings(text, 10, 10)
	v := res.Value
	switch x := v.(type) {
	case promql.Matrix:
		out := make(promql.Matrix, len(x))
		for i, series := range x {
			series.Floats = append([]promql.FPoint{}, series.Floats...)
			out[i] = series
		}
		v = out
	case promql.Vector:
		v = append(promql.Vector{}, x...)
	}
	return result{v.Type(), v}, append(warnings, infos...), nil
}

func (s *Service) formatQuery(_ context.Context, p params) (any, []string, error) {
	text := p.form.Get("query")
	e, err := s.parser.ParseExpr(text)
	if err != nil {
		return nil, nil, badQuery("query", text, err)
	}
	return e.Pretty(0), nil, nil
}
