package incident

import (
	"time"

	"openioc.org/ioc/internal/caltime"
)

// clip shortens what others sent, for use in a sentence.
func clip(s string, runes int) string {
	n := 0
	for i := range s {
		if n == runes {
			return s[:i] + "…"
		}
		n++
	}
	return s
}

// clockText is an instant as people read it, in Vietnam's time.
func clockText(t time.Time) string { return t.In(caltime.Zone).Format("15:04 02/01/2006") }
