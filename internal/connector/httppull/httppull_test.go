package httppull

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/connector/httppull/standin"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/templates"
)

type taker struct {
	mu    sync.Mutex
	got   []connector.Batch
	err   error
	tells chan struct{}
}

func (k *taker) Accept(_ context.Context, b connector.Batch) (connector.Result, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err != nil {
		return connector.Result{}, k.err
	}
	k.got = append(k.got, b)
	return connector.Result{Accepted: len(b.Readings)}, nil
}

func (k *taker) values() map[string]float64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := map[string]float64{}
	for _, b := range k.got {
		for _, r := range b.Readings {
			out[r.Datastream] = r.Value
		}
	}
	return out
}

func loopback(t *testing.T) *connector.Guard {
	t.Helper()
	g, err := connector.NewGuard([]string{"127.0.0.0/8", "::1"})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func puller(t *testing.T, cfg, mapping string, d connector.Deps) *Puller {
	t.Helper()
	d.Source, d.Mapping = "s1", json.RawMessage(mapping)
	if d.Guard == nil {
		d.Guard = loopback(t)
	}
	c, err := New(json.RawMessage(cfg), d)
	if err != nil {
		t.Fatal(err)
	}
	p, ok := c.(*Puller)
	if !ok {
		t.Fatalf("a %T", c)
	}
	t.Cleanup(p.client.CloseIdleConnections)
	return p
}

func template(t *testing.T, id string) templates.Template {
	t.Helper()
	list, err := templates.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, tpl := range list {
		if tpl.ID == id {
			return tpl
		}
	}
	t.Fatalf("no template %s", id)
	return templates.Template{}
}

// TestTemplatesOnStandIn runs the city's templates against the shapes that
// its service was recorded with.
func TestTemplatesOnStandIn(t *testing.T) {
	clk := clock.Manual(time.Date(2026, 8, 30, 21, 55, 0, 0, time.UTC))
	s, err := standin.New(clk)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	defer srv.Close()
	s.Set("RS001", 12.5)
	for id, want := range map[string]int{"danang-flood-rain": 82, "danang-flood-water": 93} {
		tpl := template(t, id)
		cfg := strings.Replace(string(tpl.Config), "https://muangap-api.danang.gov.vn", srv.URL, 1)
		p := puller(t, cfg, string(tpl.Mapping), connector.Deps{Clock: clk})
		k := &taker{}
		if err := p.poll(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		v := k.values()
		if len(v) != want {
			t.Errorf("%s: %d readings, want %d", id, len(v), want)
		}
		for code, depth := range map[string]float64{"RS001": 12.5, "431068": 0.19} {
			if got, ok := v[code]; ok && got != depth {
				t.Errorf("%s = %v, want %v", code, got, depth)
			}
		}
		if at := k.got[0].Readings[0].Time; !at.Equal(clk.Now()) {
			t.Errorf("reading time %v, want the time of the call", at)
		}
	}
}

func TestPoll_UnchangedIsNotWrittenAgain(t *testing.T) {
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("If-None-Match"))
		if r.Header.Get("If-None-Match") == `"v1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", `"v1"`)
		fmt.Fprint(w, `[{"datastream":"a","value":1}]`)
	}))
	defer srv.Close()
	dir := t.TempDir()
	k := &taker{err: errors.New("bus is down")}
	cfg := fmt.Sprintf(`{"url":%q}`, srv.URL)
	p := puller(t, cfg, "", connector.Deps{Dir: dir})
	if err := p.poll(t.Context(), k); err == nil {
		t.Fatal("no error though nothing was taken in")
	}
	k.err = nil
	for range 2 {
		if err := p.poll(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
	// After a restart the version is still known.
	if err := puller(t, cfg, "", connector.Deps{Dir: dir}).poll(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	if len(k.got) != 1 {
		t.Errorf("taken in %d times, want once", len(k.got))
	}
	if got, want := fmt.Sprint(asked), `[  "v1" "v1"]`; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

func TestPoll_Pages(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("page") {
		case "1":
			fmt.Fprint(w, `{"data":[{"datastream":"a","value":1}]}`)
		case "2":
			fmt.Fprint(w, `{"data":[{"datastream":"b","value":2}]}`)
		default:
			fmt.Fprint(w, `{"data":[]}`)
		}
	}))
	defer srv.Close()
	k := &taker{}
	p := puller(t, fmt.Sprintf(`{"url":%q,"page_param":"page","page_start":1}`, srv.URL), `{"records":"data","datastream":"datastream","value":"value"}`, connector.Deps{})
	if err := p.poll(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	if v := k.values(); len(v) != 2 || v["b"] != 2 {
		t.Errorf("got %v", v)
	}
}

func TestPoll_Failures(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/500", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	mux.HandleFunc("/big", func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 100_000)) })
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "file:///etc/passwd")
		w.WriteHeader(http.StatusFound)
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	for path, code := range map[string]string{"/500": "httppull.status", "/big": "httppull.size", "/loop": "connector.redirect", "/file": "connector.redirect", "/404": "httppull.status"} {
		p := puller(t, fmt.Sprintf(`{"url":%q,"max_bytes":2000}`, srv.URL+path), "", connector.Deps{})
		err := p.poll(t.Context(), &taker{})
		if f, ok := fault.As(err); !ok || f.Code != code {
			t.Errorf("%s: %v, want %s", path, err, code)
		}
	}
}

// TestGuard is the SSRF guard on the whole road: direct, by name, and by
// redirect from an allowed address to one that is not.
func TestGuard(t *testing.T) {
	reached := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer inside.Close()
	for _, u := range []string{inside.URL, strings.Replace(inside.URL, "127.0.0.1", "localhost", 1), "http://169.254.169.254/latest/meta-data", "http://10.0.0.1", "http://[::1]:80", "http://0.0.0.0:80", "http://2130706433"} {
		p := puller(t, fmt.Sprintf(`{"url":%q,"timeout":"3s"}`, u), "", connector.Deps{Guard: &connector.Guard{}})
		err := p.poll(t.Context(), &taker{})
		if f, ok := fault.As(err); !ok || f.Code != "connector.address_refused" && f.Code != "httppull.fetch" {
			t.Errorf("%s: %v", u, err)
		}
	}
	// Only 127.0.0.1 is allowed; it sends us on to 127.0.0.2.
	g, err := connector.NewGuard([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(inside.URL, "127.0.0.1", "127.0.0.2", 1), http.StatusFound)
	}))
	defer front.Close()
	p := puller(t, fmt.Sprintf(`{"url":%q}`, front.URL), "", connector.Deps{Guard: g})
	if f, ok := fault.As(p.poll(t.Context(), &taker{})); !ok || f.Code != "connector.address_refused" {
		t.Errorf("redirect: %v", f)
	}
	if reached {
		t.Error("the inside was reached")
	}
}

func TestSecretsGoToTheServerAndNowhereElse(t *testing.T) {
	var key, auth, query string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Api-Key")+r.Header.Get("Authorization")+r.Header.Get("Referer") != "" {
			t.Errorf("secrets reached another host: %v", r.Header)
		}
		fmt.Fprint(w, `[]`)
	}))
	defer other.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, auth, query = r.Header.Get("X-Api-Key"), r.Header.Get("Authorization"), r.URL.Query().Get("token")
		http.Redirect(w, r, other.URL, http.StatusFound)
	}))
	defer srv.Close()
	cfg := fmt.Sprintf(`{"url":%q,"bearer":"b3arer","secret_headers":{"X-API-Key":"k3y"},"secret_query":{"token":"t0ken"}}`, srv.URL)
	p := puller(t, cfg, "", connector.Deps{})
	if err := p.poll(t.Context(), &taker{}); err != nil {
		t.Fatal(err)
	}
	if key != "k3y" || auth != "Bearer b3arer" || query != "t0ken" {
		t.Errorf("sent %q %q %q", key, auth, query)
	}
	shown := string(Kind.Redact(json.RawMessage(cfg)))
	printed := fmt.Sprintf("%v %+v %#v", p.c, p.c, p.c)
	for _, secret := range []string{"b3arer", "k3y", "t0ken"} {
		if strings.Contains(shown, secret) || strings.Contains(printed, secret) {
			t.Errorf("%s shows in %s or %s", secret, shown, printed)
		}
	}
	if back := string(Kind.Restore(json.RawMessage(shown), json.RawMessage(cfg))); !strings.Contains(back, "t0ken") || !strings.Contains(back, "b3arer") {
		t.Errorf("restored %s", back)
	}
	p.url.Host = "127.0.0.1:1"
	if err := p.poll(t.Context(), &taker{}); err == nil || strings.Contains(err.Error(), "t0ken") {
		t.Errorf("error %v", err)
	}
}

// TestRun_GoesOnAfterFailure drives the schedule by the clock.
func TestRun_GoesOnAfterFailure(t *testing.T) {
	fail := true
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if fail {
			w.WriteHeader(502)
			return
		}
		fmt.Fprint(w, `[{"datastream":"a","value":1}]`)
	}))
	defer srv.Close()
	clk := clock.Manual(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))
	reports := make(chan error)
	p := puller(t, fmt.Sprintf(`{"url":%q,"every":"1m"}`, srv.URL), "", connector.Deps{Clock: clk, Report: func(err error) { reports <- err }})
	ctx, cancel := context.WithCancel(t.Context())
	k, done := &taker{}, make(chan error, 1)
	go func() { done <- p.Run(ctx, k) }()
	if err := <-reports; err == nil {
		t.Fatal("the failure was not told")
	}
	fail = false
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(10 * time.Second); ; {
		select {
		case err := <-reports:
			if err != nil {
				t.Fatal(err)
			}
			cancel()
			if err := <-done; err != nil || len(k.values()) != 1 {
				t.Fatalf("%v %v", err, k.values())
			}
			return
		case <-tick.C: // the puller may not have begun to wait yet
			clk.Set(clk.Now().Add(10 * time.Second))
		case <-deadline:
			t.Fatal("no second fetch")
		}
	}
}

func TestSample(t *testing.T) {
	s, err := standin.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	defer srv.Close()
	p := puller(t, fmt.Sprintf(`{"url":%q}`, srv.URL+"/v1/stations?page=0&size=2"), "", connector.Deps{})
	got, err := p.Sample(t.Context())
	if err != nil || !strings.Contains(string(got.Raw), `"Trạm Kiểm lâm Sông Bắc"`) {
		t.Fatalf("%s %v", got.Raw, err)
	}
}

func TestNew_NamesEveryWrongSetting(t *testing.T) {
	_, err := New(json.RawMessage(`{"url":"ftp://x","every":"1s","max_pages":0}`), connector.Deps{})
	f, ok := fault.As(err)
	if !ok || len(f.Fields) != 3 {
		t.Fatalf("got %v", err)
	}
	_, err = New(json.RawMessage(`{"url":"http://u:hunter2@x/"}`), connector.Deps{})
	if f, ok := fault.As(err); !ok || f.Fields[0].Err.Code != "connector.user_info" || strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("got %v", err)
	}
	_, err = New(json.RawMessage(`{"urll":"http://x"}`), connector.Deps{})
	if f, ok := fault.As(err); !ok || f.Fields[0].Err.Args["nearest"] != "url" {
		t.Fatalf("got %v", err)
	}
}
