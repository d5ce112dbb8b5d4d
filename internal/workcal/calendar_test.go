package workcal_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/workcal"
)

func at(s string) time.Time {
	layout := "2006-01-02 15:04"
	if len(s) == len(time.DateOnly) {
		layout = time.DateOnly
	}
	t, err := time.ParseInLocation(layout, s, caltime.Zone)
	if err != nil {
		panic(err)
	}
	return t
}

func show(t time.Time) string { return t.In(caltime.Zone).Format("Mon 2006-01-02 15:04:05.999999999") }

var shipped = workcal.NewCalendar(nil, nil)

// The golden vectors: H counts n × 8 hours of office time, D counts days.
func TestGoldenVectors(t *testing.T) {
	for _, c := range []struct {
		received string
		n        int
		h, d     string
	}{
		{"2026-02-12 09:00", 5, "2026-02-26 09:00", "2026-02-26"},
		{"2025-12-31 15:30", 3, "2026-01-07 15:30", "2026-01-07"},
		{"2026-01-08 10:00", 2, "2026-01-10 10:00", "2026-01-10"}, // a Saturday that makes up
		{"2026-04-24 16:30", 1, "2026-04-28 16:30", "2026-04-28"},
		{"2026-04-28 08:00", 3, "2026-05-05 08:00", "2026-05-05"},
		{"2026-08-21 14:00", 5, "2026-08-27 14:00", "2026-08-27"}, // Saturday 22/08 works
		{"2026-03-14 08:00", 1, "2026-03-16 17:00", "2026-03-17"}, // online on a Saturday: received on Monday
	} {
		if got := shipped.AddHours(at(c.received), time.Duration(c.n)*8*time.Hour); !got.Equal(at(c.h)) {
			t.Errorf("%s + %d × 8 h is %s, want %s", c.received, c.n, show(got), c.h)
		}
		if got := shipped.AddDays(at(c.received), c.n); !got.Equal(at(c.d + " 17:00")) {
			t.Errorf("%s + %d days is %s, want %s", c.received, c.n, show(got), c.d)
		}
	}
}

// The Saturday of the vectors is a policy: hours that take receptions as given
// count from Saturday itself.
func TestPolicy_ReceptionAsGiven(t *testing.T) {
	asGiven := workcal.NewCalendar(nil, []workcal.Hours{{Periods: office, AsGiven: true, Source: "theo quy chế"}})
	for _, c := range []struct{ received, next, given string }{
		{"2026-03-14 08:00", "2026-03-17 17:00", "2026-03-16 17:00"},
		{"2026-03-13 18:30", "2026-03-17 17:00", "2026-03-16 17:00"}, // Friday evening
		{"2026-03-13 17:00", "2026-03-16 17:00", "2026-03-16 17:00"}, // the last minute is still in time
		{"2026-03-13 06:00", "2026-03-16 17:00", "2026-03-16 17:00"},
	} {
		if got := shipped.AddDays(at(c.received), 1); !got.Equal(at(c.next)) {
			t.Errorf("%s: %s, want %s", c.received, show(got), c.next)
		}
		if got := asGiven.AddDays(at(c.received), 1); !got.Equal(at(c.given)) {
			t.Errorf("%s as given: %s, want %s", c.received, show(got), c.given)
		}
	}
}

var office = []workcal.Period{{From: 7*time.Hour + 30*time.Minute, To: 11*time.Hour + 30*time.Minute}, {From: 13 * time.Hour, To: 17 * time.Hour}}

