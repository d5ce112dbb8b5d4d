package geo

import (
	"fmt"
	"math"
)

// Box is a rectangle in degrees, its edges included. The zero Box is empty
// in the sense of Empty only when made by NoBox. No box crosses longitude
// 180.
type Box struct {
	West  float64 `json:"west"`
	South float64 `json:"south"`
	East  float64 `json:"east"`
	North float64 `json:"north"`
}

// NoBox holds nothing; extending it gives the box of what was added.
func NoBox() Box {
	return Box{West: math.Inf(1), South: math.Inf(1), East: math.Inf(-1), North: math.Inf(-1)}
}

// BoxOf returns the smallest box around g; NoBox for a geometry without
// positions.
func BoxOf(g Geometry) Box {
	b := NoBox()
	eachPoint(g, func(p Point) { b = b.Extend(p) })
	return b
}

// Around returns a box that holds every point within r of p; near the poles
// it spans all longitudes.
func Around(p Point, r Metres) Box {
	dLat := float64(r) / metresPerDegree
	b := Box{South: max(p.Lat()-dLat, -90), North: min(p.Lat()+dLat, 90), West: -180, East: 180}
	if cos := math.Cos(max(math.Abs(b.South), math.Abs(b.North)) * math.Pi / 180); cos > 1e-6 {
		b.West, b.East = max(p.Lon()-dLat/cos, -180), min(p.Lon()+dLat/cos, 180)
	}
	return b
}

// Empty says that the box holds no point.
func (b Box) Empty() bool { return !(b.West <= b.East && b.South <= b.North) }

// Extend returns the box grown to hold p.
func (b Box) Extend(p Point) Box {
	return Box{
		West: min(b.West, p.Lon()), South: min(b.South, p.Lat()),
		East: max(b.East, p.Lon()), North: max(b.North, p.Lat()),
	}
}

// Union returns the smallest box around both.
func (b Box) Union(o Box) Box {
	return Box{
		West: min(b.West, o.West), South: min(b.South, o.South),
		East: max(b.East, o.East), North: max(b.North, o.North),
	}
}

// Contains says whether p lies in the box or on its edge.
func (b Box) Contains(p Point) bool {
	return b.West <= p.Lon() && p.Lon() <= b.East && b.South <= p.Lat() && p.Lat() <= b.North
}

// Intersects says whether the boxes have a point in common.
func (b Box) Intersects(o Box) bool {
	return b.West <= o.East && o.West <= b.East && b.South <= o.North && o.South <= b.North
}

// Centre is the middle of the box.
func (b Box) Centre() Point { return Point{(b.West + b.East) / 2, (b.South + b.North) / 2} }

// String gives west,south,east,north, as GeoJSON's bbox.
func (b Box) String() string { return fmt.Sprintf("%g,%g,%g,%g", b.West, b.South, b.East, b.North) }

// Valid says whether p is a place on Earth: finite, within ±180 and ±90.
func Valid(p Point) bool {
	return math.Abs(p.Lon()) <= 180 && math.Abs(p.Lat()) <= 90 // false for NaN
}

func eachPoint(g Geometry, f func(Point)) {
	switch g := g.(type) {
	case Point:
		f(g)
	case MultiPoint:
		each(g, f)
	case Line:
		each(g, f)
	case Ring:
		each(g, f)
	case MultiLine:
		for _, l := range g {
			each(l, f)
		}
	case Polygon:
		for _, r := range g {
			each(r, f)
		}
	case MultiPolygon:
		for _, p := range g {
			for _, r := range p {
				each(r, f)
			}
		}
	case Collection:
		for _, m := range g {
			eachPoint(m, f)
		}
	}
}

func each(ps []Point, f func(Point)) {
	for _, p := range ps {
		f(p)
	}
}
