package scenario

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"time"
)

// row is one line of a CSV file, read by column name; the first field that
// cannot be read is kept as the error of the row.
type row struct {
	col  map[string]int
	rec  []string
	line int
	err  error
}

// readTable reads a CSV file whose first line names its columns; each must
// hold at least those of need.
func readTable(fsys fs.FS, name string, need []string, each func(*row) error) error {
	f, err := fsys.Open(name)
	if err != nil {
		return fmt.Errorf("open %s: %w", name, err)
	}
	defer f.Close()
	if err := parseTable(f, need, each); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

func parseTable(r io.Reader, need []string, each func(*row) error) error {
	cr := csv.NewReader(r)
	head, err := cr.Read()
	if err != nil {
		return fmt.Errorf("read its first line: %w", err)
	}
	col := make(map[string]int, len(head))
	for i, h := range head {
		col[h] = i
	}
	for _, n := range need {
		if _, ok := col[n]; !ok {
			return fmt.Errorf("column %s is missing", n)
		}
	}
	for {
		rec, err := cr.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		line, _ := cr.FieldPos(0)
		rw := &row{col: col, rec: rec, line: line}
		err = each(rw)
		if err = errors.Join(rw.err, err); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}

func (r *row) text(name string) string { return r.rec[r.col[name]] }

func (r *row) number(name string) float64 {
	v, err := strconv.ParseFloat(r.text(name), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		r.fail("%s: %q is no number", name, r.text(name))
		return 0
	}
	return v
}

// time reads a local time "2006-01-02 15:04".
func (r *row) time(name string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", r.text(name), ict)
	if err != nil {
		r.fail("%s: %q is no time", name, r.text(name))
	}
	return t.UTC()
}

// oneOf reads a word of a closed list.
func (r *row) oneOf(name string, words ...string) string {
	if !slices.Contains(words, r.text(name)) {
		r.fail("%s: %q is none of %v", name, r.text(name), words)
	}
	return r.text(name)
}

func (r *row) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}
