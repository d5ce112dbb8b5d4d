package identity

import (
	"encoding/json"
	"time"

	"openioc.org/ioc/internal/store"
)

func listPolicies(tx *store.Tx) ([]PolicyRow, error) {
	return store.All(tx, func(scan store.Scan) (r PolicyRow, err error) {
		var rules string
		if err = scan(&r.From, &rules, &r.Source); err != nil {
			return r, err
		}
		from, source := r.From, r.Source
		err = json.Unmarshal([]byte(rules), &r)
		r.From, r.Source = from, source
		return r, err
	}, "select from_day, rules, source from user_policy order by from_day")
}

func savePolicy(tx *store.Tx, r PolicyRow, by string, now time.Time) error {
	rules, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into user_policy (from_day, rules, source, by_id, at) values ($1, $2, $3, $4, $5)
		on conflict (from_day) do update set rules = excluded.rules, source = excluded.source, by_id = excluded.by_id, at = excluded.at`,
		r.From, string(rules), r.Source, by, now)
	return err
}
