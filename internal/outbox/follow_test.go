package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/bus"
	"openioc.org/ioc/internal/bus/bustest"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/outbox"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

const tally = "create table tally (k text not null, n integer not null)"

func tallied(t *testing.T, db *store.DB) (keys []string) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *store.Tx) (err error) {
		keys, err = store.All(tx, func(scan store.Scan) (k string, err error) { return k, scan(&k) }, "select k from tally order by k")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// follow runs a reaction that writes each key down, until stop.
func follow(t *testing.T, db *store.DB, b *bus.Bus, handle func(tx *store.Tx, f outbox.Fact) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- outbox.Follow(ctx, db, b, outbox.Reaction{Reader: "test", Subjects: []string{"ioc.fact.boat."}, Handle: handle})
	}()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("follow: %v", err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
		time.Sleep(5 * time.Millisecond) // there is no event to wait for: the rows are the event
	}
}

func write(tx *store.Tx, f outbox.Fact) error {
	_, err := tx.Mark("insert into tally (k, n) values ($1, 1)", f.EntityID)
	return err
}

func TestFollow_EachFactOnceAcrossRestarts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := bustest.Open(t)
		ob := open(t, db, b)
		run(t, ob)
		if err := db.Housekeep(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec(tally); return err }); err != nil {
			t.Fatal(err)
		}
		emit(t, db, "a", "b")
		stop := follow(t, db, b, write)
		await(t, "a and b handled", func() bool { return len(tallied(t, db)) == 2 })
		stop()
		emit(t, db, "c")
		// The program died between publishing and deleting: the bus holds "a" twice.
		var again bus.Msg
		ctx, cancel := context.WithCancel(t.Context())
		if err := b.Consume(ctx, "FACT", 0, time.Time{}, func(m bus.Msg) error { again = m; cancel(); return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Publish(t.Context(), again.Subject, again.Data, ""); err != nil {
			t.Fatal(err)
		}
		emit(t, db, "d")
		follow(t, db, b, write)
		await(t, "d handled", func() bool { return slices.Contains(tallied(t, db), "d") })
		if got := tallied(t, db); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
			t.Errorf("handled %v", got)
		}
	})
}

func TestFollow_OneBadFactStopsNoOther(t *testing.T) {
	db := storetest.SQLite(t, nil)
	b := bustest.Open(t)
	run(t, open(t, db, b))
	if err := db.Housekeep(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec(tally); return err }); err != nil {
		t.Fatal(err)
	}
	emit(t, db, "a", "bad", "c")
	tries := 0
	follow(t, db, b, func(tx *store.Tx, f outbox.Fact) error {
		if f.EntityID == "bad" {
			tries++
			return errors.New("cannot be")
		}
		return write(tx, f)
	})
	await(t, "c handled", func() bool { return slices.Contains(tallied(t, db), "c") })
	if got := tallied(t, db); !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("handled %v", got)
	}
	var poison int
	if err := db.Read(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow("select count(*) from follow_poison where reader = $1", "test").Scan(&poison)
	}); err != nil || poison != 1 {
		t.Errorf("put aside %d, %v", poison, err)
	}
	if tries < 3 {
		t.Errorf("tried %d times", tries)
	}
}

