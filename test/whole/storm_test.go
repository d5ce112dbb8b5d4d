package whole

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"openioc.org/ioc/test/harness"
)

// stormRule fires for every station of the storm at 1 m.
const stormRule = `{"name":{"vi":"Bão cảnh báo","en":"Storm"},"service":"flood","kind":"threshold","expr":"","where":{"property":"water_level","source":"storm"},
"levels":[{"severity":3,"raise":">= 1","clear":"< 0.5"}],
"message":{"title":{"vi":"{name}: {value} m","en":"{name}: {value} m"},"text":{"vi":"{name} ở mức {value} m","en":"{name} at {value} m"}}}`

// sink is a receiver of webhooks that remembers every call.
type sink struct {
	*httptest.Server
	mu    sync.Mutex
	calls map[string]int    // by idempotency key
	body  map[string]string // the first of each key
	topic map[string]string // of each message
	other []string          // a key that came again with another body
}

func newSink(t *testing.T) *sink {
	s := &sink{calls: map[string]int{}, body: map[string]string{}, topic: map[string]string{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		key := r.Header.Get("Idempotency-Key")
		var event struct{ Data struct{ Key, Topic string } }
		_ = json.Unmarshal(raw, &event)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.calls[key]++
		if first, ok := s.body[key]; ok && first != event.Data.Key {
			s.other = append(s.other, key)
		}
		s.body[key] = event.Data.Key
		s.topic[event.Data.Key] = event.Data.Topic
	}))
	t.Cleanup(s.Close)
	return s
}

// adopt brings a rule into force: duty writes it, the head of the IOC
// approves it.
func adopt(c *harness.City, duty, lead, rule string) (id string, err error) {
	var made struct {
		ID      string
		Version int
	}
	if err := c.DoAs(duty, "POST", "/api/v1/rules", rule, &made); err != nil {
		return "", fmt.Errorf("draft: %w", err)
	}
	if err := c.DoAs(duty, "POST", "/api/v1/rules/"+made.ID+"/submit", map[string]any{"confirm": true}, nil); err != nil {
		return "", fmt.Errorf("submit: %w", err)
	}
	if err := c.DoAs(lead, "POST", "/api/v1/rules/"+made.ID+"/approve", map[string]any{"version": made.Version, "confirm": true}, nil); err != nil {
		return "", fmt.Errorf("approve: %w", err)
	}
	return made.ID, nil
}

type stormAlert struct {
	ID, Datastream, State string
	Active                bool
	Escalation            struct{ Level int }
	Times                 struct {
		AcknowledgeBy *time.Time `json:"acknowledge_by"`
		Late          []string
	}
}

func alertsOf(c *harness.City, token, rule string) (list []stormAlert, err error) {
	for cursor := ""; ; {
		var page struct {
			Alerts []stormAlert
			Next   string
		}
		if err := c.DoAs(token, "GET", "/api/v1/alerts?limit=10000&sort=raised&rule="+rule+"&cursor="+cursor, nil, &page); err != nil {
			return nil, err
		}
		list = append(list, page.Alerts...)
		if cursor = page.Next; cursor == "" {
			return list, nil
		}
	}
}

