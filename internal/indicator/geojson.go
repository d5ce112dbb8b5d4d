package indicator

import (
	"encoding/json"
	"maps"

	"openioc.org/ioc/internal/layer"
)

type collection struct {
	Type     string    `json:"type"`
	Name     string    `json:"name"`
	At       string    `json:"at"`
	Features []feature `json:"features"`
}

type feature struct {
	Type       string          `json:"type"`
	ID         string          `json:"id"`
	Geometry   json.RawMessage `json:"geometry"`
	Properties map[string]any  `json:"properties"`
}

type point struct {
	Type        string     `json:"type"`
	Coordinates [2]float64 `json:"coordinates"`
}

// GeoJSON writes a layer as an RFC 7946 FeatureCollection, WGS 84.
func (l *LayerAt) GeoJSON() ([]byte, error) {
	c := collection{Type: "FeatureCollection", Name: l.Layer.ID, At: l.At.Format("2006-01-02T15:04:05Z"), Features: make([]feature, len(l.Features))}
	for i := range l.Features {
		f, err := geoFeature(&l.Features[i])
		if err != nil {
			return nil, err
		}
		c.Features[i] = f
	}
	return json.Marshal(c)
}

func geoFeature(f *layer.Feature) (feature, error) {
	out := feature{Type: "Feature", ID: f.ID, Geometry: f.Geometry}
	if len(out.Geometry) == 0 {
		b, err := json.Marshal(point{"Point", [2]float64{f.Lon, f.Lat}})
		if err != nil {
			return out, err
		}
		out.Geometry = b
	}
	p := maps.Clone(f.Props)
	if p == nil {
		p = map[string]any{}
	}
	p["name"], p["value"], p["state"], p["severity"] = f.Name, f.Value, f.State, f.Severity
	for k, v := range map[string]string{"unit": f.Unit, "thing": f.Thing, "datastream": f.Datastream, "unit_code": f.UnitCode, "unit_name": f.UnitName} {
		if v != "" {
			p[k] = v
		}
	}
	if f.AsOf != nil {
		p["as_of"] = f.AsOf
	}
	if f.Original != nil {
		p["original_time"] = f.Original
	}
	if f.Stale {
		p["stale"] = true
	}
	if f.Estimated {
		p["estimated"] = true
	}
	if len(f.Flags) > 0 {
		p["flags"] = f.Flags
	}
	if f.Phrase != nil {
		p["phrase"] = f.Phrase
	}
	if f.Why != nil {
		p["why"] = f.Why
	}
	out.Properties = p
	return out, nil
}
