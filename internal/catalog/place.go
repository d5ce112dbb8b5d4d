package catalog

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"openioc.org/ioc/internal/geo"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

// centre returns the middle of a GeoJSON geometry (or Feature); ok is false
// when it is none or when a coordinate is no longitude or latitude.
func centre(raw json.RawMessage) (at geo.Point, ok bool) {
	g, err := geo.ParseGeoJSON(raw)
	if err != nil {
		return at, false
	}
	b := geo.BoxOf(g)
	if b.Empty() || !(b.West >= -180 && b.East <= 180 && b.South >= -90 && b.North <= 90) {
		return at, false
	}
	return b.Centre(), true
}

func readPlaced(tx *store.Tx) (map[string][]string, error) {
	type pair struct{ thing, location string }
	pairs, err := store.All(tx, func(scan store.Scan) (p pair, err error) {
		return p, scan(&p.thing, &p.location)
	}, "select thing_id, location_id from thing_location order by thing_id, position, location_id")
	if err != nil {
		return nil, fmt.Errorf("read the places of things: %w", err)
	}
	out := map[string][]string{}
	for _, p := range pairs {
		out[p.thing] = append(out[p.thing], p.location)
	}
	return out, nil
}

func readHistory(tx *store.Tx) (map[string]*HistoricalLocation, error) {
	rows, err := store.All(tx, func(scan store.Scan) (h HistoricalLocation, err error) {
		var micros int64
		var location string
		if err := scan(&h.ID, &micros, &h.ThingID, &location); err != nil {
			return h, err
		}
		h.Time = store.FromMicros(micros)
		if location != "" {
			h.LocationIDs = []string{location}
		}
		return h, nil
	}, `select h.id, h.time, h.thing_id, coalesce(l.location_id, '')
		from historical_location h left join historical_location_location l on l.historical_id = h.id
		order by h.id, l.location_id`)
	if err != nil {
		return nil, fmt.Errorf("read the history of places: %w", err)
	}
	out := map[string]*HistoricalLocation{}
	for _, h := range rows {
		if first := out[h.ID]; first != nil {
			first.LocationIDs = append(first.LocationIDs, h.LocationIDs...)
		} else {
			out[h.ID] = &h
		}
	}
	return out, nil
}

// Place says that a Thing is at these Locations from now on, and keeps that in
// its history. Being there already changes nothing.
func (e *Edit) Place(thing string, locations []string) error {
	now, err := e.ids("select location_id from thing_location where thing_id = $1 order by position, location_id", thing)
	if err != nil {
		return err
	}
	if slices.Equal(now, locations) {
		return nil
	}
	if err := e.place(thing, locations); err != nil {
		return err
	}
	if len(locations) == 0 {
		return nil
	}
	return e.remember(&HistoricalLocation{Time: e.tx.Now, ThingID: thing, LocationIDs: locations})
}

func (e *Edit) place(thing string, locations []string) error {
	if err := e.need("thing", []string{thing}, "Thing"); err != nil {
		return err
	}
	if err := e.need("location", locations, "Locations"); err != nil {
		return err
	}
	if _, err := e.tx.Exec("delete from thing_location where thing_id = $1", thing); err != nil {
		return err
	}
	for i, l := range locations {
		if _, err := e.tx.Exec("insert into thing_location (thing_id, location_id, position) values ($1, $2, $3) on conflict do nothing", thing, l, i); err != nil {
			return fmt.Errorf("place thing %s at %s: %w", thing, l, err)
		}
	}
	e.emit("thing", "placed", thing, nil, map[string]any{"thing": thing, "locations": locations})
	e.touched.add("thing_location", thing)
	return nil
}

// need checks that the rows exist which an entity points to by path.
func (e *Edit) need(table string, ids []string, path string) error {
	p := problems{entity: table}
	for _, id := range ids {
		found, err := e.ids("select id from "+table+" where id = $1", id)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			p.add(path, errUnknown.With("entity", table, "id", id))
		}
	}
	return p.err()
}

func (e *Edit) remember(h *HistoricalLocation) error {
	if h.ID == "" {
		h.ID = uid.New(e.tx.Now)
	}
	if !ValidID(h.ID) {
		return errInvalid.With("entity", "historical_location").At("@iot.id", errID.With())
	}
	_, err := e.tx.Exec("insert into historical_location (id, time, thing_id) values ($1, $2, $3)", h.ID, store.Micros(h.Time), h.ThingID)
	if store.IsUnique(err) {
		return errExists.With("entity", "historical_location", "id", h.ID).Because(err)
	}
	if err != nil {
		return fmt.Errorf("create historical_location %s: %w", h.ID, err)
	}
	for _, l := range h.LocationIDs {
		if _, err := e.tx.Exec("insert into historical_location_location (historical_id, location_id) values ($1, $2) on conflict do nothing", h.ID, l); err != nil {
			return fmt.Errorf("create historical_location %s: %w", h.ID, err)
		}
	}
	kept := *h
	e.emit("historical_location", "created", h.ID, nil, &kept)
	e.touched.add("historical_location", h.ID)
	return nil
}

// CreateHistoricalLocation adds to a Thing's history. One that is not older
// than all others says where the Thing is now.
func (e *Edit) CreateHistoricalLocation(h *HistoricalLocation) error {
	if err := e.need("thing", []string{h.ThingID}, "Thing"); err != nil {
		return err
	}
	if err := e.need("location", h.LocationIDs, "Locations"); err != nil {
		return err
	}
	newer, err := e.ids("select id from historical_location where thing_id = $1 and time > $2", h.ThingID, store.Micros(h.Time))
	if err != nil {
		return err
	}
	if err := e.remember(h); err != nil || len(newer) > 0 {
		return err
	}
	return e.place(h.ThingID, h.LocationIDs)
}

// MoveHistoricalLocation changes the instant of a HistoricalLocation.
func (e *Edit) MoveHistoricalLocation(id string, t time.Time) error {
	n, err := e.tx.Exec("update historical_location set time = $2 where id = $1", id, store.Micros(t))
	if err != nil {
		return err
	}
	if n == 0 {
		return errNotFound.With("entity", "historical_location", "id", id)
	}
	e.emit("historical_location", "changed", id, nil, map[string]any{"time": t})
	e.touched.add("historical_location", id)
	return nil
}

// DeleteHistoricalLocation deletes one entry of a Thing's history.
func (e *Edit) DeleteHistoricalLocation(id string) error {
	n, err := e.tx.Exec("delete from historical_location where id = $1", id)
	if err != nil {
		return err
	}
	if n == 0 {
		return errNotFound.With("entity", "historical_location", "id", id)
	}
	e.emit("historical_location", "deleted", id, nil, nil)
	e.touched.add("historical_location", id)
	return nil
}
