package eval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"openioc.org/ioc/internal/series"
)

// Restore takes over what State told, or the Machines of the last transition
// of each rule and series. Warm goes on from there.
func (e *Engine) Restore(st State) {
	e.asking.Lock()
	defer e.asking.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.advanced = st.Advanced
	for _, m := range st.Machines {
		e.restored[pair{m.Rule, m.Series}] = m
	}
}

// revive makes machines from what was restored, for a new class of progs.
func (e *Engine) revive(progs []*Program, id string) []*machine {
	var out []*machine
	k := newClass(progs)
	for _, g := range k.groups {
		for _, n := range g.entries {
			if m := e.restore(n.prog, id); m != nil {
				m.slot = n.slot
				out = append(out, m)
			}
		}
	}
	return out
}

// restore uses up what was restored of one rule and series; nil is nothing.
func (e *Engine) restore(p *Program, id string) *machine {
	at := pair{p.rule.ID, id}
	s, ok := e.restored[at]
	if !ok {
		return nil
	}
	delete(e.restored, at)
	if s.Version != p.rule.Version || s.Active>>len(p.rule.Levels) != 0 {
		return carry(p, s.Severity, s.Since, s.At)
	}
	return s.restore()
}

// Warm makes ready what is new since the last time: it reads what windows
// need and runs what was not judged yet, up to to. from is the time up to
// which all that has no restored machine was judged and its transitions were
// kept; a change before is not told again, unless it holds still. It returns
// the transitions found on the way.
func (e *Engine) Warm(ctx context.Context, from, to time.Time) ([]Transition, error) {
	e.asking.Lock()
	defer e.asking.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []Transition
	var errs []error
	f, t := from.UnixMilli(), to.UnixMilli()
	for _, id := range sortedKeys(e.cells) {
		if c := e.cells[id]; c.cold {
			if err := e.warm(ctx, c, f, t); err != nil {
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				errs = append(errs, fmt.Errorf("warm %s: %w", id, err))
			}
			out = append(out, e.out...)
			e.out = nil
		}
	}
	for _, x := range e.crossings {
		if !x.cold {
			continue
		}
		done := f
		if e.advanced != 0 {
			done = max(e.advanced, f-1)
		}
		e.warmCrossing(x, done, t)
		out = append(out, e.out...)
		e.out = nil
	}
	for _, c := range e.cells {
		c.extra = 0
	}
	for _, g := range e.grids {
		if !g.cold {
			continue
		}
		done := f
		if e.advanced != 0 {
			done = e.advanced
		}
		if err := e.warmGrid(ctx, g, done, t); err != nil {
			errs = append(errs, err)
		}
		out = append(out, e.out...)
		e.out = nil
	}
	// What is gone since the state was kept is over.
	for k, m := range e.restored {
		if e.alive(k) {
			continue // a virtual series that may come yet
		}
		delete(e.restored, k)
		if m.Active == 0 {
			continue
		}
		i, ok := e.world.byID[k.series]
		s := Series{ID: k.series}
		if ok {
			s = e.world.series[i]
		}
		out = append(out, Transition{Rule: m.Rule, Version: m.Version, Series: s, From: m.Severity,
			At: instant(max(m.At, t)), Since: instant(m.Since), Machine: Machine{Rule: m.Rule, Version: m.Version, Series: m.Series, At: max(m.At, t)}})
	}
	e.now, e.advanced = max(e.now, t), 0
	sort.SliceStable(out, func(i, j int) bool { return out[i].At.Before(out[j].At) })
	return out, errors.Join(errs...)
}

// alive reports whether a restored machine may still find its series: one
// that Offer made is not known before it comes again.
func (e *Engine) alive(k pair) bool {
	if _, known := e.world.byID[k.series]; known {
		return false
	}
	for _, p := range e.progs {
		if p.rule.ID == k.rule {
			return len(k.series) > 0 && k.series[len(k.series)-1] == '}'
		}
	}
	return false
}

