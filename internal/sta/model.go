package sta

import (
	"time"

	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/geo"
	"openioc.org/ioc/internal/sensing"
)

// class is what is known of a value before it is computed, for the faults of
// a filter that cannot mean anything.
type class uint8

const (
	anything class = iota
	boolean
	number
	text
	instant // times, dates, intervals
	span    // durations
	shape
)

// entity is one sort of SensorThings entity. Its members are pointers to
// values of package sensing (or catalog.HistoricalLocation, or observation).
type entity struct {
	name, set string
	props     []property
	navs      []navigation
	id        func(any) string
}

type property struct {
	name string
	class
	get func(r *run, v any) any
	// extra properties cost something and are only told when selected.
	extra bool
}

// navigation leads to other entities.
type navigation struct {
	name string
	to   *entity
	many bool
	// get lists the targets; a Datastream's or FeatureOfInterest's
	// Observations come from scope instead.
	get   func(r *run, v any) []any
	scope func(r *run, v any) (scope, error)
}

func (e *entity) prop(name string) *property {
	for i := range e.props {
		if e.props[i].name == name {
			return &e.props[i]
		}
	}
	return nil
}

func (e *entity) nav(name string) *navigation {
	for i := range e.navs {
		if e.navs[i].name == name {
			return &e.navs[i]
		}
	}
	return nil
}

// entities are the sorts by the names of their sets, in the order of the
// service root.
type model struct {
	things, locations, history, datastreams, sensors, properties, observations, features *entity
	sets                                                                                 []*entity
}

func (m *model) set(name string) *entity {
	for _, e := range m.sets {
		if e.set == name {
			return e
		}
	}
	return nil
}

