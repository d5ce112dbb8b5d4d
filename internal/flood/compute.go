package flood

import (
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/sensing"
)

// rules are the tables that hold at one instant.
type rules struct {
	day, half, depth []Class
	intensity        map[int][]Class
	dryHours         int
	dryMM, fast      float64
	leastNeighbours  float64
}

func (t *tables) at(at time.Time) rules {
	return rules{
		day: heldAt(t.rain, 24, at), half: heldAt(t.rain, 12, at), depth: heldAt(t.depth, 0, at),
		intensity:       map[int][]Class{1: heldAt(t.intensity, 1, at), 3: heldAt(t.intensity, 3, at)},
		dryHours:        int(t.setting("event_dry_hours", at)),
		dryMM:           t.setting("event_dry_mm_h", at),
		fast:            t.setting("rise_fast_cm_h", at),
		leastNeighbours: t.setting("neighbour_least_mm_3h", at),
	}
}

func (s *Service) compute(f *frame) *Summary {
	r := s.tables.at(f.now)
	sum := &Summary{
		At: f.now, MetDayStart: caltime.MetDay(f.now).UTC(),
		Rain: []Gauge{}, Rivers: []River{}, Towers: []Tower{}, Reservoirs: []Reservoir{}, Units: []UnitReport{},
	}
	events, main := f.events(r)
	sum.EventStart = events[main]
	for i, st := range f.stations {
		switch st.property {
		case sensing.Rain:
			sum.Rain = append(sum.Rain, s.gauge(f, i, r, events[st.network]))
		case sensing.WaterLevel:
			sum.Rivers = append(sum.Rivers, s.river(f, i, r))
		case sensing.FloodDepth:
			sum.Towers = append(sum.Towers, s.tower(f, i, r))
		case sensing.ReservoirLevel:
			sum.Reservoirs = append(sum.Reservoirs, s.reservoir(f, i))
		}
	}
	sum.Units = s.units(f.now, sum)
	return sum
}

// events finds the beginning of the rain event of each network of gauges, and
// which network has the most.
func (f *frame) events(r rules) (start map[string]*time.Time, main string) {
	gauges := map[string][][]point{}
	for _, i := range f.of(sensing.Rain, "", "") {
		n := f.stations[i].network
		gauges[n] = append(gauges[n], f.pts[i])
	}
	start = map[string]*time.Time{}
	for n, pts := range gauges {
		if len(pts) > len(gauges[main]) || len(pts) == len(gauges[main]) && n < main {
			main = n
		}
		if t, ok := eventStart(pts, f.at, r.dryHours, r.dryMM); ok {
			at := time.UnixMilli(t).UTC()
			start[n] = &at
		}
	}
	return start, main
}

// place fills in what all rows have in common, from the newest usable
// reading; ok is false when there is none to show.
func (s *Service) place(f *frame, i int) (p Place, now point, ok bool) {
	st, pts := f.stations[i], f.pts[i]
	p = Place{
		Thing: st.thing, Datastream: st.stream, Name: st.name, Kind: st.kind,
		UnitCode: st.unitCode, UnitName: st.unitName, Lon: st.lon, Lat: st.lat, Network: st.network,
	}
	now, ok = newest(pts, f.at, st.lookback())
	if !ok {
		p.Why = &whyTooOld
		if after(pts, f.at) == 0 {
			p.Why = &whySilent
		}
		return p, now, false
	}
	at := time.UnixMilli(now.t).UTC()
	p.AsOf = &at
	if s.opt.Original != nil {
		if o, shifted := s.opt.Original(st.source, at); shifted {
			o = o.UTC()
			p.Original = &o
		}
	}
	p.Stale = f.at-now.t > ms(st.patience())
	p.Estimated = now.f&sensing.Estimated != 0
	if now.f != 0 {
		p.Flags = now.f.Names()
	}
	return p, now, true
}

