package catalog

import (
	"encoding/json"
	"math"
	"strings"
	"unicode/utf8"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/sensing"
)

var (
	errInvalid    = fault.Define(fault.Invalid, "catalog.invalid", "the {entity} is not valid", "{entity} không hợp lệ")
	errRequired   = fault.Define(fault.Invalid, "catalog.required", "{field} is required", "thiếu {field}")
	errLong       = fault.Define(fault.Invalid, "catalog.too_long", "longer than {max} characters", "dài quá {max} ký tự")
	errID         = fault.Define(fault.Invalid, "catalog.id", "an id has 1 to 128 letters a-z, digits or - _ : with single dots between", "mã gồm 1 đến 128 chữ không dấu, số hoặc - _ : và dấu chấm ở giữa")
	errGeometry   = fault.Define(fault.Invalid, "catalog.geometry", "not a GeoJSON geometry with longitude and latitude in degrees", "không phải hình GeoJSON có kinh độ, vĩ độ tính bằng độ")
	errRange      = fault.Define(fault.Invalid, "catalog.range", "{field} must be a number of 0 or more", "{field} phải là số không âm")
	errUnknown    = fault.Define(fault.Invalid, "catalog.unknown_reference", "there is no {entity} {id}", "không có {entity} {id}")
	errNotFound   = fault.Define(fault.NotFound, "catalog.not_found", "there is no {entity} {id}", "không có {entity} {id}")
	errExists     = fault.Define(fault.Conflict, "catalog.exists", "{entity} {id} exists already", "{entity} {id} đã có")
	errResolution = fault.Define(fault.Conflict, "catalog.resolution_fixed", "the resolution of datastream {id} is fixed at its creation: make a new datastream", "độ phân giải của datastream {id} cố định từ khi tạo: hãy tạo datastream mới")
	errIDFixed    = fault.Define(fault.Conflict, "catalog.id_fixed", "the id of {entity} {id} cannot change", "không đổi được mã của {entity} {id}")
	errKeyTaken   = fault.Define(fault.Conflict, "catalog.key_taken", "source {source} already fills another datastream by the key {key}", "nguồn {source} đã dùng khoá {key} cho datastream khác")
)

const (
	maxName        = 500
	maxDescription = 10_000
	maxJSON        = 1 << 20 // bytes of properties, geometry or metadata
)

// problems collects the wrong fields of one entity.
type problems struct {
	entity string
	fields []fault.Field
}

func (p *problems) add(path string, e *fault.Error) {
	p.fields = append(p.fields, fault.Field{Path: path, Err: e})
}

func (p *problems) need(path, v string, longest int) {
	if strings.TrimSpace(v) == "" {
		p.add(path, errRequired.With("field", path))
	}
	p.limit(path, v, longest)
}

func (p *problems) limit(path, v string, longest int) {
	if utf8.RuneCountInString(v) > longest {
		p.add(path, errLong.With("max", longest))
	}
}

func (p *problems) common(id, name, description string, props map[string]any) {
	if !ValidID(id) {
		p.add("@iot.id", errID.With())
	}
	p.need("name", name, maxName)
	p.limit("description", description, maxDescription)
	if s, err := properties(props); err != nil || len(s) > maxJSON {
		p.add("properties", errLong.With("max", maxJSON))
	}
}

func (p *problems) err() error {
	if len(p.fields) == 0 {
		return nil
	}
	e := errInvalid.With("entity", p.entity)
	e.Fields = p.fields
	return e
}

// ValidID reports whether id can name an entity: it also travels in URLs,
// MQTT topics and event subjects.
func ValidID(id string) bool {
	if id == "" || len(id) > 128 || id[0] == '.' || id[len(id)-1] == '.' || strings.Contains(id, "..") {
		return false
	}
	for _, c := range []byte(id) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == ':':
		default:
			return false
		}
	}
	return true
}

func checkThing(t *sensing.Thing) error {
	p := problems{entity: "thing"}
	p.common(t.ID, t.Name, t.Description, t.Properties)
	return p.err()
}

// isGeoJSON reports whether an encodingType says GeoJSON; both the old and
// the registered media type are in use.
func isGeoJSON(encodingType string) bool {
	return encodingType == "application/geo+json" || encodingType == "application/vnd.geo+json"
}

func checkLocation(l *sensing.Location) error {
	p := problems{entity: "location"}
	p.common(l.ID, l.Name, l.Description, l.Properties)
	p.place("location", l.EncodingType, l.Geometry)
	return p.err()
}

func checkFeature(f *sensing.FeatureOfInterest) error {
	p := problems{entity: "feature_of_interest"}
	p.common(f.ID, f.Name, f.Description, f.Properties)
	p.place("feature", f.EncodingType, f.Feature)
	return p.err()
}

func (p *problems) place(field, encodingType string, geometry json.RawMessage) {
	p.need("encodingType", encodingType, maxName)
	switch {
	case len(geometry) == 0 || string(geometry) == "null":
		p.add(field, errRequired.With("field", field))
	case len(geometry) > maxJSON:
		p.add(field, errLong.With("max", maxJSON))
	case isGeoJSON(encodingType):
		if _, ok := centre(geometry); !ok {
			p.add(field, errGeometry.With())
		}
	case !json.Valid(geometry):
		p.add(field, errGeometry.With())
	}
}

func checkSensor(s *sensing.Sensor) error {
	p := problems{entity: "sensor"}
	p.common(s.ID, s.Name, s.Description, s.Properties)
	p.need("encodingType", s.EncodingType, maxName)
	if b, err := json.Marshal(s.Metadata); err != nil || len(b) > maxJSON {
		p.add("metadata", errLong.With("max", maxJSON))
	}
	return p.err()
}

func checkObservedProperty(o *sensing.ObservedProperty) error {
	p := problems{entity: "observed_property"}
	p.common(o.ID, o.Name, o.Description, o.Properties)
	p.need("definition", o.Definition, maxDescription)
	return p.err()
}

func checkDatastream(d *sensing.Datastream) error {
	p := problems{entity: "datastream"}
	p.common(d.ID, d.Name, d.Description, d.Properties)
	p.need("observationType", d.ObservationType, maxName)
	p.need("Thing", d.ThingID, 128)
	p.need("Sensor", d.SensorID, 128)
	p.need("ObservedProperty", d.ObservedPropertyID, 128)
	p.limit("unitOfMeasurement/name", d.Unit.Name, maxName)
	p.limit("unitOfMeasurement/symbol", d.Unit.Symbol, maxName)
	p.limit("unitOfMeasurement/definition", d.Unit.Definition, maxDescription)
	p.limit("key", d.Key, maxName)
	if !(d.Resolution >= 0) || math.IsInf(d.Resolution, 0) {
		p.add("resolution", errRange.With("field", "resolution"))
	}
	if d.Rhythm < 0 {
		p.add("rhythm", errRange.With("field", "rhythm"))
	}
	return p.err()
}
