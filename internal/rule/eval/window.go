package eval

import (
	"math"
	"slices"

	"openioc.org/ioc/internal/sensing"
)

// scale turns values into whole multiples of the resolution, so that sums and
// differences are exact however many readings came and went: 2.3 - 2.0 is 0.3
// here, and a sum does not drift. Series without a resolution are taken to
// the millionth.
type scale struct{ mul, pow float64 }

func newScale(resolution float64) scale {
	if resolution > 0 {
		for d := range 10 {
			pow := math.Pow10(d)
			if n := math.Round(resolution * pow); n >= 1 && math.Abs(resolution*pow-n) < 1e-6*n {
				return scale{n, pow}
			}
		}
	}
	return scale{1, 1e6}
}

func (s scale) encode(v float64) float64 {
	n := v * s.pow
	if s.mul != 1 {
		n /= s.mul
	}
	return math.RoundToEven(n)
}

func (s scale) decode(n float64) float64 {
	if s.mul != 1 {
		n *= s.mul
	}
	return n / s.pow
}

// round9 takes the dust off computed values, so that 0.7 × 3 is 2.1.
func round9(v float64) float64 {
	if math.Abs(v) > 1e6 {
		return v
	}
	return math.Round(v*1e9) / 1e9
}

// point is a reading in 16 bytes: instant and flags share a word.
type point struct {
	tf int64
	n  float64 // multiples of the resolution
}

func newPoint(t int64, n float64, f sensing.Flags) point {
	return point{t<<16 | int64(f&0xffff), n}
}

func (p point) t() int64             { return p.tf >> 16 }
func (p point) flags() sensing.Flags { return sensing.Flags(p.tf & 0xffff) }
func (p point) usable() bool         { return p.tf&int64(sensing.Unusable) == 0 }

// ring holds the newest readings of a series, ascending. They are counted
// from the first one ever: number i lies at i modulo the length, a power of
// two.
type ring struct {
	pts        []point
	first, end uint64
}

func (r *ring) at(i uint64) point { return r.pts[i&uint64(len(r.pts)-1)] }

func (r *ring) push(p point) {
	if r.end-r.first == uint64(len(r.pts)) {
		r.grow()
	}
	r.pts[r.end&uint64(len(r.pts)-1)] = p
	r.end++
}

func (r *ring) grow() {
	bigger := make([]point, max(8, 2*len(r.pts)))
	for i := r.first; i < r.end; i++ {
		bigger[i&uint64(len(bigger)-1)] = r.at(i)
	}
	r.pts = bigger
}

// insert puts a late reading where it belongs; false if its instant is taken
// or older than all that is kept, which is what comes after before.
func (r *ring) insert(p point, before int64) bool {
	i := r.after(p.t())
	if i == r.first && r.end-r.first >= fewestKept && p.t() <= before || i > r.first && r.at(i-1).t() == p.t() {
		return false
	}
	r.push(p)
	for j := r.end - 1; j > i; j-- {
		r.pts[j&uint64(len(r.pts)-1)] = r.at(j - 1)
	}
	r.pts[i&uint64(len(r.pts)-1)] = p
	return true
}

