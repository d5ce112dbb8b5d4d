package eval

import (
	"math"
	"slices"
	"sort"
	"time"

	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
)

// class is what series have in common that the same rules select: the feats
// those rules need, each computed once, and per feat the rules.
type class struct {
	groups  []group
	entries int
	silence []int64 // ms of silence at which some rule's level is reached, ascending
}

type group struct {
	feat    feat
	entries []entry
}

// entry is one rule of a class.
type entry struct {
	prog     *Program
	slot     int
	mul, div float64
	low      float64 // no level's Raise holds at or below it
	high     float64 // no level's Raise holds at or above it
	refs     bool    // thresholds name levels: low and high say nothing
}

func newClass(progs []*Program) *class {
	k := &class{}
	for _, p := range progs {
		i := slices.IndexFunc(k.groups, func(g group) bool { return g.feat == p.shape.feat })
		if i < 0 {
			i = len(k.groups)
			k.groups = append(k.groups, group{feat: p.shape.feat})
		}
		k.groups[i].entries = append(k.groups[i].entries, newEntry(p))
		if p.shape.fn == fnSilence {
			k.silence = append(k.silence, p.silences()...)
		}
	}
	for i := range k.groups {
		for j := range k.groups[i].entries {
			k.groups[i].entries[j].slot = k.entries
			k.entries++
		}
	}
	slices.Sort(k.silence)
	k.silence = slices.Compact(k.silence)
	return k
}

// newEntry works out the band of values in which the rule is at rest; most
// values of most series lie in it, and one look is enough.
func newEntry(p *Program) entry {
	e := entry{prog: p, mul: p.shape.mul, div: p.shape.div, low: math.Inf(1), high: math.Inf(-1)}
	for i, l := range p.rule.Levels {
		if l.Raise.Ref != "" {
			e.refs = true
		}
		v := p.limit[i].raise
		switch l.Raise.Op {
		case ">":
			e.low = min(e.low, v)
		case ">=":
			e.low = min(e.low, math.Nextafter(v, math.Inf(-1)))
		case "<":
			e.high = max(e.high, v)
		case "<=":
			e.high = max(e.high, math.Nextafter(v, math.Inf(1)))
		default:
			e.low, e.high = math.Inf(-1), math.Inf(1) // any value may raise
		}
		if p.shape.fn == fnSilence {
			e.low = min(e.low, math.Nextafter(v, math.Inf(-1)))
		}
	}
	return e
}

// apply is the rule's value of the feat's.
func (e *entry) apply(v float64) float64 {
	if e.mul == 1 && e.div == 1 {
		return v
	}
	return round9(v * e.mul / e.div)
}

// silences are how long, in ms, a silence is when a level is reached.
func (p *Program) silences() []int64 {
	var out []int64
	for i, l := range p.rule.Levels {
		for _, limit := range []float64{p.limit[i].raise, p.limit[i].clear} {
			out = append(out, int64(math.Ceil(limit*p.shape.div/p.shape.mul*1000-1e-6)))
			if l.Clear.IsZero() {
				break
			}
		}
	}
	return out
}

// cell is one series with all rules that select it and look at nothing else.
type cell struct {
	timer
	s         Series
	scale     scale
	patience  int64
	keep      int64
	class     *class
	ring      ring
	aggs      []agg      // one a group of the class
	machines  []*machine // by slot
	newest    int64      // instant of the newest reading
	has       bool       // there is one
	flags     sensing.Flags
	usable    point // the newest usable reading
	hasUsable bool
	named     [3]float64 // bd1–bd3 as at the beginning of hour, NaN unknown
	hour      int64
	arrived   int64       // newest arrival
	extra     int64       // how much longer readings stay while crossings warm
	held      int64       // how far back Warm has read, ms
	cold      bool        // Warm has not been here
	kept      []bool      // while cold: by slot, the rule was judged up to arrived
	silent    int64       // when silence was last looked at
	starts    []int64     // while warming: by slot, what came before was judged already
	crossings []*crossing // that look at this series
}

// host is what cells call: it takes transitions and knows the named levels.
type host interface {
	changed(p *Program, c *cell, m *machine, from uint8, r reading)
	levels(c *cell, t int64) [3]float64
}

func newCell(s Series) *cell {
	c := &cell{s: s, scale: newScale(s.Resolution), patience: s.patience(), class: &class{}, hour: math.MinInt64}
	c.due, c.pos = never, -1
	return c
}

