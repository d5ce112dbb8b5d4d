package notify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

var (
	admin = access.Actor{ID: "a1", Name: "Quản trị", Roles: []access.Role{access.Admin}}
	duty  = access.Actor{ID: "d1", Name: "Trực ban", Roles: []access.Role{access.Duty}}
	noon  = time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC) // 12:00 in Đà Nẵng
)

// desk is a service on a database with a clock that the test moves.
type desk struct {
	*notify.Service
	t   *testing.T
	db  *store.DB
	clk *clock.Clock
}

func open(t *testing.T, db *store.DB, clk *clock.Clock, change ...func(*notify.Options)) *desk {
	t.Helper()
	guard, err := connector.NewGuard([]string{"127.0.0.0/8", "::1"})
	if err != nil {
		t.Fatal(err)
	}
	o := notify.Options{Store: db, Clock: clk, Guard: guard, BaseURL: "https://ioc.example", Timeout: 2 * time.Second}
	for _, c := range change {
		c(&o)
	}
	s, err := notify.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return &desk{s, t, db, clk}
}

// each runs a test on every database, at noon.
func each(t *testing.T, test func(t *testing.T, d *desk)) {
	storetest.EachOptions(t, func(t *testing.T, o store.Options) {
		o.Clock = clock.Manual(noon)
		db, err := store.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		test(t, open(t, db, o.Clock))
	})
}

func (d *desk) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				d.t.Errorf("run: %v", err)
			}
		})
	}
	d.t.Cleanup(stop)
	return stop
}

func (d *desk) channel(kind string, config any, change ...func(*notify.ChannelFields)) notify.Channel {
	d.t.Helper()
	raw, err := json.Marshal(config)
	if err != nil {
		d.t.Fatal(err)
	}
	name, least := kind, alertevent.Info
	f := notify.ChannelFields{Name: &name, Config: (*json.RawMessage)(&raw), MinSeverity: &least}
	for _, c := range change {
		c(&f)
	}
	c, err := d.CreateChannel(d.t.Context(), admin, kind, f)
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

func (d *desk) contact(user, email, phone string) {
	d.t.Helper()
	if _, err := d.SetContactOf(d.t.Context(), admin, user, notify.Contact{Email: email, Phone: phone}); err != nil {
		d.t.Fatal(err)
	}
}

func message(key string) notify.Message {
	return notify.Message{Key: key, Topic: notify.TopicAlert, Severity: alertevent.Warning, Unit: "20242", Alert: "al1", Link: "/alerts/al1",
		Title: msg.Text{Vi: "Ngập " + key, En: "Flood " + key}, Text: msg.Text{Vi: "Tháp báo 0,35 m", En: "The tower reads 0.35 m"},
		To: []notify.Recipient{{User: "u1", Name: "Nguyễn Văn A", Level: 1}}}
}

func (d *desk) enqueue(ms ...notify.Message) {
	d.t.Helper()
	err := d.db.Write(context.Background(), duty, func(tx *store.Tx) error {
		for _, m := range ms {
			if err := d.Enqueue(tx, m); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) deliveries(channel string) []notify.Delivery {
	d.t.Helper()
	ds, _, err := d.Deliveries(context.Background(), admin, notify.Filter{Channel: channel, Limit: 1000})
	if err != nil {
		d.t.Fatal(err)
	}
	return ds
}

func (d *desk) states(channel string) map[string]int {
	d.t.Helper()
	out := map[string]int{}
	for _, x := range d.deliveries(channel) {
		out[x.State]++
	}
	return out
}

// until waits for a condition that another goroutine brings about.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func (d *desk) settled(channel string) func() bool {
	return func() bool {
		for _, x := range d.deliveries(channel) {
			if x.State == notify.Sending || x.State == notify.Waiting && !x.NextAt.After(d.clk.Now()) {
				return false
			}
		}
		return true
	}
}

// gateway records what it is sent and answers as it is told.
type gateway struct {
	*httptest.Server
	mu   sync.Mutex
	got  []call
	then func(w http.ResponseWriter, n int)
}

type call struct {
	key, body, path string
	header          http.Header
}

func newGateway(t *testing.T, then func(w http.ResponseWriter, n int)) *gateway {
	g := &gateway{then: then}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		g.mu.Lock()
		g.got = append(g.got, call{r.Header.Get("Idempotency-Key"), string(body), r.URL.String(), r.Header.Clone()})
		n := len(g.got)
		g.mu.Unlock()
		if g.then != nil {
			g.then(w, n)
		}
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) calls() []call {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]call{}, g.got...)
}

func smsConfig(url string) map[string]any {
	return map[string]any{"url": url + "/send", "body": `{"to":"{phone}","text":"{title}: {text}","id":"{key}"}`, "ok_path": "status", "ok_value": "ok"}
}

func ok(w http.ResponseWriter, _ int) { fmt.Fprint(w, `{"status":"ok"}`) }

func TestSameKeyOnce(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		var facts int
		d.db.OnEmit(func(_ *store.Tx, e store.Event) error {
			if strings.HasPrefix(e.Subject, "ioc.notify.queued.") {
				facts++
			}
			return nil
		})
		d.enqueue(message("k1"), message("k1"), message("k2"))
		d.enqueue(message("k1"))
		items, unread, err := d.Inbox(t.Context(), access.Actor{ID: "u1", Roles: []access.Role{access.Unit}}, false, 10)
		if err != nil || len(items) != 2 || unread != 2 || facts != 2 {
			t.Fatalf("%d lines, %d unread, %d facts, %v", len(items), unread, facts, err)
		}
		if err := d.MarkRead(t.Context(), access.Actor{ID: "u1", Roles: []access.Role{access.Unit}}, []string{items[0].ID}, false); err != nil {
			t.Fatal(err)
		}
		if _, unread, _ = d.Inbox(t.Context(), access.Actor{ID: "u1", Roles: []access.Role{access.Unit}}, true, 10); unread != 1 {
			t.Errorf("%d unread after reading one", unread)
		}
	})
}

