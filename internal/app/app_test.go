package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/app"
	"openioc.org/ioc/internal/config"
)

var update = flag.Bool("update", false, "rewrite generated files")

const password = "App-test-pass-42"

// start runs a city in this process and returns its address and admin's token.
func start(t *testing.T, mode app.Mode) (base, token string) {
	t.Helper()
	return startWith(t, io.Discard, app.Options{Mode: mode})
}

// startWith is start with more options; out hears what the terminal would.
func startWith(t *testing.T, out io.Writer, o app.Options) (base, token string) {
	t.Helper()
	cfg := config.Default()
	cfg.Server.Listen, cfg.MQTT.Listen, cfg.Data.Dir = "127.0.0.1:0", "127.0.0.1:0", t.TempDir()
	ready := filepath.Join(t.TempDir(), "ready.json")
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		o.Config, o.Version, o.Out, o.ReadyFile, o.AdminPassword, o.DemoPassword = cfg, "test", out, ready, password, password
		o.Logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
		ended <- app.Run(ctx, o)
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the city ended with %v", err)
		}
	})
	for deadline := time.Now().Add(30 * time.Second); ; {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the city did not start: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
		if raw, err := os.ReadFile(ready); err == nil {
			var r struct{ HTTP string }
			if err := json.Unmarshal(raw, &r); err != nil {
				t.Fatal(err)
			}
			base = "http://" + r.HTTP
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the city is not ready after 30 s")
		}
	}
	res, err := http.Post(base+"/api/v1/session", "application/json", strings.NewReader(`{"username":"admin","password":"`+password+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var s struct{ Token string }
	if err := json.NewDecoder(res.Body).Decode(&s); err != nil || s.Token == "" {
		t.Fatalf("sign in: %s %v", res.Status, err)
	}
	return base, s.Token
}

func get(t *testing.T, url, token string) (int, http.Header, []byte) {
	t.Helper()
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, b
}

// TestOpenAPICurrent holds web/openapi.json, from which the interface's types
// are made, to what the program serves.
func TestOpenAPICurrent(t *testing.T) {
	const golden = "../../web/openapi.json"
	base, _ := start(t, app.Serve)
	status, _, raw := get(t, base+"/openapi.json", "")
	if status != 200 {
		t.Fatal(status)
	}
	var doc any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	pretty, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	pretty = append(pretty, '\n')
	if *update {
		if err := os.WriteFile(golden, pretty, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || !bytes.Equal(want, pretty) {
		t.Fatalf("%s is not current; run make gen (%v)", golden, err)
	}
}

// TestNothingIsOpen asks every documented GET without signing in, and as a
// citizen for what needs more.
func TestNothingIsOpen(t *testing.T) {
	base, token := start(t, app.Demo)
	_, _, raw := get(t, base+"/openapi.json", "")
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string
			Permission  string `json:"x-permission"`
		}
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	// What needs no sign-in is written down here too: nothing opens by mistake.
	public := map[string]bool{
		"hello": true, "sign-in": true, "sign-in-second": true, "sign-in-second-passkey": true, "sign-in-passkey-begin": true, "sign-in-passkey-finish": true,
		"sign-in-providers": true, "sign-in-oidc": true, "sign-in-oidc-back": true, "sign-out": true, "accept-invitation": true,
		"calendar-file": true, "look-up-case": true, "push-case-messages": true, // the last with a token of the system's own
	}
	asked := 0
	for path, ops := range doc.Paths {
		for method, op := range ops {
			if op.Permission == "public" != public[op.OperationID] {
				t.Errorf("%s %s (%s) says it needs %q", method, path, op.OperationID, op.Permission)
			}
			if public[op.OperationID] {
				continue
			}
			asked++
			at := strings.NewReplacer("{id}", "x", "{source}", "x", "{username}", "x", "{correction}", "x", "{thing}", "x", "{path}", map[bool]string{true: "query", false: "Things"}[strings.HasPrefix(path, "/prometheus")]).Replace(path)
			req, err := http.NewRequest(strings.ToUpper(method), base+at, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != 401 {
				t.Errorf("%s %s without signing in: %s", method, path, res.Status)
			}
		}
	}
	if asked < 20 {
		t.Fatalf("only %d operations are documented", asked)
	}
	for _, path := range []string{"/", "/map/style/dark.json", "/healthz", "/readyz", "/openapi.json"} {
		if status, h, _ := get(t, base+path, ""); status != 200 || h.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %d", path, status)
		}
	}
	if status, _, _ := get(t, base+"/api/v1/no-such-thing", token); status != 404 {
		t.Errorf("unknown address: %d", status)
	}
}
