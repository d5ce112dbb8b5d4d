package city

import (
	"time"

	"openioc.org/ioc/internal/geo"
)

// The kinds of units; those after SpecialZone ended on 1 July 2025.
const (
	Ward           = "ward"            // phường
	Commune        = "commune"         // xã
	SpecialZone    = "special_zone"    // đặc khu
	Township       = "township"        // thị trấn
	UrbanDistrict  = "urban_district"  // quận
	RuralDistrict  = "rural_district"  // huyện
	Town           = "town"            // thị xã
	ProvincialCity = "provincial_city" // thành phố thuộc tỉnh
)

var kinds = map[string]bool{
	Ward: true, Commune: true, SpecialZone: true, Township: true,
	UrbanDistrict: true, RuralDistrict: true, Town: true, ProvincialCity: true,
}

// Unit is an administrative unit in one of its lives.
type Unit struct {
	// ID is unique for ever. That of a unit in force is its Code; one that
	// ended has "<code>-<year>", because codes are given again.
	ID       string `json:"id"`
	Code     string `json:"code"`      // the official code of its time: "20242"
	Kind     string `json:"kind"`      // Ward, Commune …
	Name     string `json:"name"`      // "Hải Châu"
	FullName string `json:"full_name"` // "Phường Hải Châu"
	NameEn   string `json:"name_en"`   // "Hai Chau"
	Parent   string `json:"parent,omitempty"`
	// ValidFrom is the first instant in force, zero when it lies before the
	// records; ValidTo the first instant no longer, zero while in force.
	ValidFrom time.Time `json:"valid_from,omitzero"`
	ValidTo   time.Time `json:"valid_to,omitzero"`
	Legal     string    `json:"legal,omitempty"` // what began or ended it
	// Successors and Predecessors are IDs. A unit goes whole to a single
	// successor, or in parts to several.
	Successors   []string `json:"successors,omitempty"`
	Predecessors []string `json:"predecessors,omitempty"`
	AreaKm2      float64  `json:"area_km2,omitempty"` // 0 when unknown
	// Lon and Lat are a place inside for a label, BBox what holds the unit;
	// for a unit without boundaries of its own they are its successors'.
	Lon  float64 `json:"lon"`
	Lat  float64 `json:"lat"`
	BBox geo.Box `json:"bbox"`

	sortKey, fold, key, foldFull string
}

// In says whether the unit is in force at t; the zero time asks for the
// units that have not ended.
func (u Unit) In(t time.Time) bool {
	if t.IsZero() {
		return u.ValidTo.IsZero()
	}
	return !t.Before(u.ValidFrom) && (u.ValidTo.IsZero() || t.Before(u.ValidTo))
}
