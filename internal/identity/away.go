package identity

import (
	"context"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
)

var errAway = fault.Define(fault.Invalid, "identity.away", "the leave is not valid", "thời gian vắng mặt không hợp lệ")

// Away says when somebody is on leave, and who answers meanwhile. It gives no
// right: that is Delegate.
type Away struct {
	From           time.Time `json:"from"`
	Until          time.Time `json:"until" doc:"the first instant back"`
	Substitute     string    `json:"substitute" doc:"id of who answers meanwhile, empty nobody"`
	SubstituteName string    `json:"substitute_name"`
}

// fillAway drops a leave that is over and names the substitute.
func (s *Service) fillAway(tx *store.Tx, u *User, now time.Time) error {
	if u.Away == nil || !now.Before(u.Away.Until) {
		u.Away = nil
		return nil
	}
	if u.Away.Substitute == "" {
		return nil
	}
	sub, _, err := findUser(tx, u.Away.Substitute)
	u.Away.SubstituteName = sub.Name
	return err
}

// SetAway writes down when the actor is on leave; nil takes it back.
func (s *Service) SetAway(ctx context.Context, actor access.Actor, a *Away) (User, error) {
	var u User
	err := s.db.Write(ctx, actor, func(tx *store.Tx) (err error) {
		now := s.now()
		if u, err = s.self(tx, actor); err != nil {
			return err
		}
		before := u.Away
		if a != nil {
			e := errAway.With()
			a.From, a.Until = a.From.UTC().Truncate(time.Microsecond), a.Until.UTC().Truncate(time.Microsecond)
			if !a.Until.After(a.From) || !a.Until.After(now) || a.Until.Sub(now) > 2*longestDelegation {
				e.At("until", errUntil.With())
			}
			if a.Substitute != "" {
				sub, err := s.colleague(tx, a.Substitute)
				if _, is := fault.As(err); err != nil && !is {
					return err
				}
				if err != nil || sub.ID == u.ID {
					e.At("substitute", errNoPerson.With())
				}
				a.SubstituteName = sub.Name
			}
			if len(e.Fields) > 0 {
				return e
			}
		}
		u.Away = a
		if err := saveAway(tx, u.ID, a); err != nil {
			return err
		}
		verb, summary := "away", "báo vắng mặt: "
		if a == nil {
			verb, summary = "back", "thôi vắng mặt: "
		}
		tx.Emit(store.Event{Subject: "ioc.identity." + verb + "." + u.ID, Entity: "user", EntityID: u.ID, Before: before, After: a, Summary: summary + u.Username})
		return nil
	})
	return u, err
}

func saveAway(tx *store.Tx, id string, a *Away) error {
	if a == nil {
		a = &Away{}
	}
	_, err := tx.Exec("update user_account set away_from = $2, away_until = $3, away_substitute = $4 where id = $1", id, a.From, a.Until, a.Substitute)
	return err
}

// self reads the actor's own account; nobody is himself while he looks
// through somebody else's eyes.
func (s *Service) self(tx *store.Tx, actor access.Actor) (User, error) {
	if actor.Real != "" {
		return User{}, errViewing.With()
	}
	u, found, err := s.load(tx, actor.ID)
	if err == nil && (!found || u.Disabled) {
		err = errSignedOut.With()
	}
	if err == nil {
		err = admitted(actor, &u)
	}
	return u, err
}
