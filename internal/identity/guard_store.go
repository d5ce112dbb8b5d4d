package identity

import (
	"time"

	"openioc.org/ioc/internal/store"
)

type guard struct {
	failures           int
	since, lockedUntil time.Time
}

func findGuard(tx *store.Tx, nameHash string) (guard, error) {
	g, _, err := store.One(tx, func(scan store.Scan) (g guard, err error) {
		var since, until int64
		err = scan(&g.failures, &since, &until)
		g.since, g.lockedUntil = store.FromMicros(since), store.FromMicros(until)
		return g, err
	}, "select failures, since, locked_until from user_guard where name_hash = $1", nameHash)
	return g, err
}

func saveGuard(tx *store.Tx, nameHash string, g guard, forgetBefore time.Time) error {
	if _, err := tx.Exec("delete from user_guard where since < $1 and locked_until < $1", forgetBefore); err != nil {
		return err
	}
	_, err := tx.Exec(`insert into user_guard (name_hash, failures, since, locked_until) values ($1, $2, $3, $4)
		on conflict (name_hash) do update set failures = excluded.failures, since = excluded.since, locked_until = excluded.locked_until`,
		nameHash, g.failures, g.since, g.lockedUntil)
	return err
}

func deleteGuard(tx *store.Tx, nameHash string) error {
	_, err := tx.Exec("delete from user_guard where name_hash = $1", nameHash)
	return err
}