func (e *Engine) warm(ctx context.Context, c *cell, from, to int64) error {
	starts := make([]int64, c.class.entries)
	restored := make([]bool, c.class.entries)
	low := to - c.keep
	for _, g := range c.class.groups {
		for _, n := range g.entries {
			hold := n.prog.rule.For.Milliseconds()
			if m := e.restore(n.prog, c.s.ID); m != nil {
				m.slot = n.slot
				i := c.machine(n.slot)
				c.machines = slices.Insert(c.machines, i, m)
			}
			i := c.machine(n.slot)
			has := i < len(c.machines) && c.machines[i].slot == n.slot
			switch {
			case n.slot < len(c.kept) && c.kept[n.slot]:
				starts[n.slot], restored[n.slot] = c.arrived+1, true
			case has:
				starts[n.slot], restored[n.slot] = c.machines[i].t, true
			default:
				starts[n.slot] = from - hold - c.patience
			}
			low = min(low, starts[n.slot]-n.prog.shape.keep(&c.s)-c.patience)
		}
	}
	for _, x := range c.crossings {
		if x.cold {
			start := from - x.prog.rule.For.Milliseconds() - x.own.patience
			if m, ok := e.restored[pair{x.prog.rule.ID, x.own.s.ID}]; ok {
				start = min(start, m.At)
			}
			c.extra = max(c.extra, to-start)
			low = min(low, start-c.keep-c.patience)
		}
	}
	crossed := int64(never) // from when on cold crossings look at it
	for _, x := range c.crossings {
		if x.cold && x.own == c && x.prog.shape.fn == fnSilence {
			crossed = min(crossed, to-c.extra)
		}
	}
	points, err := e.read(ctx, c, low, to)
	if err != nil {
		return err
	}
	if c.holds(points, low) {
		e.warmNew(c, points, starts, to)
		e.out = e.net(e.out, from, c.kin(restored))
		return nil
	}
	// A station long silent still has a newest reading, which rules about
	// silence speak of.
	if far := c.longest(points, crossed); far > 0 {
		if points, err = e.read(ctx, c, min(low, to-far-(7*24*time.Hour).Milliseconds()), to); err != nil {
			return err
		}
	}
	c.ring, c.newest, c.has, c.hasUsable, c.silent, c.arrived, c.due = ring{}, 0, false, false, 0, math.MinInt64, never
	c.rebuild()
	c.starts = starts
	for _, p := range points {
		a := arrival(p.T, p.Received)
		c.observe(e, p, a)
		c.arrived = max(c.arrived, a)
	}
	c.starts = nil
	c.cold, c.kept, c.held = false, nil, c.keep
	if c.has {
		c.judge(e, c.arrived, true)
		if c.due <= to {
			c.fire(e, to)
		}
	} else {
		c.schedule()
	}
	e.timers.set(c)
	e.arrived = max(e.arrived, c.arrived)
	e.out = e.net(e.out, from, c.kin(restored))
	return nil
}

// longest is the longest silence, in ms, that rules ask about for which the
// points do not reach back far enough; 0 is none. crossed is from when on
// crossings look.
func (c *cell) longest(points []series.Point, crossed int64) int64 {
	far := int64(0)
	if n := len(c.class.silence); n > 0 && len(points) == 0 {
		far = c.class.silence[n-1]
	}
	if crossed == never || slices.ContainsFunc(points, func(p series.Point) bool { return p.T <= crossed && arrival(p.T, p.Received) <= crossed }) {
		return far
	}
	for _, x := range c.crossings {
		if x.cold && x.own == c && x.prog.shape.fn == fnSilence {
			far = max(far, slices.Max(x.prog.silences()))
		}
	}
	return far
}

// kin finds of a transition what is kept by slot.
func (c *cell) kin(by []bool) func(*Transition) bool {
	return func(t *Transition) bool {
		for _, g := range c.class.groups {
			for _, n := range g.entries {
				if n.prog.rule.ID == t.Rule {
					return by[n.slot]
				}
			}
		}
		return false
	}
}

// holds reports whether a cell that is cold for some new rules alone has all
// that was read for them already, as far as it keeps readings.
func (c *cell) holds(points []series.Point, low int64) bool {
	if !c.has || len(points) == 0 || c.held < c.keep || !slices.Contains(c.kept, true) || slices.ContainsFunc(c.crossings, func(x *crossing) bool { return x.cold }) {
		return false
	}
	n := uint64(0)
	for _, p := range points {
		i := c.ring.after(p.T)
		switch {
		case i > c.ring.first && c.ring.at(i-1) == newPoint(p.T, c.scale.encode(p.V), p.Flags):
			n++
		case i != c.ring.first: // at its beginning: older than what is kept
			return false
		}
	}
	return n == c.ring.end-c.ring.after(low-1)
}

