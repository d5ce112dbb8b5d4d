package identity_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/identity"
	"openioc.org/ioc/internal/store/storetest"
)

// browser is a client of a running API that keeps cookies.
type browser struct {
	t      *testing.T
	client *http.Client
	base   string
	bearer string
}

func serve(t *testing.T) (*place, *browser) {
	t.Helper()
	p := open(t, storetest.SQLite(t, nil), func(o *identity.Options) {
		o.Extra = func(context.Context) identity.SessionExtra {
			return identity.SessionExtra{City: map[string]string{"name": "Đà Nẵng"}, Version: "v0", Feeds: []string{}}
		}
	})
	api, srv := httpapi.NewTestAPI(p.Authenticate)
	t.Cleanup(srv.Close)
	p.Routes(api)
	return p, newBrowser(t, srv.URL)
}

func newBrowser(t *testing.T, base string) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, client: &http.Client{Jar: jar}, base: base}
}

// do sends a request as our pages do and returns status, headers and body.
func (b *browser) do(method, path, body string) (int, http.Header, string) {
	b.t.Helper()
	req, err := http.NewRequest(method, b.base+path, bytes.NewBufferString(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("X-IOC-CSRF", "1")
	if b.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+b.bearer)
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(raw)
}

func (b *browser) want(method, path, body string, status int, holds ...string) string {
	b.t.Helper()
	got, _, answer := b.do(method, path, body)
	if got != status {
		b.t.Errorf("%s %s %s: %d %s, want %d", method, path, body, got, answer, status)
	}
	for _, h := range holds {
		if !strings.Contains(answer, h) {
			b.t.Errorf("%s %s: %s lacks %s", method, path, answer, h)
		}
	}
	return answer
}

func TestSessionOverHTTP(t *testing.T) {
	p, b := serve(t)
	p.person("lan", access.Duty)
	b.want("GET", "/api/v1/session", "", 401)
	b.want("POST", "/api/v1/session", `{"username":"lan","password":"x"}`, 401, `"code":"identity.wrong_password"`)
	b.want("POST", "/api/v1/session?lang=en", `{"username":"nobody","password":"x"}`, 401, "the user name or the password is wrong")
	b.want("POST", "/api/v1/session", `{"username":"lan"}`, 422)
	b.want("POST", "/api/v1/session", `{"username":`, 400)

	status, header, body := b.do("POST", "/api/v1/session", `{"username":"lan","password":"`+good+`"}`)
	if status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	cookie := header.Get("Set-Cookie")
	for _, want := range []string{"ioc_session=iocs_", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("cookie %s lacks %s", cookie, want)
		}
	}
	if strings.Contains(cookie, "Secure") {
		t.Errorf("Secure over plain HTTP: %s", cookie)
	}
	var in struct {
		Token string
		User  identity.SessionUser
	}
	if err := json.Unmarshal([]byte(body), &in); err != nil {
		t.Fatal(err)
	}
	if in.Token == "" || in.User.Username != "lan" || len(in.User.Roles) != 1 || len(in.User.Permissions) == 0 || in.User.MustChange {
		t.Errorf("answer %s", body)
	}
	b.want("GET", "/api/v1/session", "", 200, `"username":"lan"`, `"city":{"name":"Đà Nẵng"}`, `"demo":null`, `"version":"v0"`, `"feeds":[]`)

	script := newBrowser(t, b.base)
	script.bearer = in.Token
	script.want("GET", "/api/v1/session", "", 200, `"username":"lan"`)

	b.want("DELETE", "/api/v1/session", "", 204)
	b.want("GET", "/api/v1/session", "", 401)
	script.want("GET", "/api/v1/session", "", 401)
}

func TestUsersOverHTTP(t *testing.T) {
	p, b := serve(t)
	p.person("root", access.Admin)
	b.want("GET", "/api/v1/users", "", 401)
	b.want("POST", "/api/v1/session", `{"username":"root","password":"`+good+`"}`, 200)
	answer := b.want("POST", "/api/v1/users", `{"username":"lan","name":"Trần Lan","role":"duty","unit":"","password":"`+good+`"}`, 201, `"must_change":true`)
	if strings.Contains(answer, "argon2") || strings.Contains(answer, good) {
		t.Errorf("a secret in %s", answer)
	}
	var u identity.User
	if err := json.Unmarshal([]byte(answer), &u); err != nil {
		t.Fatal(err)
	}
	one := "/api/v1/users/" + u.ID
	b.want("GET", "/api/v1/users", "", 200, `"users":[{`, `"username":"lan"`, `"username":"root"`)
	b.want("POST", "/api/v1/users", `{"username":"lan","name":"x","role":"duty","password":"`+good+`"}`, 409, "identity.taken")
	b.want("POST", "/api/v1/users", `{"username":"!","name":"x","role":"duty","password":"short"}`, 422, `"path":"username"`, `"path":"password"`)
	b.want("POST", "/api/v1/users", `{"username":"eve","name":"x","role":"emperor","password":"`+good+`"}`, 422)
	b.want("POST", "/api/v1/users", `{"username":"eve","name":"x","role":"duty","password":"`+good+`","disabled":true}`, 422)
	b.want("PATCH", one, `{"role":"leader","disabled":true}`, 200, `"role":"leader"`, `"disabled":true`, `"name":"Trần Lan"`)
	b.want("PATCH", one, `{"id":"x"}`, 422)
	b.want("PATCH", "/api/v1/users/nobody", `{"role":"leader"}`, 404, "identity.no_user")
	b.want("PATCH", one, `{"disabled":false}`, 200, `"disabled":false`)
	p.pass(time.Second)
	b.want("POST", one+"/password", `{"password":"weak"}`, 422, "identity.password_short")
	b.want("POST", one+"/password", `{"password":"`+better+`"}`, 204)

	lan := newBrowser(t, b.base)
	lan.want("POST", "/api/v1/session", `{"username":"lan","password":"`+better+`"}`, 200, `"must_change":true`, `"permissions":[]`)
	lan.want("GET", "/api/v1/users", "", 403, "access.denied")
	lan.want("POST", "/api/v1/me/password", `{"old":"`+good+`","new":"Bà-Nà-2027-x"}`, 422, `"path":"old"`)
	p.pass(time.Second)
	lan.want("POST", "/api/v1/me/password", `{"old":"`+better+`","new":"Bà-Nà-2027-x"}`, 204)
	lan.want("GET", "/api/v1/session", "", 200, `"must_change":false`)
	lan.want("GET", "/api/v1/users", "", 403)
}

func TestForeignPagesCannotChangeAnything(t *testing.T) {
	p, b := serve(t)
	p.person("root", access.Admin)
	b.want("POST", "/api/v1/session", `{"username":"root","password":"`+good+`"}`, 200)
	req, _ := http.NewRequest("POST", b.base+"/api/v1/users", strings.NewReader(`{}`))
	req.Header.Set("Content-Type", "application/json")
	res, err := b.client.Do(req) // with the cookie, without the header
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 403 {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestCookieIsSecureBehindAProxy(t *testing.T) {
	p := open(t, storetest.SQLite(t, nil), func(o *identity.Options) { o.SecureCookie = true })
	api, srv := httpapi.NewTestAPI(p.Authenticate)
	defer srv.Close()
	p.Routes(api)
	p.person("lan", access.Duty)
	_, header, _ := newBrowser(t, srv.URL).do("POST", "/api/v1/session", `{"username":"lan","password":"`+good+`"}`)
	if !strings.Contains(header.Get("Set-Cookie"), "; Secure") {
		t.Errorf("cookie %s", header.Get("Set-Cookie"))
	}
}
