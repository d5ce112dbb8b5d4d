package whole

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/test/harness"
)

// everyPage is one address of each sort that the program answers.
var everyPage = []string{
	"/", "/map", "/flood", "/stations/x", "/sources", "/sources/new", "/users", "/dead-letters", "/sign-in", "/no/such/page", "/lost.js",
	"/healthz", "/readyz", "/metrics", "/openapi.json", "/api/v1/session", "/api/v1/public/hello", "/api/v1/nothing", "/api/v1/layers",
	"/sta/v1.1", "/sta/v1.1/Things", "/sta/v1.1/Nothing", "/prometheus/api/v1/query?query=1", "/prometheus/api/v1/nothing",
	"/map/style/dark.json", "/map/style/none.json", "/map/data/coast.geojson", "/map/nothing", "/live?topics=none", "/api/v1/ingest/good",
}

// TestSafety_Pages: what every answer carries, and what no page holds.
func TestSafety_Pages(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	inline := regexp.MustCompile(`(?i)<script(>|\s[^>]*>)[^<]|<style|\sstyle=|\son[a-z]+=|javascript:|<base|http-equiv`)
	for _, path := range everyPage {
		for _, token := range []string{"", y.Token} {
			a := y.ask(t, "GET", path, token, "", "Origin", "https://evil.example")
			csp := a.Header.Get("Content-Security-Policy")
			for _, want := range []string{"default-src 'self'", "script-src 'self'", "style-src 'self'", "object-src 'none'", "base-uri '", "frame-ancestors 'none'", "form-action 'self'"} {
				if !strings.Contains(csp, want) {
					t.Errorf("%s: CSP lacks %s: %q", path, want, csp)
				}
			}
			if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") || strings.Contains(csp, "http:") {
				t.Errorf("%s: CSP %q", path, csp)
			}
			if a.Header.Get("X-Content-Type-Options") != "nosniff" || a.Header.Get("Referrer-Policy") == "" {
				t.Errorf("%s: headers %v", path, a.Header)
			}
			for name := range a.Header {
				if strings.HasPrefix(name, "Access-Control-") || name == "Server" || name == "X-Powered-By" {
					t.Errorf("%s: %s: %s", path, name, a.Header.Get(name))
				}
			}
			if a.Status >= 500 {
				t.Errorf("%s: %d %s", path, a.Status, clip(a.Body))
			}
			if strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") && inline.MatchString(a.Body) {
				t.Errorf("%s holds inline code or style: %s", path, inline.FindString(a.Body))
			}
			if strings.HasPrefix(path, "/api/v1/session") && a.Header.Get("Cache-Control") == "public" {
				t.Errorf("%s may be cached", path)
			}
		}
	}
	for _, method := range []string{"TRACE", "CONNECT", "OPTIONS", "PROPFIND", "DELETE"} {
		for _, path := range []string{"/", "/api/v1/users", "/metrics", "/map/style/dark.json"} {
			a, err := y.Ask(method, path, "", "")
			if err == nil && (a.Status < 400 || a.Status >= 500) {
				t.Errorf("%s %s: %d", method, path, a.Status)
			}
		}
	}
	y.goesOn(t)
}

