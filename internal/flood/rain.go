package flood

import (
	"math"
	"slices"
	"time"

	"openioc.org/ioc/internal/sensing"
)

// sum is the rain of a window.
type sum struct {
	mm        float64
	n         int     // usable readings in it
	coverage  float64 // share of the window that readings speak for, 0–1
	estimated bool
}

// rainSum adds the rain of (from, to]. Each reading speaks for the time since
// the one before it; without gaps that is the rhythm.
func rainSum(pts []point, rhythm time.Duration, from, to int64) sum {
	var s sum
	for _, p := range between(pts, from, to) {
		if !p.f.Usable() {
			continue
		}
		s.mm += p.v
		s.n++
		s.estimated = s.estimated || p.f&sensing.Estimated != 0
	}
	s.mm = tenth(s.mm)
	if to > from {
		s.coverage = min(1, float64(s.n)*float64(rhythm.Milliseconds())/float64(to-from))
	}
	return s
}

// known reports whether the sum may be shown: there is at least one reading
// and the gauge's rhythm fits into the window.
func (s sum) known(rhythm, window time.Duration) bool {
	return s.n > 0 && rhythm <= window
}

func tenth(v float64) float64     { return math.Round(v*10) / 10 }
func hundredth(v float64) float64 { return math.Round(v*100) / 100 }

// eventLookback bounds how long before an instant an event may have begun.
const eventLookback = 10 * 24 * time.Hour

// eventStart finds when the rain event of a network that holds at an instant
// began: the first wet hour after the last run of dry hours, an hour being
// dry when its gauges average less than dryMM. ok is false in a dry spell.
// Hours without any reading count as dry.
func eventStart(gauges [][]point, at int64, dryHours int, dryMM float64) (start int64, ok bool) {
	const hour = int64(time.Hour / time.Millisecond)
	n := int(eventLookback / time.Hour)
	mm, heard := make([]float64, n), make([]int, n)
	for _, pts := range gauges {
		last := -1
		for _, p := range between(pts, at-int64(n)*hour, at) {
			if !p.f.Usable() {
				continue
			}
			k := int((at - p.t) / hour) // hours ago
			mm[k] += p.v
			if k != last {
				heard[k]++
				last = k
			}
		}
	}
	dry := 0
	first := -1
	for k := range n {
		if heard[k] == 0 || mm[k]/float64(heard[k]) < dryMM {
			if dry++; dry >= dryHours {
				break
			}
			continue
		}
		dry, first = 0, k
	}
	if first < 0 {
		return 0, false
	}
	return at - int64(first+1)*hour, true
}

// neighbour is a gauge nearby with its rain over the same window.
type neighbour struct {
	km float64
	mm float64
}

// Finding is the outcome of comparing a gauge with the gauges around it.
type Finding struct {
	OK       bool    `json:"ok"`
	Expected float64 `json:"expected" doc:"median of the neighbours over the last 3 h, mm"`
	N        int     `json:"n" doc:"neighbours compared with"`
}

const (
	fewestNeighbours = 3
	mostNeighbours   = 6
)

// compare judges a gauge's rain by that of its neighbours, nearest first: dry
// where they have much, or far above them all. nil when there are too few.
func compare(mm float64, around []neighbour, least float64) *Finding {
	if len(around) < fewestNeighbours {
		return nil
	}
	around = around[:min(len(around), mostNeighbours)]
	values := make([]float64, len(around))
	for i, n := range around {
		values[i] = n.mm
	}
	slices.Sort(values)
	median := (values[(len(values)-1)/2] + values[len(values)/2]) / 2
	dry := mm <= 0.2 && median >= least
	far := mm > 3*values[len(values)-1]+2*least
	return &Finding{OK: !dry && !far, Expected: tenth(median), N: len(values)}
}
