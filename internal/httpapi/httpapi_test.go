package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/httpapi"
)

var errTestBusy = fault.Define(fault.Conflict, "httpapitest.busy", "gauge {name} is busy", "trạm {name} đang bận")

var errTestLocked = fault.Define(fault.TooMany, "httpapitest.locked", "locked for {minutes} minutes", "khóa {minutes} phút")

type in struct {
	Body struct {
		Level float64 `json:"level" minimum:"0"`
	}
}
type out struct{ Body map[string]string }

func call(t *testing.T, method, url, body string, header ...string) (int, http.Header, httpapi.ProblemDetail, string) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(res.Body)
	var p httpapi.ProblemDetail
	_ = json.Unmarshal(raw, &p)
	return res.StatusCode, res.Header, p, string(raw)
}

func TestAPI(t *testing.T) {
	admin := access.Actor{ID: "u1", Roles: []access.Role{access.Admin}}
	api, srv := httpapi.NewTestAPI(func(_ context.Context, token string) (access.Actor, bool) {
		return admin, token == "good"
	})
	defer srv.Close()
	huma.Register(api, huma.Operation{OperationID: "set", Method: http.MethodPost, Path: "/level"}, func(ctx context.Context, i *in) (*out, error) {
		if err := access.Require(httpapi.Actor(ctx), access.SourceEdit, access.Scope{}); err != nil {
			return nil, err
		}
		switch i.Body.Level {
		case 1:
			return nil, errTestBusy.With("name", "Ái Nghĩa")
		case 2:
			return nil, errors.New("disk on fire")
		case 3:
			panic("bug")
		case 4:
			return nil, errTestLocked.With("minutes", 15)
		}
		return &out{Body: map[string]string{"ok": "yes"}}, nil
	})
	const js = "application/json"
	for name, c := range map[string]struct {
		body   string
		header []string
		status int
		code   string
		says   string
	}{
		"signed out":               {`{"level":0}`, nil, 401, "access.sign_in", "đăng nhập"},
		"bad token":                {`{"level":0}`, []string{"Authorization", "Bearer bad"}, 401, "access.sign_in", ""},
		"good":                     {`{"level":0}`, []string{"Authorization", "Bearer good"}, 200, "", ""},
		"fault, vi":                {`{"level":1}`, []string{"Authorization", "Bearer good"}, 409, "httpapitest.busy", "trạm Ái Nghĩa đang bận"},
		"fault, en":                {`{"level":1}`, []string{"Authorization", "Bearer good", "Accept-Language", "en-GB"}, 409, "httpapitest.busy", "gauge Ái Nghĩa is busy"},
		"plain error stays inside": {`{"level":2}`, []string{"Authorization", "Bearer good"}, 500, "internal", "mã yêu cầu"},
		"panic":                    {`{"level":3}`, []string{"Authorization", "Bearer good"}, 500, "internal", ""},
		"field":                    {`{"level":-1}`, []string{"Authorization", "Bearer good"}, 422, "request.invalid", ""},
		"broken JSON":              {`{"level":`, []string{"Authorization", "Bearer good"}, 400, "request.invalid", ""},
		"cookie without header":    {`{"level":0}`, []string{"Cookie", "ioc_session=good"}, 403, "request.csrf", ""},
		"cookie, foreign origin":   {`{"level":0}`, []string{"Cookie", "ioc_session=good", "X-IOC-CSRF", "1", "Origin", "https://evil.example"}, 403, "request.csrf", ""},
		"cookie, own page":         {`{"level":0}`, []string{"Cookie", "ioc_session=good", "X-IOC-CSRF", "1"}, 200, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			status, h, p, raw := call(t, "POST", srv.URL+"/level", c.body, append([]string{"Content-Type", js}, c.header...)...)
			if status != c.status || p.Code != c.code || !strings.Contains(p.Detail, c.says) {
				t.Fatalf("got %d %s", status, raw)
			}
			if strings.Contains(raw, "disk on fire") {
				t.Fatal("an internal error was told to the caller")
			}
			if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'self';") || !strings.Contains(csp, "style-src 'self';") || strings.Contains(csp, "unsafe") {
				t.Fatalf("policy %q", csp)
			}
			if h.Get("X-Request-ID") == "" {
				t.Fatal("headers are missing")
			}
			if c.status >= 400 && h.Get("Content-Type") != "application/problem+json" {
				t.Fatalf("content type %s", h.Get("Content-Type"))
			}
		})
	}
	if status, h, p, _ := call(t, "POST", srv.URL+"/level", `{"level":4}`, "Content-Type", js, "Authorization", "Bearer good"); status != 429 || p.Code != "httpapitest.locked" || h.Get("Retry-After") != "900" {
		t.Errorf("too many: %d %+v, come again after %q s", status, p, h.Get("Retry-After"))
	}
	if status, _, p, _ := call(t, "POST", srv.URL+"/level", `{"level":0,"x":"`+strings.Repeat("a", 11<<20)+`"}`, "Content-Type", js, "Authorization", "Bearer good"); status != 413 || p.Code != "request.too_large" {
		t.Fatalf("11 MiB body: got %d %+v", status, p)
	}
}

func TestLimiter(t *testing.T) {
	l := httpapi.NewLimiter(1, 2)
	now := time.Unix(1_600_000_000, 0)
	for i, want := range []bool{true, true, false} {
		if err := l.Take("a", now, 1); (err == nil) != want {
			t.Fatalf("take %d: %v", i, err)
		}
	}
	if err := l.Take("b", now, 1); err != nil {
		t.Fatalf("another key: %v", err)
	}
	if err := l.Take("a", now.Add(time.Second), 1); err != nil {
		t.Fatalf("a second later: %v", err)
	}
}

func TestBasicOpensTheStandardsOnly(t *testing.T) {
	h := httpapi.Chain(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := access.Require(httpapi.Actor(r.Context()), access.ObservationView, access.Scope{}); err != nil {
			httpapi.Problem(w, r, err)
		}
	}), httpapi.Options{
		Authenticate: func(_ context.Context, token string) (access.Actor, bool) {
			return access.Actor{ID: "u", Roles: []access.Role{access.Duty}}, token == "t"
		},
		Basic: func(_ context.Context, user, password, _ string) (string, bool) {
			if user != "duty" || password != "right" {
				return "", false
			}
			return "t", true
		},
	})
	for _, c := range []struct {
		method, path, password string
		want                   int
	}{
		{"GET", "/prometheus/api/v1/query", "right", 200},
		{"POST", "/prometheus/api/v1/query", "right", 200},
		{"GET", "/sta/v1.1/Things", "right", 200},
		{"POST", "/sta/v1.1/Things", "right", 401},
		{"GET", "/api/v1/users", "right", 401},
		{"GET", "/prometheus/api/v1/query", "wrong", 401},
	} {
		r := httptest.NewRequest(c.method, c.path, nil)
		r.SetBasicAuth("duty", c.password)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s %s with the %s password: %d", c.method, c.path, c.password, w.Code)
		}
	}
}
