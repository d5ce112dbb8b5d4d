package geo

import "math"

// Metres is a length on the Earth's surface.
type Metres float64

const (
	earthRadius     = 6371008.8 // mean, metres (IUGG)
	metresPerDegree = earthRadius * math.Pi / 180
)

// Distance is the great-circle distance between two points (haversine on the
// mean sphere: within 0.6 % of the ellipsoid).
func Distance(a, b Point) Metres {
	const rad = math.Pi / 180
	sinLat := math.Sin((b.Lat() - a.Lat()) * rad / 2)
	sinLon := math.Sin((b.Lon() - a.Lon()) * rad / 2)
	h := sinLat*sinLat + math.Cos(a.Lat()*rad)*math.Cos(b.Lat()*rad)*sinLon*sinLon
	return Metres(2 * earthRadius * math.Asin(math.Sqrt(min(h, 1))))
}

// DistanceTo is the distance from p to the nearest point of g, 0 inside an
// area and +Inf for a geometry without positions. Edges are taken as
// straight on the map, which is right to a few metres for edges under 50 km.
func DistanceTo(p Point, g Geometry) Metres {
	best := Metres(math.Inf(1))
	switch g := g.(type) {
	case Point:
		return Distance(p, g)
	case MultiPoint:
		for _, q := range g {
			best = min(best, Distance(p, q))
		}
	case Line:
		return distanceToPath(p, g)
	case MultiLine:
		for _, l := range g {
			best = min(best, distanceToPath(p, l))
		}
	case Ring:
		return DistanceTo(p, Polygon{g})
	case Polygon:
		if Contains(g, p) {
			return 0
		}
		for _, r := range g {
			best = min(best, distanceToPath(p, r))
		}
	case MultiPolygon:
		for _, poly := range g {
			best = min(best, DistanceTo(p, poly))
		}
	case Collection:
		for _, m := range g {
			best = min(best, DistanceTo(p, m))
		}
	}
	return best
}

func distanceToPath(p Point, path []Point) Metres {
	best := Metres(math.Inf(1))
	if len(path) == 1 {
		return Distance(p, path[0])
	}
	cos := math.Cos(p.Lat() * math.Pi / 180)
	for i := 1; i < len(path); i++ {
		best = min(best, Distance(p, nearest(p, path[i-1], path[i], cos)))
	}
	return best
}

// nearest returns the point of the segment ab that is nearest to p, on a
// plane where longitudes are shortened by cos.
func nearest(p, a, b Point, cos float64) Point {
	dx, dy := (b[0]-a[0])*cos, b[1]-a[1]
	length2 := dx*dx + dy*dy
	if length2 == 0 {
		return a
	}
	t := ((p[0]-a[0])*cos*dx + (p[1]-a[1])*dy) / length2
	t = min(max(t, 0), 1)
	return Point{a[0] + t*(b[0]-a[0]), a[1] + t*(b[1]-a[1])}
}
