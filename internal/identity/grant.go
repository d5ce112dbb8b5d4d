package identity

import (
	"slices"
	"time"

	"openioc.org/ioc/internal/access"
)

// Units is what identity asks of the organisation; app fills it in.
type Units interface {
	// Subtree is a unit and all below it as of at; "" is nil, everything.
	Subtree(code string, at time.Time) []string
	// Exists reports whether a unit of that code is in force at an instant.
	Exists(code string, at time.Time) bool
	// Heir is who answers at an instant for a unit that has ended; "" while it
	// is in force, and for one that left nobody.
	Heir(code string, at time.Time) string
	// Name is what people call the unit, also one that is gone; "" is unknown.
	Name(code string) string
}

// lone is the organisation where nobody told us of one: every unit stands
// alone.
type lone struct{}

func (lone) Subtree(code string, _ time.Time) []string {
	if code == "" {
		return nil
	}
	return []string{code}
}

func (lone) Exists(string, time.Time) bool { return true }

func (lone) Heir(string, time.Time) string { return "" }

func (lone) Name(string) string { return "" }

// Who names a person.
type Who struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Grant is a role of a person with where, for what, until when and why.
type Grant struct {
	ID           string      `json:"id"`
	User         string      `json:"user"`
	UserName     string      `json:"user_name"`
	Role         access.Role `json:"role"`
	Unit         string      `json:"unit" doc:"with all units below it; empty is the whole city"`
	UnitName     string      `json:"unit_name"`
	Areas        []string    `json:"areas" doc:"codes of administrative units on the ground; empty is anywhere"`
	Services     []string    `json:"services" doc:"empty is every service"`
	Ceiling      string      `json:"ceiling" enum:"public,internal,personal,sensitive"`
	From         time.Time   `json:"from"`
	Until        *time.Time  `json:"until" doc:"the first instant no longer; null is until revoked"`
	Reason       string      `json:"reason"`
	DelegatedBy  *Who        `json:"delegated_by" doc:"who lends it (ủy quyền)"`
	GivenBy      Who         `json:"given_by"`
	GivenAt      time.Time   `json:"given_at"`
	RevokedAt    *time.Time  `json:"revoked_at"`
	RevokedBy    string      `json:"revoked_by" doc:"name of who took it"`
	RevokeReason string      `json:"revoke_reason"`
	InForce      bool        `json:"in_force"`

	of      string // the grant that was lent
	revoker string // id of who took it
}

// own reports whether the grant is a post, not lent by somebody.
func (g *Grant) own() bool { return g.DelegatedBy == nil }

// over reports whether the grant is revoked or has ended.
func (g *Grant) over(now time.Time) bool {
	return g.RevokedAt != nil || g.Until != nil && !now.Before(*g.Until)
}

// inForce reports whether the grant counts at an instant.
func (g *Grant) inForce(now time.Time) bool { return !g.over(now) && !now.Before(g.From) }

// below is a unit with all units below it; one unknown to the organisation is
// itself, never everything.
func below(units Units, code string, at time.Time) []string {
	if list := units.Subtree(code, at); list != nil {
		return list
	}
	return []string{code}
}

// answering is what a right in a unit reaches: the unit with all below it, and
// once it has ended also what is of who answers for its work, sorted.
func answering(units Units, code string, at time.Time) []string {
	list := below(units, code, at)
	if heir := units.Heir(code, at); heir != "" {
		list = slices.Concat(list, below(units, heir, at))
		slices.Sort(list)
		list = slices.Compact(list)
	}
	return list
}

// access is the grant as an Actor holds it, its subtree resolved.
func (g *Grant) access(units Units, now time.Time) access.Grant {
	out := access.Grant{ID: g.ID, Role: g.Role, Unit: g.Unit, Ceiling: sensitivity(g.Ceiling), From: g.From}
	switch {
	case g.Unit != "":
		out.Units = answering(units, g.Unit, now)
	case !access.CityWide(g.Role):
		out.Units = []string{} // an account of before, without a unit: nowhere
	}
	if len(g.Areas) > 0 {
		out.Areas = g.Areas
	}
	if len(g.Services) > 0 {
		out.Services = g.Services
	}
	if g.Until != nil {
		out.Until = *g.Until
	}
	if g.DelegatedBy != nil {
		out.For = g.DelegatedBy.ID
	}
	return out
}

// nextChange is the next instant at which one of the grants begins or ends;
// zero when none does.
func nextChange(gs []Grant, now time.Time) (next time.Time) {
	earliest := func(t time.Time) {
		if t.After(now) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for i := range gs {
		if gs[i].RevokedAt != nil {
			continue
		}
		earliest(gs[i].From)
		if gs[i].Until != nil {
			earliest(*gs[i].Until)
		}
	}
	return next
}

// mainPost is the oldest own grant in force, or nil.
func mainPost(gs []Grant, now time.Time) (main *Grant) {
	for i := range gs {
		g := &gs[i]
		if g.own() && g.inForce(now) && (main == nil || g.From.Before(main.From) || g.From.Equal(main.From) && g.ID < main.ID) {
			main = g
		}
	}
	return main
}

var ceilings = []string{"public", "internal", "personal", "sensitive"}

// sensitivity reads a ceiling; an unknown word is the lowest.
func sensitivity(word string) access.Sensitivity {
	return access.Sensitivity(max(slices.Index(ceilings, word), 0))
}

func ceilingWord(s access.Sensitivity) string {
	return ceilings[min(max(int(s), 0), len(ceilings)-1)]
}

// mayGive says which roles the holder of a role may give inside its reach.
// But for the administrator, nobody gives what he does not hold himself.
var mayGive = map[access.Role][]access.Role{
	access.Admin:      Assignable(),
	access.IOCLeader:  {access.Analyst},
	access.UnitLeader: {access.Unit, access.Officer},
}

// delegable are the roles whose holder may lend them while away. What keeps
// the system itself is given by an administrator, never lent.
var delegable = []access.Role{
	access.Leader, access.IOCLeader, access.Duty, access.UnitLeader, access.Unit, access.Officer, access.Analyst,
}
