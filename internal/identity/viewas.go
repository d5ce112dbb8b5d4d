package identity

import (
	"slices"
	"time"

	"openioc.org/ioc/internal/access"
)

// view is whom, or as what in which unit, a session looks at the city
// ("xem như"). The nil view is oneself.
type view struct {
	user    *User // nil: a unit
	unit    string
	role    access.Role
	name    string // of the person or the unit
	reason  string
	since   time.Time
	granted access.Grant // of a unit
}

// actor is who a session acts as, and when that changes by itself; zero
// never. Who may not look through others' eyes any more is himself again.
func (v *view) actor(u *User) (access.Actor, time.Time) {
	self := u.actor()
	if v == nil || !self.Can(access.ViewAs, access.Scope{}) {
		return self, u.changes
	}
	a := access.Actor{ID: "as:" + v.unit + ":" + string(v.role), Name: v.name, Unit: v.unit, Roles: []access.Role{v.role}, Grants: []access.Grant{v.granted}}
	until := u.changes
	if v.user != nil {
		a = v.user.actor()
		if v.user.Disabled {
			a.Roles, a.Grants = nil, []access.Grant{}
		}
		if c := v.user.changes; !c.IsZero() && (until.IsZero() || c.Before(until)) {
			until = c
		}
	}
	// A look at personal data is on record under the name of who looks, so
	// nobody looks under another's.
	a.Only = slices.DeleteFunc(permissionsOf(a), func(p access.Permission) bool { return p == access.PersonalView })
	a.ReadOnly, a.Real = true, u.ID
	return a, until
}
