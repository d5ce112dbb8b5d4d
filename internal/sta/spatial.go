package sta

import (
	"math"
	"slices"

	"github.com/paulmach/orb/planar"

	"openioc.org/ioc/internal/geo"
)

// The relations between shapes are computed on the plane of the coordinates,
// as simple features do: a shape is its points, the pieces of its lines and
// its polygons.
type parts struct {
	points []geo.Point
	lines  []edge // of lines
	ends   []geo.Point
	polys  []geo.Polygon
	rings  []edge // edges of the polygons
	box    geo.Box
}

type edge struct{ a, b geo.Point }

func partsOf(g geo.Geometry) *parts {
	p := &parts{box: geo.BoxOf(g)}
	p.add(g)
	return p
}

func (p *parts) add(g geo.Geometry) {
	switch g := g.(type) {
	case geo.Point:
		p.points = append(p.points, g)
	case geo.MultiPoint:
		p.points = append(p.points, g...)
	case geo.Line:
		p.lines = appendEdges(p.lines, g)
		if len(g) > 0 && g[0] != g[len(g)-1] {
			p.ends = append(p.ends, g[0], g[len(g)-1])
		}
	case geo.MultiLine:
		for _, l := range g {
			p.add(l)
		}
	case geo.Ring:
		p.add(geo.Polygon{g})
	case geo.Polygon:
		p.polys = append(p.polys, g)
		for _, r := range g {
			p.rings = appendEdges(p.rings, r)
		}
	case geo.MultiPolygon:
		for _, poly := range g {
			p.add(poly)
		}
	case geo.Collection:
		for _, inner := range g {
			p.add(inner)
		}
	}
}

func appendEdges(es []edge, ps []geo.Point) []edge {
	for i := 1; i < len(ps); i++ {
		es = append(es, edge{ps[i-1], ps[i]})
	}
	return es
}

func (p *parts) dimension() int {
	switch {
	case len(p.polys) > 0:
		return 2
	case len(p.lines) > 0:
		return 1
	}
	return 0
}

const tolerance = 1e-12 // degrees: a tenth of a micrometre

func (e edge) side(p geo.Point) float64 {
	return (e.b[0]-e.a[0])*(p[1]-e.a[1]) - (e.b[1]-e.a[1])*(p[0]-e.a[0])
}

func (e edge) length() float64 { return math.Hypot(e.b[0]-e.a[0], e.b[1]-e.a[1]) }

func (e edge) holds(p geo.Point) bool {
	if p == e.a || p == e.b {
		return true
	}
	if math.Abs(e.side(p)) > tolerance*max(e.length(), tolerance) {
		return false
	}
	return p[0] >= min(e.a[0], e.b[0])-tolerance && p[0] <= max(e.a[0], e.b[0])+tolerance &&
		p[1] >= min(e.a[1], e.b[1])-tolerance && p[1] <= max(e.a[1], e.b[1])+tolerance
}

// where says how a point lies to a shape: 1 inside, 0 on its border (an end
// of a line, an edge of a polygon), -1 outside.
func (p *parts) where(at geo.Point) int {
	best := -1
	for _, poly := range p.polys {
		best = max(best, inPolygon(poly, at))
	}
	if best < 1 && slices.Contains(p.points, at) {
		best = 1
	}
	if best < 1 {
		for _, e := range p.lines {
			if e.holds(at) {
				best = max(best, 1)
				if slices.Contains(p.ends, at) {
					best = max(0, best-1)
				}
				break
			}
		}
	}
	return best
}

func inPolygon(poly geo.Polygon, at geo.Point) int {
	inside := false
	for _, ring := range poly {
		for i := 1; i < len(ring); i++ {
			e := edge{ring[i-1], ring[i]}
			if e.holds(at) {
				return 0
			}
			if (e.a[1] > at[1]) != (e.b[1] > at[1]) && at[0] < (e.b[0]-e.a[0])*(at[1]-e.a[1])/(e.b[1]-e.a[1])+e.a[0] {
				inside = !inside
			}
		}
	}
	if inside {
		return 1
	}
	return -1
}

