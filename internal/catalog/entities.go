package catalog

import (
	"context"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/store"
)

// CreateThing adds a Thing at the given Locations; an empty id is filled in.
func (e *Edit) CreateThing(t *sensing.Thing, locations ...string) error {
	if err := create(e, thingKind, t); err != nil || len(locations) == 0 {
		return err
	}
	return e.Place(t.ID, locations)
}

// PatchThing changes a Thing by change.
func (e *Edit) PatchThing(id string, change func(*sensing.Thing) error) (*sensing.Thing, error) {
	return patch(e, thingKind, id, change)
}

// DeleteThing deletes a Thing with its history of places and its Datastreams.
func (e *Edit) DeleteThing(id string) error {
	if err := e.deleteDatastreams("thing_id", id); err != nil {
		return err
	}
	e.touched.add("thing_location", id)
	e.touched.add("historical_location", id)
	return remove(e, thingKind, id)
}

// CreateLocation adds a Location.
func (e *Edit) CreateLocation(l *sensing.Location) error { return create(e, locationKind, l) }

// PatchLocation changes a Location by change.
func (e *Edit) PatchLocation(id string, change func(*sensing.Location) error) (*sensing.Location, error) {
	return patch(e, locationKind, id, change)
}

// DeleteLocation deletes a Location and the HistoricalLocations at it.
func (e *Edit) DeleteLocation(id string) error {
	history, err := e.ids("select historical_id from historical_location_location where location_id = $1", id)
	if err != nil {
		return err
	}
	for _, h := range history {
		if err := e.DeleteHistoricalLocation(h); err != nil {
			return err
		}
	}
	e.touched.add("thing_location", id)
	return remove(e, locationKind, id)
}

// CreateSensor adds a Sensor.
func (e *Edit) CreateSensor(s *sensing.Sensor) error { return create(e, sensorKind, s) }

// PatchSensor changes a Sensor by change.
func (e *Edit) PatchSensor(id string, change func(*sensing.Sensor) error) (*sensing.Sensor, error) {
	return patch(e, sensorKind, id, change)
}

// DeleteSensor deletes a Sensor with its Datastreams.
func (e *Edit) DeleteSensor(id string) error {
	if err := e.deleteDatastreams("sensor_id", id); err != nil {
		return err
	}
	return remove(e, sensorKind, id)
}

// CreateObservedProperty adds an ObservedProperty; its id is the name of the
// metric in PromQL.
func (e *Edit) CreateObservedProperty(o *sensing.ObservedProperty) error {
	return create(e, propertyKind, o)
}

// PatchObservedProperty changes an ObservedProperty by change.
func (e *Edit) PatchObservedProperty(id string, change func(*sensing.ObservedProperty) error) (*sensing.ObservedProperty, error) {
	return patch(e, propertyKind, id, change)
}

// DeleteObservedProperty deletes an ObservedProperty with its Datastreams.
func (e *Edit) DeleteObservedProperty(id string) error {
	if err := e.deleteDatastreams("observed_property_id", id); err != nil {
		return err
	}
	return remove(e, propertyKind, id)
}

// CreateFeature adds a FeatureOfInterest. Its id may not be that of a
// Location, which stands for a feature of its own.
func (e *Edit) CreateFeature(f *sensing.FeatureOfInterest) error {
	if f.ID != "" {
		if l, err := locationKind.get(e.tx, f.ID); err != nil {
			return err
		} else if l != nil {
			return errExists.With("entity", featureKind.table, "id", f.ID)
		}
	}
	return create(e, featureKind, f)
}

// PatchFeature changes a FeatureOfInterest that was created as such.
func (e *Edit) PatchFeature(id string, change func(*sensing.FeatureOfInterest) error) (*sensing.FeatureOfInterest, error) {
	return patch(e, featureKind, id, change)
}

// DeleteFeature deletes a FeatureOfInterest that was created as such; the
// observations that named it are about the place of their Thing again.
func (e *Edit) DeleteFeature(id string) error { return remove(e, featureKind, id) }

// CreateDatastream adds a Datastream; its Thing, Sensor and ObservedProperty
// must exist.
func (e *Edit) CreateDatastream(d *sensing.Datastream) error {
	if d.ObservationType == "" {
		d.ObservationType = OMMeasurement
	}
	if gone, err := e.ids("select id from datastream_gone where id = $1", d.ID); err != nil {
		return err
	} else if len(gone) > 0 { // its observations are still being deleted
		return errExists.With("entity", datastreamKind.table, "id", d.ID)
	}
	if err := e.references(d); err != nil {
		return err
	}
	if err := create(e, datastreamKind, d); err != nil {
		return err
	}
	// The series must be able to take what is created; after the commit it
	// would be too late to refuse. Its labels follow then.
	if Numeric(d) {
		return e.series.Define(series.Meta{ID: d.ID, Metric: d.ObservedPropertyID, Resolution: d.Resolution, Rhythm: d.Rhythm})
	}
	return nil
}

