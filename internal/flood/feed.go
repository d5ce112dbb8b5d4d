package flood

import (
	"context"
	"fmt"
	"slices"
	"time"

	"openioc.org/ioc/internal/figure"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/sensing"
)

// feedSpan is how far back Feed looks.
const feedSpan = 24 * time.Hour

// Feed lists the notable changes before an instant, newest first: a river
// that passed an alarm level upwards, a tower that reached a deeper class
// from 20 cm on, a gauge whose hour reached an intensity class. It is found
// in the observations alone, so that asking twice gives the same.
func (s *Service) Feed(ctx context.Context, at time.Time, limit int) ([]figure.Notice, error) {
	f, err := s.frame(ctx, at)
	if err != nil {
		return nil, err
	}
	r := s.tables.at(f.now)
	out := []figure.Notice{}
	from := f.at - ms(feedSpan)
	for i, st := range f.stations {
		pts := f.pts[i]
		note := func(t int64, kind string, severity int, title msg.Text) {
			out = append(out, figure.Notice{
				At: time.UnixMilli(t).UTC(), Kind: kind, Severity: severity, Title: title, Place: st.name, Link: "/stations/" + st.thing,
			})
		}
		switch st.property {
		case sensing.WaterLevel:
			if a := s.tables.alarm(st.thing, f.now); a != nil {
				rungs(pts, from, f.at, func(v float64) int { return a.reached(v) }, func(p point, n int) {
					m := LevelPhrase(p.v, a)
					note(p.t, "river_alarm", n+1, msg.Text{
						Vi: fmt.Sprintf("%s vượt BĐ%d: %s", st.name, n, m.Vi), En: fmt.Sprintf("%s passed alarm %d: %s", st.name, n, m.En),
					})
				})
			}
		case sensing.FloodDepth:
			class := func(v float64) int {
				for k := len(r.depth) - 1; k > 1; k-- { // from 20 cm on
					if c := r.depth[k]; float64(10*cm(v)) > c.above || c.inclusive && float64(10*cm(v)) >= c.above {
						return k
					}
				}
				return 0
			}
			rungs(pts, from, f.at, class, func(p point, k int) {
				m, c := metres(p.v), r.depth[k]
				note(p.t, "flood_depth", c.Severity, msg.Text{
					Vi: fmt.Sprintf("%s: ngập %s m", st.name, m.Vi), En: fmt.Sprintf("%s: %s m of water", st.name, m.En),
				})
			})
		case sensing.Rain:
			hour := hourly(between(pts, from-ms(time.Hour), f.at))
			classes := r.intensity[1]
			class := func(v float64) int {
				n := 0
				for k, c := range classes {
					if v > c.above || c.inclusive && v >= c.above {
						n = k + 1
					}
				}
				return n
			}
			rungs(hour, from, f.at, class, func(p point, n int) {
				m := number(p.v, 1)
				note(p.t, "rain", classes[n-1].Severity, msg.Text{
					Vi: fmt.Sprintf("%s: mưa %s mm trong 1 giờ", st.name, m.Vi), En: fmt.Sprintf("%s: %s mm of rain in 1 h", st.name, m.En),
				})
			})
		}
	}
	slices.SortStableFunc(out, func(a, b figure.Notice) int {
		if c := b.At.Compare(a.At); c != 0 {
			return c
		}
		return b.Severity - a.Severity
	})
	if limit > 0 && len(out) > limit {
		out = out[:limit]
	}
	return out, nil
}

// settleSpan is how long a value must have stayed below a class before
// reaching it is news again.
const settleSpan = 3 * time.Hour

// rungs calls seen for each reading of (from, to] that reaches a higher class
// than any reading of the hours before it.
func rungs(pts []point, from, to int64, class func(float64) int, seen func(point, int)) {
	type held struct {
		t int64
		n int
	}
	var high []held // falling classes of the last hours, a monotone queue
	for _, p := range between(pts, from-ms(settleSpan), to) {
		if !p.f.Usable() {
			continue
		}
		for len(high) > 0 && p.t-high[0].t > ms(settleSpan) {
			high = high[1:]
		}
		n := class(p.v)
		if p.t > from && n > 0 && len(high) > 0 && n > high[0].n {
			seen(p, n)
		}
		for len(high) > 0 && high[len(high)-1].n <= n {
			high = high[:len(high)-1]
		}
		high = append(high, held{p.t, n})
	}
}

// hourly turns rain per reading into rain of the hour before each reading.
func hourly(pts []point) []point {
	out := make([]point, 0, len(pts))
	sum, first := 0.0, 0
	for i, p := range pts {
		if p.f.Usable() {
			sum += p.v
		}
		for p.t-pts[first].t >= ms(time.Hour) {
			if pts[first].f.Usable() {
				sum -= pts[first].v
			}
			first++
		}
		out = append(out, point{pts[i].t, tenth(sum), p.f})
	}
	return out
}

// Thresholds gives the levels to draw into the chart of a datastream of a
// thing, as they hold at an instant.
func (s *Service) Thresholds(thing, property string, at time.Time) []sensing.Threshold {
	out := []sensing.Threshold{}
	switch property {
	case sensing.WaterLevel:
		a := s.tables.alarm(thing, at)
		if a == nil {
			return out
		}
		for i, v := range a.BD {
			out = append(out, sensing.Threshold{
				Level: i + 1, Value: v, Title: msg.Text{Vi: fmt.Sprintf("BĐ%d", i+1), En: fmt.Sprintf("Alarm %d", i+1)},
				Confirmed: a.Confirmed, From: a.From.UTC(), Source: a.Source,
			})
		}
	case sensing.FloodDepth:
		for i, c := range heldAt(s.tables.depth, 0, at) {
			if i == 0 {
				continue
			}
			out = append(out, sensing.Threshold{Level: i, Value: c.above / 1000, Title: c.Title, From: c.from.UTC()})
		}
	}
	return out
}
