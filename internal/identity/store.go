package identity

import (
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/store"
)

const userColumns = `id, username, name, role, unit, password, password_at, must_change, disabled, created, changed, last_sign_in,
	title, email, phone, invited, away_from, away_until, away_substitute`

func scanUser(scan store.Scan) (u User, err error) {
	var passwordAt, created, changed, lastSignIn, awayFrom, awayUntil int64
	var substitute string
	err = scan(&u.ID, &u.Username, &u.Name, &u.Role, &u.home, &u.password, &passwordAt, &u.MustChange, &u.Disabled,
		&created, &changed, &lastSignIn, &u.Title, &u.Email, &u.Phone, &u.Invited, &awayFrom, &awayUntil, &substitute)
	u.passwordAt, u.Created, u.Changed, u.LastSignIn = store.FromMicros(passwordAt), store.FromMicros(created), store.FromMicros(changed), store.FromMicros(lastSignIn)
	u.Unit, u.SecondFactor = u.home, "none"
	u.Roles, u.Posts = []access.Role{}, []Grant{}
	if awayUntil != 0 {
		u.Away = &Away{From: store.FromMicros(awayFrom), Until: store.FromMicros(awayUntil), Substitute: substitute}
	}
	return u, err
}

func findUser(tx *store.Tx, id string) (User, bool, error) {
	return store.One(tx, scanUser, "select "+userColumns+" from user_account where id = $1", id)
}

func findUsername(tx *store.Tx, username string) (User, bool, error) {
	return store.One(tx, scanUser, "select "+userColumns+" from user_account where username = $1", username)
}

func listUsers(tx *store.Tx) ([]User, error) {
	return store.All(tx, scanUser, "select "+userColumns+" from user_account order by username")
}

func insertUser(tx *store.Tx, u User) error {
	_, err := tx.Exec("insert into user_account ("+userColumns+`, search)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 0, 0, '', $17)`,
		u.ID, u.Username, u.Name, string(u.Role), u.home, u.password, u.passwordAt, u.MustChange, u.Disabled, u.Created, u.Changed, u.LastSignIn,
		u.Title, u.Email, u.Phone, u.Invited, u.searchText())
	return err
}

func updateUser(tx *store.Tx, u User) error {
	_, err := tx.Exec(`update user_account set name = $2, must_change = $3, disabled = $4, changed = $5, title = $6, email = $7, phone = $8, search = $9
		where id = $1`,
		u.ID, u.Name, u.MustChange, u.Disabled, u.Changed, u.Title, u.Email, u.Phone, u.searchText())
	return err
}

// setPassword stores a hash and keeps the newest history of them.
func setPassword(tx *store.Tx, id, hash string, mustChange bool, now time.Time, history int) error {
	if _, err := tx.Exec("update user_account set password = $2, password_at = $3, must_change = $4, changed = $3, invited = 0 where id = $1",
		id, hash, now, mustChange); err != nil {
		return err
	}
	return rememberPassword(tx, id, hash, now, history)
}

func rememberPassword(tx *store.Tx, id, hash string, now time.Time, history int) error {
	if _, err := tx.Exec("insert into user_password (user_id, at, hash) values ($1, $2, $3) on conflict (user_id, at) do update set hash = excluded.hash",
		id, now, hash); err != nil {
		return err
	}
	_, err := tx.Exec(`delete from user_password where user_id = $1 and at not in (
		select at from user_password where user_id = $1 order by at desc limit $2)`, id, max(history, 1))
	return err
}

func pastPasswords(tx *store.Tx, id string) ([]string, error) {
	return store.All(tx, func(scan store.Scan) (s string, err error) { return s, scan(&s) },
		"select hash from user_password where user_id = $1 order by at desc", id)
}
