package geo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
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

// ReadFeatures reads a FeatureCollection and calls f for each feature in
// turn, holding one at a time. Its error, and that of f, comes as a
// *LineError.
func ReadFeatures(r io.Reader, f func(Feature) error) error {
	lines := &lineReader{r: r}
	dec := json.NewDecoder(lines)
	fail := func(at int64, err error) error {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return &LineError{Line: lines.line(at), Err: err}
	}
	want := func(t json.Delim, what string) error {
		if got, err := dec.Token(); err != nil {
			return fail(dec.InputOffset(), err)
		} else if got != t {
			return fail(dec.InputOffset(), errors.New("want "+what))
		}
		return nil
	}
	if err := want('{', "a FeatureCollection"); err != nil {
		return err
	}
	found := false
	var raw json.RawMessage
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return fail(dec.InputOffset(), err)
		}
		if key != "features" || found {
			if err := dec.Decode(&raw); err != nil {
				return fail(dec.InputOffset(), err)
			}
			continue
		}
		found = true
		if err := want('[', "an array of features"); err != nil {
			return err
		}
		for dec.More() {
			if err := dec.Decode(&raw); err != nil {
				return fail(dec.InputOffset(), err)
			}
			begin := dec.InputOffset() - int64(len(raw))
			feature, err := parseFeature(raw)
			if err != nil {
				return fail(begin, err)
			}
			feature.Line = lines.line(begin)
			if err := f(feature); err != nil {
				return fail(begin, err)
			}
		}
		if err := want(']', "the end of the features"); err != nil {
			return err
		}
	}
	if err := want('}', "the end of the collection"); err != nil {
		return err
	}
	if !found {
		return fail(dec.InputOffset(), errors.New("want a FeatureCollection"))
	}
	return nil
}

func parseFeature(raw []byte) (Feature, error) {
	var in struct {
		ID         any
		Properties json.RawMessage
		Geometry   *rawGeometry
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return Feature{}, err
	}
	f := Feature{Properties: in.Properties}
	if in.ID != nil {
		f.ID = fmt.Sprint(in.ID)
	}
	if in.Geometry != nil {
		g, err := in.Geometry.parse(0)
		if err != nil {
			return Feature{}, fmt.Errorf("geometry: %w", err)
		}
		f.Geometry = g
	}
	return f, nil
}

// lineReader remembers where the lines of what was read end.
type lineReader struct {
	r    io.Reader
	off  int64
	ends []int64
}

func (l *lineReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	for i := 0; i < n; {
		k := bytes.IndexByte(p[i:n], '\n')
		if k < 0 {
			break
		}
		l.ends = append(l.ends, l.off+int64(i+k))
		i += k + 1
	}
	l.off += int64(n)
	return n, err
}

// line is the line, from 1, of an offset that was read.
func (l *lineReader) line(off int64) int {
	return 1 + sort.Search(len(l.ends), func(i int) bool { return l.ends[i] >= off })
}
