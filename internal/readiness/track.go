package readiness

import (
	"slices"
	"sync"
	"time"

	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
)

// window is how far back a track remembers.
const window = 7 * 24 * time.Hour

const (
	hourMs   = int64(time.Hour / time.Millisecond)
	hours    = 7*24 + 1 // the hour that is under way comes on top
	recent   = 32       // instants kept for the rhythm and the delay
	minSlot  = time.Minute
	flagBits = 14 // sensing.Flags in use
)

// faulty are the findings that cast doubt on the value itself; handled are
// those of values that had to be mended before they could be stored.
const (
	faulty = sensing.OutOfRange | sensing.Frozen | sensing.Step | sensing.Toggling | sensing.Suspect |
		sensing.Bad | sensing.Neighbours
	handled = sensing.Negative | sensing.WrongUnit
)

// track is what is remembered of one datastream.
type track struct {
	mu     sync.Mutex
	loaded bool
	early  []sensing.Observation // stored before the track was loaded

	last     series.Point
	has      bool
	first    int64 // oldest instant known, Unix ms
	older    bool  // something is stored from before the window
	instants ring  // phenomenon times in the order they came, Unix ms
	delays   ring  // received − phenomenon time, ms

	slot   int64 // width, ms; 0 as long as no rhythm is known
	slots  []uint8
	newest int64 // number of the newest slot
	hours  [hours]hour
}

// hour sums up the observations of one hour of phenomenon time.
type hour struct {
	number                   int64
	n, faulty, handled, late uint32
	flags                    [flagBits]uint32
}

// ring keeps the last values.
type ring struct {
	v    [recent]int64
	n    int
	next int
}

func (r *ring) add(v int64) {
	r.v[r.next] = v
	r.next = (r.next + 1) % recent
	r.n = min(r.n+1, recent)
}

func (r *ring) sorted() []int64 {
	out := slices.Clone(r.v[:r.n])
	slices.Sort(out)
	return out
}

// add counts an observation; one older than the window is passed by.
func (t *track) add(p series.Point) {
	if !t.has || p.T < t.first {
		t.first = p.T
	}
	if !t.has || p.T > t.last.T {
		t.last, t.has = p, true
	}
	t.instants.add(p.T)
	t.delays.add(p.Received - p.T)
	t.addHour(p)
	t.addSlot(p.T)
}

func (t *track) addHour(p series.Point) {
	number := floor(p.T, hourMs)
	h := &t.hours[mod(number, hours)]
	switch {
	case h.number > number:
		return
	case h.number < number:
		*h = hour{number: number}
	}
	h.n++
	if p.Flags&faulty != 0 {
		h.faulty++
	}
	if p.Flags&handled != 0 {
		h.handled++
	}
	if p.Flags&sensing.Late != 0 {
		h.late++
	}
	for bit := range h.flags {
		if p.Flags&(1<<bit) != 0 {
			h.flags[bit]++
		}
	}
}

// setSlot chooses the width of the slots; what was counted is counted anew by
// the caller.
func (t *track) setSlot(rhythm time.Duration) {
	t.slot, t.slots = 0, nil
	if rhythm <= 0 {
		return
	}
	rhythm = max(rhythm, minSlot)
	t.slot = rhythm.Milliseconds()
	t.slots = make([]uint8, window.Milliseconds()/t.slot+2)
}

func (t *track) addSlot(at int64) {
	n := int64(len(t.slots))
	if n == 0 {
		return
	}
	number := floor(at, t.slot)
	if number > t.newest {
		for k := max(t.newest+1, number-n+1); k <= number; k++ {
			t.slots[mod(k, n)] = 0
		}
		t.newest = number
	}
	if number <= t.newest-n {
		return
	}
	if c := &t.slots[mod(number, n)]; *c < 255 {
		*c++
	}
}

// completeness is the share of the slots within span before now that hold an
// observation. The slot under way is not asked for. An observation that came
// a little early or late, into the neighbouring slot, counts for the empty
// one beside it. A datastream younger than the span is asked from its first
// observation on. False without a rhythm or without observations.
func (t *track) completeness(now time.Time, span time.Duration) (share float64, ok bool) {
	n := int64(len(t.slots))
	if n == 0 || !t.has {
		return 0, false
	}
	end := floor(now.UnixMilli(), t.slot)                 // not included
	from := floor(now.Add(-span).UnixMilli(), t.slot) + 1 // included
	from = max(from, end-n+1)                             // all that is remembered
	if first := floor(t.first, t.slot); !t.older && first > from {
		from = first
	}
	if from >= end {
		return 1, true // it has just begun
	}
	there := 0
	spare := false // the slot before holds one more than it needs
	for k := from; k < end; k++ {
		c := t.at(k)
		switch {
		case c >= 1:
			there++
			spare = c >= 2
		case spare:
			there++
			spare = false
		case t.at(k+1) >= 2:
			there++
		default:
			spare = false
		}
	}
	return float64(there) / float64(end-from), true
}

func (t *track) at(k int64) uint8 {
	if k > t.newest || k <= t.newest-int64(len(t.slots)) {
		return 0
	}
	return t.slots[mod(k, int64(len(t.slots)))]
}

// sums adds up the hours within span before now.
func (t *track) sums(now time.Time, span time.Duration) (s hour) {
	from := floor(now.Add(-span).UnixMilli(), hourMs)
	for i := range t.hours {
		h := &t.hours[i]
		if h.n == 0 || h.number <= from {
			continue
		}
		s.n += h.n
		s.faulty += h.faulty
		s.handled += h.handled
		s.late += h.late
		for bit, n := range h.flags {
			s.flags[bit] += n
		}
	}
	return s
}

// rhythm is the median of the intervals between the last observations, 0 if
// there are fewer than three.
func (t *track) rhythm() time.Duration {
	at := t.instants.sorted()
	at = slices.Compact(at)
	if len(at) < 3 {
		return 0
	}
	gaps := make([]int64, 0, len(at)-1)
	for i := 1; i < len(at); i++ {
		gaps = append(gaps, at[i]-at[i-1])
	}
	slices.Sort(gaps)
	return time.Duration(gaps[len(gaps)/2]) * time.Millisecond
}

// delay is the median of how long the last observations were under way.
func (t *track) delay() (time.Duration, bool) {
	d := t.delays.sorted()
	if len(d) == 0 {
		return 0, false
	}
	return time.Duration(d[len(d)/2]) * time.Millisecond, true
}

func floor(v, by int64) int64 {
	q := v / by
	if v%by < 0 {
		q--
	}
	return q
}

func mod(v, by int64) int64 { return ((v % by) + by) % by }
