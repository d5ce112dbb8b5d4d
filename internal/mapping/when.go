package mapping

import (
	"math"
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/fault"
)

var errTime = fault.Define(fault.Invalid, "mapping.time", "{text} is not a time", "{text} không phải thời gian")

// vietnam has had no daylight saving time since 1975.
var vietnam = time.FixedZone("+07", 7*3600)

func loadZone(name string) (*time.Location, error) {
	switch name {
	case "", "Asia/Ho_Chi_Minh", "vn":
		return vietnam, nil
	}
	return time.LoadLocation(name)
}

// layouts are tried in order for text without a declared layout. Dates with
// slashes are day first, as Vietnam writes them.
var layouts = []string{
	time.RFC3339Nano,
	"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700",
	"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05-0700", "2006-01-02",
	"2006/01/02 15:04:05", "2006/01/02 15:04",
	"2/1/2006 15:04:05", "2/1/2006 15:04", "15:04:05 2/1/2006", "15:04 2/1/2006", "2/1/2006",
	"2-1-2006 15:04:05", "2-1-2006 15:04", "15:04 2-1-2006", "2-1-2006", "2.1.2006 15:04:05", "2.1.2006 15:04",
	time.RFC1123Z, time.RFC1123, time.ANSIC,
}

// toTime reads a time. layout is "", "s", "ms", "us" (epoch), a pattern of
// yyyy MM dd HH mm ss, or a Go layout.
func toTime(v any, layout string, zone *time.Location) (time.Time, bool) {
	if t, ok := v.(time.Time); ok {
		return t, plausible(t)
	}
	if n, ok := epochNumber(v, layout); ok {
		t := epoch(n, layout)
		return t, plausible(t)
	}
	s, ok := v.(string)
	if !ok {
		if i, isInt := v.(int); isInt { // 20261123103500 as a JSON number
			s = strconv.Itoa(i)
		} else {
			return time.Time{}, false
		}
	}
	s = strings.TrimSpace(s)
	if len(s) > 64 {
		return time.Time{}, false
	}
	if layout != "" && layout != "s" && layout != "ms" && layout != "us" {
		t, err := time.ParseInLocation(goLayout(layout), s, zone)
		return t, err == nil && plausible(t)
	}
	if digits(s) && (len(s) == 14 || len(s) == 12) {
		t, err := time.ParseInLocation("20060102150405"[:len(s)], s, zone)
		return t, err == nil && plausible(t)
	}
	for _, l := range layouts {
		if t, err := time.ParseInLocation(l, s, zone); err == nil {
			return t, plausible(t)
		}
	}
	return time.Time{}, false
}

// plausible keeps years that JSON and the series can carry; whether a time is
// believable is for the checks at ingest.
func plausible(t time.Time) bool { return t.Year() >= 1900 && t.Year() < 2300 }

// epochNumber tells a count since 1970 from 20261123103500, which is a date
// written as a number.
func epochNumber(v any, layout string) (float64, bool) {
	if layout != "" && layout != "s" && layout != "ms" && layout != "us" {
		return 0, false
	}
	var n float64
	switch x := v.(type) {
	case int:
		n = float64(x)
	case float64:
		n = x
	case string:
		s := strings.TrimSpace(x)
		if layout == "" && (!digits(s) || len(s) < 9 || len(s) == 12 || len(s) == 14) {
			return 0, false
		}
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return 0, false
		}
		n = f
	default:
		return 0, false
	}
	if layout == "" && n >= 1.9e13 && n < 2.3e13 {
		return 0, false
	}
	return n, !math.IsNaN(n) && math.Abs(n) < 1e17
}

func epoch(n float64, layout string) time.Time {
	switch {
	case layout == "us" || layout == "" && math.Abs(n) >= 1e14:
		return time.UnixMicro(int64(n)).UTC()
	case layout == "ms" || layout == "" && math.Abs(n) >= 1e11:
		return time.UnixMicro(int64(math.Round(n * 1e3))).UTC()
	}
	if math.Abs(n) > 1e11 { // seconds past the year 5000: no time at all
		return time.Time{}
	}
	return time.UnixMicro(int64(math.Round(n * 1e6))).UTC()
}

func digits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

// goLayout turns yyyy-MM-dd HH:mm:ss into Go's layout; a layout that already
// is Go's stays.
func goLayout(s string) string {
	if strings.Contains(s, "2006") {
		return s
	}
	return strings.NewReplacer(
		"yyyy", "2006", "yy", "06", "MM", "01", "dd", "02", "HH", "15", "mm", "04", "ss", "05",
		"SSS", "000", "XXX", "Z07:00", "M", "1", "d", "2", "H", "15", "'", "",
	).Replace(s)
}