// setClass gives the cell its rules; machines are in terms of the new class.
func (c *cell) setClass(k *class, machines []*machine) {
	c.class, c.machines = k, machines
	slices.SortFunc(c.machines, func(a, b *machine) int { return a.slot - b.slot })
	c.keep = 0
	for _, g := range k.groups {
		c.keep = max(c.keep, g.feat.keep(&c.s))
	}
	c.rebuild()
}

func (c *cell) rebuild() {
	c.aggs = make([]agg, len(c.class.groups))
	for i, g := range c.class.groups {
		c.aggs[i].rebuild(g.feat, &c.ring, c.newest)
	}
}

// add puts a reading into the windows; false if its instant is taken or too
// old to matter.
func (c *cell) add(t int64, v float64, f sensing.Flags) bool {
	return c.put(newPoint(t, c.scale.encode(v), f))
}

func (c *cell) put(p point) bool {
	t := p.t()
	if c.has && t <= c.newest {
		before := c.newest - c.keep - c.extra
		if t == c.newest || !c.ring.insert(p, before) {
			return false
		}
		c.ring.trim(before)
		c.usable, c.hasUsable = c.usableBefore(c.ring.end, c.newest)
		c.rebuild()
		return true
	}
	c.newest, c.has, c.flags = t, true, p.flags()
	if p.usable() {
		c.usable, c.hasUsable = p, true
	}
	c.ring.push(p)
	for i := range c.aggs {
		c.aggs[i].slide(c.class.groups[i].feat, &c.ring, t)
	}
	if before := t - c.keep - c.extra; c.ring.at(c.ring.first).t() <= before {
		c.ring.trim(before)
	}
	return true
}

// arrival is when a reading counts as having come: late ones when they were
// received, others at their own time, as the store tells it.
func arrival(t, received int64) int64 {
	if received-t > lateAfter {
		return t + (received-t+500)/1000*1000
	}
	return t
}

// lateAfter is the delay, in ms, from which the store keeps when a reading
// was received.
const lateAfter = 60_000

// observe takes in one reading that came at a and judges the rules.
func (c *cell) observe(h host, p series.Point, a int64) {
	if c.due < a {
		c.fire(h, a-1)
	}
	if c.add(p.T, p.V, p.Flags) {
		c.judge(h, a, p.T == c.newest)
	}
}

// judge evaluates every rule of the class on what the windows hold, at the
// arrival of a reading; fresh tells that it is the newest. Silence does not
// end with one that is not.
func (c *cell) judge(h host, a int64, fresh bool) {
	next := 0 // machine
	for i := range c.class.groups {
		g := &c.class.groups[i]
		var v float64
		var ok bool
		at := c.newest
		if g.feat.fn == fnSilence {
			if !fresh {
				for next < len(c.machines) && c.machines[next].slot <= g.entries[len(g.entries)-1].slot {
					next++
				}
				continue
			}
			at = max(a, c.newest)
			c.silent = max(c.silent, at)
			v, ok = float64(at-c.newest)/1000, c.has
		} else {
			v, ok = c.value(g.feat, &c.aggs[i])
		}
		for j := range g.entries {
			e := &g.entries[j]
			x := e.apply(v)
			if next < len(c.machines) && c.machines[next].slot == e.slot {
				m := c.machines[next]
				if c.starts != nil && a < c.starts[e.slot] {
					m.v, m.ok = x, ok
					next++
				} else if c.advance(h, e, m, max(at, m.t), x, ok && (m.t <= at || c.expiry(g.feat) > m.t)) {
					next++ // and what has expired is not brought back by a late reading
				}
				continue
			}
			if !ok || !e.refs && x <= e.low && x >= e.high || c.starts != nil && a < c.starts[e.slot] {
				continue
			}
			if c.raises(h, e, at, x) {
				m := &machine{slot: e.slot}
				c.machines = slices.Insert(c.machines, next, m)
				if c.advance(h, e, m, at, x, ok) {
					next++
				}
			}
		}
	}
	c.schedule()
}

// raises reports whether some level's Raise holds.
func (c *cell) raises(h host, e *entry, t int64, v float64) bool {
	var limits [maxLevels]limitPair
	r := reading{t: t, v: v, ok: true, limits: c.limits(h, e.prog, t, &limits)}
	for i := range e.prog.rule.Levels {
		if raise, _ := e.prog.met(i, r); raise {
			return true
		}
	}
	return false
}

// advance steps a machine, tells of a change, and drops the machine when it
// is at rest; then it returns false.
func (c *cell) advance(h host, e *entry, m *machine, t int64, v float64, ok bool) bool {
	var limits [maxLevels]limitPair
	r := reading{t: t, v: v, ok: ok, known: ok, limits: c.limits(h, e.prog, t, &limits)}
	before := m.active
	if m.step(e.prog, r) {
		h.changed(e.prog, c, m, before, r)
	}
	// Its time must not be forgotten while a late reading could go back.
	if !m.idle() || m.t > c.newest {
		return true
	}
	i := sort.Search(len(c.machines), func(i int) bool { return c.machines[i].slot >= m.slot })
	c.machines = slices.Delete(c.machines, i, i+1)
	return false
}

