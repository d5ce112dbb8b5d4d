package flood_test

import (
	"context"
	"math"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/figure"
	"openioc.org/ioc/internal/flood"
	"openioc.org/ioc/internal/scenario"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
)

// register is the stations of a scenario as flood sees the catalog.
type register struct {
	streams []*sensing.Datastream
	things  map[string]*sensing.Thing
	places  map[string][2]float64
	unit    string
}

func (r *register) Datastreams() []*sensing.Datastream { return r.streams }
func (r *register) Thing(id string) (*sensing.Thing, bool) {
	t, ok := r.things[id]
	return t, ok
}
func (r *register) ThingPlace(id string) (float64, float64, string, bool) {
	p, ok := r.places[id]
	return p[0], p[1], r.unit, ok
}

type city struct {
	*flood.Service
	s     *scenario.Scenario
	db    *series.DB
	clock *clock.Clock
	reg   *register
}

// play loads a scenario, stores its readings up to now, and opens the flood
// watch on them.
func play(t testing.TB, id string, now time.Time) *city {
	t.Helper()
	s, err := scenario.Load(id)
	if err != nil {
		t.Fatal(err)
	}
	c := &city{s: s, clock: clock.Manual(now), reg: &register{things: map[string]*sensing.Thing{}, places: map[string][2]float64{}, unit: "u1"}}
	if c.db, err = series.Open(series.Options{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.db.Close() })
	for _, st := range s.Stations {
		c.reg.things[st.Thing] = &sensing.Thing{ID: st.Thing, Name: st.Name, Properties: map[string]any{"kind": st.Kind, "river": st.River, "network": st.Network}}
		c.reg.places[st.Thing] = [2]float64{st.Lon, st.Lat}
		c.reg.streams = append(c.reg.streams, &sensing.Datastream{ID: st.Datastream, ThingID: st.Thing, ObservedPropertyID: st.Property, Resolution: st.Resolution, Rhythm: st.Rhythm, SourceID: id})
		if err := c.db.Define(series.Meta{ID: st.Datastream, Metric: st.Property, Resolution: st.Resolution, Rhythm: st.Rhythm}); err != nil {
			t.Fatal(err)
		}
	}
	c.store(t, s.Readings(s.Start, now.Add(time.Second)))
	c.Service, err = flood.New(flood.Options{
		Catalog: c.reg, Series: c.db, Clock: c.clock,
		Units: func(time.Time) []flood.Unit {
			return []flood.Unit{{Code: "u1", Name: "Hải Châu"}, {Code: "u2", Name: "Hoàng Sa"}}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Warm(context.Background()); err != nil {
		t.Fatal(err)
	}
	return c
}

func flags(quality string) sensing.Flags { return sensing.ParseFlag(quality) }

func (c *city) store(t testing.TB, rs []sensing.Reading) {
	t.Helper()
	batch := make([]series.Sample, len(rs))
	for i, r := range rs {
		batch[i] = series.Sample{ID: r.Datastream, T: r.Time.UnixMilli(), V: r.Value, Flags: flags(r.Quality), Received: r.Time.UnixMilli()}
	}
	res, err := c.db.Append(context.Background(), batch)
	if err != nil || res.Stored != len(rs) {
		t.Fatalf("stored %d of %d: %v", res.Stored, len(rs), err)
	}
}

func (c *city) summary(t testing.TB, at time.Time) *flood.Summary {
	t.Helper()
	sum, err := c.Summary(context.Background(), access.System("test"), at)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func river(t *testing.T, s *flood.Summary, thing string) flood.River {
	t.Helper()
	for _, r := range s.Rivers {
		if r.Thing == thing {
			return r
		}
	}
	t.Fatalf("no river station %s", thing)
	return flood.River{}
}

func gauge(t *testing.T, s *flood.Summary, thing string) flood.Gauge {
	t.Helper()
	for _, g := range s.Rain {
		if g.Thing == thing {
			return g
		}
	}
	t.Fatalf("no gauge %s", thing)
	return flood.Gauge{}
}

var ict = time.FixedZone("+07", 7*3600)

func local(y int, m time.Month, d, h, min int) time.Time {
	return time.Date(y, m, d, h, min, 0, 0, ict)
}

func TestNhatLeAtItsCrest(t *testing.T) {
	c := play(t, scenario.NhatLe2020, local(2020, time.October, 19, 7, 20))
	sum := c.summary(t, time.Time{})
	r := river(t, sum, "river-le-thuy")
	if r.Level == nil || *r.Level != 4.88 || *r.Alarm != 3 || r.Phrase.Vi != "4,88 m, trên BĐ3 2,18 m" || r.Severity != 4 {
		t.Errorf("Lệ Thủy: %+v", r)
	}
	if r.RiseCmH == nil || *r.RiseCmH != 0 {
		t.Errorf("Lệ Thủy at the crest rises %v cm/h", r.RiseCmH)
	}
	if r.Estimated || r.Stale {
		t.Errorf("a measured reading of 20 minutes ago is estimated %v, stale %v", r.Estimated, r.Stale)
	}

	// A past instant, eleven days before: read from the series.
	past := c.summary(t, local(2020, time.October, 8, 23, 0))
	g := gauge(t, past, "gauge-kien-giang")
	if g.H24 == nil || *g.H24 != 408 || g.Class.ID != "very_heavy" {
		t.Errorf("Kiến Giang on 8/10 at 23:00: %v mm in 24 h", g.H24)
	}
	if g.M10 != nil {
		t.Errorf("an hourly gauge has a figure for 10 minutes: %v", *g.M10)
	}
	if r := river(t, past, "river-le-thuy"); r.Alarm == nil || *r.Alarm != 3 {
		t.Errorf("Lệ Thủy on 8/10 at 23:00: %+v", r)
	}
	if r := river(t, c.summary(t, local(2020, time.October, 8, 7, 30)), "river-le-thuy"); *r.Alarm != 2 || r.Phrase.Vi != "2,61 m, trên BĐ2 0,41 m" {
		t.Errorf("Lệ Thủy on 8/10 at 07:30: %d %s", *r.Alarm, r.Phrase.Vi)
	}
	// The two floods are two events: nine days of rain lie in the first.
	if past.EventStart == nil || sum.EventStart == nil || !sum.EventStart.After(*past.EventStart) {
		t.Errorf("events began at %v and %v", past.EventStart, sum.EventStart)
	}
}

func TestDaNangAtTheAnchor(t *testing.T) {
	now := local(2025, time.October, 29, 18, 3)
	c := play(t, scenario.DaNang202510, now)
	sum := c.summary(t, time.Time{})
	if len(sum.Rain) != 82 || len(sum.Towers) != 80 || len(sum.Rivers) != 16 || len(sum.Reservoirs) != 5 {
		t.Errorf("%d gauges, %d towers, %d rivers, %d reservoirs", len(sum.Rain), len(sum.Towers), len(sum.Rivers), len(sum.Reservoirs))
	}
	r := river(t, sum, "river-nong-son")
	if *r.Level != 18.60 || r.Phrase.Vi != "18,60 m, trên BĐ3 3,60 m" || r.Record.Value != 18.60 {
		t.Errorf("Nông Sơn: %v %s", *r.Level, r.Phrase.Vi)
	}
	if r.Estimated || len(r.Flags) != 1 || r.Flags[0] != "given" {
		t.Errorf("a published reading: estimated %v, flags %v", r.Estimated, r.Flags)
	}
	if next := river(t, c.summary(t, now.Add(-12*time.Minute)), "river-nong-son"); !next.Estimated {
		t.Error("an interpolated reading is not marked estimated")
	}
	if city := river(t, sum, "river-431004"); city.Alarm != nil || city.BD1 != nil || city.Phrase == nil {
		t.Errorf("a city station without official levels: %+v", city)
	}

	day := c.summary(t, local(2025, time.October, 28, 19, 0))
	if g := gauge(t, day, "gauge-ba-na"); math.Abs(*g.H24-438.8) > 4.4 || *g.Since19 != 0 || !g.Estimated {
		t.Errorf("Bà Nà at 19:00: %v mm in 24 h, since 19h %v", *g.H24, *g.Since19)
	}
	if g := gauge(t, c.summary(t, local(2025, time.October, 28, 18, 59)), "gauge-ba-na"); math.Abs(*g.Since19-438.8) > 8 {
		t.Errorf("Bà Nà at 18:59: %v mm since 19h", *g.Since19)
	}
	end := c.summary(t, now)
	if end.EventStart == nil || end.EventStart.Before(local(2025, time.October, 24, 12, 0)) || end.EventStart.After(local(2025, time.October, 26, 0, 0)) {
		t.Errorf("the event began at %v", end.EventStart)
	}
	for _, g := range sum.Rain {
		if g.Neighbours == nil {
			continue
		}
		if !g.Neighbours.OK {
			t.Errorf("%s disagrees with its neighbours: %v mm, expected %v", g.Name, *g.H3, g.Neighbours.Expected)
		}
	}
	if u := sum.Units[0]; u.Gauges != 82 || u.Towers != 80 || u.TowersFlooded == 0 || u.DeepestM == nil || *u.Alarm != 3 {
		t.Errorf("unit: %+v", u)
	}
	if u := sum.Units[1]; u.RainAvg24h != nil {
		t.Error("a unit without stations has rain")
	}

	for _, l := range c.Layers() {
		fs, err := l.Features(context.Background(), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		states := map[string]bool{}
		for _, i := range l.Legend {
			states[i.State] = true
		}
		for _, f := range fs {
			if !states[f.State] {
				t.Errorf("layer %s: state %q is not in the legend", l.ID, f.State)
			}
			if f.Value == nil && f.Why == nil {
				t.Errorf("layer %s: %s has no value and does not say why", l.ID, f.Name)
			}
		}
	}
	for _, ind := range c.Indicators() {
		fig, err := ind.Compute(context.Background(), figure.Scope{}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if fig.Value == nil || fig.Previous == nil || len(fig.Trend) != 25 || fig.Link == "" || fig.Data == "" || fig.AsOf.After(now) {
			t.Errorf("%s: %+v", ind.ID, fig)
		}
		if !fig.Estimated {
			t.Errorf("%s rests on estimated readings and does not say so", ind.ID)
		}
		none, err := ind.Compute(context.Background(), figure.Scope{Unit: "nowhere"}, time.Time{})
		if err != nil || none.Value != nil || none.Why == nil {
			t.Errorf("%s where nothing is: %+v %v", ind.ID, none, err)
		}
	}
	feed, err := c.Feed(context.Background(), time.Time{}, 50)
	if err != nil || len(feed) < 5 {
		t.Fatalf("feed of %d: %v", len(feed), err)
	}
	for i := 1; i < len(feed); i++ {
		if feed[i].At.After(feed[i-1].At) {
			t.Error("the feed is not newest first")
		}
	}
}

func TestObservationsAndCorrectionsMoveTheSummary(t *testing.T) {
	now := local(2020, time.October, 19, 7, 20)
	c := play(t, scenario.NhatLe2020, now)
	told := make(chan struct{}, 8)
	c.OnChange(func() { told <- struct{}{} })

	c.clock.Set(now.Add(10 * time.Minute))
	c.Observe([]sensing.Observation{
		{Datastream: "river-le-thuy-level", Time: now.Add(5 * time.Minute), Value: 5.01},
		{Datastream: "river-le-thuy-level", Time: now.Add(6 * time.Minute), Value: 99, Flags: sensing.OutOfRange},
		{Datastream: "someone-elses", Time: now, Value: 1},
	})
	<-told
	if r := river(t, c.summary(t, time.Time{}), "river-le-thuy"); *r.Level != 5.01 {
		t.Errorf("after a new reading: %v", *r.Level)
	}
	// A late reading changes the past.
	c.Observe([]sensing.Observation{{Datastream: "gauge-le-thuy-rain", Time: now.Add(-30 * time.Minute), Value: 50}})
	before := gauge(t, c.summary(t, now.Add(-time.Hour)), "gauge-le-thuy")
	after := gauge(t, c.summary(t, time.Time{}), "gauge-le-thuy")
	if *after.H1 < 50 || *before.H1 >= 50 {
		t.Errorf("a late reading: %v, an hour before %v", *after.H1, *before.H1)
	}

	// A correction is seen after the catalog says so.
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	<-told
	at := local(2020, time.October, 19, 7, 0).UnixMilli()
	c.db.Correct("river-le-thuy-level", []series.Correction{{From: at, To: at, Value: 4.5}})
	c.Changed()
	deadline := time.After(5 * time.Second)
	for {
		r := river(t, c.summary(t, local(2020, time.October, 19, 7, 3)), "river-le-thuy")
		if *r.Level == 4.5 && r.Flags[0] == "corrected" {
			break
		}
		select {
		case <-told:
		case <-deadline:
			t.Fatalf("the correction is not seen: %v %v", *r.Level, r.Flags)
		}
	}
	cancel()
	<-done
}

func TestSilentStationSaysWhy(t *testing.T) {
	c := play(t, scenario.NhatLe2020, local(2020, time.October, 19, 7, 20))
	c.clock.Set(local(2020, time.October, 22, 0, 0))
	for _, r := range c.summary(t, time.Time{}).Rivers {
		if r.Level != nil || r.Why == nil || r.Phrase != nil {
			t.Errorf("%s, silent for three days: %+v", r.Name, r)
		}
	}
	for _, g := range c.summary(t, time.Time{}).Rain {
		if g.H1 != nil || g.Why == nil {
			t.Errorf("%s, silent for three days: %v", g.Name, g.H1)
		}
	}
}

func TestVisitorsSeeNothing(t *testing.T) {
	c := play(t, scenario.NhatLe2020, local(2020, time.October, 6, 0, 0))
	if _, err := c.Summary(context.Background(), access.Nobody(), time.Time{}); err == nil {
		t.Error("a visitor read the summary")
	}
}

func BenchmarkSummary(b *testing.B) {
	now := local(2025, time.October, 29, 18, 3)
	c := play(b, scenario.DaNang202510, now)
	ds := c.s.Stations[0].Datastream
	for i := 0; b.Loop(); i++ {
		c.Observe([]sensing.Observation{{Datastream: ds, Time: now.Add(time.Duration(i) * time.Millisecond), Value: 0}}) // forget the last one
		c.summary(b, time.Time{})
	}
}

func BenchmarkFigures(b *testing.B) {
	c := play(b, scenario.DaNang202510, local(2025, time.October, 29, 18, 3))
	for b.Loop() {
		for _, ind := range c.Indicators() {
			if _, err := ind.Compute(context.Background(), figure.Scope{}, time.Time{}); err != nil {
				b.Fatal(err)
			}
		}
	}
}
