package scenario

import (
	"math"
	"sort"
)

// curve is a monotone cubic through knots (Fritsch and Carlson): between two
// knots it never leaves their range, so that no crest is invented that
// nobody published.
type curve struct {
	x, y, m []float64
}

// newCurve makes the curve of knots with ascending x; it is flat at both ends.
func newCurve(x, y []float64) *curve {
	n := len(x)
	c := &curve{x: x, y: y, m: make([]float64, n)}
	for i := 1; i < n-1; i++ {
		h0, h1 := x[i]-x[i-1], x[i+1]-x[i]
		d0, d1 := (y[i]-y[i-1])/h0, (y[i+1]-y[i])/h1
		if d0*d1 > 0 {
			w0, w1 := 2*h1+h0, h1+2*h0
			c.m[i] = (w0 + w1) / (w0/d0 + w1/d1)
		}
	}
	return c
}

// at gives the curve's value; outside of the knots it stays level.
func (c *curve) at(x float64) float64 {
	n := len(c.x)
	if x <= c.x[0] {
		return c.y[0]
	}
	if x >= c.x[n-1] {
		return c.y[n-1]
	}
	i := sort.SearchFloat64s(c.x, x)
	if c.x[i] == x {
		return c.y[i]
	}
	i--
	h := c.x[i+1] - c.x[i]
	t := (x - c.x[i]) / h
	t2, t3 := t*t, t*t*t
	return (2*t3-3*t2+1)*c.y[i] + (t3-2*t2+t)*h*c.m[i] + (-2*t3+3*t2)*c.y[i+1] + (t3-t2)*h*c.m[i+1]
}

// hash is a fixed pseudo-random number in [0, 1) for a name and a count.
func hash(name string, n int64) float64 {
	h := uint64(14695981039346656037)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	h ^= uint64(n) * 0x9e3779b97f4a7c15
	h ^= h >> 30
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 27
	h *= 0x94d049bb133111eb
	h ^= h >> 31
	return float64(h>>11) / (1 << 53)
}

// ripple is the unrest of a water surface: a value in about [-1, 1] that
// wanders over half an hour.
func ripple(name string, sec int64) float64 {
	const step = 1800
	k := sec / step
	f := float64(sec%step) / step
	f = f * f * (3 - 2*f)
	slow := (1-f)*hash(name, k) + f*hash(name, k+1)
	return 1.4*(slow-0.5) + 0.8*(hash(name, sec)-0.5)
}

func gauss(x, centre, sigma float64) float64 {
	d := (x - centre) / sigma
	return math.Exp(-d * d / 2)
}
