package feed

import (
	"regexp"
	"strings"
	"time"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/mapping"
)

var errNoDay = fault.Define(fault.Invalid, "casefeed.no_such_day", "there is no such day: {text}", "không có ngày {text} trong lịch")

// time reads a cell as a time. bare says that it had no zone of its own.
func (r *reader) time(v any, layout string) (t time.Time, bare bool, f *fault.Error) {
	switch x := v.(type) {
	case nil:
		return time.Time{}, false, nil
	case time.Time:
		return x, false, nil
	case string:
		if x = strings.TrimSpace(x); noDate(x) {
			return time.Time{}, false, nil
		}
		v, bare = x, !zoned(x, layout)
	case int:
		if x == 0 {
			return time.Time{}, false, nil
		}
		bare = x >= 1e13 || layout != "" && layout != "s" && layout != "ms" && layout != "us" // 20250302080000
	}
	if t, f = mapping.Time(v, layout, r.p.zone); f != nil {
		if s, ok := v.(string); ok && noSuchDay(s) {
			f = errNoDay.With("text", clip(s))
		}
		return time.Time{}, false, f
	}
	return t, bare, nil
}

var (
	dayFirst  = regexp.MustCompile(`\b(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\b`)
	yearFirst = regexp.MustCompile(`\b(\d{4})[/.-]?(\d{2})[/.-]?(\d{2})(?:\b|\d|T)`)
)

// noSuchDay reports whether a text names a day like 29/02/2025 or 31/04/2026.
func noSuchDay(s string) bool {
	y, m, d := 0, 0, 0
	if p := dayFirst.FindStringSubmatch(s); p != nil {
		y, m, d = atoi(p[3]), atoi(p[2]), atoi(p[1])
	} else if p := yearFirst.FindStringSubmatch(s); p != nil {
		y, m, d = atoi(p[1]), atoi(p[2]), atoi(p[3])
	}
	if m < 1 || m > 12 || d < 29 || d > 31 {
		return false
	}
	return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Day() != d
}

func atoi(s string) int {
	n := 0
	for _, c := range []byte(s) {
		n = n*10 + int(c-'0')
	}
	return n
}

// noDate knows how databases and forms write that there is no date.
func noDate(s string) bool {
	switch {
	case s == "", s == "-", s == "--", strings.EqualFold(s, "null"):
		return true
	case strings.HasPrefix(s, "0000-00-00"), strings.HasPrefix(s, "0001-01-01"), strings.HasPrefix(s, "1900-01-01"),
		strings.HasPrefix(s, "9999-12-31"), strings.HasPrefix(s, "00/00/0000"), strings.HasPrefix(s, "01/01/1900"), strings.HasPrefix(s, "01/01/0001"):
		return true
	}
	return strings.Trim(s, "0") == "" // 00000000000000
}

// zoned reports whether a text says its zone, or counts seconds since 1970,
// which needs none.
func zoned(s, layout string) bool {
	switch layout {
	case "s", "ms", "us":
		return true
	}
	if layout != "" {
		return strings.Contains(layout, "XXX") || strings.Contains(layout, "Z07") || strings.Contains(layout, "-0700")
	}
	if s[len(s)-1] == 'Z' || s[len(s)-1] == 'z' || strings.HasSuffix(s, "GMT") || strings.HasSuffix(s, "UTC") {
		return true
	}
	digits := 0
	for _, c := range []byte(s) {
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	if digits == len(s) {
		return len(s) != 8 && len(s) != 12 && len(s) != 14
	}
	// +07:00, -0500 or "15:04:05 -0700"; "07:30 02-03-2025" has its date behind.
	colon := strings.IndexByte(s, ':')
	if colon < 0 {
		return false
	}
	if strings.IndexByte(s[colon:], '+') > 0 {
		return true
	}
	if n := len(s); n > 6 && s[n-6] == '-' && s[n-3] == ':' {
		return true
	}
	return strings.Count(s[strings.LastIndexByte(s, ':'):], "-") == 1
}
