package caltime_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/msg"
)

func local(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", s, caltime.Zone)
	if err != nil {
		panic(err)
	}
	return t
}

func TestZone_IsSevenHoursAhead(t *testing.T) {
	if _, off := time.Date(2026, 7, 1, 0, 0, 0, 0, caltime.Zone).Zone(); off != 7*3600 {
		t.Errorf("offset %d s", off)
	}
}

func TestStarts(t *testing.T) {
	for _, c := range []struct {
		name     string
		start    func(time.Time) time.Time
		at, want string
	}{
		{"met day at its beginning", caltime.MetDay, "2025-10-25 19:00:00", "2025-10-25 19:00:00"},
		{"met day in the evening", caltime.MetDay, "2025-10-25 23:59:59", "2025-10-25 19:00:00"},
		{"met day in the morning", caltime.MetDay, "2025-11-01 06:00:00", "2025-10-31 19:00:00"},
		{"met day before its end", caltime.MetDay, "2025-10-26 18:59:59", "2025-10-25 19:00:00"},
		{"met day in the new year", caltime.MetDay, "2026-01-01 00:00:00", "2025-12-31 19:00:00"},
		{"hour", caltime.Hour, "2025-10-25 19:59:59", "2025-10-25 19:00:00"},
		{"day", caltime.Day, "2025-10-25 00:00:00", "2025-10-25 00:00:00"},
		{"week on Sunday", caltime.Week, "2025-10-26 12:00:00", "2025-10-20 00:00:00"},
		{"week on Monday", caltime.Week, "2025-10-27 00:00:00", "2025-10-27 00:00:00"},
		{"week over a month", caltime.Week, "2025-11-01 12:00:00", "2025-10-27 00:00:00"},
		{"month", caltime.Month, "2025-10-31 23:59:59", "2025-10-01 00:00:00"},
		{"year", caltime.Year, "2025-10-31 23:59:59", "2025-01-01 00:00:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.start(local(c.at).UTC()); !got.Equal(local(c.want)) {
				t.Errorf("%s gives %v, want %s", c.at, got, c.want)
			}
		})
	}
}

func TestMetDay_HoldsItsInstant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "unix"), 0)
		start := caltime.MetDay(at)
		if d := at.Sub(start); d < 0 || d >= 24*time.Hour {
			t.Fatalf("%v lies %v after its day's beginning", at, d)
		}
	})
}

func TestFormat(t *testing.T) {
	at := time.Date(2025, 10, 25, 12, 40, 0, 0, time.UTC)
	for got, want := range map[string]string{
		caltime.Format(msg.Vi, at):              "19:40 25/10/2025",
		caltime.Format(msg.En, at):              "19:40, 25 Oct 2025",
		caltime.FormatDate(msg.Vi, at):          "25/10/2025",
		caltime.FormatDate(msg.En, at):          "25 Oct 2025",
		caltime.Format(msg.Vi, time.Time{}):     "—",
		caltime.FormatDate(msg.En, time.Time{}): "—",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func ExampleMetDay() {
	morning := time.Date(2025, 10, 26, 7, 0, 0, 0, caltime.Zone)
	fmt.Println(caltime.FormatVi(caltime.MetDay(morning)))
	// Output: 19:00 25/10/2025
}
