package basemap_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"openioc.org/ioc/internal/basemap"
	"openioc.org/ioc/internal/city"
)

var daNang = sync.OnceValues(city.Load)

func newMap(tb testing.TB, change func(*basemap.Options)) *basemap.Map {
	tb.Helper()
	c, err := daNang()
	if err != nil {
		tb.Fatal(err)
	}
	o := basemap.Options{City: c}
	if change != nil {
		change(&o)
	}
	m, err := basemap.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// get asks the map as a browser does, compressed, and unpacks the answer.
func get(tb testing.TB, m http.Handler, address string) (*http.Response, []byte) {
	tb.Helper()
	r := httptest.NewRequest(http.MethodGet, address, nil)
	r.Header.Set("Accept-Encoding", "br, gzip")
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	body := w.Body.Bytes()
	if w.Result().Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(w.Body)
		if err != nil {
			tb.Fatal(err)
		}
		if body, err = io.ReadAll(z); err != nil {
			tb.Fatal(err)
		}
	}
	return w.Result(), body
}

type style struct {
	Version int
	Sprite  string
	Glyphs  string
	Sources map[string]struct{ Type, Data, URL string }
	Layers  []struct {
		ID, Type, Source string
		SourceLayer      string `json:"source-layer"`
		Layout           map[string]json.RawMessage
	}
}

func readStyle(tb testing.TB, m http.Handler, theme, lang string) (style, string) {
	tb.Helper()
	res, body := get(tb, m, "/map/style/"+theme+".json?lang="+lang)
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/json" {
		tb.Fatalf("style %s: %d %s", theme, res.StatusCode, res.Header.Get("Content-Type"))
	}
	var s style
	if err := json.Unmarshal(body, &s); err != nil {
		tb.Fatal(err)
	}
	return s, string(body)
}

func TestStyle_EverythingItNamesIsServed(t *testing.T) {
	m := newMap(t, nil)
	for _, theme := range []string{"dark", "light"} {
		for _, lang := range []string{"vi", "en"} {
			t.Run(theme+" "+lang, func(t *testing.T) {
				s, _ := readStyle(t, m, theme, lang)
				if s.Version != 8 {
					t.Errorf("version %d", s.Version)
				}
				for name, source := range s.Sources {
					res, body := get(t, m, source.Data)
					if source.Type != "geojson" || res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/geo+json" || !json.Valid(body) {
						t.Errorf("source %s: %d %s", name, res.StatusCode, res.Header.Get("Content-Type"))
					}
					if !strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
						t.Errorf("source %s is not kept: %s", name, res.Header.Get("Cache-Control"))
					}
				}
				ids := map[string]bool{}
				for _, l := range s.Layers {
					if ids[l.ID] {
						t.Errorf("two layers %s", l.ID)
					}
					ids[l.ID] = true
					if _, ok := s.Sources[l.Source]; !ok && l.Type != "background" {
						t.Errorf("layer %s: no source %q", l.ID, l.Source)
					}
					if l.Type != "symbol" {
						continue
					}
					var fonts []string
					if err := json.Unmarshal(l.Layout["text-font"], &fonts); err != nil || len(fonts) != 1 {
						t.Errorf("layer %s: fonts %s", l.ID, l.Layout["text-font"])
						continue
					}
					for _, span := range []string{"0-255", "256-511", "7680-7935"} {
						address := strings.NewReplacer("{fontstack}", strings.ReplaceAll(fonts[0], " ", "%20"), "{range}", span).Replace(s.Glyphs)
						res, _ := get(t, m, address)
						if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/x-protobuf" {
							t.Errorf("%s: %d %s", address, res.StatusCode, res.Header.Get("Content-Type"))
						}
					}
				}
				if !ids["label-unit"] {
					t.Error("the layer that others go below is missing")
				}
				for suffix, contentType := range map[string]string{
					".json": "application/json", ".png": "image/png", "@2x.json": "application/json", "@2x.png": "image/png",
				} {
					path, query, _ := strings.Cut(s.Sprite, "?")
					res, _ := get(t, m, path+suffix+"?"+query)
					if res.StatusCode != 200 || res.Header.Get("Content-Type") != contentType {
						t.Errorf("sprite %s: %d %s", suffix, res.StatusCode, res.Header.Get("Content-Type"))
					}
				}
			})
		}
	}
}

