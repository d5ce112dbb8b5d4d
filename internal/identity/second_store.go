package identity

import (
	"time"

	"openioc.org/ioc/internal/store"
)

// factorOf is the second factor of one account.
func factorOf(tx *store.Tx, userID string) (SecondFactor, error) {
	var totp, passkeys int
	err := tx.QueryRow(`select (select count(*) from user_totp where user_id = $1 and confirmed = 1),
		(select count(*) from user_passkey where user_id = $1)`, userID).Scan(&totp, &passkeys)
	return factor(totp > 0, passkeys > 0), err
}

// fillSecurity adds to accounts how they sign in.
func (s *Service) fillSecurity(tx *store.Tx, us ...*User) error {
	type row struct {
		id                      string
		totp, passkey, external int
	}
	const one, all = "where user_id = $1", ""
	where, args := all, []any{}
	if len(us) == 1 {
		where, args = one, []any{us[0].ID}
	}
	rows, err := store.All(tx, func(scan store.Scan) (r row, err error) { return r, scan(&r.id, &r.totp, &r.passkey, &r.external) },
		`select user_id, max(totp), max(passkey), max(external) from (
			select user_id, confirmed as totp, 0 as passkey, 0 as external from user_totp
			union all select user_id, 0, 1, 0 from user_passkey
			union all select user_id, 0, 0, 1 from user_link) f `+where+` group by user_id`, args...)
	if err != nil {
		return err
	}
	by := make(map[string]row, len(rows))
	for _, r := range rows {
		by[r.id] = r
	}
	for _, u := range us {
		r := by[u.ID]
		u.SecondFactor, u.External = factor(r.totp > 0, r.passkey > 0), r.external > 0
		u.MustEnrol = s.mustEnrol(u, nil)
	}
	return nil
}

type totpRow struct {
	secret    string // sealed
	confirmed bool
	created   time.Time
	lastStep  int64
}

func findTOTP(tx *store.Tx, userID string) (totpRow, bool, error) {
	return store.One(tx, func(scan store.Scan) (r totpRow, err error) {
		var created int64
		err = scan(&r.secret, &r.confirmed, &created, &r.lastStep)
		r.created = store.FromMicros(created)
		return r, err
	}, "select secret, confirmed, created, last_step from user_totp where user_id = $1", userID)
}

func saveTOTP(tx *store.Tx, userID string, r totpRow) error {
	_, err := tx.Exec(`insert into user_totp (user_id, secret, confirmed, created, last_step) values ($1, $2, $3, $4, $5)
		on conflict (user_id) do update set secret = excluded.secret, confirmed = excluded.confirmed, created = excluded.created, last_step = excluded.last_step`,
		userID, r.secret, r.confirmed, r.created, r.lastStep)
	return err
}

// useStep claims a step; false when another sign-in was quicker.
func useStep(tx *store.Tx, userID string, step int64) (bool, error) {
	n, err := tx.Exec("update user_totp set last_step = $2 where user_id = $1 and last_step < $2", userID, step)
	return n == 1, err
}

func deleteTOTP(tx *store.Tx, userID string) error {
	_, err := tx.Exec("delete from user_totp where user_id = $1", userID)
	return err
}

func saveRecovery(tx *store.Tx, userID string, hashes []string) error {
	if _, err := tx.Exec("delete from user_recovery where user_id = $1", userID); err != nil {
		return err
	}
	for _, h := range hashes {
		if _, err := tx.Exec("insert into user_recovery (user_id, hash) values ($1, $2)", userID, h); err != nil {
			return err
		}
	}
	return nil
}

// useRecovery spends a code; false when it is none, or spent.
func useRecovery(tx *store.Tx, userID, hash string) (bool, error) {
	n, err := tx.Exec("delete from user_recovery where user_id = $1 and hash = $2", userID, hash)
	return n == 1, err
}

func countRecovery(tx *store.Tx, userID string) (n int, err error) {
	err = tx.QueryRow("select count(*) from user_recovery where user_id = $1", userID).Scan(&n)
	return n, err
}

type ticketRow struct {
	id, kind, userID, browser, data string
	created, expires                time.Time
}

// saveTicket writes a ticket down and forgets those that are over.
func saveTicket(tx *store.Tx, t ticketRow) error {
	if _, err := tx.Exec("delete from user_ticket where expires < $1 or created > $2", t.created, t.created.Add(drift)); err != nil {
		return err
	}
	_, err := tx.Exec(`insert into user_ticket (id, kind, user_id, browser, data, created, expires) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (id) do update set data = excluded.data, created = excluded.created, expires = excluded.expires`,
		t.id, t.kind, t.userID, t.browser, t.data, t.created, t.expires)
	return err
}

func findTicket(tx *store.Tx, id string) (ticketRow, bool, error) {
	return store.One(tx, func(scan store.Scan) (t ticketRow, err error) {
		var created, expires int64
		err = scan(&t.id, &t.kind, &t.userID, &t.browser, &t.data, &created, &expires)
		t.created, t.expires = store.FromMicros(created), store.FromMicros(expires)
		return t, err
	}, "select id, kind, user_id, browser, data, created, expires from user_ticket where id = $1", id)
}

// useTicket takes a ticket; false when it was taken already.
func useTicket(tx *store.Tx, id string) (bool, error) {
	n, err := tx.Exec("delete from user_ticket where id = $1", id)
	return n == 1, err
}

func deleteTickets(tx *store.Tx, userID string) error {
	_, err := tx.Exec("delete from user_ticket where user_id = $1", userID)
	return err
}
