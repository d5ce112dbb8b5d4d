package identity

import (
	"context"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/store"
)

// stale is how long an answer of Authenticate may lag behind a change that
// another program made to the records; our own changes count at once.
const stale = 10 * time.Second

// Authenticate returns the actor of a session's token; false when the token
// is of no session, or the session is over. Asked again within ten seconds it
// answers from memory, in well under a microsecond. Asking is what keeps a
// session from going idle. Its shape is httpapi.Authenticate.
func (s *Service) Authenticate(ctx context.Context, token string) (access.Actor, bool) {
	if !isSessionToken(token) {
		return access.Actor{}, false
	}
	now := s.now()
	e, generation := s.cache.get(token)
	if e != nil && e.holds(now) && s.alive(e.created, e.lastSeen(), now) {
		e.touch(now)
		return e.actor, true
	}
	actor, ok, err := s.lookup(ctx, token, e, generation, now)
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

func (s *Service) alive(created, seen, now time.Time) bool {
	return now.Sub(seen) <= s.policy().Idle && now.Sub(created) <= s.policy().Absolute
}

// lookup reads the session; e is what the cache knew, or nil.
func (s *Service) lookup(ctx context.Context, token string, e *entry, generation uint64, now time.Time) (access.Actor, bool, error) {
	id := sessionID(token)
	var ses session
	var u User
	var found bool
	var as *view
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
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
		return access.Actor{}, false, s.db.Housekeep(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec("delete from user_session where id = $1", id)
			return err
		})
	}
	if now.Sub(written) >= min(time.Minute, s.policy().Idle/4) {
		err := s.db.Housekeep(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec("update user_session set seen = $2 where id = $1 and seen < $2", id, now)
			return err
		})
		if err != nil {
			return access.Actor{}, false, err
		}
	}
	u.MustChange = u.MustChange || s.expired(&u)
	fresh := &entry{created: ses.created, checked: now}
	fresh.actor, fresh.until = as.actor(&u)
	fresh.touch(now)
	s.cache.put(token, fresh, generation)
	return fresh.actor, true, nil
}
