package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/bus"
	"openioc.org/ioc/internal/bus/bustest"
	"openioc.org/ioc/internal/outbox"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

var duty = access.Actor{ID: "u1", Name: "Trực ban", Unit: "20194"}

func emit(t *testing.T, db *store.DB, keys ...string) {
	t.Helper()
	err := db.Write(t.Context(), duty, func(tx *store.Tx) error {
		for _, k := range keys {
			tx.Emit(store.Event{Subject: "ioc.fact.boat.launched." + k, Entity: "boat", EntityID: k,
				After: map[string]any{"name": "Thuyền " + k}, Summary: "hạ thuỷ " + k})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// run runs the outbox until the returned stop, which waits for it.
func run(t *testing.T, ob *outbox.Outbox) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- ob.Run(ctx) }()
	stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		done <- nil
	}
	t.Cleanup(stop)
	return stop
}

func open(t *testing.T, db *store.DB, p outbox.Publisher) *outbox.Outbox {
	t.Helper()
	ob, err := outbox.New(t.Context(), outbox.Options{Store: db, Publisher: p})
	if err != nil {
		t.Fatal(err)
	}
	return ob
}

// receive reads n facts from the bus and checks that it holds no more.
func receive(t *testing.T, b *bus.Bus, n int) []outbox.Fact {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var got []outbox.Fact
	err := b.Consume(ctx, "FACT", 0, time.Time{}, func(m bus.Msg) error {
		ids, facts, err := outbox.Unpack(m)
		if err != nil {
			t.Error(err)
		}
		for i, f := range facts {
			if f.ID != ids[i] {
				t.Errorf("message %s carries %s as %s", m.ID, f.ID, ids[i])
			}
		}
		if got = append(got, facts...); len(got) >= n {
			cancel()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	stats, err := b.Stats(t.Context(), "FACT")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != n || int(stats.Messages) > n {
		t.Fatalf("%d facts read in %d messages, want %d", len(got), stats.Messages, n)
	}
	return got
}

func waitEmpty(t *testing.T, ob *outbox.Outbox) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ob.Pending() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d facts still wait", ob.Pending())
		}
	}
}

func TestFactsReachTheBusInOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := bustest.Open(t)
		ob := open(t, db, b)
		emit(t, db, "a", "b") // before Run
		stop := run(t, ob)
		var want []string
		want = append(want, "a", "b")
		for i := range 300 { // more than a batch
			k := fmt.Sprintf("k%03d", i)
			want = append(want, k)
			emit(t, db, k)
		}
		got := receive(t, b, len(want))
		for i, f := range got {
			if f.EntityID != want[i] {
				t.Fatalf("fact %d is %s, want %s", i, f.EntityID, want[i])
			}
		}
		f := got[0]
		if f.Actor != (outbox.Actor{ID: "u1", Name: "Trực ban", Unit: "20194"}) || f.Entity != "boat" || f.At.IsZero() ||
			f.Summary != "hạ thuỷ a" || string(f.After) != `{"name":"Thuyền a"}` || f.Before != nil {
			t.Errorf("first fact: %+v", f)
		}
		waitEmpty(t, ob)
		stop()
		_ = db.Read(t.Context(), func(tx *store.Tx) error {
			var n int
			if err := tx.QueryRow("select count(*) from outbox").Scan(&n); err != nil || n != 0 {
				t.Errorf("%d rows stay, %v", n, err)
			}
			return nil
		})
	})
}

func TestRolledBackChangeIsNeverSent(t *testing.T) {
	db, b := storetest.SQLite(t, nil), bustest.Open(t)
	ob := open(t, db, b)
	run(t, ob)
	_ = db.Write(t.Context(), duty, func(tx *store.Tx) error {
		tx.Emit(store.Event{Subject: "ioc.fact.boat.sunk.x"})
		return errors.New("no")
	})
	emit(t, db, "kept")
	if got := receive(t, b, 1); got[0].EntityID != "kept" {
		t.Errorf("got %+v", got)
	}
}

