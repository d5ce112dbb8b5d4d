package scenario_test

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/bus/bustest"
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/city"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/flood"
	"openioc.org/ioc/internal/ingest"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/scenario"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/source"
	"openioc.org/ioc/internal/store"
)

// road is the whole way of a reading, on files of its own.
type road struct {
	clock   *clock.Clock
	series  *series.DB
	catalog *catalog.Catalog
	sources *source.Registry
	city    *city.City
	pipe    *ingest.Pipeline
	flood   *flood.Service
	stored  atomic.Int64
	close   func()
}

func build(t testing.TB, dir string, clk *clock.Clock) *road {
	t.Helper()
	ctx := context.Background()
	r := &road{clock: clk}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	need := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db, err := store.Open(ctx, store.Options{Dir: dir, Clock: clk})
	need(err)
	b := bustest.OpenDir(t, dir+"/bus")
	r.series, err = series.Open(series.Options{Dir: dir + "/series", Clock: clk})
	need(err)
	r.catalog, err = catalog.New(db, r.series, log)
	need(err)
	need(r.catalog.Load(ctx))
	r.sources, err = source.New(db, log)
	need(err)
	need(r.sources.Load(ctx))
	r.city, err = city.Load()
	need(err)
	r.pipe, err = ingest.New(ingest.Options{Catalog: r.catalog, Sources: r.sources, Bus: b, Series: r.series, Store: db, Clock: clk, Logger: log})
	need(err)
	r.flood, err = flood.New(flood.Options{Catalog: r.catalog, Series: r.series, Clock: clk})
	need(err)
	r.catalog.OnChange(r.flood.Changed)
	r.pipe.OnStored(r.flood.Observe)
	r.pipe.OnStored(func(obs []sensing.Observation) { r.stored.Add(int64(len(obs))) })
	runCtx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- r.pipe.Run(runCtx) }()
	r.close = func() {
		cancel()
		<-done
		need(r.pipe.Close())
		need(b.Close())
		need(r.series.Close())
		need(db.Close())
	}
	return r
}

