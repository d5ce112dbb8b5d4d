package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/uid"
)

// Tx is one transaction; it lives inside the function given to Read, Write or
// Housekeep and serves one goroutine.
type Tx struct {
	Now   time.Time    // one instant for the whole transaction, UTC, whole microseconds
	Actor access.Actor // who acts; the zero Actor in Read and Housekeep

	ctx      context.Context
	db       *DB
	sql      *sql.Tx
	readOnly bool
	changed  bool  // a statement changed rows
	failed   error // a statement failed: PostgreSQL commits no more, so neither does SQLite
	events   []Event
	after    []func()
}

// Context is the context of the transaction.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Dialect says which database this is.
func (tx *Tx) Dialect() Dialect { return tx.db.dialect }

// Exec runs a statement with $1… placeholders and returns how many rows it
// changed. After an error the transaction cannot commit any more.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	if tx.readOnly {
		return 0, errReadOnly
	}
	args, err := bind(args)
	if err != nil {
		return 0, tx.fail(err)
	}
	res, err := tx.sql.ExecContext(tx.ctx, query, args...)
	if err != nil {
		return 0, tx.fail(err)
	}
	rows, err := res.RowsAffected()
	if err != nil {
		return 0, tx.fail(err)
	}
	if rows > 0 && changes(query) {
		tx.changed = true
	}
	return rows, nil
}

// Mark is Exec for rows that need no trace of their own inside a Write: the
// cursor of a reader, a counter, a timer that can be made again. A transaction
// that only marks may commit without an event.
func (tx *Tx) Mark(query string, args ...any) (int64, error) {
	before := tx.changed
	n, err := tx.Exec(query, args...)
	tx.changed = before
	return n, err
}

// Query runs a query; the caller closes the rows before the next statement.
func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	if changes(query) { // "insert … returning"
		if tx.readOnly {
			return nil, errReadOnly
		}
		tx.changed = true
	}
	args, err := bind(args)
	if err != nil {
		return nil, tx.fail(err)
	}
	rows, err := tx.sql.QueryContext(tx.ctx, query, args...)
	if err != nil {
		return nil, tx.fail(err)
	}
	return rows, nil
}

// QueryRow runs a query for one row; Scan gives sql.ErrNoRows when there is
// none.
func (tx *Tx) QueryRow(query string, args ...any) *sql.Row {
	if changes(query) {
		tx.changed = true
	}
	// No error can be returned here: the transaction ends with it, whatever
	// the driver makes of the text.
	bound, err := bind(args)
	if err == nil {
		args = bound
	} else {
		_ = tx.fail(err)
	}
	return tx.sql.QueryRowContext(tx.ctx, query, args...)
}

// After runs f when the transaction has committed and its connection is free
// again, in the order given, in the caller's goroutine.
func (tx *Tx) After(f func()) { tx.after = append(tx.after, f) }

// Emit records a fact of this transaction, done by tx.Actor at tx.Now. In the
// subject what the bus would refuse becomes "_"; a subject with an empty token
// fails the transaction.
func (tx *Tx) Emit(e Event) {
	var err error
	if e.Subject, err = cleanSubject(e.Subject); err != nil {
		_ = tx.fail(err)
		return
	}
	e.ID, e.At, e.Actor = uid.New(tx.Now), tx.Now, tx.Actor
	tx.events = append(tx.events, e)
}

func (tx *Tx) fail(err error) error {
	err = tx.db.wrap(err)
	if tx.failed == nil {
		tx.failed = err
	}
	return err
}

// bind gives the drivers one way to store booleans, instants, JSON and text.
func bind(args []any) ([]any, error) {
	var out []any // a copy, made at the first change: args belong to the caller
	for i, a := range args {
		var v any
		switch a := a.(type) {
		case bool:
			v = int64(0)
			if a {
				v = int64(1)
			}
		case time.Time:
			v = Micros(a)
		case json.RawMessage:
			v = string(a)
			if !storable(string(a)) {
				return nil, errText.With()
			}
		case string:
			if !storable(a) {
				return nil, errText.With()
			}
			continue
		default:
			continue
		}
		if out == nil {
			out = append([]any(nil), args...)
		}
		out[i] = v
	}
	if out == nil {
		return args, nil
	}
	return out, nil
}

// storable: PostgreSQL refuses a zero byte and broken UTF-8, SQLite would take
// them.
func storable(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// changes reports whether the statement is one that changes rows.
func changes(query string) bool {
	q := strings.TrimLeft(query, " \t\r\n(")
	for strings.HasPrefix(q, "--") {
		_, q, _ = strings.Cut(q, "\n")
		q = strings.TrimLeft(q, " \t\r\n(")
	}
	word := q
	if i := strings.IndexAny(q, " \t\r\n("); i >= 0 {
		word = q[:i]
	}
	switch strings.ToLower(word) {
	case "insert", "update", "delete", "replace", "merge":
		return true
	case "with":
		l := strings.ToLower(q)
		return strings.Contains(l, "insert into") || strings.Contains(l, "delete from") || strings.Contains(l, "update ")
	}
	return false
}