// TestStorm lets every station of a source cross its threshold within a
// minute while the program is killed at random instants (2 kills and 600
// stations; IOC_KILLS=20 IOC_STORM=10000 for the full measurement, which also
// waits for the escalations). Afterwards there is one alert for each station,
// none lost and none doubled, every message was delivered, only those in
// flight at a kill twice and under their own key, and people were not flooded.
func TestStorm(t *testing.T) {
	kills, stations := 2, 600
	full := os.Getenv("IOC_KILLS") != ""
	if full {
		kills, _ = strconv.Atoi(os.Getenv("IOC_KILLS"))
	}
	if s := os.Getenv("IOC_STORM"); s != "" {
		stations, _ = strconv.Atoi(s)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Minute)
	defer cancel()
	config := filepath.Join(t.TempDir(), "ioc.toml")
	if err := os.WriteFile(config, []byte("[pull]\nallow_private = [\"127.0.0.1/32\"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := harness.Start(ctx, binary, t.TempDir(), "serve", "--config", config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		c.Kill()
		if log := c.Log.String(); t.Failed() && log != "" {
			t.Logf("what the program said last:\n%s", log[max(0, len(log)-8000):])
		}
	}()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	duty, err := c.Person("truc", "duty", "")
	must(err)
	lead, err := c.Person("lanhdao", "ioc_leader", "")
	must(err)
	hook := newSink(t)
	must(c.Do("POST", "/api/v1/notify/channels", map[string]any{"name": "sink", "kind": "webhook", "enabled": true, "config": map[string]any{"url": hook.URL, "secret": "storm-secret"}}, nil))
	token, err := c.CreateDenseSource("storm", stations, max(1, stations/500), time.Minute) // 500 stations at least
	must(err)
	rule, err := adopt(c, duty, lead, stormRule)
	must(err)
	if full {
		var settings map[string]any
		must(c.DoAs(duty, "GET", "/api/v1/alerts/settings", nil, &settings))
		settings["times"] = append(settings["times"].([]any), map[string]any{"severity": 3, "acknowledge_minutes": 1, "dispatch_minutes": 600, "answer_minutes": 600,
			"escalate": []any{map[string]any{"after_minutes": 0, "level": 2}}, "from": time.Now().Add(-time.Hour).UTC()})
		must(c.DoAs(duty, "PUT", "/api/v1/alerts/settings", settings, nil))
	}

	must(waitFor(ctx, func() (bool, error) { // what making the stations said is not part of the storm
		left, err := c.Metric("ioc_outbox_pending", "")
		return left == 0, err
	}))

	began := time.Now()
	stop := make(chan struct{})
	sent := make(chan error, 1)
	go func() { sent <- blow(c, token, stations, stop) }()
	for k := range kills {
		select { // the random instant is what is tested
		case <-time.After(time.Duration(200+rand.IntN(1500)) * time.Millisecond):
		case <-ctx.Done():
			t.Fatal(ctx.Err())
		}
		c.Kill()
		if err := c.Restart(ctx); err != nil {
			t.Fatalf("after kill %d: %v", k+1, err)
		}
	}
	select {
	case err := <-sent:
		must(err)
	case <-ctx.Done():
		t.Fatal(ctx.Err())
	}
	took := time.Since(began)
	duty, err = c.SignIn("truc", harness.Password)
	must(err)

	var list []stormAlert
	settled := waitFor(ctx, func() (bool, error) {
		if list, err = alertsOf(c, duty, rule); err != nil || len(list) < stations {
			return false, err
		}
		left, err := c.Metric("ioc_outbox_pending", "")
		return left == 0, err
	})
	if settled != nil {
		t.Logf("%d alerts are there", len(list))
		for _, name := range []string{"ioc_outbox_pending", "ioc_rule_active", "ioc_rule_lag_seconds", "ioc_ingest_in_flight"} {
			v, err := c.Metric(name, "")
			t.Logf("%s %v %v", name, v, err)
		}
	}
	count := map[string]int{}
	for _, a := range list {
		count[a.Datastream]++
	}
	for i := range stations {
		if n := count[fmt.Sprintf("storm-%d", i)]; n != 1 {
			t.Errorf("storm-%d has %d alerts", i, n)
		}
	}
	must(settled)

	// Everything that was to be said was said.
	var log struct {
		Deliveries []struct{ ID, State, Message string }
		Counts     map[string]int
	}
	read := func() (bool, error) {
		err := c.Do("GET", "/api/v1/notify/deliveries?limit=1000", nil, &log)
		return err == nil && log.Counts["waiting"] == 0 && log.Counts["sending"] == 0 && len(log.Deliveries) > 0, err
	}
	must(waitFor(ctx, read))
	// Not escalations: in the full run the first alerts are late before the
	// last have come.
	hook.mu.Lock()
	messages, escalations := 0, 0
	for _, topic := range hook.topic {
		if topic == "escalation" {
			escalations++
		} else {
			messages++
		}
	}
	hook.mu.Unlock()
	t.Logf("%d messages and %d escalations when all was said", messages, escalations)
	if messages == 0 || messages > 50 {
		t.Errorf("%d messages for %d alerts, wanted 1 to 50", messages, stations)
	}
	if full {
		must(waitFor(ctx, func() (bool, error) {
			if list, err = alertsOf(c, duty, rule); err != nil {
				return false, err
			}
			for _, a := range list {
				if a.Escalation.Level < 2 {
					return false, nil
				}
			}
			return true, nil
		}))
		must(waitFor(ctx, read))
	}
	for _, a := range list {
		if !a.Active || a.State != "new" || a.Times.AcknowledgeBy == nil && len(a.Times.Late) == 0 {
			t.Fatalf("alert of %s is %+v: it waits for nobody", a.Datastream, a)
		}
	}
	hook.mu.Lock()
	defer hook.mu.Unlock()
	again := 0
	for _, d := range log.Deliveries {
		n, toHook := hook.calls[d.ID]
		if toHook && d.State != "sent" {
			t.Errorf("delivery %s arrived and is %s", d.ID, d.State)
		}
		again += max(0, n-1)
	}
	if again > kills {
		t.Errorf("%d deliveries went out again, more than the %d kills can have caught in flight", again, kills)
	}
	if len(hook.other) > 0 || hook.calls[""] > 0 {
		t.Errorf("keys that stand for two messages: %v; calls without a key: %d", hook.other, hook.calls[""])
	}
	keys := map[string]bool{}
	for id := range hook.calls {
		if keys[hook.body[id]] {
			t.Errorf("message %s was delivered to the hook under two keys", hook.body[id])
		}
		keys[hook.body[id]] = true
	}
	t.Logf("%d stations in %s with %d kills: %d alerts, %d messages, %d deliveries went out again", stations, took.Round(time.Second), kills, len(list), len(keys), again)
}

// blow sends 2 m for every station, 100 a body spread over 60 s in a full
// storm, and each again until it is acknowledged.
func blow(c *harness.City, token string, stations int, stop <-chan struct{}) error {
	const body = 100
	pause := min(600*time.Millisecond, 60*time.Second/time.Duration(max(1, stations/body)))
	at := time.Now().UTC().Truncate(time.Second)
	for first := 0; first < stations; first += body {
		batch := make([]harness.Observation, 0, body)
		for i := first; i < min(first+body, stations); i++ {
			batch = append(batch, harness.Observation{Datastream: fmt.Sprintf("storm-%d", i), Time: at, Value: 2})
		}
		for tries := 0; ; tries++ {
			err := c.DoAs(token, "POST", "/api/v1/ingest/storm", batch, nil)
			if err == nil {
				break
			}
			if tries > 600 {
				return err
			}
			select {
			case <-stop:
				return err
			case <-time.After(100 * time.Millisecond): // the city is down
			}
		}
		select {
		case <-stop:
			return nil
		case <-time.After(pause):
		}
	}
	return nil
}

// waitFor asks until ok, for ten minutes at most.
func waitFor(ctx context.Context, ok func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	for {
		done, err := ok()
		if done {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not within ten minutes (%v)", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
