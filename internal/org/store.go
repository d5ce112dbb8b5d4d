package org

import (
	"encoding/json"
	"fmt"

	"openioc.org/ioc/internal/store"
)

const unitColumns = "code, name, name_en, kind, parent, valid_from, valid_to, successors, legal"

// listLives are the lives that the city added or changed, by code.
func listLives(tx *store.Tx) (map[string][]Unit, error) {
	all, err := store.All(tx, func(scan store.Scan) (u Unit, err error) {
		var from, to int64
		var successors string
		if err = scan(&u.Code, &u.Name, &u.NameEn, &u.Kind, &u.Parent, &from, &to, &successors, &u.Legal); err != nil {
			return u, err
		}
		u.ValidFrom, u.ValidTo = store.FromMicros(from), store.FromMicros(to)
		if err := json.Unmarshal([]byte(successors), &u.Successors); err != nil {
			return u, fmt.Errorf("successors of %s: %w", u.Code, err)
		}
		return u, nil
	}, "select "+unitColumns+" from org_unit order by code, valid_from desc")
	out := map[string][]Unit{}
	for _, u := range all {
		out[u.Code] = append(out[u.Code], u)
	}
	return out, err
}

// writeLives replaces the lives of a code.
func writeLives(tx *store.Tx, code string, lives []Unit) error {
	if _, err := tx.Exec("delete from org_unit where code = $1", code); err != nil {
		return err
	}
	for _, u := range lives {
		successors, err := json.Marshal(append([]string{}, u.Successors...))
		if err != nil {
			return err
		}
		if _, err := tx.Exec("insert into org_unit ("+unitColumns+", changed) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
			u.Code, u.Name, u.NameEn, u.Kind, u.Parent, u.ValidFrom, u.ValidTo, string(successors), u.Legal, tx.Now); err != nil {
			return err
		}
	}
	return nil
}
