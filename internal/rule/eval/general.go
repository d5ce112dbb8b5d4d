package eval

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"openioc.org/ioc/internal/fault"
)

var errExec = fault.Define(fault.Invalid, "rule.execution",
	"the expression cannot be computed: {detail}", "không tính được biểu thức: {detail}")

// The limits of one evaluation of a general expression.
const (
	maxSamples = 5_000_000
	maxTime    = 30 * time.Second
	maxSteps   = 500 // of the grid, in one question to the engine
)

func newPromEngine() *promql.Engine {
	return promql.NewEngine(promql.EngineOpts{
		MaxSamples: maxSamples, Timeout: maxTime, LookbackDelta: 5 * time.Minute,
		EnableAtModifier: true, EnableNegativeOffset: false, Parser: promParser,
		NoStepSubqueryIntervalFn: func(int64) int64 { return time.Minute.Milliseconds() },
	})
}

// gridded is a rule with a general expression: evaluated each Every, one
// machine for each set of labels in the result.
type gridded struct {
	prog      *Program
	last      int64            // the last instant of the grid that is done
	start     int64            // while warming: what lies before was judged already,
	starts    map[string]int64 // and of restored instances
	back      time.Duration
	cold      bool // Warm has not been here
	instances map[string]*instance
}

// instance is what a general expression yields under one set of labels.
type instance struct {
	cell *cell // stands for the result: labels, named levels
	m    machine
}

// lookback follows the slowest rhythm of what the expression selects.
func (p *Program) lookback(all []Series) time.Duration {
	back := (5 * time.Minute).Milliseconds()
	sels := selectors(p.expr)
	for i := range all {
		for _, sel := range sels {
			if all[i].matches(sel.LabelMatchers) {
				back = max(back, all[i].patience())
			}
		}
	}
	return ms(back)
}

// piece is what of the grid is to be asked next, up to to.
func (g *gridded) piece(to int64) (first, last int64) {
	every := g.prog.every()
	first = (floorDiv(g.last, every) + 1) * every
	return first, min(floorDiv(to, every)*every, first+(maxSteps-1)*every)
}

// run evaluates every instant of the grid in (g.last, to].
func (g *gridded) run(ctx context.Context, h host, w *world, to int64) error {
	for {
		first, last := g.piece(to)
		if first > last {
			break
		}
		m, err := w.query(ctx, g, first, last, g.prog.every())
		if err != nil {
			return err
		}
		g.take(h, w, m, first, last)
	}
	g.deadlines(h, to)
	return nil
}

// take judges an answer, instant by instant.
func (g *gridded) take(h host, w *world, m promql.Matrix, first, last int64) {
	at := make([]int, len(m)) // place in each series of the result
	keys := make([]string, len(m))
	for i, s := range m {
		keys[i] = instanceKey(s.Metric)
	}
	for t := first; t <= last; t += g.prog.every() {
		g.deadlines(h, t-1)
		seen := map[string]bool{}
		for i, s := range m {
			if at[i] >= len(s.Floats) || s.Floats[at[i]].T != t {
				continue
			}
			v := s.Floats[at[i]].F
			at[i]++
			if v != v {
				continue // 0/0 is no value
			}
			seen[keys[i]] = true
			in := g.instances[keys[i]]
			if in == nil {
				in = &instance{cell: newCell(w.seriesOf(keys[i], s.Metric))}
				in.cell.newest, in.cell.has = t, true
				g.instances[keys[i]] = in
			}
			in.cell.add(t, v, 0)
			g.step(h, in, t, v, true)
		}
		for _, k := range sortedKeys(g.instances) {
			if in := g.instances[k]; !seen[k] {
				g.step(h, in, t, 0, false)
				if in.m.idle() {
					delete(g.instances, k)
				}
			}
		}
		g.last = t
	}
}

func (g *gridded) step(h host, in *instance, t int64, v float64, ok bool) {
	start, restored := g.starts[in.cell.s.ID]
	if !restored {
		start = g.start
	}
	if t < max(start, in.m.t) {
		in.m.v, in.m.ok = v, ok
		return
	}
	var limits [maxLevels]limitPair
	r := reading{t: t, v: v, ok: ok, known: ok, limits: in.cell.limits(h, g.prog, t, &limits)}
	before := in.m.active
	if in.m.step(g.prog, r) {
		h.changed(g.prog, in.cell, &in.m, before, r)
	}
}

// deadlines fires what falls between the instants of the grid.
func (g *gridded) deadlines(h host, to int64) {
	for _, k := range sortedKeys(g.instances) {
		in := g.instances[k]
		for due := in.m.due(g.prog); due <= to; due = in.m.due(g.prog) {
			g.step(h, in, due, in.m.v, in.m.ok)
		}
	}
}

func (g *gridded) next() int64 {
	at := (floorDiv(g.last, g.prog.every()) + 1) * g.prog.every()
	for _, in := range g.instances {
		at = min(at, in.m.due(g.prog))
	}
	return at
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// instanceKey is the datastream of the result, or its labels when it speaks
// of more than one.
func instanceKey(l labels.Labels) string {
	if id := l.Get("datastream"); id != "" {
		return id
	}
	return l.String()
}

// query asks the engine of PromQL.
func (w *world) query(ctx context.Context, g *gridded, first, last, every int64) (promql.Matrix, error) {
	if w.env.Queryable == nil {
		return nil, nil
	}
	opts := promql.NewPrometheusQueryOpts(false, g.back, nil)
	text := g.prog.PromQL()
	q, err := w.engine().NewRangeQuery(ctx, w.env.Queryable, opts, text, time.UnixMilli(first), time.UnixMilli(last), ms(every))
	if err != nil {
		return nil, errExec.With("detail", err.Error()).Because(err)
	}
	defer q.Close()
	res := q.Exec(ctx)
	if res.Err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, errExec.With("detail", res.Err.Error()).Because(res.Err)
	}
	m, ok := res.Value.(promql.Matrix)
	if !ok {
		return nil, errExec.With("detail", fmt.Sprint("a result of type ", parser.DocumentedType(res.Value.Type())))
	}
	out := make(promql.Matrix, len(m)) // the engine takes its memory back
	for i, s := range m {
		out[i] = promql.Series{Metric: s.Metric, Floats: slices.Clone(s.Floats)}
	}
	slices.SortFunc(out, func(a, b promql.Series) int { return labels.Compare(a.Metric, b.Metric) })
	return out, nil
}