// after is the number of the first reading after t.
func (r *ring) after(t int64) uint64 {
	lo, hi := r.first, r.end
	for lo < hi {
		if mid := (lo + hi) / 2; r.at(mid).t() <= t {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// fewestKept are the readings that stay whatever their age, for traces.
const fewestKept = 8

func (r *ring) trim(before int64) {
	for r.end-r.first > fewestKept && r.at(r.first).t() <= before {
		r.first++
	}
}

// agg is what is known of the window of one feat.
type agg struct {
	lo  uint64 // first reading in the window; of fnRise the newest at or before its beginning
	ext uint64 // where the greatest or smallest is
	sum float64
	n   int32
	has bool // there is an ext
}

// slide drops what has left the window that ends at t and takes in the
// newest reading of r.
func (a *agg) slide(f feat, r *ring, t int64) {
	p := r.at(r.end - 1)
	begin := t - f.window
	a.lo = max(a.lo, r.first)
	switch f.fn {
	case fnNewest, fnSilence, fnFlags:
		return
	case fnRise:
		for a.lo+1 < r.end && r.at(a.lo+1).t() <= begin {
			a.lo++
		}
		return
	}
	for a.lo < r.end {
		old := r.at(a.lo)
		if old.t() > begin {
			break
		}
		if old.usable() {
			a.sum -= old.n
			a.n--
		}
		a.lo++
	}
	if a.ext < a.lo {
		a.has = false
	}
	if !p.usable() {
		return
	}
	a.sum += p.n
	a.n++
	if a.has && (f.fn == fnMax && p.n >= r.at(a.ext).n || f.fn == fnMin && p.n <= r.at(a.ext).n) || a.n == 1 {
		a.ext, a.has = r.end-1, true
	}
}

// rebuild makes a anew from all readings.
func (a *agg) rebuild(f feat, r *ring, t int64) {
	*a = agg{lo: r.first}
	part := ring{pts: r.pts, first: r.first, end: r.first}
	for part.end < r.end {
		part.end++
		a.slide(f, &part, part.at(part.end-1).t())
	}
}

// value is the number of the feat over the window that ends with the newest
// reading; false if there is none.
func (c *cell) value(f feat, a *agg) (float64, bool) {
	r := &c.ring
	switch f.fn {
	case fnNewest:
		return c.scale.decode(c.usable.n), c.hasUsable && c.newest-c.usable.t() < c.patience
	case fnFlags:
		return float64(c.flags), c.has
	case fnCount:
		return float64(a.n), a.n > 0
	case fnSum:
		return c.scale.decode(a.sum), a.n > 0
	case fnAvg:
		return round9(c.scale.decode(a.sum) / float64(a.n)), a.n > 0
	case fnLast:
		return c.scale.decode(c.usable.n), a.n > 0
	case fnMax, fnMin:
		if a.n == 0 {
			return 0, false
		}
		if !a.has || a.ext < a.lo {
			a.ext, a.has = extreme(r, a.lo, r.end, f.fn), true
		}
		return c.scale.decode(r.at(a.ext).n), true
	case fnDelta, fnIncrease, fnDeriv:
		return c.slope(f, a.lo, r.end)
	case fnRise:
		return c.rise(f, a.lo+1, c.newest)
	}
	return 0, false
}

// extreme finds the greatest or smallest usable reading of lo … end-1.
func extreme(r *ring, lo, end uint64, f fn) uint64 {
	best, found := lo, false
	for i := lo; i < end; i++ {
		p := r.at(i)
		if p.usable() && (!found || f == fnMax && p.n >= r.at(best).n || f == fnMin && p.n <= r.at(best).n) {
			best, found = i, true
		}
	}
	return best
}

// slope computes the feats that compare the readings of a window with each
// other; they need two.
func (c *cell) slope(f feat, lo, end uint64) (float64, bool) {
	var first, last point
	var n, grown, st, sv, stt, stv float64
	for i := lo; i < end; i++ {
		p := c.ring.at(i)
		if !p.usable() {
			continue
		}
		if n == 0 {
			first = p
		} else if p.n >= last.n {
			grown += p.n - last.n
		} else {
			grown += p.n // a counter began anew
		}
		t, v := float64(p.t()-first.t())/1000, p.n-first.n
		st, sv, stt, stv = st+t, sv+v, stt+t*t, stv+t*v
		last = p
		n++
	}
	if n < 2 {
		return 0, false
	}
	switch f.fn {
	case fnDelta:
		return c.scale.decode(last.n - first.n), true
	case fnIncrease:
		return c.scale.decode(grown), true
	}
	below := n*stt - st*st
	if below == 0 {
		return 0, false
	}
	return c.scale.decode((n*stv - st*sv) / below), true
}

// rise is the newest usable reading less the newest one at least the window
// older, which lies before number before.
func (c *cell) rise(f feat, before uint64, now int64) (float64, bool) {
	if !c.hasUsable || now-c.usable.t() >= c.patience {
		return 0, false
	}
	from, ok := c.usableBefore(before, now-f.window)
	if !ok || now-f.window-from.t() >= c.patience {
		return 0, false
	}
	return c.scale.decode(c.usable.n - from.n), true
}

// usableBefore finds the newest usable reading with a number below before
// and not after t.
func (c *cell) usableBefore(before uint64, t int64) (point, bool) {
	for i := min(before, c.ring.end); i > c.ring.first; i-- {
		if p := c.ring.at(i - 1); p.usable() && p.t() <= t {
			return p, true
		}
	}
	return point{}, false
}

// asOf is value at any instant t, computed from the readings up to t.
func (c *cell) asOf(f feat, t int64) (float64, bool) {
	end := c.ring.after(t)
	if end == c.ring.first {
		return 0, false
	}
	old := cell{scale: c.scale, patience: c.patience, ring: ring{c.ring.pts, c.ring.first, end}}
	old.newest = t
	old.flags, old.has = c.ring.at(end-1).flags(), true
	old.usable, old.hasUsable = old.usableBefore(end, t)
	switch f.fn {
	case fnFlags:
		if t-c.ring.at(end-1).t() >= c.patience {
			return 0, false
		}
	case fnSilence:
		return float64(t-c.ring.at(end-1).t()) / 1000, true
	}
	a := agg{lo: max(c.ring.first, c.ring.after(t-f.window))}
	if f.fn == fnRise {
		a.lo = max(a.lo, c.ring.first+1) - 1
	}
	for i := a.lo; i < end && f.fn != fnRise; i++ {
		if p := c.ring.at(i); p.usable() {
			a.sum += p.n
			a.n++
		}
	}
	return old.value(f, &a)
}

// estimated reports whether what the feat used at t was estimated.
func (c *cell) estimated(f feat, t int64) bool {
	for _, i := range c.used(f, t) {
		if c.ring.at(i).flags()&sensing.Estimated != 0 {
			return true
		}
	}
	return false
}

// used lists the readings that count for the feat at t, ascending.
func (c *cell) used(f feat, t int64) []uint64 {
	var out []uint64
	end := c.ring.after(t)
	newest := func(at int64, any bool) {
		for i := c.ring.after(at); i > c.ring.first; i-- {
			if p := c.ring.at(i - 1); any || p.usable() {
				out = append(out, i-1)
				return
			}
		}
	}
	switch f.fn {
	case fnNewest:
		newest(t, false)
	case fnFlags, fnSilence:
		newest(t, true)
	case fnRise:
		newest(t-f.window, false)
		newest(t, false)
	default:
		for i := c.ring.after(t - f.window); i < end; i++ {
			if c.ring.at(i).usable() {
				out = append(out, i)
			}
		}
	}
	return slices.Compact(out)
}
