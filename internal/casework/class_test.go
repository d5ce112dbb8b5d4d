package casework

import (
	"testing"
	"time"
)

// The limits of domain notes §2.6, at the instants around them.
func TestClassLimits(t *testing.T) {
	const received, due = "2026-03-02 08:00", "2026-03-12 17:00" // Monday, Thursday
	d := local(due)
	open := []Event{tell("", received, Patch{State: ptr("2"), Received: ptr(local(received)), Due: &d})}
	plus := func(evs ...Event) []Event { return append(append([]Event{}, open...), evs...) }
	finished := func(at time.Time) []Event {
		return plus(Event{System: "a", Code: "H17.19-260212-0001", Seen: seenAt, At: at, Patch: Patch{State: ptr("9"), Finished: &at}})
	}
	us := time.Microsecond
	calendarDay := Window{Mode: CalendarHours, Hours: 24}
	working := Window{Mode: WorkingHours, Hours: 8, Calendar: calendar}
	next := Window{Mode: NextWorkingDay, Calendar: calendar}
	byTime := Window{Mode: CalendarHours, Hours: 24, EarlyByTime: true}
	for _, x := range []struct {
		name string
		evs  []Event
		at   time.Time
		w    Window
		want Class
	}{
		{"before there was one", open, local(received).Add(-us), calendarDay, NoClass},
		{"received now", open, local(received), calendarDay, InTime},
		{"exactly due − W", open, d.Add(-24 * time.Hour), calendarDay, InTime},
		{"just inside W", open, d.Add(-24*time.Hour + us), calendarDay, NearDue},
		{"due exactly now", open, d, calendarDay, NearDue},
		{"just over", open, d.Add(us), calendarDay, Overdue},

		{"8 working hours: a day before", open, local("2026-03-11 17:00"), working, InTime},
		{"8 working hours: next morning", open, local("2026-03-12 07:31"), working, NearDue},
		{"next working day: Tuesday night", open, local("2026-03-10 23:59"), next, InTime},
		{"next working day: Wednesday", open, local("2026-03-11 00:00"), next, NearDue},
		{"next working day: the day itself", open, d, next, NearDue},
		{"next working day: over", open, d.Add(us), next, Overdue},

		{"finished the day before", finished(local("2026-03-11 23:59")), seenAt, calendarDay, Early},
		{"finished earlier on the day", finished(local("2026-03-12 08:00")), seenAt, calendarDay, OnTime},
		{"… early by time", finished(local("2026-03-12 08:00")), seenAt, byTime, Early},
		{"finished exactly due", finished(d), seenAt, calendarDay, OnTime},
		{"… by time", finished(d), seenAt, byTime, OnTime},
		{"finished just after", finished(d.Add(us)), seenAt, calendarDay, Late},
		{"late, but in the past still open", finished(d.Add(time.Hour)), d.Add(time.Minute), calendarDay, Overdue},
		{"exactly when it finished", finished(d.Add(-48 * time.Hour)), d.Add(-48 * time.Hour), calendarDay, Early},
		{"just before it finished", finished(d.Add(-48 * time.Hour)), d.Add(-48*time.Hour - us), calendarDay, InTime},

		{"paused, past its date", plus(say("2026-03-05 08:00", "5")), d.Add(time.Hour), calendarDay, PausedClass},
		{"paused, in W", plus(say("2026-03-05 08:00", "6")), d.Add(-time.Hour), calendarDay, PausedClass},
		{"before the pause", plus(say("2026-03-05 08:00", "5")), local("2026-03-05 07:59"), calendarDay, InTime},
		{"resumed", plus(say("2026-03-05 08:00", "5"), say("2026-03-12 16:00", "4")), d, calendarDay, NearDue},
		{"handed out", append(finished(local("2026-03-10 08:00")), say("2026-03-20 08:00", "10")), seenAt, calendarDay, Early},
		{"withdrawn after its date", plus(say("2026-03-20 08:00", "7")), seenAt, calendarDay, WithdrawnClass},
		{"stopped", plus(say("2026-03-20 08:00", "8")), seenAt, calendarDay, StoppedClass},
		{"refused", []Event{say(received, "1"), say("2026-03-02 09:00", "3")}, seenAt, calendarDay, RefusedClass},
		{"waiting", []Event{say(received, "1")}, seenAt, calendarDay, Waiting},
		{"no date", []Event{say(received, "2")}, seenAt, calendarDay, NoDue},
		{"finished, no date", []Event{say(received, "2"), say("2026-03-03 08:00", "9")}, seenAt, calendarDay, NoDue},
	} {
		c := Fold(x.evs, Words{}, calendar, Procedure{})
		if got := c.Class(x.at, x.w); got != x.want {
			t.Errorf("%s: %q, want %q", x.name, got, x.want)
		}
		if late := c.LateBy(x.at); (late > 0) != (x.want == Late || x.want == Overdue) {
			t.Errorf("%s: late by %v", x.name, late)
		}
	}
}

// Until is the limit that Near draws, for the queries.
func TestUntilIsNear(t *testing.T) {
	for _, w := range []Window{{Mode: CalendarHours, Hours: 24}, {Mode: WorkingHours, Hours: 8, Calendar: calendar}, {Mode: WorkingHours, Hours: 20, Calendar: calendar}, {Mode: NextWorkingDay, Calendar: calendar}} {
		for at := local("2026-02-10 03:17"); at.Before(local("2026-03-05 00:00")); at = at.Add(5*time.Hour + 13*time.Minute) {
			u := w.Until(at)
			if !w.Near(at, u) || w.Near(at, u.Add(time.Microsecond)) {
				t.Errorf("%s %d at %v: until %v", w.Mode, w.Hours, at, u)
			}
		}
	}
}