// limits are the thresholds of a rule as numbers, at t.
func (c *cell) limits(h host, p *Program, t int64, space *[maxLevels]limitPair) *[maxLevels]limitPair {
	refs := false
	for i := range p.rule.Levels {
		l := &p.rule.Levels[i]
		refs = refs || l.Raise.Ref != "" || l.Clear.Ref != ""
	}
	if !refs {
		return &p.limit
	}
	const perHour = int64(time.Hour / time.Millisecond)
	if hour := floorDiv(t, perHour); hour != c.hour {
		c.hour, c.named = hour, h.levels(c, hour*perHour)
	}
	*space = p.limit
	for i := range p.rule.Levels {
		l := &p.rule.Levels[i]
		if l.Raise.Ref != "" {
			space[i].raise = round9(c.named[refLevel(l.Raise.Ref)-1] + l.Raise.Offset)
		}
		if l.Clear.Ref != "" {
			space[i].clear = round9(c.named[refLevel(l.Clear.Ref)-1] + l.Clear.Offset)
		}
	}
	return space
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// expiry is when the value of a feat ends if no reading comes.
func (c *cell) expiry(f feat) int64 {
	switch {
	case f.fn == fnSilence:
		return never
	case f.fn == fnFlags:
		return c.newest + c.patience
	case !c.hasUsable:
		return c.newest
	case f.fn == fnNewest || f.fn == fnRise:
		return c.usable.t() + c.patience
	}
	return c.usable.t() + f.window
}

// schedule works out when something happens without a reading.
func (c *cell) schedule() {
	c.due = never
	if len(c.machines) > 0 {
		next := 0
		for i := range c.class.groups {
			g := &c.class.groups[i]
			for ; next < len(c.machines) && c.machines[next].slot <= g.entries[len(g.entries)-1].slot; next++ {
				c.due = min(c.due, c.dueOf(g, c.machines[next]))
			}
		}
	}
	if len(c.class.silence) > 0 && c.has {
		c.due = min(c.due, c.nextSilence())
	}
}

// dueOf is when a machine must step without a reading.
func (c *cell) dueOf(g *group, m *machine) int64 {
	if m.idle() {
		return never
	}
	due := m.due(g.entries[m.slot-g.entries[0].slot].prog)
	if m.ok {
		due = min(due, max(c.expiry(g.feat), m.t))
	}
	return due
}

// nextSilence is when the next level of silence is reached that was not at
// the last look.
func (c *cell) nextSilence() int64 {
	for _, d := range c.class.silence {
		if at := c.newest + d; at > c.silent {
			return at
		}
	}
	return never
}

// fire lets deadlines up to to happen, each at its instant.
func (c *cell) fire(h host, to int64) {
	for c.due <= to {
		at := c.due
		for i := range c.class.groups {
			g := &c.class.groups[i]
			if g.feat.fn == fnSilence {
				c.fireSilence(h, g, at)
				continue
			}
			first, last := g.entries[0].slot, g.entries[len(g.entries)-1].slot
			for j := c.machine(first); j < len(c.machines) && c.machines[j].slot <= last; {
				m := c.machines[j]
				if c.dueOf(g, m) > at {
					j++
					continue
				}
				if c.advance(h, &g.entries[m.slot-first], m, at, m.v, m.ok && c.expiry(g.feat) > at) {
					j++
				}
			}
		}
		c.silent = max(c.silent, at)
		c.schedule()
	}
}

func (c *cell) fireSilence(h host, g *group, at int64) {
	v := float64(at-c.newest) / 1000
	for j := range g.entries {
		e := &g.entries[j]
		x := e.apply(v)
		i := c.machine(e.slot)
		if i < len(c.machines) && c.machines[i].slot == e.slot {
			if m := c.machines[i]; m.t <= at {
				c.advance(h, e, m, at, x, true)
			}
			continue
		}
		if x <= e.low || c.starts != nil && at < c.starts[e.slot] {
			continue
		}
		m := &machine{slot: e.slot}
		c.machines = slices.Insert(c.machines, i, m)
		c.advance(h, e, m, at, x, true)
	}
}

// machine is the place of the machine of a slot.
func (c *cell) machine(slot int) int {
	return sort.Search(len(c.machines), func(i int) bool { return c.machines[i].slot >= slot })
}
