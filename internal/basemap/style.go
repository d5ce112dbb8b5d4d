package basemap

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"openioc.org/ioc/internal/msg"
)

// Short names for the JSON that a style is.
type (
	obj = map[string]any
	arr = []any
)

// originMark stands in a written style for the address of the server:
// MapLibre takes paths for everything but the sprite.
const originMark = "{origin}"

func (m *Map) writeStyle(t theme, lang msg.Lang, tiles *tileset) ([]byte, error) {
	b, err := json.Marshal(m.style(t, lang, tiles))
	if err != nil {
		return nil, fmt.Errorf("write style %s: %w", t.name, err)
	}
	return b, nil
}

// origin is the address under which the client reached the server, directly
// or through a proxy that ends TLS; "" when its host is none.
func origin(r *http.Request) string {
	for _, c := range []byte(r.Host) {
		if !(c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || strings.IndexByte(".-:[]_", c) >= 0) {
			return ""
		}
	}
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// style is the MapLibre style (version 8) of one theme and language.
func (m *Map) style(t theme, lang msg.Lang, tiles *tileset) obj {
	info := m.city.Info()
	title := m.options.Title
	if title == "" {
		title = info.Name
	}
	center, zoom := opening(info)
	sources := obj{}
	for _, name := range []string{"land", "countries", "provinces", "rivers", "labels", "outline", "unit-labels", "units"} {
		sources[name] = obj{"type": "geojson", "data": m.address("/map/data/" + name + ".geojson")}
	}
	// Tiles of small pieces: outlines keep their detail when zoomed in.
	for _, name := range []string{"land", "units"} {
		sources[name].(obj)["maxzoom"] = 14
		sources[name].(obj)["tolerance"] = 0.2
	}
	sources["units"].(obj)["promoteId"] = "code"
	layers := ground(t)
	if tiles != nil {
		sources["city"] = obj{
			"type": "vector", "url": "pmtiles:///map/city.pmtiles",
			"minzoom": tiles.minZoom, "maxzoom": tiles.maxZoom,
		}
		layers = append(layers, streets(t, tiles)...)
	}
	layers = append(layers, boundaries(t)...)
	layers = append(layers, names(t, lang, tiles)...)
	return obj{
		"version": 8,
		"name":    title + " – " + t.name,
		"center":  center,
		"zoom":    zoom,
		"sprite":  originMark + m.address("/map/sprite/marks"),
		"glyphs":  m.address("/map/glyphs/{fontstack}/{range}.pbf"),
		"sources": sources,
		"layers":  layers,
	}
}

// address adds the version to a path, so that browsers may keep the file.
func (m *Map) address(path string) string { return path + "?v=" + m.version }

// ground is sea, land and water.
func ground(t theme) arr {
	return arr{
		obj{"id": "sea", "type": "background", "paint": obj{"background-color": t.sea}},
		obj{"id": "land", "type": "fill", "source": "land", "paint": obj{"fill-color": t.land, "fill-antialias": true}},
		obj{
			"id": "islands", "type": "line", "source": "land", "filter": arr{"has", "group"},
			"layout": obj{"line-join": "round"},
			"paint":  obj{"line-color": t.coast, "line-width": zoomed(4, 1.6, 8, 1.2, 12, 1)},
		},
		obj{
			"id": "coast", "type": "line", "source": "land",
			"paint": obj{"line-color": t.coast, "line-width": zoomed(3, 0.3, 8, 0.6, 12, 1)},
		},
		obj{
			"id": "rivers", "type": "line", "source": "rivers", "minzoom": 7,
			"layout": obj{"line-join": "round", "line-cap": "round"},
			"paint": obj{
				"line-color": t.river,
				"line-width": zoomed(7, 0.6, 10, arr{"case", arr{"<=", arr{"get", "level"}, 3}, 1.8, 1.1},
					13, arr{"case", arr{"<=", arr{"get", "level"}, 3}, 4, 2.4}),
			},
		},
	}
}

// boundaries are the lines of countries, provinces and units; the areas of
// the units take the states hover and selected.
func boundaries(t theme) arr {
	return arr{
		obj{
			"id": "unit-fill", "type": "fill", "source": "units",
			"paint": obj{
				"fill-color": t.accent,
				"fill-opacity": arr{"case",
					state("selected"), 0.22,
					state("hover"), 0.12,
					0},
			},
		},
		obj{
			"id": "country-border", "type": "line", "source": "countries",
			"paint": obj{"line-color": t.border, "line-width": zoomed(3, 0.7, 8, 1.4)},
		},
		obj{
			"id": "province-border", "type": "line", "source": "provinces", "minzoom": 4.5,
			"filter": arr{"==", arr{"get", "kind"}, "province"},
			"paint":  obj{"line-color": t.border, "line-width": zoomed(5, 0.5, 9, 1), "line-dasharray": arr{3, 2}},
		},
		obj{
			"id": "national-border", "type": "line", "source": "provinces",
			"filter": arr{"==", arr{"get", "kind"}, "border"},
			"paint":  obj{"line-color": t.muted, "line-opacity": 0.7, "line-width": zoomed(3, 0.8, 8, 1.6)},
		},
		obj{
			"id": "unit-line", "type": "line", "source": "units", "minzoom": 8,
			"layout": obj{"line-join": "round"},
			"paint": obj{
				"line-color": arr{"case", state("selected"), t.accent, t.border},
				"line-width": zoomed(8, 0.5, 11, arr{"case", state("selected"), 2.5, 1.0}, 14, arr{"case", state("selected"), 3.5, 1.8}),
			},
		},
		obj{
			"id": "city-outline", "type": "line", "source": "outline", "maxzoom": 9,
			"layout": obj{"line-join": "round"},
			"paint":  obj{"line-color": t.accent, "line-opacity": 0.45, "line-width": zoomed(5, 0.6, 9, 1.4)},
		},
	}
}

func state(name string) arr { return arr{"boolean", arr{"feature-state", name}, false} }

// zoomed interpolates over zoom levels: level, value, level, value …
func zoomed(stops ...any) arr {
	return append(arr{"interpolate", arr{"linear"}, arr{"zoom"}}, stops...)
}