func (s *Service) gauge(f *frame, i int, r rules, event *time.Time) Gauge {
	st, pts := f.stations[i], f.pts[i]
	g := Gauge{EventStart: event}
	var ok bool
	if g.Place, _, ok = s.place(f, i); !ok {
		return g
	}
	window := func(name string, d time.Duration) *float64 {
		got := rainSum(pts, st.rhythm, f.at-ms(d), f.at)
		if !got.known(st.rhythm, d) {
			if got.n == 0 && d < 2*st.rhythm && !g.Stale && st.rhythm <= d {
				return new(float64) // the gauge lives and is not due yet
			}
			return nil
		}
		if got.coverage < 0.95 {
			if g.Coverage == nil {
				g.Coverage = map[string]float64{}
			}
			g.Coverage[name] = hundredth(got.coverage)
		}
		g.Estimated = g.Estimated || got.estimated
		return &got.mm
	}
	g.M10 = window("m10", 10*time.Minute)
	g.H1 = window("h1", time.Hour)
	g.H3 = window("h3", 3*time.Hour)
	g.H6 = window("h6", 6*time.Hour)
	g.H12 = window("h12", 12*time.Hour)
	g.H24 = window("h24", 24*time.Hour)
	since := f.now.Sub(caltime.MetDay(f.now))
	if since < 2*st.rhythm && !g.Stale {
		got := rainSum(pts, st.rhythm, f.at-ms(since), f.at)
		g.Since19 = &got.mm
	} else {
		g.Since19 = window("since19", since)
	}
	if event != nil {
		g.Event = window("event", f.now.Sub(*event))
	}
	for _, c := range []struct {
		mm    *float64
		table []Class
	}{{g.H24, r.day}, {g.H12, r.half}} {
		if c.mm == nil {
			continue
		}
		if cl, ok := classify(c.table, *c.mm); ok && (g.Class == nil || cl.Severity > g.Class.Severity || g.Class.ID == "none") {
			g.Class = cl.label()
		}
	}
	for h, mm := range map[int]*float64{1: g.H1, 3: g.H3} {
		if mm == nil {
			continue
		}
		if cl, ok := classify(r.intensity[h], *mm); ok && (g.Intensity == nil || cl.Severity > g.Intensity.Severity || cl.Severity == g.Intensity.Severity && h > 1) {
			g.Intensity = cl.label()
		}
	}
	if g.Class != nil {
		g.Severity = g.Class.Severity
	}
	if g.Intensity != nil {
		g.Severity = max(g.Severity, g.Intensity.Severity)
	}
	if g.Neighbours = f.neighbours(i, g.H3, r.leastNeighbours); g.Neighbours != nil && !g.Neighbours.OK {
		g.Flags = append(g.Flags, sensing.Neighbours.String())
	}
	return g
}

// neighbours compares the rain of 3 h with that of the gauges around.
func (f *frame) neighbours(i int, h3 *float64, least float64) *Finding {
	if h3 == nil {
		return nil
	}
	var around []neighbour
	for _, n := range f.stations[i].near {
		st := f.stations[n.index]
		got := rainSum(f.pts[n.index], st.rhythm, f.at-ms(3*time.Hour), f.at)
		if got.coverage >= 0.7 && got.known(st.rhythm, 3*time.Hour) {
			around = append(around, neighbour{n.km, got.mm})
		}
		if len(around) == mostNeighbours {
			break
		}
	}
	return compare(*h3, around, least)
}

func (s *Service) river(f *frame, i int, r rules) River {
	st := f.stations[i]
	v := River{River: st.river}
	a := s.tables.alarm(st.thing, f.now)
	if a != nil {
		bd := a.BD
		v.BD1, v.BD2, v.BD3, v.Confirmed = &bd[0], &bd[1], &bd[2], a.Confirmed
	}
	if rec, ok := s.tables.records[st.thing]; ok {
		v.Record = &rec
	}
	var now point
	var ok bool
	if v.Place, now, ok = s.place(f, i); !ok {
		return v
	}
	level := hundredth(now.v)
	phrase := LevelPhrase(level, a)
	v.Level, v.Phrase = &level, &phrase
	v.RiseCmH, v.Change24 = f.trend(i, now)
	if a != nil {
		n := a.reached(level)
		v.Alarm = &n
		if n > 0 {
			v.Severity = n + 1
		}
	}
	if v.RiseCmH != nil && *v.RiseCmH >= r.fast {
		v.Severity = max(v.Severity, 2)
	}
	return v
}

