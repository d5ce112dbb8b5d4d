package app

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert"
	"openioc.org/ioc/internal/api"
	"openioc.org/ioc/internal/attachment"
	"openioc.org/ioc/internal/audit"
	"openioc.org/ioc/internal/basemap"
	"openioc.org/ioc/internal/blob"
	"openioc.org/ioc/internal/bus"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/casework/board"
	"openioc.org/ioc/internal/casework/feed"
	"openioc.org/ioc/internal/casework/warn"
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/city"
	"openioc.org/ioc/internal/connector/mqtt"
	"openioc.org/ioc/internal/duty"
	"openioc.org/ioc/internal/figure"
	"openioc.org/ioc/internal/flood"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/identity"
	"openioc.org/ioc/internal/incident"
	"openioc.org/ioc/internal/indicator"
	"openioc.org/ioc/internal/ingest"
	"openioc.org/ioc/internal/layer"
	"openioc.org/ioc/internal/live"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/org"
	"openioc.org/ioc/internal/outbox"
	"openioc.org/ioc/internal/promapi"
	"openioc.org/ioc/internal/readiness"
	"openioc.org/ioc/internal/rule"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/source"
	"openioc.org/ioc/internal/sta"
	"openioc.org/ioc/internal/station"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/supervise"
	"openioc.org/ioc/internal/workcal"
	"openioc.org/ioc/web"
)

// factAge is how long domain facts stay on the bus for those who were away.
const factAge = 30 * 24 * time.Hour

// factDedup is how long the bus knows a fact again that is published twice,
// as happens when the program dies between publishing and forgetting it.
const factDedup = 6 * time.Hour

// obsAge is how long accepted observations stay on the bus after the writer
// has them: long enough for a rewind, for a reader that was away a weekend,
// short enough for the disk.
const obsAge = 72 * time.Hour

// obsBytes bounds the same log on disk: some 250 million observations, far
// more than the writer is ever behind.
const obsBytes = 4 << 30

// parts are what the edges and the runners need of each other; setup fills
// them in the order they are named.
type parts struct {
	store    *store.DB
	bus      *bus.Bus
	series   *series.DB
	trail    *audit.Trail
	city     *city.City
	org      *org.Service
	catalog  *catalog.Catalog
	stations placed
	sources  *source.Registry

	identity   *identity.Service
	subjectKey []byte // of the hashes by which a person's files are found
	ingest     *ingest.Pipeline
	hub        *live.Hub
	layers     layer.Registry
	figures    figure.Registry
	flood      *flood.Service
	sta        *sta.Service
	broker     *mqtt.Broker

	files      *blob.Store
	supervisor *supervise.Supervisor
	readiness  *readiness.Service

	notify      *notify.Service
	duty        *duty.Service
	attachments *attachment.Service
	rules       *rule.Service
	alerts      *alert.Service
	incidents   *incident.Service

	calendar *workcal.Service
	cases    *casework.Service
	board    *board.Board
	feed     *feed.Service
	warn     *warn.Service
	names    atomic.Pointer[map[string]string] // of accounts by id

	mux *http.ServeMux
	api huma.API
}

