package identity

import (
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/store"
)

// viewRow is what the records keep of a view.
type viewRow struct {
	user, unit, reason string
	role               access.Role
	since              time.Time
}

func findView(tx *store.Tx, sessionID string) (viewRow, error) {
	r, _, err := store.One(tx, func(scan store.Scan) (r viewRow, err error) {
		var since int64
		err = scan(&r.user, &r.unit, &r.role, &r.reason, &since)
		r.since = store.FromMicros(since)
		return r, err
	}, "select view_user, view_unit, view_role, view_reason, view_since from user_session where id = $1", sessionID)
	return r, err
}

func saveView(tx *store.Tx, sessionID string, r viewRow) error {
	_, err := tx.Exec("update user_session set view_user = $2, view_unit = $3, view_role = $4, view_reason = $5, view_since = $6 where id = $1",
		sessionID, r.user, r.unit, string(r.role), r.reason, r.since)
	return err
}

// viewOf reads whom a session looks as; nil is oneself.
func (s *Service) viewOf(tx *store.Tx, sessionID string) (*view, error) {
	r, err := findView(tx, sessionID)
	if err != nil || r.since.IsZero() {
		return nil, err
	}
	return s.viewFrom(tx, r)
}

func (s *Service) viewFrom(tx *store.Tx, r viewRow) (*view, error) {
	v := &view{unit: r.unit, role: r.role, reason: r.reason, since: r.since}
	if r.user != "" {
		u, found, err := s.load(tx, r.user)
		if err != nil || !found {
			return nil, err
		}
		v.user, v.name = &u, u.Name
		return v, nil
	}
	v.name = s.units.Name(r.unit)
	if v.name == "" {
		v.name = r.unit
	}
	g := Grant{Role: r.role, Unit: r.unit, Ceiling: ceilingWord(access.RoleCeiling(r.role))}
	v.granted = g.access(s.units, s.now())
	return v, nil
}
