package eval

import (
	"context"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/fault"
)

var errSeries = fault.Define(fault.NotFound, "rule.series",
	"the rule does not look at {id}", "quy tắc không xét chuỗi đo {id}")

// explainSpan is how far back Explain runs a rule before the instant asked
// for, so that a level entered days before is seen.
const explainSpan = 7 * 24 * time.Hour

// Explain gives the trace of a rule on a series at an instant: what it saw
// then, what it came to, and why. For a general expression the series is that
// of a result, "" the first.
func Explain(ctx context.Context, p *Program, env Env, seriesID string, at time.Time) (Trace, error) {
	e, err := runTo(ctx, p, env, seriesID, at, explainSpan)
	if err != nil {
		return Trace{}, err
	}
	t := at.UnixMilli()
	var limits [maxLevels]limitPair
	switch {
	case !p.Native():
		g := e.grids[0]
		in := g.instances[seriesID]
		if seriesID == "" {
			if keys := sortedKeys(g.instances); len(keys) > 0 {
				in = g.instances[keys[0]]
			}
		}
		if in == nil {
			in = &instance{cell: newCell(e.world.describe(seriesID))}
		}
		m := in.m
		return e.trace(p, in.cell, &m, reading{t, m.v, m.ok, m.ok, in.cell.limits(e, p, t, &limits)}), nil
	case p.cross:
		for _, x := range e.crossings {
			if x.own.s.ID != seriesID {
				continue
			}
			o := x.evaluate(e, t, true)
			m := x.m
			ok := o.ok && (o.guard == nil || *o.guard)
			return e.trace(p, x.own, &m, reading{t, o.v, ok, o.ok, x.own.limits(e, p, t, &limits)}), nil
		}
	default:
		c := e.cells[seriesID]
		if c == nil {
			break
		}
		n := &c.class.groups[0].entries[0]
		v, ok := c.now(p.shape.feat, t)
		m := machine{}
		if len(c.machines) > 0 {
			m = *c.machines[0]
		}
		return e.trace(p, c, &m, reading{t, n.apply(v), ok, ok, c.limits(e, p, t, &limits)}), nil
	}
	return Trace{}, errSeries.With("id", seriesID)
}

// now is the value that stands at t: that of the newest reading, until it
// expires.
func (c *cell) now(f feat, t int64) (float64, bool) {
	if f.fn == fnSilence {
		return float64(t-c.newest) / 1000, c.has
	}
	v, ok := c.value(f, &c.aggs[0])
	return v, ok && c.expiry(f) > t
}

// runTo runs one rule up to an instant, on one series or ("") all of them.
func runTo(ctx context.Context, p *Program, env Env, seriesID string, at time.Time, span time.Duration) (*Engine, error) {
	if seriesID != "" && p.Native() && env.Series != nil {
		env = only(p, env, seriesID)
	}
	e := New([]*Program{p}, env)
	e.quiet = true
	if p.cross { // the back-test knows what cannot matter on the way
		b := newBacktest(p, env, at.Add(-span), at)
		walks, err := b.walk(ctx)
		if err != nil {
			return nil, err
		}
		for _, w := range walks {
			w.pass(at.UnixMilli())
			e.Restore(State{Machines: []Machine{w.x.m.snapshot(p, w.x.own.s.ID)}})
		}
		span = 0
	}
	if !p.Native() {
		span = min(span, max(10*ms(p.every()), 2*p.rule.For+2*p.rule.KeepFiring+time.Hour))
	}
	if _, err := e.Warm(ctx, at.Add(-span), at); err != nil {
		return nil, err
	}
	return e, nil
}

// only leaves the rule one series, and to guards the stations around.
func only(p *Program, env Env, seriesID string) Env {
	w := newWorld(env, nil)
	keep := map[string]bool{seriesID: true}
	if i, ok := w.byID[seriesID]; ok && p.cross {
		g := p.rule.Guard
		for _, metric := range []string{g.Property, w.series[i].Metric} {
			for _, n := range w.near(&w.series[i], metric, g.RadiusKm) {
				keep[w.series[n.index].ID] = true
			}
		}
	}
	kept := slices.DeleteFunc(slices.Clone(w.series), func(s Series) bool { return !keep[s.ID] })
	env.Series = func() []Series { return kept }
	return env
}

// Selects lists the series that a rule applies to, by id; of a general
// expression those that its selectors match.
func Selects(p *Program, env Env) []Series {
	w := newWorld(env, nil)
	out := []Series{}
	for _, i := range w.selects(p) {
		out = append(out, w.series[i])
	}
	return out
}

// FiresNow lists the series for which the rule fires at an instant.
func FiresNow(ctx context.Context, p *Program, env Env, at time.Time) ([]Series, error) {
	span := p.rule.For + p.rule.KeepFiring + time.Hour
	if p.cross {
		return crossFires(ctx, p, env, at, span)
	}
	e, err := runTo(ctx, p, env, "", at, span)
	if err != nil {
		return nil, err
	}
	out := []Series{}
	held := e.machines()
	for _, i := range sortedPairs(held) {
		if held[i].m.active != 0 {
			out = append(out, held[i].cell.s)
		}
	}
	return out, nil
}

// crossFires is FiresNow of a rule that looks around.
func crossFires(ctx context.Context, p *Program, env Env, at time.Time, span time.Duration) ([]Series, error) {
	walks, err := newBacktest(p, env, at.Add(-span), at).walk(ctx)
	if err != nil {
		return nil, err
	}
	out := []Series{}
	for _, w := range walks {
		if w.x.m.active != 0 {
			out = append(out, w.x.own.s)
		}
	}
	slices.SortFunc(out, func(a, b Series) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

func sortedPairs[V any](m map[pair]V) []pair {
	out := make([]pair, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b pair) int {
		if a.series != b.series {
			if a.series < b.series {
				return -1
			}
			return 1
		}
		return 0
	})
	return out
}
