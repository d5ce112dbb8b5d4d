package sta

import (
	"encoding/json"
	"fmt"
	"time"

	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/sensing"
)

// builder makes entities of a body inside one transaction, with what is
// nested in them (deep insert).
type builder struct {
	r     *run
	edit  *catalog.Edit
	wrong *fault.Error
	obs   []newObservation // to be accepted when the transaction is committed
	made  map[string]*sensing.Datastream
}

func newBuilder(r *run, e *catalog.Edit) *builder {
	return &builder{r: r, edit: e, wrong: errBody.With(), made: map[string]*sensing.Datastream{}}
}

// implied is a link that the address or the nesting gives: POST to
// Things('x')/Datastreams makes Thing x.
type implied struct{ nav, id string }

// create makes one entity and returns its id.
func (b *builder) create(e *entity, raw json.RawMessage, path string, link implied) (string, error) {
	f := parse(raw, path, b.wrong)
	m := b.r.s.model
	switch e {
	case m.things:
		return b.thing(f, link)
	case m.locations:
		return b.location(f, link)
	case m.history:
		return b.history(f, link)
	case m.datastreams:
		return b.datastream(f, link)
	case m.sensors:
		v := &sensing.Sensor{ID: f.id()}
		fillSensor(f, v)
		return b.withStreams(f, func() (string, error) { err := b.edit.CreateSensor(v); return v.ID, err }, "Sensor")
	case m.properties:
		v := &sensing.ObservedProperty{ID: f.id()}
		fillProperty(f, v)
		return b.withStreams(f, func() (string, error) { err := b.edit.CreateObservedProperty(v); return v.ID, err }, "ObservedProperty")
	case m.features:
		v := &sensing.FeatureOfInterest{ID: f.id()}
		fillFeature(f, v)
		f.rest()
		if err := f.err(); err != nil {
			return "", err
		}
		err := b.edit.CreateFeature(v)
		return v.ID, at(err, path)
	}
	return "", fmt.Errorf("create %s: not an entity of the catalog", e.name)
}

// at puts the path of a nested entity before the fields of a fault.
func at(err error, path string) error {
	f, ok := fault.As(err)
	if !ok || path == "" {
		return err
	}
	out := f.Def.With()
	out.Args = f.Args
	for _, x := range f.Fields {
		out.At(path+x.Path, x.Err)
	}
	return out.Because(err)
}

func (b *builder) thing(f *fields, link implied) (string, error) {
	v := &sensing.Thing{ID: f.id()}
	fillThing(f, v)
	locations, streams := f.array("Locations"), f.array("Datastreams")
	f.rest()
	if err := f.err(); err != nil {
		return "", err
	}
	if err := b.edit.CreateThing(v); err != nil {
		return "", at(err, f.path)
	}
	ids, err := b.refs(b.r.s.model.locations, locations, f.path+"Locations")
	if err != nil {
		return "", err
	}
	if link.nav == "Locations" {
		ids = append(ids, link.id)
	}
	if len(ids) > 0 {
		if err := b.edit.Place(v.ID, ids); err != nil {
			return "", at(err, f.path)
		}
	}
	return v.ID, b.streams(streams, f.path, implied{"Thing", v.ID})
}

