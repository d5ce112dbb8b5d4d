// Package oidc signs in through a real OpenID provider, npm's oidc-provider.
// Node and npm are needed; it fails where they are missing.
package oidc

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/audit"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/identity"
	"openioc.org/ioc/internal/personal"
	"openioc.org/ioc/internal/store/storetest"
)

// install puts the provider and what it needs into a folder of its own.
func install(t *testing.T) string {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is missing: single sign-on is tested against npm's oidc-provider (Node 20 or later)", tool)
		}
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "provider.mjs"} {
		text, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir = dir
	if out, err := npm.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	return dir
}

// start runs the provider and returns its issuer.
func start(t *testing.T, redirect string) string {
	t.Helper()
	node := exec.CommandContext(t.Context(), "node", "provider.mjs")
	node.Dir, node.Env = install(t), append(os.Environ(), "REDIRECT_URI="+redirect)
	var trouble bytes.Buffer
	node.Stderr = &trouble
	in, err := node.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = node.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var said struct{ Issuer string }
		if json.Unmarshal(lines.Bytes(), &said) == nil && said.Issuer != "" {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return said.Issuer
		}
	}
	_ = in.Close()
	_ = node.Wait()
	t.Fatalf("the provider did not start:\n%s", trouble.String())
	return ""
}

// browser fills in forms like a person.
type browser struct {
	t      *testing.T
	client *http.Client
}

func newBrowser(t *testing.T) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, &http.Client{Jar: jar, Timeout: 20 * time.Second}}
}

func (b *browser) read(res *http.Response, err error) (int, string, *url.URL) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res.StatusCode, string(raw), res.Request.URL
}

var (
	formAction = regexp.MustCompile(`<form[^>]*action="([^"]+)"`)
	promptName = regexp.MustCompile(`name="prompt" value="([^"]+)"`)
)

// through signs in at the provider as name, follows every form, and returns
// where it ended.
func (b *browser) through(base, name, back string) (int, string, *url.URL) {
	b.t.Helper()
	status, page, at := b.read(b.client.Get(base + "/api/v1/session/oidc/city?return=" + url.QueryEscape(back)))
	for range 5 {
		form, prompt := formAction.FindStringSubmatch(page), promptName.FindStringSubmatch(page)
		if form == nil || prompt == nil {
			break
		}
		to, err := at.Parse(html.UnescapeString(form[1]))
		if err != nil {
			b.t.Fatal(err)
		}
		status, page, at = b.read(b.client.PostForm(to.String(), url.Values{"prompt": {prompt[1]}, "login": {name}, "password": {"any"}}))
	}
	return status, page, at
}

func TestSignInWithARealProvider(t *testing.T) {
	db := storetest.SQLite(t, nil)
	if _, err := audit.New(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	// The address must be known before the provider is, and the provider
	// before the service.
	var handler http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	defer srv.Close()
	issuer := start(t, srv.URL+"/api/v1/session/oidc/city/callback")

	policy := identity.DefaultPolicy()
	s, err := identity.New(t.Context(), identity.Options{
		Store: db, Policy: &policy, Argon2: &identity.Argon2{Memory: 64, Passes: 1, Threads: 1},
		Providers: []identity.Provider{{ID: "city", Name: "Cổng thành phố", Issuer: issuer, ClientID: "ioc", ClientSecret: "a secret of the tests", MatchBy: "email"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	s.Routes(httpapi.NewAPI(mux, "test"))
	mux.HandleFunc("GET /alerts", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the page of alerts") })
	handler = httpapi.Chain(mux, httpapi.Options{Authenticate: s.Authenticate})

	ctx, root := t.Context(), access.System("test")
	mail := personal.Email("lan@danang.example")
	u, err := s.CreateUser(ctx, root, identity.Draft{Username: "nguyen.lan", Name: "Nguyễn Thị Lan", Role: access.Duty, Password: "Sông-Hàn-2025"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.PatchUser(ctx, root, u.ID, identity.Patch{Email: &mail}); err != nil {
		t.Fatal(err)
	}

	lan := newBrowser(t)
	status, page, at := lan.through(srv.URL, "lan", "/alerts")
	if status != http.StatusOK || page != "the page of alerts" || !strings.HasPrefix(at.String(), srv.URL) {
		t.Fatalf("ended at %s: %d %s", at, status, page)
	}
	status, page, _ = lan.read(lan.client.Get(srv.URL + "/api/v1/session"))
	if status != http.StatusOK || !strings.Contains(page, `"username":"nguyen.lan"`) || !strings.Contains(page, `"must_change":false`) {
		t.Errorf("the session: %d %s", status, page)
	}
	status, page, _ = lan.read(lan.client.Get(srv.URL + "/api/v1/me/sessions"))
	if status != http.StatusOK || !strings.Contains(page, `"method":"oidc:city"`) {
		t.Errorf("the sessions: %d %s", status, page)
	}
	// The provider remembers her now and asks nothing; another way back is
	// not followed.
	status, _, at = lan.through(srv.URL, "lan", "https://evil.example/")
	if at.Host != strings.TrimPrefix(srv.URL, "http://") || at.Path != "/" {
		t.Errorf("led to %s: %d", at, status)
	}
	status, page, _ = newBrowser(t).through(srv.URL, "minh", "/alerts")
	if status != http.StatusForbidden || !strings.Contains(page, "identity.stranger") || !strings.Contains(page, "minh") {
		t.Errorf("a stranger: %d %s", status, page)
	}
	// A browser that says no there is told so here.
	no := newBrowser(t)
	_, page, at = no.read(no.client.Get(srv.URL + "/api/v1/session/oidc/city"))
	abort := regexp.MustCompile(`href="([^"]+/abort)"`).FindStringSubmatch(page)
	if abort == nil {
		t.Fatalf("no way to say no at %s: %s", at, page)
	}
	to, err := at.Parse(html.UnescapeString(abort[1]))
	if err != nil {
		t.Fatal(err)
	}
	status, page, _ = no.read(no.client.Get(to.String()))
	if status != http.StatusUnauthorized || !strings.Contains(page, "identity.provider_refused") || !strings.Contains(page, "access_denied") {
		t.Errorf("refused there: %d %s", status, page)
	}
}
