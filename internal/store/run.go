package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"openioc.org/ioc/internal/access"
)

// queueFor is how long a transaction waits for the writing connection: a
// transaction opened inside another one ends with store.busy, not never.
const queueFor = 30 * time.Second

var errUntraced = errors.New("store: a Write transaction changed rows and emitted no event")

type mode uint8

const (
	reading mode = iota
	writing
	housekeeping
	keeping
)

// Read runs fn on one unchanging picture of the records. Statements that
// write are refused.
func (db *DB) Read(ctx context.Context, fn func(tx *Tx) error) error {
	return db.run(ctx, reading, access.Actor{}, fn)
}

// Write runs fn in a transaction and commits it when fn returns nil: when it
// returns, the records are on disk (synchronous, also against a power cut)
// with their events. A transaction that changed rows and emitted nothing is
// rolled back with an error.
func (db *DB) Write(ctx context.Context, actor access.Actor, fn func(tx *Tx) error) error {
	return db.run(ctx, writing, actor, fn)
}

// Housekeep runs fn in a transaction that needs no trace: cursors, counters,
// sessions. Its commit is cheap because it does not wait for the disk: it
// survives the death of the program, but a power cut may take the last
// moments (later Writes never outlive earlier Housekeeps). Use it for what can
// be made again; nothing can be emitted in it.
func (db *DB) Housekeep(ctx context.Context, fn func(tx *Tx) error) error {
	return db.run(ctx, housekeeping, access.Actor{}, fn)
}

// Keep is Housekeep that waits for the disk like Write: for what somebody was
// told is safe, and that leaves no trace in the audit (dead letters).
func (db *DB) Keep(ctx context.Context, fn func(tx *Tx) error) error {
	return db.run(ctx, keeping, access.Actor{}, fn)
}

func (db *DB) run(ctx context.Context, m mode, actor access.Actor, fn func(tx *Tx) error) error {
	if db.closed.Load() {
		return errUnavailable.With()
	}
	tx := &Tx{Actor: actor, ctx: ctx, db: db, readOnly: m == reading}
	if err := db.within(tx, m, fn); err != nil {
		return db.wrap(err)
	}
	for _, f := range tx.after {
		f()
	}
	return nil
}

// within begins, runs and ends the transaction; its connection is free again
// when it returns.
func (db *DB) within(tx *Tx, m mode, fn func(tx *Tx) error) error {
	conn, err := db.connection(tx.ctx, m)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := db.begin(tx, conn, m); err != nil {
		return err
	}
	defer func() { _ = tx.sql.Rollback() }() // does nothing after Commit; also when fn panics
	tx.Now = db.clock.Now().Truncate(time.Microsecond)
	if err := fn(tx); err != nil {
		return err
	}
	if m == reading {
		return tx.failed
	}
	if err := db.conclude(tx, m); err != nil {
		return err
	}
	return tx.sql.Commit()
}

func (db *DB) connection(ctx context.Context, m mode) (*sql.Conn, error) {
	pool := db.writer
	if m == reading {
		pool = db.reader
	}
	waiting, cancel := context.WithTimeout(ctx, queueFor)
	defer cancel()
	conn, err := pool.Conn(waiting)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil, errBusy.With().Because(err)
	}
	return conn, err
}

// begin opens the transaction with the durability of its mode: SQLite's
// synchronous level belongs to the connection and can only change between
// transactions, PostgreSQL's to the transaction.
func (db *DB) begin(tx *Tx, conn *sql.Conn, m mode) (err error) {
	relaxed := m == housekeeping
	switch {
	case db.dialect == SQLite && m != reading:
		level := "pragma synchronous = full"
		if relaxed {
			level = "pragma synchronous = normal"
		}
		if _, err := conn.ExecContext(tx.ctx, level); err != nil {
			return err
		}
		tx.sql, err = conn.BeginTx(tx.ctx, nil)
		return err
	case m == reading:
		o := &sql.TxOptions{ReadOnly: true}
		if db.dialect == Postgres {
			o.Isolation = sql.LevelRepeatableRead
		}
		tx.sql, err = conn.BeginTx(tx.ctx, o)
		return err
	}
	if tx.sql, err = conn.BeginTx(tx.ctx, nil); err != nil {
		return err
	}
	lock := fmt.Sprintf("select pg_advisory_xact_lock(%d)", writerLock)
	if relaxed {
		lock += "; set local synchronous_commit = off"
	}
	if _, err = tx.sql.ExecContext(tx.ctx, lock); err != nil {
		_ = tx.sql.Rollback()
	}
	return err
}

// conclude runs the hooks and holds the rule that no change goes untraced.
func (db *DB) conclude(tx *Tx, m mode) error {
	if tx.failed != nil {
		return tx.failed
	}
	if m != writing {
		if len(tx.events) > 0 {
			return errors.New("store: only Write may emit")
		}
		return nil
	}
	if tx.changed && len(tx.events) == 0 {
		return errUntraced
	}
	db.mu.Lock()
	hooks := db.hooks
	db.mu.Unlock()
	for i := 0; i < len(tx.events); i++ { // not range: a hook may emit too
		for _, hook := range hooks {
			if err := hook(tx, tx.events[i]); err != nil {
				return fmt.Errorf("event %s: %w", tx.events[i].Subject, err)
			}
		}
	}
	return tx.failed
}