// trend gives the rate of rise (cm/h) and the change against 24 h before (m).
func (f *frame) trend(i int, now point) (cmh, day *float64) {
	st, pts := f.stations[i], f.pts[i]
	if v, ok := rise(pts, f.at, st.lookback()); ok {
		cmh = &v
	}
	if was, ok := newest(pts, now.t-ms(24*time.Hour), st.lookback()); ok {
		d := hundredth(now.v - was.v)
		day = &d
	}
	return cmh, day
}

func (s *Service) tower(f *frame, i int, r rules) Tower {
	var t Tower
	var now point
	var ok bool
	if t.Place, now, ok = s.place(f, i); !ok {
		return t
	}
	depth := hundredth(now.v)
	t.DepthM = &depth
	t.RiseCmH, _ = f.trend(i, now)
	if c, ok := classify(r.depth, float64(10*cm(depth))); ok {
		t.Class, t.Severity = c.label(), c.Severity
	} else {
		t.Class = r.depth[0].label() // a little below zero is dry
	}
	return t
}

func (s *Service) reservoir(f *frame, i int) Reservoir {
	var v Reservoir
	var now point
	var ok bool
	if v.Place, now, ok = s.place(f, i); !ok {
		return v
	}
	level := hundredth(now.v)
	v.LevelM = &level
	v.RiseCmH, v.Change24 = f.trend(i, now)
	return v
}

// units sums up the stations of each administrative unit.
func (s *Service) units(at time.Time, sum *Summary) []UnitReport {
	list := s.opt.Units(at)
	out := make([]UnitReport, len(list))
	index := make(map[string]*UnitReport, len(list))
	for i, u := range list {
		out[i] = UnitReport{Code: u.Code, Name: u.Name}
		index[u.Code] = &out[i]
	}
	total := map[string]float64{}
	for _, g := range sum.Rain {
		u := index[g.UnitCode]
		if u == nil || g.Stale {
			continue
		}
		if g.H24 != nil {
			u.Gauges++
			total[u.Code] += *g.H24
			mean := tenth(total[u.Code] / float64(u.Gauges))
			u.RainAvg24h = &mean
		}
		u.RainMax1h = larger(u.RainMax1h, g.H1)
		u.Severity = max(u.Severity, g.Severity)
	}
	for _, t := range sum.Towers {
		u := index[t.UnitCode]
		if u == nil || t.DepthM == nil || t.Stale {
			continue
		}
		u.Towers++
		if t.flooded() {
			u.TowersFlooded++
		}
		u.DeepestM = larger(u.DeepestM, t.DepthM)
		u.Severity = max(u.Severity, t.Severity)
	}
	for _, r := range sum.Rivers {
		if u := index[r.UnitCode]; u != nil && r.Alarm != nil && !r.Stale {
			if u.Alarm == nil || *r.Alarm > *u.Alarm {
				u.Alarm = r.Alarm
			}
			u.Severity = max(u.Severity, r.Severity)
		}
	}
	return out
}

// flooded reports whether water stands at the tower, by the class table.
func (t *Tower) flooded() bool { return t.Class != nil && t.Class.ID != "dry" }

func larger(a, b *float64) *float64 {
	if a == nil || b != nil && *b > *a {
		return b
	}
	return a
}

func textf(vi, en string, args map[string]any) *msg.Text {
	t := msg.Text{Vi: vi, En: en}
	return &msg.Text{Vi: t.Format(msg.Vi, args), En: t.Format(msg.En, args)}
}
