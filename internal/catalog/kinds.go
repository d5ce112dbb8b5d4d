package catalog

import (
	"encoding/json"
	"time"

	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/store"
)

var thingKind = &kind[sensing.Thing]{
	table: "thing",
	cols:  []string{"name", "name_search", "name_sort", "description", "properties"},
	id:    func(t *sensing.Thing) *string { return &t.ID },
	row: func(t *sensing.Thing) ([]any, error) {
		p, err := properties(t.Properties)
		return append(named(t.Name, t.Description), p), err
	},
	scan: func(scan store.Scan) (*sensing.Thing, error) {
		var t sensing.Thing
		var search, order, p string
		if err := scan(&t.ID, &t.Name, &search, &order, &t.Description, &p); err != nil {
			return nil, err
		}
		var err error
		t.Properties, err = parseProperties(p)
		return &t, err
	},
	check: checkThing,
}

var locationKind = &kind[sensing.Location]{
	table: "location",
	cols:  []string{"name", "name_search", "name_sort", "description", "encoding_type", "geometry", "lon", "lat", "properties"},
	id:    func(l *sensing.Location) *string { return &l.ID },
	row: func(l *sensing.Location) ([]any, error) {
		p, err := properties(l.Properties)
		var lon, lat any
		if at, ok := centre(l.Geometry); ok {
			lon, lat = at.Lon(), at.Lat()
		}
		return append(named(l.Name, l.Description), l.EncodingType, string(l.Geometry), lon, lat, p), err
	},
	scan: func(scan store.Scan) (*sensing.Location, error) {
		var l sensing.Location
		var search, order, geometry, p string
		var lon, lat *float64
		if err := scan(&l.ID, &l.Name, &search, &order, &l.Description, &l.EncodingType, &geometry, &lon, &lat, &p); err != nil {
			return nil, err
		}
		l.Geometry = json.RawMessage(geometry)
		var err error
		l.Properties, err = parseProperties(p)
		return &l, err
	},
	check: checkLocation,
}

var sensorKind = &kind[sensing.Sensor]{
	table: "sensor",
	cols:  []string{"name", "name_search", "name_sort", "description", "encoding_type", "metadata", "properties"},
	id:    func(s *sensing.Sensor) *string { return &s.ID },
	row: func(s *sensing.Sensor) ([]any, error) {
		p, err := properties(s.Properties)
		if err != nil {
			return nil, err
		}
		metadata, err := json.Marshal(s.Metadata)
		return append(named(s.Name, s.Description), s.EncodingType, string(metadata), p), err
	},
	scan: func(scan store.Scan) (*sensing.Sensor, error) {
		var s sensing.Sensor
		var search, order, metadata, p string
		if err := scan(&s.ID, &s.Name, &search, &order, &s.Description, &s.EncodingType, &metadata, &p); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(metadata), &s.Metadata); err != nil {
			return nil, err
		}
		var err error
		s.Properties, err = parseProperties(p)
		return &s, err
	},
	check: checkSensor,
}

var propertyKind = &kind[sensing.ObservedProperty]{
	table: "observed_property",
	cols:  []string{"name", "name_search", "name_sort", "description", "definition", "properties"},
	id:    func(o *sensing.ObservedProperty) *string { return &o.ID },
	row: func(o *sensing.ObservedProperty) ([]any, error) {
		p, err := properties(o.Properties)
		return append(named(o.Name, o.Description), o.Definition, p), err
	},
	scan: func(scan store.Scan) (*sensing.ObservedProperty, error) {
		var o sensing.ObservedProperty
		var search, order, p string
		if err := scan(&o.ID, &o.Name, &search, &order, &o.Description, &o.Definition, &p); err != nil {
			return nil, err
		}
		var err error
		o.Properties, err = parseProperties(p)
		return &o, err
	},
	check: checkObservedProperty,
}

var datastreamKind = &kind[sensing.Datastream]{
	table: "datastream",
	cols: []string{"name", "name_search", "name_sort", "description", "observation_type",
		"unit_name", "unit_symbol", "unit_definition", "thing_id", "sensor_id", "observed_property_id",
		"source_id", "source_key", "resolution", "rhythm", "properties"},
	id: func(d *sensing.Datastream) *string { return &d.ID },
	row: func(d *sensing.Datastream) ([]any, error) {
		p, err := properties(d.Properties)
		return append(named(d.Name, d.Description), d.ObservationType,
			d.Unit.Name, d.Unit.Symbol, d.Unit.Definition, d.ThingID, d.SensorID, d.ObservedPropertyID,
			d.SourceID, d.Key, d.Resolution, d.Rhythm.Microseconds(), p), err
	},
	scan: func(scan store.Scan) (*sensing.Datastream, error) {
		var d sensing.Datastream
		var search, order, p string
		var rhythm int64
		if err := scan(&d.ID, &d.Name, &search, &order, &d.Description, &d.ObservationType,
			&d.Unit.Name, &d.Unit.Symbol, &d.Unit.Definition, &d.ThingID, &d.SensorID, &d.ObservedPropertyID,
			&d.SourceID, &d.Key, &d.Resolution, &rhythm, &p); err != nil {
			return nil, err
		}
		d.Rhythm = time.Duration(rhythm) * time.Microsecond
		var err error
		d.Properties, err = parseProperties(p)
		return &d, err
	},
	check: checkDatastream,
}

var featureKind = &kind[sensing.FeatureOfInterest]{
	table: "feature_of_interest",
	cols:  []string{"name", "name_search", "name_sort", "description", "encoding_type", "feature", "properties"},
	id:    func(f *sensing.FeatureOfInterest) *string { return &f.ID },
	row: func(f *sensing.FeatureOfInterest) ([]any, error) {
		p, err := properties(f.Properties)
		return append(named(f.Name, f.Description), f.EncodingType, string(f.Feature), p), err
	},
	scan: func(scan store.Scan) (*sensing.FeatureOfInterest, error) {
		var f sensing.FeatureOfInterest
		var search, order, feature, p string
		if err := scan(&f.ID, &f.Name, &search, &order, &f.Description, &f.EncodingType, &feature, &p); err != nil {
			return nil, err
		}
		f.Feature = json.RawMessage(feature)
		var err error
		f.Properties, err = parseProperties(p)
		return &f, err
	},
	check: checkFeature,
}
