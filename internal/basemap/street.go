package basemap

// streets draws what a city's own tiles bring, in the two schemas that tools
// write: Protomaps (roads, buildings, water) and OpenMapTiles
// (transportation, building, water, waterway).
func streets(t theme, tiles *tileset) arr {
	var out arr
	add := func(layer string, style obj) {
		if tiles.layers[layer] {
			style["source"], style["source-layer"] = "city", layer
			out = append(out, style)
		}
	}
	polygon := arr{"==", arr{"geometry-type"}, "Polygon"}
	line := arr{"==", arr{"geometry-type"}, "LineString"}
	add("water", obj{"id": "city-water", "type": "fill", "minzoom": 11, "filter": polygon, "paint": obj{"fill-color": t.sea}})
	add("waterway", obj{"id": "city-waterway", "type": "line", "minzoom": 11, "paint": obj{"line-color": t.sea, "line-width": 1.2}})
	for _, layer := range []string{"buildings", "building"} {
		add(layer, obj{"id": "city-" + layer, "type": "fill", "minzoom": 14, "filter": polygon, "paint": obj{"fill-color": t.build}})
	}
	for _, layer := range []string{"roads", "transportation"} {
		for _, part := range []struct {
			id, color string
			extra     float64
		}{{"casing", t.roadCasing, 1.2}, {"line", t.road, 0}} {
			add(layer, obj{
				"id": "city-" + layer + "-" + part.id, "type": "line", "minzoom": 8, "filter": line,
				"layout": obj{"line-join": "round", "line-cap": "round"},
				"paint":  obj{"line-color": part.color, "line-width": roadWidth(part.extra)},
			})
		}
	}
	return out
}

// roadWidth widens roads by their class, which is "kind" in one schema and
// "class" in the other.
func roadWidth(extra float64) arr {
	class := arr{"coalesce", arr{"get", "kind"}, arr{"get", "class"}, ""}
	width := func(big, middle, small float64) arr {
		return arr{"match", class,
			arr{"highway", "motorway", "trunk", "primary"}, big + extra,
			arr{"major_road", "secondary", "tertiary"}, middle + extra,
			small + extra*small/(small+1)}
	}
	return zoomed(8, width(0.8, 0.2, 0), 12, width(2, 1.2, 0.4), 16, width(9, 7, 4))
}

func streetNames(t theme, tiles *tileset) arr {
	var out arr
	for _, layer := range []string{"roads", "transportation_name"} {
		if tiles.layers[layer] {
			out = append(out, obj{
				"id": "city-" + layer + "-name", "type": "symbol", "source": "city", "source-layer": layer, "minzoom": 14,
				"layout": obj{
					"symbol-placement": "line", "text-field": arr{"get", "name"}, "text-font": arr{regular}, "text-size": 11,
				},
				"paint": obj{"text-color": t.muted, "text-halo-color": t.halo, "text-halo-width": 1.2},
			})
		}
	}
	return out
}
