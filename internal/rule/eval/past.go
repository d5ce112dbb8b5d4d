package eval

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"openioc.org/ioc/internal/series"
)

// past is what a back-test of rules that look around holds of one series: a
// stretch of its readings by their time, with running totals, and in which
// order they came. Any number of crossings read it at once, each at its own
// instant; what had come by then is a matter of counting.
type past struct {
	*cell            // whose readings, and how a live cell would keep them
	pts     ring     // first is 0: numbers are places; also what has not come yet
	totals  []total  // of the readings up to and with each
	came    []int64  // when each came
	order   []uint32 // their places by arrival; nil: they came one after the other
	arrived []int64  // with order: the arrivals, ascending
	top     []uint32 // with order: the last place among the first so many
	last    int64    // the newest arrival before the stretch
	high    int64    // the end of the stretch
	coarse  bool     // the totals are not exact
	signed  bool     // there are negative values
	hours   []extent // of the usable readings, by hour from first
	first   int64    // hour of the oldest reading
	feats   []feat   // what crossings ask of it
	spans   [][]span // by feat, hour by hour of the stretch
	strays  []bool   // an hour in which something came from long before
}

// total sums up readings.
type total struct {
	sum  int64 // of the usable ones
	n    int32 // how many are usable
	late int32 // how many came late
}

// extent are the bounds of the usable readings of an hour, and the flags of
// all.
type extent struct {
	low, high float64
	flags     int64
}

// span bounds what a feat may be in an hour, whenever looked at and whatever
// had come: from low to high, if there is a value (any); always tells that
// there is one at each instant.
type span struct {
	low, high   float64
	flags       int64
	any, always bool
}

const (
	hour   = int64(time.Hour / time.Millisecond)
	behind = hour / 2 // how late a reading may come and not be a stray
)

// load moves on to the stretch from low to high: it forgets what cannot
// matter any more and reads on. What comes after end is left out. It returns
// how many points there were.
func (p *past) load(ctx context.Context, env Env, low, high, end int64) (int64, error) {
	p.forget(low)
	p.high = high
	n := int64(0)
	err := env.Scan(ctx, p.s.ID, instant(low), instant(high), func(pt series.Point) {
		n++
		a := pt.T
		if pt.Received != pt.T {
			a = arrival(pt.T, pt.Received)
		}
		if a <= end {
			p.push(newPoint(pt.T, p.scale.encode(pt.V), pt.Flags), a)
		}
	})
	p.line()
	p.bound(low, high)
	return n, err
}

func (p *past) push(pt point, a int64) {
	t := total{}
	if len(p.totals) > 0 {
		t = p.totals[len(p.totals)-1]
	}
	if pt.usable() {
		p.coarse = p.coarse || math.Abs(pt.n) > 1<<40
		p.signed = p.signed || pt.n < 0
		t.sum += int64(pt.n)
		t.n++
	}
	if a != pt.t() {
		t.late++
	}
	p.pts.push(pt)
	p.totals = append(p.totals, t)
	p.came = append(p.came, a)
}

// forget drops the readings that no window reaches any more at low.
func (p *past) forget(low int64) {
	k := p.by(low-1, 0)
	if k == 0 {
		return
	}
	p.last = max(p.last, p.arrival(k-1))
	before := p.newest(k) - p.keep - p.patience - hour - behind
	drop := p.after(before, 0)
	// The newest that have come stay whatever their age, and what has not come.
	have, i := 0, p.pts.end
	for ; i > 0 && have < fewestKept; i-- {
		if p.came[i-1] < low {
			have++
		}
	}
	drop = min(drop, i)
	for j := range drop {
		if p.came[j] >= low {
			drop = j
			break
		}
	}
	if drop == 0 {
		return
	}
	copy(p.pts.pts, p.pts.pts[drop:p.pts.end])
	p.pts.end -= drop
	base := p.totals[drop-1]
	p.totals = append(p.totals[:0], p.totals[drop:]...)
	for i := range p.totals {
		t := &p.totals[i]
		t.sum, t.n, t.late = t.sum-base.sum, t.n-base.n, t.late-base.late
	}
	p.came = append(p.came[:0], p.came[drop:]...)
}

