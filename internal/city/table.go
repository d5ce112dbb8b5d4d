package city

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

	"openioc.org/ioc/internal/geo"
	"openioc.org/ioc/internal/vi"
)

// maxProblems is where a file's list of problems ends.
const maxProblems = 20

// table reads a CSV file with a header and gathers its problems.
type table struct {
	file     string
	csv      *csv.Reader
	column   map[string]int
	row      []string
	line     int
	problems []error
}

// readTable calls f for each row. The needed columns must be there, the
// others may.
func readTable(data fs.FS, file string, needed, others []string, f func(*table)) error {
	r, err := data.Open(file)
	if err != nil {
		return err
	}
	defer r.Close()
	t := table{file: file, csv: csv.NewReader(r), column: map[string]int{}, line: 1}
	header, err := t.csv.Read()
	if err != nil {
		return fmt.Errorf("%s:1: want a header: %w", file, err)
	}
	for i, name := range header {
		if i == 0 {
			name = trimBOM(name)
		}
		if !slices.Contains(needed, name) && !slices.Contains(others, name) {
			t.fail("unknown column %q", name)
		}
		t.column[name] = i
	}
	for _, name := range needed {
		if _, ok := t.column[name]; !ok {
			t.fail("no column %q", name)
		}
	}
	if len(t.problems) > 0 {
		return errors.Join(t.problems...)
	}
	for len(t.problems) < maxProblems {
		row, err := t.csv.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
			t.line = parse.Line
			t.fail("%w", parse.Err)
			if errors.Is(parse.Err, csv.ErrFieldCount) {
				continue
			}
			break
		} else if err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
		t.row = row
		t.line, _ = t.csv.FieldPos(0)
		f(&t)
	}
	return errors.Join(t.problems...)
}

func trimBOM(s string) string {
	const bom = "\uFEFF"
	if len(s) >= len(bom) && s[:len(bom)] == bom {
		return s[len(bom):]
	}
	return s
}

func (t *table) fail(format string, args ...any) {
	t.problems = append(t.problems, fmt.Errorf("%s:%d: "+format, append([]any{t.file, t.line}, args...)...))
}

func (t *table) text(column string) string {
	i, ok := t.column[column]
	if !ok || i >= len(t.row) {
		return ""
	}
	return vi.NFC(t.row[i])
}

func (t *table) number(column string) float64 {
	s := t.text(column)
	if s == "" {
		return 0
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		t.fail("%s: %q is no number", column, s)
	}
	return v
}

func (t *table) date(column string, zone *time.Location) time.Time {
	s := t.text(column)
	if s == "" {
		return time.Time{}
	}
	d, err := time.ParseInLocation(time.DateOnly, s, zone)
	if err != nil {
		t.fail("%s: %q is no date like 2025-07-01", column, s)
	}
	return d
}

func (c *City) readUnits(data fs.FS, zone *time.Location) error {
	line := map[string]int{}
	err := readTable(data, "units.csv",
		[]string{"id", "code", "kind", "full_name", "name", "valid_from", "valid_to"},
		[]string{"name_en", "parent", "area_km2", "lon", "lat", "legal"},
		func(t *table) {
			u := Unit{
				ID: t.text("id"), Code: t.text("code"), Kind: t.text("kind"),
				FullName: t.text("full_name"), Name: t.text("name"), NameEn: t.text("name_en"),
				Parent: t.text("parent"), Legal: t.text("legal"), AreaKm2: t.number("area_km2"),
				Lon: t.number("lon"), Lat: t.number("lat"),
				ValidFrom: t.date("valid_from", zone), ValidTo: t.date("valid_to", zone),
				BBox: geo.NoBox(),
			}
			switch {
			case u.ID == "" || u.Code == "" || u.Name == "":
				t.fail("id, code and name are needed")
			case line[u.ID] > 0:
				t.fail("id %q stands on line %d already", u.ID, line[u.ID])
			case !kinds[u.Kind]:
				t.fail("kind: %q is not known", u.Kind)
			case !geo.Valid(geo.Point{u.Lon, u.Lat}):
				t.fail("lon, lat: %g, %g is no place", u.Lon, u.Lat)
			case !u.ValidTo.IsZero() && !u.ValidTo.After(u.ValidFrom):
				t.fail("valid_to is not after valid_from")
			}
			line[u.ID] = t.line
			if u.NameEn == "" {
				u.NameEn = u.Name
			}
			u.sortKey = vi.SortKey(u.Name)
			u.fold, u.key, u.foldFull = vi.Fold(u.Name), vi.Key(u.Name), vi.Fold(u.FullName)
			c.units = append(c.units, u)
		})
	if err != nil {
		return err
	}
	slices.SortFunc(c.units, byName)
	for i, u := range c.units {
		c.byID[u.ID] = i
	}
	for i, u := range c.units {
		if _, isID := c.byID[u.Code]; isID {
			continue
		}
		if j, ok := c.byCode[u.Code]; !ok || u.ValidFrom.After(c.units[j].ValidFrom) {
			c.byCode[u.Code] = i
		}
	}
	for _, u := range c.units {
		if _, ok := c.byID[u.Parent]; u.Parent != "" && !ok {
			return fmt.Errorf("units.csv:%d: parent: no unit %q", line[u.ID], u.Parent)
		}
	}
	return nil
}

func (c *City) readSuccessors(data fs.FS) error {
	err := readTable(data, "successors.csv", []string{"old", "new"}, []string{"part"}, func(t *table) {
		old, next := t.text("old"), t.text("new")
		for _, id := range []string{old, next} {
			if _, ok := c.byID[id]; !ok {
				t.fail("no unit %q", id)
				return
			}
		}
		if c.units[c.byID[old]].ValidTo.IsZero() {
			t.fail("unit %q has a successor and no end", old)
			return
		}
		c.link(old, next)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
