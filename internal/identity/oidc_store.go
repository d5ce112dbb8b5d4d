package identity

import (
	"time"

	"openioc.org/ioc/internal/store"
)

// findLink is the account that a provider's subject was tied to, or "".
func findLink(tx *store.Tx, issuer, subject string) (string, error) {
	id, _, err := store.One(tx, func(scan store.Scan) (id string, err error) { return id, scan(&id) },
		"select user_id from user_link where issuer = $1 and subject = $2", issuer, subject)
	return id, err
}

func countLinks(tx *store.Tx, issuer, userID string) (n int, err error) {
	err = tx.QueryRow("select count(*) from user_link where issuer = $1 and user_id = $2", issuer, userID).Scan(&n)
	return n, err
}

func insertLink(tx *store.Tx, issuer, subject, userID string, now time.Time) error {
	_, err := tx.Exec("insert into user_link (issuer, subject, user_id, created) values ($1, $2, $3, $4)", issuer, subject, userID, now)
	return err
}

// findEmail is the one account of an address, in any capitals; "" when there is
// none or more than one.
func findEmail(tx *store.Tx, mail string) (string, error) {
	ids, err := store.All(tx, func(scan store.Scan) (id string, err error) { return id, scan(&id) },
		"select id from user_account where lower(email) = lower($1) limit 2", mail)
	if err != nil || len(ids) != 1 {
		return "", err
	}
	return ids[0], nil
}