func TestNothingIsQueuedWhenTheCallerFails(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		_ = d.db.Write(t.Context(), duty, func(tx *store.Tx) error {
			if err := d.Enqueue(tx, message("k")); err != nil {
				t.Fatal(err)
			}
			return io.ErrUnexpectedEOF
		})
		if ds := d.deliveries(""); len(ds) != 0 {
			t.Fatalf("%+v", ds)
		}
	})
}

// A gateway that answers 500 for an hour: the pauses grow, the key stays, and
// the message arrives.
func TestGatewayInTroubleForAnHour(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		mends := noon.Add(time.Hour)
		g := newGateway(t, func(w http.ResponseWriter, n int) {
			if d.clk.Now().Before(mends) {
				http.Error(w, "down", http.StatusInternalServerError)
				return
			}
			ok(w, n)
		})
		ch := d.channel(notify.HTTP, smsConfig(g.URL))
		d.contact("u1", "", "0905 123 456")
		d.run()
		d.enqueue(message("k"))
		for range 40 {
			until(t, "the attempt is over", d.settled(ch.ID))
			x := d.deliveries(ch.ID)[0]
			if x.State == notify.Sent {
				break
			}
			if !strings.Contains(x.LastError, "500") {
				t.Fatalf("trouble %q", x.LastError)
			}
			d.clk.Set(*x.NextAt)
		}
		x := d.deliveries(ch.ID)[0]
		if x.State != notify.Sent || x.SentAt.After(mends.Add(15*time.Minute)) || x.Attempts < 10 || x.Attempts > 20 {
			t.Fatalf("%s after %d attempts at %v", x.State, x.Attempts, x.SentAt)
		}
		for _, c := range g.calls() {
			if c.key != x.ID {
				t.Fatalf("key %q of delivery %q", c.key, x.ID)
			}
		}
	})
}

func TestGivenUpAfterADay(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		var failed []string
		var mu sync.Mutex
		d.db.OnEmit(func(_ *store.Tx, e store.Event) error {
			if strings.HasPrefix(e.Subject, "ioc.notify.failed.") {
				mu.Lock()
				failed = append(failed, e.Summary)
				mu.Unlock()
			}
			return nil
		})
		g := newGateway(t, func(w http.ResponseWriter, _ int) { http.Error(w, "no", 500) })
		ch := d.channel(notify.Webhook, map[string]any{"url": g.URL})
		d.run()
		d.enqueue(message("k"))
		until(t, "first attempt", func() bool { return len(g.calls()) > 0 && d.settled(ch.ID)() })
		d.clk.Set(noon.Add(24*time.Hour + time.Second))
		until(t, "given up", func() bool { return d.deliveries(ch.ID)[0].State == notify.Failed })
		mu.Lock()
		if len(failed) != 1 {
			t.Errorf("facts: %v", failed)
		}
		mu.Unlock()
		g.mu.Lock()
		g.then = nil
		g.mu.Unlock()
		if _, err := d.Retry(t.Context(), admin, d.deliveries(ch.ID)[0].ID); err != nil {
			t.Fatal(err)
		}
		until(t, "sent by hand", func() bool { return d.deliveries(ch.ID)[0].State == notify.Sent })
	})
}

