package basemap

import (
	"encoding/json"
	"time"

	"openioc.org/ioc/internal/city"
	"openioc.org/ioc/internal/geo"
)

// unitLayers makes the GeoJSON of the units that are in force: their areas,
// their label points, and the outline of the city.
func (m *Map) unitLayers() map[string][]byte {
	units := m.city.Units(time.Time{})
	var areas, labels []feature
	for _, u := range units {
		props := unitProperties{
			Code: u.Code, Name: u.Name, NameEn: u.NameEn, FullName: u.FullName, Kind: u.Kind, AreaKm2: u.AreaKm2,
		}
		if g := m.city.Geometry(u.ID); g != nil {
			areas = append(areas, feature{Type: "Feature", Properties: props, Geometry: g})
		}
		labels = append(labels, feature{Type: "Feature", Properties: props, Geometry: geo.GeoJSON(geo.Point{u.Lon, u.Lat}, 5)})
	}
	outline := []feature{}
	if g := m.city.Outline(); g != nil {
		outline = append(outline, feature{Type: "Feature", Properties: unitProperties{Code: m.city.Info().Code, Name: m.city.Info().Name, NameEn: m.city.Info().NameEn}, Geometry: g})
	}
	return map[string][]byte{"units": collection(areas), "unit-labels": collection(labels), "outline": collection(outline)}
}

type unitProperties struct {
	Code     string  `json:"code"`
	Name     string  `json:"name"`
	NameEn   string  `json:"name_en"`
	FullName string  `json:"full_name,omitempty"`
	Kind     string  `json:"kind,omitempty"`
	AreaKm2  float64 `json:"area_km2,omitempty"`
}

type feature struct {
	Type       string          `json:"type"`
	Properties unitProperties  `json:"properties"`
	Geometry   json.RawMessage `json:"geometry"`
}

func collection(features []feature) []byte {
	if features == nil {
		features = []feature{}
	}
	// The members are texts, numbers and geometries that were written as
	// JSON: encoding them cannot fail.
	b, _ := json.Marshal(map[string]any{"type": "FeatureCollection", "features": features})
	return b
}

// opening is where the map opens.
func opening(info city.Info) (center [2]float64, zoom float64) {
	if info.Zoom == 0 {
		return info.Center, 10
	}
	return info.Center, info.Zoom
}