// cuts returns where along e (0 to 1) it meets f.
func (e edge) cuts(f edge) []float64 {
	d1, d2 := f.side(e.a), f.side(e.b)
	if d1 == d2 { // parallel: only the ends of f can lie on e
		var out []float64
		for _, p := range []geo.Point{f.a, f.b} {
			if e.holds(p) {
				out = append(out, e.along(p))
			}
		}
		return out
	}
	t := d1 / (d1 - d2)
	if t < 0 || t > 1 || !f.holds(e.point(t)) {
		return nil
	}
	return []float64{t}
}

func (e edge) point(t float64) geo.Point {
	return geo.Point{e.a[0] + t*(e.b[0]-e.a[0]), e.a[1] + t*(e.b[1]-e.a[1])}
}

func (e edge) along(p geo.Point) float64 {
	if math.Abs(e.b[0]-e.a[0]) > math.Abs(e.b[1]-e.a[1]) {
		return (p[0] - e.a[0]) / (e.b[0] - e.a[0])
	}
	if e.b[1] == e.a[1] {
		return 0
	}
	return (p[1] - e.a[1]) / (e.b[1] - e.a[1])
}

// middles calls f with the middle of every piece into which the shape b cuts
// the edges, until f returns false.
func middles(edges []edge, b *parts, f func(geo.Point) bool) bool {
	for _, e := range edges {
		at := []float64{0, 1}
		for _, others := range [][]edge{b.rings, b.lines} {
			for _, o := range others {
				at = append(at, e.cuts(o)...)
			}
		}
		slices.Sort(at)
		for i := 1; i < len(at); i++ {
			if at[i]-at[i-1] > tolerance && !f(e.point((at[i]+at[i-1])/2)) {
				return false
			}
		}
	}
	return true
}

func (p *parts) edges() []edge { return append(slices.Clone(p.lines), p.rings...) }

func (p *parts) vertices() []geo.Point {
	out := slices.Clone(p.points)
	for _, e := range p.edges() {
		out = append(out, e.a, e.b)
	}
	return out
}

func intersects(g, h geo.Geometry) bool { return partsOf(g).meets(partsOf(h)) }

func (a *parts) meets(b *parts) bool {
	if a.box.Empty() || b.box.Empty() || !a.box.Intersects(b.box) {
		return false
	}
	for _, p := range a.vertices() {
		if b.where(p) >= 0 {
			return true
		}
	}
	for _, p := range b.vertices() {
		if a.where(p) >= 0 {
			return true
		}
	}
	for _, e := range a.edges() {
		for _, f := range b.edges() {
			if len(e.cuts(f)) > 0 {
				return true
			}
		}
	}
	return false
}

// coveredBy: no point of a lies outside b.
func (a *parts) coveredBy(b *parts) bool {
	if a.box.Empty() || a.dimension() > b.dimension() {
		return false
	}
	for _, p := range a.vertices() {
		if b.where(p) < 0 {
			return false
		}
	}
	if !middles(a.edges(), b, func(p geo.Point) bool { return b.where(p) >= 0 }) {
		return false
	}
	// A hole of b inside a is cut out of a too, or a is not covered.
	for _, poly := range b.polys {
		for _, hole := range poly[min(1, len(poly)):] {
			if p, ok := inner(geo.Polygon{hole}); ok && a.dimension() == 2 && a.where(p) == 1 {
				return false
			}
		}
	}
	return true
}

