package ingest_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/bus"
	"openioc.org/ioc/internal/bus/bustest"
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/ingest"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/series/seriestest"
	"openioc.org/ioc/internal/source"
	"openioc.org/ioc/internal/store"
)

var (
	admin  = access.Actor{ID: "u1", Name: "Quản trị", Roles: []access.Role{access.Admin}}
	viewer = access.Actor{ID: "u2", Roles: []access.Role{access.Leader}}
	start  = time.Date(2026, 8, 26, 8, 0, 0, 0, time.UTC)
	step   = 15 * time.Minute
)

// road is everything that a reading passes, on real engines.
type road struct {
	t       testing.TB
	given   *store.DB
	rate    float64
	dir     string
	clk     *clock.Clock
	bus     *bus.Bus
	series  *series.DB
	db      *store.DB
	sources *source.Registry
	catalog *catalog.Catalog
	p       *ingest.Pipeline
	reg     *prometheus.Registry
	token   string

	mu     sync.Mutex
	stored []sensing.Observation
	landed chan struct{}
	stop   context.CancelFunc
	ran    chan error
}

// newRoad opens a road with the source "nuoc" (towers, a river, a reservoir,
// a rain gauge) and the source "khac", at start.
func newRoad(t testing.TB) *road {
	t.Helper()
	return newRoadOn(t, nil)
}

// newRoadOn is newRoad on a store of the caller, which the road does not
// close.
func newRoadOn(t testing.TB, db *store.DB) *road {
	t.Helper()
	r := &road{t: t, dir: t.TempDir(), clk: clock.Manual(start), given: db}
	r.open()
	ctx := context.Background()
	for _, id := range []string{"nuoc", "khac"} {
		s, token, err := r.sources.Create(ctx, admin, source.Draft{ID: id, Name: id, Kind: "http_push", Enabled: true})
		if err != nil {
			t.Fatal(err)
		}
		if s.ID == "nuoc" {
			r.token = token
		}
	}
	var stations []catalog.Station
	for i, d := range []struct{ key, property, unit, source string }{
		{"431068", sensing.FloodDepth, "m", "nuoc"}, {"431057", sensing.FloodDepth, "m", "nuoc"}, {"431056", sensing.FloodDepth, "m", "nuoc"},
		{"431021", sensing.FloodDepth, "m", "nuoc"}, {"430001", sensing.FloodDepth, "m", "nuoc"}, {"cam-le", sensing.WaterLevel, "m", "nuoc"},
		{"ho-1", sensing.ReservoirLevel, "m", "nuoc"}, {"mua-1", sensing.Rain, "mm", "nuoc"}, {"khac-1", sensing.Rain, "mm", "khac"},
	} {
		stations = append(stations, catalog.Station{
			Thing: sensing.Thing{ID: "t-" + d.key, Name: "Trạm " + d.key}, Lon: 108.2 + float64(i)/100, Lat: 16,
			Sensors: []sensing.Sensor{{ID: "s", Name: "s", EncodingType: "text/plain", Metadata: "-"}},
			Datastreams: []sensing.Datastream{{
				ID: "d-" + d.key, Name: "Trạm " + d.key, Unit: sensing.UnitOfMeasurement{Name: d.unit, Symbol: d.unit},
				SensorID: "s", ObservedPropertyID: d.property, SourceID: d.source, Key: d.key, Resolution: 0.01, Rhythm: step,
			}},
		})
	}
	if err := r.catalog.Apply(ctx, admin, stations...); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *road) open() {
	r.t.Helper()
	ctx := context.Background()
	fail := func(err error) {
		if err != nil {
			r.t.Helper()
			r.t.Fatal(err)
		}
	}
	r.bus = bustest.OpenDir(r.t, r.dir+"/bus")
	r.series = seriestest.OpenDir(r.t, r.dir+"/series")
	var err error
	if r.db = r.given; r.db == nil {
		r.db, err = store.Open(ctx, store.Options{Dir: r.dir + "/records", Clock: r.clk})
		fail(err)
	}
	r.openOn(ctx, fail)
}

func (r *road) openOn(ctx context.Context, fail func(error)) {
	var err error
	r.sources, err = source.New(r.db, nil)
	fail(err)
	fail(r.sources.Load(ctx))
	r.catalog, err = catalog.New(r.db, r.series, nil)
	fail(err)
	fail(r.catalog.Load(ctx))
	r.reg = prometheus.NewRegistry()
	r.p, err = ingest.New(ingest.Options{
		Catalog: r.catalog, Sources: r.sources, Texts: r.catalog, Bus: r.bus, Series: r.series, Store: r.db, Clock: r.clk, Registerer: r.reg, RequestRate: r.rate,
	})
	fail(err)
	r.landed = make(chan struct{}, 1)
	r.p.OnStored(func(obs []sensing.Observation) {
		r.mu.Lock()
		r.stored = append(r.stored, obs...)
		r.mu.Unlock()
		select {
		case r.landed <- struct{}{}:
		default:
		}
	})
	r.t.Cleanup(r.close)
}

// run starts the writer.
func (r *road) run() {
	ctx, cancel := context.WithCancel(context.Background())
	r.stop, r.ran = cancel, make(chan error, 1)
	go func() { r.ran <- r.p.Run(ctx) }()
}

func (r *road) close() {
	if r.p == nil {
		return
	}
	if r.stop != nil {
		r.stop()
		if err := <-r.ran; err != nil {
			r.t.Errorf("run: %v", err)
		}
		r.stop = nil
	}
	if err := r.p.Close(); err != nil {
		r.t.Errorf("close: %v", err)
	}
	r.p = nil
	_ = r.bus.Close()
	_ = r.series.Close()
	if r.given == nil {
		_ = r.db.Close()
	}
}

// settle waits until nothing is in flight.
func (r *road) settle() {
	r.t.Helper()
	r.until(func() bool { return r.p.Totals().InFlight == 0 })
}

// until waits for ok, which is asked after each commit to the series.
func (r *road) until(ok func() bool) {
	r.t.Helper()
	deadline := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-r.landed:
		case <-deadline:
			r.t.Fatalf("waited too long: %+v", r.p.Totals())
		}
	}
}

func (r *road) accept(source string, readings ...sensing.Reading) ingest.Result {
	r.t.Helper()
	res, err := r.p.Accept(context.Background(), ingest.Batch{Source: source, Readings: readings})
	if err != nil {
		r.t.Fatal(err)
	}
	return res
}

// feed sends values of one key, 15 minutes apart, each at its own time.
func (r *road) feed(key string, values ...float64) {
	r.t.Helper()
	for _, v := range values {
		r.clk.Set(r.clk.Now().Add(step))
		r.accept("nuoc", sensing.Reading{Datastream: key, Time: r.clk.Now(), Value: v})
	}
}

// points returns what the series hold of a key.
func (r *road) points(key string) []series.Point {
	r.t.Helper()
	ps, err := r.series.Raw(context.Background(), "d-"+key, start.Add(-400*24*time.Hour), r.clk.Now().Add(time.Hour))
	if err != nil {
		r.t.Fatal(err)
	}
	return ps
}

func (r *road) balanced() {
	r.t.Helper()
	if c := r.p.Totals(); !c.Balanced() {
		r.t.Errorf("the counts do not add up: %+v", c)
	}
}

func codeOf(err error) string {
	if f, ok := fault.As(err); ok {
		return f.Code
	}
	return fmt.Sprint(err)
}
