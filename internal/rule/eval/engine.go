package eval

import (
	"context"
	"errors"
	"maps"
	"math"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/prometheus/promql"
	"golang.org/x/sync/errgroup"

	"openioc.org/ioc/internal/series"
)

// Engine runs rules live. Its methods are safe for concurrent use.
type Engine struct {
	asking    sync.Mutex // taken before mu by all but Observe, Offer and Next, which need not wait for the store
	mu        sync.Mutex
	env       Env
	world     *world
	progs     []*Program
	cells     map[string]*cell
	virtual   []Series // met by Offer
	timers    timers[*cell]
	crossTime timers[*crossing]
	crossings []*crossing
	grids     []*gridded
	now       int64
	arrived   int64 // newest arrival
	restored  map[pair]Machine
	advanced  int64 // of the restored State
	out       []Transition
	quiet     bool // no traces: for back-tests
}

// pair names a machine.
type pair struct{ rule, series string }

// New makes an engine; call Restore and Warm before the first Observe.
func New(rules []*Program, env Env) *Engine {
	e := &Engine{env: env, cells: map[string]*cell{}, restored: map[pair]Machine{}, now: math.MinInt64, arrived: math.MinInt64}
	e.set(rules)
	return e
}

// levels implements host.
func (e *Engine) levels(c *cell, t int64) [3]float64 { return e.world.named(c, t) }

// changed implements host: it makes the transition.
func (e *Engine) changed(p *Program, c *cell, m *machine, from uint8, r reading) {
	t := Transition{
		Rule: p.rule.ID, Version: p.rule.Version, Series: c.s,
		From: p.severity(from), To: p.severity(m.active), At: instant(r.t), Since: instant(m.since),
		Machine: m.snapshot(p, c.s.ID),
	}
	level, set := 0, m.active
	if set == 0 || t.To < t.From {
		set = from
	}
	if set != 0 {
		level = p.level(set)
	}
	t.Threshold = p.rule.Levels[level].Raise
	limit := r.limits[level].raise
	if t.To < t.From && !p.rule.Levels[level].Clear.IsZero() {
		t.Threshold, limit = p.rule.Levels[level].Clear, r.limits[level].clear
	}
	if t.Threshold.Op != "has" && limit == limit {
		t.Limit = &limit
	}
	if r.known {
		t.Value = &r.v
	}
	if m.peaked {
		peak := m.peak
		t.Peak = &peak
	}
	t.Estimated = c.estimated(p.shape.feat, r.t)
	if !e.quiet {
		tr := e.trace(p, c, m, r)
		t.Trace = &tr
	}
	e.out = append(e.out, t)
}

func instant(t int64) time.Time { return time.UnixMilli(t).UTC() }

// take returns the transitions found, by time.
func (e *Engine) take() []Transition {
	out := e.out
	e.out = nil
	sort.SliceStable(out, func(i, j int) bool { return out[i].At.Before(out[j].At) })
	return out
}

// Observe takes in observations that are stored already. Those of series
// that no rule selects cost a look into a map.
func (e *Engine) Observe(batch []Sample) []Transition {
	e.mu.Lock()
	defer e.mu.Unlock()
	type come struct {
		c *cell
		p series.Point
		a int64
	}
	list := make([]come, 0, len(batch))
	for _, s := range batch {
		if c := e.cells[s.ID]; c != nil && !math.IsNaN(s.V) && !math.IsInf(s.V, 0) {
			list = append(list, come{c, series.Point{T: s.T, V: s.V, Flags: s.Flags, Received: s.Received}, arrival(s.T, s.Received)})
		}
	}
	if !sort.SliceIsSorted(list, func(i, j int) bool {
		return list[i].a < list[j].a || list[i].a == list[j].a && list[i].p.T < list[j].p.T
	}) {
		sort.SliceStable(list, func(i, j int) bool {
			return list[i].a < list[j].a || list[i].a == list[j].a && list[i].p.T < list[j].p.T
		})
	}
	for i := range list {
		e.observe(list[i].c, list[i].p, list[i].a)
	}
	return e.take()
}

func (e *Engine) observe(c *cell, p series.Point, a int64) {
	if a > e.arrived {
		e.arrived = a
		e.fireCrossings(a - 1)
	}
	due := c.due
	c.observe(e, p, a)
	c.arrived = max(c.arrived, a)
	if c.due != due {
		e.timers.set(c)
	}
	for _, x := range c.crossings {
		t := p.T
		if x.prog.shape.fn == fnSilence {
			t = max(t, a)
		}
		x.asks(t)
		e.crossTime.set(x)
	}
}

func (e *Engine) fireCrossings(to int64) {
	for {
		x, ok := e.crossTime.until(to)
		if !ok {
			return
		}
		x.fire(e, min(to, x.due))
		e.crossTime.set(x)
	}
}

