package mqtt

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	paho3 "github.com/eclipse/paho.mqtt.golang"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/sta"
)

var errOdd = fault.Define(fault.Invalid, "mqtttest.odd", "odd", "lạ")

// taker is the outside of the broker: it remembers what came.
type taker struct {
	mu     sync.Mutex
	got    []connector.Batch
	hold   chan struct{} // when set, Accept waits for it
	err    error
	reject func(value float64) bool
	came   chan struct{}
}

func (k *taker) Accept(ctx context.Context, b connector.Batch) (connector.Result, error) {
	if k.hold != nil {
		select {
		case <-k.hold:
		case <-ctx.Done():
			return connector.Result{}, ctx.Err()
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err != nil {
		return connector.Result{}, k.err
	}
	var res connector.Result
	for i, r := range b.Readings {
		if k.reject != nil && k.reject(r.Value) {
			res.Rejected = append(res.Rejected, connector.Rejection{Index: i, Err: errOdd.With()})
		} else {
			res.Accepted++
		}
	}
	k.got = append(k.got, b)
	if k.came != nil {
		select {
		case k.came <- struct{}{}:
		default:
		}
	}
	return res, nil
}

// lines shows what came, sorted.
func (k *taker) lines() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []string
	for _, b := range k.got {
		for _, r := range b.Readings {
			out = append(out, fmt.Sprintf("%s %s %v", b.Source, r.Datastream, r.Value))
		}
		for _, u := range b.Unread {
			out = append(out, fmt.Sprintf("%s ! %s", b.Source, u.Err.Code))
		}
	}
	slices.Sort(out)
	return out
}

func start(t testing.TB, k connector.Sink, change func(*Options)) *Broker {
	t.Helper()
	o := Options{
		ObservationTopic: sta.ParseCreateTopic,
		Listen:           "127.0.0.1:0",
		Authenticate: func(username, password string) (Identity, bool) {
			if password != "secret" {
				return Identity{}, false
			}
			return Identity{
				Actor: access.Actor{ID: "source:rain", Source: "rain", Roles: []access.Role{access.Device}}, Source: "rain",
				Publish:   []string{"ioc/rain/#", "v1.1/Datastreams('ds1')/Observations", "notes/+"},
				Subscribe: []string{"ioc/rain/#", "v1.1/#", "notes/+"},
			}, true
		},
		Source: func(string) (json.RawMessage, bool) { return nil, true },
		Sink:   k,
	}
	if change != nil {
		change(&o)
	}
	b, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func dial5(t testing.TB, b *Broker, id string, onPublish func(paho.PublishReceived) (bool, error)) *paho.Client {
	t.Helper()
	conn, err := net.Dial("tcp", b.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	cfg := paho.ClientConfig{Conn: conn}
	if onPublish != nil {
		cfg.OnPublishReceived = []func(paho.PublishReceived) (bool, error){onPublish}
	}
	c := paho.NewClient(cfg)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := c.Connect(ctx, &paho.Connect{ClientID: id, KeepAlive: 30, CleanStart: true, UsernameFlag: true, PasswordFlag: true, Username: "d", Password: []byte("secret")}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Disconnect(&paho.Disconnect{}) })
	return c
}

// publish5 returns the reason code of the acknowledgement.
func publish5(t testing.TB, c *paho.Client, qos byte, topic, payload string) (byte, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	resp, err := c.Publish(ctx, &paho.Publish{QoS: qos, Topic: topic, Payload: []byte(payload)})
	if resp == nil {
		t.Fatalf("publish to %s: %v", topic, err)
	}
	reason := ""
	if resp.Properties != nil {
		reason = resp.Properties.ReasonString
	}
	return resp.ReasonCode, reason
}

func dial3(t testing.TB, b *Broker, id, password string) (paho3.Client, error) {
	t.Helper()
	o := paho3.NewClientOptions().AddBroker("tcp://" + b.Addr().String()).SetClientID(id).SetUsername("d").SetPassword(password).
		SetAutoReconnect(false).SetConnectRetry(false).SetProtocolVersion(4)
	c := paho3.NewClient(o)
	tok := c.Connect()
	if !tok.WaitTimeout(10 * time.Second) {
		t.Fatal("no answer to CONNECT")
	}
	t.Cleanup(func() { c.Disconnect(0) })
	return c, tok.Error()
}

func TestBroker_ReadingsOfBothVersions(t *testing.T) {
	k := &taker{}
	b := start(t, k, nil)
	c5 := dial5(t, b, "five", nil)
	c3, err := dial3(t, b, "three", "secret")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range [][2]string{{"ioc/rain/R1", "1,5"}, {"ioc/rain/R2/h", `{"time":"2026-11-23T03:35:00Z","value":2}`}, {"ioc/rain", `[{"datastream":"R3","value":3},{"datastream":"R4","value":4}]`}} {
		for qos := byte(1); qos <= 2; qos++ {
			if code, _ := publish5(t, c5, qos, m[0], m[1]); code != 0 && code != 0x10 {
				t.Fatalf("%s: reason %#x", m[0], code)
			}
			if tok := c3.Publish(m[0], qos, false, m[1]); !tok.WaitTimeout(10*time.Second) || tok.Error() != nil {
				t.Fatalf("%s: %v", m[0], tok.Error())
			}
		}
	}
	got := slices.Compact(k.lines())
	if want := []string{"rain R1 1.5", "rain R2/h 2", "rain R3 3", "rain R4 4"}; !slices.Equal(got, want) || len(k.lines()) != 16 {
		t.Errorf("got %q, %d lines", got, len(k.lines()))
	}
}

func TestBroker_AcknowledgesOnlyAfterAccept(t *testing.T) {
	k := &taker{hold: make(chan struct{})}
	b := start(t, k, nil)
	c3, err := dial3(t, b, "three", "secret")
	if err != nil {
		t.Fatal(err)
	}
	tok := c3.Publish("ioc/rain/R1", 1, false, "1")
	if tok.WaitTimeout(100 * time.Millisecond) {
		t.Fatal("acknowledged before Accept returned")
	}
	close(k.hold)
	if !tok.WaitTimeout(10*time.Second) || tok.Error() != nil {
		t.Fatalf("not acknowledged: %v", tok.Error())
	}
}

func TestBroker_NoAcknowledgementWhenAcceptFails(t *testing.T) {
	k := &taker{err: fmt.Errorf("disk is full")}
	b := start(t, k, nil)
	c3, err := dial3(t, b, "three", "secret")
	if err != nil {
		t.Fatal(err)
	}
	tok := c3.Publish("ioc/rain/R1", 1, false, "1")
	if tok.WaitTimeout(10*time.Second) && tok.Error() == nil {
		t.Fatal("acknowledged although nothing was taken in")
	}
}

func TestBroker_RefusalsCarryReasons(t *testing.T) {
	k := &taker{reject: func(v float64) bool { return v == 13 }}
	b := start(t, k, nil)
	c := dial5(t, b, "five", nil)
	for _, m := range []struct {
		topic, payload string
		code           byte
		reason         string
	}{
		{"ioc/rain/R1", "abc", 0x99, "decode."},
		{"ioc/rain/R1", `{"value":`, 0x99, "decode.json"},
		{"ioc/rain/R1", "13", 0x99, "mqtttest.odd"},
		{"ioc/other/R1", "1", 0x87, ""},
		{"v1.1/Datastreams('ds2')/Observations", "{}", 0x87, ""},
	} {
		code, reason := publish5(t, c, 1, m.topic, m.payload)
		if code != m.code || !strings.HasPrefix(reason, m.reason) {
			t.Errorf("%s %s: %#x %q, want %#x %q", m.topic, m.payload, code, reason, m.code, m.reason)
		}
	}
	// 3.1.1 has no reasons: what cannot be read is acknowledged and kept.
	c3, err := dial3(t, b, "three", "secret")
	if err != nil {
		t.Fatal(err)
	}
	if tok := c3.Publish("ioc/rain/R1", 1, false, `{"v`); !tok.WaitTimeout(10*time.Second) || tok.Error() != nil {
		t.Fatal(tok.Error())
	}
	if got := k.lines(); len(got) != 4 {
		t.Errorf("dead letters and rejections: %q", got)
	}
	// A topic outside the list ends a 3.1.1 connection.
	if tok := c3.Publish("ioc/other/R1", 1, false, "1"); tok.WaitTimeout(10*time.Second) && tok.Error() == nil {
		t.Error("a topic outside the list was acknowledged")
	}
}

func TestBroker_WrongPassword(t *testing.T) {
	b := start(t, &taker{}, nil)
	if _, err := dial3(t, b, "x", "wrong"); err == nil {
		t.Fatal("let in with a wrong password")
	}
}

func TestBroker_PayloadLimit(t *testing.T) {
	b := start(t, &taker{}, func(o *Options) { o.MaxPayload = 1000 })
	c3, err := dial3(t, b, "x", "secret")
	if err != nil {
		t.Fatal(err)
	}
	if tok := c3.Publish("ioc/rain/R1", 1, false, strings.Repeat("1", 2000)); tok.WaitTimeout(10*time.Second) && tok.Error() == nil {
		t.Error("a packet over the limit was acknowledged")
	}
}

func TestBroker_SensorThings(t *testing.T) {
	created := make(chan string, 2)
	b := start(t, &taker{}, func(o *Options) {
		o.CreateObservation = func(_ context.Context, a access.Actor, ds string, payload []byte) error {
			if string(payload) == "bad" {
				return errOdd.With()
			}
			created <- a.ID + " " + ds + " " + string(payload)
			return nil
		}
	})
	got := make(chan string, 1)
	c := dial5(t, b, "five", func(p paho.PublishReceived) (bool, error) {
		got <- p.Packet.Topic + " " + string(p.Packet.Payload)
		return true, nil
	})
	topic := "v1.1/Datastreams('ds1')/Observations"
	if b.Wanted(topic) {
		t.Error("wanted before anybody subscribed")
	}
	if _, err := c.Subscribe(t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: topic, QoS: 1}}}); err != nil {
		t.Fatal(err)
	}
	if !b.Wanted(topic) {
		t.Error("not wanted though subscribed")
	}
	if code, _ := publish5(t, c, 1, topic, `{"result":1}`); code != 0 {
		t.Fatalf("create: %#x", code)
	}
	if s := <-created; s != `source:rain ds1 {"result":1}` {
		t.Errorf("created %q", s)
	}
	if code, reason := publish5(t, c, 1, topic, "bad"); code != 0x99 || !strings.HasPrefix(reason, "mqtttest.odd") {
		t.Errorf("bad: %#x %q", code, reason)
	}
	if err := b.PublishObservation(topic, []byte("o1")); err != nil {
		t.Fatal(err)
	}
	select {
	case s := <-got: // and not the payload that was created from
		if s != topic+" o1" {
			t.Errorf("subscriber got %q", s)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("subscriber got nothing")
	}
}

