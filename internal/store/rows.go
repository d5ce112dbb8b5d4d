package store

import (
	"database/sql"
	"errors"
)

// Scan reads the columns of the row at hand.
type Scan func(dest ...any) error

// All reads every row of a query.
func All[T any](tx *Tx, row func(Scan) (T, error), query string, args ...any) ([]T, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := row(rows.Scan)
		if err != nil {
			return nil, tx.fail(err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, tx.fail(err)
	}
	return out, nil
}

// One reads the row of a query; false when there is none.
func One[T any](tx *Tx, row func(Scan) (T, error), query string, args ...any) (T, bool, error) {
	v, err := row(tx.QueryRow(query, args...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		var none T
		return none, false, nil
	}
	if err != nil {
		return v, false, tx.fail(err)
	}
	return v, true, nil
}
