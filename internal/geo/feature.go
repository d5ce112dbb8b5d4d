package geo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Feature is one feature of a GeoJSON collection.
type Feature struct {
	ID         string          // of "id", a text or a number; "" when absent
	Properties json.RawMessage // as it stands
	Geometry   Geometry        // nil for null
	Line       int             // of the file on which the feature begins, from 1
}

// LineError is what is wrong in a file, and on which line of it.
type LineError struct {
	Line int // from 1
	Err  error
}

// Error gives the line and what is wrong there.
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns what is wrong.
func (e *LineError) Unwrap() error { return e.Err }

// ParseFeatures reads a FeatureCollection. An error is a *LineError.
func ParseFeatures(data []byte) ([]Feature, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	line := lineCounter{data: data, line: 1}
	fail := func(err error) ([]Feature, error) {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, &LineError{Line: line.at(dec.InputOffset()), Err: err}
	}
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return fail(errors.Join(errors.New("want a FeatureCollection"), err))
	}
	var out []Feature
	found := false
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return fail(err)
		}
		if key != "features" || found {
			var skip json.RawMessage
			if err := dec.Decode(&skip); err != nil {
				return fail(err)
			}
			continue
		}
		found = true
		if t, err := dec.Token(); err != nil || t != json.Delim('[') {
			return fail(errors.Join(errors.New("features: want an array"), err))
		}
		for dec.More() {
			begins := line.at(afterComma(data, dec.InputOffset()))
			f, err := decodeFeature(dec)
			if err != nil {
				return fail(err)
			}
			f.Line = begins
			out = append(out, f)
		}
		if _, err := dec.Token(); err != nil {
			return fail(err)
		}
	}
	if _, err := dec.Token(); err != nil {
		return fail(err)
	}
	if !found {
		return fail(errors.New("want a FeatureCollection"))
	}
	return out, nil
}

func decodeFeature(dec *json.Decoder) (Feature, error) {
	var in struct {
		ID         any
		Properties json.RawMessage
		Geometry   json.RawMessage
	}
	if err := dec.Decode(&in); err != nil {
		return Feature{}, err
	}
	f := Feature{Properties: in.Properties}
	if in.ID != nil {
		f.ID = fmt.Sprint(in.ID)
	}
	if len(in.Geometry) > 0 && string(in.Geometry) != "null" {
		g, err := ParseGeoJSON(in.Geometry)
		if err != nil {
			return Feature{}, fmt.Errorf("geometry: %w", err)
		}
		f.Geometry = g
	}
	return f, nil
}

// afterComma moves an offset to the beginning of the next value.
func afterComma(data []byte, off int64) int64 {
	for off < int64(len(data)) && (isSpace(data[off]) || data[off] == ',') {
		off++
	}
	return off
}

// lineCounter turns growing offsets into line numbers in one pass.
type lineCounter struct {
	data []byte
	off  int64
	line int
}

func (c *lineCounter) at(off int64) int {
	off = min(off, int64(len(c.data)))
	if off > c.off {
		c.line += bytes.Count(c.data[c.off:off], []byte{'\n'})
		c.off = off
	}
	return c.line
}
