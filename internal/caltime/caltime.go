// Package caltime knows the calendar of Vietnam: the time zone, where days,
// weeks, months and the meteorological day begin, and how dates are written
// in Vietnamese and English. Instants stay UTC everywhere else; only what
// people read or what counts by local days comes here.
package caltime

import (
	"time"

	"openioc.org/ioc/internal/msg"
)

// Zone is the time zone Asia/Ho_Chi_Minh; on a machine without time zone
// data it is UTC+7, which the law has held without summer time since 1975.
var Zone = load("Asia/Ho_Chi_Minh")

func load(name string) *time.Location {
	if loc, err := time.LoadLocation(name); err == nil {
		return loc
	}
	return time.FixedZone(name, 7*60*60)
}

// metDayHour is the local hour at which the day of rain bulletins begins.
const metDayHour = 19

// MetDay is the beginning of the meteorological day that holds t: 19:00
// local time, at or before t. The day ends 24 hours later.
func MetDay(t time.Time) time.Time {
	l := t.In(Zone)
	start := time.Date(l.Year(), l.Month(), l.Day(), metDayHour, 0, 0, 0, Zone)
	if start.After(t) {
		start = time.Date(l.Year(), l.Month(), l.Day()-1, metDayHour, 0, 0, 0, Zone)
	}
	return start
}

// Hour is the beginning of the local hour that holds t.
func Hour(t time.Time) time.Time {
	l := t.In(Zone)
	return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), 0, 0, 0, Zone)
}

// Day is the local midnight at or before t.
func Day(t time.Time) time.Time {
	l := t.In(Zone)
	return time.Date(l.Year(), l.Month(), l.Day(), 0, 0, 0, 0, Zone)
}

// Week is the local midnight that begins t's week, a Monday.
func Week(t time.Time) time.Time {
	l := t.In(Zone)
	sinceMonday := (int(l.Weekday()) + 6) % 7
	return time.Date(l.Year(), l.Month(), l.Day()-sinceMonday, 0, 0, 0, 0, Zone)
}

// Month is the local midnight of the first day of t's month.
func Month(t time.Time) time.Time {
	l := t.In(Zone)
	return time.Date(l.Year(), l.Month(), 1, 0, 0, 0, 0, Zone)
}

// Year is the local midnight of the first of January of t's year.
func Year(t time.Time) time.Time {
	return time.Date(t.In(Zone).Year(), time.January, 1, 0, 0, 0, 0, Zone)
}

// FormatVi writes date and local time as "19:40 25/10/2025".
func FormatVi(t time.Time) string { return t.In(Zone).Format("15:04 02/01/2006") }

// FormatEn writes date and local time as "19:40, 25 Oct 2025".
func FormatEn(t time.Time) string { return t.In(Zone).Format("15:04, 2 Jan 2006") }

// Format writes date and local time in lang; the zero time is "—".
func Format(lang msg.Lang, t time.Time) string {
	switch {
	case t.IsZero():
		return "—"
	case lang == msg.En:
		return FormatEn(t)
	}
	return FormatVi(t)
}

// FormatDate writes the local date in lang: "25/10/2025" or "25 Oct 2025";
// the zero time is "—".
func FormatDate(lang msg.Lang, t time.Time) string {
	switch {
	case t.IsZero():
		return "—"
	case lang == msg.En:
		return t.In(Zone).Format("2 Jan 2006")
	}
	return t.In(Zone).Format("02/01/2006")
}
