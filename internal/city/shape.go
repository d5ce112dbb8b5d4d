package city

import (
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
	return readFeatures(data, "shapes.geojson", func(f geo.Feature) error {
		i, err := c.unitOf(f)
		if err != nil {
			return err
		}
		c.shapes[f.ID] = geo.GeoJSON(f.Geometry, 5)
		c.units[i].BBox = c.units[i].BBox.Union(geo.BoxOf(f.Geometry))
		return nil
	})
}

func (c *City) readOutline(data fs.FS) error {
	return readFeatures(data, "outline.geojson", func(f geo.Feature) error {
		c.outline = geo.GeoJSON(f.Geometry, 5)
		return nil
	})
}

// readBoundaries builds the index of exact boundaries; where there are none,
// the outlines for maps serve.
func (c *City) readBoundaries(data fs.FS) (*geo.Index[int], error) {
	var index geo.Index[int]
	for _, file := range []string{"boundaries.geojson.gz", "boundaries.geojson", "shapes.geojson"} {
		err := readFeatures(data, file, func(f geo.Feature) error {
			i, err := c.unitOf(f)
			if err == nil {
				index.Add(f.Geometry, i)
			}
			return err
		})
		if err != nil || index.Len() > 0 {
			return &index, err
		}
	}
	return &index, nil
}

// readFeatures calls f for each feature of a GeoJSON file, compressed or
// not; a file that is not there has no features.
func readFeatures(data fs.FS, file string, f func(geo.Feature) error) error {
	r, err := data.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	defer r.Close()
	plain := io.Reader(r)
	if strings.HasSuffix(file, ".gz") {
		if plain, err = gzip.NewReader(r); err != nil {
			return fmt.Errorf("%s:1: %w", file, err)
		}
	}
	err = geo.ReadFeatures(io.LimitReader(plain, maxBoundaries), f)
	if at, ok := errors.AsType[*geo.LineError](err); ok {
		return fmt.Errorf("%s:%d: %w", file, at.Line, at.Err)
	}
	return err
}

// unitOf returns the place of the unit that a feature draws.
func (c *City) unitOf(f geo.Feature) (int, error) {
	i, ok := c.byID[f.ID]
	switch {
	case !ok:
		return 0, fmt.Errorf("id: no unit %q", f.ID)
	case f.Geometry == nil:
		return 0, fmt.Errorf("unit %q has no geometry", f.ID)
	}
	return i, nil
}
