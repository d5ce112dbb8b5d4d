package ingest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/ingest"
	"openioc.org/ioc/internal/source"
)

type answer struct {
	Accepted, Duplicate, Quarantined int
	Rejected                         []struct {
		Index        int
		Code, Detail string
	}
	Code, Detail string
}

// serve answers with the ingest address and the domain's routes.
func (r *road) serve() *httptest.Server {
	r.t.Helper()
	mux := http.NewServeMux()
	mux.Handle("POST /api/v1/ingest/{source}", r.p.Push())
	r.p.Routes(httpapi.NewAPI(mux, "test"))
	srv := httptest.NewServer(httpapi.Chain(mux, httpapi.Options{Authenticate: func(_ context.Context, token string) (access.Actor, bool) {
		switch token {
		case "admin":
			return admin, true
		case "viewer":
			return viewer, true
		}
		return access.Actor{}, false
	}}))
	r.t.Cleanup(srv.Close)
	return srv
}

func send(t *testing.T, method, url, token string, body io.Reader, header ...string) (int, answer) {
	t.Helper()
	req, err := http.NewRequest(method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var a answer
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &a); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
	}
	return res.StatusCode, a
}

func squeeze(kind, s string) io.Reader {
	var buf bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&buf)
	if kind == "zstd" {
		w, _ = zstd.NewWriter(&buf)
	}
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return &buf
}

