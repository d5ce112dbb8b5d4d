package bus_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"openioc.org/ioc/internal/bus"
	"openioc.org/ioc/internal/bus/bustest"
	"openioc.org/ioc/internal/fault"
)

func publish(t *testing.T, b *bus.Bus, subject, data string) uint64 {
	t.Helper()
	seq, err := b.Publish(t.Context(), subject, []byte(data), "")
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

// read consumes until n messages have come and returns their texts.
func read(t *testing.T, b *bus.Bus, from uint64, since time.Time, n int) (got []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := b.Consume(ctx, "OBS", from, since, func(m bus.Msg) error {
		got = append(got, string(m.Data))
		if len(got) == n {
			cancel()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestPublish_SurvivesRestartInOrder(t *testing.T) {
	dir := t.TempDir()
	b := bustest.OpenDir(t, dir)
	var want []string
	for i := range 50 {
		want = append(want, strconv.Itoa(i))
		if seq := publish(t, b, "ioc.obs.a", want[i]); seq != uint64(i+1) {
			t.Fatalf("message %d got sequence %d", i, seq)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = bustest.OpenDir(t, dir)
	want = append(want, "after")
	publish(t, b, "ioc.obs.b", "after")
	if got := read(t, b, 0, time.Time{}, 51); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
	if got := read(t, b, 50, time.Time{}, 2); !reflect.DeepEqual(got, want[49:]) {
		t.Errorf("from 50: %v", got)
	}
	s, err := b.Stats(t.Context(), "OBS")
	if err != nil || s.Messages != 51 || s.First != 1 || s.Last != 51 {
		t.Errorf("stats %+v, %v", s, err)
	}
}

func TestPublish_SurvivesKill(t *testing.T) {
	dir, left := t.TempDir(), t.TempDir()
	b := bustest.OpenDir(t, dir)
	for i := range 20 {
		publish(t, b, "ioc.obs.a", strconv.Itoa(i))
	}
	// The files as they are now are what a killed process leaves behind.
	if err := os.CopyFS(left, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	b = bustest.OpenDir(t, left)
	if got := read(t, b, 0, time.Time{}, 20); len(got) != 20 || got[19] != "19" {
		t.Errorf("got %v", got)
	}
	if seq := publish(t, b, "ioc.obs.a", "next"); seq != 21 {
		t.Errorf("next sequence is %d", seq)
	}
}

func TestPublish_KnowsAMessageByItsID(t *testing.T) {
	b := bustest.Open(t)
	first, err := b.Publish(t.Context(), "ioc.fact.alert", []byte("x"), "id-1")
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.Publish(t.Context(), "ioc.fact.alert", []byte("x"), "id-1")
	if err != nil || again != first {
		t.Errorf("second got %d, %v; first %d", again, err, first)
	}
	other, err := b.Publish(t.Context(), "ioc.fact.alert", []byte("x"), "id-2")
	if err != nil || other != first+1 {
		t.Errorf("another got %d, %v", other, err)
	}
}

func TestPublish_Refuses(t *testing.T) {
	b := bustest.Open(t)
	f := func(name string, err error, def *fault.Def) {
		t.Helper()
		if !fault.Is(err, def) {
			t.Errorf("%s: got %v, want %s", name, err, def.Code)
		}
	}
	_, err := b.Publish(t.Context(), "elsewhere", []byte("x"), "")
	f("no stream", err, bus.ErrNoStream)
	_, err = b.Publish(t.Context(), "ioc.obs.a", make([]byte, bus.MaxMessage), "")
	f("too large", err, bus.ErrTooLarge)
	if _, err := b.Publish(t.Context(), "ioc.obs.a", make([]byte, bus.MaxMessage-4096), ""); err != nil {
		t.Errorf("just small enough: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Publish(ctx, "ioc.obs.a", []byte("x"), ""); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for range 2 {
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, err = b.Publish(t.Context(), "ioc.obs.a", []byte("x"), "")
	f("publish after Close", err, bus.ErrClosed)
	f("consume after Close", b.Consume(t.Context(), "OBS", 0, time.Time{}, nil), bus.ErrClosed)
	f("durable after Close", b.Durable(t.Context(), "OBS", "x", "", nil), bus.ErrClosed)
}

func TestPublish_ConcurrentlyLosesNothing(t *testing.T) {
	b := bustest.Open(t)
	const writers, each = 16, 40
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if _, err := b.Publish(t.Context(), "ioc.obs.a", fmt.Appendf(nil, "%d %d", w, i), ""); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	next := map[int]int{}
	for _, text := range read(t, b, 0, time.Time{}, writers*each) {
		var w, i int
		if _, err := fmt.Sscan(text, &w, &i); err != nil || next[w] != i {
			t.Fatalf("writer %d: got %d, want %d", w, i, next[w])
		}
		next[w]++
	}
}

func TestConsume_TriesAgainUntilTheHandlerSucceeds(t *testing.T) {
	b := bustest.Open(t)
	publish(t, b, "ioc.obs.a", "one")
	publish(t, b, "ioc.obs.a", "two")
	ctx, cancel := context.WithCancel(t.Context())
	var got []string
	err := b.Consume(ctx, "OBS", 0, time.Time{}, func(m bus.Msg) error {
		got = append(got, string(m.Data))
		switch len(got) {
		case 1, 2:
			return errors.New("not yet")
		case 4:
			cancel()
		}
		return nil
	})
	if err != nil || !reflect.DeepEqual(got, []string{"one", "one", "one", "two"}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestConsume_BeginsAtATime(t *testing.T) {
	b := bustest.Open(t)
	publish(t, b, "ioc.obs.a", "before")
	s, err := b.Stats(t.Context(), "OBS")
	if err != nil {
		t.Fatal(err)
	}
	publish(t, b, "ioc.obs.a", "after")
	if got := read(t, b, 0, s.LastTime.Add(time.Nanosecond), 1); !reflect.DeepEqual(got, []string{"after"}) {
		t.Errorf("got %v", got)
	}
}

func TestConsume_ReadsAllWhenTheLogIsYoungerThanTheCursor(t *testing.T) {
	b := bustest.Open(t)
	publish(t, b, "ioc.obs.a", "new log")
	if got := read(t, b, 1000, time.Time{}, 1); !reflect.DeepEqual(got, []string{"new log"}) {
		t.Errorf("got %v", got)
	}
}

func TestConsume_WaitsForWhatComes(t *testing.T) {
	b := bustest.Open(t)
	got := make(chan string)
	ended := make(chan error, 1)
	go func() {
		ended <- b.ConsumeBatch(t.Context(), "OBS", 0, time.Time{}, 10, func(ms []bus.Msg) error {
			for _, m := range ms {
				got <- m.Subject + " " + string(m.Data)
			}
			return nil
		})
	}()
	for i := range 5 {
		publish(t, b, "ioc.obs.a", strconv.Itoa(i))
		if m, want := <-got, "ioc.obs.a "+strconv.Itoa(i); m != want {
			t.Errorf("got %q, want %q", m, want)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !fault.Is(err, bus.ErrClosed) {
		t.Errorf("the bus was closed under it: %v", err)
	}
}

func TestConsume_WithoutStream(t *testing.T) {
	b := bustest.Open(t)
	if err := b.Consume(t.Context(), "NONE", 0, time.Time{}, nil); err == nil {
		t.Error("consumes a stream that is not there")
	}
}

func TestDurable_KeepsItsPlaceAndSetsPoisonAside(t *testing.T) {
	dir := t.TempDir()
	b := bustest.OpenDir(t, dir)
	for _, s := range []string{"a", "poison", "b"} {
		publish(t, b, "ioc.fact.alert", s)
	}
	publish(t, b, "ioc.fact.other", "not asked for")
	run := func(n int) (got []string, dead []string) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		done := func() {
			if len(got)+len(dead) == n {
				cancel()
			}
		}
		err := b.Durable(ctx, "FACT", "reader", "ioc.fact.alert", func(m bus.Msg) error {
			if string(m.Data) == "poison" {
				return errors.New("cannot read this")
			}
			got = append(got, string(m.Data))
			defer done()
			return nil
		}, bus.MaxDeliver(3), bus.Backoff(time.Millisecond), bus.AckWait(5*time.Second),
			bus.DeadLetter(func(m bus.Msg, cause error) error {
				dead = append(dead, string(m.Data)+": "+cause.Error())
				defer done()
				return nil
			}))
		if err != nil {
			t.Fatal(err)
		}
		return got, dead
	}
	got, dead := run(3)
	if !reflect.DeepEqual(got, []string{"a", "b"}) || !reflect.DeepEqual(dead, []string{"poison: cannot read this"}) {
		t.Fatalf("got %v, dead %v", got, dead)
	}
	b.Close()
	b = bustest.OpenDir(t, dir)
	publish(t, b, "ioc.fact.alert", "c")
	if got, dead := run(1); !reflect.DeepEqual(got, []string{"c"}) || dead != nil {
		t.Errorf("after a restart got %v, dead %v", got, dead)
	}
}

func TestOpen_ByURL(t *testing.T) {
	start := func(port int, dir string) *server.Server {
		srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir,
			NoSigs: true, NoLog: true, MaxPayload: bus.MaxMessage})
		if err != nil {
			t.Fatal(err)
		}
		srv.Start()
		if !srv.ReadyForConnections(10 * time.Second) {
			t.Fatal("server does not start")
		}
		return srv
	}
	dir := t.TempDir()
	srv := start(server.RANDOM_PORT, dir)
	defer func() { srv.Shutdown(); srv.WaitForShutdown() }()
	b, err := bus.Open(t.Context(), bus.Options{URL: srv.ClientURL()})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.Stream(t.Context(), bus.StreamConfig{Name: "OBS", Subjects: []string{"ioc.obs.>"}, MaxAge: time.Hour}); err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 10)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- b.Consume(ctx, "OBS", 0, time.Time{}, func(m bus.Msg) error { got <- string(m.Data); return nil })
	}()
	publish(t, b, "ioc.obs.a", "one")
	if m := <-got; m != "one" {
		t.Errorf("got %q", m)
	}

	// The server goes away and comes back; the reader goes on where it was.
	port := srv.Addr().(*net.TCPAddr).Port
	srv.Shutdown()
	srv.WaitForShutdown()
	srv = start(port, dir)
	deadline := time.Now().Add(20 * time.Second)
	for {
		_, err := b.Publish(t.Context(), "ioc.obs.a", []byte("two"), "two")
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	if m := <-got; m != "two" {
		t.Errorf("after the server's restart got %q", m)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestOpen_SaysWhenNobodyIsThere(t *testing.T) {
	if _, err := bus.Open(t.Context(), bus.Options{URL: "nats://127.0.0.1:1"}); err == nil {
		t.Error("opened a bus that is not there")
	}
}
