package identity

import (
	"time"

	"openioc.org/ioc/internal/store"
)

// usedAdmins counts the administrators beside one who can sign in: neither
// disabled nor unused for too long.
func usedAdmins(tx *store.Tx, userID string, now time.Time, unused time.Duration) (n int, err error) {
	err = tx.QueryRow(`select count(distinct u.id) from user_account u join user_grant g on g.user_id = u.id
		where u.disabled = 0 and u.id <> $1 and g.role = 'admin' and g.revoked_at = 0 and g.from_at <= $2 and (g.until_at = 0 or g.until_at > $2)
		and (u.last_sign_in >= $3 or u.created >= $3 or u.changed >= $3)`, userID, now, now.Add(-unused)).Scan(&n)
	return n, err
}