func TestStyle_NamesNoOtherServer(t *testing.T) {
	m := newMap(t, nil)
	for _, theme := range []string{"dark", "light"} {
		_, body := readStyle(t, m, theme, "vi")
		// The sprite must be absolute; it is this very server.
		body = strings.ReplaceAll(body, "http://example.com/map/sprite/", "/map/sprite/")
		if i := strings.Index(body, "://"); i >= 0 {
			t.Errorf("%s: …%s…", theme, body[max(0, i-20):i+40])
		}
	}
}

func TestStyle_BehindAProxyThatEndsTLS(t *testing.T) {
	m := newMap(t, nil)
	r := httptest.NewRequest(http.MethodGet, "http://ioc.danang.gov.vn/map/style/dark.json", nil)
	r.Header.Set("X-Forwarded-Proto", "https")
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	if !strings.Contains(w.Body.String(), `"sprite":"https://ioc.danang.gov.vn/map/sprite/marks?`) {
		t.Error("the sprite is not under the address of the proxy")
	}
}

func TestStyle_UnknownThemeOrOtherStyle(t *testing.T) {
	m := newMap(t, nil)
	for _, address := range []string{"/map/style/pink.json", "/map/style/dark", "/map/style/dark.yaml", "/map/", "/map/data/secret.geojson", "/map/city.pmtiles"} {
		if res, _ := get(t, m, address); res.StatusCode != 404 {
			t.Errorf("%s: %d", address, res.StatusCode)
		}
	}
	m = newMap(t, func(o *basemap.Options) { o.StyleURL = "https://maps.example/style.json" })
	if res, _ := get(t, m, "/map/style/dark.json"); res.StatusCode != 302 || res.Header.Get("Location") != "https://maps.example/style.json" {
		t.Errorf("%d %s", res.StatusCode, res.Header.Get("Location"))
	}
}

func TestServe_OnlyReading(t *testing.T) {
	m := newMap(t, nil)
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/map/style/dark.json", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
	w = httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest(http.MethodHead, "/map/data/units.geojson", nil))
	if w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") == "" {
		t.Errorf("HEAD: %d, %d bytes", w.Code, w.Body.Len())
	}
}

func TestServe_PlainForWhoTakesNoGzipAndNothingForWhoHasIt(t *testing.T) {
	m := newMap(t, nil)
	_, packed := get(t, m, "/map/data/units.geojson")
	r := httptest.NewRequest(http.MethodGet, "/map/data/units.geojson", nil)
	r.Header.Set("Accept-Encoding", "gzip;q=0")
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	if w.Header().Get("Content-Encoding") != "" || !bytes.Equal(w.Body.Bytes(), packed) {
		t.Error("the plain answer differs")
	}
	if w.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("without version: %s", w.Header().Get("Cache-Control"))
	}
	r.Header.Set("If-None-Match", w.Header().Get("ETag"))
	w = httptest.NewRecorder()
	m.ServeHTTP(w, r)
	if w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("with ETag: %d, %d bytes", w.Code, w.Body.Len())
	}
}

