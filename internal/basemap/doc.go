// Package basemap is the map under the city's data: land and sea, borders,
// rivers, the city's units and their names, glyphs and marks, as a MapLibre
// style in dark and light, Vietnamese and English, all served from the
// binary. A city may put a PMTiles file under it or another style in its
// place.
//
// Hoàng Sa and Trường Sa are on it at every scale, as Vietnamese, and the
// sea is Biển Đông (data/ORIGIN.md).
//
// Layers that others add go below "label-unit", the first layer of names, so
// that names stay readable: map.addLayer(layer, "label-unit"). The units are
// the source "units", their feature id is the code; feature states "hover"
// and "selected" show on them. Marks of the sprite: circle, triangle,
// diamond, octagon (the severities), square, drop, gauge, tower, dam.
package basemap
