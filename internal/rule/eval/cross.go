package eval

import (
	"math"
	"slices"
)

// crossing is one rule on one series that looks at the stations around, too.
// It is evaluated when time passes, at each instant a reading of any of them
// is for, so that the order in which the readings of one instant come does
// not matter.
type crossing struct {
	timer
	prog   *Program
	own    *cell
	mine   around   // own again, to look at
	around []around // whose Property the guard asks about
	peers  []around // of the same metric, for KindNeighbours
	m      machine
	look   []int64 // instants to evaluate, ascending
	start  int64   // while warming: what lies before was judged already
	silent int64
	cold   bool      // Warm has not been here
	space  [4]int64  // for look
	turn   []uint32  // whom the guard asks first
	values []float64 // space for evaluate
	calm   int64     // in a back-test: before it, only own readings and deadlines change the outcome
	seen   int64     // in a back-test: up to when readings have come
}

type around struct {
	cell *cell
	km   float64
	past *past // in a back-test: looked at instead of the cell
	at   cursor
}

// asOf is the value of a feat at t; seen matters to a back-test, which holds
// readings that have not come yet.
func (a *around) asOf(f feat, t, seen int64) (float64, bool) {
	if a.past != nil {
		return a.past.asOf(f, t, seen, &a.at)
	}
	return a.cell.asOf(f, t)
}

// slack is how much longer series keep their readings for crossings, which
// look back: longer than an hour of a back-test and what is behind it.
const slack = 2 * hour

func (x *crossing) neighbours() bool { return x.prog.rule.Kind == KindNeighbours }

// asks adds the instant t to those to evaluate.
func (x *crossing) asks(t int64) {
	t = max(t, x.m.t)
	i, found := slices.BinarySearch(x.look, t)
	if !found {
		x.look = slices.Insert(x.look, i, t)
	}
	x.due = min(x.due, t)
}

// outcome is what a crossing comes to at an instant.
type outcome struct {
	v     float64
	ok    bool
	guard *bool
	seen  []TraceNeighbour
}

// evaluate computes own value and guard as of t; trace asks for the stations.
// Unless asked for them, a guard is left alone where it changes nothing.
func (x *crossing) evaluate(h host, t int64, trace bool) outcome {
	var o outcome
	e := entry{mul: x.prog.shape.mul, div: x.prog.shape.div}
	if v, ok := x.mine.asOf(x.prog.shape.feat, t, x.seen); ok {
		o.v, o.ok = e.apply(v), true
	}
	g := x.prog.rule.Guard
	x.calm = min(x.mine.at.until, (floorDiv(t, hour)+1)*hour) // named levels may change
	if x.neighbours() {
		if !o.ok && !trace {
			return o
		}
		x.calm = t
		values := x.values[:0]
		for i := range x.peers {
			a := &x.peers[i]
			v, ok := a.asOf(x.prog.shape.feat, t, x.seen)
			v = e.apply(v)
			if ok {
				values = append(values, v)
			}
			if trace {
				o.seen = append(o.seen, a.trace(v, ok))
			}
		}
		x.values = values
		if !trace && x.m.idle() && !x.mayRaise(h, t, o.v, values) {
			return outcome{}
		}
		if len(values) < g.Count {
			o.ok = false
		} else {
			slices.Sort(values)
			n := len(values)
			o.v = round9(o.v - (values[(n-1)/2]+values[n/2])/2)
		}
		if g.Op == "" {
			return o
		}
	}
	// Where the station itself has nothing to tell, the guard need not be asked.
	if !trace && (!o.ok || x.m.idle() && !x.own.raises(h, &entry{prog: x.prog}, t, o.v)) {
		if x.prog.shape.fn == fnSilence {
			x.calm = never
		}
		return o
	}
	n := 0
	until := int64(never) // of those who meet it
	test := Threshold{Op: g.Op}
	for i := range x.around {
		a := &x.around[i]
		if !trace {
			a = x.asked(i)
		}
		v, ok := a.asOf(g.feat(), t, x.seen)
		if ok && test.holds(v, g.Value) {
			until = min(until, a.at.until)
			if n++; i > 0 && !trace {
				x.turn[i-1], x.turn[i] = x.turn[i], x.turn[i-1]
			}
		}
		if trace && !x.neighbours() {
			o.seen = append(o.seen, a.trace(v, ok))
		} else if !trace && n >= g.Count {
			break
		}
	}
	met := n >= g.Count
	if x.calm = min(x.calm, until); !met {
		x.calm = t
	}
	o.guard = &met
	return o
}

