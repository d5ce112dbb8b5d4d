package city

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"openioc.org/ioc/internal/geo"
)

// maxBoundaries bounds what a compressed file may grow to.
const maxBoundaries = 256 << 20

// readShapes reads the outlines for maps.
func (c *City) readShapes(data fs.FS) error {
	const file = "shapes.geojson"
	features, err := readFeatures(data, file)
	if err != nil {
		return err
	}
	for _, f := range features {
		i, ok := c.byID[f.ID]
		if !ok || f.Geometry == nil {
			return fmt.Errorf("%s:%d: no unit %q, or no geometry", file, f.Line, f.ID)
		}
		c.shapes[f.ID] = geo.GeoJSON(f.Geometry, 5)
		u := &c.units[i]
		u.BBox = u.BBox.Union(geo.BoxOf(f.Geometry))
	}
	return nil
}

// readBoundaries builds the index of exact boundaries; where there are none,
// the outlines for maps serve.
func (c *City) readBoundaries(data fs.FS) (*geo.Index[int], error) {
	var index geo.Index[int]
	for _, file := range []string{"boundaries.geojson.gz", "boundaries.geojson", "shapes.geojson"} {
		features, err := readFeatures(data, file)
		if err != nil {
			return nil, err
		}
		for _, f := range features {
			i, ok := c.byID[f.ID]
			if !ok || f.Geometry == nil {
				return nil, fmt.Errorf("%s:%d: no unit %q, or no geometry", file, f.Line, f.ID)
			}
			index.Add(f.Geometry, i)
		}
		if len(features) > 0 {
			break
		}
	}
	return &index, nil
}

// readFeatures reads a GeoJSON file, compressed or not; a file that is not
// there has no features.
func readFeatures(data fs.FS, file string) ([]geo.Feature, error) {
	raw, err := fs.ReadFile(data, file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if strings.HasSuffix(file, ".gz") {
		z, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			return nil, fmt.Errorf("%s:1: %w", file, err)
		}
		raw, err = io.ReadAll(io.LimitReader(z, maxBoundaries))
		if err != nil {
			return nil, fmt.Errorf("%s:1: %w", file, err)
		}
	}
	features, err := geo.ParseFeatures(raw)
	if at, ok := errors.AsType[*geo.LineError](err); ok {
		return nil, fmt.Errorf("%s:%d: %w", file, at.Line, at.Err)
	}
	return features, err
}