func TestPush(t *testing.T) {
	r := newRoad(t)
	r.run()
	srv := r.serve()
	at := func(minutes int) string {
		return start.Add(-time.Duration(minutes) * time.Minute).Format(time.RFC3339)
	}
	one := func(minutes int) string {
		return fmt.Sprintf(`{"datastream":"cam-le","time":%q,"value":1}`, at(minutes))
	}
	other, err := r.sources.RotateToken(context.Background(), admin, "khac")
	if err != nil {
		t.Fatal(err)
	}
	off := false
	if _, _, err := r.sources.Create(context.Background(), admin, source.Draft{ID: "tat", Name: "Tắt", Kind: "http_push"}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.sources.Update(context.Background(), admin, "tat", source.Patch{Enabled: &off}); err != nil {
		t.Fatal(err)
	}
	offToken, err := r.sources.RotateToken(context.Background(), admin, "tat")
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		name, method, source, token string
		body                        io.Reader
		header                      []string
		status                      int
		want                        string // accepted duplicate rejected quarantined, or the code
	}{
		{"one", "POST", "nuoc", r.token, strings.NewReader(one(1)), nil, 200, "1 0 0 0"},
		{"the same", "POST", "nuoc", r.token, strings.NewReader(one(1)), nil, 200, "0 1 0 0"},
		{"array", "POST", "nuoc", r.token, strings.NewReader("[" + one(2) + "," + one(3) + "]"), nil, 200, "2 0 0 0"},
		{"empty array", "POST", "nuoc", r.token, strings.NewReader("[]"), nil, 200, "0 0 0 0"},
		{"lines", "POST", "nuoc", r.token, strings.NewReader(one(4) + "\n" + one(5) + "\n"), nil, 200, "2 0 0 0"},
		{"gzip", "POST", "nuoc", r.token, squeeze("gzip", one(6)), []string{"Content-Encoding", "gzip"}, 200, "1 0 0 0"},
		{"zstd", "POST", "nuoc", r.token, squeeze("zstd", one(7)), []string{"Content-Encoding", "zstd"}, 200, "1 0 0 0"},
		{"mixed", "POST", "nuoc", r.token, strings.NewReader(`[1,` + one(8) + `,{"datastream":"nowhere","time":"` + at(8) + `","value":1},{"datastream":"cam-le"},{"datastream":"431068","time":"` + at(1) + `","value":32.43},` + one(9) + `]`), nil, 200, "2 0 3 1"},
		{"all rejected", "POST", "nuoc", r.token, strings.NewReader(`[{},{}]`), nil, 200, "0 0 2 0"},
		{"bare number", "POST", "nuoc", r.token, strings.NewReader(`0.19`), nil, 400, "ingest.body_shape"},
		{"broken", "POST", "nuoc", r.token, strings.NewReader(`[` + one(20) + `,{"datastream"`), nil, 400, "ingest.json"},
		{"empty", "POST", "nuoc", r.token, nil, nil, 400, "ingest.body_shape"},
		{"deep", "POST", "nuoc", r.token, strings.NewReader(strings.Repeat("[", 100_000)), nil, 400, "ingest.too_deep"},
		{"not gzip", "POST", "nuoc", r.token, strings.NewReader(one(20)), []string{"Content-Encoding", "gzip"}, 400, "ingest.body_encoding"},
		{"not zstd", "POST", "nuoc", r.token, strings.NewReader(one(20)), []string{"Content-Encoding", "zstd"}, 400, "ingest.body_encoding"},
		{"br", "POST", "nuoc", r.token, strings.NewReader(one(20)), []string{"Content-Encoding", "br"}, 400, "ingest.body_encoding_unknown"},
		{"11 MB", "POST", "nuoc", r.token, strings.NewReader(`[` + strings.Repeat(" ", 11<<20) + `]`), nil, 413, "ingest.body_too_large"},
		{"gzip bomb", "POST", "nuoc", r.token, squeeze("gzip", `[`+strings.Repeat(" ", 80<<20)+`]`), []string{"Content-Encoding", "gzip"}, 413, "ingest.body_too_large"},
		{"zstd bomb", "POST", "nuoc", r.token, squeeze("zstd", `[`+strings.Repeat(" ", 80<<20)+`]`), []string{"Content-Encoding", "zstd"}, 413, "ingest.body_too_large"},
		{"cp1258", "POST", "nuoc", r.token, strings.NewReader("{\"datastream\":\"Tr\xe2\xecn\"}"), nil, 400, "ingest.encoding"},
		{"wrong token", "POST", "nuoc", "ioc_wrong", strings.NewReader(one(20)), nil, 401, "ingest.token"},
		{"no token", "POST", "nuoc", "", strings.NewReader(one(20)), nil, 401, "ingest.token"},
		{"a person's token", "POST", "nuoc", "admin", strings.NewReader(one(20)), nil, 401, "ingest.token"},
		{"foreign token", "POST", "nuoc", other, strings.NewReader(one(20)), nil, 403, "ingest.foreign_source"},
		{"source that is not there", "POST", "xyz", r.token, strings.NewReader(one(20)), nil, 403, "ingest.foreign_source"},
		{"switched off", "POST", "tat", offToken, strings.NewReader(one(20)), nil, 403, "ingest.source_off"},
	} {
		status, a := send(t, c.method, srv.URL+"/api/v1/ingest/"+c.source+"?lang=en", c.token, c.body, c.header...)
		got := a.Code
		if status == 200 {
			got = fmt.Sprint(a.Accepted, a.Duplicate, len(a.Rejected), a.Quarantined)
		}
		if status != c.status || got != c.want {
			t.Errorf("%d %s: %d %s (%+v), want %d %s", i, c.name, status, got, a, c.status, c.want)
		}
		if c.name == "mixed" {
			want := "[{0 ingest.not_an_object this is not an object} {2 ingest.datastream_unknown the source has no datastream nowhere} {3 ingest.time_missing the time is missing}]"
			if got := fmt.Sprint(a.Rejected); got != want {
				t.Errorf("rejected %s\nwant %s", got, want)
			}
		}
	}
	r.settle()
	r.balanced()
	if n := len(r.points("cam-le")); n != 9 {
		t.Errorf("%d points, want 9: of a refused body nothing is taken", n)
	}
}

func TestPush_LongBodyIsTakenWholeOrNotAtAll(t *testing.T) {
	r := newRoad(t)
	r.run()
	srv := r.serve()
	var b strings.Builder
	const n = 23_456
	for i := range n {
		if i%1000 == 999 {
			fmt.Fprintf(&b, `{"datastream":"cam-le","value":%d}`+"\n", i)
			continue
		}
		fmt.Fprintf(&b, `{"datastream":"cam-le","time":%q,"value":%d.%02d}`+"\n", start.Add(-time.Duration(i)*time.Second).Format(time.RFC3339), i%9, i%100)
	}
	status, a := send(t, "POST", srv.URL+"/api/v1/ingest/nuoc", r.token, strings.NewReader(b.String()+`{"datastream":`))
	if status != 400 || a.Code != "ingest.json" || !strings.Contains(a.Detail, fmt.Sprint(n)) {
		t.Errorf("broken at its end: %d %+v", status, a)
	}
	if c := r.p.Totals(); c.Received != 0 {
		t.Errorf("of a broken body %d were taken", c.Received)
	}
	status, a = send(t, "POST", srv.URL+"/api/v1/ingest/nuoc", r.token, strings.NewReader(b.String()))
	if status != 200 || a.Accepted != n-n/1000 || len(a.Rejected) != n/1000 {
		t.Fatalf("%d, %d accepted, %d rejected", status, a.Accepted, len(a.Rejected))
	}
	for i, x := range a.Rejected {
		if x.Index != 1000*i+999 || x.Code != "ingest.time_missing" {
			t.Errorf("rejection %d: %+v", i, x)
		}
	}
	r.settle()
	r.balanced()
}

