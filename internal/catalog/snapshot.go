package catalog

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/sensing"
)

// HistoricalLocation says where a Thing was from an instant on.
type HistoricalLocation struct {
	ID          string
	Time        time.Time
	ThingID     string
	LocationIDs []string
}

// Snapshot is the whole register at one moment. It never changes; what it
// returns is shared and must not be written to.
type Snapshot struct {
	things      map[string]*sensing.Thing
	locations   map[string]*sensing.Location
	history     map[string]*HistoricalLocation
	sensors     map[string]*sensing.Sensor
	properties  map[string]*sensing.ObservedProperty
	datastreams map[string]*sensing.Datastream
	features    map[string]*sensing.FeatureOfInterest // stored ones
	placed      map[string][]string                   // thing → its locations, in order

	index
}

// index is what is derived from the tables of a Snapshot.
type index struct {
	thingList      []*sensing.Thing
	locationList   []*sensing.Location
	historyList    []*HistoricalLocation
	sensorList     []*sensing.Sensor
	propertyList   []*sensing.ObservedProperty
	datastreamList []*sensing.Datastream
	featureList    []*sensing.FeatureOfInterest

	allFeatures  map[string]*sensing.FeatureOfInterest
	thingsAt     map[string][]*sensing.Thing
	historyOf    map[string][]*HistoricalLocation // by thing
	historyAt    map[string][]*HistoricalLocation // by location
	byThing      map[string][]*sensing.Datastream
	bySensor     map[string][]*sensing.Datastream
	byProperty   map[string][]*sensing.Datastream
	bySourceKey  map[sourceKey]*sensing.Datastream
	placeOfThing map[string]place
}

type sourceKey struct{ source, key string }

type place struct {
	lon, lat float64
	unit     string
}

func sorted[T any](m map[string]*T) []*T {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	out := make([]*T, len(keys))
	for i, k := range keys {
		out[i] = m[k]
	}
	return out
}

// build derives the index from the tables.
func (s *Snapshot) build() {
	ix := index{
		thingList: sorted(s.things), locationList: sorted(s.locations), sensorList: sorted(s.sensors),
		propertyList: sorted(s.properties), datastreamList: sorted(s.datastreams), historyList: sorted(s.history),
		thingsAt: map[string][]*sensing.Thing{}, historyOf: map[string][]*HistoricalLocation{}, historyAt: map[string][]*HistoricalLocation{},
		byThing: map[string][]*sensing.Datastream{}, bySensor: map[string][]*sensing.Datastream{}, byProperty: map[string][]*sensing.Datastream{},
		bySourceKey: map[sourceKey]*sensing.Datastream{}, placeOfThing: map[string]place{},
		allFeatures: make(map[string]*sensing.FeatureOfInterest, len(s.features)+len(s.locations)),
	}
	for _, d := range ix.datastreamList {
		ix.byThing[d.ThingID] = append(ix.byThing[d.ThingID], d)
		ix.bySensor[d.SensorID] = append(ix.bySensor[d.SensorID], d)
		ix.byProperty[d.ObservedPropertyID] = append(ix.byProperty[d.ObservedPropertyID], d)
		if d.Key != "" {
			ix.bySourceKey[sourceKey{d.SourceID, d.Key}] = d
		}
	}
	for _, t := range ix.thingList {
		unit, _ := t.Properties["unit_code"].(string)
		for i, id := range s.placed[t.ID] {
			l := s.locations[id]
			if l == nil {
				continue
			}
			ix.thingsAt[id] = append(ix.thingsAt[id], t)
			if at, ok := centre(l.Geometry); ok && i == 0 {
				ix.placeOfThing[t.ID] = place{at.Lon(), at.Lat(), unit}
			}
		}
	}
	slices.SortFunc(ix.historyList, func(a, b *HistoricalLocation) int {
		return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.ID, b.ID))
	})
	for _, h := range ix.historyList {
		ix.historyOf[h.ThingID] = append(ix.historyOf[h.ThingID], h)
		for _, l := range h.LocationIDs {
			ix.historyAt[l] = append(ix.historyAt[l], h)
		}
	}
	for id, f := range s.features {
		ix.allFeatures[id] = f
	}
	for _, l := range ix.locationList {
		if _, stored := s.features[l.ID]; !stored {
			ix.allFeatures[l.ID] = FeatureOf(l)
		}
	}
	ix.featureList = sorted(ix.allFeatures)
	s.index = ix
}

