package store_test

import (
	"context"
	"errors"
	"testing"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
)

func TestCancelledWriteRollsBackAndFreesTheWriter(t *testing.T) {
	withBoats(t, func(t *testing.T, db *store.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		err := db.Write(ctx, duty, func(tx *store.Tx) error {
			if err := launch("a")(tx); err != nil {
				return err
			}
			cancel()
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled write: %v", err)
		}
		if err := db.Write(t.Context(), duty, launch("b")); err != nil {
			t.Errorf("the next write: %v", err)
		}
		if n := count(t, db, "select count(*) from boat"); n != 1 {
			t.Errorf("%d boats", n)
		}
	})
}

// The server restarts under us: what was under way fails as Unavailable, and
// the program needs no restart of its own.
func TestLostConnectionsAreOpenedAgain(t *testing.T) {
	withBoats(t, func(t *testing.T, db *store.DB) {
		if db.Dialect() != store.Postgres {
			t.Skip("there is no connection to lose")
		}
		err := db.Write(t.Context(), duty, func(tx *store.Tx) error {
			err := db.Read(t.Context(), func(r *store.Tx) error {
				_, err := store.All(r, func(scan store.Scan) (ok bool, err error) { return ok, scan(&ok) },
					"select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
				return err
			})
			if err != nil {
				return err
			}
			return launch("a")(tx)
		})
		if fault.KindOf(err) != fault.Unavailable {
			t.Errorf("on the lost connection: %v", err)
		}
		if err := db.Write(t.Context(), duty, launch("b")); err != nil {
			t.Errorf("the next write: %v", err)
		}
		if n := count(t, db, "select count(*) from boat"); n != 1 {
			t.Errorf("%d boats", n)
		}
	})
}

// A transaction inside another would wait for itself; it ends with the
// caller's deadline instead.
func TestNestedWriteDoesNotHangForEver(t *testing.T) {
	withBoats(t, func(t *testing.T, db *store.DB) {
		err := db.Write(t.Context(), duty, func(tx *store.Tx) error {
			ctx, cancel := context.WithTimeout(t.Context(), 50e6)
			defer cancel()
			if err := db.Write(ctx, duty, launch("inner")); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("inner: %v", err)
			}
			return launch("outer")(tx)
		})
		if err != nil {
			t.Error(err)
		}
	})
}
