package workcal

import (
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"time"

	"openioc.org/ioc/internal/caltime"
)

// The days of the table; before and after, weeks are all alike.
const (
	firstYear = 1990
	lastYear  = 2100
)

// Calendar is a snapshot of the working calendar; it never changes.
type Calendar struct {
	first    int64
	days     []kept   // of the table
	hours    []Hours  // by From
	byDay    []uint8  // index into hours, per day of the table
	works    sums     // working days
	office   sums     // office time, nanoseconds
	lo, hi   *Hours   // before and after the table
	resolved []dayRow // rows by date, for pages
	stamp    string
}

// kept is what the table knows of a day.
type kept struct {
	kind  Kind
	works bool
}

// NewCalendar makes a snapshot: the Labour Code, over it the days and hours
// that ship, over them those given.
func NewCalendar(days []Day, hours []Hours) *Calendar {
	all := mergeHours(shippedHours, hours)
	first := dayNumber(time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC))
	n := dayNumber(time.Date(lastYear+1, 1, 1, 0, 0, 0, 0, time.UTC)) - first
	c := &Calendar{first: first, days: make([]kept, n), hours: all, byDay: make([]uint8, n), lo: &all[0], hi: &all[len(all)-1]}
	for i := range c.days {
		c.days[i] = ordinary(first + int64(i))
	}
	c.resolved = resolve(statutory, shippedDays, days)
	for _, r := range c.resolved {
		if i := r.number - first; i >= 0 && i < n {
			c.days[i] = kept{kind: r.holds, works: r.holds.Works()}
		}
	}
	which := 0
	worked, time := make([]int64, n), make([]int64, n)
	for i := range c.days {
		for which+1 < len(all) && dayNumber(all[which+1].From) <= first+int64(i) {
			which++
		}
		c.byDay[i] = uint8(which)
		if c.days[i].works {
			worked[i], time[i] = 1, int64(all[which].total())
		}
	}
	week := func(v int64) [7]int64 { return [7]int64{v, v, v, v, v} }
	c.works = newSums(first, worked, week(1), week(1))
	c.office = newSums(first, time, week(int64(c.lo.total())), week(int64(c.hi.total())))
	c.stamp = c.sign()
	return c
}

// ordinary is a day of which nothing is said.
func ordinary(day int64) kept {
	if weekday(day) < 5 {
		return kept{Workday, true}
	}
	return kept{Weekend, false}
}

func (c *Calendar) day(n int64) kept {
	if i := n - c.first; i >= 0 && i < int64(len(c.days)) {
		return c.days[i]
	}
	return ordinary(n)
}

func (c *Calendar) hoursOf(n int64) *Hours {
	i := n - c.first
	switch {
	case i < 0:
		return c.lo
	case i >= int64(len(c.byDay)):
		return c.hi
	}
	return &c.hours[c.byDay[i]]
}

// The years within which terms are counted; an instant outside is taken for
// the nearest inside, so that no sum runs over.
var (
	earliest = time.Date(1700, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)
)

const (
	mostDays = 50_000
	mostTime = time.Duration(math.MaxInt64 / 8) // office time: more than three centuries of it
)

func bound(t time.Time) time.Time {
	switch {
	case t.Before(earliest):
		return earliest
	case t.After(latest):
		return latest
	}
	return t
}

// IsWorkday reports whether people work on the local day that holds t.
func (c *Calendar) IsWorkday(t time.Time) bool { return c.day(dayNumber(bound(t))).works }

// NextWorkday is the local midnight of the next working day after t's day.
func (c *Calendar) NextWorkday(t time.Time) time.Time {
	n := dayNumber(bound(t))
	return instant(c.works.reach(c.works.before(n+1)+1), 0)
}

// Reception is when something received at t counts as received: t itself
// within office hours, else when the office opens next.
func (c *Calendar) Reception(t time.Time) time.Time {
	t = bound(t)
	n := dayNumber(t)
	if h := c.hoursOf(n); c.day(n).works {
		if at, ok := h.open(ofDay(t)); ok {
			return instant(n, at)
		}
	}
	n = c.works.reach(c.works.before(n+1) + 1)
	return instant(n, c.hoursOf(n).start())
}

// reception is from when days are counted, by the rule of the hours in force.
func (c *Calendar) reception(t time.Time) time.Time {
	if c.hoursOf(dayNumber(t)).AsGiven {
		return t
	}
	return c.Reception(t)
}

// AddDays is the end of office hours of the n-th working day after the day of
// reception, which is not counted (Civil Code 2015, Art. 147). Received when
// the office is closed counts as received when it opens next, unless the
// hours in force take receptions as given. With n of zero or less it is the
// end of the first working day from the reception on.
func (c *Calendar) AddDays(received time.Time, n int) time.Time {
	if received.IsZero() {
		return received
	}
	day := dayNumber(c.reception(bound(received)))
	if n > 0 {
		day = c.works.reach(c.works.before(day+1) + int64(min(n, mostDays)))
	} else if !c.day(day).works {
		day = c.works.reach(c.works.before(day) + 1)
	}
	return instant(day, c.hoursOf(day).end())
}

// AddHours is the first instant at which d of office time has passed since
// received: 11:30 rather than 13:00, 17:00 rather than the next morning. With
// d of zero or less it is the reception.
func (c *Calendar) AddHours(received time.Time, d time.Duration) time.Time {
	if received.IsZero() {
		return received
	}
	t := bound(received)
	if d <= 0 {
		return c.Reception(t)
	}
	want := c.passed(t) + int64(min(d, mostTime))
	day := c.office.reach(want)
	return instant(day, c.hoursOf(day).first(time.Duration(want-c.office.before(day))))
}

// Back is the last instant from which d of office time passes until from: 8
// hours before 17:00 is 07:30 of the same day. With d of zero or less it is
// from.
func (c *Calendar) Back(from time.Time, d time.Duration) time.Time {
	if from.IsZero() || d <= 0 {
		return from
	}
	want := c.passed(bound(from)) - int64(min(d, mostTime))
	day := c.office.pass(want)
	return instant(day, c.hoursOf(day).last(time.Duration(want-c.office.before(day))))
}

// Between is the office time from one instant to another; none when to is not
// after from.
func (c *Calendar) Between(from, to time.Time) time.Duration {
	if !from.Before(to) {
		return 0
	}
	return time.Duration(c.passed(bound(to)) - c.passed(bound(from)))
}

// passed is the office time that has passed until t, since the first day of
// the table.
func (c *Calendar) passed(t time.Time) int64 {
	n := dayNumber(t)
	total := c.office.before(n)
	if c.day(n).works {
		total += int64(c.hoursOf(n).elapsed(ofDay(t)))
	}
	return total
}

// HoursAt are the office hours in force on the local day that holds t.
func (c *Calendar) HoursAt(t time.Time) Hours {
	h := *c.hoursOf(dayNumber(bound(t)))
	h.Periods = slices.Clone(h.Periods)
	return h
}

// local is the midnight of a date that was read as UTC or local.
func local(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, caltime.Zone) }

// Stamp is equal for two calendars that count alike.
func (c *Calendar) Stamp() string { return c.stamp }

// sign sums up what terms rest on.
func (c *Calendar) sign() string {
	h := fnv.New64a()
	works := make([]byte, len(c.days))
	for i, d := range c.days {
		if d.works {
			works[i] = 1
		}
	}
	_, _ = h.Write(works) // a hash takes everything
	for _, x := range c.hours {
		_, _ = fmt.Fprint(h, x.From.Unix(), x.AsGiven, x.Periods)
	}
	return strconv.FormatUint(h.Sum64(), 36)
}
