package identity

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
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

var (
	errViewing  = fault.Define(fault.Forbidden, "identity.viewing", "you look through somebody else's eyes: what is his own alone is not shown", "đang xem như người khác: không xem được phần riêng của người đó")
	errView     = fault.Define(fault.Invalid, "identity.view_as", "name a person, or a unit", "chọn một người hoặc một đơn vị")
	errViewMore = fault.Define(fault.Forbidden, "identity.view_more", "this person may see more than you", "người này xem được nhiều hơn quyền của người xem")
)

// ViewDraft says as whom to look: a person, or a role in a unit.
type ViewDraft struct {
	User   string
	Unit   string
	Role   access.Role // in the unit; "" its leader
	Reason string
}

// viewFact is what the trail keeps of a view.
type viewFact struct {
	User   string      `json:"user,omitempty"`
	Unit   string      `json:"unit,omitempty"`
	Role   access.Role `json:"role,omitempty"`
	Name   string      `json:"name"`
	Reason string      `json:"reason"`
	Since  time.Time   `json:"since"`
}

func (v *view) fact() viewFact {
	f := viewFact{Unit: v.unit, Role: v.role, Name: v.name, Reason: v.reason, Since: v.since}
	if v.user != nil {
		f.User = v.user.ID
	}
	return f
}

// ViewAs lets the session of token look at the city as somebody else, reading
// only, until EndView. It needs session.view_as.
func (s *Service) ViewAs(ctx context.Context, actor access.Actor, token string, d ViewDraft) error {
	if actor.ReadOnly {
		return access.ErrReadOnly.With()
	}
	if err := access.Require(actor, access.ViewAs, access.Scope{}); err != nil {
		return err
	}
	if !isSessionToken(token) {
		return errSignedOut.With()
	}
	d.Reason, d.Unit = vi.NFC(strings.TrimSpace(d.Reason)), strings.TrimSpace(d.Unit)
	if f := reasonFault(d.Reason); f != nil {
		return errView.With().At("reason", f)
	}
	return s.db.Write(ctx, actor, func(tx *store.Tx) error {
		me, err := s.self(tx, actor)
		if err != nil {
			return err
		}
		row := viewRow{user: d.User, unit: d.Unit, role: d.Role, reason: d.Reason, since: s.now()}
		if err := s.checkView(tx, actor, &row); err != nil {
			return err
		}
		v, err := s.viewFrom(tx, row)
		if err != nil {
			return err
		}
		if !actor.Reach(access.ViewAs).Everywhere() {
			if other, _ := v.actor(&me); exceeds(actor, other) {
				return errViewMore.With()
			}
		}
		if err := saveView(tx, sessionID(token), row); err != nil {
			return err
		}
		tx.Emit(store.Event{Subject: "ioc.identity.view_began." + me.ID, Entity: "user", EntityID: cmp.Or(d.User, me.ID), After: v.fact(),
			Summary: "xem như " + v.name + ": " + d.Reason})
		tx.After(s.cache.clear)
		return nil
	})
}

// checkView sees that there is somebody to look as.
func (s *Service) checkView(tx *store.Tx, actor access.Actor, row *viewRow) error {
	if (row.user == "") == (row.unit == "") {
		return errView.With()
	}
	if row.unit != "" {
		row.role = cmp.Or(row.role, access.UnitLeader)
		e := errView.With()
		if f := s.unitFault(row.unit, row.since); f != nil {
			e.At("unit", f)
		}
		if !slices.Contains(Assignable(), row.role) || row.role == access.Admin {
			e.At("role", errRole.With("role", string(row.role)))
		}
		if len(e.Fields) > 0 {
			return e
		}
		return nil
	}
	u, err := s.person(tx, actor, row.user)
	switch {
	case err != nil:
		return err
	case u.ID == actor.ID:
		return errView.With()
	case u.Disabled:
		return errOff.With("username", u.Username)
	}
	row.role = ""
	return nil
}

// exceeds reports whether other may do something somewhere that a may not.
func exceeds(a, other access.Actor) bool {
	for _, p := range permissionsOf(other) {
		own := a.Reach(p)
		for _, b := range other.Reach(p) {
			if !slices.ContainsFunc(own, func(o access.Bound) bool { return inside(b, o) }) {
				return true
			}
		}
	}
	return false
}

// inside reports whether a box lies in another.
func inside(b, own access.Bound) bool {
	return within(b.Units, own.Units) && within(b.Areas, own.Areas) && within(b.Services, own.Services) && b.Ceiling <= own.Ceiling
}

// EndView lets the session of token be oneself again; that it was already is
// no fault.
func (s *Service) EndView(ctx context.Context, token string) error {
	if !isSessionToken(token) {
		return nil
	}
	id := sessionID(token)
	var me User
	var v *view
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		ses, found, err := findSession(tx, id)
		if err != nil || !found {
			return err
		}
		if me, _, err = s.load(tx, ses.userID); err != nil {
			return err
		}
		v, err = s.viewOf(tx, id)
		return err
	})
	if err != nil || v == nil {
		return err
	}
	return s.db.Write(ctx, me.actor(), func(tx *store.Tx) error {
		if err := saveView(tx, id, viewRow{}); err != nil {
			return err
		}
		f := v.fact()
		tx.Emit(store.Event{Subject: "ioc.identity.view_ended." + me.ID, Entity: "user", EntityID: cmp.Or(f.User, me.ID), Before: f, Summary: "thôi xem như " + v.name})
		tx.After(s.cache.clear)
		return nil
	})
}

// ViewedAs is what the pages show while somebody looks as somebody else.
type ViewedAs struct {
	Name     string      `json:"name" doc:"of the person; empty for a unit"`
	Unit     string      `json:"unit"`
	UnitName string      `json:"unit_name"`
	Role     access.Role `json:"role"`
	ByName   string      `json:"by_name" doc:"who really looks"`
}

// viewed is the person and the note of a session that looks as somebody else.
func (s *Service) viewed(ctx context.Context, actor access.Actor, token string) (u User, as *ViewedAs, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		v, err := s.viewOf(tx, sessionID(token))
		if err != nil {
			return err
		}
		if v == nil {
			return errSignedOut.With()
		}
		me, _, err := s.load(tx, actor.Real)
		if err != nil {
			return err
		}
		as = &ViewedAs{Unit: v.unit, Role: v.role, ByName: me.Name}
		if v.user != nil {
			u, as.Name, as.Unit, as.UnitName, as.Role = *v.user, v.user.Name, v.user.Unit, v.user.UnitName, v.user.Role
			return nil
		}
		as.UnitName = v.name
		u = User{ID: actor.ID, Name: v.name, Role: v.role, Roles: []access.Role{v.role}, Unit: v.unit, UnitName: v.name, SecondFactor: "none", Posts: []Grant{}}
		return nil
	})
	return u, as, err
}
