package geo

import "github.com/tidwall/rtree"

// Index finds areas by point among many. Fill it with Add, then read it from
// as many goroutines as wanted. The zero Index is empty and ready.
type Index[T any] struct {
	tree  rtree.RTreeG[entry[T]]
	count int
}

type entry[T any] struct {
	box   Box
	area  Geometry // a Polygon, or what was added when it is no area
	value T
}

// Add puts an area into the index under value. The parts of a multipolygon
// are kept apart, so that a far island does not widen the search. The index
// keeps g: do not change it afterwards.
func (x *Index[T]) Add(g Geometry, value T) {
	if m, ok := g.(MultiPolygon); ok {
		for _, p := range m {
			x.add(p, value)
		}
	} else {
		x.add(g, value)
	}
	x.count++
}

func (x *Index[T]) add(g Geometry, value T) {
	b := BoxOf(g)
	if b.Empty() {
		return
	}
	x.tree.Insert([2]float64{b.West, b.South}, [2]float64{b.East, b.North}, entry[T]{b, g, value})
}

// Len is the number of areas added.
func (x *Index[T]) Len() int { return x.count }

// At calls f with the value of each area that holds p, in no order, until f
// returns false.
func (x *Index[T]) At(p Point, f func(T) bool) {
	x.tree.Search([2]float64(p), [2]float64(p), func(_, _ [2]float64, e entry[T]) bool {
		if Contains(e.area, p) {
			return f(e.value)
		}
		return true
	})
}

// In calls f with the value of each part whose box meets b, until f returns
// false; a value comes once for each such part.
func (x *Index[T]) In(b Box, f func(T) bool) {
	x.tree.Search([2]float64{b.West, b.South}, [2]float64{b.East, b.North}, func(_, _ [2]float64, e entry[T]) bool {
		return f(e.value)
	})
}