func anys[T any](list []*T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

func one[T any](v *T) []any {
	if v == nil {
		return nil
	}
	return []any{v}
}

// get makes an accessor of one type of entity.
func get[T any](f func(*T) any) func(*run, any) any {
	return func(_ *run, v any) any { return f(v.(*T)) }
}

func to[T any](f func(s *catalog.Snapshot, v *T) []any) func(*run, any) []any {
	return func(r *run, v any) []any { return f(r.snap, v.(*T)) }
}

func named[T any](id func(*T) string, name, description func(*T) any) []property {
	return []property{
		{name: "@iot.id", class: text, get: func(_ *run, v any) any { return id(v.(*T)) }},
		{name: "name", class: text, get: get(name)},
		{name: "description", class: text, get: get(description)},
	}
}

func bag(m map[string]any) any {
	if len(m) == 0 {
		return nil
	}
	return m
}

func newModel() *model {
	m := &model{
		things: &entity{name: "Thing", set: "Things"}, locations: &entity{name: "Location", set: "Locations"},
		history:     &entity{name: "HistoricalLocation", set: "HistoricalLocations"},
		datastreams: &entity{name: "Datastream", set: "Datastreams"}, sensors: &entity{name: "Sensor", set: "Sensors"},
		properties:   &entity{name: "ObservedProperty", set: "ObservedProperties"},
		observations: &entity{name: "Observation", set: "Observations"},
		features:     &entity{name: "FeatureOfInterest", set: "FeaturesOfInterest"},
	}
	m.sets = []*entity{m.things, m.locations, m.history, m.datastreams, m.sensors, m.observations, m.properties, m.features}
	m.describe()
	m.connect()
	return m
}

func (m *model) describe() {
	m.things.id = func(v any) string { return v.(*sensing.Thing).ID }
	m.things.props = append(named(func(t *sensing.Thing) string { return t.ID },
		func(t *sensing.Thing) any { return t.Name }, func(t *sensing.Thing) any { return t.Description }),
		property{name: "properties", get: get(func(t *sensing.Thing) any { return bag(t.Properties) })})

	m.locations.id = func(v any) string { return v.(*sensing.Location).ID }
	m.locations.props = append(named(func(l *sensing.Location) string { return l.ID },
		func(l *sensing.Location) any { return l.Name }, func(l *sensing.Location) any { return l.Description }),
		property{name: "encodingType", class: text, get: get(func(l *sensing.Location) any { return l.EncodingType })},
		property{name: "location", class: shape, get: get(func(l *sensing.Location) any { return rawShape(l.Geometry) })},
		property{name: "properties", get: get(func(l *sensing.Location) any { return bag(l.Properties) })})

	m.history.id = func(v any) string { return v.(*catalog.HistoricalLocation).ID }
	m.history.props = []property{
		{name: "@iot.id", class: text, get: get(func(h *catalog.HistoricalLocation) any { return h.ID })},
		{name: "time", class: instant, get: get(func(h *catalog.HistoricalLocation) any { return h.Time })},
	}

	m.sensors.id = func(v any) string { return v.(*sensing.Sensor).ID }
	m.sensors.props = append(named(func(s *sensing.Sensor) string { return s.ID },
		func(s *sensing.Sensor) any { return s.Name }, func(s *sensing.Sensor) any { return s.Description }),
		property{name: "encodingType", class: text, get: get(func(s *sensing.Sensor) any { return s.EncodingType })},
		property{name: "metadata", get: get(func(s *sensing.Sensor) any { return s.Metadata })},
		property{name: "properties", get: get(func(s *sensing.Sensor) any { return bag(s.Properties) })})

	m.properties.id = func(v any) string { return v.(*sensing.ObservedProperty).ID }
	m.properties.props = append(named(func(o *sensing.ObservedProperty) string { return o.ID },
		func(o *sensing.ObservedProperty) any { return o.Name }, func(o *sensing.ObservedProperty) any { return o.Description }),
		property{name: "definition", class: text, get: get(func(o *sensing.ObservedProperty) any { return o.Definition })},
		property{name: "properties", get: get(func(o *sensing.ObservedProperty) any { return bag(o.Properties) })})

	m.features.id = func(v any) string { return v.(*sensing.FeatureOfInterest).ID }
	m.features.props = append(named(func(f *sensing.FeatureOfInterest) string { return f.ID },
		func(f *sensing.FeatureOfInterest) any { return f.Name }, func(f *sensing.FeatureOfInterest) any { return f.Description }),
		property{name: "encodingType", class: text, get: get(func(f *sensing.FeatureOfInterest) any { return f.EncodingType })},
		property{name: "feature", class: shape, get: get(func(f *sensing.FeatureOfInterest) any { return rawShape(f.Feature) })},
		property{name: "properties", get: get(func(f *sensing.FeatureOfInterest) any { return bag(f.Properties) })})

	m.datastreams.id = func(v any) string { return v.(*sensing.Datastream).ID }
	m.datastreams.props = append(named(func(d *sensing.Datastream) string { return d.ID },
		func(d *sensing.Datastream) any { return d.Name }, func(d *sensing.Datastream) any { return d.Description }),
		property{name: "observationType", class: text, get: get(func(d *sensing.Datastream) any { return d.ObservationType })},
		property{name: "unitOfMeasurement", get: get(func(d *sensing.Datastream) any { return unitOf(d) })},
		property{name: "properties", get: get(func(d *sensing.Datastream) any { return bag(datastreamProperties(d)) })},
		property{name: "observedArea", class: shape, extra: true, get: func(r *run, v any) any { return r.observedArea(v.(*sensing.Datastream)) }},
		property{name: "phenomenonTime", class: instant, extra: true, get: func(r *run, v any) any { return r.phenomenonTime(v.(*sensing.Datastream)) }},
	)

	m.observations.id = func(v any) string { return v.(*observation).id() }
	m.observations.props = []property{
		{name: "@iot.id", class: text, get: get(func(o *observation) any { return o.id() })},
		{name: "phenomenonTime", class: instant, get: get(func(o *observation) any { return o.time() })},
		{name: "resultTime", class: instant, get: get(func(o *observation) any { return time.UnixMilli(o.received).UTC() })},
		{name: "result", get: get(func(o *observation) any { return o.result() })},
		{name: "resultQuality", get: get(func(o *observation) any { return o.quality() })},
		{name: "validTime", class: instant, extra: true, get: get(func(o *observation) any { return nil })},
		{name: "parameters", get: func(r *run, v any) any { return r.parameters(v.(*observation)) }},
	}
}

func (m *model) connect() {
	m.things.navs = []navigation{
		{name: "Datastreams", to: m.datastreams, many: true, get: to(func(s *catalog.Snapshot, t *sensing.Thing) []any { return anys(s.DatastreamsOf(t.ID)) })},
		{name: "Locations", to: m.locations, many: true, get: to(func(s *catalog.Snapshot, t *sensing.Thing) []any { return anys(s.LocationsOf(t.ID)) })},
		{name: "HistoricalLocations", to: m.history, many: true, get: to(func(s *catalog.Snapshot, t *sensing.Thing) []any { return anys(s.HistoryOf(t.ID)) })},
	}
	m.locations.navs = []navigation{
		{name: "Things", to: m.things, many: true, get: to(func(s *catalog.Snapshot, l *sensing.Location) []any { return anys(s.ThingsAt(l.ID)) })},
		{name: "HistoricalLocations", to: m.history, many: true, get: to(func(s *catalog.Snapshot, l *sensing.Location) []any { return anys(s.HistoryAt(l.ID)) })},
	}
	m.history.navs = []navigation{
		{name: "Thing", to: m.things, get: to(func(s *catalog.Snapshot, h *catalog.HistoricalLocation) []any { return one(s.Thing(h.ThingID)) })},
		{name: "Locations", to: m.locations, many: true, get: to(func(s *catalog.Snapshot, h *catalog.HistoricalLocation) []any {
			var out []any
			for _, id := range h.LocationIDs {
				out = append(out, one(s.Location(id))...)
			}
			return out
		})},
	}
	m.datastreams.navs = []navigation{
		{name: "Thing", to: m.things, get: to(func(s *catalog.Snapshot, d *sensing.Datastream) []any { return one(s.Thing(d.ThingID)) })},
		{name: "Sensor", to: m.sensors, get: to(func(s *catalog.Snapshot, d *sensing.Datastream) []any { return one(s.Sensor(d.SensorID)) })},
		{name: "ObservedProperty", to: m.properties, get: to(func(s *catalog.Snapshot, d *sensing.Datastream) []any {
			return one(s.ObservedProperty(d.ObservedPropertyID))
		})},
		{name: "Observations", to: m.observations, many: true, scope: func(_ *run, v any) (scope, error) {
			return scope{streams: []*sensing.Datastream{v.(*sensing.Datastream)}}, nil
		}},
	}
	m.sensors.navs = []navigation{{name: "Datastreams", to: m.datastreams, many: true,
		get: to(func(s *catalog.Snapshot, v *sensing.Sensor) []any { return anys(s.DatastreamsBySensor(v.ID)) })}}
	m.properties.navs = []navigation{{name: "Datastreams", to: m.datastreams, many: true,
		get: to(func(s *catalog.Snapshot, v *sensing.ObservedProperty) []any {
			return anys(s.DatastreamsByProperty(v.ID))
		})}}
	m.observations.navs = []navigation{
		{name: "Datastream", to: m.datastreams, get: func(_ *run, v any) []any { return one(v.(*observation).stream) }},
		{name: "FeatureOfInterest", to: m.features, get: func(r *run, v any) []any { return one(r.featureOf(v.(*observation))) }},
	}
	m.features.navs = []navigation{{name: "Observations", to: m.observations, many: true, scope: func(r *run, v any) (scope, error) {
		return r.observationsAbout(v.(*sensing.FeatureOfInterest))
	}}}
}

func unitOf(d *sensing.Datastream) map[string]any {
	null := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	return map[string]any{"name": null(d.Unit.Name), "symbol": null(d.Unit.Symbol), "definition": null(d.Unit.Definition)}
}

// The fields of a Datastream that SensorThings does not know ride in its
// properties.
const (
	propSource     = "source"
	propKey        = "key"
	propResolution = "resolution"
	propRhythm     = "rhythm_seconds"
)

func datastreamProperties(d *sensing.Datastream) map[string]any {
	out := make(map[string]any, len(d.Properties)+4)
	for k, v := range d.Properties {
		out[k] = v
	}
	if d.SourceID != "" {
		out[propSource] = d.SourceID
	}
	if d.Key != "" {
		out[propKey] = d.Key
	}
	if d.Resolution != 0 {
		out[propResolution] = d.Resolution
	}
	if d.Rhythm != 0 {
		out[propRhythm] = d.Rhythm.Seconds()
	}
	return out
}

// rawShape is a geometry as it was given; it is parsed when a filter needs it.
type rawShape []byte

// parse returns nil when the shape is no GeoJSON geometry.
func (s rawShape) parse() geo.Geometry {
	g, err := geo.ParseGeoJSON(s)
	if err != nil {
		return nil
	}
	return g
}
