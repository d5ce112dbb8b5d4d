package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/connector/all"
	"openioc.org/ioc/internal/connector/httppull/standin"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/mapping"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/templates"
)

// script is a connector that does what its config says.
type script struct {
	do   string
	log  func(string)
	wait chan struct{}
}

func (c *script) Run(ctx context.Context, sink connector.Sink) error {
	c.log("run " + c.do)
	switch c.do {
	case "panic":
		panic("boom")
	case "fail":
		return errors.New("no route to host")
	case "end":
		return nil
	case "send":
		if _, err := sink.Accept(ctx, connector.Batch{Source: "forged", Readings: []sensing.Reading{{Datastream: "a", Value: 1}}}); err != nil {
			return err
		}
	}
	<-ctx.Done()
	c.log("stop " + c.do)
	return nil
}

// stage is a supervisor with its outside.
type stage struct {
	*Supervisor
	mu      sync.Mutex
	sources []Source
	events  chan string
	stop    func()
}

func (s *stage) put(list ...Source) {
	s.mu.Lock()
	s.sources = list
	s.mu.Unlock()
	s.Changed()
}

func newStage(t *testing.T) *stage {
	t.Helper()
	st := &stage{events: make(chan string, 1000)}
	kind := connector.Kind{Name: "script", Config: func() any { return new(struct{ Do string }) }, New: func(raw json.RawMessage, d connector.Deps) (connector.Connector, error) {
		var c struct {
			Do string `json:"do"`
		}
		if err := connector.Parse(raw, &c); err != nil {
			return nil, err
		}
		return &script{do: c.Do, log: func(s string) { st.events <- d.Source + " " + s }}, nil
	}}
	st.Supervisor = New(Options{
		Kinds: []connector.Kind{kind, {Name: "scenario"}}, FirstPause: time.Millisecond, Dir: t.TempDir(),
		Sources: func() []Source { st.mu.Lock(); defer st.mu.Unlock(); return st.sources },
		Sink: connector.SinkFunc(func(_ context.Context, b connector.Batch) (connector.Result, error) {
			st.events <- fmt.Sprintf("%s sent %d", b.Source, len(b.Readings))
			return connector.Result{Accepted: len(b.Readings)}, nil
		}),
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); st.Run(ctx) }()
	st.stop = func() { cancel(); <-done }
	t.Cleanup(st.stop)
	return st
}

func (s *stage) want(t *testing.T, events ...string) {
	t.Helper()
	for _, want := range events {
		select {
		case got := <-s.events:
			if got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("waited for %q", want)
		}
	}
}

func (s *stage) until(t *testing.T, source string, ok func(Status) bool) Status {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(10 * time.Second); ; {
		st := s.Status(source)
		if ok(st) {
			return st
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("status %+v", st)
		}
	}
}

func src(id, do string) Source {
	return Source{ID: id, Kind: "script", Config: json.RawMessage(fmt.Sprintf(`{"do":%q}`, do)), Enabled: true}
}

func TestSupervisor_FollowsTheRegister(t *testing.T) {
	s := newStage(t)
	s.put(src("a", "sit"))
	s.want(t, "a run sit")
	s.Changed() // nothing changed: nothing happens
	s.put(src("a", "send"))
	s.want(t, "a stop sit", "a run send", "a sent 1") // the batch carries the source's own id
	off := src("a", "send")
	off.Enabled = false
	s.put(off, Source{ID: "b", Kind: "scenario", Enabled: true})
	s.want(t, "a stop send")
	s.until(t, "a", func(st Status) bool { return st.State == Off })
	s.put(src("c", "sit"))
	s.want(t, "c run sit")
	s.stop()
	s.want(t, "c stop sit")
}

func TestSupervisor_OneFailingDoesNotTouchTheOthers(t *testing.T) {
	s := newStage(t)
	s.put(src("good", "send"))
	s.want(t, "good run send", "good sent 1")
	s.put(src("good", "send"), src("bad", "panic"), src("worse", "fail"), src("odd", "end"), src("wrong", `"`), Source{ID: "what", Kind: "scrip", Enabled: true})
	for id, code := range map[string]string{"bad": "supervise.panic", "worse": "supervise.failed", "odd": "supervise.ended"} {
		st := s.until(t, id, func(st Status) bool { return st.Restarts >= 2 })
		if st.LastError == nil || st.LastError.Code != code {
			t.Errorf("%s: %v", id, st.LastError)
		}
	}
	if st := s.until(t, "what", func(st Status) bool { return st.State == Misconfigured }); st.LastError.Args["nearest"] != "script" {
		t.Errorf("what: %v", st.LastError)
	}
	st := s.Status("good")
	if st.State != Running || st.Readings != 1 || st.LastError != nil || st.LastOK.IsZero() || st.Failing() {
		t.Errorf("good: %+v", st)
	}
}

