package geo

// Contains says whether an area holds p: inside an outer ring and in no
// hole. A point on an edge belongs to one of two areas that share the edge,
// never to both. Points and lines hold nothing.
func Contains(area Geometry, p Point) bool {
	switch g := area.(type) {
	case Ring:
		return inRing(g, p)
	case Polygon:
		if len(g) == 0 || !inRing(g[0], p) {
			return false
		}
		for _, hole := range g[1:] {
			if inRing(hole, p) {
				return false
			}
		}
		return true
	case MultiPolygon:
		for _, poly := range g {
			if Contains(poly, p) {
				return true
			}
		}
	case Collection:
		for _, m := range g {
			if Contains(m, p) {
				return true
			}
		}
	}
	return false
}

// Within says whether g has a position and all of them lie in the area; for
// lines and areas it looks at the vertices only.
func Within(g, area Geometry) bool {
	box, some, all := BoxOf(area), false, true
	eachPoint(g, func(p Point) {
		some = true
		all = all && box.Contains(p) && Contains(area, p)
	})
	return some && all
}

// inRing casts a ray to the east and counts the edges that it crosses.
func inRing(ring Ring, p Point) bool {
	inside := false
	x, y := p[0], p[1]
	for i, j := 0, len(ring)-1; i < len(ring); i++ {
		a, b := ring[i], ring[j]
		if (a[1] > y) != (b[1] > y) && x < (b[0]-a[0])*(y-a[1])/(b[1]-a[1])+a[0] {
			inside = !inside
		}
		j = i
	}
	return inside
}
