package identity

import (
	"encoding/json"
	"time"

	"openioc.org/ioc/internal/store"
)

const selectToken = `select t.id, t.hint, t.name, t.owner, u.name, t.permissions, t.unit, t.services, t.reason, t.created, t.expires, t.last_used, t.revoked_at
	from user_token t join user_account u on u.id = t.owner `

func scanToken(scan store.Scan) (t APIToken, err error) {
	var permissions, services string
	var created, expires, used, revoked int64
	if err = scan(&t.ID, &t.Hint, &t.Name, &t.Owner.ID, &t.Owner.Name, &permissions, &t.Unit, &services, &t.Reason, &created, &expires, &used, &revoked); err != nil {
		return t, err
	}
	t.Created, t.Expires, t.LastUsed, t.RevokedAt = store.FromMicros(created), store.FromMicros(expires), instant(used), instant(revoked)
	if err := json.Unmarshal([]byte(permissions), &t.Permissions); err != nil {
		return t, err
	}
	return t, json.Unmarshal([]byte(services), &t.Services)
}

func findToken(tx *store.Tx, where, arg string) (APIToken, bool, error) {
	return store.One(tx, scanToken, selectToken+"where "+where, arg)
}

// listTokens are those of an owner; "" everybody's.
func listTokens(tx *store.Tx, owner string) ([]APIToken, error) {
	list, err := store.All(tx, scanToken, selectToken+"where $1 = '' or t.owner = $1 order by t.created desc, t.id desc limit 2000", owner)
	return append([]APIToken{}, list...), err
}

func insertToken(tx *store.Tx, hash string, t *APIToken) error {
	permissions, err := json.Marshal(t.Permissions)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into user_token (id, hash, hint, name, owner, permissions, unit, services, reason, created, expires, last_used, revoked_at, revoked_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, '')`,
		t.ID, hash, t.Hint, t.Name, t.Owner.ID, string(permissions), t.Unit, listJSON(t.Services), t.Reason, t.Created, t.Expires)
	return err
}

func touchToken(tx *store.Tx, id string, now time.Time) error {
	_, err := tx.Exec("update user_token set last_used = $2 where id = $1", id, now)
	return err
}

func revokeToken(tx *store.Tx, id, by string, now time.Time) error {
	_, err := tx.Exec("update user_token set revoked_at = $2, revoked_by = $3 where id = $1 and revoked_at = 0", id, now, by)
	return err
}