// asked is whom the guard asks as number i: those that met it before come
// first, since no more than Count need be found.
func (x *crossing) asked(i int) *around {
	for len(x.turn) <= i {
		x.turn = append(x.turn, uint32(len(x.turn)))
	}
	return &x.around[x.turn[i]]
}

// mayRaise reports whether the difference between own value v and the median
// of the peers' values may raise a level: whether at least half of them lie on
// the other side of where it would.
func (x *crossing) mayRaise(h host, t int64, v float64, values []float64) bool {
	if len(values) < x.prog.rule.Guard.Count {
		return false
	}
	var space [maxLevels]limitPair
	limits := x.own.limits(h, x.prog, t, &space)
	for i := range x.prog.rule.Levels {
		edge := v - limits[i].raise // of the median
		if edge != edge {
			continue
		}
		edge += 1e-6 * max(1, math.Abs(edge), math.Abs(v)) // for the rounding
		n := 0
		switch x.prog.rule.Levels[i].Raise.Op {
		case ">", ">=":
			for _, w := range values {
				if w <= edge {
					n++
				}
			}
		case "<", "<=":
			edge -= 2e-6 * max(1, math.Abs(edge), math.Abs(v))
			for _, w := range values {
				if w >= edge {
					n++
				}
			}
		default:
			return true
		}
		if 2*n >= len(values) {
			return true
		}
	}
	return false
}

// feat is what a guard asks of the stations around.
func (g *Guard) feat() feat { return feat{fnSum, g.Window.Milliseconds()} }

func (a *around) trace(v float64, ok bool) TraceNeighbour {
	n := TraceNeighbour{Thing: a.cell.s.Thing(), Name: a.cell.s.Labels["name"], Km: math.Round(a.km*10) / 10}
	if ok {
		n.Value = &v
	}
	return n
}

// fire evaluates at every instant asked for, and every deadline, up to to.
func (x *crossing) fire(h host, to int64) {
	for x.due <= to {
		at := max(x.due, x.m.t)
		for len(x.look) > 0 && x.look[0] <= at {
			if x.look = x.look[1:]; len(x.look) == 0 {
				x.look = x.space[:0]
			}
		}
		if at >= x.start {
			o := x.evaluate(h, at, false)
			var limits [maxLevels]limitPair
			r := reading{t: at, v: o.v, ok: o.ok && (o.guard == nil || *o.guard), known: o.ok, limits: x.own.limits(h, x.prog, at, &limits)}
			before := x.m.active
			if x.m.step(x.prog, r) {
				h.changed(x.prog, x.own, &x.m, before, r)
			}
		}
		x.silent = max(x.silent, at)
		x.schedule()
	}
}

func (x *crossing) schedule() {
	x.due = never
	if len(x.look) > 0 {
		x.due = x.look[0]
	}
	x.due = min(x.due, x.m.due(x.prog))
	f := x.prog.shape.feat
	if f.fn == fnSilence && x.own.has {
		for _, d := range x.prog.silences() {
			if at := x.own.newest + d; at > x.silent {
				x.due = min(x.due, at)
			}
		}
	} else if e := x.own.expiry(f); x.m.ok && !x.m.idle() && x.own.has && e > x.silent {
		x.due = min(x.due, e)
	}
}
