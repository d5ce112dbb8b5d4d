package basemap

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strings"
	"time"

	"openioc.org/ioc/internal/city"
	"openioc.org/ioc/internal/msg"
)

//go:embed data/*.gz glyphs/*/*.gz sprite/*
var embedded embed.FS

// Options say what the map shows.
type Options struct {
	City     *city.City // whose units are drawn
	StyleURL string     // a style that takes the place of the built-in one; "" for none
	PMTiles  string     // path of a PMTiles file of vector tiles to show; "" for none
	Title    string     // of the style; "" is the city's name
}

// Map serves everything under /map/. It is safe for concurrent use.
type Map struct {
	mux     *http.ServeMux
	city    *city.City
	options Options
	version string            // changes when any asset does; part of their addresses
	styles  map[string][]byte // "dark.vi"
}

// New prepares the map. The PMTiles file must be readable now.
func New(o Options) (*Map, error) {
	if o.City == nil {
		return nil, fmt.Errorf("basemap: Options.City is missing")
	}
	m := &Map{mux: http.NewServeMux(), city: o.City, options: o, styles: map[string][]byte{}}
	assets, err := m.load()
	if err != nil {
		return nil, err
	}
	m.version = versionOf(assets)
	var tiles *tileset
	if o.PMTiles != "" {
		if tiles, err = openTileset(o.PMTiles); err != nil {
			return nil, err
		}
	}
	for _, lang := range []msg.Lang{msg.Vi, msg.En} {
		for name, theme := range themes {
			if m.styles[name+"."+string(lang)], err = m.writeStyle(theme, lang, tiles); err != nil {
				return nil, err
			}
		}
	}
	for address, a := range assets {
		m.mux.HandleFunc("GET "+address, func(w http.ResponseWriter, r *http.Request) { a.serve(w, r, m.version) })
	}
	m.mux.HandleFunc("GET /map/style/{file}", m.serveStyle)
	m.mux.HandleFunc("GET /map/glyphs/{stack}/{file}", m.serveGlyphs(assets))
	m.mux.HandleFunc("GET /map/city.pmtiles", m.serveTiles)
	return m, nil
}

// ServeHTTP answers GET and HEAD of /map/….
func (m *Map) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.mux.ServeHTTP(w, r) }

// load makes the assets by their address. Glyphs come under their range, to
// be found by serveGlyphs.
func (m *Map) load() (map[string]*asset, error) {
	assets := map[string]*asset{}
	err := fs.WalkDir(embedded, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := embedded.ReadFile(file)
		if err != nil {
			return err
		}
		name, compressed := strings.CutSuffix(file, ".gz")
		contentType := contentTypes[path.Ext(name)]
		if contentType == "" {
			return fmt.Errorf("basemap: no content type for %s", file)
		}
		a := &asset{contentType: contentType}
		if compressed {
			a.packed = data
		} else {
			a.plain = data
		}
		assets["/map/"+strings.ReplaceAll(name, " ", "%20")] = a
		return nil
	})
	if err != nil {
		return nil, err
	}
	for name, data := range m.unitLayers() {
		assets["/map/data/"+name+".geojson"] = &asset{contentType: contentTypes[".geojson"], plain: data, shrinks: true}
	}
	return assets, nil
}

var contentTypes = map[string]string{
	".geojson": "application/geo+json",
	".json":    "application/json",
	".pbf":     "application/x-protobuf",
	".png":     "image/png",
}

func (m *Map) serveStyle(w http.ResponseWriter, r *http.Request) {
	if m.options.StyleURL != "" {
		http.Redirect(w, r, m.options.StyleURL, http.StatusFound)
		return
	}
	theme, isJSON := strings.CutSuffix(r.PathValue("file"), ".json")
	q := r.URL.Query().Get("lang")
	if q == "" {
		q = r.Header.Get("Accept-Language")
		w.Header().Add("Vary", "Accept-Language")
	}
	style := m.styles[theme+"."+string(msg.ParseLang(q))]
	if style == nil || !isJSON {
		http.NotFound(w, r)
		return
	}
	style = bytes.ReplaceAll(style, []byte(originMark), []byte(origin(r)))
	(&asset{contentType: contentTypes[".json"], plain: style}).serve(w, r, "")
}

func (m *Map) serveTiles(w http.ResponseWriter, r *http.Request) {
	if m.options.PMTiles == "" {
		http.NotFound(w, r)
		return
	}
	f, err := os.Open(m.options.PMTiles)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	modified := time.Time{}
	if info, err := f.Stat(); err == nil {
		modified = info.ModTime()
		w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, modified.UnixNano(), info.Size()))
	}
	w.Header().Set("Content-Type", "application/vnd.pmtiles")
	http.ServeContent(w, r, "city.pmtiles", modified, f)
}
