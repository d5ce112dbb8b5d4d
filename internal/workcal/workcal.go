package workcal

import (
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/msg"
)

// Kind is what a day is.
type Kind string

// The kinds of days. Work is done on Workday and Makeup.
const (
	Workday      Kind = "workday"
	Weekend      Kind = "weekend"
	Holiday      Kind = "holiday"
	Compensation Kind = "compensation" // off for a holiday on a weekend, or against a Makeup
	Makeup       Kind = "makeup"       // a Saturday or Sunday on which people work
)

// Works reports whether people work on days of this kind.
func (k Kind) Works() bool { return k == Workday || k == Makeup }

var kindTitles = map[Kind]msg.Text{
	Workday: {Vi: "Ngày làm việc", En: "Working day"}, Weekend: {Vi: "Cuối tuần", En: "Weekend"}, Holiday: {Vi: "Ngày lễ", En: "Holiday"},
	Compensation: {Vi: "Nghỉ bù", En: "Day off in lieu"}, Makeup: {Vi: "Làm bù", En: "Working day in lieu"},
}

// Title is the kind in words.
func (k Kind) Title() msg.Text { return kindTitles[k] }

// The statuses of a row.
const (
	Confirmed   = "confirmed"
	Unconfirmed = "unconfirmed" // announced or computed, not decreed
)

// Day is one row: what is said of a date.
type Day struct {
	Date   time.Time // local midnight
	Kind   Kind
	Name   msg.Text
	Status string
	Source string
}

// Period is a stretch of office hours.
type Period struct{ From, To time.Duration } // since midnight

// Hours are the office hours from a date on.
type Hours struct {
	From    time.Time // local midnight; zero: since ever
	Periods []Period
	// AsGiven counts a reception outside office hours as of its own day; else
	// it is as if received when the office opens next.
	AsGiven bool
	Source  string
}

// total is the office time of a day.
func (h *Hours) total() (d time.Duration) {
	for _, p := range h.Periods {
		d += p.To - p.From
	}
	return d
}

// elapsed is how much of the office time has passed at a time of day.
func (h *Hours) elapsed(at time.Duration) (d time.Duration) {
	for _, p := range h.Periods {
		if at <= p.From {
			break
		}
		d += min(at, p.To) - p.From
	}
	return d
}

// first is the earliest time of day at which d of the office time has passed.
func (h *Hours) first(d time.Duration) time.Duration {
	for _, p := range h.Periods {
		if d <= p.To-p.From {
			return p.From + d
		}
		d -= p.To - p.From
	}
	return h.Periods[len(h.Periods)-1].To
}

// last is the latest time of day at which no more than d has passed.
func (h *Hours) last(d time.Duration) time.Duration {
	for _, p := range h.Periods {
		if d < p.To-p.From {
			return p.From + d
		}
		d -= p.To - p.From
	}
	return h.Periods[len(h.Periods)-1].To
}

// start and end bound the day.
func (h *Hours) start() time.Duration { return h.Periods[0].From }
func (h *Hours) end() time.Duration   { return h.Periods[len(h.Periods)-1].To }

// open is the first time of day at or after at within office hours; false
// when the office does not open again that day.
func (h *Hours) open(at time.Duration) (time.Duration, bool) {
	for _, p := range h.Periods {
		if at <= p.To {
			return max(at, p.From), true
		}
	}
	return 0, false
}

// offset of the zone; the law has held it since 1975.
const offset = 7 * 3600

// dayNumber counts local days since 1 January 1970.
func dayNumber(t time.Time) int64 { return floorDiv(t.Unix()+offset, 86400) }

// ofDay is how long after its local midnight t is.
func ofDay(t time.Time) time.Duration {
	return time.Duration(floorMod(t.Unix()+offset, 86400))*time.Second + time.Duration(t.Nanosecond())
}

// instant is a time of a day by its number.
func instant(day int64, at time.Duration) time.Time {
	return time.Unix(day*86400-offset+int64(at/time.Second), int64(at%time.Second)).In(caltime.Zone)
}

// weekday of a day by its number; Monday is 0.
func weekday(day int64) int { return int(floorMod(day+3, 7)) } // 1 January 1970 was a Thursday

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }
