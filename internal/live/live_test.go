package live_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/live"
)

type stream struct {
	t   *testing.T
	res *http.Response
	sc  *bufio.Scanner
	id  string
}

func open(t *testing.T, url, token, lastID string) *stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	req, _ := http.NewRequestWithContext(ctx, "GET", url, nil)
	req.Header.Set("Authorization", "Bearer "+token)
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return &stream{t: t, res: res, sc: bufio.NewScanner(res.Body)}
}

// next returns the next event as "<event> <data>".
func (s *stream) next() string {
	s.t.Helper()
	var event string
	for s.sc.Scan() {
		key, v, _ := strings.Cut(s.sc.Text(), ": ")
		switch key {
		case "id":
			s.id = v
		case "event":
			event = v
		case "data":
			return event + " " + v
		}
	}
	s.t.Fatalf("stream ended: %v", s.sc.Err())
	return ""
}

func TestLive(t *testing.T) {
	hub := live.New()
	hub.Topic("levels", access.LayerView, func(context.Context) (any, error) { return []int{1, 2}, nil })
	hub.Topic("audit", access.AuditView, nil)
	srv := httptest.NewServer(httpapi.Chain(http.HandlerFunc(hub.ServeHTTP), httpapi.Options{
		Authenticate: func(_ context.Context, token string) (access.Actor, bool) {
			return access.Actor{ID: "u", Roles: []access.Role{access.Role(token)}}, true
		},
	}))
	defer srv.Close()
	defer hub.Close()

	for token, want := range map[string]int{"citizen": 403, "admin": 200} {
		if got := open(t, srv.URL+"/live?topics=audit", token, "").res.StatusCode; got != want {
			t.Errorf("%s reads audit: %d", token, got)
		}
	}
	if got := open(t, srv.URL+"/live?topics=nothing", "admin", "").res.StatusCode; got != 404 {
		t.Errorf("unknown topic: %d", got)
	}

	s := open(t, srv.URL+"/live?topics=levels", "citizen", "")
	if got := s.next(); got != `snapshot {"topic":"levels","seq":0,"data":[1,2]}` {
		t.Fatal(got)
	}
	for i := 1; i <= 3; i++ {
		if err := hub.Publish("levels", i); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.next(); got != `delta {"topic":"levels","seq":1,"data":1}` {
		t.Fatal(got)
	}
	// A browser that saw only the first delta resumes without a snapshot.
	back := open(t, srv.URL+"/live?topics=levels", "citizen", s.id)
	if got := back.next(); got != `delta {"topic":"levels","seq":2,"data":2}` {
		t.Fatal(got)
	}
	// An id of another life of the server gets a snapshot.
	other := open(t, srv.URL+"/live?topics=levels", "citizen", "otherlife-1")
	if got := other.next(); !strings.HasPrefix(got, "snapshot") {
		t.Fatal(got)
	}
}

// What concerns one unit reaches nobody else, neither at once nor on coming back.
func TestPublishTo(t *testing.T) {
	hub := live.New()
	hub.Topic("alerts", access.AlertView, nil)
	srv := httptest.NewServer(httpapi.Chain(http.HandlerFunc(hub.ServeHTTP), httpapi.Options{
		Authenticate: func(_ context.Context, token string) (access.Actor, bool) {
			return access.Actor{ID: token, Roles: []access.Role{access.Unit}, Unit: token}, true
		},
	}))
	defer srv.Close()
	defer hub.Close()
	one, other := open(t, srv.URL+"/live?topics=alerts", "20242", ""), open(t, srv.URL+"/live?topics=alerts", "20194", "")
	publish := func(unit string) {
		if err := hub.PublishTo("alerts", unit, func(a access.Actor) bool { return a.Reach(access.AlertView).Covers(access.Scope{Unit: unit}) }); err != nil {
			t.Fatal(err)
		}
	}
	publish("20194")
	publish("20242")
	publish("20242")
	if got := one.next(); got != `delta {"topic":"alerts","seq":2,"data":"20242"}` {
		t.Error(got)
	}
	if got := other.next(); got != `delta {"topic":"alerts","seq":1,"data":"20194"}` {
		t.Error(got)
	}
	back := open(t, srv.URL+"/live?topics=alerts", "20242", one.id)
	if got := back.next(); got != `delta {"topic":"alerts","seq":3,"data":"20242"}` {
		t.Error(got)
	}
}

func TestSlowReaderIsDropped(t *testing.T) {
	hub := live.New()
	hub.Topic("levels", access.LayerView, nil)
	srv := httptest.NewServer(httpapi.Chain(http.HandlerFunc(hub.ServeHTTP), httpapi.Options{
		Authenticate: func(context.Context, string) (access.Actor, bool) {
			return access.Actor{ID: "u", Roles: []access.Role{access.Citizen}}, true
		},
	}))
	defer srv.Close()
	defer hub.Close()
	stuck := open(t, srv.URL+"/live?topics=levels", "x", "") // never reads on
	defer stuck.res.Body.Close()
	if hub.Readers() != 1 {
		t.Fatal("the reader did not join")
	}
	big := strings.Repeat("x", 64<<10)
	for deadline := time.Now().Add(10 * time.Second); hub.Readers() > 0; {
		if err := hub.Publish("levels", big); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatal("a reader that never reads is still connected")
		}
	}
}
