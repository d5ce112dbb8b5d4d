package store_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

var boats = fstest.MapFS{"0001_init.sql": {Data: []byte(`
create table boat (
	id     text primary key,
	name   text not null,
	length double precision not null default 0,
	moored integer not null default 0,
	seen   bigint not null default 0,
	note   text not null default '{}',
	photo  bytea
);
create table crew (id text primary key, boat text not null references boat (id));
`)}}

var duty = access.Actor{ID: "u1", Name: "Trực ban", Roles: []access.Role{access.Duty}}

func withBoats(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if err := db.Migrate(t.Context(), "boat", boats); err != nil {
			t.Fatal(err)
		}
		test(t, db)
	})
}

func launch(id string) func(tx *store.Tx) error {
	return func(tx *store.Tx) error {
		if _, err := tx.Exec("insert into boat (id, name) values ($1, $2)", id, "Thuyền "+id); err != nil {
			return err
		}
		tx.Emit(store.Event{Subject: "ioc.boat.launched." + id, Entity: "boat", EntityID: id, Summary: "launched"})
		return nil
	}
}

func count(t *testing.T, db *store.DB, query string, args ...any) (n int) {
	t.Helper()
	if err := db.Read(t.Context(), func(tx *store.Tx) error { return tx.QueryRow(query, args...).Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTypesComeBackAsTheyWent(t *testing.T) {
	withBoats(t, func(t *testing.T, db *store.DB) {
		seen := time.Date(2025, 10, 29, 6, 0, 0, 123456000, time.UTC)
		err := db.Housekeep(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec("insert into boat (id, name, length, moored, seen, note, photo) values ($1, $2, $3, $4, $5, $6, $7)",
				"b1", "Hoà Vang", 12.25, true, seen, []byte(nil), []byte{0, 255, 1})
			if err == nil {
				return errors.New("a null note went in")
			}
			return err
		})
		if err == nil {
			t.Fatal("want the not-null error")
		}
		err = db.Housekeep(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec("insert into boat (id, name, length, moored, seen, photo) values ($1, $2, $3, $4, $5, $6)",
				"b1", "Hoà Vang", 12.25, true, seen, []byte{0, 255, 1})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		err = db.Read(t.Context(), func(tx *store.Tx) error {
			var name string
			var length float64
			var moored bool
			var us int64
			var photo []byte
			if err := tx.QueryRow("select name, length, moored, seen, photo from boat where id = $1", "b1").Scan(&name, &length, &moored, &us, &photo); err != nil {
				return err
			}
			if name != "Hoà Vang" || length != 12.25 || !moored || !store.FromMicros(us).Equal(seen) || string(photo) != "\x00\xff\x01" {
				t.Errorf("got %q %v %v %v %x", name, length, moored, store.FromMicros(us), photo)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestWriteRefusesAChangeWithoutATrace(t *testing.T) {
	withBoats(t, func(t *testing.T, db *store.DB) {
		for name, query := range map[string]string{
			"exec":      "insert into boat (id, name) values ('x', 'y')",
			"comment":   "-- why\n  insert into boat (id, name) values ('x', 'y')",
			"returning": "insert into boat (id, name) values ('x', 'y') returning id",
		} {
			err := db.Write(t.Context(), duty, func(tx *store.Tx) error {
				if name == "returning" {
					var id string
					return tx.QueryRow(query).Scan(&id)
				}
				_, err := tx.Exec(query)
				return err
			})
			if err == nil {
				t.Errorf("%s: committed without an event", name)
			}
		}
		if n := count(t, db, "select count(*) from boat"); n != 0 {
			t.Errorf("%d rows stayed", n)
		}
		// A statement that changed nothing needs no trace.
		err := db.Write(t.Context(), duty, func(tx *store.Tx) error {
			rows, err := tx.Exec("update boat set name = 'z' where id = 'nobody'")
			if rows != 0 {
				t.Errorf("%d rows", rows)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestHooksRunInsideTheTransaction(t *testing.T) {
	withBoats(t, func(t *testing.T, db *store.DB) {
		var got []store.Event
		broken := false
		db.OnEmit(func(tx *store.Tx, e store.Event) error {
			if broken {
				return errors.New("the trail is full")
			}
			got = append(got, e)
			_, err := tx.Exec("insert into boat (id, name) values ($1, 'hooked')", "hook-"+e.EntityID)
			return err
		})
		if err := db.Write(t.Context(), duty, launch("a")); err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || got[0].Actor.ID != "u1" || got[0].ID == "" || got[0].At.IsZero() {
			t.Fatalf("hook got %+v", got)
		}
		if n := count(t, db, "select count(*) from boat where id = 'hook-a'"); n != 1 {
			t.Error("the hook's row is not there")
		}
		broken = true
		if err := db.Write(t.Context(), duty, launch("b")); err == nil {
			t.Error("committed although the hook failed")
		}
		if n := count(t, db, "select count(*) from boat where id like '%b'"); n != 0 {
			t.Error("rows stayed although the hook failed")
		}
	})
}

func TestAfterRunsOnlyAfterCommit(t *testing.T) {
	withBoats(t, func(t *testing.T, db *store.DB) {
		var said []string
		err := db.Write(t.Context(), duty, func(tx *store.Tx) error {
			tx.After(func() {
				// The connection is free: a new transaction does not wait.
				if err := db.Write(t.Context(), duty, launch("second")); err != nil {
					t.Error(err)
				}
				said = append(said, "committed")
			})
			return launch("first")(tx)
		})
		if err != nil {
			t.Fatal(err)
		}
		_ = db.Write(t.Context(), duty, func(tx *store.Tx) error {
			tx.After(func() { said = append(said, "rolled back") })
			return errors.New("no")
		})
		if strings.Join(said, ",") != "committed" {
			t.Errorf("After ran: %v", said)
		}
	})
}

func TestDriverErrorsBecomeFaults(t *testing.T) {
	withBoats(t, func(t *testing.T, db *store.DB) {
		if err := db.Write(t.Context(), duty, launch("a")); err != nil {
			t.Fatal(err)
		}
		err := db.Write(t.Context(), duty, launch("a"))
		if !store.IsUnique(err) || fault.KindOf(err) != fault.Conflict {
			t.Errorf("double key: %v", err)
		}
		err = db.Housekeep(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec("insert into crew (id, boat) values ('c', 'nowhere')")
			return err
		})
		if e, ok := fault.As(err); !ok || e.Code != "store.referenced" {
			t.Errorf("foreign key: %v", err)
		}
		err = db.Housekeep(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec("insert into boat (id, name) values ('c', $1)", "a\x00b")
			return err
		})
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("zero byte: %v", err)
		}
		err = db.Read(t.Context(), func(tx *store.Tx) error {
			var n int
			return tx.QueryRow("select count(*) from boat where name = $1", "a\x00b").Scan(&n)
		})
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("zero byte looked for: %v", err)
		}
		if err := db.Read(t.Context(), func(tx *store.Tx) error {
			var s string
			return tx.QueryRow("select id from boat where id = 'nobody'").Scan(&s)
		}); !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("no rows: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := db.Write(context.Background(), duty, launch("z")); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("closed: %v", err)
		}
	})
}

// PostgreSQL ends a transaction at its first error; SQLite would go on.
func TestFailedStatementForbidsTheCommit(t *testing.T) {
	withBoats(t, func(t *testing.T, db *store.DB) {
		if err := db.Write(t.Context(), duty, launch("a")); err != nil {
			t.Fatal(err)
		}
		err := db.Write(t.Context(), duty, func(tx *store.Tx) error {
			if err := launch("b")(tx); err != nil {
				return err
			}
			_ = launch("a")(tx) // swallowed
			return nil
		})
		if err == nil {
			t.Error("committed after a failed statement")
		}
		if n := count(t, db, "select count(*) from boat"); n != 1 {
			t.Errorf("%d boats", n)
		}
	})
}

func TestReadMayNotWrite(t *testing.T) {
	withBoats(t, func(t *testing.T, db *store.DB) {
		for _, q := range []string{"insert into boat (id, name) values ('x', 'y')", "drop table crew"} {
			if err := db.Read(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec(q); return err }); err == nil {
				t.Errorf("%s: allowed in Read", q)
			}
		}
		err := db.Read(t.Context(), func(tx *store.Tx) error {
			var id string
			return tx.QueryRow("insert into boat (id, name) values ('x', 'y') returning id").Scan(&id)
		})
		if err == nil {
			t.Error("insert … returning: allowed in Read")
		}
	})
}

func TestReadSeesOnePicture(t *testing.T) {
	withBoats(t, func(t *testing.T, db *store.DB) {
		err := db.Read(t.Context(), func(tx *store.Tx) error {
			var before, after int
			if err := tx.QueryRow("select count(*) from boat").Scan(&before); err != nil {
				return err
			}
			if err := db.Write(t.Context(), duty, launch("a")); err != nil {
				return err
			}
			if err := tx.QueryRow("select count(*) from boat").Scan(&after); err != nil {
				return err
			}
			if before != after {
				t.Errorf("saw %d then %d", before, after)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// What a transaction has read stays true until it commits, on both databases.
func TestWritersQueue(t *testing.T) {
	withBoats(t, func(t *testing.T, db *store.DB) {
		const writers, rounds = 8, 10
		if err := db.Housekeep(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec("insert into boat (id, name, length) values ('n', 'counter', 0)")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for range rounds {
					err := db.Housekeep(t.Context(), func(tx *store.Tx) error {
						var n float64
						if err := tx.QueryRow("select length from boat where id = 'n'").Scan(&n); err != nil {
							return err
						}
						_, err := tx.Exec("update boat set length = $1 where id = 'n'", n+1)
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if n := count(t, db, "select cast(length as integer) from boat where id = 'n'"); n != writers*rounds {
			t.Errorf("lost updates: %d of %d", n, writers*rounds)
		}
	})
}

func TestNowIsTheClocksAndStandsStill(t *testing.T) {
	at := time.Date(2020, 10, 19, 7, 0, 0, 1999, time.UTC)
	clk := clock.Manual(at)
	storetest.EachAt(t, clk, func(t *testing.T, db *store.DB) {
		err := db.Housekeep(t.Context(), func(tx *store.Tx) error {
			first := tx.Now
			clk.Set(at.Add(time.Hour))
			if !tx.Now.Equal(first) || tx.Now.Nanosecond()%1000 != 0 {
				t.Errorf("tx.Now %v then %v", first, tx.Now)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestEmitGivesOnlySubjectsTheBusTakes(t *testing.T) {
	withBoats(t, func(t *testing.T, db *store.DB) {
		var subject string
		db.OnEmit(func(_ *store.Tx, e store.Event) error { subject = e.Subject; return nil })
		for id, want := range map[string]string{"a": "a", "Trạm 7": "Tr_m_7", "*": "_", ">": "_", "a.b:c-d": "a.b:c-d", "x\n": "x_"} {
			err := db.Write(t.Context(), duty, func(tx *store.Tx) error {
				tx.Emit(store.Event{Subject: "ioc.boat.seen." + id, EntityID: id})
				return nil
			})
			if err != nil || subject != "ioc.boat.seen."+want {
				t.Errorf("%q: %q %v", id, subject, err)
			}
		}
		for _, s := range []string{"", "ioc..x", ".ioc", "ioc.", strings.Repeat("a", 300)} {
			err := db.Write(t.Context(), duty, func(tx *store.Tx) error {
				tx.Emit(store.Event{Subject: s})
				return nil
			})
			if err == nil {
				t.Errorf("%q was emitted", s)
			}
		}
		if err := db.Housekeep(t.Context(), launch("h")); err == nil {
			t.Error("Housekeep emitted")
		}
	})
}

func TestAPanicRollsBackAndFreesTheWriter(t *testing.T) {
	withBoats(t, func(t *testing.T, db *store.DB) {
		func() {
			defer func() { _ = recover() }()
			_ = db.Write(t.Context(), duty, func(tx *store.Tx) error {
				if err := launch("p")(tx); err != nil {
					return err
				}
				panic("boom")
			})
		}()
		if err := db.Write(t.Context(), duty, launch("q")); err != nil {
			t.Fatal(err)
		}
		if n := count(t, db, "select count(*) from boat"); n != 1 {
			t.Errorf("%d boats", n)
		}
	})
}

func TestAllAndOne(t *testing.T) {
	withBoats(t, func(t *testing.T, db *store.DB) {
		for _, id := range []string{"b", "a"} {
			if err := db.Write(t.Context(), duty, launch(id)); err != nil {
				t.Fatal(err)
			}
		}
		text := func(scan store.Scan) (s string, err error) { return s, scan(&s) }
		err := db.Read(t.Context(), func(tx *store.Tx) error {
			ids, err := store.All(tx, text, "select id from boat order by id")
			if err != nil || strings.Join(ids, "") != "ab" {
				t.Errorf("All: %v %v", ids, err)
			}
			if _, found, err := store.One(tx, text, "select id from boat where id = 'zz'"); found || err != nil {
				t.Errorf("One of none: %v %v", found, err)
			}
			id, found, err := store.One(tx, text, "select id from boat where id = $1", "a")
			if id != "a" || !found || err != nil {
				t.Errorf("One: %q %v %v", id, found, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