// Offer takes in a value of a record, a position or an event as a virtual
// series: selectors find it by metric and labels. Its past is not kept.
func (e *Engine) Offer(metric string, labels map[string]string, t time.Time, v float64) []Transition {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	id := virtualID(metric, labels)
	if _, known := e.world.byID[id]; !known {
		e.join(Series{ID: id, Metric: metric, Labels: maps.Clone(labels)})
	}
	if c := e.cells[id]; c != nil {
		c.cold = false
		e.observe(c, series.Point{T: t.UnixMilli(), V: v}, t.UnixMilli())
	}
	return e.take()
}

// join takes a virtual series in. Guards do not look at it before the next
// SetRules.
func (e *Engine) join(s Series) {
	e.virtual = append(e.virtual, s)
	e.world.byID[s.ID] = len(e.world.series)
	e.world.series = append(e.world.series, s)
	var progs []*Program
	for _, p := range e.progs {
		if p.Native() && !p.cross && s.matches(p.shape.matchers) {
			progs = append(progs, p)
		}
	}
	if len(progs) > 0 {
		c := newCell(s)
		c.setClass(newClass(progs), e.revive(progs, s.ID))
		c.held = c.keep
		e.cells[s.ID] = c
	}
}

func virtualID(metric string, labels map[string]string) string {
	var b strings.Builder
	b.WriteString(metric)
	b.WriteByte('{')
	for _, k := range sortedKeys(labels) {
		b.WriteString(k + "=" + labels[k] + ",")
	}
	b.WriteByte('}')
	return b.String()
}

// Advance lets time pass up to now: deadlines fire at their due instants and
// general expressions are evaluated on their grids. Call it with the time up
// to which observations have arrived, which is the wall clock less what
// messages need on their way: a deadline that has fired does not wait for a
// reading that would have met it. An error is of general expressions only;
// the transitions beside it are good.
func (e *Engine) Advance(ctx context.Context, now time.Time) ([]Transition, error) {
	e.asking.Lock()
	defer e.asking.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	to := now.UnixMilli()
	if to < e.now {
		return nil, nil
	}
	e.now = to
	for {
		c, ok := e.timers.until(to)
		if !ok {
			break
		}
		c.fire(e, c.due)
		e.timers.set(c)
	}
	e.fireCrossings(to)
	out := e.take()
	more, err := e.advanceGrids(ctx, to)
	out = append(out, more...)
	sort.SliceStable(out, func(i, j int) bool { return out[i].At.Before(out[j].At) })
	return out, err
}

// advanceGrids evaluates general expressions up to to, several at once. The
// lock is free while the store is asked, so that readings need not wait;
// asking keeps the grids as they are.
func (e *Engine) advanceGrids(ctx context.Context, to int64) ([]Transition, error) {
	var out []Transition
	var errs []error
	w := e.world
	grids := slices.DeleteFunc(slices.Clone(e.grids), func(g *gridded) bool { return g.cold })
	for len(grids) > 0 {
		answers := make([]promql.Matrix, len(grids))
		failed := make([]error, len(grids))
		e.mu.Unlock()
		var all errgroup.Group
		all.SetLimit(runtime.GOMAXPROCS(0))
		for i, g := range grids {
			if first, last := g.piece(to); first <= last {
				all.Go(func() error {
					answers[i], failed[i] = w.query(ctx, g, first, last, g.prog.every())
					return nil
				})
			}
		}
		_ = all.Wait() // each tells its own error
		e.mu.Lock()
		var rest []*gridded
		for i, g := range grids {
			if failed[i] != nil {
				g.last = max(g.last, to-g.prog.every()*maxSteps)
				errs = append(errs, failed[i])
				continue
			}
			if first, last := g.piece(to); first <= last {
				g.take(e, e.world, answers[i], first, last)
			}
			if first, last := g.piece(to); first <= last {
				rest = append(rest, g)
			} else {
				g.deadlines(e, to)
			}
		}
		grids = rest
		out = append(out, e.take()...)
	}
	return out, errors.Join(errs...)
}

// Next is when Advance has something to do, ok is false for never.
func (e *Engine) Next() (at time.Time, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	next := int64(never)
	if len(e.timers.list) > 0 {
		next = min(next, e.timers.list[0].due)
	}
	if len(e.crossTime.list) > 0 {
		next = min(next, e.crossTime.list[0].due)
	}
	for _, g := range e.grids {
		if !g.cold {
			next = min(next, g.next())
		}
	}
	return instant(next), next != never
}

// State tells what Restore needs.
func (e *Engine) State() State {
	e.asking.Lock()
	defer e.asking.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	st := State{At: max(e.now, e.arrived), Machines: []Machine{}}
	if e.now != math.MinInt64 {
		st.Advanced = e.now
	}
	for k, h := range e.machines() {
		st.Machines = append(st.Machines, h.m.snapshot(h.prog, k.series))
	}
	slices.SortFunc(st.Machines, func(a, b Machine) int {
		return strings.Compare(a.Rule+"\x00"+a.Series, b.Rule+"\x00"+b.Series)
	})
	return st
}
