package alert_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert"
	"openioc.org/ioc/internal/figure"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/live"
	"openioc.org/ioc/internal/store"
)

type shown struct {
	at     time.Time
	kind   string
	alerts []string
}

// watch reads a live topic as a browser does.
func watch(t *testing.T, base, who string) <-chan shown {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	req, _ := http.NewRequestWithContext(ctx, "GET", base+"/live?topics=alerts", nil)
	req.Header.Set("Authorization", "Bearer "+who)
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != 200 {
		t.Fatal(err, res)
	}
	t.Cleanup(func() { res.Body.Close() })
	out := make(chan shown, 10000)
	go func() {
		defer close(out)
		sc := bufio.NewScanner(res.Body)
		sc.Buffer(nil, 16<<20)
		for sc.Scan() {
			data, ok := strings.CutPrefix(sc.Text(), "data: ")
			if !ok {
				continue
			}
			var e struct {
				Data struct {
					Kind   string
					Alert  *alert.Alert
					Alerts []alert.Alert
				}
			}
			if json.Unmarshal([]byte(data), &e) != nil {
				continue
			}
			m := shown{at: time.Now(), kind: e.Data.Kind}
			if e.Data.Alert != nil {
				m.alerts = append(m.alerts, e.Data.Alert.Thing)
			}
			for _, a := range e.Data.Alerts {
				m.alerts = append(m.alerts, a.Thing)
			}
			out <- m
		}
	}()
	return out
}

func lively(t *testing.T) (*desk, string) {
	hub := live.New()
	d := open(t, storeOf(t), nil, func(o *alert.Options) { o.Hub = hub })
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = d.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	srv := httptest.NewServer(httpapi.Chain(http.HandlerFunc(hub.ServeHTTP), httpapi.Options{Authenticate: func(_ context.Context, token string) (access.Actor, bool) {
		for _, a := range []access.Actor{officer, haiChau, haiVan} {
			if a.ID == token {
				return a, true
			}
		}
		return access.Actor{}, false
	}}))
	t.Cleanup(srv.Close)
	t.Cleanup(hub.Close)
	return d, srv.URL
}

func TestLive_OneIsShownAtOnceToThoseWhomItConcerns(t *testing.T) {
	d, base := lively(t)
	all, mine, others := watch(t, base, "u-duty"), watch(t, base, "u-unit"), watch(t, base, "u-other")
	began := time.Now()
	d.fact(condition("T1", 3, time.Now()))
	for name, ch := range map[string]<-chan shown{"duty": all, "unit": mine} {
		select {
		case m := <-ch:
			if m.kind != "raised" || len(m.alerts) != 1 {
				t.Errorf("%s: %+v", name, m)
			}
			t.Logf("%s saw it after %v", name, m.at.Sub(began))
		case <-time.After(10 * time.Second):
			t.Fatalf("%s saw nothing", name)
		}
	}
	select {
	case m := <-others:
		t.Errorf("another unit saw %+v", m)
	case <-time.After(200 * time.Millisecond):
	}
}

func TestLive_AStormComesInBatches(t *testing.T) {
	d, base := lively(t)
	all := watch(t, base, "u-duty")
	const n = 1000
	began := time.Now()
	d.pour(storm(n, time.Now()))
	seen, messages := map[string]bool{}, 0
	for len(seen) < n {
		select {
		case m := <-all:
			messages++
			for _, a := range m.alerts {
				seen[a] = true
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("saw %d of %d", len(seen), n)
		}
	}
	if most := 2 + int(time.Since(began)/(50*time.Millisecond)); messages > most {
		t.Errorf("%d messages in %v", messages, time.Since(began))
	}
}

func TestLayer_OpenAlertsOfTheCaller(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.fact(condition("T1", 3, start), condition("T2", 4, start, "area", "20194"))
		l := d.Layers()[0]
		for who, want := range map[*access.Actor]int{&officer: 2, &haiChau: 1, {}: 0} {
			fs, err := l.Features(httpapi.WithActor(t.Context(), *who), start)
			if err != nil || len(fs) != want {
				t.Errorf("%s: %d features, %v", who.ID, len(fs), err)
			}
		}
		fs, err := l.Features(httpapi.WithActor(t.Context(), officer), start)
		if err != nil || fs[0].State != "emergency" || fs[0].Props["addressed"] != "Đơn vị 20194" {
			t.Errorf("%+v %v", fs[0], err)
		}
		d.do(officer, fs[0].ID, alert.Command{Verb: alert.Close, Reason: "x"})
		d.clk.Set(after(time.Hour))
		for at, want := range map[time.Duration]int{0: 1, time.Hour: 1} { // T2 was closed in the very instant of start
			if fs, err := l.Features(httpapi.WithActor(t.Context(), officer), after(at)); err != nil || len(fs) != want {
				t.Errorf("at %v: %d features, %v", at, len(fs), err)
			}
		}
	})
}