// line puts the readings in the order they came.
func (p *past) line() {
	p.order, p.arrived, p.top = nil, p.arrived[:0], p.top[:0]
	if len(p.totals) == 0 || p.totals[len(p.totals)-1].late == 0 {
		return
	}
	p.order = make([]uint32, len(p.came))
	for i := range p.order {
		p.order[i] = uint32(i)
	}
	slices.SortFunc(p.order, func(i, j uint32) int {
		return cmp.Or(cmp.Compare(p.came[i], p.came[j]), cmp.Compare(i, j))
	})
	top := uint32(0)
	for _, i := range p.order {
		top = max(top, i)
		p.arrived, p.top = append(p.arrived, p.came[i]), append(p.top, top)
	}
}

// arrival is when the reading came that came as number k.
func (p *past) arrival(k uint64) int64 {
	if p.order == nil {
		return p.pts.at(k).t()
	}
	return p.arrived[k]
}

// place is where the reading lies that came as number k.
func (p *past) place(k uint64) uint64 {
	if p.order == nil {
		return k
	}
	return uint64(p.order[k])
}

// by counts the readings that had come at t; near is a guess.
func (p *past) by(t int64, near uint64) uint64 {
	if p.order == nil {
		return p.after(t, near)
	}
	return seek(uint64(len(p.arrived)), near, func(k uint64) bool { return p.arrived[k] <= t })
}

// after is the place of the first reading after t; near is a guess.
func (p *past) after(t int64, near uint64) uint64 {
	return seek(p.pts.end, near, func(i uint64) bool { return p.pts.pts[i].t() <= t })
}

