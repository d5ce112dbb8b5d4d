package catalog

import (
	"context"
	"encoding/json"
	"fmt"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/sensing"
)

// Station is a Thing with all that belongs to it, as an inventory lists it.
type Station struct {
	Thing sensing.Thing
	// Location is where the Thing is. With an empty id it is made from Lon
	// and Lat and takes the Thing's id and name.
	Location sensing.Location
	Lon, Lat float64 // degrees, WGS 84
	// Datastreams need not name their Thing. A SensorID or ObservedPropertyID
	// may be one of the lists below, one that exists, or one of Shipped.
	Datastreams        []sensing.Datastream
	Sensors            []sensing.Sensor
	ObservedProperties []sensing.ObservedProperty
}

// Apply brings the register to the state of an inventory: what is missing is
// created, what differs is changed, what is the same is not written. It
// deletes nothing.
func (c *Catalog) Apply(ctx context.Context, actor access.Actor, stations ...Station) error {
	return c.Edit(ctx, actor, func(e *Edit) error {
		a := applier{e: e, seen: map[string]bool{}}
		for i := range stations {
			if err := a.station(stations[i]); err != nil {
				return fmt.Errorf("station %s: %w", stations[i].Thing.ID, err)
			}
		}
		return nil
	})
}

// applier remembers which shared entities of this inventory are done.
type applier struct {
	e    *Edit
	seen map[string]bool
}

func (a *applier) once(table, id string) bool {
	key := table + "/" + id
	if a.seen[key] {
		return false
	}
	a.seen[key] = true
	return true
}

func upsert[T any](a *applier, k *kind[T], v T) error {
	id := *k.id(&v)
	if !a.once(k.table, id) {
		return nil
	}
	before, err := k.get(a.e.tx, id)
	if err != nil {
		return err
	}
	if before == nil {
		return create(a.e, k, &v)
	}
	_, err = patch(a.e, k, id, func(now *T) error { *now = v; return nil })
	return err
}

func (a *applier) station(s Station) error {
	if err := upsert(a, thingKind, s.Thing); err != nil {
		return err
	}
	if s.Location.ID == "" {
		point, err := json.Marshal(map[string]any{"type": "Point", "coordinates": []float64{s.Lon, s.Lat}})
		if err != nil {
			return fmt.Errorf("place: %w", err)
		}
		s.Location = sensing.Location{ID: s.Thing.ID, Name: s.Thing.Name, Description: s.Thing.Description,
			EncodingType: "application/geo+json", Geometry: point}
	}
	if err := upsert(a, locationKind, s.Location); err != nil {
		return err
	}
	if err := a.e.Place(s.Thing.ID, []string{s.Location.ID}); err != nil {
		return err
	}
	for _, v := range s.Sensors {
		if err := upsert(a, sensorKind, v); err != nil {
			return err
		}
	}
	for _, v := range s.ObservedProperties {
		if err := upsert(a, propertyKind, v); err != nil {
			return err
		}
	}
	for _, d := range s.Datastreams {
		if d.ThingID == "" {
			d.ThingID = s.Thing.ID
		}
		if d.ObservationType == "" {
			d.ObservationType = OMMeasurement
		}
		if p, ok := Shipped(d.ObservedPropertyID); ok {
			if err := a.ship(p); err != nil {
				return err
			}
		}
		if err := a.datastream(d); err != nil {
			return err
		}
	}
	return nil
}

// ship creates a shipped property that is missing; an existing one is the
// city's own to change.
func (a *applier) ship(p sensing.ObservedProperty) error {
	if !a.once(propertyKind.table, p.ID) {
		return nil
	}
	before, err := propertyKind.get(a.e.tx, p.ID)
	if err != nil || before != nil {
		return err
	}
	return create(a.e, propertyKind, &p)
}

func (a *applier) datastream(d sensing.Datastream) error {
	before, err := datastreamKind.get(a.e.tx, d.ID)
	if err != nil {
		return err
	}
	if before == nil {
		return a.e.CreateDatastream(&d)
	}
	_, err = a.e.PatchDatastream(d.ID, func(now *sensing.Datastream) error { *now = d; return nil })
	return err
}

// Shipped returns the observed property of that id if it is one that every
// city has.
func Shipped(id string) (sensing.ObservedProperty, bool) {
	for _, p := range shipped {
		if p.ID == id {
			return p, true
		}
	}
	return sensing.ObservedProperty{}, false
}

var shipped = []sensing.ObservedProperty{
	{ID: sensing.Rain, Name: "Lượng mưa", Definition: "http://vocab.nerc.ac.uk/standard_name/thickness_of_rainfall_amount/",
		Description: "Mưa rơi kể từ lần đo trước (rain fallen since the previous reading), mm"},
	{ID: sensing.WaterLevel, Name: "Mực nước", Definition: "http://vocab.nerc.ac.uk/standard_name/water_surface_height_above_reference_datum/",
		Description: "Mực nước sông hoặc triều so với mốc trạm (level above the gauge's datum), m"},
	{ID: sensing.FloodDepth, Name: "Độ sâu ngập", Definition: "http://vocab.nerc.ac.uk/standard_name/flood_water_thickness/",
		Description: "Độ sâu nước trên mặt đường (depth of water above the street), m"},
	{ID: sensing.ReservoirLevel, Name: "Mực nước hồ", Definition: "http://vocab.nerc.ac.uk/standard_name/lake_surface_height/",
		Description: "Mực nước hồ chứa so với mốc (reservoir level above its datum), m"},
}
