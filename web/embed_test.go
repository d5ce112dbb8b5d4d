package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func site(t *testing.T) fstest.MapFS {
	t.Helper()
	var packed bytes.Buffer
	zw := gzip.NewWriter(&packed)
	if _, err := io.WriteString(zw, "console.log(1)"); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{
		"index.html":            {Data: []byte("<!doctype html><title>IOC</title>")},
		"theme.js":              {Data: []byte("1")},
		"assets/main-abc.js":    {Data: []byte("console.log(1)")},
		"assets/main-abc.js.gz": {Data: packed.Bytes()},
		".vite/manifest.json":   {Data: []byte("{}")},
	}
}

func TestHandler(t *testing.T) {
	h := handler(site(t), policy)
	for name, tc := range map[string]struct {
		method, path, accept string
		status               int
		body, kind, cache    string
		encoding             string
	}{
		"page":              {path: "/", status: 200, body: "<title>IOC", kind: "text/html", cache: "no-cache"},
		"deep link":         {path: "/stations/thing-1?from=a", status: 200, body: "<title>IOC", kind: "text/html", cache: "no-cache"},
		"dotted deep link":  {path: "/stations/dn.1762", status: 200, body: "<title>IOC", kind: "text/html", cache: "no-cache"},
		"asset":             {path: "/assets/main-abc.js", status: 200, body: "console.log(1)", kind: "text/javascript", cache: "immutable"},
		"asset gzip":        {path: "/assets/main-abc.js", accept: "gzip, br", status: 200, kind: "text/javascript", cache: "immutable", encoding: "gzip"},
		"root file":         {path: "/theme.js", status: 200, body: "1", kind: "text/javascript", cache: "no-cache"},
		"lost asset":        {path: "/assets/old-123.js", status: 404},
		"lost file":         {path: "/robots.html", status: 404},
		"build's manifest":  {path: "/.vite/manifest.json", status: 404},
		"out of the folder": {path: "/../embed.go", status: 200, body: "<title>IOC"},
		"post":              {method: "POST", path: "/", status: 405},
	} {
		t.Run(name, func(t *testing.T) {
			method := tc.method
			if method == "" {
				method = http.MethodGet
			}
			req := httptest.NewRequest(method, "/", nil)
			req.URL.Path, _, _ = strings.Cut(tc.path, "?")
			if tc.accept != "" {
				req.Header.Set("Accept-Encoding", tc.accept)
			}
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, req)
			if rec.Code != tc.status {
				t.Fatalf("status %d, want %d", rec.Code, tc.status)
			}
			if tc.body != "" && !strings.Contains(rec.Body.String(), tc.body) {
				t.Errorf("body %q lacks %q", rec.Body, tc.body)
			}
			if got := rec.Header().Get("Content-Type"); !strings.Contains(got, tc.kind) {
				t.Errorf("content type %q, want %q", got, tc.kind)
			}
			if got := rec.Header().Get("Cache-Control"); !strings.Contains(got, tc.cache) {
				t.Errorf("cache %q, want %q", got, tc.cache)
			}
			if got := rec.Header().Get("Content-Encoding"); got != tc.encoding {
				t.Errorf("encoding %q, want %q", got, tc.encoding)
			}
		})
	}
}

const policy = "default-src 'self'; script-src 'self'"

func TestHandler_PageCarriesThePolicy(t *testing.T) {
	rec := httptest.NewRecorder()
	handler(site(t), policy).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/map", nil))
	if got := rec.Header().Get("Content-Security-Policy"); got != policy {
		t.Errorf("policy %q", got)
	}
}

func TestHandler_EmbeddedPageAnswers(t *testing.T) {
	rec := httptest.NewRecorder()
	Handler(policy).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
	if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "IOC") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}
