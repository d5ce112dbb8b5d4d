package readiness_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/bus/bustest"
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/ingest"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/readiness"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/series/seriestest"
	"openioc.org/ioc/internal/source"
	"openioc.org/ioc/internal/store/storetest"
)

var (
	admin = access.Actor{ID: "u1", Roles: []access.Role{access.Admin}}
	noon  = time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
)

const quarter = 15 * time.Minute

type city struct {
	t       testing.TB
	clk     *clock.Clock
	series  *series.DB
	sources *source.Registry
	catalog *catalog.Catalog
	ingest  *ingest.Pipeline
	ready   *readiness.Service
	runner  readiness.Runner
	landed  chan struct{}
}

// newCity has the source "nuoc" with n towers.
func newCity(t testing.TB, n int) *city {
	t.Helper()
	ctx := context.Background()
	c := &city{t: t, clk: clock.Manual(noon), landed: make(chan struct{}, 1)}
	fail := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db := storetest.SQLite(t, c.clk)
	b := bustest.Open(t)
	c.series = seriestest.Open(t)
	var err error
	c.sources, err = source.New(db, nil)
	fail(err)
	fail(c.sources.Load(ctx))
	for _, id := range []string{"nuoc", "tat"} {
		_, _, err = c.sources.Create(ctx, admin, source.Draft{ID: id, Name: id, Kind: "http_push", Enabled: id == "nuoc", Config: json.RawMessage(`{"password":"s3cret"}`)})
		fail(err)
	}
	c.catalog, err = catalog.New(db, c.series, nil)
	fail(err)
	fail(c.catalog.Load(ctx))
	var stations []catalog.Station
	for i := range n {
		id := fmt.Sprintf("tower-%03d", i)
		stations = append(stations, catalog.Station{
			Thing: sensing.Thing{ID: id, Name: id}, Lon: 108, Lat: 16,
			Sensors: []sensing.Sensor{{ID: "s", Name: "s", EncodingType: "text/plain", Metadata: "-"}},
			Datastreams: []sensing.Datastream{{
				ID: id + "-depth", Name: id, Unit: sensing.UnitOfMeasurement{Name: "m", Symbol: "m"}, SensorID: "s",
				ObservedPropertyID: sensing.FloodDepth, SourceID: "nuoc", Key: id, Resolution: 0.01, Rhythm: quarter,
			}},
		})
	}
	fail(c.catalog.Apply(ctx, admin, stations...))
	c.ingest, err = ingest.New(ingest.Options{Catalog: c.catalog, Sources: c.sources, Bus: b, Series: c.series, Store: db, Clock: c.clk})
	fail(err)
	c.ready = c.newService()
	c.ingest.OnStored(func([]sensing.Observation) {
		select {
		case c.landed <- struct{}{}:
		default:
		}
	})
	running, stop := context.WithCancel(ctx)
	ran := make(chan error, 1)
	go func() { ran <- c.ingest.Run(running) }()
	t.Cleanup(func() {
		stop()
		if err := <-ran; err != nil {
			t.Error(err)
		}
		if err := c.ingest.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func (c *city) newService() *readiness.Service {
	c.t.Helper()
	s, err := readiness.New(readiness.Options{
		Sources: c.sources, Ingest: c.ingest, Catalog: c.catalog, Series: c.series, Clock: c.clk,
		Runner: func(string) (readiness.Runner, bool) { return c.runner, true },
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

// send sends readings and waits until they are stored.
func (c *city) send(readings ...sensing.Reading) {
	c.t.Helper()
	if _, err := c.ingest.Accept(context.Background(), ingest.Batch{Source: "nuoc", Readings: readings}); err != nil {
		c.t.Fatal(err)
	}
	deadline := time.After(20 * time.Second)
	for c.ingest.Totals().InFlight > 0 {
		select {
		case <-c.landed:
		case <-deadline:
			c.t.Fatal("still in flight")
		}
	}
}

func (c *city) report() readiness.SourceReport {
	c.t.Helper()
	rs, err := c.ready.List(context.Background(), admin)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, r := range rs {
		if r.ID == "nuoc" {
			return r
		}
	}
	c.t.Fatal("the source is not listed")
	return readiness.SourceReport{}
}

// value reads a figure that may be missing; -1 is missing.
func value(v *float64) float64 {
	if v == nil {
		return -1
	}
	return *v
}

func TestReadiness_ADay(t *testing.T) {
	c := newCity(t, 2)
	if r := c.report(); r.Readiness != nil || r.Status.State != readiness.Silent || r.LastReading != nil {
		t.Errorf("before the first reading: %+v", r)
	}
	// A day: tower 0 sends all, tower 1 only the first twelve hours. Asked in
	// the middle, so that half of it comes from the series and half from the
	// writer.
	c.clk.Set(noon.Add(24 * time.Hour))
	for i := range 97 {
		at := noon.Add(time.Duration(i) * quarter)
		readings := []sensing.Reading{{Datastream: "tower-000", Time: at, Value: float64(i%7) / 100}}
		if i < 48 {
			readings = append(readings, sensing.Reading{Datastream: "tower-001", Time: at, Value: float64(i%5) / 100})
		}
		c.send(readings...)
		if i == 50 {
			c.report()
		}
	}
	r := c.report()
	if r.Datastreams != 2 || r.Status.State != readiness.Live || r.LastReading == nil || !r.LastReading.Equal(noon.Add(24*time.Hour)) ||
		r.RhythmSeconds != 900 || value(r.SeenRhythmSeconds) != 900 || r.Stored != 145 || !r.Balanced() {
		t.Errorf("%+v", r)
	}
	if v := value(r.Completeness24h); v < .74 || v > .76 {
		t.Errorf("completeness %v, want 0.75", v)
	}
	if again := c.newService(); true { // read anew from the series it is the same
		rs, err := again.List(context.Background(), admin)
		if err != nil || value(rs[0].Completeness24h) != value(r.Completeness24h) || *rs[0].Readiness.Du != *r.Readiness.Du {
			t.Errorf("read anew: %+v %v, was %+v", rs[0], err, r)
		}
	}
	// Everything arrived when the clock stood at the end of the day: all but
	// the last hour is late; half of the towers are live.
	s := r.Readiness
	if value(s.Dung) != 100 || value(s.Sach) != 100 || value(s.Du) < 74 || value(s.Du) > 76 || value(s.Song) > 5 {
		t.Errorf("đúng %v đủ %v sạch %v sống %v", value(s.Dung), value(s.Du), value(s.Sach), value(s.Song))
	}
	if want := (value(s.Dung) + value(s.Du) + value(s.Sach) + value(s.Song)) / 4; s.Score < want-.1 || s.Score > want+.1 {
		t.Errorf("score %v, want %v", s.Score, want)
	}
}

func TestReadiness_EachWordFallsForItsOwnFault(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(i int, r *sensing.Reading)
		low   string
	}{
		"nothing":                   {func(int, *sensing.Reading) {}, ""},
		"calibrating":               {func(i int, r *sensing.Reading) { r.Quality = map[bool]string{true: "01"}[i%2 == 0] }, "đúng"},
		"levels in depths":          {func(i int, r *sensing.Reading) { r.Value += map[bool]float64{true: 60}[i%10 == 0] }, "đúng đủ"},
		"every second one missing":  {func(i int, r *sensing.Reading) { r.Time = map[bool]time.Time{false: r.Time}[i%2 == 0] }, "đủ sạch"},
		"in centimetres":            {func(_ int, r *sensing.Reading) { r.Value, r.Unit = r.Value*100, "cm" }, "sạch"},
		"small negatives":           {func(i int, r *sensing.Reading) { r.Value = map[bool]float64{true: -.01, false: r.Value}[i%3 == 0] }, "sạch"},
		"an hour and a half behind": {func(_ int, r *sensing.Reading) { r.Time = r.Time.Add(-90 * time.Minute) }, "sống"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			city := newCity(t, 1)
			for i := range 96 {
				city.clk.Set(noon.Add(time.Duration(i+1) * quarter))
				r := sensing.Reading{Datastream: "tower-000", Time: city.clk.Now(), Value: float64(1+i%7) / 100}
				c.spoil(i, &r)
				city.send(r)
			}
			s := city.report().Readiness
			low := ""
			for _, w := range []struct {
				word string
				v    *float64
			}{{"đúng", s.Dung}, {"đủ", s.Du}, {"sạch", s.Sach}, {"sống", s.Song}} {
				if value(w.v) < 94 {
					low += " " + w.word
				}
			}
			if low != "" {
				low = low[1:]
			}
			if low != c.low {
				t.Errorf("low: %q, want %q (đúng %v đủ %v sạch %v sống %v)", low, c.low, value(s.Dung), value(s.Du), value(s.Sach), value(s.Song))
			}
		})
	}
}

func TestStatusAndOverview(t *testing.T) {
	c := newCity(t, 2)
	ctx := context.Background()
	check := func(state string, live, late, silent int) {
		t.Helper()
		o, err := c.ready.Overview(ctx)
		if err != nil || o.Total != 1 || o.Live != live || o.Late != late || o.Silent != silent {
			t.Errorf("overview %+v %v", o, err)
		}
		if r := c.report(); r.Status.State != state {
			t.Errorf("state %+v, want %s", r.Status, state)
		}
	}
	check(readiness.Silent, 0, 0, 1)
	c.send(sensing.Reading{Datastream: "tower-000", Time: noon, Value: .1})
	check(readiness.Live, 1, 0, 0) // half of its towers
	c.clk.Set(noon.Add(time.Hour))
	check(readiness.Late, 0, 1, 0)
	c.runner.LastError = msg.Text{Vi: "kết nối bị từ chối", En: "connection refused"}
	check(readiness.Failed, 0, 0, 1)
	c.runner.LastError = msg.Text{}
	c.clk.Set(noon.Add(3 * time.Hour))
	check(readiness.Silent, 0, 0, 1)
	off := false
	if _, err := c.sources.Update(ctx, admin, "nuoc", source.Patch{Enabled: &off}); err != nil {
		t.Fatal(err)
	}
	if o, err := c.ready.Overview(ctx); err != nil || o.Total != 0 {
		t.Errorf("with all sources off: %+v %v", o, err)
	}
}

func TestRoutes(t *testing.T) {
	c := newCity(t, 3)
	for i := range 8 {
		c.clk.Set(noon.Add(time.Duration(i) * quarter))
		c.send(sensing.Reading{Datastream: "tower-000", Time: c.clk.Now(), Value: .19},
			sensing.Reading{Datastream: "tower-001", Time: c.clk.Now(), Value: 32.43},
			sensing.Reading{Datastream: "nowhere", Time: c.clk.Now(), Value: 1})
	}
	api, srv := httpapi.NewTestAPI(func(_ context.Context, token string) (access.Actor, bool) { return admin, token == "admin" })
	defer srv.Close()
	c.ready.Routes(api)
	get := func(token, path string, into any) int {
		req, err := http.NewRequest("GET", srv.URL+"/api/v1"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		raw, _ := io.ReadAll(res.Body)
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		return res.StatusCode
	}
	var list struct{ Sources []map[string]any }
	if status := get("admin", "/sources", &list); status != 200 || len(list.Sources) != 2 {
		t.Fatalf("%d %+v", status, list)
	}
	for _, key := range []string{"id", "name", "kind", "enabled", "provenance", "status", "last_reading", "rhythm_seconds", "seen_rhythm_seconds", "completeness_24h", "completeness_7d",
		"received", "stored", "duplicate", "rejected", "quarantined", "in_flight", "clock_skew_seconds", "readiness", "datastreams"} {
		if _, ok := list.Sources[0][key]; !ok {
			t.Errorf("GET sources has no %s", key)
		}
	}
	if list.Sources[0]["datastreams"] != 3.0 {
		t.Errorf("datastreams %v", list.Sources[0]["datastreams"])
	}
	var detail struct {
		Config      map[string]string
		TokenHint   string `json:"token_hint"`
		Stored      int
		Datastreams []struct {
			ID    string
			State string
			Last  *struct {
				T     time.Time
				V     float64
				Flags []string
			}
			Flags map[string]int
		}
		Rejections []struct {
			Code   string
			Count  int
			Sample string
		}
		Codes map[string]int
	}
	if status := get("admin", "/sources/nuoc", &detail); status != 200 {
		t.Fatal(status)
	}
	first := detail.Datastreams[0]
	if detail.Config["password"] != "***" || len(detail.TokenHint) != 4 || detail.Stored != 8 || len(detail.Datastreams) != 3 || first.State != "live" ||
		first.Last.V != .19 || !first.Last.T.Equal(c.clk.Now()) || first.Flags["frozen"] != 3 || detail.Datastreams[2].Last != nil {
		t.Errorf("%+v", detail)
	}
	if len(detail.Rejections) != 16 || detail.Codes["ingest.looks_like_level"] != 8 || detail.Codes["ingest.datastream_unknown"] != 8 || detail.Rejections[0].Sample == "" {
		t.Errorf("%+v %v", detail.Rejections, detail.Codes)
	}
	var problem struct{ Code string }
	if status := get("admin", "/sources/xyz", &problem); status != 404 || problem.Code != "readiness.source_not_found" {
		t.Errorf("unknown: %d %v", status, problem)
	}
	if status := get("", "/sources", &problem); status != 401 {
		t.Errorf("signed out: %d", status)
	}
}

// BenchmarkList: 175 datastreams with a week of readings behind them.
func BenchmarkList(b *testing.B) {
	c := newCity(b, 175)
	for day := range 7 {
		var readings []sensing.Reading
		for i := range 175 {
			for q := range 96 {
				readings = append(readings, sensing.Reading{Datastream: fmt.Sprintf("tower-%03d", i), Time: noon.Add(-time.Duration(day*96+q) * quarter), Value: float64((q*i)%50) / 100})
			}
		}
		c.send(readings...)
	}
	if err := c.ready.Warm(context.Background()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := c.ready.List(context.Background(), admin); err != nil {
			b.Fatal(err)
		}
	}
}