// A fact that was set aside is sent again once its cause is mended: its reader
// handles it, and who handled it before does not.
func TestAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := bustest.Open(t)
		ob := open(t, db, b)
		run(t, ob)
		if err := db.Housekeep(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec(tally); return err }); err != nil {
			t.Fatal(err)
		}
		var mended atomic.Bool
		follow(t, db, b, func(tx *store.Tx, f outbox.Fact) error {
			if f.EntityID == "bad" && !mended.Load() {
				return errors.New("cannot be")
			}
			return write(tx, f)
		})
		emit(t, db, "a", "bad", "c")
		await(t, "c handled", func() bool { return slices.Contains(tallied(t, db), "c") })
		list := func() []outbox.Aside {
			t.Helper()
			out, err := ob.Aside(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		admin := access.Actor{ID: "u1"}
		first := list()
		if len(first) != 1 || first[0].Reader != "test" || !strings.Contains(first[0].Error, "cannot be") || first[0].At.IsZero() {
			t.Fatalf("%+v", first)
		}
		if err := ob.Again(t.Context(), admin, "other", first[0].Fact); fault.KindOf(err) != fault.NotFound {
			t.Errorf("of a reader who set nothing aside: %v", err)
		}
		if err := ob.Again(t.Context(), admin, "test", first[0].Fact); err != nil {
			t.Fatal(err)
		}
		await(t, "set aside again, under its own id", func() bool {
			l := list()
			return len(l) == 1 && l[0].Fact == first[0].Fact && l[0].At.After(first[0].At)
		})
		mended.Store(true)
		if err := ob.Again(t.Context(), admin, "test", first[0].Fact); err != nil {
			t.Fatal(err)
		}
		await(t, "handled", func() bool { return slices.Contains(tallied(t, db), "bad") })
		emit(t, db, "d")
		await(t, "d handled", func() bool { return slices.Contains(tallied(t, db), "d") })
		if got := tallied(t, db); !slices.Equal(got, []string{"a", "bad", "c", "d"}) || len(list()) != 0 {
			t.Errorf("handled %v, set aside %v", got, list())
		}

		// One whose other readers may no longer know it, however fresh the last
		// try, and one that broke off, stay where they are.
		old := fmt.Sprintf(`{"id":"old","at":%q,"subject":"ioc.fact.boat.x"}`, time.Now().Add(-40*24*time.Hour).UTC().Format(time.RFC3339))
		for id, data := range map[string]string{"old": old, "cut": `{"id":"cu`} {
			if err := db.Housekeep(t.Context(), func(tx *store.Tx) error {
				_, err := tx.Exec("insert into follow_poison (reader, fact, subject, data, error, at) values ('test', $1, 'ioc.fact.boat.x', $2, 'cannot be', $3)", id, data, tx.Now)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if err := ob.Again(t.Context(), admin, "test", id); fault.KindOf(err) != fault.Conflict {
				t.Errorf("%s: %v", id, err)
			}
		}
		if len(list()) != 2 {
			t.Errorf("set aside %+v", list())
		}
	})
}

// In a storm many facts share a message: each is still handled once, and a bad
// one among them still stops no other.
func TestFollow_ManyFactsInOneMessage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := bustest.Open(t)
		ob := open(t, db, b)
		if err := db.Housekeep(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec(tally); return err }); err != nil {
			t.Fatal(err)
		}
		var keys, want []string
		for i := range 600 {
			k := fmt.Sprintf("k%03d", i)
			if keys = append(keys, k); i != 7 {
				want = append(want, k)
			}
		}
		emit(t, db, keys...) // all wait before the outbox runs
		run(t, ob)
		waitEmpty(t, ob)
		stats, err := b.Stats(t.Context(), "FACT")
		if err != nil || stats.Messages > 10 {
			t.Fatalf("%d messages for %d facts, %v", stats.Messages, len(keys), err)
		}
		var first bus.Msg
		ctx, cancel := context.WithCancel(t.Context())
		if err := b.Consume(ctx, "FACT", 0, time.Time{}, func(m bus.Msg) error { first = m; cancel(); return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Publish(t.Context(), first.Subject, first.Data, ""); err != nil {
			t.Fatal(err)
		}
		emit(t, db, "last")
		follow(t, db, b, func(tx *store.Tx, f outbox.Fact) error {
			if f.EntityID == "k007" {
				return errors.New("cannot be")
			}
			return write(tx, f)
		})
		await(t, "the last one handled", func() bool { return slices.Contains(tallied(t, db), "last") })
		if got := tallied(t, db); !slices.Equal(got, append(want, "last")) {
			t.Errorf("handled %d of %d: %v", len(got), len(want)+1, got)
		}
	})
}