// One gateway hangs; the other is not held up by it.
func TestHangingGatewayHoldsUpNoOther(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		release := make(chan struct{})
		hang := newGateway(t, func(http.ResponseWriter, int) { <-release })
		t.Cleanup(func() { close(release) })
		good := newGateway(t, nil)
		bad := d.channel(notify.Webhook, map[string]any{"url": hang.URL})
		fine := d.channel(notify.Webhook, map[string]any{"url": good.URL})
		d.run()
		start := time.Now()
		for i := range 12 {
			d.enqueue(message(fmt.Sprint(i)))
		}
		until(t, "the good channel is through", func() bool { return len(good.calls()) == 12 })
		if took := time.Since(start); took > 1900*time.Millisecond {
			t.Errorf("the good channel took %v", took)
		}
		until(t, "the hanging channel is noted", func() bool {
			for _, x := range d.deliveries(bad.ID) {
				if x.LastError == "no answer in time" {
					return true
				}
			}
			return false
		})
		if n := len(hang.calls()); n > 5 {
			t.Errorf("%d requests to a gateway that hangs", n)
		}
		_ = fine
	})
}

// The program dies after sending and before marking: that one goes out again,
// with its key, and nothing else does.
func TestKilledBetweenSendAndMark(t *testing.T) {
	storetest.EachOptions(t, func(t *testing.T, o store.Options) {
		clk := clock.Manual(noon)
		o.Clock = clk
		db, err := store.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		d := open(t, db, clk)
		deadly := false
		g := newGateway(t, func(w http.ResponseWriter, n int) {
			if n == 2 {
				deadly = true
				_ = db.Close()
			}
			ok(w, n)
		})
		ch := d.channel(notify.HTTP, smsConfig(g.URL))
		d.contact("u1", "", "0905123456")
		stop := d.run()
		d.enqueue(message("first"))
		until(t, "the first is marked", func() bool { return d.deliveries(ch.ID)[0].State == notify.Sent })
		d.enqueue(message("second"))
		until(t, "the second is sent", func() bool { return len(g.calls()) == 2 })
		stop()
		if !deadly {
			t.Fatal("nobody died")
		}
		if db, err = store.Open(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		d = open(t, db, clk)
		t.Cleanup(d.run())
		clk.Set(noon.Add(10 * time.Second))
		time.Sleep(50 * time.Millisecond)
		if n := len(g.calls()); n != 2 {
			t.Fatalf("%d requests while the lease holds", n)
		}
		clk.Set(noon.Add(time.Minute))
		until(t, "all is sent", func() bool {
			for _, x := range d.deliveries(ch.ID) {
				if x.State != notify.Sent {
					return false
				}
			}
			return true
		})
		calls := g.calls()
		if len(calls) != 3 || calls[1].key != calls[2].key || calls[0].key == calls[1].key {
			t.Fatalf("%d requests, keys %q %q %q", len(calls), calls[0].key, calls[1].key, calls[len(calls)-1].key)
		}
	})
}

func TestOverTheRateBecomesADigest(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		g := newGateway(t, ok)
		two := 2
		ch := d.channel(notify.HTTP, smsConfig(g.URL), func(f *notify.ChannelFields) { f.RatePerMinute = &two })
		d.contact("u1", "", "0905123456")
		var ms []notify.Message
		for i := range 10 {
			ms = append(ms, message(fmt.Sprint(i)))
		}
		d.enqueue(ms...)
		d.run()
		until(t, "two go at once", func() bool { return len(g.calls()) == 2 && len(d.deliveries(ch.ID)) == 10 })
		d.clk.Set(noon.Add(30 * time.Second))
		time.Sleep(50 * time.Millisecond)
		if n := len(g.calls()); n != 2 {
			t.Fatalf("%d within the minute", n)
		}
		d.clk.Set(noon.Add(61 * time.Second))
		until(t, "the rest in one", func() bool { return len(g.calls()) == 3 && d.settled(ch.ID)() })
		if body := g.calls()[2].body; !strings.Contains(body, "8 thông báo, nặng nhất: Cảnh báo") || strings.Count(body, "Ngập") != 8 {
			t.Errorf("digest: %s", body)
		}
		if states := d.states(ch.ID); states[notify.Sent] != 3 || states[notify.Digested] != 7 {
			t.Errorf("%v", states)
		}
	})
}