// share reports whether the insides of two shapes have a point in common, and
// whether they have a piece of the lesser one's dimension in common.
func (a *parts) share(b *parts) (point, piece bool) {
	if a.dimension() > b.dimension() {
		return b.share(a)
	}
	if !a.meets(b) {
		return false, false
	}
	for _, p := range a.points {
		if b.where(p) == 1 {
			point, piece = true, true
		}
	}
	middles(a.edges(), b, func(p geo.Point) bool {
		piece = piece || b.where(p) == 1
		return !piece
	})
	if a.dimension() == 2 && !piece {
		middles(b.rings, a, func(p geo.Point) bool {
			piece = a.where(p) == 1
			return !piece
		})
		for _, poly := range a.polys {
			if p, ok := inner(poly); ok && b.where(p) == 1 {
				piece = true
			}
		}
	}
	point = point || piece
	if !point && a.dimension() == 1 && b.dimension() == 1 {
		for _, e := range a.lines {
			for _, f := range b.lines {
				for _, t := range e.cuts(f) {
					p := snap(e.point(t), e, f)
					point = point || a.where(p) == 1 && b.where(p) == 1
				}
			}
		}
	}
	return point, piece
}

// snap makes a computed crossing the vertex it is next to.
func snap(p geo.Point, es ...edge) geo.Point {
	for _, e := range es {
		for _, v := range []geo.Point{e.a, e.b} {
			if math.Hypot(p[0]-v[0], p[1]-v[1]) <= tolerance {
				return v
			}
		}
	}
	return p
}

// inner returns a point inside a polygon: the middle of its widest stretch at
// half its height.
func inner(poly geo.Polygon) (at geo.Point, ok bool) {
	box := geo.BoxOf(poly)
	if len(poly) == 0 || box.Empty() {
		return at, false
	}
	y := box.South + (box.North-box.South)*0.5001237
	var xs []float64
	for _, ring := range poly {
		for i := 1; i < len(ring); i++ {
			if a, b := ring[i-1], ring[i]; (a[1] > y) != (b[1] > y) {
				xs = append(xs, a[0]+(y-a[1])/(b[1]-a[1])*(b[0]-a[0]))
			}
		}
	}
	slices.Sort(xs)
	widest := 0.0
	for i := 1; i < len(xs); i += 2 {
		if w := xs[i] - xs[i-1]; w > widest {
			widest, at, ok = w, geo.Point{(xs[i] + xs[i-1]) / 2, y}, true
		}
	}
	return at, ok
}

func within(g, h geo.Geometry) bool {
	a, b := partsOf(g), partsOf(h)
	if a.box.Empty() || !a.box.Intersects(b.box) || !a.coveredBy(b) {
		return false
	}
	point, _ := a.share(b)
	return point
}

func sameShape(g, h geo.Geometry) bool {
	a, b := partsOf(g), partsOf(h)
	return a.dimension() == b.dimension() && a.coveredBy(b) && b.coveredBy(a)
}

func touches(g, h geo.Geometry) bool {
	a, b := partsOf(g), partsOf(h)
	point, _ := a.share(b)
	return !point && a.meets(b)
}

func overlaps(g, h geo.Geometry) bool {
	a, b := partsOf(g), partsOf(h)
	if a.dimension() != b.dimension() {
		return false
	}
	_, piece := a.share(b)
	return piece && !a.coveredBy(b) && !b.coveredBy(a)
}

func crosses(g, h geo.Geometry) bool {
	a, b := partsOf(g), partsOf(h)
	point, piece := a.share(b)
	switch {
	case a.dimension() == b.dimension():
		return a.dimension() == 1 && point && !piece
	case a.dimension() > b.dimension():
		a, b = b, a
	}
	return point && !a.coveredBy(b)
}

// distance is the shortest one in degrees, 0 for shapes that meet.
func distance(g, h geo.Geometry) any {
	a, b := partsOf(g), partsOf(h)
	if a.box.Empty() || b.box.Empty() {
		return nil
	}
	if a.meets(b) {
		return 0.0
	}
	best := math.Inf(1)
	for _, pair := range [][2]*parts{{a, b}, {b, a}} {
		for _, p := range pair[0].vertices() {
			for _, q := range pair[1].points {
				best = min(best, planar.Distance(p, q))
			}
			for _, e := range pair[1].edges() {
				best = min(best, planar.DistanceFromSegment(e.a, e.b, p))
			}
		}
	}
	return best
}
