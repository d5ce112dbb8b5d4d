package access

import (
	"slices"
	"time"
)

// Sensitivity says how carefully something is kept; a grant has a ceiling.
type Sensitivity int

// The sensitivities (Law 91/2025/QH15 tells basic from sensitive personal data).
const (
	Public    Sensitivity = iota // anybody may know
	Internal                     // the city's own
	Personal                     // names, phones, addresses, numbers of papers
	Sensitive                    // health, biometrics, religion, finance …
)

// Grant is a role with where, for what and until when it holds. Identity
// resolves the subtree before an Actor is made; what has expired is left out.
type Grant struct {
	ID       string
	Role     Role
	Unit     string      // root of the subtree, "" the whole city
	Units    []string    // the codes of the subtree as of now, sorted; nil is every unit
	Areas    []string    // codes of administrative units on the ground; nil is anywhere
	Services []string    // "flood", "case"; nil is every service
	Ceiling  Sensitivity // up to which sensitivity
	From     time.Time   // zero: from ever
	Until    time.Time   // first instant no longer; zero: until revoked
	For      string      // user id of who delegated it (ủy quyền), "" a post of one's own
}

// Bound is one box of a Reach; a nil list is "any".
type Bound struct {
	Units    []string
	Areas    []string
	Services []string
	Ceiling  Sensitivity
}

// Reach is where an actor may do something: the union of its bounds. An empty
// Reach is nowhere.
type Reach []Bound

// Everywhere reports whether one bound alone covers all units, areas and
// services.
func (r Reach) Everywhere() bool {
	return slices.ContainsFunc(r, func(b Bound) bool { return b.Units == nil && b.Areas == nil && b.Services == nil })
}

// Covers reports whether something in s lies within r. Empty fields of s are
// not asked for; what belongs to no unit has the unit NoUnit, and is only for
// those whose reach is not limited to units.
func (r Reach) Covers(s Scope) bool {
	return slices.ContainsFunc(r, func(b Bound) bool { return b.covers(s) })
}

// covers: a unit reaches what is addressed to it and what lies in it.
func (b Bound) covers(s Scope) bool {
	if b.Units != nil && (s.Unit != "" || s.Area != "") && !has(b.Units, s.Unit) && !has(b.Units, s.Area) {
		return false
	}
	if b.Areas != nil && s.Area != "" && !slices.Contains(b.Areas, s.Area) {
		return false
	}
	if b.Services != nil && s.Service != "" && !slices.Contains(b.Services, s.Service) {
		return false
	}
	return s.Sensitivity <= b.Ceiling
}

// has finds a unit among many without looking at each: a subtree is sorted. In
// a list that is not it finds less, never more.
func has(sorted []string, unit string) bool {
	if len(sorted) <= 16 {
		return slices.Contains(sorted, unit)
	}
	_, ok := slices.BinarySearch(sorted, unit)
	return ok
}

// Bound is the box of the grant.
func (g *Grant) Bound() Bound {
	return Bound{Units: g.Units, Areas: g.Areas, Services: g.Services, Ceiling: g.Ceiling}
}

// Reach is where the actor may do p.
func (a Actor) Reach(p Permission) Reach {
	if a.system {
		return Reach{{Ceiling: Sensitive}}
	}
	if !a.lets(p) {
		return nil
	}
	var r Reach
	for _, g := range a.Held() {
		if may(g.Role, p) {
			r = append(r, g.Bound())
		}
	}
	return r
}

// cityWide are the roles that see the whole city unless their grant says less.
var cityWide = []Role{Admin, Leader, IOCLeader, Duty, Analyst, Security, DataAdmin}

// Held are the actor's grants, or for one made by hand those of its roles.
func (a Actor) Held() []Grant {
	if a.Grants != nil {
		return a.Grants
	}
	out := make([]Grant, 0, len(a.Roles))
	for _, r := range a.Roles {
		g := Grant{Role: r, Unit: a.Unit, Ceiling: RoleCeiling(r)}
		if !slices.Contains(cityWide, r) && r != Device && r != Citizen && r != Anonymous {
			g.Units = []string{} // an account that should name a unit and does not reaches none
			if a.Unit != "" {
				g.Units = []string{a.Unit}
			}
		}
		out = append(out, g)
	}
	return out
}

// RoleCeiling is the sensitivity that a role reaches unless its grant says less.
func RoleCeiling(r Role) Sensitivity {
	switch r {
	case Citizen, Device, Anonymous:
		return Public
	case Analyst, DataAdmin, Security:
		return Internal
	}
	return Personal
}

// CityWide reports whether a role may be granted without a unit.
func CityWide(r Role) bool { return slices.Contains(cityWide, r) || r == Citizen }

func may(r Role, p Permission) bool { return permitted[r][p] }

var permitted = func() map[Role]map[Permission]bool {
	out := map[Role]map[Permission]bool{}
	for r, ps := range rolePermissions {
		out[r] = map[Permission]bool{}
		for _, p := range ps {
			out[r][p] = true
		}
	}
	return out
}()

// lets reports whether the token that speaks for the actor has p among what it
// was made for.
func (a Actor) lets(p Permission) bool { return a.Only == nil || slices.Contains(a.Only, p) }
