package ingest

import (
	"fmt"
	"strings"

	"openioc.org/ioc/internal/store"
)

const letterColumns = `id, source, kind, code, detail_vi, detail_en, datastream, raw, reading, first_at, last_at, repeats, state, closed_by, closed_at`

func scanLetter(scan store.Scan) (l Letter, err error) {
	var first, at, closed int64
	err = scan(&l.ID, &l.Source, &l.Kind, &l.Code, &l.Detail.Vi, &l.Detail.En, &l.Datastream, &l.Raw, &l.Reading,
		&first, &at, &l.Repeats, &l.State, &l.ClosedBy, &closed)
	l.First, l.At, l.ClosedAt = store.FromMicros(first), store.FromMicros(at), store.FromMicros(closed)
	return l, err
}

func insertLetter(tx *store.Tx, l *Letter) error {
	_, err := tx.Exec(`insert into ingest_letter (`+letterColumns+`) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)`,
		l.ID, l.Source, l.Kind, l.Code, l.Detail.Vi, l.Detail.En, l.Datastream, l.Raw, l.Reading,
		l.First, l.At, l.Repeats, l.State, l.ClosedBy, l.ClosedAt)
	return err
}

func repeatLetter(tx *store.Tx, id string, add *Letter) error {
	_, err := tx.Exec(`update ingest_letter set repeats = repeats + $2, last_at = $3, raw = $4, reading = $5, detail_vi = $6, detail_en = $7 where id = $1`,
		id, add.Repeats, add.At, add.Raw, add.Reading, add.Detail.Vi, add.Detail.En)
	return err
}

func closeLetter(tx *store.Tx, id, state string) (int64, error) {
	return tx.Exec(`update ingest_letter set state = $2, closed_by = $3, closed_at = $4 where id = $1 and state = $5`,
		id, state, tx.Actor.ID, tx.Now, stateOpen)
}

func readLetter(tx *store.Tx, id string) (Letter, bool, error) {
	return store.One(tx, scanLetter, `select `+letterColumns+` from ingest_letter where id = $1`, id)
}

// LetterFilter narrows a list of dead letters; empty fields narrow nothing.
type LetterFilter struct {
	Source string
	State  string
	Kind   string
	Before string // letters older than the one of this id
	Limit  int    // at most 1000; 0 is 100
}

func listLetters(tx *store.Tx, f LetterFilter) ([]Letter, error) {
	var where []string
	var args []any
	narrow := func(column, op, v string) {
		if v != "" {
			args = append(args, v)
			where = append(where, fmt.Sprintf("%s %s $%d", column, op, len(args)))
		}
	}
	narrow("source", "=", f.Source)
	narrow("state", "=", f.State)
	narrow("kind", "=", f.Kind)
	narrow("id", "<", f.Before)
	query := `select ` + letterColumns + ` from ingest_letter`
	if len(where) > 0 {
		query += " where " + strings.Join(where, " and ")
	}
	if f.Limit <= 0 {
		f.Limit = 100
	}
	args = append(args, min(f.Limit, 1000))
	query += fmt.Sprintf(" order by id desc limit $%d", len(args))
	return store.All(tx, scanLetter, query, args...)
}
