package mqttclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
)

// gate lets ioc/secret in.
type gate struct{ mochi.HookBase }

func (gate) Provides(what byte) bool {
	return what == mochi.OnConnectAuthenticate || what == mochi.OnACLCheck
}
func (gate) OnConnectAuthenticate(_ *mochi.Client, pk packets.Packet) bool {
	return string(pk.Connect.Username) == "ioc" && string(pk.Connect.Password) == "secret"
}
func (gate) OnACLCheck(_ *mochi.Client, topic string, _ bool) bool { return topic != "forbidden" }

// cityBroker is the city's broker.
func cityBroker(t *testing.T) (s *mochi.Server, addr string) {
	t.Helper()
	s = mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler), InlineClient: true})
	if err := s.AddHook(new(gate), nil); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddListener(listeners.NewNet("t", ln)); err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sync.OnceFunc(func() { s.Close() }))
	return s, ln.Addr().String()
}

// taker remembers what came; fail makes the next Accepts fail.
type taker struct {
	mu   sync.Mutex
	got  []string
	fail int
	came chan string
}

func (k *taker) Accept(_ context.Context, b connector.Batch) (connector.Result, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fail > 0 {
		k.fail--
		return connector.Result{}, errors.New("disk is full")
	}
	for _, r := range b.Readings {
		k.came <- fmt.Sprintf("%s=%v", r.Datastream, r.Value)
	}
	for _, u := range b.Unread {
		k.came <- "!" + u.Err.Code
	}
	return connector.Result{Accepted: len(b.Readings)}, nil
}

func wantNext(t *testing.T, k *taker, want ...string) {
	t.Helper()
	var got []string
	for range want {
		select {
		case s := <-k.came:
			got = append(got, s)
		case <-time.After(10 * time.Second):
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func client(t *testing.T, addr, version string, connected chan<- struct{}) *Client {
	t.Helper()
	g, err := connector.NewGuard([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	cfg := fmt.Sprintf(`{"url":"mqtt://%s","version":%q,"username":"ioc","password":"secret","topics":["tram/+/muc"]}`, addr, version)
	c, err := New(json.RawMessage(cfg), connector.Deps{
		Source: "s1", Guard: g, Mapping: json.RawMessage(`{"datastream":"meta.levels[1]","value":"level ?? value"}`),
		Report: func(err error) {
			if err == nil {
				select {
				case connected <- struct{}{}:
				default:
				}
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	cl, ok := c.(*Client)
	if !ok {
		t.Fatalf("a %T", c)
	}
	return cl
}

func TestRun(t *testing.T) {
	for _, version := range []string{"5", "3.1.1"} {
		t.Run(version, func(t *testing.T) {
			s, addr := cityBroker(t)
			connected := make(chan struct{}, 1)
			c := client(t, addr, version, connected)
			k := &taker{came: make(chan string, 100)}
			run := func() (stop func() error) {
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- c.Run(ctx, k) }()
				select {
				case <-connected:
				case err := <-done:
					t.Fatalf("not connected: %v", err)
				}
				return func() error { cancel(); return <-done }
			}
			send := func(topic, payload string) {
				t.Helper()
				if err := s.Publish(topic, []byte(payload), false, 1); err != nil {
					t.Fatal(err)
				}
			}
			stop := run()
			send("tram/431068/muc", `{"level":0.19}`)
			send("tram/431068/khac", `{"level":9}`) // not subscribed
			send("tram/431069/muc", `7,5`)
			send("tram/431070/muc", `{"level":`)
			wantNext(t, k, "431068=0.19", "431069=7.5", "!decode.json")
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			// The broker keeps what comes while we are away.
			send("tram/431071/muc", `{"level":1}`)
			<-drained(connected)
			stop = run()
			wantNext(t, k, "431071=1")
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			// What is not taken in is not acknowledged: it comes again.
			k.mu.Lock()
			k.fail = 1
			k.mu.Unlock()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error, 1)
			<-drained(connected)
			go func() { done <- c.Run(ctx, k) }()
			<-connected
			send("tram/431072/muc", `{"level":2}`)
			if err := <-done; err == nil {
				t.Fatal("Run goes on though nothing is taken in")
			}
			<-drained(connected)
			stop = run()
			wantNext(t, k, "431072=2")
			if err := stop(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// drained empties c.
func drained(c chan struct{}) <-chan struct{} {
	select {
	case <-c:
	default:
	}
	done := make(chan struct{})
	close(done)
	return done
}

func TestRun_LostConnectionIsTold(t *testing.T) {
	for _, version := range []string{"5", "3.1.1"} {
		s, addr := cityBroker(t)
		connected := make(chan struct{}, 1)
		c := client(t, addr, version, connected)
		done := make(chan error, 1)
		go func() { done <- c.Run(t.Context(), &taker{came: make(chan string, 1)}) }()
		<-connected
		for _, cl := range s.Clients.GetAll() {
			cl.Stop(errors.New("power cut"))
		}
		select {
		case err := <-done:
			if err == nil {
				t.Errorf("%s: no error", version)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: the loss was not seen", version)
		}
	}
}

func TestRun_RefusalsAreTold(t *testing.T) {
	_, addr := cityBroker(t)
	for _, version := range []string{"5", "3.1.1"} {
		c := client(t, addr, version, nil)
		c.c.Password = "wrong"
		if err := c.Run(t.Context(), &taker{}); err == nil {
			t.Errorf("%s: let in with a wrong password", version)
		}
		c = client(t, addr, version, nil)
		c.c.Topics = []string{"forbidden"}
		err := c.Run(t.Context(), &taker{})
		if f, ok := fault.As(err); !ok || f.Code != "mqttclient.subscribe" {
			t.Errorf("%s: %v", version, err)
		}
		c = client(t, addr, version, nil)
		c.d.Guard = nil
		err = c.Run(t.Context(), &taker{})
		if f, ok := fault.As(err); !ok || f.Code != "connector.address_refused" {
			t.Errorf("%s: %v", version, err)
		}
	}
}

func TestSample(t *testing.T) {
	s, addr := cityBroker(t)
	if err := s.Publish("tram/1/muc", []byte("1.5"), true, 0); err != nil { // retained
		t.Fatal(err)
	}
	for _, version := range []string{"5", "3.1.1"} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		got, err := client(t, addr, version, nil).Sample(ctx)
		cancel()
		if err != nil || string(got.Raw) != "1.5" || got.Name != "tram/1/muc" {
			t.Errorf("%s: %q %q %v", version, got.Name, got.Raw, err)
		}
	}
}

func TestNew_NamesEveryWrongSetting(t *testing.T) {
	_, err := New(json.RawMessage(`{"url":"http://x","topics":["a/#/b"],"qos":3,"version":"4"}`), connector.Deps{})
	f, ok := fault.As(err)
	if !ok || len(f.Fields) != 4 {
		t.Fatalf("got %v", err)
	}
	_, err = New(json.RawMessage(`{"url":"mqtt://u:hunter2@x","topics":["a"]}`), connector.Deps{})
	if f, ok := fault.As(err); !ok || f.Fields[0].Err.Code != "connector.user_info" {
		t.Fatalf("got %v", err)
	}
}