// seek finds how many of n pass, the first ones, from a guess on.
func seek(n, near uint64, passes func(uint64) bool) uint64 {
	lo, hi := uint64(0), n
	if near = min(near, n); near < n && passes(near) {
		lo = near + 1
		for step := uint64(1); lo < hi; step *= 2 {
			if at := lo + step - 1; at >= hi {
				break
			} else if !passes(at) {
				hi = at
				break
			} else {
				lo = at + 1
			}
		}
	} else {
		hi = near
		for step := uint64(1); lo < hi; step *= 2 {
			if hi < step {
				break
			} else if at := hi - step; passes(at) {
				lo = at + 1
				break
			} else {
				hi = at
			}
		}
	}
	for lo < hi {
		if mid := (lo + hi) / 2; passes(mid) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// newest is the instant of the newest of the k readings that came first.
func (p *past) newest(k uint64) int64 {
	if p.order == nil {
		return p.pts.at(k - 1).t()
	}
	return p.pts.at(uint64(p.top[k-1])).t()
}

// cursor remembers where a crossing looked last, and what it saw: v and ok
// hold from the instant from to before until.
type cursor struct {
	from, until           int64
	v                     float64
	ok                    bool
	come, end, low, first uint64
}

// asOf is cell.asOf at t, of a cell that has taken in what came up to seen.
func (p *past) asOf(f feat, t, seen int64, at *cursor) (float64, bool) {
	if t < at.until && t >= at.from {
		return at.v, at.ok
	}
	at.from, at.until = t, t
	at.v, at.ok = p.look(f, t, seen, at)
	return at.v, at.ok
}

// look is asOf anew.
func (p *past) look(f feat, t, seen int64, at *cursor) (float64, bool) {
	at.come = p.by(seen, at.come)
	k := at.come
	if k == 0 {
		return 0, false
	}
	if p.order != nil && uint64(p.top[k-1]) != k-1 {
		return p.gappy(f, t, seen, uint64(p.top[k-1]))
	}
	kept := p.newest(k) - p.keep // older ones are gone, but for the fewest
	sums := !p.coarse && (f.fn == fnSum || f.fn == fnCount || f.fn == fnAvg)
	first := uint64(0)
	if (!sums || t-f.window < kept) && k > fewestKept {
		at.first = p.after(kept, at.first)
		first = min(at.first, k-fewestKept)
	}
	if f.windowed() {
		at.end, at.low = p.after(t, at.end), p.after(t-f.window, at.low)
		if p.order == nil && t-f.window >= kept { // until a reading comes or goes
			at.until = p.high + 1
			if at.low < p.pts.end {
				at.until = min(at.until, p.pts.at(at.low).t()+f.window)
			}
			if at.end < p.pts.end {
				at.until = min(at.until, p.pts.at(at.end).t())
			}
		}
	}
	if !sums {
		c := cell{scale: p.scale, patience: p.patience, ring: ring{p.pts.pts, first, k}}
		return c.asOf(f, t)
	}
	sum := p.between(max(at.low, first), min(at.end, k))
	if sum.n == 0 {
		return 0, false
	}
	switch f.fn {
	case fnCount:
		return float64(sum.n), true
	case fnAvg:
		return round9(p.scale.decode(float64(sum.sum)) / float64(sum.n)), true
	}
	return p.scale.decode(float64(sum.sum)), true
}

// between sums up the readings from lo to before end.
func (p *past) between(lo, end uint64) total {
	if lo >= end {
		return total{}
	}
	t := p.totals[end-1]
	if lo > 0 {
		b := p.totals[lo-1]
		t.sum, t.n, t.late = t.sum-b.sum, t.n-b.n, t.late-b.late
	}
	return t
}

// gappy is asOf where a reading has not come yet while a newer one has.
func (p *past) gappy(f feat, t, seen int64, top uint64) (float64, bool) {
	c := cell{scale: p.scale, patience: p.patience}
	i := p.after(t-f.keep(&p.s)-p.patience, 0)
	for i > 0 { // and one more: silence may be longer than patience
		if i--; p.came[i] <= seen {
			break
		}
	}
	for ; i <= top; i++ {
		if p.came[i] <= seen {
			c.ring.push(p.pts.at(i))
		}
	}
	c.ring.trim(p.pts.at(top).t() - p.keep)
	return c.asOf(f, t)
}

// stand makes c what a live cell would be that has taken in what came up to
// seen.
func (p *past) stand(c *cell, seen int64) {
	c.ring.first, c.ring.end = 0, 0
	c.newest, c.has, c.flags, c.hasUsable = 0, false, 0, false
	k := p.by(seen, 0)
	if k == 0 {
		return
	}
	c.newest, c.has = p.newest(k), true
	low := p.after(c.newest-p.keep, 0)
	for i, have := p.after(c.newest, 0), 0; i > 0 && have < fewestKept; i-- {
		if p.came[i-1] <= seen {
			have++
		}
		low = min(low, i-1)
	}
	for i := low; i < p.pts.end && p.pts.at(i).t() <= c.newest; i++ {
		if p.came[i] <= seen {
			c.ring.push(p.pts.at(i))
		}
	}
	c.ring.trim(c.newest - p.keep)
	c.flags = c.ring.at(c.ring.end - 1).flags()
	c.usable, c.hasUsable = c.usableBefore(c.ring.end, c.newest)
}

// bound works out the spans of the hours from low to high.
func (p *past) bound(low, high int64) {
	p.hours = p.hours[:0]
	if p.pts.end > 0 {
		p.first = floorDiv(p.pts.at(0).t(), hour)
	}
	for i := uint64(0); i < p.pts.end; i++ {
		pt := p.pts.pts[i]
		at := int(floorDiv(pt.t(), hour) - p.first)
		for len(p.hours) <= at {
			p.hours = append(p.hours, extent{low: math.Inf(1), high: math.Inf(-1)})
		}
		x := &p.hours[at]
		x.flags |= int64(pt.flags())
		if pt.usable() {
			x.low, x.high = min(x.low, pt.n), max(x.high, pt.n)
		}
	}
	p.strays = p.strays[:0]
	begin := floorDiv(low, hour)
	for h := begin; h <= floorDiv(high, hour); h++ {
		p.strays = append(p.strays, false)
	}
	if p.order != nil {
		for k := p.by(low-1, 0); k < p.pts.end && p.arrived[k] <= high; k++ {
			h := floorDiv(p.arrived[k], hour)
			if p.pts.at(p.place(k)).t() < h*hour-behind {
				p.strays[h-begin] = true
			}
		}
	}
	p.spans = p.spans[:0]
	for _, f := range p.feats {
		var at [4]uint64
		spans := make([]span, 0, len(p.strays))
		come := p.by(low-1, 0)
		for h := begin; h <= floorDiv(high, hour); h++ {
			if f.fn == fnSilence {
				spans = append(spans, p.silence(h*hour, &come))
			} else {
				spans = append(spans, p.span(f, h*hour, &at))
			}
		}
		p.spans = append(p.spans, spans)
	}
}

// silence bounds how long the series was silent in the hour from begin; come
// counts what came before.
func (p *past) silence(begin int64, come *uint64) span {
	s := span{any: true}
	newest := int64(math.MinInt64)
	if *come > 0 {
		newest = p.newest(*come)
	}
	for {
		at := begin + hour
		more := *come < p.pts.end && p.arrival(*come) < at
		if more {
			at = p.arrival(*come)
		}
		if newest != math.MinInt64 {
			s.high = max(s.high, float64(at-newest)/1000)
		}
		if !more {
			return s
		}
		*come++
		newest = p.newest(*come)
	}
}

// span bounds a feat in the hour from begin, and at the looks back to behind
// before it.
func (p *past) span(f feat, begin int64, at *[4]uint64) span {
	from, to := begin-behind, begin+hour-1
	reach := f.keep(&p.s)
	if reach == 0 {
		reach = p.patience
	}
	at[0], at[1] = p.after(from-reach, at[0]), p.after(from, at[1])
	at[2], at[3] = p.after(to-reach, at[2]), p.after(to, at[3])
	lo, end := at[0], at[3]
	all := p.between(lo, end)
	s := span{any: all.n > 0, always: all.late == 0 && f.fn != fnRise && f.fn != fnDelta && p.between(at[2], at[1]).n > 0}
	switch f.fn {
	case fnFlags:
		s.any = lo < end
	case fnNewest:
		s.always = s.always && all.n == int32(end-lo) // else the newest usable one may be gone
	}
	if !s.any {
		return s
	}
	low, high := math.Inf(1), math.Inf(-1)
	for h := floorDiv(from-reach, hour); h <= floorDiv(to, hour); h++ {
		if i := h - p.first; i >= 0 && i < int64(len(p.hours)) {
			x := &p.hours[i]
			low, high, s.flags = min(low, x.low), max(high, x.high), s.flags|x.flags
		}
	}
	switch f.fn {
	case fnNewest, fnLast, fnMax, fnMin, fnAvg:
		s.low, s.high = p.scale.decode(low), p.scale.decode(high)
	case fnRise, fnDelta:
		s.high = p.scale.decode(high - low)
		s.low = -s.high
	case fnCount:
		s.high = float64(all.n)
	case fnSum:
		switch {
		case p.coarse || p.signed && all.late > 0:
			s.low, s.high = p.scale.decode(min(low, 0)*float64(all.n)), p.scale.decode(max(high, 0)*float64(all.n))
		case p.signed:
			s.low, s.high = p.sums(at)
		case all.late > 0:
			s.high = p.scale.decode(float64(all.sum))
		default:
			s.low, s.high = p.scale.decode(float64(p.between(at[2], at[1]).sum)), p.scale.decode(float64(all.sum))
		}
	case fnFlags:
	default:
		s.low, s.high = math.Inf(-1), math.Inf(1)
	}
	return s
}

// sums bounds a sum over readings of either sign: its window begins at one of
// at[0] to at[2] and ends at one of at[1] to at[3].
func (p *past) sums(at *[4]uint64) (low, high float64) {
	reach := func(lo, hi uint64) (least, most int64) {
		least, most = math.MaxInt64, math.MinInt64
		for i := lo; i <= hi; i++ {
			sum := p.between(0, i).sum
			least, most = min(least, sum), max(most, sum)
		}
		return least, most
	}
	beginLeast, beginMost := reach(at[0], at[2])
	endLeast, endMost := reach(at[1], at[3])
	return p.scale.decode(float64(endLeast - beginMost)), p.scale.decode(float64(endMost - beginLeast))
}
