package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"openioc.org/ioc/internal/fault"
)

var (
	errExists      = fault.Define(fault.Conflict, "store.exists", "it exists already", "đã tồn tại")
	errReferenced  = fault.Define(fault.Conflict, "store.referenced", "it points to something that is not there, or something points to it", "còn dữ liệu liên quan, hoặc dữ liệu được trỏ tới không tồn tại")
	errBusy        = fault.Define(fault.Unavailable, "store.busy", "the records are busy, try again", "cơ sở dữ liệu đang bận, hãy thử lại")
	errUnavailable = fault.Define(fault.Unavailable, "store.unavailable", "the records cannot be reached", "không truy cập được cơ sở dữ liệu")
	errFull        = fault.Define(fault.Unavailable, "store.disk_full", "the disk of the records is full", "ổ đĩa của cơ sở dữ liệu đã đầy")
	errText        = fault.Define(fault.Invalid, "store.text", "the text holds bytes that are not UTF-8, or a zero byte", "văn bản chứa byte không phải UTF-8 hoặc byte 0")
)

var errReadOnly = errors.New("store: a Read transaction may not write")

// IsUnique reports whether err says that a key exists already.
func IsUnique(err error) bool { return fault.Is(classify(err), errExists) }

// wrap turns a driver's error into a fault, where people can do something
// about it. Faults, context errors and sql.ErrNoRows pass unchanged.
func (db *DB) wrap(err error) error {
	err = classify(err)
	if _, known := fault.As(err); err != nil && !known && db.closed.Load() {
		return errUnavailable.With().Because(err)
	}
	return err
}

func classify(err error) error {
	var lite *sqlite.Error
	var pg *pgconn.PgError
	if _, known := fault.As(err); known {
		return err
	}
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, sql.ErrNoRows):
		return err
	case errors.As(err, &lite):
		if def := ofSQLite(lite.Code()); def != nil {
			return def.With().Because(err)
		}
	case errors.As(err, &pg):
		if def := ofPostgres(pg.Code); def != nil {
			return def.With().Because(err)
		}
	case ofConnection(err):
		return errUnavailable.With().Because(err)
	}
	return err
}

func ofSQLite(code int) *fault.Def {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return errExists
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return errReferenced
	}
	switch code & 0xff { // the low byte is the class
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return errBusy
	case sqlite3.SQLITE_FULL:
		return errFull
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN:
		return errUnavailable
	}
	return nil
}

func ofPostgres(code string) *fault.Def {
	switch code {
	case "23505":
		return errExists
	case "23503":
		return errReferenced
	case "55P03", "40001", "40P01": // lock timeout, serialisation, deadlock
		return errBusy
	case "53100":
		return errFull
	case "22021": // a zero byte, where QueryRow could not refuse it
		return errText
	}
	switch {
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "57P"), strings.HasPrefix(code, "53"):
		return errUnavailable
	}
	return nil
}

func ofConnection(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
