package basemap

import "openioc.org/ioc/internal/msg"

// label tells one layer of names; what comes later in the style is placed
// first.
type label struct {
	id, source  string
	kinds       []string // of the source "labels"; nil for all
	font        string
	size        any
	color       string
	from, to    float64 // zoom levels; to 0 is no end
	spacing     float64 // ems between letters
	always      bool    // shown even where names overlap
	dot         bool    // a place: the name stands beside it
	rankedZooms arr     // expression: from which zoom a rank is shown
}

// names are the layers of text. The archipelagos come last: whatever else
// must give way, they are named.
func names(t theme, lang msg.Lang, tiles *tileset) arr {
	out := islandDots(t)
	if tiles != nil {
		out = append(out, streetNames(t, tiles)...)
	}
	for _, l := range []label{
		{id: "label-unit", source: "unit-labels", font: regular, size: zoomed(9, 10.5, 12, 13, 15, 15), color: t.muted, from: 9},
		{id: "label-river", source: "labels", kinds: []string{"river"}, font: regular, size: 11, color: t.seaText, from: 10.5, spacing: 0.05},
		{id: "label-peak", source: "labels", kinds: []string{"peak", "bay"}, font: regular, size: 11, color: t.seaText, from: 10},
		{id: "label-province", source: "labels", kinds: []string{"province"}, font: regular, size: zoomed(5, 10, 8, 12.5), color: t.muted, from: 5.6, to: 9},
		{id: "label-isle", source: "labels", kinds: []string{"isle"}, font: regular, size: 11, color: t.tow, from: 6.5},
		{id: "label-town", source: "labels", kinds: []string{"town"}, font: semiBold, size: 12, color: t.tow, from: 8.5, to: 12},
		{id: "label-city", source: "labels", kinds: []string{"city", "capital"}, font: semiBold, size: zoomed(4, 10.5, 8, 14, 11, 17), color: t.text,
			from: 3.5, to: 11.5, rankedZooms: arr{"step", arr{"zoom"}, 1, 5, 2, 6, 3, 7, 5}},
		{id: "label-country", source: "labels", kinds: []string{"country"}, font: semiBold, size: zoomed(3, 10.5, 6, 15), color: t.muted,
			from: 2, to: 7.5, spacing: 0.14, rankedZooms: arr{"step", arr{"zoom"}, 2, 4, 3}},
		{id: "label-sea", source: "labels", kinds: []string{"sea", "gulf"}, font: regular, size: zoomed(3, 12, 6, 18, 9, 14), color: t.seaText,
			from: 2, spacing: 0.2, rankedZooms: arr{"step", arr{"zoom"}, 1, 4.5, 2, 7, 5}},
		{id: "label-island", source: "labels", kinds: []string{"island"}, font: regular, size: zoomed(6, 10, 10, 12.5), color: t.tow,
			from: 5.5, dot: true, rankedZooms: arr{"step", arr{"zoom"}, 5, 7, 6}},
		{id: "label-archipelago", source: "labels", kinds: []string{"archipelago"}, font: semiBold, size: zoomed(2, 9.5, 5, 13, 8, 16), color: t.text,
			always: true},
	} {
		out = append(out, l.layer(t, lang))
	}
	return out
}

func (l label) layer(t theme, lang msg.Lang) obj {
	name := "name"
	if lang == msg.En && l.source == "labels" { // the units keep their own names
		name = "name_en"
	}
	layout := obj{
		"text-field": arr{"get", name}, "text-font": arr{l.font}, "text-size": l.size,
		"text-letter-spacing": l.spacing, "text-max-width": 8, "text-line-height": 1.25, "text-padding": 4,
	}
	if l.source == "labels" {
		layout["symbol-sort-key"] = arr{"get", "rank"}
	} else {
		layout["symbol-sort-key"] = arr{"-", 0, arr{"get", "area_km2"}}
	}
	if l.always {
		layout["text-allow-overlap"], layout["text-ignore-placement"] = true, false
	}
	if l.dot {
		layout["text-variable-anchor"], layout["text-radial-offset"] = arr{"left", "right", "top", "bottom"}, 0.6
		layout["text-justify"] = "auto"
	}
	out := obj{
		"id": l.id, "type": "symbol", "source": l.source, "layout": layout,
		"paint": obj{"text-color": l.color, "text-halo-color": t.halo, "text-halo-width": 1.3, "text-halo-blur": 0.4},
	}
	if l.from > 0 {
		out["minzoom"] = l.from
	}
	if l.to > 0 {
		out["maxzoom"] = l.to
	}
	if f := l.filter(); f != nil {
		out["filter"] = f
	}
	return out
}

func (l label) filter() arr {
	if l.kinds == nil {
		return nil
	}
	kinds := arr{"match", arr{"get", "kind"}, l.kinds, true, false}
	if l.rankedZooms == nil {
		return kinds
	}
	return arr{"all", kinds, arr{"<=", arr{"get", "rank"}, l.rankedZooms}}
}

// islandDots marks the islands of Hoàng Sa and Trường Sa, which are smaller
// than a pixel at most scales.
func islandDots(t theme) arr {
	return arr{obj{
		"id": "island-dot", "type": "circle", "source": "labels", "minzoom": 3, "maxzoom": 11,
		"filter": arr{"==", arr{"get", "kind"}, "island"},
		"paint": obj{
			"circle-radius": zoomed(3, 0.8, 7, 2), "circle-color": t.tow,
			"circle-stroke-color": t.halo, "circle-stroke-width": 0.5,
		},
	}}
}