func TestTerms_AtTheEdges(t *testing.T) {
	for _, c := range []struct {
		name, received string
		hours          float64
		want           string
	}{
		{"at 11:30 the morning is over", "2026-03-10 11:30", 1, "2026-03-10 14:00"},
		{"at noon", "2026-03-10 12:15", 1, "2026-03-10 14:00"},
		{"ends with the morning, not after the break", "2026-03-10 09:30", 2, "2026-03-10 11:30"},
		{"at 17:00", "2026-03-10 17:00", 8, "2026-03-11 17:00"},
		{"in the night", "2026-03-10 23:59", 0.5, "2026-03-11 08:00"},
		{"before the office opens", "2026-03-10 05:00", 8, "2026-03-10 17:00"},
		{"on a holiday", "2026-04-30 10:00", 4, "2026-05-04 11:30"},
		{"on the day of Tết", "2026-02-17 00:00", 8, "2026-02-23 17:00"},
		{"no term, in office hours", "2026-03-10 09:15", 0, "2026-03-10 09:15"},
		{"no term, in the evening", "2026-03-13 19:00", 0, "2026-03-16 07:30"},
		{"less than none", "2026-03-10 12:00", -3, "2026-03-10 13:00"},
		{"over 29 February", "2024-02-28 16:00", 9, "2024-02-29 17:00"},
		{"received on 29 February", "2024-02-29 16:00", 2, "2024-03-01 08:30"},
	} {
		if got := shipped.AddHours(at(c.received), time.Duration(c.hours*float64(time.Hour))); !got.Equal(at(c.want)) {
			t.Errorf("%s: %s + %v h is %s, want %s", c.name, c.received, c.hours, show(got), c.want)
		}
	}
	for _, c := range []struct {
		name, received string
		n              int
		want           string
	}{
		{"no days", "2026-03-10 09:15", 0, "2026-03-10 17:00"},
		{"no days, on a Saturday", "2026-03-14 09:15", 0, "2026-03-16 17:00"},
		{"less than none", "2026-03-10 09:15", -5, "2026-03-10 17:00"},
		{"on a holiday", "2026-04-30 10:00", 1, "2026-05-05 17:00"},
		{"on 29 February", "2024-02-29 10:00", 1, "2024-03-01 17:00"},
		{"to 29 February", "2024-02-28 10:00", 1, "2024-02-29 17:00"},
		{"a make-up Saturday is a day like others", "2026-01-10 10:00", 1, "2026-01-12 17:00"},
	} {
		if got := shipped.AddDays(at(c.received), c.n); !got.Equal(at(c.want)) {
			t.Errorf("%s: %s + %d is %s, want %s", c.name, c.received, c.n, show(got), c.want)
		}
	}
	for _, c := range []struct{ from, hours, want string }{
		{"2026-03-10 17:00", "8h", "2026-03-10 07:30"},
		{"2026-03-10 17:00", "4h", "2026-03-10 13:00"},
		{"2026-03-10 09:00", "8h", "2026-03-09 09:00"},
		{"2026-03-16 08:30", "2h", "2026-03-13 16:00"},
		{"2026-02-23 08:00", "1h", "2026-02-13 16:30"}, // over Tết
		{"2026-03-15 10:00", "8h", "2026-03-13 07:30"}, // from a Sunday
	} {
		d, _ := time.ParseDuration(c.hours)
		if got := shipped.Back(at(c.from), d); !got.Equal(at(c.want)) {
			t.Errorf("%s back %s is %s, want %s", c.from, c.hours, show(got), c.want)
		}
	}
	if got := shipped.NextWorkday(at("2026-02-13 10:00")); !got.Equal(at("2026-02-23")) {
		t.Errorf("after 13/02 comes %s", show(got))
	}
	if got := shipped.NextWorkday(at("2026-02-23 00:00")); !got.Equal(at("2026-02-24")) {
		t.Errorf("after 23/02 comes %s", show(got))
	}
}

// weekdaysOff lists the days from Monday to Friday on which nobody works, and
// the weekends on which people do.
func weekdaysOff(c *workcal.Calendar, year int) (off, makeup []string) {
	for d := time.Date(year, 1, 1, 0, 0, 0, 0, caltime.Zone); d.Year() == year; d = d.AddDate(0, 0, 1) {
		weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
		switch {
		case !weekend && !c.IsWorkday(d):
			off = append(off, d.Format("02/01"))
		case weekend && c.IsWorkday(d):
			makeup = append(makeup, d.Format("02/01"))
		}
	}
	return off, makeup
}

