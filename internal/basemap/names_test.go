package basemap_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"openioc.org/ioc/internal/basemap"
	"openioc.org/ioc/internal/geo"
	"openioc.org/ioc/internal/vi"
)

type named struct {
	Kind   string
	Name   string
	NameEn string `json:"name_en"`
	Rank   int
}

func features(t *testing.T, m *basemap.Map, name string) []geo.Feature {
	t.Helper()
	res, body := get(t, m, "/map/data/"+name+".geojson")
	if res.StatusCode != 200 {
		t.Fatalf("%s: %d", name, res.StatusCode)
	}
	var out []geo.Feature
	err := geo.ReadFeatures(strings.NewReader(string(body)), func(f geo.Feature) error {
		out = append(out, f)
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return out
}

func labels(t *testing.T, m *basemap.Map) map[string]named {
	t.Helper()
	out := map[string]named{}
	for _, f := range features(t, m, "labels") {
		var n named
		if err := json.Unmarshal(f.Properties, &n); err != nil {
			t.Fatal(err)
		}
		out[n.Kind+" "+n.Name] = n
	}
	return out
}

func TestLabels_TheArchipelagosAndTheSea(t *testing.T) {
	all := labels(t, newMap(t, nil))
	for key, en := range map[string]string{
		"archipelago Quần đảo Hoàng Sa\n(Việt Nam)":  "Hoàng Sa Islands\n(Việt Nam)",
		"archipelago Quần đảo Trường Sa\n(Việt Nam)": "Trường Sa Islands\n(Việt Nam)",
		"sea BIỂN ĐÔNG":          "EAST SEA\n(BIỂN ĐÔNG)",
		"sea Biển Đông":          "East Sea (Biển Đông)",
		"island Đảo Hoàng Sa":    "Hoàng Sa Island",
		"island Đảo Trường Sa":   "Trường Sa Island",
		"island Đảo Song Tử Tây": "Song Tử Tây Island",
	} {
		if got, ok := all[key]; !ok || got.NameEn != en {
			t.Errorf("%q: %+v", key, got)
		}
	}
	for key, n := range all {
		if vi.NFC(n.Name) != n.Name || vi.NFC(n.NameEn) != n.NameEn || n.Name == "" || n.NameEn == "" {
			t.Errorf("%q is empty or not composed", key)
		}
		for _, wrong := range []string{"paracel", "spratly", "south china", "nam hải", "tây sa", "nam sa", "xisha", "nansha"} {
			if strings.Contains(strings.ToLower(n.Name+" "+n.NameEn), wrong) {
				t.Errorf("%q names what is not to be named so", key)
			}
		}
	}
}

func TestStyle_TheArchipelagosAreNamedAtEveryScale(t *testing.T) {
	m := newMap(t, nil)
	r := httptest.NewRequest("GET", "/map/style/dark.json", nil)
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	var s struct{ Layers []map[string]any }
	if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil {
		t.Fatal(err)
	}
	last := s.Layers[len(s.Layers)-1]
	layout, _ := last["layout"].(map[string]any)
	if last["id"] != "label-archipelago" || last["minzoom"] != nil || last["maxzoom"] != nil || layout["text-allow-overlap"] != true {
		t.Errorf("the last layer is %v", last)
	}
}

// TestSea_HoldsNothingButOurIslands looks at the sea around both
// archipelagos: no border, no line of any kind, no land of a country.
func TestSea_HoldsNothingButOurIslands(t *testing.T) {
	m := newMap(t, nil)
	sea := []geo.Box{
		{West: 110.2, South: 12, East: 117.5, North: 18},   // Hoàng Sa and south of it
		{West: 110.2, South: 7.2, East: 116.7, North: 12},  // Trường Sa
		{West: 109.8, South: 13.5, East: 119, North: 17.9}, // the open sea
	}
	ours := map[string]int{}
	for _, name := range []string{"countries", "provinces", "rivers", "land"} {
		for _, f := range features(t, m, name) {
			var props struct{ Group string }
			if err := json.Unmarshal(f.Properties, &props); err != nil {
				t.Fatal(err)
			}
			if props.Group != "" {
				ours[props.Group]++
				continue
			}
			for _, p := range points(f.Geometry) {
				for _, box := range sea {
					if box.Contains(p) {
						t.Fatalf("%s has something at %v", name, p)
					}
				}
			}
		}
	}
	if ours["hoang_sa"] != 1 || ours["truong_sa"] != 1 {
		t.Errorf("islands %v", ours)
	}
}

func points(g geo.Geometry) []geo.Point {
	switch g := g.(type) {
	case geo.Line:
		return g
	case geo.MultiPolygon:
		var out []geo.Point
		for _, p := range g {
			for _, r := range p {
				out = append(out, r...)
			}
		}
		return out
	case geo.Polygon:
		return points(geo.MultiPolygon{g})
	}
	return nil
}
