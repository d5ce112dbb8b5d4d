package org

import (
	_ "embed"
	"fmt"

	"openioc.org/ioc/internal/city"
)

//go:embed data/units.csv
var agencyFile string

// shipped are the lives that come with the program: the agencies, and the
// administrative units of a city. Wards in force and old districts hang below
// the committee, old wards below their districts.
func shipped(c *city.City) (lives map[string][]Unit, alias map[string]string, err error) {
	rows, problems := ReadCSV(agencyFile)
	if len(problems) > 0 {
		return nil, nil, fmt.Errorf("data/units.csv:%d: %s: %w", problems[0].Line, problems[0].Field, problems[0].Err)
	}
	lives, alias = map[string][]Unit{}, map[string]string{}
	for _, r := range rows {
		lives[r.Unit.Code] = append(lives[r.Unit.Code], r.Unit)
	}
	var all []city.Unit
	if c != nil {
		all = c.All()
	}
	for _, u := range all {
		out := Unit{Code: u.ID, Name: u.FullName, NameEn: u.NameEn, Kind: u.Kind, Parent: u.Parent,
			ValidFrom: u.ValidFrom, ValidTo: u.ValidTo, Successors: u.Successors, Legal: u.Legal}
		if out.Parent == "" {
			out.Parent = Root
		}
		lives[u.ID] = append(lives[u.ID], out)
		if u.Code != u.ID {
			if known, ok := c.Unit(u.Code); ok && known.ID != u.Code {
				alias[u.Code] = known.ID
			}
		}
	}
	for code, ls := range lives {
		lives[code] = ordered(ls)
	}
	return lives, alias, nil
}