func TestYears(t *testing.T) {
	for year, want := range map[int][2][]string{
		2023: {{"02/01", "20/01", "23/01", "24/01", "25/01", "26/01", "01/05", "02/05", "03/05", "01/09", "04/09"}, nil},
		2024: {{"01/01", "08/02", "09/02", "12/02", "13/02", "14/02", "18/04", "29/04", "30/04", "01/05", "02/09", "03/09"}, {"04/05"}},
		2025: {{"01/01", "27/01", "28/01", "29/01", "30/01", "31/01", "07/04", "30/04", "01/05", "02/05", "01/09", "02/09"}, {"26/04"}},
		2026: {{"01/01", "02/01", "16/02", "17/02", "18/02", "19/02", "20/02", "27/04", "30/04", "01/05", "31/08", "01/09", "02/09"}, {"10/01", "22/08"}},
		// Computed: no decree is known. 24/11 does not count.
		2027: {{"01/01", "04/02", "05/02", "08/02", "09/02", "10/02", "16/04", "30/04", "03/05", "02/09", "03/09"}, nil},
		2028: {{"03/01", "24/01", "25/01", "26/01", "27/01", "28/01", "04/04", "01/05", "02/05", "01/09", "04/09"}, nil},
		2029: {{"01/01", "12/02", "13/02", "14/02", "15/02", "16/02", "23/04", "30/04", "01/05", "03/09", "04/09"}, nil},
		2030: {{"01/01", "31/01", "01/02", "04/02", "05/02", "06/02", "12/04", "30/04", "01/05", "02/09", "03/09"}, nil},
	} {
		off, makeup := weekdaysOff(shipped, year)
		if !equal(off, want[0]) || !equal(makeup, want[1]) {
			t.Errorf("%d: off %v, worked %v; want %v, %v", year, off, makeup, want[0], want[1])
		}
	}
}

