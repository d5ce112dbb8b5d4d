package identity

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"openioc.org/ioc/internal/access"
)

func TestNobodyButAnAdministratorGivesWhatHeDoesNotHold(t *testing.T) {
	table := access.RolePermissions()
	for giver, roles := range mayGive {
		if !slices.Contains(table[giver], access.GrantEdit) {
			t.Errorf("%s may give without grant.edit", giver)
		}
		for _, r := range roles {
			if r == giver && giver != access.Admin {
				t.Errorf("%s makes his own like", giver)
			}
			for _, p := range table[r] {
				if giver != access.Admin && !slices.Contains(table[giver], p) {
					t.Errorf("%s gives %s, and with it %s", giver, r, p)
				}
			}
			if giver != access.Admin && access.RoleCeiling(r) > access.RoleCeiling(giver) {
				t.Errorf("%s gives %s above his ceiling", giver, r)
			}
		}
	}
	for r, ps := range table { // and who has the permission can use it
		if slices.Contains(ps, access.GrantEdit) && len(mayGive[r]) == 0 {
			t.Errorf("%s has grant.edit and may give nothing", r)
		}
	}
	for _, r := range delegable {
		if slices.Contains(table[r], access.UserEdit) || slices.Contains(table[r], access.ViewAs) {
			t.Errorf("%s is lent with the keys of the system", r)
		}
	}
}

func TestEveryRoleAndPermissionHasAName(t *testing.T) {
	for r, ps := range access.RolePermissions() {
		if slices.Contains(Assignable(), r) && (roleNames[r].Vi == "" || roleNames[r].En == "") {
			t.Errorf("%s has no name", r)
		}
		for _, p := range ps {
			if n := permissionNames[p]; n.Vi == "" || n.En == "" {
				t.Errorf("%s has no name", p)
			}
		}
	}
	for _, r := range Assignable() {
		if _, ok := access.RolePermissions()[r]; !ok {
			t.Errorf("%s is no role", r)
		}
	}
}

// Between two changes nothing changes: an answer may be kept that long.
func TestNextChange(t *testing.T) {
	zero := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		at := func(label string, least int) time.Time {
			return zero.Add(time.Duration(rapid.IntRange(least, 20).Draw(t, label)) * time.Minute)
		}
		var gs []Grant
		for range rapid.IntRange(0, 5).Draw(t, "grants") {
			g := Grant{From: at("from", 0)}
			if rapid.Bool().Draw(t, "ends") {
				until := at("until", 0)
				g.Until = &until
			}
			if rapid.Bool().Draw(t, "revoked") {
				g.RevokedAt = &zero
			}
			gs = append(gs, g)
		}
		force := func(now time.Time) (out []int) {
			for i := range gs {
				if gs[i].inForce(now) {
					out = append(out, i)
				}
			}
			return out
		}
		now := at("now", 0)
		next := nextChange(gs, now)
		for m := now; m.Before(zero.Add(25*time.Minute)) && (next.IsZero() || m.Before(next)); m = m.Add(10 * time.Second) {
			if !slices.Equal(force(m), force(now)) {
				t.Fatalf("changed at %v, next was to be %v", m, next)
			}
		}
		e := entry{checked: now, until: next}
		if !next.IsZero() && e.holds(next) {
			t.Fatal("the cache holds beyond the change")
		}
		if !e.holds(now) || e.holds(now.Add(-time.Second)) || e.holds(now.Add(stale)) {
			t.Fatal("the cache holds for ten seconds, and not backwards")
		}
	})
}

// What lies in no box of the giver's own is refused, and what lies in one is
// not; a set of units that is empty is nowhere.
func TestGivableIsInside(t *testing.T) {
	units := []string{"a", "b", "c"}
	rapid.Check(t, func(t *rapid.T) {
		list := func(label string) []string {
			if rapid.Bool().Draw(t, label+" any") {
				return nil
			}
			return rapid.SliceOfDistinct(rapid.SampledFrom(units), rapid.ID).Draw(t, label)
		}
		own := access.Grant{Role: access.UnitLeader, Units: list("units"), Services: list("services"), Ceiling: access.Sensitivity(rapid.IntRange(0, 3).Draw(t, "ceiling"))}
		g := access.Grant{Role: access.Officer, Unit: rapid.SampledFrom(units).Draw(t, "unit"), Services: list("to services"), Ceiling: access.Sensitivity(rapid.IntRange(0, 3).Draw(t, "to ceiling"))}
		g.Units = []string{g.Unit}
		giver := access.Actor{ID: "g", Grants: []access.Grant{own}}
		allowed := len(givable(giver, g)) == 0
		if allowed && exceeds(giver, access.Actor{ID: "t", Grants: []access.Grant{g}}) {
			t.Fatalf("%+v gave %+v, which reaches further", own, g)
		}
		if !allowed && inside(g.Bound(), own.Bound()) {
			t.Fatalf("%+v may not give %+v, which lies inside", own, g)
		}
	})
}
