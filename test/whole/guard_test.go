package whole

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"openioc.org/ioc/test/harness"
)

// inside is a server that only this machine should reach; it counts who does.
func inside(t *testing.T, addr string, answer http.HandlerFunc) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	hits := &atomic.Int64{}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Skipf("%s is not to be had here: %v", addr, err)
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		answer(w, r)
	}))
	srv.Listener.Close()
	srv.Listener = ln
	srv.Start()
	t.Cleanup(srv.Close)
	return srv, hits
}

func secretAnswer(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprint(w, `{"inside":"INSIDE-INFORMATION"}`)
}

// TestSafety_InsideAddresses: whoever may connect sources cannot make the
// program look around in the data centre.
func TestSafety_InsideAddresses(t *testing.T) {
	t.Parallel()
	four, hits4 := inside(t, "127.0.0.1:0", secretAnswer)
	port := four.Listener.Addr().(*net.TCPAddr).Port
	y := newYard(t)
	own := strings.TrimPrefix(y.HTTP, "http://")
	for _, url := range []string{
		four.URL, fmt.Sprintf("http://[::1]:%d/", port), fmt.Sprintf("http://localhost:%d/", port), fmt.Sprintf("http://0.0.0.0:%d/", port),
		fmt.Sprintf("http://[::ffff:127.0.0.1]:%d/", port), fmt.Sprintf("http://[::]:%d/", port), fmt.Sprintf("http://127.1.2.3:%d/", port), fmt.Sprintf("http://127.0.0.1.:%d/", port),
		"http://" + own + "/metrics", "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://192.168.1.1/", "http://172.16.0.1/", "http://100.64.0.1/",
		"http://[fe80::1]/", "http://[fd00::1]/", "http://[64:ff9b::7f00:1]/", "https://127.0.0.1/", "http://224.0.0.1/", "http://255.255.255.255/",
	} {
		start := time.Now()
		a := y.ask(t, "POST", "/api/v1/connectors/sample", y.Token, fmt.Sprintf(`{"kind":"http_pull","config":{"url":%q}}`, url))
		named := strings.Contains(url, "localhost") || strings.Contains(url, "1.:") // a name that may not resolve here
		if a.Status < 400 || a.Code != "connector.address_refused" && !named {
			t.Errorf("%s: %d %s", url, a.Status, clip(a.Body))
		}
		if strings.Contains(a.Body, "INSIDE") || time.Since(start) > 15*time.Second {
			t.Errorf("%s: %s after %s", url, clip(a.Body), time.Since(start))
		}
	}
	for _, url := range []string{"file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "javascript:1", "//127.0.0.1/", "http://", "", "http://admin:hunter2@example.org/"} {
		a := y.ask(t, "POST", "/api/v1/connectors/sample", y.Token, fmt.Sprintf(`{"kind":"http_pull","config":{"url":%q}}`, url))
		if a.Status != 422 || len(a.Errors) == 0 || a.Errors[0].Path != "url" {
			t.Errorf("%q: %d %s", url, a.Status, clip(a.Body))
		}
	}
	for kind, config := range map[string]string{
		"mqtt_client": fmt.Sprintf(`{"url":"mqtt://127.0.0.1:%d","topics":["#"]}`, port),
		"file sftp":   fmt.Sprintf(`{"protocol":"sftp","host":"127.0.0.1","port":%d,"username":"x","password":"x"}`, port),
		"file ftp":    fmt.Sprintf(`{"protocol":"ftp","host":"127.0.0.1","port":%d}`, port),
	} {
		kind, _, _ = strings.Cut(kind, " ")
		a := y.ask(t, "POST", "/api/v1/connectors/sample", y.Token, fmt.Sprintf(`{"kind":%q,"config":%s}`, kind, config))
		if a.Status < 400 || !strings.Contains(a.Body, "not a public address") {
			t.Errorf("%s: %d %s", kind, a.Status, clip(a.Body))
		}
	}
	// A saved source says so where its keeper looks.
	if a := y.ask(t, "POST", "/api/v1/sources", y.Token, fmt.Sprintf(`{"id":"ssrf","name":"x","kind":"http_pull","config":{"url":%q}}`, four.URL)); a.Status != 201 {
		t.Fatal(a.Body)
	}
	until(t, "the source says what is wrong", func() bool {
		return strings.Contains(y.ask(t, "GET", "/api/v1/sources/ssrf", y.Token, "").Body, "127.0.0.1 is not a public address")
	})
	if n := hits4.Load(); n != 0 {
		t.Errorf("%d requests came inside", n)
	}
	y.goesOn(t)
}