// setup is deliberately one straight function: nearly every step depends on
// parts produced by earlier ones, and each undoes itself through onStop.
func (a *App) setup(ctx context.Context) error {
	p, cfg, log := &a.parts, a.o.Config, a.log
	a.reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	// Engines: records, bus, observations.
	dir := cfg.Data.Dir
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if err := a.lockFolder(dir); err != nil {
		return err
	}
	var err error
	if p.store, err = store.Open(ctx, store.Options{URL: cfg.Store.URL.Reveal(), Dir: dir, Clock: a.clock, Logger: log.With("component", "store")}); err != nil {
		return err
	}
	a.onStop("store", p.store.Close)
	if p.bus, err = bus.Open(ctx, bus.Options{Dir: filepath.Join(dir, "bus"), URL: cfg.Bus.URL.Reveal(), Logger: log}); err != nil {
		return err
	}
	a.onStop("bus", p.bus.Close)
	if p.series, err = series.Open(series.Options{
		Dir: filepath.Join(dir, "series"), Retention: time.Duration(cfg.Series.Retention), OutOfOrder: time.Duration(cfg.Series.OutOfOrder),
		Registerer: a.reg, Logger: log, Clock: a.clock,
	}); err != nil {
		return err
	}
	a.onStop("series", p.series.Close)

	// Who did what: the trail and the facts hang on the store before anything
	// is written.
	if p.trail, err = audit.New(ctx, p.store); err != nil {
		return err
	}
	p.trail.RootsPath = filepath.Join(dir, audit.RootsFile)
	a.background("audit roots", func(ctx context.Context) error { return p.trail.KeepRoots(ctx, time.Now) }) // of real days, also in a replay
	if err := p.bus.Stream(ctx, bus.StreamConfig{Name: "FACT", MaxAge: factAge, Dedup: factDedup,
		Subjects: []string{"ioc.fact.>", "ioc.identity.>", "ioc.source.>", "ioc.catalog.>", "ioc.ingest.>",
			"ioc.rule.>", "ioc.alert.>", "ioc.alertsetting.>", "ioc.incident.>", "ioc.org.>", "ioc.calendar.>", "ioc.case.>", "ioc.task.>", "ioc.duty.>", "ioc.notify.>", "ioc.attachment.>"}}); err != nil {
		return err
	}
	if err := p.bus.Stream(ctx, bus.StreamConfig{Name: "OBS", Subjects: []string{"ioc.obs.>"}, MaxAge: obsAge, MaxBytes: obsBytes}); err != nil {
		return err
	}
	a.facts, err = outbox.New(ctx, outbox.Options{Store: p.store, Publisher: p.bus, Logger: log.With("component", "outbox"), Registerer: a.reg})
	if err != nil {
		return err
	}
	a.background("outbox", a.facts.Run)

	// What there is: units, stations, sources.
	if cfg.City.Dir != "" {
		p.city, err = city.LoadDir(cfg.City.Dir)
	} else {
		p.city, err = city.Load()
	}
	if err != nil {
		return err
	}
	if p.org, err = org.New(ctx, org.Options{
		Store: p.store, City: p.city, People: a.peopleOf, Work: a.openWork, Clock: a.clock, Logger: log.With("component", "org"),
	}); err != nil {
		return err
	}
	a.background("org", p.org.Run)
	if p.catalog, err = catalog.New(p.store, p.series, log.With("component", "catalog")); err != nil {
		return err
	}
	if err := p.catalog.Load(ctx); err != nil {
		return err
	}
	if err := p.catalog.ApplyShipped(ctx, access.System("setup")); err != nil {
		return err
	}
	if p.sources, err = source.New(p.store, log.With("component", "source")); err != nil {
		return err
	}
	p.sources.Kinds = findKind
	if err := p.sources.Load(ctx); err != nil {
		return err
	}

	// People.
	if err := a.accounts(ctx); err != nil {
		return err
	}

	// The road: what was accepted goes to the bus, from there to the series,
	// from there to whoever listens.
	if p.ingest, err = ingest.New(ingest.Options{
		Catalog: p.catalog, Sources: p.sources, Texts: p.catalog, Bus: p.bus, Series: p.series, Store: p.store,
		Clock: a.clock, Logger: log.With("component", "ingest"), Registerer: a.reg, Window: time.Duration(cfg.Series.OutOfOrder),
	}); err != nil {
		return err
	}
	a.onStop("ingest", p.ingest.Close)
	p.hub = live.New()
	a.onStop("live", func() error { p.hub.Close(); return nil })
	fan := newFanout(p.hub, a.thingOf)
	p.ingest.OnStored(fan.stored)
	a.background("fanout", fan.run)

	// Services, each in the words layer and indicator.
	p.stations = placed{p.catalog, p.city, a.clock}
	if p.flood, err = flood.New(flood.Options{
		Catalog: p.stations, Series: p.series, Units: a.floodUnits, Original: a.originalTime, Clock: a.clock, Logger: log.With("component", "flood"),
	}); err != nil {
		return err
	}
	p.ingest.OnStored(p.flood.Observe)
	p.catalog.OnChange(p.flood.Changed)
	p.layers.Add(p.flood.Layers()...)
	p.figures.Add(p.flood.Indicators()...)
	a.background("flood", p.flood.Run)

	a.background("memory", returnMemory)
	a.background("boundaries", func(context.Context) error { // read once, off the first request's time
		p.city.Find(p.city.Info().Center[0], p.city.Info().Center[1], a.clock.Now())
		return nil
	})

	if p.files, err = blob.Open(blob.Options{Dir: filepath.Join(dir, "files")}); err != nil {
		return err
	}
	a.onStop("files", p.files.Close)
	stations, err := station.New(station.Options{
		Catalog: p.stations, Series: p.series, Sources: p.sources, Files: p.files, UnitName: a.unitName,
		Thresholds: p.flood.Thresholds, Original: a.originalTime, Clock: a.clock, Logger: log.With("component", "station"),
	})
	if err != nil {
		return err
	}
	a.background("exports", stations.Run)

	// Connectors bring readings to the head of the road.
	if err := a.supervised(); err != nil {
		return err
	}

	if p.readiness, err = readiness.New(readiness.Options{
		Sources: p.sources, Ingest: p.ingest, Catalog: p.catalog, Series: p.series, Clock: a.clock,
		Logger: log.With("component", "readiness"), Runner: a.runner,
	}); err != nil {
		return err
	}
	a.background("readiness", p.readiness.Warm)

	// The second half of the road: rules, alerts, incidents.
	if err := a.action(ctx); err != nil {
		return err
	}
	if err := a.administration(ctx); err != nil {
		return err
	}

	// Edges.
	p.sta = sta.New(p.catalog, p.series, a.clock, log.With("component", "sta"))
	p.sta.Accept, p.sta.Original = a.acceptObservation, a.originalTime
	if cfg.MQTT.Listen != "" {
		if err := a.startMQTT(); err != nil {
			return err
		}
	}
	a.background("writer", p.ingest.Run) // everybody who listens to it is there now
	baseMap, err := basemap.New(basemap.Options{City: p.city, StyleURL: cfg.Map.StyleURL, PMTiles: cfg.Map.PMTiles})
	if err != nil {
		return err
	}
	overview, err := indicator.New(indicator.Options{
		Layers: &p.layers, Figures: &p.figures, Clock: a.clock, Logger: log.With("component", "indicator"),
		Feeds:   []func(context.Context, time.Time, int) ([]figure.Notice, error){p.flood.Feed},
		Sources: a.sourcesState,
	})
	if err != nil {
		return err
	}
	prom := promapi.New(promapi.Options{
		Series: p.series, Catalog: p.catalog, Clock: a.clock, Logger: log.With("component", "promapi"), Registerer: a.reg, Version: a.o.Version,
	})
	p.mux = http.NewServeMux()
	p.api = httpapi.NewAPI(p.mux, a.o.Version)
	for _, d := range []interface{ Routes(huma.API) }{
		p.identity, p.trail, p.catalog, p.sources, p.ingest, p.flood, overview, stations, p.supervisor, p.readiness,
		p.rules, p.alerts, p.incidents, p.duty, p.notify, p.attachments, api.New(p.city, a.clock, a.places),
		p.org, p.calendar, p.cases, p.board, p.feed, p.warn, // later ones give way where two types have one name
	} {
		d.Routes(p.api)
	}
	asideRoutes(p.api, a.facts)
	a.publicRoutes()
	a.documentPlain()
	p.mux.Handle("POST /api/v1/ingest/{source}", p.ingest.Push())
	p.mux.Handle("/api/", http.HandlerFunc(httpapi.NotFound))
	p.mux.Handle(sta.Prefix+"/", p.sta)
	p.mux.Handle(sta.Prefix, p.sta)
	p.mux.Handle(promapi.Prefix+"/", prom)
	p.mux.Handle("/map/", baseMap)
	p.mux.Handle("GET /live", p.hub)
	a.operationRoutes()
	pages := web.Handler(httpapi.CSP)
	p.mux.Handle("/", pages)
	p.mux.Handle("/map", pages) // the page; /map/… is the base map

	if err := a.people(ctx); err != nil {
		return err
	}
	if err := a.startMode(ctx); err != nil {
		return err
	}
	if err := a.listen(httpapi.Chain(p.mux, httpapi.Options{
		Authenticate: p.identity.Authenticate, Basic: newBasic(p.identity), Logger: log.With("component", "http"), Registerer: a.reg, TrustProxy: cfg.Server.TrustProxy,
	})); err != nil {
		return err
	}
	a.greet()
	return a.ready()
}