// streams makes the Datastreams nested in an entity.
func (b *builder) streams(list []json.RawMessage, path string, link implied) error {
	for i, raw := range list {
		if _, err := b.create(b.r.s.model.datastreams, raw, fmt.Sprintf("%sDatastreams[%d]/", path, i), link); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) withStreams(f *fields, create func() (string, error), nav string) (string, error) {
	streams := f.array("Datastreams")
	f.rest()
	if err := f.err(); err != nil {
		return "", err
	}
	id, err := create()
	if err != nil {
		return "", at(err, f.path)
	}
	return id, b.streams(streams, f.path, implied{nav, id})
}

// refs returns the ids of a list of links and new entities.
func (b *builder) refs(e *entity, list []json.RawMessage, path string) ([]string, error) {
	var out []string
	for i, raw := range list {
		id, err := b.ref(e, raw, fmt.Sprintf("%s[%d]/", path, i), implied{})
		if err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, nil
}

// ref returns the id of a link, or makes the entity that stands in its place.
func (b *builder) ref(e *entity, raw json.RawMessage, path string, link implied) (string, error) {
	if id, ok := onlyID(raw); ok {
		return id, nil
	}
	return b.create(e, raw, path, link)
}

// single reads a link to one entity.
func (b *builder) single(f *fields, name string, e *entity, link implied, v *string) error {
	raw, ok := f.take(name)
	if !ok {
		if link.nav == name {
			*v = link.id
		}
		return nil
	}
	id, err := b.ref(e, raw, f.path+name+"/", implied{})
	if err == nil {
		*v = id
	}
	return err
}

func (b *builder) location(f *fields, link implied) (string, error) {
	v := &sensing.Location{ID: f.id()}
	fillLocation(f, v)
	things := f.array("Things")
	f.rest()
	if err := f.err(); err != nil {
		return "", err
	}
	if err := b.edit.CreateLocation(v); err != nil {
		return "", at(err, f.path)
	}
	var ids []string
	if link.nav == "Things" {
		ids = append(ids, link.id)
	}
	for i, raw := range things {
		if id, ok := onlyID(raw); ok {
			ids = append(ids, id)
		} else if _, err := b.create(b.r.s.model.things, raw, fmt.Sprintf("%sThings[%d]/", f.path, i), implied{"Locations", v.ID}); err != nil {
			return "", err
		}
	}
	for _, id := range ids {
		if err := b.edit.Place(id, []string{v.ID}); err != nil {
			return "", at(err, f.path)
		}
	}
	return v.ID, nil
}

func (b *builder) history(f *fields, link implied) (string, error) {
	h := &catalog.HistoricalLocation{ID: f.id(), Time: b.edit.Now()}
	f.instant("time", &h.Time)
	if err := b.single(f, "Thing", b.r.s.model.things, link, &h.ThingID); err != nil {
		return "", err
	}
	locations := f.array("Locations")
	f.rest()
	if err := f.err(); err != nil {
		return "", err
	}
	ids, err := b.refs(b.r.s.model.locations, locations, f.path+"Locations")
	if err != nil {
		return "", err
	}
	if link.nav == "Locations" {
		ids = append(ids, link.id)
	}
	h.LocationIDs = ids
	err = b.edit.CreateHistoricalLocation(h)
	return h.ID, at(err, f.path)
}

func (b *builder) datastream(f *fields, link implied) (string, error) {
	v := &sensing.Datastream{ID: f.id()}
	fillDatastream(f, v)
	m := b.r.s.model
	observations := f.array("Observations")
	if err := b.single(f, "Thing", m.things, link, &v.ThingID); err != nil {
		return "", err
	}
	if err := b.single(f, "Sensor", m.sensors, link, &v.SensorID); err != nil {
		return "", err
	}
	if err := b.single(f, "ObservedProperty", m.properties, link, &v.ObservedPropertyID); err != nil {
		return "", err
	}
	f.rest()
	if err := f.err(); err != nil {
		return "", err
	}
	if err := b.edit.CreateDatastream(v); err != nil {
		return "", at(err, f.path)
	}
	b.made[v.ID] = v
	for i, raw := range observations {
		o, err := b.observation(parse(raw, fmt.Sprintf("%sObservations[%d]/", f.path, i), b.wrong), v)
		if err != nil {
			return "", err
		}
		b.obs = append(b.obs, o)
	}
	return v.ID, nil
}

// The fill functions put what a body says into an entity and leave the rest
// as it is, for POST and PATCH alike.

func fillNamed(f *fields, name, description *string, props *map[string]any) {
	f.text("name", name)
	f.text("description", description)
	f.object("properties", props)
}

func fillThing(f *fields, v *sensing.Thing) { fillNamed(f, &v.Name, &v.Description, &v.Properties) }

func fillLocation(f *fields, v *sensing.Location) {
	fillNamed(f, &v.Name, &v.Description, &v.Properties)
	f.text("encodingType", &v.EncodingType)
	f.json("location", &v.Geometry)
}

func fillSensor(f *fields, v *sensing.Sensor) {
	fillNamed(f, &v.Name, &v.Description, &v.Properties)
	f.text("encodingType", &v.EncodingType)
	f.any("metadata", &v.Metadata)
}

func fillProperty(f *fields, v *sensing.ObservedProperty) {
	fillNamed(f, &v.Name, &v.Description, &v.Properties)
	f.text("definition", &v.Definition)
}

func fillFeature(f *fields, v *sensing.FeatureOfInterest) {
	fillNamed(f, &v.Name, &v.Description, &v.Properties)
	f.text("encodingType", &v.EncodingType)
	f.json("feature", &v.Feature)
}

func fillDatastream(f *fields, v *sensing.Datastream) {
	if raw, ok := f.take("unitOfMeasurement"); ok {
		u := parse(raw, f.path+"unitOfMeasurement/", f.wrong)
		u.text("name", &v.Unit.Name)
		u.text("symbol", &v.Unit.Symbol)
		u.text("definition", &v.Unit.Definition)
		u.rest()
	}
	_, given := f.raw["properties"]
	fillNamed(f, &v.Name, &v.Description, &v.Properties)
	f.text("observationType", &v.ObservationType)
	for _, computed := range []string{"observedArea", "phenomenonTime", "resultTime"} {
		f.take(computed)
	}
	if given {
		ownProperties(f, v)
	}
}

// ownProperties moves what the program itself needs out of the properties.
func ownProperties(f *fields, v *sensing.Datastream) {
	p := v.Properties
	for name, to := range map[string]*string{propSource: &v.SourceID, propKey: &v.Key} {
		if x, ok := p[name]; ok {
			s, isText := x.(string)
			if !isText {
				f.bad("properties/"+name, "a text", "chuỗi")
			}
			*to = s
			delete(p, name)
		}
	}
	for name, set := range map[string]func(float64){
		propResolution: func(x float64) { v.Resolution = x },
		propRhythm:     func(x float64) { v.Rhythm = time.Duration(x * float64(time.Second)) },
	} {
		if x, ok := p[name]; ok {
			n, isNumber := x.(float64)
			if !isNumber || n < 0 || n > 1e9 {
				f.bad("properties/"+name, "a number of 0 or more", "số không âm")
			}
			set(n)
			delete(p, name)
		}
	}
}
