package eval

import (
	"encoding/binary"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
)

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
