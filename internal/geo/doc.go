// Package geo is the small geometry that the program needs: positions in
// WGS 84 (longitude first), boxes, distances on the sphere, which area holds
// a point, WKT and GeoJSON and encoded polylines in and out.
//
// The geometry types are orb's under this package's name, so that they fit
// its vector tiles and simplifiers without copying. Everything that reads
// outside bytes bounds its depth and gives errors with the position.
package geo

import "github.com/paulmach/orb"

// The geometries; a position is {longitude, latitude} in degrees. A polygon
// is its outer ring, then its holes; rings are closed.
type (
	Geometry     = orb.Geometry
	Point        = orb.Point
	MultiPoint   = orb.MultiPoint
	Line         = orb.LineString
	MultiLine    = orb.MultiLineString
	Ring         = orb.Ring
	Polygon      = orb.Polygon
	MultiPolygon = orb.MultiPolygon
	Collection   = orb.Collection
)
