package flood

import (
	"math"
	"slices"
	"strconv"
	"time"

	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/vi"
)

// reached tells which alarm level a level in metres is at or above, 0 none.
func (a *AlarmLevels) reached(level float64) int {
	n := 0
	for i, bd := range a.BD {
		if cm(level) >= cm(bd) {
			n = i + 1
		}
	}
	return n
}

func cm(m float64) int { return int(math.Round(m * 100)) }

// LevelPhrase says a level in metres as bulletins do: "10,14 m, trên BĐ3 1,14 m".
func LevelPhrase(level float64, a *AlarmLevels) msg.Text {
	m := metres(level)
	if a == nil {
		return msg.Text{Vi: m.Vi + " m", En: m.En + " m"}
	}
	n := a.reached(level)
	switch {
	case n == 0:
		d := metres(a.BD[0] - level)
		return msg.Text{Vi: m.Vi + " m, dưới BĐ1 " + d.Vi + " m", En: m.En + " m, " + d.En + " m below alarm 1"}
	case cm(level) == cm(a.BD[n-1]):
		return msg.Text{Vi: m.Vi + " m, ở mức BĐ" + strconv.Itoa(n), En: m.En + " m, at alarm " + strconv.Itoa(n)}
	}
	d := metres(level - a.BD[n-1])
	return msg.Text{Vi: m.Vi + " m, trên BĐ" + strconv.Itoa(n) + " " + d.Vi + " m", En: m.En + " m, " + d.En + " m above alarm " + strconv.Itoa(n)}
}

func metres(v float64) msg.Text { return number(v, 2) }

// number writes v for readers of both languages.
func number(v float64, decimals int) msg.Text {
	return msg.Text{Vi: vi.FormatNumber(v, decimals), En: strconv.FormatFloat(v, 'f', decimals, 64)}
}

// riseSpan is how far back a rise is looked for when the last hour has too
// few readings.
const riseSpan = 6 * time.Hour

// rise is the rate at which a level changes at t, in cm/h: over the last hour
// the median of the slopes between all pairs of readings, which one wild
// reading does not move; with fewer than three readings in it, the slope from
// the newest reading that is at least an hour older.
func rise(pts []point, t int64, stale time.Duration) (float64, bool) {
	now, ok := newest(pts, t, stale)
	if !ok {
		return 0, false
	}
	const hour = float64(time.Hour / time.Millisecond)
	var last []point
	for _, p := range between(pts, now.t-int64(hour)-1, now.t) {
		if p.f.Usable() {
			last = append(last, p)
		}
	}
	if len(last) >= 3 {
		var slopes []float64
		for i, a := range last {
			for _, b := range last[i+1:] {
				slopes = append(slopes, (b.v-a.v)*100/(float64(b.t-a.t)/hour))
			}
		}
		slices.Sort(slopes)
		n := len(slopes)
		return tenth((slopes[(n-1)/2] + slopes[n/2]) / 2), true
	}
	before, ok := newest(pts, now.t-int64(hour), riseSpan-time.Hour)
	if !ok {
		return 0, false
	}
	return tenth((now.v - before.v) * 100 / (float64(now.t-before.t) / hour)), true
}

// Crossing is an instant at which a river passed an alarm level.
type Crossing struct {
	At    time.Time
	Level int // 1–3
	Up    bool
	Value float64 // m, the first reading on the new side
}

// Crossings lists when a series of levels passed the alarm levels, in order.
// The readings must be oldest first.
func Crossings(at []time.Time, level []float64, a AlarmLevels) []Crossing {
	var out []Crossing
	was := -1
	for i, v := range level {
		n := a.reached(v)
		for k := was + 1; was >= 0 && k <= n; k++ {
			out = append(out, Crossing{At: at[i], Level: k, Up: true, Value: v})
		}
		for k := was; k > n; k-- {
			out = append(out, Crossing{At: at[i], Level: k, Value: v})
		}
		was = n
	}
	return out
}

// Alarm gives the official alarm levels of a station as they hold at an
// instant; nil for a station without.
func (s *Service) Alarm(thing string, at time.Time) *AlarmLevels { return s.tables.alarm(thing, at) }
