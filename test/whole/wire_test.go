package whole

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestSafety_Paths asks for files that are not ours to give, with addresses
// that no client library would leave as they are.
func TestSafety_Paths(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	for _, path := range []string{
		"/../../../../etc/passwd", "/..%2f..%2f..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/....//....//etc/passwd", "//etc/passwd", "/etc/passwd",
		"/..\\..\\..\\etc\\passwd", "/%5c..%5c..%5cetc%5cpasswd", "/%00/etc/passwd", "/index.html%00.js", "/ioc.db", "/../ioc.db", "/..%2fioc.db", "/data/ioc.db", "/ready.json", "/..%2fready.json",
		"/assets/../../../ioc.db", "/assets/..%2f..%2f..%2fioc.db", "/assets/", "/assets", "/.vite/manifest.json", "/.git/config", "/.env",
		"/map/../ioc.db", "/map/..%2f..%2fioc.db", "/map/style/..%2f..%2f..%2fioc.db", "/map/style/../../ioc.db", "/map/glyphs/..%2f..%2fdata/coast.pbf", "/map/glyphs/%2e%2e/%2e%2e",
		"/map/glyphs/Noto%20Sans/..%2f..%2f..%2fioc.db", "/map/sprite/..%2f..%2fioc.db", "/map/data/..%2f..%2f..%2fetc%2fpasswd", "/map/data/", "/map/",
		"/api/v1/exports/..%2f..%2fioc.db/file", "/api/v1/exports/%2e%2e/file", "/api/v1/sources/..%2f..%2fioc.db", "/sta/v1.1/../../ioc.db", "/sta/v1.1/..%2f..%2fioc.db", "/prometheus/api/v1/../../../ioc.db",
		"//evil.example/..", "//evil.example/%2e%2e", "/\\evil.example", "/%09/evil.example", "http://evil.example/",
	} {
		for _, token := range []string{"", y.Token} {
			status, header, body := y.raw(t, path, token)
			for _, secret := range []string{"root:", "SQLite format", "[core]", "\"pid\"", "daemon:"} {
				if strings.Contains(body, secret) {
					t.Errorf("%s gives %q", path, secret)
				}
			}
			if status >= 500 {
				t.Errorf("%s: %d", path, status)
			}
			if to := header.Get("Location"); to != "" {
				if u, err := url.Parse(to); err != nil || u.Host != "" || strings.HasPrefix(to, "//") || strings.HasPrefix(to, `/\`) {
					t.Errorf("%s leads to %s", path, to)
				}
			}
		}
	}
	// Our own folders are not listed, and no file source leaves its roots.
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.MkdirAll(outside, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(outside, "secret.csv"), []byte("datastream,time,value\nx,2026-01-01T00:00:00Z,1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for i, path := range []string{outside, "/etc", "/", "..", "../..", "a/../../..", "/proc/self", y.Dir, filepath.Join(y.Dir, "drop", "..", "bus")} {
		body := fmt.Sprintf(`{"kind":"file","config":{"protocol":"folder","path":%q,"every":"1s","settle":"0s","recursive":true}}`, path)
		if a := y.ask(t, "POST", "/api/v1/connectors/sample", y.Token, body); a.Status < 400 || a.Status >= 500 || !strings.Contains(a.Body, "file.root") {
			t.Errorf("sample of %s: %d %s", path, a.Status, clip(a.Body))
		}
		id := fmt.Sprintf("roots-%d", i)
		a := y.ask(t, "POST", "/api/v1/sources", y.Token, strings.Replace(body, "{", fmt.Sprintf(`{"id":%q,"name":"x",`, id), 1))
		if a.Status == 422 {
			continue
		}
		if a.Status != 201 {
			t.Errorf("source on %s: %d %s", path, a.Status, clip(a.Body))
			continue
		}
		until(t, "the source says that "+path+" is outside", func() bool {
			return strings.Contains(y.ask(t, "GET", "/api/v1/sources/"+id, y.Token, "").Body, "is outside the folders")
		})
		if ls := y.letters(t, id); len(ls) != 0 {
			t.Errorf("%s was read: %v", path, ls)
		}
	}
	y.goesOn(t)
}

// raw sends a request line as it stands.
func (y *yard) raw(t *testing.T, target, token string) (int, http.Header, string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(y.HTTP, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: ioc.test\r\nConnection: close\r\nAuthorization: Bearer %s\r\n\r\n", target, token)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%s: %v", target, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		t.Fatalf("%s: %v", target, err)
	}
	return res.StatusCode, res.Header, string(body)
}

// TestSafety_SlowLoris opens connections that send a byte now and then. They
// are cut off within the limits, and nobody waits for them.
func TestSafety_SlowLoris(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	addr := strings.TrimPrefix(y.HTTP, "http://")
	var wg sync.WaitGroup
	drip := func(what, addr, head string, within time.Duration) {
		wg.Go(func() {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Errorf("%s: %v", what, err)
				return
			}
			defer conn.Close()
			start := time.Now()
			_, _ = io.WriteString(conn, head)
			gone := make(chan struct{})
			go func() {
				_, _ = io.Copy(io.Discard, conn)
				close(gone)
			}()
			tick := time.NewTicker(250 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-gone:
					if took := time.Since(start); took < time.Second {
						t.Errorf("%s: cut at once, after %s", what, took)
					}
					return
				case <-tick.C:
					if time.Since(start) > within {
						t.Errorf("%s: not cut within %s", what, within)
						return
					}
					_, _ = io.WriteString(conn, "a")
				}
			}
		})
	}
	for range 100 {
		drip("headers", addr, "GET / HTTP/1.1\r\nHost: x\r\nX-", 9*time.Second)
	}
	for range 20 {
		drip("nothing", addr, "", 9*time.Second)
		drip("body", addr, "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n", 9*time.Second)
		drip("MQTT", y.MQTT, "\x10\xff\x7f", 13*time.Second)
	}
	// A body for the ingest endpoint may take two minutes; it only must not
	// hold up others.
	for range 20 {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /api/v1/ingest/good HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 5000\r\n\r\n{", y.good)
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	slowest := time.Duration(0)
	for waiting := true; waiting; {
		start := time.Now()
		y.goesOn(t)
		if a := y.ask(t, "GET", "/healthz", "", ""); a.Status != 200 {
			t.Errorf("healthz: %d", a.Status)
		}
		slowest = max(slowest, time.Since(start))
		select {
		case <-done:
			waiting = false
		case <-time.After(100 * time.Millisecond):
		}
	}
	if slowest > 2*time.Second {
		t.Errorf("others waited %s", slowest)
	}
}
