package geo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// maxNesting bounds collections within collections.
const maxNesting = 4

// ParseGeoJSON reads a GeoJSON geometry, or the geometry of a Feature. Errors
// name the place by its path, as "coordinates[0][3]". Heights are dropped.
func ParseGeoJSON(data []byte) (Geometry, error) {
	var in struct {
		rawGeometry
		Geometry *rawGeometry
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, err
	}
	if in.Type != "Feature" {
		return in.parse(0)
	}
	if in.Geometry == nil {
		return nil, errors.New("geometry: missing")
	}
	return in.Geometry.parse(0)
}

// rawGeometry is a geometry whose coordinates are still text.
type rawGeometry struct {
	Type        string
	Coordinates json.RawMessage
	Geometries  []rawGeometry
}

func (raw *rawGeometry) parse(nesting int) (Geometry, error) {
	if raw.Type != "GeometryCollection" {
		c := coordinates{in: raw.Coordinates}
		g, err := c.geometry(raw.Type)
		if err != nil {
			return nil, err
		}
		return g, nil
	}
	if nesting == maxNesting {
		return nil, errors.New("geometries: nested too deep")
	}
	c := make(Collection, 0, len(raw.Geometries))
	for i := range raw.Geometries {
		g, err := raw.Geometries[i].parse(nesting + 1)
		if err != nil {
			return nil, fmt.Errorf("geometries[%d]: %w", i, err)
		}
		c = append(c, g)
	}
	return c, nil
}

// GeoJSON writes g as a GeoJSON geometry with the given count of decimals
// (6 is 0.1 m); a negative count keeps all of them. A nil geometry is null.
func GeoJSON(g Geometry, decimals int) []byte { return appendGeometry(nil, g, decimals) }

func appendGeometry(b []byte, g Geometry, dec int) []byte {
	switch g := g.(type) {
	case Point:
		b = append(b, `{"type":"Point","coordinates":`...)
		return append(appendPoint(b, g, dec), '}')
	case MultiPoint:
		b = append(b, `{"type":"MultiPoint","coordinates":`...)
		return append(appendPoints(b, g, dec), '}')
	case Line:
		b = append(b, `{"type":"LineString","coordinates":`...)
		return append(appendPoints(b, g, dec), '}')
	case Ring:
		return appendGeometry(b, Polygon{g}, dec)
	case MultiLine:
		b = append(b, `{"type":"MultiLineString","coordinates":`...)
		b = appendArray(b, len(g), func(b []byte, i int) []byte { return appendPoints(b, g[i], dec) })
		return append(b, '}')
	case Polygon:
		b = append(b, `{"type":"Polygon","coordinates":`...)
		return append(appendRings(b, g, dec), '}')
	case MultiPolygon:
		b = append(b, `{"type":"MultiPolygon","coordinates":`...)
		b = appendArray(b, len(g), func(b []byte, i int) []byte { return appendRings(b, g[i], dec) })
		return append(b, '}')
	case Collection:
		b = append(b, `{"type":"GeometryCollection","geometries":`...)
		b = appendArray(b, len(g), func(b []byte, i int) []byte { return appendGeometry(b, g[i], dec) })
		return append(b, '}')
	}
	return append(b, "null"...)
}

func appendRings(b []byte, p Polygon, dec int) []byte {
	return appendArray(b, len(p), func(b []byte, i int) []byte { return appendPoints(b, p[i], dec) })
}

func appendPoints(b []byte, ps []Point, dec int) []byte {
	return appendArray(b, len(ps), func(b []byte, i int) []byte { return appendPoint(b, ps[i], dec) })
}

func appendPoint(b []byte, p Point, dec int) []byte {
	b = append(b, '[')
	b = appendNumber(b, p[0], dec)
	b = append(b, ',')
	b = appendNumber(b, p[1], dec)
	return append(b, ']')
}

// appendNumber writes v without the zeros that say nothing.
func appendNumber(b []byte, v float64, dec int) []byte {
	start := len(b)
	b = strconv.AppendFloat(b, v, 'f', max(dec, -1), 64)
	if dec > 0 {
		b = bytes.TrimRight(b, "0")
		b = bytes.TrimSuffix(b, []byte("."))
	}
	if string(b[start:]) == "-0" {
		b = append(b[:start], '0')
	}
	return b
}

func appendArray(b []byte, n int, item func([]byte, int) []byte) []byte {
	b = append(b, '[')
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = item(b, i)
	}
	return append(b, ']')
}
