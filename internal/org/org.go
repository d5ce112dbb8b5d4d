package org

import (
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/city"
	"openioc.org/ioc/internal/vi"
)

// Root is the code of the city's People's Committee, below which its
// departments and the wards hang. Forces, central agencies and utilities are
// no part of it and are roots of their own.
const Root = "ubnd"

// Unit is a unit in one of its lives.
type Unit struct {
	Code       string
	Name       string
	NameEn     string
	Kind       string // one of Kinds
	Parent     string // code, "" for a root
	ValidFrom  time.Time
	ValidTo    time.Time // first instant no longer; zero while in force
	Successors []string  // codes; the first is who takes over its work
	Legal      string    // what began, changed or ended it
	Ward       bool      // of the lowest administrative level
}

// In says whether this life holds at t.
func (u Unit) In(t time.Time) bool {
	return !t.Before(u.ValidFrom) && (u.ValidTo.IsZero() || t.Before(u.ValidTo))
}

// Administrative says whether the unit is a part of the map (a ward, an old
// district), and not an agency.
func (u Unit) Administrative() bool { return slices.Contains(administrative, u.Kind) }

// English is the English name, or the Vietnamese one where there is none.
func (u Unit) English() string {
	if u.NameEn != "" {
		return u.NameEn
	}
	return u.Name
}

var (
	wards          = []string{city.Ward, city.Commune, city.SpecialZone, city.Township}
	administrative = append(slices.Clone(wards), city.UrbanDistrict, city.RuralDistrict, city.Town, city.ProvincialCity)
	agencies       = []string{"city", "ioc", "office", "department", "branch", "agency", "force", "utility", "public_service", "organisation", "other"}
)

// Kinds are those that a unit may have: agencies first, then the
// administrative ones of internal/city.
func Kinds() []string { return append(slices.Clone(agencies), administrative...) }

func (u Unit) same(o Unit) bool {
	return u.Code == o.Code && u.Name == o.Name && u.NameEn == o.NameEn && u.Kind == o.Kind && u.Parent == o.Parent &&
		u.ValidFrom.Equal(o.ValidFrom) && u.ValidTo.Equal(o.ValidTo) && slices.Equal(u.Successors, o.Successors) && u.Legal == o.Legal
}

func sameLives(a, b []Unit) bool { return slices.EqualFunc(a, b, Unit.same) }

// newest sorts lives, the newest first.
func newest(lives []Unit) {
	slices.SortStableFunc(lives, func(a, b Unit) int { return b.ValidFrom.Compare(a.ValidFrom) })
}

// ordered is a copy of lives as a tree keeps them.
func ordered(lives []Unit) []Unit {
	out := slices.Clone(lives)
	newest(out)
	for i := range out {
		out[i].Ward = slices.Contains(wards, out[i].Kind)
	}
	return out
}

// tidy brings text that was typed into one form.
func tidy(s string) string { return strings.Join(strings.Fields(vi.NFC(s)), " ") }

// parseDay reads an instant (RFC 3339) or a day of the city's calendar, as
// machines and as people here write it; "" is the zero time.
func parseDay(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return time.Time{}, true
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return inRange(t.Truncate(time.Microsecond))
	}
	for _, layout := range []string{time.DateOnly, "2/1/2006", "2-1-2006", "2.1.2006"} {
		if t, err := time.ParseInLocation(layout, s, caltime.Zone); err == nil {
			return inRange(t)
		}
	}
	return time.Time{}, false
}

// inRange refuses years that are slips of the pen, and that the records could
// not keep apart from "always".
func inRange(t time.Time) (time.Time, bool) { return t, t.Year() >= 1800 && t.Year() <= 2200 }