func TestUnits_AllInForceWithTheirCode(t *testing.T) {
	m := newMap(t, nil)
	for _, name := range []string{"units", "unit-labels"} {
		_, body := get(t, m, "/map/data/"+name+".geojson")
		var fc struct {
			Features []struct {
				Properties struct {
					Code, Name, NameEn string
					AreaKm2            float64 `json:"area_km2"`
				}
				Geometry struct{ Type string }
			}
		}
		if err := json.Unmarshal(body, &fc); err != nil {
			t.Fatal(err)
		}
		if len(fc.Features) != 94 {
			t.Errorf("%s: %d features", name, len(fc.Features))
		}
		for _, f := range fc.Features {
			if f.Properties.Code == "" || f.Properties.Name == "" || f.Properties.AreaKm2 <= 0 || f.Geometry.Type == "" {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
}

// TestSize_OfAllThatABrowserFetches holds the base map light.
func TestSize_OfAllThatABrowserFetches(t *testing.T) {
	const limit = 600_000 // bytes, compressed
	m := newMap(t, nil)
	var sizes []string
	total := 0
	add := func(address string) {
		r := httptest.NewRequest(http.MethodGet, address, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		m.ServeHTTP(w, r)
		total += w.Body.Len()
		sizes = append(sizes, fmt.Sprintf("%s %d", address, w.Body.Len()))
	}
	s, _ := readStyle(t, m, "dark", "vi")
	for _, source := range s.Sources {
		add(source.Data)
	}
	for _, stack := range []string{"Be%20Vietnam%20Pro%20Regular", "Be%20Vietnam%20Pro%20SemiBold"} {
		for _, span := range []string{"0-255", "256-511", "7680-7935"} {
			add("/map/glyphs/" + stack + "/" + span + ".pbf")
		}
	}
	slices.Sort(sizes)
	if t.Logf("%d bytes: %q", total, sizes); total > limit {
		t.Errorf("%d bytes, more than %d", total, limit)
	}
}

func TestPMTiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "city.pmtiles")
	if err := os.WriteFile(path, tiles(t, `{"vector_layers":[{"id":"roads"},{"id":"buildings"},{"id":"water"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	m := newMap(t, func(o *basemap.Options) { o.PMTiles = path })
	s, _ := readStyle(t, m, "dark", "vi")
	if got := s.Sources["city"]; got.Type != "vector" || got.URL != "pmtiles:///map/city.pmtiles" {
		t.Errorf("source %+v", got)
	}
	var layers []string
	for _, l := range s.Layers {
		if l.Source == "city" {
			layers = append(layers, l.SourceLayer)
		}
	}
	slices.Sort(layers)
	if got := slices.Compact(layers); !slices.Equal(got, []string{"buildings", "roads", "water"}) {
		t.Errorf("layers of %v", got)
	}
	r := httptest.NewRequest(http.MethodGet, "/map/city.pmtiles", nil)
	r.Header.Set("Range", "bytes=0-6")
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	if w.Code != http.StatusPartialContent || w.Body.String() != "PMTiles" {
		t.Errorf("range: %d %q", w.Code, w.Body)
	}
}

func TestPMTiles_BrokenFilesAreRefused(t *testing.T) {
	c, err := daNang()
	if err != nil {
		t.Fatal(err)
	}
	good := tiles(t, `{}`)
	raster := slices.Clone(good)
	raster[99] = 2
	for name, data := range map[string][]byte{
		"empty":        nil,
		"other":        bytes.Repeat([]byte("x"), 200),
		"raster":       raster,
		"cut":          good[:len(good)-15],
		"broken words": tiles(t, `{"vector_layers":7}`),
	} {
		path := filepath.Join(t.TempDir(), "x.pmtiles")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := basemap.New(basemap.Options{City: c, PMTiles: path}); err == nil || !strings.Contains(err.Error(), "x.pmtiles") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := basemap.New(basemap.Options{City: c, PMTiles: "/nowhere"}); err == nil {
		t.Error("a file that is not there passes")
	}
	if _, err := basemap.New(basemap.Options{}); err == nil {
		t.Error("a map without a city passes")
	}
}

// tiles is a PMTiles file without tiles.
func tiles(tb testing.TB, metadata string) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(metadata)); err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	h := make([]byte, 127)
	copy(h, "PMTiles\x03")
	h[24] = 127 // offset and length of the metadata
	h[32], h[33] = byte(b.Len()), byte(b.Len()>>8)
	h[97], h[99], h[100], h[101] = 2, 1, 0, 15
	return append(h, b.Bytes()...)
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		newMap(b, nil)
	}
}
