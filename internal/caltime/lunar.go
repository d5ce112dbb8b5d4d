package caltime

import (
	"fmt"
	"math"
	"time"
)

// Lunar is a date of the Vietnamese lunar calendar (âm lịch): new moons and
// the sun's longitude as they are at UTC+7, so that it can differ by a day or
// a month from the Chinese calendar, which counts at UTC+8. It is computed by
// the astronomical rules in use since 1968, also for years before.
type Lunar struct {
	Day, Month, Year int
	Leap             bool // the second month of that number (tháng nhuận)
}

// String writes day and month as people do: "10/3", in a leap month "1/6n".
func (l Lunar) String() string {
	leap := ""
	if l.Leap {
		leap = "n"
	}
	return fmt.Sprintf("%d/%d%s", l.Day, l.Month, leap)
}

const (
	lunarZone = 7.0 / 24 // of a day
	synodic   = 29.530588853
	firstMoon = 2415021.076998695 // Julian day of the new moon numbered 0, 1 January 1900
	unixJD    = 2440588           // Julian day number of 1 January 1970
)

// ToLunar gives the lunar date of the local day that holds t.
func ToLunar(t time.Time) Lunar {
	y, m, d := t.In(Zone).Date()
	day := julian(y, m, d)
	// Mean and true new moon are up to 14 hours apart: begin a month too late
	// and go back to the moon that is not after this day.
	k := int(math.Floor((float64(day)-firstMoon)/synodic)) + 1
	start := newMoonDay(k)
	for start > day {
		k--
		start = newMoonDay(k)
	}
	year, from, to := y, month11(y), 0
	if from >= start {
		to, from = from, month11(y-1)
	} else {
		year, to = y+1, month11(y+1)
	}
	nth := (start - from) / 29 // months since the one with the winter solstice, the eleventh
	l := Lunar{Day: day - start + 1, Month: nth + 11, Year: year}
	if to-from > 365 {
		if leap := leapOffset(from); nth >= leap {
			l.Month, l.Leap = nth+10, nth == leap
		}
	}
	if l.Month > 12 {
		l.Month -= 12
	}
	if l.Month >= 11 && nth < 4 {
		l.Year--
	}
	return l
}

// FromLunar gives the local midnight of a lunar date; false when the lunar
// calendar has no such day.
func FromLunar(l Lunar) (time.Time, bool) {
	if l.Month < 1 || l.Month > 12 || l.Day < 1 || l.Day > 30 {
		return time.Time{}, false
	}
	from, to := month11(l.Year-1), month11(l.Year)
	if l.Month >= 11 {
		from, to = to, month11(l.Year+1)
	}
	nth := (l.Month + 1) % 12 // 11 → 0, 12 → 1, 1 → 2 …
	if to-from > 365 {
		leap := leapOffset(from)
		if l.Leap && nth != leap-1 {
			return time.Time{}, false
		}
		if l.Leap || nth >= leap {
			nth++
		}
	} else if l.Leap {
		return time.Time{}, false
	}
	k := moonOf(from)
	day := newMoonDay(k+nth) + l.Day - 1
	if day >= newMoonDay(k+nth+1) { // a month of 29 days
		return time.Time{}, false
	}
	y, m, d := time.Unix(int64(day-unixJD)*86400, 0).UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, Zone), true
}

// Tet is the local midnight of the first day of a lunar year.
func Tet(year int) time.Time {
	t, _ := FromLunar(Lunar{Day: 1, Month: 1, Year: year})
	return t
}

// julian is the Julian day number of a date of the Gregorian calendar.
func julian(y int, m time.Month, d int) int {
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()/86400) + unixJD
}

// moonOf is the number of the new moon that a month begins with.
func moonOf(first int) int { return int(math.Floor((float64(first)-firstMoon)/synodic + 0.5)) }

// newMoonDay is the day at UTC+7 that holds the k-th new moon since 1900.
func newMoonDay(k int) int { return int(math.Floor(newMoon(float64(k)) + 0.5 + lunarZone)) }

// newMoon is the instant of the k-th new moon, as a Julian day (Meeus,
// Astronomical Algorithms, in the shortened form of Hồ Ngọc Đức).
func newMoon(k float64) float64 {
	t := k / 1236.85
	t2, t3 := t*t, t*t*t
	sin := func(degrees float64) float64 { return math.Sin(degrees * math.Pi / 180) }
	jd := 2415020.75933 + 29.53058868*k + 0.0001178*t2 - 0.000000155*t3 + 0.00033*sin(166.56+132.87*t-0.009173*t2)
	sun := 359.2242 + 29.10535608*k - 0.0000333*t2 - 0.00000347*t3      // mean anomaly of the sun
	moon := 306.0253 + 385.81691806*k + 0.0107306*t2 + 0.00001236*t3    // of the moon
	latitude := 21.2964 + 390.67050646*k - 0.0016528*t2 - 0.00000239*t3 // argument of the moon's latitude
	c := (0.1734-0.000393*t)*sin(sun) + 0.0021*sin(2*sun) - 0.4068*sin(moon) + 0.0161*sin(2*moon) - 0.0004*sin(3*moon) +
		0.0104*sin(2*latitude) - 0.0051*sin(sun+moon) - 0.0074*sin(sun-moon) + 0.0004*sin(2*latitude+sun) -
		0.0004*sin(2*latitude-sun) - 0.0006*sin(2*latitude+moon) + 0.0010*sin(2*latitude-moon) + 0.0005*sin(2*moon+sun)
	delta := -0.000278 + 0.000265*t + 0.000262*t2 // terrestrial minus universal time
	if t < -11 {
		delta = 0.001 + 0.000839*t + 0.0002261*t2 - 0.00000845*t3 - 0.000000081*t*t3
	}
	return jd + c - delta
}

// sunSector is in which twelfth of its yearly way the sun is at the beginning
// of a day at UTC+7; 9 begins with the winter solstice.
func sunSector(day int) int {
	t := (float64(day) - 0.5 - lunarZone - 2451545) / 36525
	t2 := t * t
	sin := func(degrees float64) float64 { return math.Sin(degrees * math.Pi / 180) }
	anomaly := 357.52910 + 35999.05030*t - 0.0001559*t2 - 0.00000048*t*t2
	longitude := 280.46645 + 36000.76983*t + 0.0003032*t2 +
		(1.914600-0.004817*t-0.000014*t2)*sin(anomaly) + (0.019993-0.000101*t)*sin(2*anomaly) + 0.000290*sin(3*anomaly)
	longitude = math.Mod(longitude, 360)
	if longitude < 0 {
		longitude += 360
	}
	return int(longitude / 30)
}

// month11 is the first day of the eleventh month, the one with the winter
// solstice, that begins in a solar year.
func month11(year int) int {
	k := int(math.Floor(float64(julian(year, time.December, 31)-2415021) / synodic))
	start := newMoonDay(k)
	if sunSector(start) >= 9 { // the solstice is before this new moon
		start = newMoonDay(k - 1)
	}
	return start
}

// leapOffset is which month after an eleventh month is the leap one, in a
// lunar year of thirteen: the first in which the sun does not enter a new
// sector.
func leapOffset(from int) int {
	k := moonOf(from)
	sector := sunSector(newMoonDay(k + 1))
	i := 1
	for last := -1; sector != last && i < 14; {
		i++
		last, sector = sector, sunSector(newMoonDay(k+i))
	}
	return i - 1
}
