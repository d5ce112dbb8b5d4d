package board

import (
	"context"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/audit"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/workcal"
)

var (
	calendar = workcal.NewCalendar(nil, nil)
	system   = access.System("test")
	leader   = access.Actor{ID: "l1", Roles: []access.Role{access.Leader}}
	officer  = access.Actor{ID: "o1", Roles: []access.Role{access.Officer}, Unit: "20242"}
	citizen  = access.Actor{ID: "c1", Roles: []access.Role{access.Citizen}}
)

// On 1 July 2025 the districts went: 492 in parts, 4921 whole.
var units = map[string]casework.Unit{
	"20242": {Code: "20242", Name: "Phường Hải Châu", Ward: true, Parent: "ubnd", InForce: true},
	"20194": {Code: "20194", Name: "Phường Hải Vân", Ward: true, Parent: "ubnd", InForce: true},
	"soxd":  {Code: "soxd", Name: "Sở Xây dựng", Parent: "ubnd", InForce: true},
	"ubnd":  {Code: "ubnd", Name: "UBND thành phố", InForce: true},
	"492":   {Code: "492", Name: "Quận Hải Châu", Successors: []string{"20242", "20194"}},
	"4921":  {Code: "4921", Name: "Phường Thạch Thang", Successors: []string{"20242"}},
}

func local(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, caltime.Zone)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func ptr[T any](v T) *T { return &v }

func newCases(t testing.TB, db *store.DB, clk *clock.Clock) *Board {
	t.Helper()
	if _, err := audit.New(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	unit := func(code string, _ time.Time) (casework.Unit, bool) { u, ok := units[code]; return u, ok }
	all := func(time.Time) []casework.Unit {
		return []casework.Unit{units["20242"], units["20194"], units["soxd"], units["ubnd"]}
	}
	subtree := func(code string, _ time.Time) []string {
		if code == "ubnd" {
			return []string{"20194", "20242", "soxd", "ubnd"}
		}
		return []string{code}
	}
	s, err := casework.New(context.WithoutCancel(t.Context()), casework.Options{Store: db, Clock: clk, Calendar: func() *workcal.Calendar { return calendar }, Unit: unit, Units: all, Subtree: subtree})
	if err != nil {
		t.Fatal(err)
	}
	b, err := New(Options{Cases: s, Calendar: func() *workcal.Calendar { return calendar }, Unit: unit, Units: all, Subtree: subtree, Clock: clk,
		Shape: func(string) (float64, float64, []byte, bool) {
			return 108.2, 16.06, []byte(`{"type":"Polygon","coordinates":[]}`), true
		}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}
