package scenario

import (
	"fmt"
	"io/fs"
	"math"
	"time"

	"openioc.org/ioc/internal/geo"
)

// gauge is a rain gauge with its reconstructed rain.
type gauge struct {
	station int
	at      geo.Point
	phase   int64     // seconds after the full ten minutes at which it reports
	mm      []float64 // rain of each step: slot k ends k·600 + phase seconds after Start
}

// near gives the rain per second that fell at the gauge around sec, mm/s.
func (g *gauge) near(sec int64) float64 {
	k := (sec - g.phase + rainStep - 1) / rainStep
	n := int64(len(g.mm))
	return g.mm[((k%n)+n)%n] / rainStep
}

// total is a figure of rain over a window at a place.
type total struct {
	at geo.Point
	mm float64
}

// spread guesses a total at a place from totals elsewhere, by the inverse
// square of the distance; at a place that has one it is that one.
func spread(ts []total, at geo.Point) float64 {
	sum, weight := 0.0, 0.0
	for _, t := range ts {
		m := float64(geo.Distance(at, t.at))
		if m < 1 {
			return t.mm
		}
		w := 1 / (m * m)
		sum, weight = sum+w*t.mm, weight+w
	}
	return sum / weight
}

// burst is a spell of rain: its middle in hours after 25/10 00:00 at the
// middle of the city, its width and its weight in the event.
type burst struct{ middle, width, weight float64 }

// bursts follow the rivers: the first crest at 01h on the 28th, a pause, and
// the second rise on the 29th.
var bursts = []burst{
	{14, 4, 0.5}, {34, 5, 1.0}, {51, 5, 1.6}, {60, 3, 1.0},
	{71, 3, 1.2}, {78, 4, 0.9}, {87, 2, 0.5},
	{98, 3, 0.7}, {107, 4, 1.5}, {112, 2.5, 1.3}, {122, 3, 0.6}, {132, 3, 0.2},
}

// showers are the light rain before and after the event, in mm.
var showers = []burst{{-98, 1, 3}, {-62, 1.5, 5}, {-33, 2, 7}, {160, 2, 8}, {183, 1.5, 4}}

func (d *danang) reconstructRain(fsys fs.FS) error {
	var event, day []total
	err := readTable(fsys, "data/danang/rain_totals.csv", []string{"window", "place", "lat", "lon", "mm", "status"}, func(r *row) error {
		r.oneOf("status", "given", "assumed")
		t := total{mm: r.number("mm")}
		if r.text("lat") == "" {
			i, ok := d.byThing[r.text("place")]
			if !ok {
				return fmt.Errorf("there is no gauge %s", r.text("place"))
			}
			t.at = d.rain[i].at
		} else {
			t.at = geo.Point{r.number("lon"), r.number("lat")}
		}
		if r.oneOf("window", "event", "day") == "event" {
			event = append(event, t)
		} else {
			day = append(day, t)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(event) == 0 || len(day) == 0 {
		return fmt.Errorf("data/danang/rain_totals.csv: no totals")
	}
	for i := range d.rain {
		g := &d.rain[i]
		d.fillGauge(g, spread(event, g.at), spread(day, g.at))
		tr := make(track, len(g.mm))
		for k, mm := range g.mm {
			tr[k] = point{at: int32(int64(k)*rainStep + g.phase), steps: int16(math.Round(mm * 10)), quality: estimated}
		}
		d.tracks[g.station] = tr
	}
	return nil
}

// windows of the published totals, seconds after Start: (event start, day
// start, day end, event end].
var (
	eventStart = int64(5 * 24 * 3600)
	dayStart   = int64((7*24 + 19) * 3600)
	dayEnd     = int64((8*24 + 19) * 3600)
	eventEnd   = int64(11 * 24 * 3600)
)

// fillGauge shapes the rain of one gauge so that its totals over the event
// and over the published day are right.
func (d *danang) fillGauge(g *gauge, eventMM, dayMM float64) {
	n := int(d.seconds() / rainStep)
	g.mm = make([]float64, n)
	dayMM = min(dayMM, 0.6*eventMM)
	var inDay, inEvent float64
	for k := range n {
		sec := int64(k)*rainStep + g.phase
		g.mm[k] = d.shape(g, sec)
		switch {
		case sec > dayStart && sec <= dayEnd:
			inDay += g.mm[k]
		case sec > eventStart && sec <= eventEnd:
			inEvent += g.mm[k]
		}
	}
	// Gauges tip at 0.2 mm: what does not fill a tip is carried on, within
	// each window, so that the totals keep.
	carry, window := 0.0, 0
	for k := range n {
		sec := int64(k)*rainStep + g.phase
		now := 0
		switch {
		case sec > dayStart && sec <= dayEnd:
			g.mm[k] *= dayMM / inDay
			now = 2
		case sec > eventStart && sec <= eventEnd:
			g.mm[k] *= (eventMM - dayMM) / inEvent
			now = 1
			if sec > dayEnd {
				now = 3
			}
		}
		if now != window {
			carry, window = 0, now
		}
		carry += g.mm[k]
		tips := math.Floor(carry/0.2 + 1e-9)
		g.mm[k] = math.Round(tips*2) / 10
		carry -= tips * 0.2
	}
}

// shape is the unscaled rain of a step ending at sec: bursts that cross the
// city from south to north, broken up by moving cells.
func (d *danang) shape(g *gauge, sec int64) float64 {
	h := d.hours(sec)
	lag := (g.at[1] - 15.7) * 2.5 // hours: the north is later
	t := sec
	cells := 0.0
	for _, c := range cellWaves {
		cells += math.Sin(2*math.Pi*(float64(t)/c.period+(g.at[0]*c.east+g.at[1]*c.north)*111/c.length) + c.phase)
	}
	broken := max(0, math.Exp(0.45*cells+0.9*(hash(d.Stations[g.station].Thing, t/rainStep)-0.5))-0.3)
	if sec <= eventStart || sec > eventEnd {
		mm := 0.0
		for _, b := range showers {
			mm += b.weight / (b.width * 2.5066) / 6 * gauss(h, b.middle+lag, b.width)
		}
		if mm < 0.02 {
			return 0
		}
		return mm * broken
	}
	envelope := 0.02
	for _, b := range bursts {
		envelope += b.weight * gauss(h, b.middle+lag, b.width)
	}
	return envelope * broken
}

// cellWaves are showers that travel: period in seconds, length in km,
// direction of travel.
var cellWaves = []struct{ period, length, east, north, phase float64 }{
	{2600, 31, 0.9, 0.44, 0.3},
	{4300, 47, 0.6, -0.8, 1.9},
	{7700, 83, -0.3, 0.95, 4.1},
	{13900, 120, 0.7, 0.7, 2.6},
}

// rainOver is the rain at a place over the step that ends at sec, mm.
func rainOver(gs []*gauge, ws []float64, sec, step int64) float64 {
	mm := 0.0
	for i, g := range gs {
		mm += ws[i] * g.near(sec) * float64(step)
	}
	return mm
}

// sinceStart turns an instant into seconds after Start.
func (s *Scenario) sinceStart(t time.Time) float64 { return t.Sub(s.Start).Seconds() }
