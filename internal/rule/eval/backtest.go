package eval

import (
	"context"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"openioc.org/ioc/internal/series"
)

// Backtest runs a rule over a stored span with the machines that run live:
// the firings are those that live running would have told, had it known each
// reading when the store says it came. A condition that held at from already
// is found with its true beginning, as far back as the rule looks. progress
// may be nil; it is called with a share from 0 to 1, by one goroutine at a
// time.
func Backtest(ctx context.Context, p *Program, env Env, from, to time.Time, progress func(done float64)) (Result, error) {
	b := newBacktest(p, env, from, to)
	if progress == nil {
		progress = b.progress
	}
	b.progress = progress
	var err error
	switch {
	case !p.Native():
		err = b.general(ctx)
	case p.cross:
		err = b.crossing(ctx)
	default:
		err = b.native(ctx)
	}
	if err != nil {
		return Result{}, err
	}
	slices.SortFunc(b.firings, func(x, y Firing) int {
		if c := x.From.Compare(y.From); c != 0 {
			return c
		}
		return strings.Compare(x.Series.ID, y.Series.ID)
	})
	if b.firings == nil {
		b.firings = []Firing{}
	}
	progress(1)
	return Result{Firings: b.firings, Points: b.points.Load(), Series: b.count}, nil
}

type backtest struct {
	prog     *Program
	world    *world
	from, to int64
	points   atomic.Int64
	count    int

	mu       sync.Mutex // guards what follows
	firings  []Firing
	done     float64
	progress func(float64)
}

func newBacktest(p *Program, env Env, from, to time.Time) *backtest {
	return &backtest{prog: p, world: newWorld(env, nil), from: from.UnixMilli(), to: to.UnixMilli(), progress: func(float64) {}}
}

// warmup is how far before from the rule must run.
func (b *backtest) warmup(s *Series) int64 {
	r := b.prog.rule
	return b.prog.shape.keep(s) + s.patience() + (r.For + r.KeepFiring).Milliseconds()
}

func (b *backtest) advance(share float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done = min(1, b.done+share)
	b.progress(b.done)
}

// native runs series by series.
func (b *backtest) native(ctx context.Context) error {
	list := b.world.selected(b.prog)
	b.count = len(list)
	k := newClass([]*Program{b.prog})
	g, all := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, i := range list {
		if all.Err() != nil {
			break
		}
		g.Go(func() error {
			return b.series(all, k, b.world.series[i], 1/float64(len(list)))
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

func (b *backtest) series(ctx context.Context, k *class, s Series, share float64) error {
	c := newCell(s)
	c.setClass(k, nil)
	h := &recorder{world: b.world, open: map[string]*Firing{}, from: b.from}
	start := b.from - b.warmup(&s)
	var late lateness
	n, told, last := int64(0), 0.0, start
	span := float64(b.to-start) + 1
	err := b.world.env.Scan(ctx, s.ID, instant(start), instant(b.to), func(p series.Point) {
		if n++; n&0xffff == 0 {
			part := share * float64(p.T-last) / span
			last, told = p.T, told+part
			b.advance(part)
		}
		if p.Received != p.T {
			if a := arrival(p.T, p.Received); a > p.T {
				late.push(p, a)
				return
			}
		}
		for len(late.list) > 0 && late.list[0].a <= p.T {
			l := late.pop()
			c.observe(h, l.p, l.a)
		}
		c.observe(h, p, p.T)
	})
	if err != nil {
		return err
	}
	for len(late.list) > 0 && late.list[0].a <= b.to {
		l := late.pop()
		c.observe(h, l.p, l.a)
	}
	if c.due <= b.to {
		c.fire(h, b.to)
	}
	b.points.Add(n)
	b.mu.Lock()
	b.firings = append(b.firings, h.finish(b.prog, c.machines)...)
	b.mu.Unlock()
	b.advance(share - told)
	return nil
}

// lateness holds readings back until they came, a queue by arrival.
type lateness struct{ list []lateOne }

type lateOne struct {
	p series.Point
	a int64
}

func (l *lateness) push(p series.Point, a int64) {
	i, _ := slices.BinarySearchFunc(l.list, a, func(x lateOne, a int64) int {
		if x.a <= a {
			return -1
		}
		return 1
	})
	l.list = slices.Insert(l.list, i, lateOne{p, a})
}

func (l *lateness) pop() lateOne {
	first := l.list[0]
	l.list = l.list[1:]
	return first
}

// recorder is the host of a back-test: it makes firings of changes.
type recorder struct {
	world *world
	from  int64
	open  map[string]*Firing
	done  []Firing
}

func (h *recorder) levels(c *cell, t int64) [3]float64 { return h.world.named(c, t) }

func (h *recorder) changed(p *Program, c *cell, m *machine, from uint8, r reading) {
	at, to := instant(r.t), p.severity(m.active)
	f := h.open[c.s.ID]
	if f == nil {
		f = &Firing{Series: c.s, From: at, Since: instant(m.since)}
		h.open[c.s.ID] = f
	}
	ch := Change{At: at, To: to}
	if r.known {
		v := r.v
		ch.Value = &v
	}
	f.Changes = append(f.Changes, ch)
	f.Severity = max(f.Severity, to)
	f.Estimated = f.Estimated || c.estimated(p.shape.feat, r.t)
	h.peak(f, p, m)
	if to == 0 {
		f.To = &at
		delete(h.open, c.s.ID)
		if r.t >= h.from {
			h.done = append(h.done, *f)
		}
	}
}

func (h *recorder) peak(f *Firing, p *Program, m *machine) {
	if m.peaked && (f.Peak == nil || p.farther(m.peak, *f.Peak)) {
		v := m.peak
		f.Peak = &v
	}
}

// finish ends the record; what still fires stays open.
func (h *recorder) finish(p *Program, machines []*machine) []Firing {
	for _, id := range sortedKeys(h.open) {
		f := h.open[id]
		for _, m := range machines {
			if m.active != 0 && len(machines) == 1 {
				h.peak(f, p, m)
			}
		}
		h.done = append(h.done, *f)
	}
	return h.done
}

// general asks the engine of PromQL for the whole grid, piece by piece.
func (b *backtest) general(ctx context.Context) error {
	r := b.prog.rule
	g := &gridded{prog: b.prog, back: b.prog.lookback(b.world.series), instances: map[string]*instance{}}
	b.count = len(b.world.selects(b.prog))
	h := &recorder{world: b.world, open: map[string]*Firing{}, from: b.from}
	start := b.from - (r.For + r.KeepFiring).Milliseconds() - b.prog.every()
	g.last = start - 1
	piece := maxSteps * b.prog.every()
	for low := start; low <= b.to; low += piece {
		if err := g.run(ctx, h, b.world, min(low+piece-1, b.to)); err != nil {
			return err
		}
		b.advance(math.Min(1, float64(piece)/float64(b.to-start+1)))
	}
	for k, in := range g.instances {
		if f := h.open[k]; f != nil {
			h.peak(f, b.prog, &in.m)
		}
	}
	b.firings = h.finish(b.prog, nil)
	return nil
}
