package catalog

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"

	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Catalog is the register. Make one with New and call Load before use.
type Catalog struct {
	db     *store.DB
	series *series.DB
	log    *slog.Logger

	snapshot atomic.Pointer[Snapshot]
	mu       sync.Mutex  // one refresh at a time, so that snapshots only go forward
	stale    bool        // a refresh failed: the next one reads everything
	featured atomic.Bool // some observation has a feature of interest of its own

	watchMu sync.Mutex
	watch   []func()
}

// New makes a register over the records and the series; Load fills it.
func New(db *store.DB, s *series.DB, log *slog.Logger) (*Catalog, error) {
	c := &Catalog{db: db, series: s, log: log}
	empty := &Snapshot{}
	empty.build()
	c.snapshot.Store(empty)
	return c, nil
}

// Load brings the tables up to date, reads the register into memory, declares
// every numeric Datastream in the series with its corrections, and finishes
// deletions that a crash interrupted.
func (c *Catalog) Load(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	if err := c.db.Migrate(ctx, "catalog", files); err != nil {
		return err
	}
	if err := c.forgetGone(ctx); err != nil {
		return err
	}
	if err := c.refresh(ctx, nil); err != nil {
		return err
	}
	return c.overlayAll(ctx)
}

// Snapshot returns the register as it is now.
func (c *Catalog) Snapshot() *Snapshot { return c.snapshot.Load() }

// Datastream returns the Datastream of that id; callers must not write to it.
func (c *Catalog) Datastream(id string) (*sensing.Datastream, bool) {
	d := c.Snapshot().Datastream(id)
	return d, d != nil
}

// BySource returns the Datastream that a source fills by the key of its own
// messages. A key that no Datastream declares may also be a Datastream's id,
// if that Datastream is the source's.
func (c *Catalog) BySource(source, key string) (*sensing.Datastream, bool) {
	s := c.Snapshot()
	if d := s.bySourceKey[sourceKey{source, key}]; d != nil {
		return d, true
	}
	if d := s.Datastream(key); d != nil && d.SourceID == source {
		return d, true
	}
	return nil, false
}

// Datastreams lists every Datastream in the order of the ids.
func (c *Catalog) Datastreams() []*sensing.Datastream { return c.Snapshot().Datastreams() }

// Things lists every Thing in the order of the ids.
func (c *Catalog) Things() []*sensing.Thing { return c.Snapshot().Things() }

// Thing returns the Thing of that id; callers must not write to it.
func (c *Catalog) Thing(id string) (*sensing.Thing, bool) {
	t := c.Snapshot().Thing(id)
	return t, t != nil
}

// DatastreamsOf lists the Datastreams of a Thing.
func (c *Catalog) DatastreamsOf(thing string) []*sensing.Datastream {
	return c.Snapshot().DatastreamsOf(thing)
}

// ThingPlace returns where a Thing is (degrees, WGS 84; the middle of its
// first Location) and the code of its administrative unit, its property
// unit_code. ok is false when its place is not known.
func (c *Catalog) ThingPlace(thing string) (lon, lat float64, unitCode string, ok bool) {
	p, ok := c.Snapshot().placeOfThing[thing]
	return p.lon, p.lat, p.unit, ok
}

// OnChange calls f after each commit that changed the register, when the new
// state can be read. f must not call back into an Edit.
func (c *Catalog) OnChange(f func()) {
	c.watchMu.Lock()
	defer c.watchMu.Unlock()
	c.watch = append(c.watch, f)
}

func (c *Catalog) changed() {
	c.watchMu.Lock()
	watch := c.watch
	c.watchMu.Unlock()
	for _, f := range watch {
		f()
	}
}

// touched are the rows that a transaction changed: table → ids.
type touched map[string]map[string]bool

func (t touched) add(table, id string) {
	if t[table] == nil {
		t[table] = map[string]bool{}
	}
	t[table][id] = true
}

// reloadAbove is how many changed rows of one table make reading the whole
// table cheaper than reading them one by one.
const reloadAbove = 64

