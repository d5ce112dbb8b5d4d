package eval

import (
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"reflect"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"
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

// SetRules swaps the rules and reads Env.Series again, which is also the way
// to tell that the series changed. Machines stay; those of a rule whose
// version changed go on under the new one. Call Warm afterwards: it makes
// ready what is new. The transitions are those to none, of what fired and is
// gone.
func (e *Engine) SetRules(rules []*Program) []Transition {
	e.asking.Lock()
	defer e.asking.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.set(rules)
	return e.take()
}

func (e *Engine) set(rules []*Program) {
	old := e.machines()
	was := map[string]int{}
	for _, p := range e.progs {
		was[p.rule.ID] = p.rule.Version
	}
	e.progs = slices.Clone(rules)
	e.world = newWorld(e.env, e.virtual)
	w := e.world
	byMetric := map[string][]int{} // places of native rules, by metric
	var crosses []*Program
	var grids []*gridded
	for i, p := range e.progs {
		switch {
		case !p.Native():
			grids = append(grids, e.grid(p))
		case p.cross:
			crosses = append(crosses, p)
		default:
			byMetric[p.metric()] = append(byMetric[p.metric()], i)
		}
	}
	e.grids = grids
	cells := make(map[string]*cell, len(e.cells))
	classes := map[string]*class{}
	alike := map[*class]string{} // classes that stay, with their keys
	selectors := e.selectors(byMetric)
	var key []byte
	for i := range w.series {
		s := &w.series[i]
		key = key[:0]
		var progs []*Program
		var matched []int
		for _, sel := range selectors[s.Metric] {
			if s.matches(sel.matchers) {
				matched = append(matched, sel.rules...)
			}
		}
		slices.Sort(matched)
		for _, j := range matched {
			progs = append(progs, e.progs[j])
			key = binary.LittleEndian.AppendUint32(key, uint32(j))
		}
		if len(progs) == 0 || e.stays(cells, s, progs, string(key), alike, old) {
			continue
		}
		k := classes[string(key)]
		if k == nil {
			k = newClass(progs)
			classes[string(key)] = k
		}
		e.adopt(e.cellOf(cells, s), k, was, old)
	}
	e.cross(cells, crosses, old)
	for id, c := range e.cells {
		if cells[id] == nil && c.pos >= 0 {
			c.due = never
			e.timers.set(c)
		}
	}
	for _, c := range cells {
		c.cold = c.cold || c.keep > c.held // it must read farther back
		c.held = min(c.held, c.keep)
	}
	e.cells = cells
	for _, g := range e.grids {
		for k := range g.instances {
			delete(old, pair{g.prog.rule.ID, k})
		}
	}
	e.gone(old)
}

// selector is what some rules select alike.
type selector struct {
	matchers []*labels.Matcher
	rules    []int
}

// selectors puts rules that select the same together, by metric.
func (e *Engine) selectors(byMetric map[string][]int) map[string][]*selector {
	out := map[string][]*selector{}
	for metric, rules := range byMetric {
		known := map[string]*selector{}
		for _, j := range rules {
			ms := e.progs[j].shape.matchers
			var key strings.Builder
			for _, m := range ms {
				key.WriteString(m.String() + ",")
			}
			sel := known[key.String()]
			if sel == nil {
				sel = &selector{matchers: ms}
				known[key.String()] = sel
				out[metric] = append(out[metric], sel)
			}
			sel.rules = append(sel.rules, j)
		}
	}
	return out
}

// stays keeps the cell of a series for which nothing changed.
func (e *Engine) stays(cells map[string]*cell, s *Series, progs []*Program, key string, alike map[*class]string, old map[pair]held) bool {
	c := e.cells[s.ID]
	if c == nil || c.cold || c.scale != newScale(s.Resolution) || c.patience != s.patience() {
		return false
	}
	if alike[c.class] != key {
		if !c.class.of(progs) {
			return false
		}
		alike[c.class] = key
	}
	c.s, c.crossings, c.hour, c.keep = *s, nil, math.MinInt64, 0
	next := 0
	for _, g := range c.class.groups {
		c.keep = max(c.keep, g.feat.keep(s))
		for ; next < len(c.machines) && c.machines[next].slot <= g.entries[len(g.entries)-1].slot; next++ {
			delete(old, pair{g.entries[c.machines[next].slot-g.entries[0].slot].prog.rule.ID, s.ID})
		}
	}
	cells[s.ID] = c
	return true
}

// of reports whether the class is that of these rules.
func (k *class) of(progs []*Program) bool {
	if k.entries != len(progs) {
		return false
	}
	byID := make(map[string]*Program, len(progs))
	for _, p := range progs {
		byID[p.rule.ID] = p
	}
	for _, g := range k.groups {
		for _, n := range g.entries {
			p := byID[n.prog.rule.ID]
			if p != n.prog && (p == nil || !reflect.DeepEqual(p.rule, n.prog.rule)) {
				return false
			}
		}
	}
	return true
}

// metric is the name that a native rule selects.
func (p *Program) metric() string {
	for _, m := range p.shape.matchers {
		if m.Name == "__name__" {
			return m.Value
		}
	}
	return ""
}

// cellOf finds or makes the cell of a series; the caller gives it a class.
func (e *Engine) cellOf(cells map[string]*cell, s *Series) *cell {
	c := cells[s.ID]
	if c == nil {
		if c = e.cells[s.ID]; c == nil || c.scale != newScale(s.Resolution) {
			c = newCell(*s)
			c.cold = true
		}
		c.s, c.patience, c.crossings, c.hour = *s, s.patience(), nil, math.MinInt64
		c.class, c.machines, c.aggs, c.keep = &class{}, nil, nil, 0
		cells[s.ID] = c
	}
	return c
}

// adopt gives a cell its class; machines of rules that stay stay.
func (e *Engine) adopt(c *cell, k *class, was map[string]int, old map[pair]held) {
	changed := c.cold
	kept := make([]bool, k.entries)
	var machines []*machine
	for _, g := range k.groups {
		for _, n := range g.entries {
			version, stays := was[n.prog.rule.ID]
			kept[n.slot] = stays && version == n.prog.rule.Version && !c.cold
			changed = changed || !kept[n.slot]
			at := pair{n.prog.rule.ID, c.s.ID}
			h, ok := old[at]
			if !ok {
				continue
			}
			delete(old, at)
			m := h.m
			if h.prog.rule.Version != n.prog.rule.Version {
				m = carry(n.prog, h.prog.severity(m.active), m.since, m.t)
			}
			if m != nil {
				m.slot = n.slot
				machines = append(machines, m)
			}
		}
	}
	c.setClass(k, machines)
	if changed {
		c.cold = true
		c.kept = kept
	}
	c.schedule()
	e.timers.set(c)
}

// carry takes an entered severity over to another version of the rule.
func carry(p *Program, severity Severity, since, t int64) *machine {
	m := &machine{since: since, t: t}
	for i, l := range p.rule.Levels {
		if l.Severity <= severity {
			m.active |= 1 << i
		}
	}
	return m
}

// cross links guarded rules with the series they look at.
func (e *Engine) cross(cells map[string]*cell, rules []*Program, old map[pair]held) {
	before := map[pair]*crossing{}
	for _, x := range e.crossings {
		before[pair{x.prog.rule.ID, x.own.s.ID}] = x
		if x.pos >= 0 {
			x.due = never
			e.crossTime.set(x)
		}
	}
	e.crossings = nil
	w := e.world
	for _, p := range rules {
		g := p.rule.Guard
		for _, i := range w.selected(p) {
			s := &w.series[i]
			x := &crossing{prog: p, own: e.cellOf(cells, s), cold: true}
			x.pos, x.due = -1, never
			x.mine.cell = x.own
			at := pair{p.rule.ID, s.ID}
			if b := before[at]; b != nil && b.prog.rule.Version == p.rule.Version {
				x.m, x.silent, x.look, x.cold = b.m, b.silent, b.look, b.cold
			} else if h, ok := old[at]; ok {
				if h.prog.rule.Version == p.rule.Version {
					x.m = *h.m
				} else {
					x.m = *carry(p, h.prog.severity(h.m.active), h.m.since, h.m.t)
				}
			}
			delete(old, at)
			link := func(property string, keep int64) []around {
				var out []around
				for _, n := range w.near(s, property, g.RadiusKm) {
					c := e.cellOf(cells, &w.series[n.index])
					c.keep = max(c.keep, keep)
					c.crossings = append(c.crossings, x)
					out = append(out, around{cell: c, km: n.km})
				}
				return out
			}
			if g.Op != "" {
				x.around = link(g.Property, g.Window.Milliseconds()+slack)
			}
			if x.neighbours() {
				x.peers = link(s.Metric, p.shape.keep(s)+slack)
			}
			x.own.keep = max(x.own.keep, p.shape.keep(s)+slack)
			if !slices.Contains(x.own.crossings, x) {
				x.own.crossings = append(x.own.crossings, x)
			}
			e.crossings = append(e.crossings, x)
			x.schedule()
			e.crossTime.set(x)
		}
	}
}

func (e *Engine) grid(p *Program) *gridded {
	for _, g := range e.grids {
		if g.prog.rule.ID != p.rule.ID {
			continue
		}
		if g.prog.rule.Version == p.rule.Version {
			g.back = p.lookback(e.world.series)
			return g
		}
		n := &gridded{prog: p, back: p.lookback(e.world.series), last: g.last, instances: map[string]*instance{}}
		for k, in := range g.instances {
			if in.m.active != 0 {
				n.instances[k] = &instance{in.cell, *carry(p, g.prog.severity(in.m.active), in.m.since, in.m.t)}
			}
		}
		return n
	}
	return &gridded{prog: p, cold: true, back: p.lookback(e.world.series), last: e.now, instances: map[string]*instance{}}
}

// held is a machine with what it belongs to.
type held struct {
	prog *Program
	cell *cell
	m    *machine
}

// machines lists all machines that are not at rest.
func (e *Engine) machines() map[pair]held {
	out := map[pair]held{}
	for id, c := range e.cells {
		next := 0
		for _, g := range c.class.groups {
			for ; next < len(c.machines) && c.machines[next].slot <= g.entries[len(g.entries)-1].slot; next++ {
				m := c.machines[next]
				p := g.entries[m.slot-g.entries[0].slot].prog
				out[pair{p.rule.ID, id}] = held{p, c, m}
			}
		}
	}
	for _, x := range e.crossings {
		if !x.m.idle() {
			out[pair{x.prog.rule.ID, x.own.s.ID}] = held{x.prog, x.own, &x.m}
		}
	}
	for _, g := range e.grids {
		for k, in := range g.instances {
			if !in.m.idle() {
				out[pair{g.prog.rule.ID, k}] = held{g.prog, in.cell, &in.m}
			}
		}
	}
	return out
}

// gone ends what fired and has no rule or series any more.
func (e *Engine) gone(old map[pair]held) {
	keys := slices.SortedFunc(maps.Keys(old), func(a, b pair) int {
		return strings.Compare(a.rule+"\x00"+a.series, b.rule+"\x00"+b.series)
	})
	for _, k := range keys {
		h := old[k]
		if h.m.active == 0 {
			continue
		}
		before := h.m.active
		*h.m = machine{t: max(h.m.t, e.now), since: h.m.since}
		var limits [maxLevels]limitPair
		e.changed(h.prog, h.cell, h.m, before, reading{t: h.m.t, limits: h.cell.limits(e, h.prog, h.m.t, &limits)})
	}
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
