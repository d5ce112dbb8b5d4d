package identity

import (
	"context"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/personal"
	"openioc.org/ioc/internal/store"
)

// ProfilePatch is what everybody may change of himself.
type ProfilePatch struct {
	Title string
	Email personal.Email
	Phone personal.Phone
}

// Profile is the actor's own account.
func (s *Service) Profile(ctx context.Context, actor access.Actor) (u User, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
		u, err = s.self(tx, actor)
		return err
	})
	return u, err
}

// SetProfile changes the actor's own title, address and number.
func (s *Service) SetProfile(ctx context.Context, actor access.Actor, p ProfilePatch) (u User, err error) {
	err = s.db.Write(ctx, actor, func(tx *store.Tx) error {
		before, err := s.self(tx, actor)
		if err != nil {
			return err
		}
		u = before
		u.Title, u.Email, u.Phone, u.Changed = p.Title, p.Email, p.Phone, s.now()
		if err := u.check(); err != nil {
			return err
		}
		if err := updateUser(tx, u); err != nil {
			return err
		}
		tx.Emit(store.Event{Subject: "ioc.identity.changed." + u.ID, Entity: "user", EntityID: u.ID, Before: before, After: u, Summary: "sửa hồ sơ của mình: " + u.Username})
		return nil
	})
	return u, err
}

// Colleagues are the people who can stand in for the actor: those with a post
// where he has one, and of the units around; a few, by name.
func (s *Service) Colleagues(ctx context.Context, actor access.Actor, query string) (us []User, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		me, err := s.self(tx, actor)
		if err != nil {
			return err
		}
		var reach access.Reach
		for _, g := range me.held {
			if g.Role != access.Citizen {
				reach = append(reach, access.Bound{Units: g.Units})
			}
		}
		var args []any
		where := People{Query: query, State: "active"}.where(s.units, reach, s.now(), &args)
		found, err := pageOfPeople(tx, where, args, "", 50)
		if err != nil {
			return err
		}
		ptrs := make([]*User, len(found))
		for i := range found {
			ptrs[i] = &found[i]
		}
		if err := s.fill(tx, ptrs...); err != nil {
			return err
		}
		for _, u := range found {
			if u.ID != me.ID && len(u.Roles) > 0 && (len(u.Roles) > 1 || u.Roles[0] != access.Citizen) {
				us = append(us, u)
			}
		}
		return nil
	})
	return us, err
}
