package caltime_test

import (
	"testing"
	"time"

	"openioc.org/ioc/internal/caltime"
)

func date(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, caltime.Zone) }

// The first days of lunar years and the days of Giỗ Tổ (10th of the third
// month) as the government announced them.
func TestLunar_FeastsAsAnnounced(t *testing.T) {
	for year, want := range map[int][2]time.Time{
		2023: {date(2023, 1, 22), date(2023, 4, 29)},
		2024: {date(2024, 2, 10), date(2024, 4, 18)},
		2025: {date(2025, 1, 29), date(2025, 4, 7)},
		2026: {date(2026, 2, 17), date(2026, 4, 26)},
		2027: {date(2027, 2, 6), date(2027, 4, 16)},
		2028: {date(2028, 1, 26), date(2028, 4, 4)},
		2029: {date(2029, 2, 13), date(2029, 4, 23)},
		2030: {date(2030, 2, 2), date(2030, 4, 12)},
	} {
		if got := caltime.Tet(year); !got.Equal(want[0]) {
			t.Errorf("Tết of %d on %s, want %s", year, got.Format(time.DateOnly), want[0].Format(time.DateOnly))
		}
		if got, ok := caltime.FromLunar(caltime.Lunar{Day: 10, Month: 3, Year: year}); !ok || !got.Equal(want[1]) {
			t.Errorf("Giỗ Tổ of %d on %s, want %s", year, got.Format(time.DateOnly), want[1].Format(time.DateOnly))
		}
		if got := caltime.ToLunar(want[1].Add(23 * time.Hour)); got != (caltime.Lunar{Day: 10, Month: 3, Year: year}) || got.String() != "10/3" {
			t.Errorf("%s is %v", want[1].Format(time.DateOnly), got)
		}
	}
}

func TestLunar_LeapMonths(t *testing.T) {
	leaps := map[int]int{}
	for d := date(2016, 1, 1); d.Before(date(2030, 1, 1)); d = d.AddDate(0, 0, 1) {
		if l := caltime.ToLunar(d); l.Leap {
			leaps[l.Year] = l.Month
		}
	}
	want := map[int]int{2017: 6, 2020: 4, 2023: 2, 2025: 6, 2028: 5}
	for y, m := range want {
		if leaps[y] != m {
			t.Errorf("the leap month of %d is %d, want %d", y, leaps[y], m)
		}
	}
	if len(leaps) != len(want) {
		t.Errorf("leap months %v, want %v", leaps, want)
	}
	if l := caltime.ToLunar(date(2025, 7, 25)); l.String() != "1/6n" {
		t.Errorf("25/07/2025 is %v, want the first of the leap sixth month", l)
	}
}

// In 1985 the calendars went a month apart: Tết was on 21 January here and on
// 20 February in China. In 2007 they went a day apart.
func TestLunar_DiffersFromChina(t *testing.T) {
	for year, want := range map[int]time.Time{1968: date(1968, 1, 29), 1985: date(1985, 1, 21), 2007: date(2007, 2, 17)} {
		if got := caltime.Tet(year); !got.Equal(want) {
			t.Errorf("Tết of %d on %s, want %s", year, got.Format(time.DateOnly), want.Format(time.DateOnly))
		}
	}
	if l := caltime.ToLunar(date(1985, 2, 20)); l != (caltime.Lunar{Day: 1, Month: 2, Year: 1985}) {
		t.Errorf("20/02/1985 is %+v, want the first of the second month", l)
	}
}

func TestLunar_RoundTrip(t *testing.T) {
	prev := caltime.Lunar{}
	for d := date(1900, 1, 1); d.Year() <= 2100; d = time.Date(d.Year(), d.Month(), d.Day()+1, 12, 0, 0, 0, caltime.Zone) {
		l := caltime.ToLunar(d)
		back, ok := caltime.FromLunar(l)
		if y, m, day := back.Date(); !ok || y != d.Year() || m != d.Month() || day != d.Day() {
			t.Fatalf("%s is %+v, which is %s", d.Format(time.DateOnly), l, back.Format(time.DateOnly))
		}
		if follows := l.Day == prev.Day+1 && l.Month == prev.Month || l.Day == 1 && prev.Day >= 29; prev.Day != 0 && !follows {
			t.Fatalf("%s is %+v, the day before was %+v", d.Format(time.DateOnly), l, prev)
		}
		if l.Day < 1 || l.Day > 30 || l.Month < 1 || l.Month > 12 || l.Year < d.Year()-1 || l.Year > d.Year() {
			t.Fatalf("%s is %+v", d.Format(time.DateOnly), l)
		}
		prev = l
	}
}

func TestFromLunar_RefusesWhatIsNot(t *testing.T) {
	for _, l := range []caltime.Lunar{
		{}, {Day: 31, Month: 1, Year: 2026}, {Day: 1, Month: 13, Year: 2026}, {Day: 1, Month: 0, Year: 2026}, {Day: 0, Month: 1, Year: 2026},
		{Day: 1, Month: 6, Year: 2026, Leap: true}, // a year without
		{Day: 1, Month: 7, Year: 2025, Leap: true}, // another month
		{Day: 30, Month: 12, Year: 2024},           // Tết 2025 follows on the 29th
	} {
		if d, ok := caltime.FromLunar(l); ok {
			t.Errorf("%+v is %s", l, d.Format(time.DateOnly))
		}
	}
}
