package ingest

import (
	"time"

	"openioc.org/ioc/internal/sensing"
)

// history is what quality control remembers of one datastream: enough to know
// whether the next value is frozen, a step, or one more swing between two
// values. It follows the readings in the order of their time; a reading older
// than the newest does not touch it, so that a late one cannot spoil it.
type history struct {
	seen    int
	time    int64 // of the newest reading, Unix ms
	value   float64
	before  float64 // the value before it
	run     int     // how many of the last values are equal
	runFrom int64   // when that run began
	swings  int     // changes to and fro between the same two values
}

// next judges the reading that follows and remembers it. v is in the unit of
// the rule.
func (h *history) next(r *Rule, t int64, v float64) sensing.Flags {
	var flags sensing.Flags
	if h.seen == 0 {
		*h = history{seen: 1, time: t, value: v, before: v, run: 1, runFrom: t}
		return 0
	}
	change := v - h.value
	if change == 0 {
		h.run++
		h.swings = 0
	} else {
		h.run, h.runFrom = 1, t
		switch {
		case h.seen >= 2 && v == h.before && h.before != h.value:
			h.swings++
		default:
			h.swings = 1
		}
	}
	by := max(change, -change)
	if r.Frozen > 0 && h.run >= r.Frozen && t-h.runFrom >= time.Duration(r.FrozenSpan).Milliseconds() &&
		(r.FrozenAbove == nil || v > *r.FrozenAbove) {
		flags |= sensing.Frozen
	}
	if r.Step > 0 && by >= r.Step {
		hours := float64(t-h.time) / 3.6e6
		if by >= r.StepPerHour*hours {
			flags |= sensing.Step
		}
	}
	if r.Toggle > 0 && h.swings >= r.Toggle && by >= r.ToggleBy {
		flags |= sensing.Toggling
	}
	h.seen++
	h.before, h.value, h.time = h.value, v, t
	return flags
}

// lookback is how much of the past history needs to be rebuilt.
func lookback(r *Rule, rhythm time.Duration) time.Duration {
	readings := time.Duration(max(r.Frozen, r.Toggle) + 2)
	return max(time.Duration(r.FrozenSpan)+2*rhythm, readings*rhythm, time.Hour)
}

// rangeVerdict is the outcome of the checks that need no history.
type rangeVerdict uint8

const (
	inRange rangeVerdict = iota
	implausible
	impossible
	aboveDatum
)

// inspect applies the range rules. It returns the value to store, which
// differs for a small negative one.
func inspect(r *Rule, v float64) (float64, sensing.Flags, rangeVerdict) {
	if r.Negative > 0 && v < 0 && v >= -r.Negative {
		return 0, sensing.Negative, inRange
	}
	switch {
	case r.Level != nil && v > *r.Level:
		return v, 0, aboveDatum
	case r.Hard != nil && (v < r.Hard[0] || v > r.Hard[1]):
		return v, 0, impossible
	case r.Plausible != nil && (v < r.Plausible[0] || v > r.Plausible[1]):
		return v, sensing.OutOfRange, implausible
	}
	return v, 0, inRange
}

// late reports whether a reading of that age came late: by more than three
// rhythms or by more than an hour, whichever is less.
func late(age, rhythm time.Duration) bool {
	return age > time.Hour || (rhythm > 0 && age > 3*rhythm)
}