func TestRoutes_DeadLetters(t *testing.T) {
	r := newRoad(t)
	r.run()
	srv := r.serve()
	send(t, "POST", srv.URL+"/api/v1/ingest/nuoc", r.token, strings.NewReader(
		`[{"datastream":"431068","time":"2026-08-26T07:00:00Z","value":32.43},{"datastream":"431057","time":"2026-08-26T07:00:00Z","value":61.2}]`))
	var list struct {
		Letters []ingest.DeadLetter `json:"letters"`
		Rules   []ingest.Rule       `json:"rules"`
	}
	get := func(token, path string) int {
		req, _ := http.NewRequest("GET", srv.URL+"/api/v1"+path, nil)
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		list.Letters = nil
		if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode
	}
	if status := get("viewer", "/dead-letters?source=nuoc&state=open"); status != 200 || len(list.Letters) != 2 || string(list.Letters[0].Reading) == "" || list.Letters[0].Count != 1 {
		t.Fatalf("%d %+v", status, list)
	}
	if status := get("", "/dead-letters"); status != 401 {
		t.Errorf("signed out: %d", status)
	}
	get("viewer", "/dead-letters")
	const js = "application/json"
	first, second := list.Letters[0].ID, list.Letters[1].ID
	for _, c := range []struct {
		token, path, body string
		status            int
		code              string
	}{
		{"viewer", first + "/replay", `{}`, 403, "access.denied"},
		{"admin", first + "/replay", ``, 200, ""},
		{"admin", first + "/replay", `{"raw":"{"}`, 400, "ingest.json"},
		{"admin", first + "/replay", `{"raw":"{\"datastream\":\"ho-1\",\"time\":\"2026-08-26T07:00:00Z\",\"value\":32.43}"}`, 200, ""},
		{"admin", first + "/replay", `{}`, 409, "ingest.letter_closed"},
		{"viewer", second + "/discard", ``, 403, "access.denied"},
		{"admin", second + "/discard", ``, 204, ""},
		{"admin", "nowhere/discard", ``, 404, "ingest.letter_unknown"},
	} {
		if status, a := send(t, "POST", srv.URL+"/api/v1/dead-letters/"+c.path, c.token, strings.NewReader(c.body), "Content-Type", js); status != c.status || a.Code != c.code {
			t.Errorf("%s %s: %d %+v, want %d %s", c.path, c.body, status, a, c.status, c.code)
		}
	}
	if get("viewer", "/dead-letters?state=open"); len(list.Letters) != 0 {
		t.Errorf("still open: %+v", list.Letters)
	}
	if status := get("viewer", "/quality-rules"); status != 200 || len(list.Rules) < 5 {
		t.Errorf("rules: %d %+v", status, list.Rules)
	}
}

func TestPush_RateLimitIsPerSource(t *testing.T) {
	r := newRoad(t)
	r.rate = 2
	r.close()
	r.open()
	srv := r.serve()
	other, err := r.sources.RotateToken(context.Background(), admin, "khac")
	if err != nil {
		t.Fatal(err)
	}
	codes := map[int]int{}
	for range 10 {
		status, _ := send(t, "POST", srv.URL+"/api/v1/ingest/nuoc", r.token, strings.NewReader("[]"))
		codes[status]++
	}
	if codes[429] == 0 || codes[200] < 4 {
		t.Errorf("answers %v", codes)
	}
	if status, a := send(t, "POST", srv.URL+"/api/v1/ingest/khac", other, strings.NewReader("[]")); status != 200 {
		t.Errorf("the other source: %d %+v", status, a)
	}
}
