package identity

import (
	"encoding/json"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"openioc.org/ioc/internal/store"
)

type passkeyRow struct {
	Passkey
	userID, rp string
	credential webauthn.Credential
}

const passkeyColumns = "id, user_id, rp, name, credential, created, last_used"

func scanPasskey(scan store.Scan) (r passkeyRow, err error) {
	var credential string
	var created, used int64
	if err = scan(&r.ID, &r.userID, &r.rp, &r.Name, &credential, &created, &used); err != nil {
		return r, err
	}
	r.Created, r.LastUsed = store.FromMicros(created), instant(used)
	return r, json.Unmarshal([]byte(credential), &r.credential)
}

func passkeysOf(tx *store.Tx, userID string) ([]passkeyRow, error) {
	return store.All(tx, scanPasskey, "select "+passkeyColumns+" from user_passkey where user_id = $1 order by created, id", userID)
}

func listPasskeys(tx *store.Tx, userID string) ([]Passkey, error) {
	rows, err := passkeysOf(tx, userID)
	out := make([]Passkey, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.Passkey)
	}
	return out, err
}

func insertPasskey(tx *store.Tx, r passkeyRow) error {
	text, err := json.Marshal(r.credential)
	if err != nil {
		return err
	}
	_, err = tx.Exec("insert into user_passkey ("+passkeyColumns+") values ($1, $2, $3, $4, $5, $6, 0)",
		r.ID, r.userID, r.rp, r.Name, string(text), r.Created)
	return err
}

// savePasskeyUse keeps the counter of a key and when it was used. That an
// answer is used once is the ticket's business.
func savePasskeyUse(tx *store.Tx, id string, c *webauthn.Credential, now time.Time) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	_, err = tx.Exec("update user_passkey set credential = $2, last_used = $3 where id = $1", id, string(text), now)
	return err
}

func deletePasskey(tx *store.Tx, userID, id string) (bool, error) {
	n, err := tx.Exec("delete from user_passkey where user_id = $1 and id = $2", userID, id)
	return n == 1, err
}

func deletePasskeys(tx *store.Tx, userID string) error {
	_, err := tx.Exec("delete from user_passkey where user_id = $1", userID)
	return err
}
