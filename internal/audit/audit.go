// Package audit keeps who did what, when, and what it was before: one entry
// per event of the store, written in the same transaction, append-only (the
// database itself refuses to change or delete) and chained by SHA-256, so that
// an entry that was changed, removed or put in between is found by Verify.
//
// What the chain cannot show by itself is that its end was cut off: keep an
// Anchor outside (a log, a printout, another machine) and give it to Verify.
package audit

import (
	"context"
	"embed"
	"fmt"

	"openioc.org/ioc/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Trail is the audit trail of a store.
type Trail struct {
	db *store.DB
	// RootsPath is the file in which KeepRoots keeps the anchor of each day,
	// and Verify over HTTP looks for them; "" keeps none. Set it before use.
	RootsPath string
}

// New makes the table and hangs the trail on the store's events.
func New(ctx context.Context, db *store.DB) (*Trail, error) {
	t := &Trail{db: db}
	if err := db.Migrate(ctx, "audit", migrations); err != nil {
		return nil, err
	}
	db.OnEmit(t.record)
	return t, nil
}

// record is the hook. The store lets one transaction write at a time, so the
// newest entry stays the newest until we commit.
func (t *Trail) record(tx *store.Tx, event store.Event) error {
	e, err := entryOf(event)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	newest, err := head(tx)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	e.Seq, e.Previous = newest.Seq+1, newest.Hash
	e.Hash = e.sum()
	_, err = tx.Exec("insert into audit_entry ("+columns+", fold) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
		e.Seq, e.ID, e.At, e.Actor.ID, e.Actor.Name, e.Actor.Unit, e.Subject, e.Entity, e.EntityID,
		e.Summary, e.Before, e.After, e.Previous, e.Hash, e.Actor.Address, e.fold())
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// Anchor names an entry: how many there were, and the hash that stands for
// all of them.
type Anchor struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

func head(tx *store.Tx) (Anchor, error) {
	a, _, err := store.One(tx, func(scan store.Scan) (a Anchor, err error) { return a, scan(&a.Seq, &a.Hash) },
		"select seq, hash from audit_entry order by seq desc limit 1")
	return a, err
}

// Head returns the newest entry's anchor, to be kept where nobody who can
// write the records can write.
func (t *Trail) Head(ctx context.Context) (a Anchor, err error) {
	err = t.db.Read(ctx, func(tx *store.Tx) error {
		a, err = head(tx)
		return err
	})
	return a, err
}
