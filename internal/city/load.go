package city

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pelletier/go-toml/v2"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/geo"
	"openioc.org/ioc/internal/vi"
)

//go:embed data/city.toml data/units.csv data/successors.csv data/shapes.geojson data/boundaries.geojson.gz data/outline.geojson
var builtin embed.FS

// Load returns the built-in city, Đà Nẵng.
func Load() (*City, error) {
	data, err := fs.Sub(builtin, "data")
	if err != nil {
		return nil, fmt.Errorf("open built-in city: %w", err)
	}
	return load(data)
}

// LoadDir reads a city from a folder that holds city.toml, units.csv and,
// where they are known, successors.csv, shapes.geojson, boundaries.geojson
// (or .geojson.gz) and outline.geojson. The error lists every problem, each
// as file:line: what.
func LoadDir(dir string) (*City, error) {
	c, err := load(os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("city %s: %w", dir, err)
	}
	if _, err := c.index(); err != nil {
		return nil, fmt.Errorf("city %s: %w", dir, err)
	}
	return c, nil
}

func load(data fs.FS) (*City, error) {
	c := &City{byID: map[string]int{}, byCode: map[string]int{}, shapes: map[string][]byte{}}
	zone, err := c.readInfo(data)
	if err != nil {
		return nil, err
	}
	if err := c.readUnits(data, zone); err != nil {
		return nil, err
	}
	if err := c.readSuccessors(data); err != nil {
		return nil, err
	}
	if err := c.readShapes(data); err != nil {
		return nil, err
	}
	if err := c.readOutline(data); err != nil {
		return nil, err
	}
	c.fillFromSuccessors()
	c.index = sync.OnceValues(func() (*geo.Index[int], error) { return c.readBoundaries(data) })
	return c, nil
}

func (c *City) readInfo(data fs.FS) (*time.Location, error) {
	f, err := data.Open("city.toml")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	err = toml.NewDecoder(f).DisallowUnknownFields().Decode(&c.info)
	if err != nil {
		line := 1
		var strict *toml.StrictMissingError
		var decode *toml.DecodeError
		if errors.As(err, &strict) && len(strict.Errors) > 0 {
			line, _ = strict.Errors[0].Position()
			err = fmt.Errorf("unknown key %s", strings.Join(strict.Errors[0].Key(), "."))
		} else if errors.As(err, &decode) {
			line, _ = decode.Position()
		}
		return nil, fmt.Errorf("city.toml:%d: %w", line, err)
	}
	if c.info.Name == "" || c.info.NameEn == "" {
		return nil, errors.New("city.toml:1: name and name_en are needed")
	}
	if !geo.Valid(c.info.Center) {
		return nil, fmt.Errorf("city.toml:1: center %v is no place", c.info.Center)
	}
	c.info.Name, c.info.FullName = vi.NFC(c.info.Name), vi.NFC(c.info.FullName)
	if c.info.Timezone == "" || c.info.Timezone == caltime.Zone.String() {
		c.info.Timezone = caltime.Zone.String()
		return caltime.Zone, nil
	}
	zone, err := time.LoadLocation(c.info.Timezone)
	if err != nil {
		return nil, fmt.Errorf("city.toml:1: timezone: %w", err)
	}
	return zone, nil
}

// fillFromSuccessors gives units without boundaries the place of what they
// became.
func (c *City) fillFromSuccessors() {
	for i := range c.units {
		u := &c.units[i]
		if !u.BBox.Empty() {
			continue
		}
		for _, next := range c.Successors(u.ID, time.Time{}) {
			u.BBox = u.BBox.Union(next.BBox)
			if u.Lon == 0 && u.Lat == 0 {
				u.Lon, u.Lat = next.Lon, next.Lat
			}
		}
		if u.BBox.Empty() {
			u.BBox = geo.Box{West: u.Lon, South: u.Lat, East: u.Lon, North: u.Lat}
		}
	}
}

func (c *City) link(old, next string) {
	o, n := &c.units[c.byID[old]], &c.units[c.byID[next]]
	if slices.Contains(o.Successors, next) {
		return
	}
	o.Successors = append(o.Successors, next)
	n.Predecessors = append(n.Predecessors, old)
}
