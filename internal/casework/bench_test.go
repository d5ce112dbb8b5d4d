package casework

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"openioc.org/ioc/internal/personal"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

func databases(b *testing.B) map[string]*store.DB {
	dbs := map[string]*store.DB{"sqlite": storetest.SQLite(b, nil)}
	if os.Getenv("IOC_TEST_POSTGRES") != "" {
		dbs["postgres"] = storetest.Postgres(b, nil)
	}
	return dbs
}

// lifeOf are the five messages of the n-th file, as a system sends them.
func lifeOf(n int) []Event {
	day := local("2025-01-06 08:00").AddDate(0, 0, n/8000).Add(time.Duration(n%8000) * time.Second)
	code := fmt.Sprintf("H17.19-%s-%06d", day.Format("060102"), n%1000000)
	unit := []string{"20242", "20194", "soxd"}[n%3]
	due := day.AddDate(0, 0, 7)
	at := func(hours int, p Patch) Event {
		return Event{System: "mc", Code: code, At: day.Add(time.Duration(hours) * time.Hour), Patch: p}
	}
	return []Event{
		at(0, Patch{State: ptr("2"), Received: &day, Due: &due, Procedure: ptr("1.004964"), ProcedureName: ptr("Cấp bản sao trích lục"), Field: ptr("HT"), FieldName: ptr("Hộ tịch"),
			Channel: ptr(Online), Unit: &unit, UnitName: ptr("Phường"), ApplicantName: ptr(personal.Name("Nguyễn Văn An")), ApplicantPhone: ptr(personal.Phone("0905123456")), ApplicantKind: ptr("person")}),
		at(3, Patch{State: ptr("4"), Officer: ptr("cb12"), Step: &Step{Name: "Thẩm định", Department: "Tư pháp"}}),
		at(24, Patch{State: ptr("4"), Step: &Step{Name: "Trình ký", Department: "Lãnh đạo"}}),
		at(72+n%200, Patch{State: ptr("9"), Finished: ptr(day.Add(time.Duration(72+n%200) * time.Hour)), Digitized: ptr(n%4 != 0)}),
		at(96+n%200, Patch{State: ptr("10"), Returned: ptr(day.Add(time.Duration(96+n%200) * time.Hour))}),
	}
}

// Durable with audit, as messages come: each call brings news of many files in
// all stages of their lives. ns/op is one call of 1,000 events.
func BenchmarkImport(b *testing.B) {
	for name, db := range databases(b) {
		b.Run(name, func(b *testing.B) {
			r := newRoom(b, db, nil)
			n, stage := 0, [5][]Event{}
			next := func() []Event {
				for len(stage[4]) < 200 {
					for range 200 {
						for i, e := range lifeOf(n) {
							stage[i] = append(stage[i], e)
						}
						n++
					}
				}
				var out []Event
				for i := range stage {
					k := 200
					out = append(out, stage[i][:k]...)
					stage[i] = stage[i][k:]
				}
				return out
			}
			ctx := context.WithoutCancel(b.Context())
			events := 0
			for b.Loop() {
				rep, err := r.Import(ctx, system, next())
				if err != nil {
					b.Fatal(err)
				}
				events += rep.New
			}
			b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
