package identity

import (
	"time"

	"openioc.org/ioc/internal/store"
)

type invitation struct {
	user    string
	expires time.Time
}

func findInvitation(tx *store.Tx, tokenHash string) (invitation, bool, error) {
	return store.One(tx, func(scan store.Scan) (i invitation, err error) {
		var expires int64
		err = scan(&i.user, &expires)
		i.expires = store.FromMicros(expires)
		return i, err
	}, "select user_id, expires from user_invitation where token = $1", tokenHash)
}

// saveInvitation makes a link the only one of its user.
func saveInvitation(tx *store.Tx, tokenHash, user string, expires time.Time) error {
	if err := deleteInvitations(tx, user); err != nil {
		return err
	}
	_, err := tx.Exec("insert into user_invitation (token, user_id, expires) values ($1, $2, $3)", tokenHash, user, expires)
	return err
}

func deleteInvitations(tx *store.Tx, user string) error {
	_, err := tx.Exec("delete from user_invitation where user_id = $1", user)
	return err
}
