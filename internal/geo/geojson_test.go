package geo_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"openioc.org/ioc/internal/geo"
)

func TestGeoJSON_RoundTrip(t *testing.T) {
	for _, g := range []geo.Geometry{
		geo.Point{108.2, 16.06},
		geo.MultiPoint{{1, 2}, {3, 4}},
		geo.Line{{1, 2}, {3, 4}},
		geo.MultiLine{{{1, 2}, {3, 4}}},
		geo.Polygon{square, hole},
		geo.MultiPolygon{{square, hole}},
		geo.Collection{geo.Point{1, 2}, geo.Line{{1, 2}, {3, 4}}},
	} {
		got, err := geo.ParseGeoJSON(geo.GeoJSON(g, -1))
		if err != nil || !reflect.DeepEqual(got, g) {
			t.Errorf("%s gives %v, %v", geo.GeoJSON(g, -1), got, err)
		}
	}
}

func TestGeoJSON_Decimals(t *testing.T) {
	if got, want := string(geo.GeoJSON(geo.Point{108.1234567, -0.0000001}, 5)), `{"type":"Point","coordinates":[108.12346,0]}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := string(geo.GeoJSON(nil, 5)); got != "null" {
		t.Errorf("nil gives %s", got)
	}
}

func TestParseGeoJSON_ErrorsNameThePlace(t *testing.T) {
	for in, want := range map[string]string{
		`{"type":"Point","coordinates":[181,2]}`:                              "coordinates: want a longitude",
		`{"type":"LineString","coordinates":[[1,2],[3,"x"]]}`:                 "coordinates[1]: want [longitude",
		`{"type":"Polygon","coordinates":[[[0,0],[1,1],[2,2],[3,3]]]}`:        "coordinates[0]: want a ring",
		`{"type":"Circle","coordinates":[1,2]}`:                               "type: \"Circle\" is no geometry",
		`{"coordinates":[1,2]}`:                                               "type: missing",
		`{"type":"GeometryCollection","geometries":[{"type":"Point"}]}`:       "geometries[0]: coordinates: want [longitude",
		`{"type":"Feature"}`:                                                  "geometry: missing",
		`{"type":"Point","coordinates":` + strings.Repeat("[", 100_000) + `}`: "",
		`{"type":"Point","coordinates":[1,2`:                                  "unexpected end",
	} {
		_, err := geo.ParseGeoJSON([]byte(in))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", in, err, want)
		}
	}
}

func features(s string) ([]geo.Feature, error) {
	var out []geo.Feature
	err := geo.ReadFeatures(strings.NewReader(s), func(f geo.Feature) error {
		out = append(out, f)
		return nil
	})
	return out, err
}

func TestReadFeatures(t *testing.T) {
	in := `{"type":"FeatureCollection","name":"x","features":[
{"type":"Feature","id":7,"properties":{"code":"a"},"geometry":{"type":"Point","coordinates":[1,2]}},

{"type":"Feature","properties":null,"geometry":null}
],"bbox":[1,2,3,4]}`
	fs, err := features(in)
	if err != nil || len(fs) != 2 {
		t.Fatalf("%v, %v", fs, err)
	}
	if fs[0].ID != "7" || fs[0].Line != 2 || fs[1].Line != 4 || fs[0].Geometry != (geo.Point{1, 2}) || fs[1].Geometry != nil {
		t.Errorf("%+v", fs)
	}
	for in, want := range map[string]string{
		"":               "line 1",
		"[]":             "line 1: want a FeatureCollection",
		"{\n\"type\":1}": "line 2: want a FeatureCollection",
		"{\"features\":[\n\n{\"geometry\":{\"type\":\"X\"}}]}": "line 3: geometry: type",
		"{\"features\":[\n{}": "line 2: unexpected EOF",
	} {
		if _, err := features(in); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
}

func FuzzParseGeoJSON(f *testing.F) {
	for _, s := range []string{
		`{"type":"Point","coordinates":[1,2,3]}`,
		`{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0,0]]]}`,
		`{"type":"GeometryCollection","geometries":[{"type":"MultiPoint","coordinates":[]}]}`,
		`{"type":"Feature","geometry":{"type":"LineString","coordinates":[[1e2,2],[3,4]]}}`,
		`{"type":"MultiPolygon","coordinates":[[[]]]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := geo.ParseGeoJSON(data)
		if err != nil {
			return
		}
		again, err := geo.ParseGeoJSON(geo.GeoJSON(g, -1))
		if err != nil {
			t.Fatalf("%s: written %s: %v", data, geo.GeoJSON(g, -1), err)
		}
		if geo.BoxOf(g) != geo.BoxOf(again) {
			t.Fatalf("%s: read again as %s", data, geo.GeoJSON(again, -1))
		}
	})
}

func FuzzReadFeatures(f *testing.F) {
	f.Add([]byte(`{"type":"FeatureCollection","features":[{"type":"Feature","id":"a","properties":{},"geometry":null}]}`))
	f.Add([]byte("{\"features\":[\n1,2]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		fs, err := features(string(data))
		var line *geo.LineError
		if err != nil && (!errors.As(err, &line) || line.Line < 1 || line.Line > 1+bytes.Count(data, []byte("\n"))) {
			t.Fatalf("%q: %v", data, err)
		}
		for i := 1; i < len(fs); i++ {
			if fs[i].Line < fs[i-1].Line {
				t.Fatalf("%q: feature %d is on line %d, before its forerunner", data, i, fs[i].Line)
			}
		}
	})
}