// PatchDatastream changes a Datastream by change; its resolution is fixed.
func (e *Edit) PatchDatastream(id string, change func(*sensing.Datastream) error) (*sensing.Datastream, error) {
	return patch(e, datastreamKind, id, func(d *sensing.Datastream) error {
		resolution, numeric := d.Resolution, Numeric(d)
		if err := change(d); err != nil {
			return err
		}
		if d.Resolution != resolution || Numeric(d) != numeric {
			return errResolution.With("id", id)
		}
		return e.references(d)
	})
}

// DeleteDatastream deletes a Datastream with its observations.
func (e *Edit) DeleteDatastream(id string) error {
	if err := remove(e, datastreamKind, id); err != nil {
		return err
	}
	e.gone = true
	_, err := e.tx.Exec("insert into datastream_gone (id) values ($1) on conflict do nothing", id)
	return err
}

func (e *Edit) deleteDatastreams(column, of string) error {
	ids, err := e.ids("select id from datastream where "+column+" = $1 order by id", of)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := e.DeleteDatastream(id); err != nil {
			return err
		}
	}
	return nil
}

// references checks what a Datastream points to, so that the error names the
// field; the database would only say that some key is foreign.
func (e *Edit) references(d *sensing.Datastream) error {
	p := problems{entity: datastreamKind.table}
	for _, ref := range []struct{ path, table, id string }{
		{"Thing", "thing", d.ThingID}, {"Sensor", "sensor", d.SensorID}, {"ObservedProperty", "observed_property", d.ObservedPropertyID},
	} {
		if ref.id == "" {
			continue // checkDatastream says that it is required
		}
		found, err := e.ids("select id from "+ref.table+" where id = $1", ref.id)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			p.add(ref.path, errUnknown.With("entity", ref.table, "id", ref.id))
		}
	}
	if d.Key != "" {
		taken, err := e.ids("select id from datastream where source_id = $1 and source_key = $2 and id <> $3", d.SourceID, d.Key, d.ID)
		if err != nil {
			return err
		}
		if len(taken) > 0 {
			p.add("key", errKeyTaken.With("source", d.SourceID, "key", d.Key))
		}
	}
	return p.err()
}

// forgetGone deletes the series of Datastreams that are deleted. Their ids
// were noted in the deleting transaction, so a crash between the two halves
// only delays the second one.
func (c *Catalog) forgetGone(ctx context.Context) error {
	var gone []string
	err := c.db.Read(ctx, func(tx *store.Tx) (err error) {
		gone, err = (&Edit{tx: tx}).ids("select id from datastream_gone order by id")
		return err
	})
	if err != nil || len(gone) == 0 {
		return err
	}
	for _, id := range gone {
		// One that holds texts, or was deleted before a crash, is unknown there.
		if err := c.series.Delete(ctx, id); err != nil && !fault.Is(err, series.ErrUnknown) {
			return err
		}
		if err := c.db.Housekeep(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec("delete from datastream_gone where id = $1", id)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// The functions below are each an Edit of one entity.

// CreateThing adds a Thing at the given Locations.
func (c *Catalog) CreateThing(ctx context.Context, actor access.Actor, t *sensing.Thing, locations ...string) error {
	return c.Edit(ctx, actor, func(e *Edit) error { return e.CreateThing(t, locations...) })
}

// CreateLocation adds a Location.
func (c *Catalog) CreateLocation(ctx context.Context, actor access.Actor, l *sensing.Location) error {
	return c.Edit(ctx, actor, func(e *Edit) error { return e.CreateLocation(l) })
}

// CreateSensor adds a Sensor.
func (c *Catalog) CreateSensor(ctx context.Context, actor access.Actor, s *sensing.Sensor) error {
	return c.Edit(ctx, actor, func(e *Edit) error { return e.CreateSensor(s) })
}

// CreateObservedProperty adds an ObservedProperty.
func (c *Catalog) CreateObservedProperty(ctx context.Context, actor access.Actor, o *sensing.ObservedProperty) error {
	return c.Edit(ctx, actor, func(e *Edit) error { return e.CreateObservedProperty(o) })
}

// CreateDatastream adds a Datastream.
func (c *Catalog) CreateDatastream(ctx context.Context, actor access.Actor, d *sensing.Datastream) error {
	return c.Edit(ctx, actor, func(e *Edit) error { return e.CreateDatastream(d) })
}

// PatchDatastream changes a Datastream by change.
func (c *Catalog) PatchDatastream(ctx context.Context, actor access.Actor, id string, change func(*sensing.Datastream) error) error {
	return c.Edit(ctx, actor, func(e *Edit) error {
		_, err := e.PatchDatastream(id, change)
		return err
	})
}

// DeleteThing deletes a Thing and what hangs on it.
func (c *Catalog) DeleteThing(ctx context.Context, actor access.Actor, id string) error {
	return c.Edit(ctx, actor, func(e *Edit) error { return e.DeleteThing(id) })
}

// DeleteDatastream deletes a Datastream with its observations.
func (c *Catalog) DeleteDatastream(ctx context.Context, actor access.Actor, id string) error {
	return c.Edit(ctx, actor, func(e *Edit) error { return e.DeleteDatastream(id) })
}
