package identity

import (
	"context"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

var (
	errDelegation = fault.Define(fault.Invalid, "identity.delegation", "the delegation is not valid", "việc ủy quyền không hợp lệ")
	errNoPerson   = fault.Define(fault.Invalid, "identity.no_person", "nobody who could answer for you", "không có người này hoặc người này không thể thay")
	errLent       = fault.Define(fault.Forbidden, "identity.delegated_again", "what was lent to you cannot be lent on", "quyền được ủy quyền không được ủy quyền lại")
	errNotLent    = fault.Define(fault.Forbidden, "identity.not_delegable", "the role {role} is given, never lent", "vai trò {role} không được ủy quyền")
	errNothing    = fault.Define(fault.Invalid, "identity.nothing_to_delegate", "you hold nothing that can be lent then", "không có quyền nào ủy quyền được trong thời gian này")
	errOwnEnd     = fault.Define(fault.Forbidden, "identity.delegation_beyond", "your own right ends before that", "quyền gốc hết hạn trước thời điểm này")
)

// longestDelegation is the longest that something is lent at a time.
const longestDelegation = 366 * 24 * time.Hour

// Delegation lends rights of one's own for a time (ủy quyền).
type Delegation struct {
	To     string
	Grants []string // ids of one's own; empty: all that can be lent, as long as each lasts
	From   time.Time
	Until  time.Time
	Reason string
}

// Delegate lends rights of the actor's own to another person. They end by
// themselves, with the right they come from at the latest.
func (s *Service) Delegate(ctx context.Context, actor access.Actor, d Delegation) (lent []Grant, err error) {
	err = s.db.Write(ctx, actor, func(tx *store.Tx) error {
		now := s.now()
		me, to, err := s.checkDelegation(tx, actor, &d, now)
		if err != nil {
			return err
		}
		gs, err := lend(&me, &d, now)
		if err != nil {
			return err
		}
		for i := range gs {
			gs[i].DelegatedBy = &Who{me.ID, me.Name}
			if err := s.grant(tx, &to, &gs[i]); err != nil {
				return err
			}
		}
		lent = gs
		return nil
	})
	return lent, err
}

// checkDelegation reads both people and tidies the draft.
func (s *Service) checkDelegation(tx *store.Tx, actor access.Actor, d *Delegation, now time.Time) (me, to User, err error) {
	me, found, err := s.load(tx, actor.ID)
	if err != nil {
		return me, to, err
	}
	if !found || me.Disabled || actor.Real != "" {
		return me, to, errSignedOut.With()
	}
	if err := admitted(actor, &me); err != nil {
		return me, to, err
	}
	if d.To == me.ID {
		return me, to, errSelf.With()
	}
	e := errDelegation.With()
	if to, err = s.colleague(tx, d.To); err != nil {
		if _, is := fault.As(err); !is {
			return me, to, err
		}
		e.At("to", errNoPerson.With())
	}
	d.From, d.Until, d.Reason = d.From.UTC().Truncate(time.Microsecond), d.Until.UTC().Truncate(time.Microsecond), vi.NFC(strings.TrimSpace(d.Reason))
	if d.From.Before(now) {
		d.From = now
	}
	if !d.Until.After(d.From) || d.Until.Sub(d.From) > longestDelegation {
		e.At("until", errUntil.With())
	}
	if f := reasonFault(d.Reason); f != nil {
		e.At("reason", f)
	}
	if len(e.Fields) > 0 {
		return me, to, e
	}
	return me, to, nil
}

// colleague reads somebody of the staff who can stand in.
func (s *Service) colleague(tx *store.Tx, id string) (User, error) {
	u, found, err := s.load(tx, id)
	if err != nil {
		return u, err
	}
	staff := slices.ContainsFunc(u.Posts, func(g Grant) bool { return g.Role != access.Citizen })
	if !found || u.Disabled || u.Invited || !staff {
		return u, errNoPerson.With()
	}
	return u, nil
}

// lend picks what of a person's own a delegation lends.
func lend(me *User, d *Delegation, now time.Time) (out []Grant, err error) {
	for _, id := range d.Grants {
		if !slices.ContainsFunc(me.Posts, func(g Grant) bool { return g.ID == id }) {
			return nil, errNoGrant.With("id", id)
		}
	}
	for i := range me.Posts {
		g := &me.Posts[i]
		named := slices.Contains(d.Grants, g.ID)
		if !named && len(d.Grants) > 0 {
			continue
		}
		until := d.Until
		ends := g.Until != nil && g.Until.Before(until)
		var refused error
		switch {
		case !g.own():
			refused = errLent.With()
		case !slices.Contains(delegable, g.Role):
			refused = errNotLent.With("role", string(g.Role))
		case ends && named, g.From.After(d.From):
			refused = errOwnEnd.With()
		case ends && !g.Until.After(d.From):
			refused = errOwnEnd.With()
		}
		if refused != nil {
			if named {
				return nil, refused
			}
			continue
		}
		if ends {
			until = *g.Until
		}
		out = append(out, Grant{Role: g.Role, Unit: g.Unit, Areas: g.Areas, Services: g.Services, Ceiling: g.Ceiling,
			From: d.From, Until: &until, Reason: d.Reason, of: g.ID})
	}
	if len(out) == 0 {
		return nil, errDelegation.With().At("grants", errNothing.With())
	}
	return out, nil
}

// Delegations are the rights that the actor lends now or will.
func (s *Service) Delegations(ctx context.Context, actor access.Actor) (gs []Grant, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if gs, err = lentBy(tx, s.now(), actor.ID); err != nil {
			return err
		}
		for i := range gs {
			s.show(&gs[i], s.now())
		}
		return nil
	})
	return gs, err
}