func equal(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestLayers(t *testing.T) {
	row := func(date string, k workcal.Kind, status string) workcal.Day {
		return workcal.Day{Date: at(date), Kind: k, Name: msg.Text{Vi: "thử"}, Status: status, Source: "thử"}
	}
	for _, c := range []struct {
		name  string
		rows  []workcal.Day
		date  string
		works bool
	}{
		{"24/11 is a wish", nil, "2026-11-24", true},
		{"24/11 when confirmed", []workcal.Day{row("2026-11-24", workcal.Holiday, workcal.Confirmed)}, "2026-11-24", false},
		{"24/11 when the city only hopes", []workcal.Day{row("2026-11-24", workcal.Holiday, workcal.Unconfirmed)}, "2026-11-24", true},
		{"an unconfirmed row over a holiday changes nothing", []workcal.Day{row("2026-09-02", workcal.Workday, workcal.Unconfirmed)}, "2026-09-02", false},
		{"an unconfirmed row over a computed day off", []workcal.Day{row("2027-02-09", workcal.Workday, workcal.Unconfirmed)}, "2027-02-09", false},
		{"the city over what ships", []workcal.Day{row("2026-08-22", workcal.Weekend, workcal.Confirmed)}, "2026-08-22", false},
		{"the city over the law", []workcal.Day{row("2027-02-04", workcal.Workday, workcal.Confirmed)}, "2027-02-04", true},
		{"a storm day", []workcal.Day{row("2026-10-20", workcal.Holiday, workcal.Confirmed)}, "2026-10-20", false},
		{"a make-up Saturday", []workcal.Day{row("2027-02-20", workcal.Makeup, workcal.Confirmed)}, "2027-02-20", true},
	} {
		if got := workcal.NewCalendar(c.rows, nil).IsWorkday(at(c.date)); got != c.works {
			t.Errorf("%s: %s works %v", c.name, c.date, got)
		}
	}
}

func TestHours_ChangeOnTheirDay(t *testing.T) {
	c := workcal.NewCalendar(nil, []workcal.Hours{{From: at("2026-03-12"), Periods: []workcal.Period{{From: 8 * time.Hour, To: 12 * time.Hour}, {From: 13 * time.Hour, To: 16 * time.Hour}}, Source: "mùa hè"}})
	if got := c.Between(at("2026-03-11"), at("2026-03-13")); got != 15*time.Hour {
		t.Errorf("two days of 8 and 7 hours are %v", got)
	}
	if got := c.AddHours(at("2026-03-11 16:00"), 8*time.Hour); !got.Equal(at("2026-03-12 16:00")) {
		t.Errorf("8 hours over the change end %s", show(got))
	}
	if got := c.AddDays(at("2026-03-11 16:00"), 1); !got.Equal(at("2026-03-12 16:00")) {
		t.Errorf("the day ends %s", show(got))
	}
	if got := c.AddDays(at("2200-03-12 10:00"), 1); got.In(caltime.Zone).Hour() != 16 {
		t.Errorf("long after, the day ends %s", show(got))
	}
}

func TestTimesFarOutsideTheData(t *testing.T) {
	for _, s := range []string{"1200-01-01", "1799-06-05 10:00", "1985-02-04 10:00", "2150-07-14 10:00", "2299-12-31 10:00", "9999-12-31"} {
		from := at(s)
		h, d := shipped.AddHours(from, 80*time.Hour), shipped.AddDays(from, 10)
		if got := shipped.Between(shipped.Reception(from), h); got != 80*time.Hour && from.Year() < 2299 {
			t.Errorf("%s: 80 h later is %s, %v", s, show(h), got)
		}
		if y := d.Year() - from.Year(); from.Year() > 1700 && from.Year() < 2299 && (y < 0 || y > 1) || !shipped.IsWorkday(d) {
			t.Errorf("%s: ten days later is %s", s, show(d))
		}
		_ = shipped.Back(from, 80*time.Hour)
	}
	if !shipped.AddDays(time.Time{}, 5).IsZero() || !shipped.AddHours(time.Time{}, time.Hour).IsZero() || !shipped.Back(time.Time{}, time.Hour).IsZero() {
		t.Error("no reception has no due date")
	}
	if got := shipped.AddDays(at("2026-03-10"), 1<<60); got.Year() < 2150 || got.Year() > 2500 {
		t.Errorf("a term without end is %s", show(got))
	}
	if got := shipped.AddHours(at("2026-03-10"), 1<<62); got.Year() < 2150 || got.Year() > 4000 {
		t.Errorf("a term without end is %s", show(got))
	}
}

func TestStamp_SaysWhetherCalendarsCountAlike(t *testing.T) {
	storm := workcal.Day{Date: at("2026-10-20"), Kind: workcal.Holiday, Name: msg.Text{Vi: "Bão"}, Status: workcal.Confirmed, Source: "Công điện"}
	if workcal.NewCalendar(nil, nil).Stamp() != shipped.Stamp() {
		t.Error("two calendars of the same rows differ")
	}
	if workcal.NewCalendar([]workcal.Day{storm}, nil).Stamp() == shipped.Stamp() {
		t.Error("a storm day changes nothing")
	}
	if workcal.NewCalendar(nil, []workcal.Hours{{Periods: office, AsGiven: true}}).Stamp() == shipped.Stamp() {
		t.Error("another rule of reception changes nothing")
	}
}

// slowBetween counts minute by minute.
func slowBetween(c *workcal.Calendar, from, to time.Time) (d time.Duration) {
	for t := from; t.Before(to); t = t.Add(time.Minute) {
		l := t.In(caltime.Zone)
		m := l.Hour()*60 + l.Minute()
		if c.IsWorkday(t) && (m >= 450 && m < 690 || m >= 780 && m < 1020) {
			d += time.Minute
		}
	}
	return d
}

func TestCalendar_AgreesWithCounting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := time.Unix(rapid.Int64Range(1_600_000_000, 1_900_000_000).Draw(t, "from")/60*60, 0)
		span := time.Duration(rapid.IntRange(0, 40*24*60).Draw(t, "minutes")) * time.Minute
		to := from.Add(span)
		if got, want := shipped.Between(from, to), slowBetween(shipped, from, to); got != want {
			t.Fatalf("from %s to %s is %v, counted %v", show(from), show(to), got, want)
		}
		d := time.Duration(rapid.Int64Range(1, int64(60*8*time.Hour)).Draw(t, "term"))
		due := shipped.AddHours(from, d)
		if got := shipped.Between(from, due); got != d {
			t.Fatalf("from %s, %v later is %s, which is %v", show(from), d, show(due), got)
		}
		if got := shipped.Between(from, due.Add(-1)); got >= d {
			t.Fatalf("from %s, %v later is %s, but it is reached before", show(from), d, show(due))
		}
		back := shipped.Back(from, d)
		if got := shipped.Between(back, from); got != d {
			t.Fatalf("from %s, %v back is %s, which is %v", show(from), d, show(back), got)
		}
		if got := shipped.Between(back.Add(1), from); got >= d {
			t.Fatalf("from %s, %v back is %s, but later does too", show(from), d, show(back))
		}
		n := rapid.IntRange(1, 60).Draw(t, "n")
		end, day := shipped.AddDays(from, n), shipped.Reception(from)
		for range n {
			day = shipped.NextWorkday(day)
		}
		if !end.Equal(day.Add(17 * time.Hour)) {
			t.Fatalf("from %s, %d days later is %s, counted %s", show(from), n, show(end), show(day))
		}
		if r := shipped.Reception(from); r.Before(from) || shipped.Between(from, r) != 0 {
			t.Fatalf("%s is received %s", show(from), show(r))
		}
	})
}

