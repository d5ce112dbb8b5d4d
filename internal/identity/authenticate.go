package identity

import (
	"context"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/store"
)

// stale is how long an answer of Authenticate may lag behind a change that
// another program made to the records; our own changes count at once.
const stale = 10 * time.Second

// Authenticate returns the actor of a session's or a system's token; false
// when it is none, or over. Asked again within ten seconds it answers from
// memory, in well under a microsecond. Asking is what keeps a session from
// going idle. Its shape is httpapi.Authenticate.
func (s *Service) Authenticate(ctx context.Context, token string) (access.Actor, bool) {
	find := s.lookup
	switch {
	case isSessionToken(token):
	case isAPIToken(token):
		find = s.lookupAPI
	default:
		return access.Actor{}, false
	}
	now := s.now()
	e, generation := s.cache.get(token)
	if e != nil && e.holds(now) && (e.system || s.alive(e.created, e.lastSeen(), now)) {
		e.touch(now)
		return e.actor, true
	}
	actor, ok, err := find(ctx, token, e, generation, now)
	if err != nil {
		// The signature has no room for it, and to the caller it means the
		// same: not signed in, now.
		if ctx.Err() == nil {
			s.log.Error("session not read", "error", err)
		}
		return access.Actor{}, false
	}
	return actor, ok
}

// alive: a session from the future was opened before the clock was moved back;
// nobody can say how old it is, so it is over.
func (s *Service) alive(created, seen, now time.Time) bool {
	p := s.policy()
	return now.Sub(seen) <= p.Idle && now.Sub(created) <= p.Absolute && now.Sub(created) >= -drift
}

// lookup reads the session; e is what the cache knew, or nil.
func (s *Service) lookup(ctx context.Context, token string, e *entry, generation uint64, now time.Time) (access.Actor, bool, error) {
	id := sessionID(token)
	var ses session
	var u User
	var found bool
	var as *view
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if err := s.freshen(tx); err != nil {
			return err
		}
		if ses, found, err = findSession(tx, id); err != nil || !found {
			return err
		}
		if u, found, err = s.load(tx, ses.userID); err != nil || !found {
			return err
		}
		as, err = s.viewOf(tx, id)
		return err
	})
	if err != nil {
		return access.Actor{}, false, err
	}
	written := ses.seen
	if e != nil && e.lastSeen().After(ses.seen) {
		ses.seen = e.lastSeen()
	}
	if !found || u.Disabled || !s.alive(ses.created, ses.seen, now) {
		s.cache.drop(token)
		if !found {
			return access.Actor{}, false, nil
		}
		return access.Actor{}, false, s.db.Housekeep(ctx, func(tx *store.Tx) error { return deleteSession(tx, id) })
	}
	if gap := now.Sub(written); gap >= min(time.Minute, s.policy().Idle/4) || gap < -drift {
		err := s.db.Housekeep(ctx, func(tx *store.Tx) error { return touchSession(tx, id, now) })
		if err != nil {
			return access.Actor{}, false, err
		}
	}
	s.ready(&u, &ses)
	fresh := &entry{created: ses.created, checked: now}
	fresh.actor, fresh.until = as.actor(&u)
	fresh.touch(now)
	s.cache.put(token, fresh, generation)
	return fresh.actor, true, nil
}

// readyIn is ready for the session of a token.
func (s *Service) readyIn(ctx context.Context, token string, u *User) error {
	return s.db.Read(ctx, func(tx *store.Tx) error {
		ses, found, err := findSession(tx, sessionID(token))
		if err == nil && found && ses.userID == u.ID {
			s.ready(u, &ses)
		}
		return err
	})
}

// ready finds out what must come before anything else: another password, a
// second factor. Who came through a provider has no use for a password here.
func (s *Service) ready(u *User, ses *session) {
	u.MustChange = (u.MustChange || s.expired(u)) && !strings.HasPrefix(ses.method, "oidc:")
	u.MustEnrol = s.mustEnrol(u, ses)
}

func (s *Service) mustEnrol(u *User, ses *session) bool {
	return !u.SecondFactor.some() && (ses == nil || !ses.second) && s.policy().needsSecond(u.Roles)
}