// FeatureOf makes the feature of interest that a Location stands for: what is
// observed at a station is the place of the station. It has the Location's id.
func FeatureOf(l *sensing.Location) *sensing.FeatureOfInterest {
	return &sensing.FeatureOfInterest{ID: l.ID, Name: l.Name, Description: l.Description,
		EncodingType: l.EncodingType, Feature: l.Geometry, Properties: l.Properties}
}

// The lists are in the order of the ids.

// Things lists every Thing.
func (s *Snapshot) Things() []*sensing.Thing { return s.thingList }

// Locations lists every Location.
func (s *Snapshot) Locations() []*sensing.Location { return s.locationList }

// History lists every HistoricalLocation, oldest first.
func (s *Snapshot) History() []*HistoricalLocation { return s.historyList }

// Sensors lists every Sensor.
func (s *Snapshot) Sensors() []*sensing.Sensor { return s.sensorList }

// ObservedProperties lists every ObservedProperty.
func (s *Snapshot) ObservedProperties() []*sensing.ObservedProperty { return s.propertyList }

// Datastreams lists every Datastream.
func (s *Snapshot) Datastreams() []*sensing.Datastream { return s.datastreamList }

// Features lists every FeatureOfInterest, those that Locations stand for too.
func (s *Snapshot) Features() []*sensing.FeatureOfInterest { return s.featureList }

// Thing returns the Thing, nil if there is none; so do its sisters below.
func (s *Snapshot) Thing(id string) *sensing.Thing { return s.things[id] }

// Location returns one Location.
func (s *Snapshot) Location(id string) *sensing.Location { return s.locations[id] }

// HistoricalLocation returns one HistoricalLocation.
func (s *Snapshot) HistoricalLocation(id string) *HistoricalLocation { return s.history[id] }

// Sensor returns one Sensor.
func (s *Snapshot) Sensor(id string) *sensing.Sensor { return s.sensors[id] }

// ObservedProperty returns one ObservedProperty.
func (s *Snapshot) ObservedProperty(id string) *sensing.ObservedProperty { return s.properties[id] }

// Datastream returns one Datastream.
func (s *Snapshot) Datastream(id string) *sensing.Datastream { return s.datastreams[id] }

// Feature returns one FeatureOfInterest.
func (s *Snapshot) Feature(id string) *sensing.FeatureOfInterest { return s.allFeatures[id] }

// LocationsOf lists where a Thing is now, in the order they were given.
func (s *Snapshot) LocationsOf(thing string) []*sensing.Location {
	var out []*sensing.Location
	for _, id := range s.placed[thing] {
		if l := s.locations[id]; l != nil {
			out = append(out, l)
		}
	}
	return out
}

// ThingsAt lists the Things that are at a Location now.
func (s *Snapshot) ThingsAt(location string) []*sensing.Thing { return s.thingsAt[location] }

// HistoryOf lists where a Thing was, oldest first.
func (s *Snapshot) HistoryOf(thing string) []*HistoricalLocation { return s.historyOf[thing] }

// HistoryAt lists which Things were at a Location, oldest first.
func (s *Snapshot) HistoryAt(location string) []*HistoricalLocation { return s.historyAt[location] }

// DatastreamsOf lists the Datastreams of a Thing.
func (s *Snapshot) DatastreamsOf(thing string) []*sensing.Datastream { return s.byThing[thing] }

// DatastreamsBySensor lists the Datastreams of a Sensor.
func (s *Snapshot) DatastreamsBySensor(sensor string) []*sensing.Datastream {
	return s.bySensor[sensor]
}

// DatastreamsByProperty lists the Datastreams of an ObservedProperty.
func (s *Snapshot) DatastreamsByProperty(property string) []*sensing.Datastream {
	return s.byProperty[property]
}

// FeatureOfDatastream is what a Datastream's observations are about unless
// one of them says otherwise: the first Location of its Thing; nil if the
// Thing has none.
func (s *Snapshot) FeatureOfDatastream(d *sensing.Datastream) *sensing.FeatureOfInterest {
	for _, id := range s.placed[d.ThingID] {
		if f := s.allFeatures[id]; f != nil {
			return f
		}
	}
	return nil
}
