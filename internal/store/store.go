package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"

	"openioc.org/ioc/internal/clock"
)

// Dialect names the database behind a DB, for the few statements that must
// differ.
type Dialect string

// The databases.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Options say where the records are.
type Options struct {
	URL    string       // "postgres://…"; empty means SQLite at Dir/ioc.db
	Dir    string       // folder of the SQLite file and its copies; made when missing
	Clock  *clock.Clock // gives tx.Now; nil is the system's clock
	Logger *slog.Logger // nil discards
}

// DB is an open records store, safe for concurrent use.
type DB struct {
	dialect Dialect
	dir     string
	clock   *clock.Clock
	log     *slog.Logger
	writer  *sql.DB // one connection: writers queue here
	reader  *sql.DB
	closed  atomic.Bool

	mu     sync.Mutex // hooks, copied
	hooks  []func(*Tx, Event) error
	copied bool // the copy before migrations has been made since Open
}

// Open opens the store and checks that it answers. The database may be empty:
// each package brings its tables with Migrate.
func Open(ctx context.Context, o Options) (*DB, error) {
	db := &DB{dir: o.Dir, clock: o.Clock, log: o.Logger}
	if db.log == nil {
		db.log = slog.New(slog.DiscardHandler)
	}
	var err error
	switch {
	case o.URL == "":
		err = db.openSQLite(ctx, o.Dir)
	case strings.HasPrefix(o.URL, "postgres://"), strings.HasPrefix(o.URL, "postgresql://"):
		err = db.openPostgres(ctx, o.URL)
	default:
		// The URL may hold a password, so it is not repeated.
		err = fmt.Errorf("database url: only postgres:// is known; leave it empty for SQLite")
	}
	if err != nil {
		return nil, err
	}
	if err := db.createLedger(ctx); err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

// Dialect says which database this is.
func (db *DB) Dialect() Dialect { return db.dialect }

// OnEmit hangs a hook on every event of Write transactions. Hooks run in the
// order they were hung, just before the commit and inside the transaction;
// when one fails, nothing is committed. Hang them before the first Write.
func (db *DB) OnEmit(hook func(tx *Tx, e Event) error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.hooks = append(db.hooks, hook)
}

// Ping reports whether the database answers, for /readyz.
func (db *DB) Ping(ctx context.Context) error {
	return db.wrap(db.reader.PingContext(ctx))
}

// Close closes the store; transactions begun later get a fault of kind
// Unavailable. A second call does nothing.
func (db *DB) Close() error {
	if db.closed.Swap(true) {
		return nil
	}
	err := db.reader.Close()
	if werr := db.writer.Close(); err == nil { // last, so that SQLite folds its log in
		err = werr
	}
	return err
}