func fresh[T any](tx *store.Tx, k *kind[T], m map[string]*T, t touched) (map[string]*T, error) {
	ids := t[k.table]
	switch {
	case t != nil && len(ids) == 0:
		return m, nil
	case t == nil || len(ids) > reloadAbove:
		return k.all(tx)
	}
	m = maps.Clone(m)
	for id := range ids {
		v, err := k.get(tx, id)
		if err != nil {
			return nil, err
		}
		if v == nil {
			delete(m, id)
		} else {
			m[id] = v
		}
	}
	return m, nil
}

// refresh makes a new snapshot from the old one and the touched rows; nil
// reads everything.
func (c *Catalog) refresh(ctx context.Context, t touched) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stale {
		t = nil
	}
	c.stale = true
	old := c.snapshot.Load()
	s := &Snapshot{}
	err := c.db.Read(ctx, func(tx *store.Tx) (err error) {
		if s.things, err = fresh(tx, thingKind, old.things, t); err != nil {
			return err
		}
		if s.locations, err = fresh(tx, locationKind, old.locations, t); err != nil {
			return err
		}
		if s.sensors, err = fresh(tx, sensorKind, old.sensors, t); err != nil {
			return err
		}
		if s.properties, err = fresh(tx, propertyKind, old.properties, t); err != nil {
			return err
		}
		if s.datastreams, err = fresh(tx, datastreamKind, old.datastreams, t); err != nil {
			return err
		}
		if s.features, err = fresh(tx, featureKind, old.features, t); err != nil {
			return err
		}
		s.placed, s.history = old.placed, old.history
		if t == nil || len(t["thing_location"]) > 0 {
			if s.placed, err = readPlaced(tx); err != nil {
				return err
			}
		}
		if t == nil || len(t["historical_location"]) > 0 {
			if s.history, err = readHistory(tx); err != nil {
				return err
			}
		}
		var featured int
		if err := tx.QueryRow("select count(*) from (select 1 from observation_feature limit 1) as any_row").Scan(&featured); err != nil {
			return err
		}
		c.featured.Store(featured > 0)
		return nil
	})
	if err != nil {
		return fmt.Errorf("refresh the catalog in memory: %w", err)
	}
	s.build()
	c.define(old, s, t == nil)
	c.stale = false
	c.snapshot.Store(s)
	return nil
}

// Numeric reports whether the results of a Datastream are numbers, which are
// kept as series; others are kept as texts.
func Numeric(d *sensing.Datastream) bool {
	switch d.ObservationType {
	case OMMeasurement, OMCount, "":
		return true
	}
	return false
}

// The observation types of SensorThings (OGC O&M).
const (
	OMMeasurement = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
	OMCount       = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_CountObservation"
	OMCategory    = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_CategoryObservation"
	OMTruth       = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_TruthObservation"
	OMAny         = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Observation"
)

// define declares the Datastreams that are new or whose labels changed. One
// that the series refuses (its data are there under another resolution) must
// not keep the others from working: it is said in the log, and its readings
// are rejected by name.
func (c *Catalog) define(old, s *Snapshot, all bool) {
	for id, d := range s.datastreams {
		if !Numeric(d) || (!all && old.datastreams[id] == d && old.things[d.ThingID] == s.things[d.ThingID]) {
			continue
		}
		if err := c.series.Define(meta(s, d)); err != nil {
			c.log.Error("a datastream cannot be stored", "datastream", id, "error", err)
		}
	}
}

func meta(s *Snapshot, d *sensing.Datastream) series.Meta {
	labels := map[string]string{"thing": d.ThingID, "unit": d.Unit.Symbol, "source": d.SourceID}
	if t := s.things[d.ThingID]; t != nil {
		labels["name"] = t.Name
		for _, k := range []string{"unit_code", "kind"} {
			if v, ok := t.Properties[k].(string); ok {
				labels[k] = v
			}
		}
	}
	maps.DeleteFunc(labels, func(_, v string) bool { return v == "" })
	return series.Meta{ID: d.ID, Metric: d.ObservedPropertyID, Labels: labels, Resolution: d.Resolution, Rhythm: d.Rhythm}
}
