package alert_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/duty"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/outbox"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

var (
	start    = time.Date(2026, 10, 15, 2, 0, 0, 0, time.UTC)
	officer  = access.Actor{ID: "u-duty", Name: "Trực ban", Roles: []access.Role{access.Duty}}
	officer2 = access.Actor{ID: "u-duty2", Name: "Trưởng ca", Roles: []access.Role{access.Duty}}
	leader   = access.Actor{ID: "u-leader", Name: "Chủ tịch", Roles: []access.Role{access.Leader}}
	haiChau  = access.Actor{ID: "u-unit", Name: "Phường Hải Châu", Roles: []access.Role{access.Unit}, Unit: "20242"}
	haiVan   = access.Actor{ID: "u-other", Name: "Phường Hải Vân", Roles: []access.Role{access.Unit}, Unit: "20194"}
)

// desk is a service with everything around it that it needs.
type desk struct {
	*alert.Service
	t   testing.TB
	db  *store.DB
	clk *clock.Clock

	mu   sync.Mutex
	sent []notify.Message
	keys map[string]bool
	n    int
}

func open(t testing.TB, db *store.DB, clk *clock.Clock, change ...func(*alert.Options)) *desk {
	t.Helper()
	d := &desk{t: t, db: db, clk: clk, keys: map[string]bool{}}
	o := alert.Options{
		Store: db, Clock: clk, Wall: clk, Notify: d.notify,
		Recipients: func(_ *store.Tx, q duty.Query) (duty.Address, error) {
			unit := q.Unit
			if unit == "" {
				unit = duty.IOC
			}
			return duty.Address{Unit: unit, To: []notify.Recipient{{User: fmt.Sprintf("%s/%d", unit, q.Level), Level: q.Level}}}, nil
		},
		Responsible: func(_ *store.Tx, _, area string, _ time.Time) (string, msg.Text, error) { return area, msg.Text{}, nil },
		UnitName:    func(code string, _ time.Time) string { return "Đơn vị " + code },
		AreaName:    func(code string) string { return "Phường " + code },
		Readiness:   func(source string) any { return map[string]any{"source": source, "level": "A"} },
	}
	for _, c := range change {
		c(&o)
	}
	s, err := alert.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	d.Service = s
	return d
}

// each opens a desk on every database, on a clock that stands at start.
func each(t *testing.T, test func(t *testing.T, d *desk)) {
	storetest.EachOptions(t, func(t *testing.T, o store.Options) {
		clk := clock.Manual(start)
		o.Clock = clk
		db, err := store.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		test(t, open(t, db, clk))
	})
}

// one opens a desk on SQLite.
func one(t testing.TB, change ...func(*alert.Options)) *desk {
	clk := clock.Manual(start)
	return open(t, storetest.SQLite(t, clk), clk, change...)
}

func (d *desk) notify(tx *store.Tx, m notify.Message) error {
	tx.After(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.keys[m.Key] {
			d.t.Errorf("key %s was used twice", m.Key)
		}
		d.keys[m.Key] = true
		d.sent = append(d.sent, m)
	})
	return nil
}

// told returns what was sent since the last call.
func (d *desk) told() []notify.Message {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := d.sent
	d.sent = nil
	return out
}

func (d *desk) pass(by time.Duration) {
	d.t.Helper()
	d.clk.Set(d.clk.Now().Add(by))
	d.sweep()
}

func (d *desk) sweep() {
	d.t.Helper()
	if _, err := d.Sweep(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
}

// condition is a rise of water at a tower.
func condition(thing string, sev alertevent.Severity, at time.Time, labels ...string) alertevent.Condition {
	v, lon, lat := 0.2*float64(sev), 108.2, 16.07
	c := alertevent.Condition{
		Fingerprint: "depth|" + thing, Kind: alertevent.KindRule, Service: "flood", Rule: "depth", RuleVersion: 3,
		RuleName: msg.Text{Vi: "Ngập sâu", En: "Deep water"}, Title: msg.Text{Vi: "Ngập tại " + thing, En: "Water at " + thing},
		Text: msg.Text{Vi: "Đường ngập", En: "The street is under water"}, Severity: sev, Since: at, At: at, Thing: thing, Place: "Đường Quang Trung",
		Lon: &lon, Lat: &lat, Area: "20242", Value: &v, UnitSymbol: "m", Labels: map[string]string{"source": "towers", "property": "flood_depth"},
		Evidence: json.RawMessage(`{"rule":"depth","points":[{"t":1,"v":0.25}]}`),
	}
	for i := 0; i+1 < len(labels); i += 2 {
		switch k, v := labels[i], labels[i+1]; k {
		case "rule":
			c.Rule, c.Fingerprint = v, v+"|"+thing
		case "area":
			c.Area = v
		default:
			c.Labels[k] = v
		}
	}
	return c
}

// fact hands conditions over as the outbox does.
func (d *desk) fact(cs ...alertevent.Condition) {
	d.t.Helper()
	err := d.db.Write(d.t.Context(), access.System("alert"), func(tx *store.Tx) error {
		for _, c := range cs {
			raw, err := json.Marshal(c)
			if err != nil {
				return err
			}
			d.n++
			if err := d.OnFact(tx, outbox.Fact{ID: fmt.Sprint("f", d.n), Subject: alertevent.SubjectCondition + c.Rule, After: raw}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) list(f alert.Filter) []alert.Alert {
	d.t.Helper()
	page, err := d.List(d.t.Context(), officer, f)
	if err != nil {
		d.t.Fatal(err)
	}
	out := make([]alert.Alert, len(page.Alerts))
	for i, raw := range page.Alerts {
		if err := json.Unmarshal(raw, &out[i]); err != nil {
			d.t.Fatal(err)
		}
	}
	return out
}

// only is the one alert there is.
func (d *desk) only() alert.Alert {
	d.t.Helper()
	as := d.list(alert.Filter{})
	if len(as) != 1 {
		d.t.Fatalf("%d alerts", len(as))
	}
	return as[0]
}

func (d *desk) do(actor access.Actor, id string, c alert.Command) alert.Alert {
	d.t.Helper()
	a, err := d.Do(d.t.Context(), actor, id, c)
	if err != nil {
		d.t.Fatalf("%s: %v", c.Verb, err)
	}
	return a
}

func (d *desk) detail(actor access.Actor, id string) alert.Detail {
	d.t.Helper()
	det, err := d.Detail(context.Background(), actor, id)
	if err != nil {
		d.t.Fatal(err)
	}
	return det
}

func steps(d alert.Detail) (out []string) {
	for _, e := range d.Timeline {
		out = append(out, string(e.Step))
	}
	return out
}

func after(d time.Duration) time.Time { return start.Add(d) }

func yes() *bool { b := true; return &b }
func no() *bool  { b := false; return &b }

func mustJSON(t testing.TB, v any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func storeOf(t testing.TB) *store.DB {
	t.Helper()
	return storetest.SQLite(t, nil)
}