// TestSafety_AllowedRange: what the administrator lists is reached, and a
// redirect from there to what is not listed is not followed.
func TestSafety_AllowedRange(t *testing.T) {
	t.Parallel()
	two, hits := inside(t, "127.0.0.2:0", secretAnswer)
	listed, _ := inside(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/loop") {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
			return
		}
		fmt.Fprintf(w, `[{"datastream":"x","time":"2026-01-01T00:00:00Z","value":1,"key":%q}]`, r.Header.Get("X-Api-Key"))
	})
	config := filepath.Join(t.TempDir(), "ioc.toml")
	if err := os.WriteFile(config, []byte("[pull]\nallow_private = [\"127.0.0.1/32\"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	y := newYard(t, "--config", config)
	sample := func(url string) harness.Answer {
		return y.ask(t, "POST", "/api/v1/connectors/sample", y.Token, fmt.Sprintf(`{"kind":"http_pull","config":{"url":%q,"secret_headers":{"X-Api-Key":"k"}}}`, url))
	}
	if a := sample(listed.URL); a.Status != 200 || !strings.Contains(a.Body, "datastream") {
		t.Errorf("the listed address: %d %s", a.Status, clip(a.Body))
	}
	for _, to := range []string{two.URL, "http://169.254.169.254/latest", "http://[::1]:1/", "http://10.0.0.1/"} {
		if a := sample(listed.URL + "/?to=" + to); a.Status < 400 || a.Code != "connector.address_refused" {
			t.Errorf("redirect to %s: %d %s", to, a.Status, clip(a.Body))
		}
	}
	for _, path := range []string{"/?to=file:///etc/passwd", "/?to=gopher://x/", "/loop"} {
		if a := sample(listed.URL + path); a.Status < 400 || strings.Contains(a.Body, "root:") {
			t.Errorf("%s: %d %s", path, a.Status, clip(a.Body))
		}
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("%d requests came to the address that is not listed", n)
	}
}

// TestSafety_Secrets gives the program every kind of secret and looks for
// them in all that it says and writes down.
func TestSafety_Secrets(t *testing.T) {
	t.Parallel()
	y := newYard(t, "--log-level", "debug")
	fails, _ := inside(t, "127.0.0.1:0", secretAnswer) // refused: the errors must not tell either
	mark := func(n int) string { return fmt.Sprintf("S3CRET-%d-qzxv", n) }
	sources := map[string]string{
		"pull":   fmt.Sprintf(`{"id":"pull","name":"x","kind":"http_pull","config":{"url":%q,"secret_headers":{"X-Api-Key":%q},"secret_query":{"appid":%q},"username":"u","password":%q,"bearer":%q}}`, fails.URL, mark(1), mark(2), mark(3), mark(4)),
		"client": fmt.Sprintf(`{"id":"client","name":"x","kind":"mqtt_client","config":{"url":"mqtt://127.0.0.1:1","topics":["a"],"username":"u","password":%q}}`, mark(5)),
		"sftp":   fmt.Sprintf(`{"id":"sftp","name":"x","kind":"file","config":{"protocol":"sftp","host":"127.0.0.1","username":"u","password":%q,"private_key":%q}}`, mark(6), mark(7)),
		"meter":  `{"id":"meter","name":"x","kind":"mqtt"}`,
	}
	said := &bytes.Buffer{}
	secrets := []string{harness.Password, y.Token, y.good}
	for n := 1; n <= 8; n++ {
		secrets = append(secrets, mark(n))
	}
	for id, body := range sources {
		a := y.ask(t, "POST", "/api/v1/sources", y.Token, body)
		if a.Status != 201 {
			t.Fatalf("%s: %d %s", id, a.Status, a.Body)
		}
		var made struct{ Token string }
		if err := json.Unmarshal([]byte(a.Body), &made); err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, made.Token)
		said.WriteString(strings.Replace(a.Body, made.Token, "", 1)) // shown this once
	}
	var d struct{ Password string }
	if err := y.Do("POST", "/api/v1/sources/meter/devices", map[string]string{"username": "dev"}, &d); err != nil {
		t.Fatal(err)
	}
	secrets = append(secrets, d.Password)
	if _, err := y.dial3(t, "x", "dev", d.Password+"x"); err == nil {
		t.Error("a wrong password was right")
	}
	if _, err := y.dial3(t, "x", "dev", d.Password); err != nil {
		t.Error(err)
	}
	until(t, "the connectors have tried", func() bool {
		for _, id := range []string{"pull", "client", "sftp"} {
			if body := y.ask(t, "GET", "/api/v1/sources/"+id, y.Token, "").Body; !strings.Contains(body, `"last_error":"`) || strings.Contains(body, `"last_error":""`) {
				return false
			}
		}
		return true
	})

	// A config that was shown can be saved again and keeps its secrets.
	if a := y.ask(t, "PATCH", "/api/v1/sources/pull", y.Token, fmt.Sprintf(`{"config":{"url":%q,"secret_headers":{"X-Api-Key":"***"},"password":%q}}`, fails.URL, mark(8))); a.Status != 200 || strings.Count(a.Body, `"***"`) != 2 {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
	for _, r := range []struct{ method, path, body string }{
		{"GET", "/api/v1/sources", ""}, {"GET", "/api/v1/sources/pull", ""}, {"GET", "/api/v1/sources/client", ""}, {"GET", "/api/v1/sources/sftp", ""}, {"GET", "/api/v1/sources/meter", ""},
		{"GET", "/api/v1/sources/meter/devices", ""}, {"GET", "/api/v1/connectors", ""}, {"GET", "/api/v1/audit?limit=500", ""}, {"GET", "/api/v1/dead-letters", ""}, {"GET", "/api/v1/users", ""},
		{"GET", "/api/v1/session", ""}, {"GET", "/metrics", ""}, {"GET", "/api/v1/search?q=pull", ""}, {"GET", "/openapi.json", ""},
		{"PATCH", "/api/v1/sources/sftp", `{"name":"y"}`}, {"PATCH", "/api/v1/sources/client", `{"enabled":false}`},
		{"POST", "/api/v1/connectors/sample", `{"source":"pull","kind":"http_pull","config":{"url":"` + fails.URL + `","bearer":"***"}}`},
		{"POST", "/api/v1/sources", `{"id":"bad","name":"x","kind":"http_pull","config":{"url":5,"bearer":"` + mark(4) + `"}}`},
		{"POST", "/api/v1/session", `{"username":"admin","password":"` + mark(1) + `"}`},
		{"POST", "/api/v1/session", `{"username":"` + mark(2) + `","password":"x"}`}, // typed into the wrong box
		{"POST", "/api/v1/me/password", `{"old":"` + mark(3) + `","new":"short"}`},
	} {
		a := y.ask(t, r.method, r.path, y.Token, r.body)
		said.WriteString(a.Body + "\n")
	}
	if err := y.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, s := range secrets {
		if strings.Contains(said.String(), s) {
			at := strings.Index(said.String(), s)
			t.Errorf("the API tells %s: …%s", s, clip(said.String()[max(0, at-100):]))
		}
		if strings.Contains(y.Log.String(), s) {
			at := strings.Index(y.Log.String(), s)
			t.Errorf("the log tells %s: …%s", s, clip(y.Log.String()[max(0, at-100):]))
		}
	}
	// On disk: what is only checked is kept as a hash; what is used (the
	// secrets of connectors) is in the records alone, which only the owner
	// reads.
	hashed := []string{harness.Password, y.Token, y.good, d.Password}
	err := filepath.WalkDir(y.Dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		records := strings.HasPrefix(e.Name(), "ioc.db")
		for _, s := range secrets {
			if bytes.Contains(raw, []byte(s)) && !records {
				t.Errorf("%s holds %s", path, s)
			}
		}
		for _, s := range hashed {
			if bytes.Contains(raw, []byte(s)) {
				t.Errorf("%s holds %s in clear", path, s)
			}
		}
		if info, err := e.Info(); err == nil && records && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %s", path, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestSafety_SignIn: guessing is slowed down and learns nothing about who
// exists.
func TestSafety_SignIn(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	try := func(user, password string) harness.Answer {
		return y.ask(t, "POST", "/api/v1/session", "", fmt.Sprintf(`{"username":%q,"password":%q}`, user, password))
	}
	if a := y.ask(t, "POST", "/api/v1/users", y.Token, `{"username":"hoa","name":"Hoa","role":"duty","password":"Mot-mat-khau-1"}`); a.Status != 201 {
		t.Fatal(a.Body)
	}
	var real, none []string
	for range 7 {
		for _, c := range []struct {
			user string
			to   *[]string
		}{{"hoa", &real}, {"nobody", &none}} {
			a := try(c.user, "wrong-Password-1")
			*c.to = append(*c.to, fmt.Sprint(a.Status, " ", a.Code, " ", a.Detail))
			if a.Header.Get("Set-Cookie") != "" {
				t.Error("a refusal sets a cookie")
			}
		}
	}
	for i := range real {
		if real[i] != none[i] {
			t.Errorf("attempt %d tells who exists: %q, %q", i+1, real[i], none[i])
		}
	}
	if !strings.HasPrefix(real[0], "401 identity.wrong_password") || !strings.HasPrefix(real[6], "429 identity.locked") {
		t.Errorf("got %q", real)
	}
	if a := try("hoa", "Mot-mat-khau-1"); a.Status != 429 {
		t.Errorf("a locked name signed in: %d", a.Status)
	}
	if a := try("HOA ", "Mot-mat-khau-1"); a.Status != 429 {
		t.Errorf("another spelling goes round the lock: %d", a.Status)
	}
	if a := try("admin", harness.Password); a.Status != 200 {
		t.Errorf("the lock of one is the lock of all: %d %s", a.Status, a.Body)
	}
	// An address that goes on is refused before any work is done.
	limited := 0
	for i := range 120 {
		if a := try(fmt.Sprintf("nobody-%d", i%4), "x"); a.Status == 429 && a.Code == "request.too_many" {
			limited++
		}
	}
	if limited == 0 {
		t.Error("120 attempts in a row were not too many")
	}
	y.goesOn(t) // who has signed in already, and the devices, work on
	for _, body := range []string{"", "{}", "[]", `{"username":1}`, `{"username":"admin","password":["x"]}`, `{"username":"admin","password":"` + strings.Repeat("x", 2000) + `"}`, `{"username":"admin"`} {
		if a := y.ask(t, "POST", "/api/v1/session", "", body); a.Status < 400 || a.Status >= 500 {
			t.Errorf("%s: %d %s", clip(body), a.Status, clip(a.Body))
		}
	}
}