func TestIndicators(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		get := func(id string, scope figure.Scope, at time.Time) figure.Figure {
			t.Helper()
			for _, i := range d.Indicators() {
				if i.ID == id {
					f, err := i.Compute(t.Context(), scope, at)
					if err != nil {
						t.Fatal(err)
					}
					return f
				}
			}
			t.Fatalf("no indicator %s", id)
			return figure.Figure{}
		}
		if f := get("alert.time_to_acknowledge", figure.Scope{}, time.Time{}); f.Value != nil || f.Why == nil {
			t.Errorf("nothing was acknowledged: %+v", f)
		}
		d.fact(condition("T1", 2, start), condition("T2", 4, start, "area", "20194"), condition("T3", 3, start))
		if f := get("alert.open_grave", figure.Scope{}, time.Time{}); *f.Value != 2 || *f.Denominator != 3 || f.Severity != 4 || *f.Previous != 0 {
			t.Errorf("%+v", f)
		}
		if f := get("alert.unacknowledged", figure.Scope{Unit: "20194"}, time.Time{}); *f.Value != 1 {
			t.Errorf("%+v", f)
		}
		as := d.list(alert.Filter{})
		d.clk.Set(after(3 * time.Minute))
		d.do(officer, as[0].ID, alert.Command{Verb: alert.Acknowledge})
		d.clk.Set(after(6 * time.Minute))
		d.do(officer, as[1].ID, alert.Command{Verb: alert.Acknowledge})
		if f := get("alert.time_to_acknowledge", figure.Scope{}, time.Time{}); f.Value == nil || *f.Value != 4.5 {
			t.Errorf("%+v", f)
		}
		if f := get("alert.unacknowledged", figure.Scope{}, after(4*time.Minute)); *f.Value != 2 {
			t.Errorf("then: %+v", f)
		}
	})
}

func TestDissolvedUnit_ItsSuccessorGetsTheAlerts(t *testing.T) {
	dissolved := false
	d := one(t, func(o *alert.Options) {
		o.Successor = func(_ *store.Tx, unit string, _ time.Time) string {
			if dissolved && unit == "20242" {
				return "20257"
			}
			return unit
		}
	})
	d.fact(condition("T1", 1, start))
	d.do(officer, d.only().ID, alert.Command{Verb: alert.Dispatch})
	d.pass(11 * time.Second)
	d.told()
	dissolved = true
	d.pass(2 * time.Hour)
	if a := d.only(); a.Unit != "20257" || a.UnitName != "Đơn vị 20257" {
		t.Errorf("%+v", a)
	}
	if m := d.told(); len(m) != 1 || m[0].Unit != "20257" {
		t.Errorf("%+v", m)
	}
	d.fact(condition("T2", 1, after(time.Hour)))
	if a := d.list(alert.Filter{Thing: "T2"})[0]; a.Unit != "20257" {
		t.Errorf("a new one goes to %s", a.Unit)
	}
}

func TestBudget_NamesTheNoisiestRules(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for i := range 30 {
			d.fact(condition(fmt.Sprint("T", i), 2, d.clk.Now(), "rule", fmt.Sprint("r", min(i%3, 1))))
			d.clk.Set(d.clk.Now().Add(time.Minute))
		}
		for i, a := range d.list(alert.Filter{Rule: "r0"}) {
			verdict := []string{alert.VerdictFalse, alert.VerdictTrue}[i%2]
			d.do(officer, a.ID, alert.Command{Verb: alert.Verify, Verdict: verdict, Reason: "x"})
		}
		b, err := d.Budget(t.Context(), officer, 1)
		if err != nil || b.Alerts != 30 || b.Per10Min != 30./6/2 || b.State != "high" || len(b.Series) != 6 {
			t.Errorf("%+v %v", b, err)
		}
		if n := b.Noisiest; len(n) != 2 || n[0].Rule != "r1" || n[0].Precision != nil || n[1].FalseAlarms != 5 || *n[1].Precision != 0.5 || n[0].Name.Vi != "Ngập sâu" {
			t.Errorf("%+v", n)
		}
		if as, err := d.Confirmed(t.Context(), start, after(time.Hour)); err != nil || len(as) != 5 {
			t.Errorf("%d confirmed, %v", len(as), err)
		}
	})
}
