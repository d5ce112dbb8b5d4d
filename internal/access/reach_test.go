package access_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"openioc.org/ioc/internal/access"
)

func granted(gs ...access.Grant) access.Actor { return access.Actor{ID: "u1", Grants: gs} }

func TestCovers(t *testing.T) {
	unit := access.Reach{{Units: []string{"snnmt", "cctl"}, Ceiling: access.Personal}}
	flood := access.Reach{{Services: []string{"flood"}, Areas: []string{"20242"}, Ceiling: access.Internal}}
	for name, c := range map[string]struct {
		reach access.Reach
		scope access.Scope
		want  bool
	}{
		"anywhere at all":               {unit, access.Scope{}, true},
		"its own":                       {unit, access.Of("snnmt", "", "case"), true},
		"its branch's":                  {unit, access.Of("cctl", "20242", "river"), true},
		"another's":                     {unit, access.Of("sxd", "20242", ""), false},
		"what lies in it":               {access.Reach{{Units: []string{"20242"}}}, access.Of("sxd", "20242", ""), true},
		"nobody's":                      {unit, access.Of("", "", "flood"), false},
		"nobody's in it":                {access.Reach{{Units: []string{"20242"}}}, access.Of("", "20242", "flood"), true},
		"nobody's, for all":             {access.Reach{{}}, access.Of("", "", ""), true},
		"its service and area":          {flood, access.Of("sxd", "20242", "flood"), true},
		"its service, no area":          {flood, access.Of("sxd", "", "flood"), true},
		"its service, another area":     {flood, access.Of("sxd", "20194", "flood"), false},
		"another service":               {flood, access.Of("sxd", "20242", "case"), false},
		"no service":                    {flood, access.Of("sxd", "20242", ""), false},
		"above the ceiling":             {unit, access.Scope{Unit: "snnmt", Sensitivity: access.Sensitive}, false},
		"at the ceiling":                {unit, access.Scope{Unit: "snnmt", Sensitivity: access.Personal}, true},
		"nowhere":                       {nil, access.Scope{}, false},
		"an empty list reaches nothing": {access.Reach{{Units: []string{}}}, access.Of("snnmt", "", ""), false},
		"boxes are not mixed":           {access.Reach{{Units: []string{"a"}, Services: []string{"flood"}}, {Units: []string{"b"}, Services: []string{"case"}}}, access.Of("a", "", "case"), false},
	} {
		if got := c.reach.Covers(c.scope); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestCan(t *testing.T) {
	here := access.Grant{Role: access.Unit, Unit: "20242", Units: []string{"20242"}, Ceiling: access.Personal}
	chief := access.Grant{Role: access.IOCLeader, Ceiling: access.Personal, Services: []string{"flood"}}
	for name, c := range map[string]struct {
		actor access.Actor
		p     access.Permission
		scope access.Scope
		want  bool
	}{
		"no grants left, whatever the roles say": {access.Actor{ID: "u1", Roles: []access.Role{access.Admin}, Grants: []access.Grant{}}, access.UserView, access.Scope{}, false},
		"a grant":                                {granted(here), access.AlertAnswer, access.Of("20242", "", "flood"), true},
		"another's unit":                         {granted(here), access.AlertAnswer, access.Of("20194", "", "flood"), false},
		"a permission of no role":                {granted(here), access.RuleApprove, access.Scope{}, false},
		"two posts":                              {granted(here, chief), access.AlertHandle, access.Of("sxd", "", "flood"), true},
		"two posts, neither for it":              {granted(here, chief), access.AlertHandle, access.Of("20242", "", "case"), false},
		"a token for one thing":                  {access.Actor{ID: "t", Grants: []access.Grant{chief}, Only: []access.Permission{access.AlertView}}, access.AlertView, access.Scope{}, true},
		"a token for another":                    {access.Actor{ID: "t", Grants: []access.Grant{chief}, Only: []access.Permission{access.AlertView}}, access.RuleEdit, access.Scope{}, false},
		"a token that was made for nothing":      {access.Actor{ID: "t", Grants: []access.Grant{chief}, Only: []access.Permission{}}, access.AlertView, access.Scope{}, false},
		"a token does not add":                   {access.Actor{ID: "t", Grants: []access.Grant{here}, Only: []access.Permission{access.UserEdit}}, access.UserEdit, access.Scope{}, false},
		"an officer without a unit, anywhere":    {access.Actor{ID: "u", Roles: []access.Role{access.Unit}}, access.AlertView, access.Scope{}, true},
		"an officer without a unit, nobody's":    {access.Actor{ID: "u", Roles: []access.Role{access.Unit}}, access.AlertView, access.Of("", "", "flood"), false},
		"the program":                            {access.System("test"), access.AlertView, access.Of("", "", ""), true},
	} {
		if got := c.actor.Can(c.p, c.scope); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if c.actor.IsSystem() {
			continue
		}
		if got := c.actor.Reach(c.p).Covers(c.scope); got != c.want {
			t.Errorf("%s: Reach says %v", name, got)
		}
	}
}

func TestEverywhere(t *testing.T) {
	if !(access.Reach{{Units: []string{"a"}}, {}}).Everywhere() || (access.Reach{{Units: []string{"a"}}, {Services: []string{"flood"}}}).Everywhere() || (access.Reach)(nil).Everywhere() {
		t.Error("everywhere is one bound without limits")
	}
	limited := granted(access.Grant{Role: access.IOCLeader, Services: []string{"flood"}})
	if access.RequireEverywhere(limited, access.AlertSilence) == nil || access.RequireEverywhere(granted(access.Grant{Role: access.IOCLeader}), access.AlertSilence) != nil {
		t.Error("a setting of the whole city")
	}
}

// Whatever the grants, Can is Reach and Covers, and more grants never take
// anything away.
func TestCanIsReach(t *testing.T) {
	some := func(t *rapid.T, of []string, label string) []string {
		if rapid.Bool().Draw(t, label+" any") {
			return nil
		}
		return rapid.SliceOfDistinct(rapid.SampledFrom(of), func(s string) string { return s }).Draw(t, label)
	}
	rapid.Check(t, func(t *rapid.T) {
		units, services := []string{"a", "b", "c"}, []string{"flood", "case"}
		var gs []access.Grant
		for range rapid.IntRange(0, 3).Draw(t, "grants") {
			gs = append(gs, access.Grant{
				Role:  rapid.SampledFrom([]access.Role{access.Duty, access.Unit, access.IOCLeader, access.Security}).Draw(t, "role"),
				Units: some(t, units, "units"), Areas: some(t, units, "areas"), Services: some(t, services, "services"),
				Ceiling: access.Sensitivity(rapid.IntRange(0, 3).Draw(t, "ceiling")),
			})
		}
		scope := access.Of(rapid.SampledFrom(append(units, "")).Draw(t, "unit"), rapid.SampledFrom(append(units, "")).Draw(t, "area"), rapid.SampledFrom(append(services, "")).Draw(t, "service"))
		p := rapid.SampledFrom([]access.Permission{access.AlertView, access.RuleEdit, access.UserView}).Draw(t, "permission")
		a := access.Actor{ID: "u", Grants: append([]access.Grant{}, gs...)}
		if a.Can(p, scope) != a.Reach(p).Covers(scope) {
			t.Fatalf("%+v %s %+v", gs, p, scope)
		}
		if len(gs) > 0 {
			fewer := access.Actor{ID: "u", Grants: slices.Clone(gs[1:])}
			if fewer.Can(p, scope) && !a.Can(p, scope) {
				t.Fatalf("a grant took something away: %+v", gs)
			}
		}
	})
}

// The question of every request and row: in memory, for the largest grants.
func BenchmarkCan(b *testing.B) {
	subtree := make([]string, 150)
	for i := range subtree {
		subtree[i] = "unit-" + string(rune('a'+i%26)) + string(rune('a'+i/26))
	}
	slices.Sort(subtree)
	posts := access.Actor{ID: "u1", Grants: []access.Grant{
		{Role: access.Unit, Units: []string{"20242"}, Ceiling: access.Personal},
		{Role: access.Officer, Units: []string{"snnmt", "cctl", "ccbvmt"}, Services: []string{"case"}, Ceiling: access.Personal},
		{Role: access.UnitLeader, Units: subtree, Ceiling: access.Personal},
	}}
	last := access.Of(subtree[149], "20242x", "flood")
	for name, c := range map[string]struct {
		actor access.Actor
		p     access.Permission
		scope access.Scope
		want  bool
	}{
		"role anywhere":                {actor(access.Duty), access.AlertView, access.Scope{}, true},
		"three posts, 154 units, last": {posts, access.AlertAnswer, last, true},
		"three posts, refused":         {posts, access.CaseView, access.Of("elsewhere", "nowhere", "flood"), false},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if c.actor.Can(c.p, c.scope) != c.want {
					b.Fatal("wrong")
				}
			}
		})
	}
}