func load(t testing.TB, id string) *scenario.Scenario {
	t.Helper()
	s, err := scenario.Load(id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func replay(t *testing.T, id string) (*road, *scenario.Report) {
	t.Helper()
	s := load(t, id)
	r := build(t, t.TempDir(), s.ReplayClock(0))
	t.Cleanup(r.close)
	rep, err := scenario.Replay(context.Background(), scenario.ReplayOptions{
		Scenario: s, Register: r.catalog, Sources: r.sources, Units: r.city, Sink: r.pipe, Series: r.series, Clock: r.clock, Alarm: r.flood.Alarm,
	})
	if err != nil {
		t.Fatal(err)
	}
	if rep.Rejected+rep.Quarantined+rep.Duplicate > 0 || rep.Accepted != rep.Sent || rep.Observations != rep.Sent {
		t.Errorf("sent %d, accepted %d, in the series %d; duplicate %d, rejected %d, quarantined %d",
			rep.Sent, rep.Accepted, rep.Observations, rep.Duplicate, rep.Rejected, rep.Quarantined)
	}
	return r, rep
}

func river(t *testing.T, rep *scenario.Report, thing string) scenario.RiverReport {
	t.Helper()
	for _, r := range rep.Rivers {
		if r.Thing == thing {
			return r
		}
	}
	t.Fatalf("the report does not know %s", thing)
	return scenario.RiverReport{}
}

var ict = time.FixedZone("+07", 7*3600)

func TestReplayOfNhatLeFindsTheCrest(t *testing.T) {
	_, rep := replay(t, scenario.NhatLe2020)
	if rep.Estimated+rep.Given != 0 {
		t.Errorf("%d estimated and %d given in real data", rep.Estimated, rep.Given)
	}
	r := river(t, rep, "river-le-thuy")
	const form = "2006-01-02 15:04"
	if got := r.PeakFrom.In(ict).Format(form) + " " + r.PeakTo.In(ict).Format(form); r.Peak != 4.88 || got != "2020-10-19 06:00 2020-10-19 08:00" {
		t.Errorf("peak %.2f m, %s", r.Peak, got)
	}
	var three []string
	for _, c := range r.Crossings {
		if c.Level == 3 {
			word := "down "
			if c.Up {
				word = "up "
			}
			three = append(three, word+c.At.In(ict).Format("01-02 15:04"))
		}
	}
	want := "up 10-08 08:00, down 10-11 10:00, up 10-12 16:00, down 10-12 19:00, up 10-17 05:00, down 10-23 01:00"
	if got := strings.Join(three, ", "); got != want {
		t.Errorf("alarm 3: %s\nwant     %s", got, want)
	}
	var b strings.Builder
	if err := rep.Write(&b, msg.Vi); err != nil || !strings.Contains(b.String(), "đỉnh 4,88 m lúc 06:00 19/10/2020 – 08:00 19/10/2020") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func TestReplayOfDaNangKeepsThePublishedPeaks(t *testing.T) {
	r, rep := replay(t, scenario.DaNang202510)
	if rep.Given != 34 || rep.Estimated != rep.Observations-34 {
		t.Errorf("%d given, %d estimated of %d", rep.Given, rep.Estimated, rep.Observations)
	}
	for thing, peak := range map[string]float64{
		"river-hoi-khach": 17.81, "river-nong-son": 18.60, "river-ai-nghia": 10.56, "river-giao-thuy": 9.88,
		"river-cau-lau": 5.62, "river-hoi-an": 3.37, "river-cam-le": 3.20, "river-tam-ky": 2.72,
	} {
		if got := river(t, rep, thing); got.Peak != peak {
			t.Errorf("%s: peak %.2f, published %.2f", thing, got.Peak, peak)
		}
	}
	late := 0
	for _, ds := range r.catalog.Datastreams() {
		ps, err := r.series.Range(context.Background(), ds.ID, rep.From, rep.To)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range ps {
			if p.Flags&^(sensing.Estimated|sensing.Given) != 0 {
				late++
			}
		}
	}
	if late > rep.Observations/1000 {
		t.Errorf("quality control flagged %d of %d reconstructed readings", late, rep.Observations)
	}
	unit := 0
	for _, th := range r.catalog.Things() {
		if th.Properties["unit_code"] != nil {
			unit++
		}
	}
	if unit < 170 {
		t.Errorf("%d stations lie in a unit", unit)
	}
}

func TestReplayRunsOnAScaledClock(t *testing.T) {
	s := load(t, scenario.NhatLe2020)
	const speed = 2e6 // twenty days in 0.9 s
	r := build(t, t.TempDir(), s.ReplayClock(speed))
	t.Cleanup(r.close)
	rep, err := scenario.Replay(context.Background(), scenario.ReplayOptions{
		Scenario: s, Register: r.catalog, Sources: r.sources, Units: r.city, Sink: r.pipe, Series: r.series, Clock: r.clock, Speed: speed,
	})
	if err != nil {
		t.Fatal(err)
	}
	if rep.Observations != len(s.Readings(s.Start, s.End)) || rep.Took < 800*time.Millisecond {
		t.Errorf("%d observations in %s", rep.Observations, rep.Took)
	}
}

func TestDemoFillsPlaysAndGoesOnAfterARestart(t *testing.T) {
	dir := t.TempDir()
	s := load(t, scenario.NhatLe2020)
	clk := clock.Manual(time.Date(2026, 9, 3, 4, 17, 5, 0, time.UTC))
	start := func() (*road, *scenario.Demo, func()) {
		r := build(t, dir, clk)
		full := make(chan struct{})
		var once atomic.Bool
		d := scenario.NewDemo(scenario.DemoOptions{
			Scenarios: []*scenario.Scenario{s}, Register: r.catalog, Sources: r.sources, Units: r.city, Sink: r.pipe, Series: r.series, Clock: clk,
			Progress: func(done, total int) {
				if done == total && once.CompareAndSwap(false, true) {
					close(full)
				}
			},
		})
		if err := d.Install(context.Background()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx) }()
		select {
		case <-full:
		case err := <-ended:
			t.Fatal(err)
		}
		return r, d, func() { cancel(); <-ended }
	}
	holds := func(r *road, d *scenario.Demo, back time.Duration) {
		t.Helper()
		now := clk.Now()
		src, _ := r.sources.Get(s.ID)
		want := map[string]int{}
		for _, x := range s.Loop(src.Shift, now.Add(-back), now) {
			want[x.Datastream]++
		}
		deadline := time.Now().Add(20 * time.Second)
		for _, st := range s.Stations {
			for {
				ps, err := r.series.Range(context.Background(), st.Datastream, now.Add(-back), now)
				if err != nil {
					t.Fatal(err)
				}
				if len(ps) == want[st.Datastream] {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("%s holds %d readings of %s, want %d", st.Datastream, len(ps), back, want[st.Datastream])
				}
				time.Sleep(5 * time.Millisecond)
			}
		}
	}

	r, d, stop := start()
	holds(r, d, 14*24*time.Hour)
	src, ok := r.sources.Get(s.ID)
	if !ok || src.Shift == 0 || src.Provenance != source.Real {
		t.Fatalf("source: %+v", src)
	}
	if o, ok := d.Original(s.ID, clk.Now()); !ok || clk.Now().Sub(o) != src.Shift || o.Sub(s.Anchor) >= time.Hour {
		t.Errorf("now is %v of the original, anchor %v", o, s.Anchor)
	}
	if _, ok := d.Original("elsewhere", clk.Now()); ok {
		t.Error("another source has an original time")
	}
	// Readings come when their time comes.
	before := r.stored.Load()
	clk.Set(clk.Now().Add(time.Hour))
	holds(r, d, 2*time.Hour)
	if r.stored.Load() == before {
		t.Error("nothing was played in an hour")
	}
	sum, err := r.flood.Summary(context.Background(), access.System("test"), time.Time{})
	if err != nil || len(sum.Rain) != 3 || sum.Rain[0].H24 == nil {
		t.Errorf("flood watch: %v %+v", err, sum)
	}
	stop()
	r.close()

	// Three days later, across the end of the loop: same shift, no gap.
	clk.Set(clk.Now().Add(3 * 24 * time.Hour))
	r, d, stop = start()
	again, _ := r.sources.Get(s.ID)
	if again.Shift != src.Shift {
		t.Errorf("the shift was %s and is %s", src.Shift, again.Shift)
	}
	holds(r, d, 14*24*time.Hour)
	if c := r.pipe.Counts(s.ID); c.Duplicate > 0 {
		t.Errorf("%d readings were sent twice", c.Duplicate)
	}
	// Four days on the loop begins anew: the source says the new shift.
	clk.Set(clk.Now().Add(4 * 24 * time.Hour))
	holds(r, d, time.Hour)
	deadline := time.Now().Add(10 * time.Second)
	for {
		again, _ = r.sources.Get(s.ID)
		if again.Shift == src.Shift+s.Period() {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("in the next loop the shift is %s, want %s", again.Shift, src.Shift+s.Period())
		}
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	r.close()
}

func BenchmarkDemoHistory(b *testing.B) {
	s, n := load(b, scenario.DaNang202510), load(b, scenario.NhatLe2020)
	for b.Loop() {
		r := build(b, b.TempDir(), nil)
		done := make(chan struct{})
		var once atomic.Bool
		var total int
		var first time.Duration
		began := time.Now()
		d := scenario.NewDemo(scenario.DemoOptions{
			Scenarios: []*scenario.Scenario{s, n}, Register: r.catalog, Sources: r.sources, Units: r.city, Sink: r.pipe, Series: r.series,
			Progress: func(have, all int) {
				if first == 0 {
					first = time.Since(began)
				}
				if total = all; have == all && once.CompareAndSwap(false, true) {
					close(done)
				}
			},
		})
		if err := d.Install(context.Background()); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(began).Seconds(), "s-install")
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx) }()
		<-done
		b.ReportMetric(time.Since(began).Seconds(), "s-sent")
		for r.stored.Load() < int64(total)*99/100 {
			time.Sleep(time.Millisecond)
		}
		b.ReportMetric(time.Since(began).Seconds(), "s-stored")
		b.ReportMetric(first.Seconds(), "s-first-day")
		b.ReportMetric(float64(total), "observations")
		cancel()
		<-ended
		r.close()
	}
}
