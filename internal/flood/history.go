package flood

import (
	"slices"
	"sort"
	"time"

	"openioc.org/ioc/internal/sensing"
)

// point is one observation in memory.
type point struct {
	t int64 // Unix ms
	v float64
	f sensing.Flags
}

// history holds the observations of one datastream, oldest first. A slice
// that was handed out is never changed: what is newer is appended, what is
// older goes into a new slice.
type history struct {
	pts  []point
	late []point // older than the newest point, not yet merged

	watched bool    // the series is being read
	arrived []point // what came in since
}

// watch begins to note what comes in, before the series is read.
func (h *history) watch() { h.watched, h.arrived = true, nil }

// replace puts what was read in the place of what was known, and adds what
// came in meanwhile.
func (h *history) replace(pts []point) {
	h.pts, h.late = pts, h.arrived
	h.watched, h.arrived = false, nil
}

// add takes a point in; pts gets it at once only when it is the newest.
func (h *history) add(p point) {
	if h.watched {
		h.arrived = append(h.arrived, p)
	}
	if n := len(h.pts); n == 0 && len(h.late) == 0 || n > 0 && p.t > h.pts[n-1].t {
		h.pts = append(h.pts, p)
		return
	}
	h.late = append(h.late, p)
}

// settle merges the late points and forgets what is older than before. Of two
// points at one instant the first stays, as in the series.
func (h *history) settle(before int64) []point {
	if len(h.late) > 0 {
		merged := make([]point, 0, len(h.pts)+len(h.late)+64)
		merged = append(append(merged, h.pts...), h.late...)
		slices.SortStableFunc(merged, func(a, b point) int {
			switch {
			case a.t < b.t:
				return -1
			case a.t > b.t:
				return 1
			}
			return 0
		})
		h.pts = slices.CompactFunc(merged, func(a, b point) bool { return a.t == b.t })
		h.late = nil
	}
	if k := after(h.pts, before); k > 0 && (k > 256 || k == len(h.pts)) {
		h.pts = slices.Clone(h.pts[k:])
	}
	return h.pts
}

// after is the index of the first point later than t.
func after(pts []point, t int64) int {
	return sort.Search(len(pts), func(i int) bool { return pts[i].t > t })
}

// between gives the points with from < t ≤ to.
func between(pts []point, from, to int64) []point {
	return pts[after(pts, from):after(pts, to)]
}

// newest gives the newest usable point at or before t and not older than back.
func newest(pts []point, t int64, back time.Duration) (point, bool) {
	for i := after(pts, t) - 1; i >= 0; i-- {
		if t-pts[i].t > back.Milliseconds() {
			break
		}
		if pts[i].f.Usable() {
			return pts[i], true
		}
	}
	return point{}, false
}
