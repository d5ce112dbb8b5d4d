package eval

import (
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
)

// world is Env with its series sorted out.
type world struct {
	env     Env
	series  []Series // by id
	byID    map[string]int
	byThing map[string][]int
	engine  func() *promql.Engine
}

func newWorld(env Env, virtual []Series) *world {
	w := &world{env: env, engine: sync.OnceValue(newPromEngine)}
	if env.Series != nil {
		w.series = slices.Clone(env.Series())
	}
	w.series = append(w.series, virtual...)
	slices.SortStableFunc(w.series, func(a, b Series) int { return strings.Compare(a.ID, b.ID) })
	w.series = slices.CompactFunc(w.series, func(a, b Series) bool { return a.ID == b.ID })
	w.byID = make(map[string]int, len(w.series))
	w.byThing = make(map[string][]int, len(w.series))
	for i := range w.series {
		w.byID[w.series[i].ID] = i
		if t := w.series[i].Thing(); t != "" {
			w.byThing[t] = append(w.byThing[t], i)
		}
	}
	return w
}

// selected lists the series that a native rule selects.
func (w *world) selected(p *Program) []int {
	var out []int
	for i := range w.series {
		if w.series[i].matches(p.shape.matchers) {
			out = append(out, i)
		}
	}
	return out
}

// selects lists the series that any selector of a rule matches.
func (w *world) selects(p *Program) []int {
	if p.Native() {
		return w.selected(p)
	}
	var out []int
	sels := selectors(p.expr)
	for i := range w.series {
		s := &w.series[i]
		for _, sel := range sels {
			ms := sel.LabelMatchers
			if base, ok := strings.CutSuffix(sel.Name, flagsSuffix); ok {
				ms = renamed(ms, base)
			}
			if s.matches(ms) {
				out = append(out, i)
				break
			}
		}
	}
	return out
}

// near lists the series of a property on the things around a series.
func (w *world) near(s *Series, property string, km float64) []found {
	if w.env.Neighbours == nil || s.Thing() == "" {
		return nil
	}
	var out []found
	for _, n := range w.env.Neighbours(s.Thing(), km) {
		if n.Thing == s.Thing() {
			continue
		}
		for _, i := range w.byThing[n.Thing] {
			if w.series[i].Metric == property {
				out = append(out, found{i, n.Km})
			}
		}
	}
	return out
}

type found struct {
	index int
	km    float64
}

// seriesOf describes the result of a general expression.
func (w *world) seriesOf(key string, l labels.Labels) Series {
	if i, ok := w.byID[key]; ok {
		return w.series[i]
	}
	s := Series{ID: key, Metric: l.Get(labels.MetricName), Labels: map[string]string{}}
	l.Range(func(l labels.Label) {
		if l.Name != labels.MetricName {
			s.Labels[l.Name] = l.Value
		}
	})
	return s
}

// named looks the alarm levels of a series up, as they hold at t.
func (w *world) named(c *cell, t int64) [3]float64 {
	out := [3]float64{math.NaN(), math.NaN(), math.NaN()}
	if w.env.Thresholds == nil || c.s.Thing() == "" {
		return out
	}
	for _, th := range w.env.Thresholds(c.s.Thing(), c.s.Metric, time.UnixMilli(t).UTC()) {
		if th.Level >= 1 && th.Level <= len(out) {
			out[th.Level-1] = th.Value
		}
	}
	return out
}