func FuzzTerms(f *testing.F) {
	f.Add(int64(1_770_000_000), int64(time.Hour), 5)
	f.Add(int64(-1<<60), int64(-1), -3)
	f.Add(int64(1<<60), int64(1<<62), 1<<40)
	f.Fuzz(func(t *testing.T, unix, d int64, n int) {
		from := time.Unix(unix, 0)
		h, day, b := shipped.AddHours(from, time.Duration(d)), shipped.AddDays(from, n), shipped.Back(from, time.Duration(d))
		if unix > 0 && unix < 4e9 && (h.Before(from) || day.Before(from) || b.After(from)) {
			t.Errorf("from %s: %s, %s, %s", show(from), show(h), show(day), show(b))
		}
		_, _ = shipped.Between(b, h), shipped.NextWorkday(from)
	})
}

func BenchmarkAddHours(b *testing.B) {
	from := at("2026-02-12 09:00")
	for b.Loop() {
		_ = shipped.AddHours(from, 40*time.Hour)
	}
}

func BenchmarkAddDays(b *testing.B) {
	from := at("2026-02-12 09:00")
	for b.Loop() {
		_ = shipped.AddDays(from, 15)
	}
}

func BenchmarkBetween(b *testing.B) {
	from, to := at("2026-02-12 09:00"), at("2026-08-12 15:00")
	for b.Loop() {
		_ = shipped.Between(from, to)
	}
}

func BenchmarkBack(b *testing.B) {
	from := at("2026-02-26 17:00")
	for b.Loop() {
		_ = shipped.Back(from, 8*time.Hour)
	}
}

func BenchmarkNewCalendar(b *testing.B) {
	for b.Loop() {
		_ = workcal.NewCalendar(nil, nil)
	}
}
