package identity

import (
	"context"
	"slices"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

var (
	errNoGrant = fault.Define(fault.NotFound, "identity.no_grant", "there is no grant {id}", "không có quyền {id}")
	errOver    = fault.Define(fault.Conflict, "identity.grant_over", "the grant has ended already", "quyền này đã hết hiệu lực")
)

// person reads an account that the actor sees; one beyond his reach is as if
// it were not there.
func (s *Service) person(tx *store.Tx, actor access.Actor, id string) (User, error) {
	u, found, err := s.load(tx, id)
	if err == nil && (!found || !sees(actor, &u)) {
		err = errNoUser.With("id", id)
	}
	return u, err
}

// checkGive names all that keeps the actor from giving g to u, worst first.
func (s *Service) checkGive(actor access.Actor, u *User, g *Grant, now time.Time) []*fault.Error {
	var refused []*fault.Error
	if actor.ID == u.ID {
		refused = append(refused, errSelf.With())
	}
	if u.Disabled {
		refused = append(refused, errOff.With("username", u.Username))
	}
	return append(refused, givable(actor, g.access(s.units, now))...)
}

// checkTake names all that keeps the actor from taking g from u.
func (s *Service) checkTake(actor access.Actor, u *User, g *Grant, now time.Time) []*fault.Error {
	if actor.ID == u.ID {
		return []*fault.Error{errSelf.With()}
	}
	a := g.access(s.units, now)
	a.Until = now // how long it would last does not matter for taking it
	return givable(actor, a)
}

// Give gives a person a role. It needs grant.edit where the grant reaches, and
// that the giver's own reaches as far.
func (s *Service) Give(ctx context.Context, actor access.Actor, user string, d GrantDraft) (g Grant, err error) {
	if err := access.Require(actor, access.GrantEdit, access.Scope{}); err != nil {
		return Grant{}, err
	}
	err = s.db.Write(ctx, actor, func(tx *store.Tx) error {
		u, err := s.person(tx, actor, user)
		if err != nil {
			return err
		}
		now := s.now()
		if g, err = s.grantOf(d, now, ceilingOf(actor)); err != nil {
			return err
		}
		if refused := s.checkGive(actor, &u, &g, now); len(refused) > 0 {
			return refused[0]
		}
		g.User, g.UserName = u.ID, u.Name
		return s.grant(tx, &u, &g)
	})
	return g, err
}

// grant writes a checked grant down.
func (s *Service) grant(tx *store.Tx, u *User, g *Grant) error {
	now := s.now()
	g.ID, g.User, g.UserName, g.GivenAt, g.GivenBy = uid.New(now), u.ID, u.Name, now, by(tx.Actor)
	if err := insertGrant(tx, g); err != nil {
		return err
	}
	s.show(g, now)
	verb, summary := "granted", "giao vai trò "+string(g.Role)+" cho "+u.Username
	if !g.own() {
		verb, summary = "delegated", "ủy quyền vai trò "+string(g.Role)+" cho "+u.Username
	}
	tx.Emit(store.Event{Subject: "ioc.identity." + verb + "." + u.ID, Entity: "user", EntityID: u.ID, After: *g, Summary: summary})
	return s.posted(tx, u)
}

// posted brings the account in line with its grants after they changed.
func (s *Service) posted(tx *store.Tx, u *User) error {
	tx.After(s.cache.clear)
	now := s.now()
	before := mainPost(u.Posts, now)
	if err := s.fill(tx, u); err != nil {
		return err
	}
	after := mainPost(u.Posts, now)
	if after == nil || before != nil && before.ID == after.ID {
		return nil
	}
	u.home = after.Unit
	s.settle(u, now)
	return saveMainPost(tx, u.ID, after.Role, after.Unit)
}

func by(a access.Actor) Who {
	if a.Real != "" {
		return Who{ID: a.Real}
	}
	return Who{ID: a.ID, Name: a.Name}
}

// Take revokes a grant. It needs what giving it needs; who lent a grant may
// take it back.
func (s *Service) Take(ctx context.Context, actor access.Actor, id, reason string) error {
	if f := reasonFault(reason); f != nil {
		return errGrant.With().At("reason", f)
	}
	return s.db.Write(ctx, actor, func(tx *store.Tx) error {
		g, found, err := findGrant(tx, id)
		if err != nil {
			return err
		}
		if !found {
			return errNoGrant.With("id", id)
		}
		lender := g.DelegatedBy != nil && g.DelegatedBy.ID == actor.ID && actor.Known()
		u, found, err := s.load(tx, g.User)
		if err != nil {
			return err
		}
		if !found || !lender && !sees(actor, &u) {
			return errNoGrant.With("id", id)
		}
		now := s.now()
		if g.over(now) {
			return errOver.With()
		}
		if !lender {
			if refused := s.checkTake(actor, &u, &g, now); len(refused) > 0 {
				return refused[0]
			}
		}
		if err := s.keepAnAdmin(tx, &u, func(k *Grant) bool { return k.ID != id }); err != nil {
			return err
		}
		if err := s.revoke(tx, g, reason); err != nil {
			return err
		}
		return s.posted(tx, &u)
	})
}

// revoke ends grants, and those that were lent of them.
func (s *Service) revoke(tx *store.Tx, g Grant, reason string) error {
	now := s.now()
	if err := revokeGrant(tx, g.ID, by(tx.Actor), now, reason); err != nil {
		return err
	}
	after := g
	after.RevokedAt, after.RevokedBy, after.RevokeReason = &now, by(tx.Actor).Name, reason
	s.show(&g, now)
	s.show(&after, now)
	tx.Emit(store.Event{Subject: "ioc.identity.revoked." + g.User, Entity: "user", EntityID: g.User, Before: g, After: after,
		Summary: "thu hồi vai trò " + string(g.Role) + " của " + g.UserName + ": " + reason})
	tx.After(s.cache.clear)
	lent, err := lentOf(tx, now, g.ID)
	if err != nil {
		return err
	}
	for _, l := range lent {
		if err := s.revoke(tx, l, "quyền gốc đã thu hồi: "+reason); err != nil {
			return err
		}
	}
	return nil
}

// keepAnAdmin refuses a change of an administrator that leaves none who can
// sign in for good: stays tells the grants that u would keep.
func (s *Service) keepAnAdmin(tx *store.Tx, u *User, stays func(*Grant) bool) error {
	if u.Disabled || u.Invited {
		return nil
	}
	now := s.now()
	lasting := func(g Grant) bool {
		return g.Role == access.Admin && g.Unit == "" && len(g.Areas) == 0 && len(g.Services) == 0 && g.own() && g.Until == nil && g.inForce(now)
	}
	if !slices.ContainsFunc(u.Posts, lasting) || slices.ContainsFunc(u.Posts, func(g Grant) bool { return lasting(g) && stays(&g) }) {
		return nil
	}
	n, err := otherAdmins(tx, now, u.ID)
	if err == nil && n == 0 {
		err = errLastAdmin.With()
	}
	return err
}

// GrantsOf lists the grants of a person; with all, also those that are over.
// It needs user.view of the person; everybody sees his own.
func (s *Service) GrantsOf(ctx context.Context, actor access.Actor, user string, all bool) (gs []Grant, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		u, err := s.person(tx, actor, user)
		if err != nil {
			return err
		}
		gs = u.Posts
		if all {
			gs, err = allGrants(tx, u.ID)
			for i := range gs {
				s.show(&gs[i], s.now())
			}
		}
		return err
	})
	return gs, err
}

// GrantFilter selects grants of a list; zero fields are all.
type GrantFilter struct {
	Unit     string // there or below
	Role     access.Role
	Expiring int // days within which they end
}

// Grants lists the grants in force or to come inside the actor's reach of
// user.view, those that end soonest first.
func (s *Service) Grants(ctx context.Context, actor access.Actor, f GrantFilter) (gs []Grant, err error) {
	if err := access.Require(actor, access.UserView, access.Scope{}); err != nil {
		return nil, err
	}
	now := s.now()
	err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if gs, err = listGrants(tx, s.units, actor.Reach(access.UserView), f, now); err != nil {
			return err
		}
		for i := range gs {
			s.show(&gs[i], now)
		}
		return nil
	})
	return gs, err
}