func TestDigestMinutes(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		g := newGateway(t, ok)
		five := 5
		ch := d.channel(notify.HTTP, smsConfig(g.URL), func(f *notify.ChannelFields) { f.DigestMinutes = &five })
		d.contact("u1", "", "0905123456")
		d.run()
		d.enqueue(message("a"))
		d.clk.Set(noon.Add(2 * time.Minute))
		d.enqueue(message("b"), message("c"))
		grave := message("now")
		grave.Severity = alertevent.Emergency
		d.enqueue(grave)
		until(t, "the emergency does not wait", func() bool { return len(g.calls()) == 1 })
		if !strings.Contains(g.calls()[0].body, "Ngập now") {
			t.Fatal(g.calls()[0].body)
		}
		d.clk.Set(noon.Add(5*time.Minute + time.Second))
		until(t, "one digest", func() bool { return len(g.calls()) == 2 && d.settled(ch.ID)() })
		if !strings.Contains(g.calls()[1].body, "3 thông báo") {
			t.Error(g.calls()[1].body)
		}
	})
}

func TestWishesAndQuietHours(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		g := newGateway(t, ok)
		ch := d.channel(notify.HTTP, smsConfig(g.URL))
		u1 := access.Actor{ID: "u1", Roles: []access.Role{access.Unit}}
		set := func(c notify.Contact) {
			t.Helper()
			c.Phone = "0905123456"
			if _, err := d.SetMe(t.Context(), u1, c); err != nil {
				t.Fatal(err)
			}
		}
		set(notify.Contact{Channels: map[string]notify.Wish{notify.HTTP: {}}})
		d.enqueue(message("off"))
		set(notify.Contact{Channels: map[string]notify.Wish{notify.HTTP: {Enabled: true, MinSeverity: alertevent.Emergency}}})
		d.enqueue(message("too light"))
		if n := len(d.deliveries(ch.ID)); n != 0 {
			t.Fatalf("%d deliveries that nobody wants", n)
		}
		set(notify.Contact{Quiet: &notify.Quiet{From: "11:30", To: "13:00", MinSeverity: alertevent.Emergency}})
		d.enqueue(message("later"))
		if x := d.deliveries(ch.ID)[0]; x.State != notify.Waiting || !x.NextAt.Equal(noon.Add(time.Hour)) {
			t.Fatalf("%s at %v", x.State, x.NextAt)
		}
	})
}

func TestNoNumberIsSaid(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ch := d.channel(notify.HTTP, smsConfig("http://127.0.0.1:9"))
		m := message("k")
		m.To = append(m.To, notify.Recipient{Name: "Ông B", Phone: "12345"})
		d.enqueue(m)
		ds := d.deliveries(ch.ID)
		if len(ds) != 2 || ds[0].State != notify.Dropped || ds[1].State != notify.Dropped {
			t.Fatalf("%+v", ds)
		}
		for _, x := range ds {
			if _, err := d.Retry(t.Context(), admin, x.ID); err == nil {
				t.Error("a delivery without an address was queued again")
			}
		}
	})
}

// What people type as an address must not reach the inside.
func TestPrivateAddressesAreRefused(t *testing.T) {
	clk := clock.Manual(noon)
	db := storetest.SQLite(t, clk)
	d := open(t, db, clk, func(o *notify.Options) { o.Guard = nil })
	g := newGateway(t, nil)
	ch := d.channel(notify.Webhook, map[string]any{"url": g.URL})
	host, port, err := net.SplitHostPort(strings.TrimPrefix(g.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	mail := d.channel(notify.Email, map[string]any{"host": host, "port": json.Number(port), "from": "ioc@example.vn", "security": "none"})
	d.contact("u1", "a@example.vn", "")
	d.run()
	d.enqueue(message("k"))
	for _, id := range []string{ch.ID, mail.ID} {
		until(t, "refused", func() bool { return strings.Contains(d.deliveries(id)[0].LastError, "not a public address") })
	}
	if len(g.calls()) != 0 {
		t.Error("the inside was reached")
	}
}
