package casework

import (
	"time"

	"openioc.org/ioc/internal/caltime"
)

// StateAt is where the file stood at an instant, and since when; false when
// there was no such file yet.
func (c *Case) StateAt(at time.Time) (t Turn, ok bool) {
	for i := len(c.Turns) - 1; i >= 0; i-- {
		if !c.Turns[i].At.After(at) {
			return c.Turns[i], true
		}
	}
	return Turn{}, false
}

// DueAt is the version of the date in force at an instant; nil when there was
// none. A file that has ended keeps the one of its end.
func (c *Case) DueAt(at time.Time) *Deadline {
	var first *Deadline
	for i := len(c.Deadlines) - 1; i >= 0; i-- {
		d := &c.Deadlines[i]
		if d.Version == 0 { // only stands beside
			continue
		}
		if !d.From.After(at) {
			return d
		}
		first = d
	}
	return first
}

// Class says how the file stands against its date at an instant, past or
// present (domain notes §2.6).
func (c *Case) Class(at time.Time, w Window) Class {
	turn, ok := c.StateAt(at)
	if !ok {
		return NoClass
	}
	switch turn.State {
	case NotAccepted, "":
		return Waiting
	case Paused:
		return PausedClass
	case Refused:
		return RefusedClass
	case Withdrawn:
		return WithdrawnClass
	case Stopped:
		return StoppedClass
	case Finished, Returned:
		ended := c.endedAt(at)
		due := c.DueAt(ended)
		if due == nil {
			return NoDue
		}
		return w.Outcome(c.end(ended), due.Due)
	}
	due := c.DueAt(at)
	if due == nil {
		return NoDue
	}
	return w.Standing(at, due.Due)
}

// endedAt is since when a file that is at its end at an instant is: it may have
// been handed out later.
func (c *Case) endedAt(at time.Time) (since time.Time) {
	for i := len(c.Turns) - 1; i >= 0; i-- {
		t := c.Turns[i]
		if t.At.After(at) {
			continue
		}
		if t.State.Clock() != Ended {
			break
		}
		since = t.At
	}
	return since
}

// end is the instant that fixes timeliness.
func (c *Case) end(turned time.Time) time.Time {
	if c.FinishedAt != nil {
		return *c.FinishedAt
	}
	return turned
}

// Outcome is the class of a file that was finished at end.
func (w Window) Outcome(end, due time.Time) Class {
	switch {
	case end.After(due):
		return Late
	case w.EarlyByTime && end.Before(due), !w.EarlyByTime && caltime.Day(end).Before(caltime.Day(due)):
		return Early
	}
	return OnTime
}

// Standing is the class of an open file whose clock runs.
func (w Window) Standing(at, due time.Time) Class {
	switch {
	case at.After(due):
		return Overdue
	case w.Near(at, due):
		return NearDue
	}
	return InTime
}

// Near reports whether due − W < at; whether it is over is not its question.
func (w Window) Near(at, due time.Time) bool {
	switch {
	case w.Mode == NextWorkingDay && w.Calendar != nil:
		return !caltime.Day(due).After(w.Calendar.NextWorkday(at))
	case w.Mode == WorkingHours && w.Calendar != nil:
		return at.After(w.Calendar.Back(due, w.length()))
	}
	return at.After(due.Add(-w.length()))
}

func (w Window) length() time.Duration {
	if w.Hours <= 0 {
		return 24 * time.Hour
	}
	return time.Duration(w.Hours) * time.Hour
}

// Opens is the first instant at which a date is near.
func (w Window) Opens(due time.Time) time.Time {
	switch {
	case w.Mode == NextWorkingDay && w.Calendar != nil:
		// the midnight that begins the last working day before that of the date
		return caltime.Day(w.Calendar.Back(caltime.Day(due), 1))
	case w.Mode == WorkingHours && w.Calendar != nil:
		return w.Calendar.Back(due, w.length()).Add(time.Microsecond)
	}
	return due.Add(time.Microsecond - w.length())
}

// Until is the latest date that is near at an instant: what is running and due
// in (at, Until] is near due.
func (w Window) Until(at time.Time) time.Time {
	switch {
	case w.Mode == NextWorkingDay && w.Calendar != nil:
		return w.Calendar.NextWorkday(at).AddDate(0, 0, 1).Add(-time.Microsecond)
	case w.Mode == WorkingHours && w.Calendar != nil:
		return w.untilWork(at)
	}
	return at.Add(w.length() - time.Microsecond)
}

// untilWork searches the last date whose warning has begun: Near falls with
// the date, so that halving finds it to the microsecond.
func (w Window) untilWork(at time.Time) time.Time {
	low, high := at, at.Add(w.length())
	for w.Near(at, high) {
		low, high = high, high.Add(24*time.Hour)
		if high.Sub(at) > 366*24*time.Hour {
			return low
		}
	}
	for high.Sub(low) > time.Microsecond {
		if mid := low.Add(high.Sub(low) / 2).Truncate(time.Microsecond); mid.After(low) && w.Near(at, mid) {
			low = mid
		} else {
			high = latest(mid, low.Add(time.Microsecond))
		}
	}
	return low
}

// latest is the later of two instants.
func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// LateBy is by how much the file is or was late at an instant; 0 when it is
// not.
func (c *Case) LateBy(at time.Time) time.Duration {
	turn, ok := c.StateAt(at)
	if !ok {
		return 0
	}
	end, asked := at, at
	switch turn.State {
	case Processing:
	case Finished, Returned:
		asked = c.endedAt(at)
		end = c.end(asked)
	default:
		return 0
	}
	due := c.DueAt(asked)
	if due == nil {
		return 0
	}
	return max(end.Sub(due.Due), 0)
}

// view fills what depends on the instant.
func (c *Case) view(at time.Time, w Window) {
	c.ClassNow = c.Class(at, w)
	c.LateSeconds = int64(c.LateBy(at) / time.Second)
	c.RemainingSeconds, c.PausedSince = nil, nil
	turn, _ := c.StateAt(at)
	switch turn.State {
	case Paused:
		since := turn.At
		c.PausedSince = &since
	case Processing:
		if due := c.DueAt(at); due != nil {
			left := int64(due.Due.Sub(at) / time.Second)
			c.RemainingSeconds = &left
		}
	}
}