// TestSafety_Cookie: what the cookie is, and what a foreign page can do with
// it.
func TestSafety_Cookie(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	signIn := fmt.Sprintf(`{"username":"admin","password":%q}`, harness.Password)
	a := y.ask(t, "POST", "/api/v1/session", "", signIn)
	cookies := (&http.Response{Header: a.Header}).Cookies()
	if len(cookies) != 1 {
		t.Fatalf("got %v", a.Header)
	}
	c := cookies[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge <= 0 {
		t.Errorf("cookie %v", a.Header["Set-Cookie"])
	}
	jar := c.Name + "=" + c.Value
	source := `{"id":"%s","name":"x","kind":"http_push","provenance":"real"}`
	for _, r := range []struct{ name, method, path, body string }{
		{"api", "POST", "/api/v1/sources", fmt.Sprintf(source, "csrf")},
		{"patch", "PATCH", "/api/v1/sources/good", `{"enabled":false}`},
		{"delete", "DELETE", "/api/v1/sources/good", ""},
		{"sensorthings", "POST", "/sta/v1.1/ObservedProperties", `{"@iot.id":"csrf","name":"x","definition":"x","description":"x"}`},
		{"sensorthings delete", "DELETE", "/sta/v1.1/Things('good-0')", ""},
		{"promql", "POST", "/prometheus/api/v1/query", "query=1"},
		{"sign out", "DELETE", "/api/v1/session", ""},
		{"own password", "POST", "/api/v1/me/password", `{"old":"x","new":"y"}`},
	} {
		for _, h := range [][]string{
			{"Cookie", jar},
			{"Cookie", jar, "Content-Type", "text/plain"}, // a form needs no preflight
			{"Cookie", jar, "Content-Type", "application/x-www-form-urlencoded", "Origin", "https://evil.example"},
			{"Cookie", jar, "X-IOC-CSRF", "1", "Origin", "https://evil.example"},
			{"Cookie", jar, "X-IOC-CSRF", "1", "Origin", "null"},
			{"Cookie", jar, "X-IOC-CSRF", "", "Origin", y.HTTP},
		} {
			if a := y.ask(t, r.method, r.path, "", r.body, h...); a.Status != 403 || a.Code != "request.csrf" {
				t.Errorf("%s with %v: %d %s", r.name, h[2:], a.Status, clip(a.Body))
			}
		}
	}
	if a := y.ask(t, "GET", "/api/v1/session", "", "", "Cookie", jar); a.Status != 200 {
		t.Fatalf("the cookie is worth nothing: %d", a.Status)
	}
	if a := y.ask(t, "POST", "/api/v1/sources", "", fmt.Sprintf(source, "own"), "Cookie", jar, "X-IOC-CSRF", "1", "Origin", y.HTTP); a.Status != 201 {
		t.Errorf("our own page: %d %s", a.Status, a.Body)
	}
	y.goesOn(t) // the source is still there
	if a := y.ask(t, "DELETE", "/api/v1/session", "", "", "Cookie", jar, "X-IOC-CSRF", "1"); a.Status != 204 || !strings.Contains(a.Header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("sign out: %d %v", a.Status, a.Header)
	}
	if a := y.ask(t, "GET", "/api/v1/session", "", "", "Cookie", jar); a.Status != 401 {
		t.Errorf("the session lives on after signing out: %d", a.Status)
	}
}

// injections are what finds its way into queries that are put together from
// text.
var injections = []string{
	`'`, `"`, `''`, `\`, `%`, `_`, `;`, `--`, "`", `' or '1'='1`, `x'; drop table thing; --`, `1; delete from source`, `') or 1=1 --`, `" or ""="`,
	`' union select password from user_account --`, `$1`, `{{7*7}}`, `${jndi:ldap://x}`, `<script>alert(1)</script>`, "\x00", "a\x00b", "\xff\xfe", "\n", `../../etc/passwd`,
	strings.Repeat("'", 1000), `or(1 eq 1)`, `phenomenonTime`, `𝕏`, "\u202e",
}

// TestSafety_Injection puts them wherever a text goes to the records or to a
// language of ours.
func TestSafety_Injection(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	leak := regexp.MustCompile(`(?i)sqlite|sql logic|syntax error|pq:|\bpgx\b|panic|goroutine|\.go:\d+|argon2|no such column|strconv\.|json: cannot`)
	requestID := regexp.MustCompile(`"request_id":"[^"]*"`) // random letters
	check := func(what string, a harness.Answer, wanted ...int) {
		t.Helper()
		if a.Status >= 500 || len(wanted) > 0 && !slices.Contains(wanted, a.Status) {
			t.Errorf("%s: %d %s", what, a.Status, clip(a.Body))
		}
		if a.Status >= 400 && a.Code == "" && !strings.Contains(a.Body, `"errorType"`) && strings.Contains(a.Header.Get("Content-Type"), "json") {
			t.Errorf("%s: no code: %s", what, clip(a.Body))
		}
		if m := leak.FindString(requestID.ReplaceAllString(a.Body, "")); m != "" {
			t.Errorf("%s tells of the inside (%s): %s", what, m, clip(a.Body))
		}
	}
	count := func() string {
		return y.ask(t, "GET", "/sta/v1.1/Things?$count=true&$top=0", y.Token, "").Body
	}
	before := count()
	for _, s := range injections {
		q, p := url.QueryEscape(s), url.PathEscape(s)
		quoted := url.PathEscape(strings.ReplaceAll(s, "'", "''"))
		for _, path := range []string{
			"/sta/v1.1/Things?$filter=" + q,
			"/sta/v1.1/Things?$filter=name%20eq%20'" + q + "'",
			"/sta/v1.1/Things?$filter=substringof('" + q + "',name)",
			"/sta/v1.1/Things?$filter=properties/" + q + "%20eq%201",
			"/sta/v1.1/Things?$filter=st_within(Locations/location,geography'" + q + "')",
			"/sta/v1.1/Observations?$filter=phenomenonTime%20gt%20" + q,
			"/sta/v1.1/Things?$orderby=" + q,
			"/sta/v1.1/Things?$orderby=name%20" + q,
			"/sta/v1.1/Things?$select=" + q,
			"/sta/v1.1/Things?$expand=" + q,
			"/sta/v1.1/Things?$expand=Datastreams($filter=" + q + ")",
			"/sta/v1.1/Things?$top=" + q,
			"/sta/v1.1/Things?$skip=" + q,
			"/sta/v1.1/Things?$skiptoken=" + q,
			"/sta/v1.1/Things?" + q,
			"/sta/v1.1/Things('" + quoted + "')",
			"/sta/v1.1/Things(" + p + ")",
			"/sta/v1.1/Datastreams('" + quoted + "')/Observations",
			"/sta/v1.1/" + p,
			"/prometheus/api/v1/query?query=" + q,
			"/prometheus/api/v1/query?query=water_level%7Bdatastream=%22" + q + "%22%7D",
			"/prometheus/api/v1/label/" + p + "/values",
			"/prometheus/api/v1/series?match[]=" + q,
			"/api/v1/search?q=" + q,
			"/api/v1/stations?q=" + q,
			"/api/v1/stations/" + p,
			"/api/v1/datastreams/" + p + "/series",
			"/api/v1/datastreams/good-0/series?agg=" + q,
			"/api/v1/datastreams/good-0/observations?cursor=" + q,
			"/api/v1/dead-letters?source=" + q,
			"/api/v1/dead-letters?before=" + q,
			"/api/v1/audit?limit=10&before=" + q,
			"/api/v1/sources/" + p,
			"/api/v1/layers/" + p,
			"/api/v1/indicators/" + p,
			"/api/v1/indicators/rain_max_24h?unit=" + q,
			"/api/v1/units?at=" + q,
			"/api/v1/export?datastreams=" + q,
			"/api/v1/exports/" + p,
			"/api/v1/overview?at=" + q,
			"/api/v1/public/hello?lang=" + q,
			"/live?topics=" + q,
		} {
			if strings.HasPrefix(path, "/live") {
				path += "x" // never one that exists: the stream would not end
			}
			check("GET "+path, y.ask(t, "GET", path, y.Token, ""))
		}
		body := fmt.Sprintf(`{"username":%s,"password":%s}`, quote(s), quote(s))
		check("sign in as "+s, y.ask(t, "POST", "/api/v1/session", "", body), 400, 401, 422, 429)
		check("source id "+s, y.ask(t, "POST", "/api/v1/sources", y.Token, fmt.Sprintf(`{"id":%s,"name":"x","kind":"http_push"}`, quote(s))), 400, 422)
		check("connector kind "+s, y.ask(t, "POST", "/api/v1/sources", y.Token, fmt.Sprintf(`{"id":"k","name":"x","kind":%s}`, quote(s))), 400, 422)
		check("device "+s, y.ask(t, "POST", "/api/v1/sources/good/devices", y.Token, fmt.Sprintf(`{"username":%s}`, quote(s))), 201, 400, 404, 409, 422)
		check("token "+s, y.ask(t, "GET", "/api/v1/users", "", "", "Cookie", "ioc_session="+url.QueryEscape(s)), 401)
	}
	if after := count(); after != before {
		t.Errorf("things before %s, after %s", before, after)
	}
	// Only what is asked for: an injected condition widens nothing.
	for _, f := range []string{`name eq 'x'' or ''1'' eq ''1'`, `name eq 'good-0''--'`} {
		if a := y.ask(t, "GET", "/sta/v1.1/Things?$filter="+url.QueryEscape(f), y.Token, ""); a.Status != 200 || !strings.Contains(a.Body, `"value":[]`) {
			t.Errorf("%s: %d %s", f, a.Status, clip(a.Body))
		}
	}
	if a := y.ask(t, "GET", "/api/v1/search?q="+url.QueryEscape(`' or '1'='1`), y.Token, ""); !strings.Contains(a.Body, `"results":[]`) {
		t.Errorf("search: %s", clip(a.Body))
	}
	// Errors of a language name the position.
	for path, position := range map[string]string{
		"/sta/v1.1/Things?$filter=name%20eq%20'x'%20drop%20table": "position 13",
		"/sta/v1.1/Things?$filter=(name%20eq%20'x'":               "position",
		"/sta/v1.1/Things?$orderby=name;drop":                     "position 5",
		"/sta/v1.1/Things?$expand=Datastreams($filter=x%20eq)":    "position",
		"/sta/v1.1/Things?$top=-1":                                "$top",
		"/prometheus/api/v1/query?query=rate(x[5m":                "position",
	} {
		a := y.ask(t, "GET", path, y.Token, "")
		if a.Status != 400 || !strings.Contains(a.Body, position) {
			t.Errorf("%s: %d %s", path, a.Status, clip(a.Body))
		}
	}
	y.goesOn(t)
	if a := y.ask(t, "GET", "/api/v1/audit/verify", y.Token, ""); a.Status != 200 || strings.Contains(a.Body, "broken") {
		t.Errorf("the trail: %s", a.Body)
	}
}

// TestSafety_DeepAndWide: questions and bodies that cost much more to answer
// than to ask.
func TestSafety_DeepAndWide(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	deep := strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000)
	lists := strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)
	expand := strings.Repeat("Datastreams($expand=Thing($expand=", 200) + "Datastreams" + strings.Repeat(")", 400)
	parens := strings.Repeat("(", 7000) + "1" + strings.Repeat(")", 7000)
	form := "application/x-www-form-urlencoded"
	preview := func(mapping string) string {
		return fmt.Sprintf(`{"kind":"http_push","mapping":%s,"raw":"[{\"a\":1},{\"a\":2}]"}`, mapping)
	}
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
		statuses                 []int
	}{
		{"config", "POST", "/api/v1/sources", `{"id":"deep","name":"x","kind":"http_push","config":` + deep + `}`, nil, []int{400, 413, 422}},
		{"preview", "POST", "/api/v1/connectors/preview", `{"kind":"http_push","mapping":` + lists + `,"raw":""}`, nil, []int{400, 422}},
		{"raw", "POST", "/api/v1/connectors/preview", `{"kind":"http_push","raw":` + quote(lists) + `}`, nil, []int{200}},
		{"deep insert", "POST", "/sta/v1.1/Things", `{"name":"x","description":"x","properties":` + deep + `}`, nil, []int{400}},
		{"data array", "POST", "/sta/v1.1/CreateObservations", lists, nil, []int{400}},
		{"entity with holes", "POST", "/sta/v1.1/Things", `{"name":1e400,"description":null}`, nil, []int{400, 422}},
		{"10 MB of JSON", "POST", "/api/v1/sources", `{"name":"` + strings.Repeat("x", 10_000_000) + `"}`, nil, []int{413}},
		{"11 MB for SensorThings", "POST", "/sta/v1.1/Things", `{"name":"` + strings.Repeat("x", 11<<20) + `"}`, nil, []int{413}},
		{"filter", "GET", "/sta/v1.1/Things?$filter=" + parens, "", nil, []int{400}},
		{"not not not", "GET", "/sta/v1.1/Things?$filter=" + strings.Repeat("not%20", 4000) + "true", "", nil, []int{400}},
		{"filter of 40 kB", "GET", "/sta/v1.1/Things?$filter=name%20eq%20'" + strings.Repeat("x", 40_000) + "'", "", nil, []int{400}},
		{"address of 100 kB", "GET", "/sta/v1.1/Things?$filter=" + strings.Repeat("x", 100_000), "", nil, []int{400, 431}},
		{"expand", "GET", "/sta/v1.1/Things?$expand=" + expand, "", nil, []int{400}},
		{"largest page", "GET", "/sta/v1.1/Things?$top=999999999999999999999", "", nil, []int{400, 200}},
		{"skip far", "GET", "/sta/v1.1/Things?$skip=9223372036854775807", "", nil, []int{400, 200}},
		{"parentheses", "GET", "/prometheus/api/v1/query?query=" + parens, "", nil, []int{200, 400, 422}},
		{"parentheses in a form", "POST", "/prometheus/api/v1/query", "query=" + strings.Repeat("(", 500_000) + "1" + strings.Repeat(")", 500_000), []string{"Content-Type", form}, []int{400}},
		{"signs in a form", "POST", "/prometheus/api/v1/query", "query=" + strings.Repeat("-", 1_000_000) + "1", []string{"Content-Type", form}, []int{400}},
		{"sums in a form", "POST", "/prometheus/api/v1/query", "query=1" + strings.Repeat("%2B1", 250_000), []string{"Content-Type", form}, []int{400}},
		{"too many steps", "GET", "/prometheus/api/v1/query_range?query=1&start=0&end=2000000000&step=0.001", "", nil, []int{400}},
		{"long search", "GET", "/api/v1/search?q=" + strings.Repeat("a", 50_000), "", nil, []int{400, 422}},
		{"chart of all time", "GET", "/api/v1/datastreams/good-0/series?from=0001-01-01T00:00:00Z&to=9999-12-31T00:00:00Z&points=2000000000", "", nil, []int{400, 422}},
		{"export of all time", "GET", "/api/v1/export?datastreams=good-0&from=0001-01-01T00:00:00Z&to=9999-12-31T00:00:00Z", "", nil, []int{200, 400, 413, 422}},
		{"mapping that counts", "POST", "/api/v1/connectors/preview", preview(`{"datastream":"\"x\"","value":"len(1..1000000000)"}`), nil, []int{200, 400, 422}},
		{"mapping that repeats", "POST", "/api/v1/connectors/preview", preview(`{"datastream":"\"x\"","value":"len(repeat(\"abcdefgh\", 100000000))"}`), nil, []int{200, 400, 422}},
		{"mapping that nests loops", "POST", "/api/v1/connectors/preview", preview(`{"datastream":"\"x\"","value":"sum(map(1..10000, sum(map(1..10000, #))))"}`), nil, []int{200, 400, 422}},
		{"mapping that squares", "POST", "/api/v1/connectors/preview", preview(`{"datastream":"\"x\"","value":"len(let a = \"0123456789\"; let b = a+a+a+a+a+a+a+a+a+a; let c = b+b+b+b+b+b+b+b+b+b; let d = c+c+c+c+c+c+c+c+c+c; let e = d+d+d+d+d+d+d+d+d+d; let f = e+e+e+e+e+e+e+e+e+e; let g = f+f+f+f+f+f+f+f+f+f; let h = g+g+g+g+g+g+g+g+g+g; let i = h+h+h+h+h+h+h+h+h+h; let j = i+i+i+i+i+i+i+i+i+i; let k = j+j+j+j+j+j+j+j+j+j; k)"}`), nil, []int{200, 400, 422}},
		{"mapping of 1 MB", "POST", "/api/v1/connectors/preview", preview(`{"datastream":"\"x\"","value":"1` + strings.Repeat("+1", 500_000) + `"}`), nil, []int{400, 422}},
		{"mapping that is deep", "POST", "/api/v1/connectors/preview", preview(`{"datastream":"\"x\"","value":"` + strings.Repeat("(", 2000) + "1" + strings.Repeat(")", 2000) + `"}`), nil, []int{200, 400, 422}},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			a := y.ask(t, c.method, c.path, y.Token, c.body, c.headers...)
			if !slices.Contains(c.statuses, a.Status) {
				t.Errorf("got %d %s", a.Status, clip(a.Body))
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
			if len(a.Body) > 1<<20 {
				t.Errorf("the answer has %d bytes", len(a.Body))
			}
			y.goesOn(t)
		})
	}
	// Senders that stop half way are no faults of ours.
	for _, path := range []string{"/sta/v1.1/Things", "/api/v1/sources", "/prometheus/api/v1/query", "/api/v1/ingest/good"} {
		token := y.Token
		if strings.Contains(path, "ingest") {
			token = y.good
		}
		conn, err := net.Dial("tcp", strings.TrimPrefix(y.HTTP, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{", path, token)
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || res.StatusCode < 400 || res.StatusCode >= 500 {
			t.Errorf("%s, cut off: %v %v", path, res, err)
		}
		conn.Close()
	}
	if mb := memoryPeak(t, y.City); mb > 512 {
		t.Errorf("questions took %d MB", mb)
	} else {
		t.Logf("memory peak %d MB", mb)
	}
	if err := y.Stop(); err != nil {
		t.Error(err)
	}
	if i := strings.Index(y.Log.String(), "level=ERROR"); i >= 0 {
		t.Errorf("bad questions are errors of ours in the log: %s", clip(y.Log.String()[i:]))
	}
}

func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) { // not json.Marshal: it would mend what is not UTF-8
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ':
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
