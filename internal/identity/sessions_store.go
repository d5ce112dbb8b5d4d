package identity

import (
	"time"

	"openioc.org/ioc/internal/store"
)

type session struct {
	id             string
	userID         string
	created, seen  time.Time
	address, agent string
	method         string
	second         bool // a second factor was shown
}

const sessionColumns = "id, user_id, created, seen, address, agent, method, second"

func scanSession(scan store.Scan) (s session, err error) {
	var created, seen int64
	err = scan(&s.id, &s.userID, &created, &seen, &s.address, &s.agent, &s.method, &s.second)
	s.created, s.seen = store.FromMicros(created), store.FromMicros(seen)
	return s, err
}

func findSession(tx *store.Tx, id string) (session, bool, error) {
	return store.One(tx, scanSession, "select "+sessionColumns+" from user_session where id = $1", id)
}

func listSessions(tx *store.Tx, userID string) ([]session, error) {
	return store.All(tx, scanSession, "select "+sessionColumns+" from user_session where user_id = $1 order by seen desc, id", userID)
}

// insertSession adds a session and ends what it displaces: sessions that are
// over or come from the future, and the user's oldest above the limit.
func insertSession(tx *store.Tx, s session, p *Policy) error {
	if _, err := tx.Exec("delete from user_session where seen < $1 or created < $2 or created > $3",
		s.created.Add(-p.Idle), s.created.Add(-p.Absolute), s.created.Add(drift)); err != nil {
		return err
	}
	if p.Sessions > 0 {
		if _, err := tx.Exec(`delete from user_session where user_id = $1 and id not in (
			select id from user_session where user_id = $1 order by created desc, id limit $2)`, s.userID, p.Sessions-1); err != nil {
			return err
		}
	}
	_, err := tx.Exec("insert into user_session ("+sessionColumns+") values ($1, $2, $3, $4, $5, $6, $7, $8)",
		s.id, s.userID, s.created, s.seen, s.address, s.agent, s.method, s.second)
	return err
}

// raiseSession notes that the person of a session has shown a second factor.
func raiseSession(tx *store.Tx, id, method string) error {
	_, err := tx.Exec("update user_session set second = 1, method = method || '+' || $2 where id = $1 and second = 0", id, method)
	return err
}

// touchSession keeps a session from going idle. Its time goes back only when
// the clock did.
func touchSession(tx *store.Tx, id string, now time.Time) error {
	_, err := tx.Exec("update user_session set seen = $2 where id = $1 and (seen < $2 or seen > $3)", id, now, now.Add(drift))
	return err
}

func deleteSession(tx *store.Tx, id string) error {
	_, err := tx.Exec("delete from user_session where id = $1", id)
	return err
}

// deleteSessions ends a user's sessions but one; "" spares none.
func deleteSessions(tx *store.Tx, userID, except string) error {
	_, err := tx.Exec("delete from user_session where user_id = $1 and id <> $2", userID, except)
	return err
}
