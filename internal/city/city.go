package city

import (
	"slices"
	"time"

	"openioc.org/ioc/internal/geo"
)

// City is a city and its units. It is made by Load or LoadDir.
type City struct {
	info    Info
	units   []Unit // by SortKey of the name, then id
	byID    map[string]int
	byCode  map[string]int    // a code that is no id: its newest unit
	shapes  map[string][]byte // id → GeoJSON geometry, simplified
	outline []byte
	index   func() (*geo.Index[int], error)
}

// Info is what is known of the city as a whole.
type Info struct {
	Code     string     `toml:"code"`
	Name     string     `toml:"name"`
	FullName string     `toml:"full_name"`
	NameEn   string     `toml:"name_en"`
	Timezone string     `toml:"timezone"`
	Center   [2]float64 `toml:"center"` // longitude, latitude where the map opens
	Zoom     float64    `toml:"zoom"`
	View     [4]float64 `toml:"view"` // west, south, east, north that shows it whole
}

// Info returns the city's name, time zone and first view.
func (c *City) Info() Info { return c.info }

// Unit returns the unit of an ID, or the newest one of an official code.
func (c *City) Unit(code string) (Unit, bool) {
	if i, ok := c.byID[code]; ok {
		return c.units[i], true
	}
	if i, ok := c.byCode[code]; ok {
		return c.units[i], true
	}
	return Unit{}, false
}

// Units returns the units in force at a time, of every level, sorted by name
// as Vietnamese dictionaries do. The zero time asks for those that have not
// ended.
func (c *City) Units(at time.Time) []Unit {
	var out []Unit
	for _, u := range c.units {
		if u.In(at) {
			out = append(out, u)
		}
	}
	return out
}

// All returns every unit that is or ever was, sorted by name. Do not change
// the slice.
func (c *City) All() []Unit { return c.units }

// Successors returns the units in force at a time that a unit became, over
// as many changes as lie between; the unit itself when it is in force.
func (c *City) Successors(id string, at time.Time) []Unit {
	var out []Unit
	seen := map[string]bool{}
	for todo := []string{id}; len(todo) > 0; todo = todo[1:] {
		u, ok := c.Unit(todo[0])
		if !ok || seen[u.ID] {
			continue
		}
		seen[u.ID] = true
		if u.In(at) {
			out = append(out, u)
			continue
		}
		todo = append(todo, u.Successors...)
	}
	slices.SortFunc(out, byName)
	return out
}

// Geometry returns the simplified outline of a unit as a GeoJSON geometry
// for maps; nil for a unit without boundaries. Do not change the bytes.
func (c *City) Geometry(code string) []byte {
	u, ok := c.Unit(code)
	if !ok {
		return nil
	}
	return c.shapes[u.ID]
}

// Outline returns the outline of the whole city as a GeoJSON geometry; nil
// when the data have none. Do not change the bytes.
func (c *City) Outline() []byte { return c.outline }

// Find returns the unit that holds a place at a time. It works on the exact
// boundaries, which are read at the first call (under 0.1 s); a place
// outside all units, or a time whose boundaries are unknown, gives false.
func (c *City) Find(lon, lat float64, at time.Time) (Unit, bool) {
	index, err := c.index()
	if err != nil { // LoadDir has read them once; the built-in ones are tested
		return Unit{}, false
	}
	found := -1
	index.At(geo.Point{lon, lat}, func(i int) bool {
		if c.units[i].In(at) {
			found = i
		}
		return found < 0
	})
	if found < 0 {
		return Unit{}, false
	}
	return c.units[found], true
}