// warmNew shows the new rules of a cell what was read, on a cell of their
// own; the others go on undisturbed.
func (e *Engine) warmNew(c *cell, points []series.Point, starts []int64, to int64) {
	slots := map[*Program]int{}
	var fresh []*Program
	for _, g := range c.class.groups {
		for _, n := range g.entries {
			if !c.kept[n.slot] {
				slots[n.prog], fresh = n.slot, append(fresh, n.prog)
			}
		}
	}
	k := newClass(fresh)
	there := make([]int, k.entries) // slots in c
	n := newCell(c.s)
	n.starts = make([]int64, k.entries)
	var machines []*machine
	for _, g := range k.groups {
		for _, x := range g.entries {
			slot := slots[x.prog]
			there[x.slot], n.starts[x.slot] = slot, starts[slot]
			if i := c.machine(slot); i < len(c.machines) && c.machines[i].slot == slot {
				m := c.machines[i]
				c.machines = slices.Delete(c.machines, i, i+1)
				m.slot = x.slot
				machines = append(machines, m)
			}
		}
	}
	n.setClass(k, machines)
	n.arrived = math.MinInt64
	for _, p := range points {
		a := arrival(p.T, p.Received)
		n.observe(e, p, a)
		n.arrived = max(n.arrived, a)
	}
	n.starts = nil
	n.judge(e, n.arrived, true)
	if n.due <= to {
		n.fire(e, to)
	}
	for _, m := range n.machines {
		m.slot = there[m.slot]
		c.machines = slices.Insert(c.machines, c.machine(m.slot), m)
	}
	c.cold, c.kept, c.held = false, nil, c.keep
	c.schedule()
	if c.due <= to {
		c.fire(e, to)
	}
	e.timers.set(c)
}

// read collects the points of a series that had come at to, in the order
// they came.
func (e *Engine) read(ctx context.Context, c *cell, from, to int64) ([]series.Point, error) {
	if e.env.Scan == nil || c.virtual() {
		return nil, nil
	}
	var out []series.Point
	late := false
	err := e.env.Scan(ctx, c.s.ID, instant(from), instant(to), func(p series.Point) {
		if a := arrival(p.T, p.Received); a <= to {
			late = late || a != p.T
			out = append(out, p)
		}
	})
	if late {
		sort.SliceStable(out, func(i, j int) bool {
			return arrival(out[i].T, out[i].Received) < arrival(out[j].T, out[j].Received)
		})
	}
	return out, err
}

func (c *cell) virtual() bool { return len(c.s.ID) > 0 && c.s.ID[len(c.s.ID)-1] == '}' }

// net leaves out transitions up to from of machines that were not restored:
// they were told before. What they came to is told if it holds still.
func (e *Engine) net(ts []Transition, from int64, restored func(*Transition) bool) []Transition {
	var out []Transition
	pending := map[pair]Transition{}
	for _, t := range ts {
		at := pair{t.Rule, t.Series.ID}
		if restored(&t) {
			out = append(out, t)
			continue
		}
		if t.At.UnixMilli() <= from {
			t.From = 0
			if pending[at] = t; t.To == 0 {
				delete(pending, at)
			}
			continue
		}
		if before, ok := pending[at]; ok {
			out = append(out, before)
			delete(pending, at)
		}
		out = append(out, t)
	}
	for _, t := range pending {
		out = append(out, t)
	}
	return out
}

func (e *Engine) warmCrossing(x *crossing, from, to int64) {
	restored := false
	if m := e.restore(x.prog, x.own.s.ID); m != nil {
		x.m, restored = *m, true
	}
	switch {
	case x.m.t != 0:
		x.start, restored = x.m.t, true
	default:
		x.start = from - x.prog.rule.For.Milliseconds() - x.own.patience
	}
	x.cold = false
	x.silent = x.start - 1
	ask := func(c *cell) {
		for i := c.ring.after(x.start - 1); i < c.ring.end; i++ {
			x.asks(c.ring.at(i).t())
		}
	}
	ask(x.own)
	for _, a := range slices.Concat(x.around, x.peers) {
		ask(a.cell)
	}
	if restored || x.own.has {
		x.asks(x.start)
	}
	x.schedule()
	x.fire(e, to)
	x.start = 0
	e.crossTime.set(x)
	e.out = e.net(e.out, from, func(*Transition) bool { return restored })
}

func (e *Engine) warmGrid(ctx context.Context, g *gridded, from, to int64) error {
	start := from - g.prog.rule.For.Milliseconds() - g.prog.every()
	g.start, g.starts = start, map[string]int64{}
	for k := range e.restored {
		if k.rule != g.prog.rule.ID {
			continue
		}
		m := e.restore(g.prog, k.series)
		in := &instance{cell: newCell(e.world.describe(k.series)), m: *m}
		g.instances[k.series] = in
		g.starts[k.series] = m.t
		start = min(start, m.t)
	}
	g.last, g.cold = start-1, false
	err := g.run(ctx, e, e.world, to)
	if err != nil {
		g.last = to // from here on; the error says what was left out
	}
	e.out = e.net(e.out, from, func(t *Transition) bool {
		_, restored := g.starts[t.Series.ID]
		return restored
	})
	g.start, g.starts = math.MinInt64, nil
	return err
}

// describe finds a series, or stands in for one that is not known.
func (w *world) describe(id string) Series {
	if i, ok := w.byID[id]; ok {
		return w.series[i]
	}
	return Series{ID: id, Labels: map[string]string{}}
}
