package city

import (
	"testing"
	"testing/fstest"
	"time"
)

// FuzzLoad gives broken folders: an error or a city that answers, never a
// panic.
func FuzzLoad(f *testing.F) {
	const (
		info   = "name='Huế'\nname_en='Hue'\ncenter=[107.5,16.4]\n"
		units  = "id,code,kind,full_name,name,valid_from,valid_to\n1,1,ward,Phường Bắc,Bắc,2025-07-01,\n0,1,ward,Phường Cũ,Cũ,,2025-07-01\n"
		next   = "old,new\n0,1\n"
		shapes = `{"type":"FeatureCollection","features":[{"id":"1","geometry":{"type":"Polygon","coordinates":[[[107,16],[108,16],[108,17],[107,16]]]}}]}`
	)
	f.Add(info, units, next, shapes)
	f.Add(info, "id\n\"", next, "[")
	f.Add("name=1", units, "old,new\n0,0\n1,0", shapes)
	f.Fuzz(func(t *testing.T, info, units, next, shapes string) {
		c, err := load(fstest.MapFS{
			"city.toml":      {Data: []byte(info)},
			"units.csv":      {Data: []byte(units)},
			"successors.csv": {Data: []byte(next)},
			"shapes.geojson": {Data: []byte(shapes)},
		})
		if err != nil {
			return
		}
		for _, u := range c.Units(time.Time{}) {
			if got, ok := c.Unit(u.ID); !ok || got.ID != u.ID {
				t.Fatalf("Unit(%q) = %q, %t", u.ID, got.ID, ok)
			}
		}
		for id := range c.byID {
			c.Successors(id, time.Time{})
		}
		c.Search("b", time.Time{})
		c.Find(107.5, 16.4, time.Time{})
	})
}
