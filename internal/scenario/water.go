package scenario

import (
	"fmt"
	"io/fs"
	"math"
	"sort"
	"time"

	"openioc.org/ioc/internal/geo"
)

// river is an official station: published readings, joined by a curve.
type river struct {
	station          int
	at               geo.Point
	base, tide, damp float64 // m
	curve            *curve
	published        []float64         // seconds of the published readings, ascending
	given            map[int64]float64 // value by second
}

type knot struct {
	sec, level float64
	given      bool
}

func (d *danang) reconstructRivers(fsys fs.FS) error {
	knots := map[string][]knot{}
	err := readTable(fsys, "data/danang/levels.csv", []string{"thing", "time_local", "level_m", "status"}, func(r *row) error {
		rv, ok := d.rivers[r.text("thing")]
		if !ok {
			return fmt.Errorf("there is no river station %s", r.text("thing"))
		}
		t, v := r.time("time_local"), r.number("level_m")
		if t.Before(d.Start) || t.After(d.End) {
			return fmt.Errorf("%s is outside of the scenario", t.Format(time.RFC3339))
		}
		k := knot{sec: d.sinceStart(t), level: v}
		if status := r.oneOf("status", "given", "given_about", "assumed"); status != "assumed" {
			k.given = true
			rv.published = append(rv.published, k.sec)
			if status == "given" {
				rv.given[int64(k.sec)] = v
			}
		}
		knots[r.text("thing")] = append(knots[r.text("thing")], k)
		return nil
	})
	if err != nil {
		return err
	}
	for thing, rv := range d.rivers {
		ks := knots[thing]
		sort.Slice(ks, func(i, j int) bool { return ks[i].sec < ks[j].sec })
		if len(ks) < 2 {
			return fmt.Errorf("data/danang/levels.csv: too few levels of %s", thing)
		}
		x, y := make([]float64, len(ks)), make([]float64, len(ks))
		for i, k := range ks {
			if i > 0 && k.sec == ks[i-1].sec {
				return fmt.Errorf("data/danang/levels.csv: two levels of %s at one time", thing)
			}
			x[i], y[i] = k.sec, k.level
		}
		rv.curve = newCurve(x, y)
		sort.Float64s(rv.published)
		d.tracks[rv.station] = d.riverTrack(thing, rv)
	}
	return nil
}

func (d *danang) riverTrack(thing string, rv *river) track {
	n := d.seconds() / levelStep
	tr := make(track, n)
	for k := range n {
		sec := k * levelStep
		p := point{at: int32(sec), quality: estimated}
		v := rv.level(thing, sec)
		if g, ok := rv.given[sec]; ok {
			v, p.quality = g, given
		}
		p.steps = int16(math.Round(v * 100))
		tr[k] = p
	}
	return tr
}

// level is the reconstructed level at sec: the curve, with a tide that a
// flood drowns and a ripple, both fading out towards published readings.
func (rv *river) level(thing string, sec int64) float64 {
	v := rv.curve.at(float64(sec))
	free := 1.0
	for _, p := range rv.published {
		free = min(free, 1-gauss(float64(sec), p, 2.5*3600))
	}
	tide := rv.tide * math.Exp(-max(0, v-rv.base)/rv.damp) * tideAt(sec)
	return v + free*(tide+0.012*ripple(thing, sec))
}

// tideAt is a mixed tide in about [-1, 1]; its periods divide the 14 days of
// the scenario, so that the loop closes.
func tideAt(sec int64) float64 {
	days := float64(sec) / 86400
	return 0.7*math.Sin(2*math.Pi*days*27/14) + 0.3*math.Sin(2*math.Pi*days+1)
}

// level reconstructs one of the city's own level stations or reservoirs: a
// linear store filled by the rain around it, plus a share of a river's rise.
func (d *danang) level(st Station, at geo.Point, p response, phase int64) track {
	gs, ws := d.nearest(at, 5)
	n := d.seconds() / levelStep
	tr := make(track, n)
	store := 0.0
	keep := math.Exp(-levelStep / (3600 * p.recession))
	for round := range 2 { // the first round finds the store that closes the loop
		for k := range n {
			sec := k*levelStep + phase
			store = store*keep + rainOver(gs, ws, sec, levelStep)
			if round == 0 {
				continue
			}
			v := p.base + p.gain*store/100
			if p.follows != "" {
				rv := d.rivers[p.follows]
				v += p.share * (rv.level(p.follows, sec) - rv.base)
			}
			v += 0.012 * ripple(st.Thing, sec)
			tr[k] = point{at: int32(sec), steps: int16(math.Round(v * 100)), quality: estimated}
		}
	}
	return tr
}

// tower reconstructs a flood tower: rain that the drains cannot carry stands
// on the street, and near a river the river comes as well.
func (d *danang) tower(st Station, at geo.Point, phase int64) track {
	gs, ws := d.nearest(at, 3)
	n := d.seconds() / towerStep
	tr := make(track, n)

	luck := hash(st.Thing, 0)
	drain := (9 + 24*luck) / 3600 * towerStep // mm a step: good drains take 33 mm/h
	gather := 6 + 20*math.Pow(hash(st.Thing, 1), 2)
	deepest := 1.1
	rv, thing, threshold, share := d.riverBeside(st, at)
	if st.Kind == "flood_3m" {
		deepest, gather = 2.6, 3
	}
	pond := 0.0
	for k := range n {
		sec := k*towerStep + phase
		backwater := 1.0
		if rv != nil {
			backwater = 1 / (1 + max(0, rv.level(thing, sec)-threshold))
		}
		pond = max(0, min(pond+rainOver(gs, ws, sec, towerStep)-drain*backwater, 1000*deepest/gather))
		depth := pond / 1000 * gather
		if rv != nil && st.Kind == "flood_3m" {
			depth = max(depth, share*(rv.level(thing, sec)-threshold))
		}
		depth = min(depth, deepest)
		if depth >= 0.03 {
			depth += 0.008 * ripple(st.Thing, sec)
		}
		tr[k] = point{at: int32(sec), steps: int16(math.Round(max(0, depth) * 100)), quality: estimated}
	}
	return tr
}

// riverBeside gives the official river that a tower stands by, the level at
// which it comes over its bank there, and how much of its rise is seen.
func (d *danang) riverBeside(st Station, at geo.Point) (rv *river, thing string, threshold, share float64) {
	best := 25_000.0
	for t, r := range d.rivers {
		m := float64(geo.Distance(at, r.at))
		if m < best || (m == best && t < thing) {
			best, rv, thing = m, r, t
		}
	}
	if rv == nil {
		return nil, "", 0, 0
	}
	peak := rv.base
	for _, y := range rv.curve.y {
		peak = max(peak, y)
	}
	luck := hash(st.Thing, 2)
	threshold = rv.base + (0.55+0.4*luck)*(peak-rv.base)
	share = min(1, (0.3+1.6*hash(st.Thing, 3))/(peak-threshold))
	return rv, thing, threshold, share
}
