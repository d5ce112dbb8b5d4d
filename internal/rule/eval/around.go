package eval

import (
	"context"
	"math"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// walk takes one crossing through a back-test, hour by hour. While the
// machine is at rest, hours in which the bounds of the values around tell
// that no level can raise are passed over; in the others every instant is
// looked at, as live running does.
type walk struct {
	x     *crossing
	h     *recorder
	links []*past // own first
	come  []uint64
	next  []int64 // when the next reading of each comes
	awake bool
}

// stretchPoints is how many readings a back-test of crossings holds at once,
// about.
const stretchPoints = 3_000_000

// crossing runs all series together, for rules that look around.
func (b *backtest) crossing(ctx context.Context) error {
	walks, err := b.walk(ctx)
	if err != nil {
		return err
	}
	for _, w := range walks {
		if f := w.h.open[w.x.own.s.ID]; f != nil {
			w.h.peak(f, b.prog, &w.x.m)
		}
		b.firings = append(b.firings, w.h.finish(b.prog, nil)...)
	}
	return nil
}

// walk goes the whole way.
func (b *backtest) walk(ctx context.Context) ([]*walk, error) {
	e := New([]*Program{b.prog}, b.world.env)
	b.count = len(e.crossings)
	walks, pasts := b.link(e)
	start := b.from
	for _, p := range pasts {
		start = min(start, b.from-b.warmup(&p.s)-p.keep)
	}
	low := floorDiv(start, hour) * hour
	hours := int64(24)
	for low <= b.to {
		high := min(low+hours*hour-1, b.to)
		n := atomic.Int64{}
		err := together(ctx, len(pasts), func(ctx context.Context, i int) error {
			read, err := pasts[i].load(ctx, b.world.env, max(low, start), high, b.to)
			n.Add(read)
			return err
		})
		if err != nil {
			return nil, err
		}
		b.points.Add(n.Load())
		strays := make([]bool, (high-low)/hour+1)
		for _, p := range pasts {
			for i, s := range p.strays {
				strays[i] = strays[i] || s
			}
		}
		err = together(ctx, len(walks), func(_ context.Context, i int) error {
			walks[i].stretch(low, high, strays)
			return nil
		})
		if err != nil {
			return nil, err
		}
		b.advance(float64(high-low+1) / float64(b.to-start+1))
		low = high + 1
		hours = max(6, min(31*24, hours*stretchPoints/max(n.Load(), 1)))
	}
	return walks, nil
}

// together runs n tasks on all processors.
func together(ctx context.Context, n int, task func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := task(ctx, i); err != nil {
					return err
				}
			}
		})
	}
	return g.Wait()
}

// link gives the crossings of an engine pasts to look at.
func (b *backtest) link(e *Engine) ([]*walk, []*past) {
	var pasts []*past
	byID := map[string]*past{}
	of := func(c *cell, f feat) *past {
		p := byID[c.s.ID]
		if p == nil {
			p = &past{cell: c, last: math.MinInt64}
			byID[c.s.ID], pasts = p, append(pasts, p)
		}
		p.asked(f)
		return p
	}
	var walks []*walk
	for _, x := range e.crossings {
		w := &walk{x: x, h: &recorder{world: b.world, open: map[string]*Firing{}, from: b.from}}
		own := of(x.own, b.prog.shape.feat)
		for i := range x.around {
			x.around[i].past = of(x.around[i].cell, b.prog.rule.Guard.feat())
			w.links = append(w.links, x.around[i].past)
		}
		for i := range x.peers {
			x.peers[i].past = of(x.peers[i].cell, b.prog.shape.feat)
			w.links = append(w.links, x.peers[i].past)
		}
		c := newCell(own.s)
		c.keep = own.keep
		x.mine.past = own
		w.links, x.own, x.cold = append([]*past{own}, w.links...), c, false
		w.come, w.next = make([]uint64, len(w.links)), make([]int64, len(w.links))
		walks = append(walks, w)
	}
	return walks, pasts
}

// asked adds a feat to bound, and tells its number.
func (p *past) asked(f feat) int {
	for i := range p.feats {
		if p.feats[i] == f {
			return i
		}
	}
	p.feats = append(p.feats, f)
	return len(p.feats) - 1
}

// stretch goes from low to high.
func (w *walk) stretch(low, high int64, strays []bool) {
	if w.awake {
		w.stand(low - 1)
	}
	for i, s := 0, low; s <= high; i, s = i+1, s+hour {
		end := min(s+hour-1, high)
		if !w.awake {
			if !strays[i] && w.quiet(i, s, end) {
				continue
			}
			w.wake(s - 1)
		}
		w.run(end)
		w.awake = !w.x.m.idle()
	}
	if !w.awake {
		w.pass(high)
	}
}

// stand counts what of each series had come at t.
func (w *walk) stand(t int64) {
	for i, p := range w.links {
		w.come[i] = p.by(t, w.come[i])
		w.next[i] = never
		if w.come[i] < p.pts.end {
			w.next[i] = p.arrival(w.come[i])
		}
	}
}

