package identity

import (
	"context"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

// invitedFor is how long a link opens an account.
const invitedFor = 7 * 24 * time.Hour

// invitePrefix tells an invitation's token from others.
const invitePrefix = "ioci_"

// invitePath is the page that takes a password for an invitation. The token
// stands behind "#", which no browser sends and no proxy logs.
const invitePath = "/invitation#"

var (
	errInvitation = fault.Define(fault.NotFound, "identity.invitation", "the invitation is not valid, was used or has expired: ask for another", "lời mời không hợp lệ, đã dùng hoặc đã hết hạn: hãy xin lời mời mới")
	errNotInvited = fault.Define(fault.Conflict, "identity.not_invited", "the account is in use already", "tài khoản này đã được sử dụng")
)

// Invite makes an account without a password, and a link that lets its owner
// set one within a week, once. It needs what giving the role needs. base is
// where the people reach us: "https://ioc.example".
func (s *Service) Invite(ctx context.Context, actor access.Actor, d Draft, base string) (u User, link string, err error) {
	if err := access.Require(actor, access.GrantEdit, access.Scope{Unit: d.Unit}); err != nil {
		return User{}, "", err
	}
	if f := reasonFault(d.Reason); f != nil {
		return User{}, "", errUser.With().At("reason", f)
	}
	u, g, err := s.draft(actor, d)
	if err != nil {
		return User{}, "", err
	}
	u.Invited, u.password = true, s.dummy
	token := invitePrefix + uid.Secret(tokenBytes)
	err = s.add(ctx, actor, &u, &g, "invited", func(tx *store.Tx) error {
		return saveInvitation(tx, sessionID(token), u.ID, s.now().Add(invitedFor))
	})
	if err != nil {
		return User{}, "", err
	}
	return u, base + invitePath + token, nil
}

// InviteAgain makes a new link for somebody who has not come yet; the one
// before is worth nothing then.
func (s *Service) InviteAgain(ctx context.Context, actor access.Actor, id, base string) (u User, link string, err error) {
	if err := access.Require(actor, access.GrantEdit, access.Scope{}); err != nil {
		return User{}, "", err
	}
	token := invitePrefix + uid.Secret(tokenBytes)
	err = s.db.Write(ctx, actor, func(tx *store.Tx) (err error) {
		if u, err = s.person(tx, actor, id); err != nil {
			return err
		}
		if !u.Invited || u.Disabled {
			return errNotInvited.With()
		}
		for i := range u.Posts { // whoever holds the link holds what the account may do
			if refused := givable(actor, u.Posts[i].access(s.units, s.now())); len(refused) > 0 {
				return refused[0]
			}
		}
		tx.Emit(store.Event{Subject: "ioc.identity.invited." + u.ID, Entity: "user", EntityID: u.ID, Summary: "mời lại " + u.Username})
		return saveInvitation(tx, sessionID(token), u.ID, s.now().Add(invitedFor))
	})
	if err != nil {
		return User{}, "", err
	}
	return u, base + invitePath + token, nil
}

// Accept sets the first password of somebody invited. A token that is wrong,
// used or too old gives one and the same fault.
func (s *Service) Accept(ctx context.Context, token, password, address string) error {
	if err := s.byAddress.Take(address, s.now(), 1); err != nil {
		return err
	}
	if len(token) > 200 {
		return errInvitation.With()
	}
	id := sessionID(token)
	var u User
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		u, err = s.invitee(tx, id)
		return err
	})
	if err != nil {
		return err
	}
	if err := s.policy().check("password", u.Username, password); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, access.Actor{ID: u.ID, Name: u.Name, Unit: u.Unit}, func(tx *store.Tx) error {
		if u, err = s.invitee(tx, id); err != nil { // used meanwhile
			return err
		}
		if err := setPassword(tx, u.ID, hash, false, s.now(), s.policy().History); err != nil {
			return err
		}
		if err := deleteInvitations(tx, u.ID); err != nil {
			return err
		}
		tx.Emit(store.Event{Subject: "ioc.identity.accepted." + u.ID, Entity: "user", EntityID: u.ID, Summary: "nhận lời mời " + u.Username})
		return nil
	})
}

func (s *Service) invitee(tx *store.Tx, tokenHash string) (User, error) {
	i, found, err := findInvitation(tx, tokenHash)
	if err != nil {
		return User{}, err
	}
	if !found || !s.now().Before(i.expires) {
		return User{}, errInvitation.With()
	}
	u, found, err := findUser(tx, i.user)
	if err == nil && (!found || u.Disabled || !u.Invited) {
		err = errInvitation.With()
	}
	return u, err
}
