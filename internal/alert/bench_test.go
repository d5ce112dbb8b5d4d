package alert_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/outbox"
	"openioc.org/ioc/internal/store"
)

func storm(n int, at time.Time) []alertevent.Condition {
	cs := make([]alertevent.Condition, n)
	for i := range cs {
		cs[i] = condition(fmt.Sprint("T", i), alertevent.Severity(1+i%4), at, "rule", fmt.Sprint("r", i%100), "area", fmt.Sprint(20000+i%94))
	}
	return cs
}

// pour hands conditions over in batches of 128, as outbox.Follow does.
func (d *desk) pour(cs []alertevent.Condition) {
	facts := make([]outbox.Fact, len(cs))
	for i, c := range cs {
		facts[i] = outbox.Fact{ID: fmt.Sprint(i), Subject: alertevent.SubjectCondition + c.Rule, After: mustJSON(d.t, c)}
	}
	for len(facts) > 0 {
		n := min(128, len(facts))
		err := d.db.Write(d.t.Context(), access.System("alert"), func(tx *store.Tx) error {
			for _, f := range facts[:n] {
				if err := d.OnFact(tx, f); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			d.t.Fatal(err)
		}
		facts = facts[n:]
	}
}

// Ten thousand conditions of a storm, with everything they leave in the
// records except outbox and audit.
func BenchmarkStorm(b *testing.B) {
	for b.Loop() {
		d := one(b)
		d.pour(storm(10000, start))
		b.StopTimer()
		if page, err := d.List(b.Context(), officer, alert.Filter{Limit: 1}); err != nil || page.Total != 10000 {
			b.Fatalf("%d alerts, %v", page.Total, err)
		}
		b.StartTimer()
	}
}

func BenchmarkList10000(b *testing.B) {
	d := one(b)
	d.pour(storm(10000, start))
	_, base := serve(b, d)
	size := 0
	for b.Loop() {
		code, body := call(b, base, "u-duty", http.MethodGet, "/api/v1/alerts?limit=10000&open=true", "")
		if code != 200 {
			b.Fatal(code, body[:200])
		}
		size = len(body)
	}
	b.ReportMetric(float64(size)/1e6, "MB")
	var page struct{ Total int }
	_, body := call(b, base, "u-duty", http.MethodGet, "/api/v1/alerts?limit=1", "")
	if err := json.Unmarshal([]byte(body), &page); err != nil || page.Total != 10000 {
		b.Fatal(page, err)
	}
}

// What the list of the interface asks for.
func BenchmarkCompactList10000(b *testing.B) {
	d := one(b)
	d.pour(storm(10000, start))
	_, base := serve(b, d)
	size := 0
	for b.Loop() {
		code, body := call(b, base, "u-duty", http.MethodGet, "/api/v1/alerts?limit=10000&open=true&compact=true", "")
		if code != 200 {
			b.Fatal(code, body[:200])
		}
		size = len(body)
	}
	b.ReportMetric(float64(size)/1e6, "MB")
}