// pass lets time go to t with nothing to judge.
func (w *walk) pass(t int64) {
	w.stand(t)
	x := w.x
	for i, p := range w.links {
		last := int64(math.MinInt64)
		switch k := w.come[i]; {
		case x.prog.shape.fn == fnSilence && k == 0:
			last = p.last
		case x.prog.shape.fn == fnSilence:
			last = max(p.last, p.arrival(k-1))
		case k > 0:
			last = p.newest(k)
		}
		x.m.t = max(x.m.t, last)
	}
	x.silent = max(x.silent, x.m.t)
}

// wake makes the crossing what a live one would be at t.
func (w *walk) wake(t int64) {
	w.pass(t)
	w.links[0].stand(w.x.own, t)
	w.x.calm = t
	w.x.schedule()
}

// run looks at every instant up to end.
func (w *walk) run(end int64) {
	x := w.x
	silence := x.prog.shape.fn == fnSilence
	for {
		a := slices.Min(w.next)
		if a > end {
			break
		}
		x.seen = a - 1
		x.fire(w.h, a-1)
		if t := min(x.calm, x.due, w.next[0], end+1) - 1; t >= a && len(x.look) == 0 {
			w.pass(t)
			continue
		}
		for i, t := range w.next {
			if t != a {
				continue
			}
			p := w.links[i]
			for t == a {
				pt := p.pts.at(p.place(w.come[i]))
				if i == 0 {
					x.own.put(pt)
				}
				if silence {
					x.asks(a)
				} else {
					x.asks(pt.t())
				}
				w.come[i]++
				t = never
				if w.come[i] < p.pts.end {
					t = p.arrival(w.come[i])
				}
			}
			w.next[i] = t
		}
	}
	x.seen = end
	x.fire(w.h, end)
}

// quiet reports whether no level can raise in hour i of the stretch, from
// begin to end.
func (w *walk) quiet(i int, begin, end int64) bool {
	x, p := w.x, w.x.prog
	own := w.links[0].spans[w.links[0].asked(p.shape.feat)][i]
	if !own.any {
		return true
	}
	e := entry{mul: p.shape.mul, div: p.shape.div}
	own.low, own.high = e.bounds(own.low, own.high)
	may := false
	var space [2][maxLevels]limitPair
	for k, t := range [...]int64{begin - 1, end} { // named levels may differ
		limits := x.own.limits(w.h, p, t, &space[k])
		for j := range p.rule.Levels {
			l, limit := &p.rule.Levels[j].Raise, limits[j].raise
			switch {
			case limit != limit:
			case x.neighbours():
				may = may || w.apart(i, &e, own, l.Op, limit)
			case p.shape.fn == fnSilence:
				may = may || own.high >= limit
			default:
				may = may || l.within(own, limit)
			}
		}
	}
	if !may {
		return true
	}
	g := p.rule.Guard
	if g.Op == "" {
		return false
	}
	n := 0
	test := Threshold{Op: g.Op}
	for j := range x.around {
		q := x.around[j].past
		if s := q.spans[q.asked(g.feat())][i]; s.any && test.within(s, g.Value) {
			n++
		}
	}
	return n < g.Count
}

// bounds are a little wider than those of the rule's value, for its rounding.
func (e *entry) bounds(low, high float64) (float64, float64) {
	low, high = low*e.mul/e.div, high*e.mul/e.div
	if low > high {
		low, high = high, low
	}
	return low - 1e-6*max(1, math.Abs(low)), high + 1e-6*max(1, math.Abs(high))
}

// within reports whether some value in a span may meet the comparison.
func (t *Threshold) within(s span, limit float64) bool {
	switch t.Op {
	case ">", ">=":
		return s.high >= limit
	case "<", "<=":
		return s.low <= limit
	case "==":
		return s.low <= limit && limit <= s.high
	case "has":
		return s.flags&int64(t.Flags) != 0
	}
	return true
}

// apart reports whether own value less the median of the peers may meet the
// comparison: whether enough of them may lie on the other side.
func (w *walk) apart(i int, e *entry, own span, op string, limit float64) bool {
	up := op == ">" || op == ">="
	if !up && op != "<" && op != "<=" {
		return true
	}
	there, beyond, maybe := 0, 0, 0
	for j := range w.x.peers {
		q := w.x.peers[j].past
		s := q.spans[q.asked(w.x.prog.shape.feat)][i]
		if !s.any {
			continue
		}
		low, high := e.bounds(s.low, s.high)
		far := up && low <= own.high-limit || !up && high >= own.low-limit
		switch {
		case s.always && far:
			there, beyond = there+1, beyond+1
		case s.always:
			there++
		case far:
			maybe++
		}
	}
	// At best, of those that may be there only those come that lie beyond.
	n := max(there+maybe, w.x.prog.rule.Guard.Count)
	return beyond+maybe >= (n+1)/2
}
