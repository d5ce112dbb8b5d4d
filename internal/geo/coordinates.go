package geo

import (
	"fmt"
	"strconv"
)

// coordinates reads the nested arrays of a GeoJSON geometry. It is written
// by hand because a city's boundaries are megabytes of them; the input is
// valid JSON already.
type coordinates struct {
	in   []byte
	pos  int
	path []int // where we are, for errors
}

func (c *coordinates) geometry(kind string) (Geometry, error) {
	switch kind {
	case "Point":
		return c.point()
	case "MultiPoint":
		ps, err := c.points()
		return MultiPoint(ps), err
	case "LineString":
		return c.line()
	case "MultiLineString":
		ls, err := array(c, c.line)
		return MultiLine(ls), err
	case "Polygon":
		rs, err := array(c, c.ring)
		return Polygon(rs), err
	case "MultiPolygon":
		ps, err := array(c, func() (Polygon, error) { rs, err := array(c, c.ring); return rs, err })
		return MultiPolygon(ps), err
	case "":
		return nil, fmt.Errorf("type: missing")
	}
	return nil, fmt.Errorf("type: %.40q is no geometry", kind)
}

func (c *coordinates) ring() (Ring, error) {
	ps, err := c.points()
	if err != nil {
		return nil, err
	}
	if len(ps) < 4 || ps[0] != ps[len(ps)-1] {
		return nil, c.errorf("want a ring of at least four points that ends where it begins")
	}
	return ps, nil
}

func (c *coordinates) line() (Line, error) {
	ps, err := c.points()
	if err == nil && len(ps) < 2 {
		return nil, c.errorf("want at least two points")
	}
	return ps, err
}

func (c *coordinates) points() ([]Point, error) { return array(c, c.point) }

func (c *coordinates) point() (Point, error) {
	if !c.take('[') {
		return Point{}, c.errorf("want [longitude, latitude]")
	}
	var p Point
	for i := 0; ; i++ {
		v, ok := c.number()
		if !ok {
			return Point{}, c.errorf("want [longitude, latitude]")
		}
		if i < 2 {
			p[i] = v
		}
		if c.take(']') {
			if i < 1 || !Valid(p) {
				return Point{}, c.errorf("want a longitude within ±180 and a latitude within ±90")
			}
			return p, nil
		}
		if !c.take(',') {
			return Point{}, c.errorf("want numbers")
		}
	}
}

// array reads "[" item {"," item} "]".
func array[T any](c *coordinates, item func() (T, error)) ([]T, error) {
	if !c.take('[') {
		return nil, c.errorf("want an array")
	}
	var out []T
	if c.take(']') {
		return out, nil
	}
	c.path = append(c.path, 0)
	for {
		v, err := item()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if c.take(']') {
			c.path = c.path[:len(c.path)-1]
			return out, nil
		}
		if !c.take(',') {
			return nil, c.errorf("want an array")
		}
		c.path[len(c.path)-1]++
	}
}

func (c *coordinates) number() (float64, bool) {
	c.space()
	start := c.pos
	for c.pos < len(c.in) {
		switch b := c.in[c.pos]; {
		case b >= '0' && b <= '9', b == '-', b == '+', b == '.', b == 'e', b == 'E':
			c.pos++
			continue
		}
		break
	}
	v, err := strconv.ParseFloat(string(c.in[start:c.pos]), 64)
	return v, err == nil
}

func (c *coordinates) take(b byte) bool {
	c.space()
	if c.pos < len(c.in) && c.in[c.pos] == b {
		c.pos++
		return true
	}
	return false
}

func (c *coordinates) space() {
	for c.pos < len(c.in) && isSpace(c.in[c.pos]) {
		c.pos++
	}
}

func (c *coordinates) errorf(what string) error {
	path := "coordinates"
	for _, i := range c.path {
		path += "[" + strconv.Itoa(i) + "]"
	}
	return fmt.Errorf("%s: %s", path, what)
}
