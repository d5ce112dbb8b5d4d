package warn

import (
	"time"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/msg"
)

// The rules, as they stand in fingerprints and lists.
const (
	NearDue   = "case-near-due"
	Overdue   = "case-overdue"
	NoApology = "case-no-apology"
)

// bits of the conditions of a file.
const (
	nearBit = 1 << iota
	overdueBit
	apologyBit
)

// rule is what is said of a condition.
type rule struct {
	bit      int
	id       string
	name     msg.Text
	severity alertevent.Severity
}

var rules = []rule{
	{nearBit, NearDue, msg.Text{Vi: "Hồ sơ sắp đến hạn", En: "File near its due date"}, alertevent.Notice},
	{overdueBit, Overdue, msg.Text{Vi: "Hồ sơ quá hạn chưa giải quyết", En: "File overdue"}, alertevent.Warning},
	{apologyBit, NoApology, msg.Text{Vi: "Hồ sơ quá hạn chưa có thư xin lỗi", En: "File overdue without a letter of apology"}, alertevent.Warning},
}

// tick is the resolution of stored instants.
const tick = time.Microsecond

// standing is how a file stands at an instant, as far as warnings go.
type standing struct {
	running    bool
	due        time.Time // zero: no date
	version    int
	apologised bool
	over       bool      // it has ended, and nothing in its record lies ahead
	next       time.Time // when its own record says that something changes; zero: never
}

// stand reads a file as of an instant.
func stand(c *casework.Case, at time.Time) standing {
	var s standing
	later := func(t time.Time) {
		if t.After(at) && (s.next.IsZero() || t.Before(s.next)) {
			s.next = t
		}
	}
	for _, t := range c.Turns {
		later(t.At)
	}
	for _, d := range c.Deadlines {
		if d.Version != 0 {
			later(d.From)
		}
	}
	turn, ok := c.StateAt(at)
	s.running = ok && turn.State.Clock() == casework.Running
	s.over = ok && turn.State.Clock() == casework.Ended && s.next.IsZero()
	if d := c.DueAt(at); d != nil {
		s.due, s.version = d.Due, d.Version
		if a := c.ApologyAt; a != nil {
			// A letter that promised this very date was about the one before.
			s.apologised = a.After(d.From) || a.Equal(d.From) && d.Kind != casework.ApologyDue
		}
	}
	return s
}

// holds are the conditions that are true at an instant.
func (s standing) holds(at time.Time, set Settings, w casework.Window) (bits int) {
	if !set.Enabled || !s.running || s.due.IsZero() {
		return 0
	}
	switch w.Standing(at, s.due) {
	case casework.NearDue:
		bits = nearBit
	case casework.Overdue:
		bits = overdueBit
		if !s.apologised && at.After(s.due.Add(hours(set.ApologyAfterHours))) {
			bits |= apologyBit
		}
	}
	return bits
}

// turns are the instants at which holds may change, and those of the steps by
// which it climbs.
func (s standing) turns(set Settings, w casework.Window) []time.Time {
	out := []time.Time{s.next}
	if set.Enabled && s.running && !s.due.IsZero() {
		out = append(out, w.Opens(s.due), s.due.Add(tick))
		if !s.apologised {
			out = append(out, s.due.Add(hours(set.ApologyAfterHours)+tick))
		}
		for _, e := range set.Escalate {
			out = append(out, s.due.Add(hours(e.AfterHours)+tick))
		}
	}
	return out
}

// level is how far an overdue file has climbed at an instant.
func (s standing) level(at time.Time, set Settings) (level int) {
	for _, e := range set.Escalate {
		if at.After(s.due.Add(hours(e.AfterHours))) {
			level = max(level, e.Level)
		}
	}
	return level
}

func hours(n int) time.Duration { return time.Duration(n) * time.Hour }

// watch is a row of case_watch.
type watch struct {
	id             string
	next           time.Time
	due            time.Time
	version, round int
	active, level  int
	remind, told   time.Time
	stored         bool
}

// worth reports whether the row remembers anything.
func (w *watch) worth() bool {
	return !w.next.IsZero() || w.active != 0 || !w.told.IsZero()
}

// relevant reports whether a change of a file can change what is warned of.
func relevant(before, after *casework.Case) bool {
	if before == nil || before.Unit != after.Unit || before.OfficerUser != after.OfficerUser || before.Officer != after.Officer ||
		!sameTime(before.ApologyAt, after.ApologyAt) || len(before.Turns) != len(after.Turns) || len(before.Deadlines) != len(after.Deadlines) {
		return true
	}
	for i, t := range after.Turns {
		if b := before.Turns[i]; b.State != t.State || !b.At.Equal(t.At) {
			return true
		}
	}
	for i, d := range after.Deadlines {
		if b := before.Deadlines[i]; b.Version != d.Version || b.Kind != d.Kind || !b.Due.Equal(d.Due) || !b.From.Equal(d.From) {
			return true
		}
	}
	return false
}

func sameTime(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}