// api serves the routes to an administrator and to a citizen.
func api(t *testing.T, sup *Supervisor) func(token, method, path, body string) (int, map[string]any) {
	t.Helper()
	roles := map[string]access.Role{"admin": access.Admin, "citizen": access.Citizen, "unit": access.Unit}
	a, srv := httpapi.NewTestAPI(func(_ context.Context, token string) (access.Actor, bool) {
		r, ok := roles[token]
		return access.Actor{ID: token, Roles: []access.Role{r}}, ok
	})
	t.Cleanup(srv.Close)
	sup.Routes(a)
	return func(token, method, path, body string) (int, map[string]any) {
		t.Helper()
		req, err := http.NewRequest(method, srv.URL+"/api/v1/connectors"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		var out map[string]any
		if err := json.Unmarshal(b, &out); err != nil {
			t.Fatalf("%s: %s", err, b)
		}
		return resp.StatusCode, out
	}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestRoutes_ConnectTheCitysAPI is what a person does on the connect page.
func TestRoutes_ConnectTheCitysAPI(t *testing.T) {
	city, err := standin.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(city)
	defer front.Close()
	tpls, err := templates.All()
	if err != nil {
		t.Fatal(err)
	}
	guard, err := connector.NewGuard([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	kept := Source{ID: "s1", Kind: "http_pull", Config: json.RawMessage(fmt.Sprintf(`{"url":%q,"bearer":"secret"}`, front.URL))}
	sup := New(Options{Kinds: all.Kinds, Templates: tpls, Guard: guard, Sources: func() []Source { return []Source{kept} }})
	call := api(t, sup)

	status, got := call("unit", "GET", "", "")
	kinds, _ := got["kinds"].([]any)
	if status != 200 || len(kinds) != len(all.Kinds) {
		t.Fatalf("%d, %d kinds", status, len(kinds))
	}
	for i, k := range kinds {
		v, _ := k.(map[string]any)
		schema, _ := v["config_schema"].(map[string]any)
		if v["name"] != all.Kinds[i].Name || schema["type"] != "object" || !strings.Contains(fmt.Sprint(v["readme"]), "\n---\n") {
			t.Errorf("kind %v: schema %v", v["name"], schema)
		}
	}
	if status, _ := call("citizen", "GET", "", ""); status != 403 {
		t.Errorf("citizen: %d", status)
	}

	url := front.URL + "/v1/stations?page=0&size=-1"
	ask := map[string]any{"kind": "http_pull", "config": map[string]any{"url": url}}
	if status, _ := call("unit", "POST", "/sample", encode(t, ask)); status != 403 {
		t.Errorf("unit may fetch: %d", status)
	}
	status, got = call("admin", "POST", "/sample", encode(t, ask))
	lists, _ := got["lists"].([]any)
	if status != 200 || len(lists) == 0 || !strings.Contains(fmt.Sprint(got["fields"]), "path:depth") {
		t.Fatalf("%d %v", status, got)
	}
	raw := got["raw"]

	status, got = call("admin", "POST", "/preview", encode(t, map[string]any{
		"kind": "http_pull", "config": ask["config"], "raw": raw,
		"mapping": map[string]any{"records": "data", "datastream": "code", "value": "depth", "unit": `"mm"`},
	}))
	rows, _ := got["rows"].([]any)
	if status != 200 || len(rows) != 82 {
		t.Fatalf("%d %v", status, got)
	}
	status, got = call("admin", "POST", "/preview", encode(t, map[string]any{"kind": "http_pull", "raw": raw, "mapping": map[string]any{"datastream": "code +", "value": "depth"}}))
	if status != 422 && status != 400 || !strings.Contains(fmt.Sprint(got["errors"]), "mapping.syntax") {
		t.Errorf("%d %v", status, got)
	}
	status, got = call("admin", "POST", "/sample", encode(t, map[string]any{"kind": "http_pull", "config": map[string]any{"url": "http://169.254.169.254/"}}))
	if status != 403 || got["code"] != "connector.address_refused" {
		t.Errorf("%d %v", status, got)
	}
	if got := sup.restored(all.Kinds[2], Source{ID: "s1", Kind: "http_pull", Config: json.RawMessage(`{"bearer":"***"}`)}); !strings.Contains(string(got), "secret") {
		t.Errorf("restored %s", got)
	}
}

func TestPreview_AsksThePipeline(t *testing.T) {
	sup := New(Options{Kinds: all.Kinds, Sources: func() []Source { return nil }, Preview: func(_ context.Context, b connector.Batch) ([]PreviewRow, error) {
		return []PreviewRow{{Key: b.Readings[0].Datastream, Verdict: "rejected", Err: errKind.With("kind", "x", "nearest", "y")}}, nil
	}})
	call := api(t, sup)
	status, got := call("admin", "POST", "/preview", encode(t, map[string]any{"kind": "mqtt", "name": "ioc/s/R1", "raw": "7,5"}))
	if status != 200 || !strings.Contains(fmt.Sprint(got["rows"]), "supervise.kind") || !strings.Contains(fmt.Sprint(got["rows"]), "datastream:R1") {
		t.Errorf("%d %v", status, got)
	}
}

func TestReread_MendedPiece(t *testing.T) {
	scale := ""
	sup := New(Options{Kinds: all.Kinds, Sources: func() []Source {
		return []Source{{ID: "s1", Kind: "http_push", Mapping: json.RawMessage(`{"records":"data","datastream":"code","value":"number(depth)` + scale + `"}`)}}
	}})
	readings, unread, err := sup.Reread(t.Context(), "s1", `{"code":"a","depth":"1,5"}`)
	if err != nil || len(unread) != 0 || len(readings) != 1 || readings[0].Value != 1.5 {
		t.Errorf("%v %v %v", readings, unread, err)
	}
	scale = " * 10" // the source is edited
	sup.Changed()
	if readings, _, err := sup.Reread(t.Context(), "s1", `{"code":"a","depth":"1,5"}`); err != nil || len(readings) != 1 || readings[0].Value != 15 {
		t.Errorf("after the change: %v %v", readings, err)
	}
	if _, err := sup.Read("s2", nil, mapping.Meta{}); !fault.Is(err, errNoSource) {
		t.Errorf("got %v", err)
	}
}
