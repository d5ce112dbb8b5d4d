package series

import "sort"

// recent is how many of its newest samples a series remembers, so that
// stragglers and replays of the bus are judged without asking the disk.
const recentSize = 64

// stored is one sample as it lies in the TSDB: n is the scaled number.
type stored struct {
	t int64
	n float64
}

// recent holds the newest samples of one series in ascending order. It is
// complete from its first instant on: a sample at or after it exists exactly
// if it is here.
type recent struct{ list []stored }

// find returns the number stored at t, if recent has it.
func (r *recent) find(t int64) (n float64, exists bool) {
	if len(r.list) == 0 || t < r.list[0].t || t > r.list[len(r.list)-1].t {
		return 0, false
	}
	i := sort.Search(len(r.list), func(i int) bool { return r.list[i].t >= t })
	if r.list[i].t == t {
		return r.list[i].n, true
	}
	return 0, false
}

// add notes a sample that is now stored. The first one of an empty recent
// must be the newest of the series.
func (r *recent) add(s stored) {
	if len(r.list) > 0 && s.t < r.list[0].t {
		return // before what recent speaks of
	}
	if len(r.list) == recentSize {
		copy(r.list, r.list[1:])
		r.list = r.list[:recentSize-1]
	}
	i := len(r.list)
	for i > 0 && r.list[i-1].t > s.t {
		i--
	}
	r.list = append(r.list, stored{})
	copy(r.list[i+1:], r.list[i:])
	r.list[i] = s
}
