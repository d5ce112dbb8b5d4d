package app

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"openioc.org/ioc/internal/api"
	"openioc.org/ioc/internal/audit"
	"openioc.org/ioc/internal/bus"
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/city"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/live"
	"openioc.org/ioc/internal/outbox"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/source"
	"openioc.org/ioc/internal/store"
)

// parts are what the edges and the runners need of each other; setup fills
// them in the order they are named.
type parts struct {
	store   *store.DB
	bus     *bus.Bus
	series  *series.DB
	trail   *audit.Trail
	city    *city.City
	catalog *catalog.Catalog
	sources *source.Registry
	hub     *live.Hub
	mux     *http.ServeMux
	api     huma.API
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
	var err error
	if p.store, err = store.Open(ctx, store.Options{URL: cfg.Store.URL.Reveal(), Dir: dir, Clock: a.clock, Logger: log.With("component", "store")}); err != nil {
		return err
	}
	a.onStop("store", p.store.Close)
	if p.bus, err = bus.Open(ctx, bus.Options{Dir: filepath.Join(dir, "bus"), URL: cfg.Bus.URL.Reveal(), Logger: log.With("component", "bus")}); err != nil {
		return err
	}
	a.onStop("bus", p.bus.Close)
	if p.series, err = series.Open(series.Options{
		Dir: filepath.Join(dir, "series"), Retention: time.Duration(cfg.Series.Retention), OutOfOrder: time.Duration(cfg.Series.OutOfOrder),
		Registerer: a.reg, Logger: log.With("component", "series"), Clock: a.clock,
	}); err != nil {
		return err
	}
	a.onStop("series", p.series.Close)

	// Who did what: the trail and the facts hang on the store before anything
	// is written.
	if p.trail, err = audit.New(ctx, p.store); err != nil {
		return err
	}
	facts, err := outbox.New(ctx, outbox.Options{Store: p.store, Publisher: p.bus, Logger: log.With("component", "outbox")})
	if err != nil {
		return err
	}
	a.background("outbox", facts.Run)

	// What there is: units, stations, sources.
	if cfg.City.Dir != "" {
		p.city, err = city.LoadDir(cfg.City.Dir)
	} else {
		p.city, err = city.Load()
	}
	if err != nil {
		return err
	}
	if p.catalog, err = catalog.New(p.store, p.series, log.With("component", "catalog")); err != nil {
		return err
	}
	if err := p.catalog.Load(ctx); err != nil {
		return err
	}
	if p.sources, err = source.New(p.store, log.With("component", "source")); err != nil {
		return err
	}
	if err := p.sources.Load(ctx); err != nil {
		return err
	}

	p.hub = live.New()
	a.onStop("live", func() error { p.hub.Close(); return nil })
	_ = api.New
	_ = httpapi.NewAPI
	return nil
}
