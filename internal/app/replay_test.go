package app_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/app"
)

// printed keeps what the terminal would show and lets a test wait for a line.
type printed struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.buf.Write(b)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.buf.String()
}

// call sends and reads JSON as one of the demo's people.
func call(t *testing.T, method, url, token string, in, out any) {
	t.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(method, url, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s %s %v", method, url, res.Status, body, err)
	}
	if err := json.Unmarshal(body, out); err != nil {
		t.Fatalf("%s %s: %v in %.200s", method, url, err, body)
	}
}

func signIn(t *testing.T, base, user string) string {
	t.Helper()
	var s struct{ Token string }
	call(t, "POST", base+"/api/v1/session", "", map[string]string{"username": user, "password": password}, &s)
	return s.Token
}

// TestReplay_RaisesWhatTheFileSays plays the flood of October 2020 through the
// whole road. The alarm levels are crossed when the file of measured levels
// says (FSMaRT 2022, Lệ Thủy: alarm 3 is 2.70 m), and the back-test of each
// rule over the same span finds what live running raised, alert by alert.
func TestReplay_RaisesWhatTheFileSays(t *testing.T) {
	out := &printed{}
	base, admin := startWith(t, out, app.Options{Mode: app.Replay, Scenario: "nhatle-2020", Stay: true})
	for deadline := time.Now().Add(2 * time.Minute); !strings.Contains(out.String(), "Cảnh báo: "); {
		if time.Now().After(deadline) {
			t.Fatalf("the replay has not ended:\n%s", out)
		}
		time.Sleep(20 * time.Millisecond) // the line is printed by the replay's own goroutine
	}

	// What live running told, from the audit trail.
	live := map[string][]alertevent.Condition{}
	for cursor := ""; ; {
		var page struct {
			Entries []struct{ After alertevent.Condition }
			Next    string
		}
		call(t, "GET", base+"/api/v1/audit?entity=condition&limit=1000&cursor="+cursor, admin, nil, &page)
		for _, e := range page.Entries {
			live[e.After.Rule] = append(live[e.After.Rule], e.After)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	zone := time.FixedZone("", 7*3600)
	var levels []string
	for _, c := range slices.Backward(live["river-alarm"]) { // the trail lists the newest first
		if c.Place == "Lệ Thủy" || strings.HasPrefix(c.Title.Vi, "Lệ Thủy") {
			levels = append(levels, fmt.Sprint(c.At.In(zone).Format("02/01 15:04 "), int(c.Severity)))
		}
	}
	// Up at the reading that reaches the level, down at the reading 5 cm below it.
	want := []string{"07/10 22:00 2", "08/10 06:00 3", "08/10 08:00 4", "11/10 10:00 3", "12/10 16:00 4"}
	if len(levels) < len(want) || !slices.Equal(levels[:len(want)], want) {
		t.Errorf("Lệ Thủy\n got %q\nwant %q …", levels, want)
	}
	if !slices.Contains(levels, "17/10 05:00 4") {
		t.Errorf("Lệ Thủy never reached alarm 3 on 17/10 05:00: %q", levels)
	}

	duty := signIn(t, base, "duty")
	var rules struct {
		Rules []struct {
			ID      string
			Version int
			Selects int
		}
	}
	call(t, "GET", base+"/api/v1/rules", duty, nil, &rules)
	compared := 0
	for _, r := range rules.Rules {
		if r.Selects == 0 {
			continue
		}
		type firing struct {
			Thing    string
			From     time.Time
			To       *time.Time
			Severity int
		}
		var job struct {
			ID, State, Detail string
			Result            struct{ Firings []firing }
		}
		call(t, "POST", base+"/api/v1/rules/backtests", duty, map[string]any{"rule": r.ID, "version": r.Version,
			"from": "2020-10-04T17:00:00Z", "to": "2020-11-01T00:00:00Z"}, &job)
		for job.State == "" || job.State == "running" {
			call(t, "GET", base+"/api/v1/rules/backtests/"+job.ID, duty, nil, &job)
		}
		if job.State != "done" {
			t.Fatalf("back-test of %s: %s %s", r.ID, job.State, job.Detail)
		}
		var fromBacktest, fromLive []string
		line := func(f firing) string {
			to := "–"
			if f.To != nil {
				to = f.To.In(zone).Format("02/01 15:04:05")
			}
			return fmt.Sprint(f.From.In(zone).Format("02/01 15:04:05"), " ", f.Thing, " ", f.Severity, " ", to)
		}
		for _, f := range job.Result.Firings {
			fromBacktest = append(fromBacktest, line(f))
		}
		open := map[string]*firing{}
		for _, c := range slices.Backward(live[r.ID]) {
			f := open[c.Fingerprint]
			switch {
			case f == nil && c.Severity > 0:
				open[c.Fingerprint] = &firing{Thing: c.Thing, From: c.At, Severity: int(c.Severity)}
			case f == nil:
				t.Errorf("%s: %s ended at %s and had not begun", r.ID, c.Thing, c.At)
			case c.Severity == 0:
				f.To = &c.At
				fromLive = append(fromLive, line(*f))
				delete(open, c.Fingerprint)
			default:
				f.Severity = max(f.Severity, int(c.Severity))
			}
		}
		for _, f := range open {
			fromLive = append(fromLive, line(*f))
		}
		slices.SortFunc(fromBacktest, cmp.Compare)
		slices.SortFunc(fromLive, cmp.Compare)
		if !slices.Equal(fromBacktest, fromLive) {
			t.Errorf("%s: the back-test differs from live running\nback-test %q\n     live %q", r.ID, fromBacktest, fromLive)
		}
		compared += len(fromLive)
	}
	if compared < 50 {
		t.Errorf("only %d firings were compared", compared)
	}
	t.Logf("%d firings, each in live running and in the back-test", compared)
}