// flaky loses the first acknowledgements: the bus has the message, the outbox
// hears an error.
type flaky struct {
	bus  *bus.Bus
	left atomic.Int32
	down atomic.Bool
}

func (f *flaky) Publish(ctx context.Context, subject string, data []byte, id string) (uint64, error) {
	if f.down.Load() {
		return 0, errors.New("the bus is down")
	}
	seq, err := f.bus.Publish(ctx, subject, data, id)
	if err == nil && f.left.Add(-1) >= 0 {
		return 0, errors.New("the acknowledgement was lost")
	}
	return seq, err
}

func TestLostAcknowledgementSendsOnce(t *testing.T) {
	db, b := storetest.SQLite(t, nil), bustest.Open(t)
	f := &flaky{bus: b}
	f.left.Store(2)
	ob := open(t, db, f)
	emit(t, db, "a", "b", "c")
	run(t, ob)
	waitEmpty(t, ob)
	var ids []string
	for _, fact := range receive(t, b, 3) {
		ids = append(ids, fact.EntityID)
	}
	if strings.Join(ids, "") != "abc" {
		t.Errorf("order %v", ids)
	}
}

func TestFactsWaitForTheBusAcrossARestart(t *testing.T) {
	storetest.EachOptions(t, func(t *testing.T, o store.Options) {
		b := bustest.Open(t)
		f := &flaky{bus: b}
		f.down.Store(true)
		db, err := store.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		ob := open(t, db, f)
		stop := run(t, ob)
		emit(t, db, "a", "b")
		stop()
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}

		f.down.Store(false)
		if db, err = store.Open(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		ob = open(t, db, f)
		if ob.Pending() != 2 {
			t.Errorf("%d pending after the restart", ob.Pending())
		}
		emit(t, db, "c")
		run(t, ob)
		var ids []string
		for _, fact := range receive(t, b, 3) {
			ids = append(ids, fact.EntityID)
		}
		if strings.Join(ids, "") != "abc" {
			t.Errorf("order %v", ids)
		}
		waitEmpty(t, ob) // the store closes only when nothing is written any more
	})
}

func TestHugeFactTravelsWithoutItsBody(t *testing.T) {
	db, b := storetest.SQLite(t, nil), bustest.Open(t)
	ob := open(t, db, b)
	err := db.Write(t.Context(), duty, func(tx *store.Tx) error {
		tx.Emit(store.Event{Subject: "ioc.fact.boat.painted.x", EntityID: "x", After: strings.Repeat("x", outbox.MaxFact)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	run(t, ob)
	if got := receive(t, b, 1); !got[0].Omitted || got[0].After != nil {
		t.Errorf("got a body of %d bytes, omitted %v", len(got[0].After), got[0].Omitted)
	}
}

func TestAnEventThatIsNoJSONIsRefusedWhereItWasMade(t *testing.T) {
	db, b := storetest.SQLite(t, nil), bustest.Open(t)
	ob := open(t, db, b)
	err := db.Write(t.Context(), duty, func(tx *store.Tx) error {
		tx.Emit(store.Event{Subject: "ioc.fact.boat.painted.x", After: func() {}})
		return nil
	})
	if err == nil || ob.Pending() != 0 {
		t.Errorf("err %v, pending %d", err, ob.Pending())
	}
}

// A domain whose subject nobody told the stream of: its facts still arrive,
// and those behind them too.
func TestAFactWithoutAStreamStopsNoOther(t *testing.T) {
	db := storetest.SQLite(t, nil)
	b := bustest.Open(t)
	ob := open(t, db, b)
	run(t, ob)
	err := db.Write(t.Context(), duty, func(tx *store.Tx) error {
		tx.Emit(store.Event{Subject: "ioc.nowhere.launched.a", Entity: "boat", EntityID: "a", Summary: "hạ thuỷ a"})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	emit(t, db, "b")
	got := receive(t, b, 2)
	if got[0].Subject != "ioc.nowhere.launched.a" || got[1].EntityID != "b" {
		t.Errorf("received %v", got)
	}
}