func TestBroker_SubscribeOutsideTheListIsRefused(t *testing.T) {
	b := start(t, &taker{}, nil)
	c := dial5(t, b, "five", nil)
	for filter, ok := range map[string]bool{"ioc/rain/+": true, "ioc/#": false, "#": false, "notes/a": true, "$SYS/#": false} {
		ack, err := c.Subscribe(t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: filter}}})
		if ack == nil {
			t.Fatalf("%s: %v", filter, err)
		}
		if granted := ack.Reasons[0] < 0x80; granted != ok {
			t.Errorf("%s: granted %v, want %v", filter, granted, ok)
		}
	}
}

func TestBroker_SilentConnectionHoldsNobodyUp(t *testing.T) {
	k := &taker{came: make(chan struct{}, 1)}
	b := start(t, k, nil)
	for range 20 { // says nothing
		c, err := net.Dial("tcp", b.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write([]byte{0x10}); err != nil {
			t.Fatal(err)
		}
	}
	c := dial5(t, b, "five", nil)
	if code, _ := publish5(t, c, 1, "ioc/rain/R1", "1"); code != 0 {
		t.Fatalf("reason %#x", code)
	}
	start := time.Now()
	if err := b.Close(); err != nil || time.Since(start) > connectTime/2 {
		t.Errorf("closing took %v, %v", time.Since(start), err)
	}
}

func TestBroker_RefreshDisconnectsRemovedDevice(t *testing.T) {
	var gone sync.Map
	b := start(t, &taker{}, func(o *Options) {
		o.Known = func(source, username string) bool { _, g := gone.Load(source + username); return !g }
	})
	lost := make(chan struct{})
	o := paho3.NewClientOptions().AddBroker((&url.URL{Scheme: "tcp", Host: b.Addr().String()}).String()).SetClientID("x").SetUsername("d").SetPassword("secret").
		SetAutoReconnect(false).SetConnectionLostHandler(func(paho3.Client, error) { close(lost) })
	c := paho3.NewClient(o)
	if tok := c.Connect(); !tok.WaitTimeout(10*time.Second) || tok.Error() != nil {
		t.Fatal(tok.Error())
	}
	defer c.Disconnect(0)
	gone.Store("raind", true)
	b.Refresh()
	select {
	case <-lost:
	case <-time.After(10 * time.Second):
		t.Fatal("the device is still connected")
	}
}

func TestCovers(t *testing.T) {
	f := func(allow, filter string, want bool) {
		t.Helper()
		if got := covers(allow, filter); got != want {
			t.Errorf("covers(%q, %q) = %v", allow, filter, got)
		}
	}
	f("a/#", "a/b/c", true)
	f("a/#", "a", true)
	f("a/+", "a/b", true)
	f("a/+", "a/b/c", false)
	f("a/+", "a/#", false)
	f("a/b", "a/+", false)
	f("a/+/c", "a/+/c", true)
	f("#", "$SYS/x", false)
	f("#", "#", true)
	f("a", "ab", false)
}

func FuzzTopics(f *testing.F) {
	f.Add("ioc/rain/R1")
	f.Add("v1.1/Datastreams('a''b')/Observations")
	f.Add("v1.1/Datastreams()/Observations")
	f.Fuzz(func(t *testing.T, topic string) {
		ownTopic(topic)
		if !covers("#", topic) && !strings.HasPrefix(topic, "$") {
			t.Fatalf("# does not cover %q", topic)
		}
	})
}
