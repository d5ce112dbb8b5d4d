package casework

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/personal"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

func databases(b *testing.B, clk *clock.Clock) map[string]*store.DB {
	dbs := map[string]*store.DB{"sqlite": storetest.SQLite(b, clk)}
	if os.Getenv("IOC_TEST_POSTGRES") != "" {
		dbs["postgres"] = storetest.Postgres(b, clk)
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
	for name, db := range databases(b, nil) {
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

// fillOpen writes n open files straight into the table, all running, due
// around now, over 130 units, 300 procedures and 15 fields.
func fillOpen(b *testing.B, db *store.DB, n int) {
	b.Helper()
	now := store.Micros(local("2026-03-10 09:00"))
	err := db.Keep(b.Context(), func(tx *store.Tx) error {
		if _, err := tx.Exec(fmt.Sprintf(`insert into case_file (%s)
			with recursive s(i) as (select 1 union all select i + 1 from s where i < %d)
			select i, 'H17.' || (10 + i %% 90) || '-260301-' || (1000000 + i), 'mc', '260301-' || (1000000 + i), 'p' || (i %% 300), 'p' || (i %% 300), 'Thủ tục', 'f' || (i %% 15), 'Lĩnh vực', case i %% 3 when 0 then 'direct' when 1 then 'online' else 'post' end,
				'u' || (i %% 130), 'u' || (i %% 130), 'u', '', 'cb' || (i %% 700), '', '', 'processing', '4', 'running',
				%d - cast(i %% 1000000 as bigint) * 900000, %d + cast(i %% 200000 - 500 as bigint) * 3600000, %d, 0, 1, 0, 0, 0, 0, 0,
				0, -1, 0, case when i %% 50 = 0 then ',unknown_unit,' else '' end, 'Thẩm định', '', '{"d":[{"version":1,"due":"2026-03-12T10:00:00Z","from":"2026-03-01T01:00:00Z","kind":"given","reason":"","by":"mc"}],"t":[{"at":"2026-03-01T01:00:00Z","state":"processing"}]}', %d, 1, i, 1
			from s`, strings.Join(fileColumns, ", "), n, now, now, now, now)); err != nil {
			return err
		}
		if tx.Dialect() == store.Postgres { // what autovacuum does a minute later
			_, err := tx.Exec("analyze case_file")
			return err
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// many is how many files the benchmarks of large tables write; a busy machine
// may want fewer (IOC_BENCH_FILES).
func many() int {
	if n, err := strconv.Atoi(os.Getenv("IOC_BENCH_FILES")); err == nil {
		return n
	}
	return 1_000_000
}

// All open files by class, of a million.
func BenchmarkSweep(b *testing.B) {
	clk := clock.Manual(morning)
	for name, db := range databases(b, clk) {
		r := newRoom(b, db, clk)
		fillOpen(b, db, many())
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				got, err := r.Sweep(b.Context(), morning)
				if err != nil || got[InTime]+got[NearDue]+got[Overdue] != many() {
					b.Fatal(got, err)
				}
			}
		})
		for what, f := range map[string]Filter{
			"all": {}, "overdue": {Classes: []Class{Overdue}, Sort: SortDue}, "unit": {Unit: "u7", Sort: SortReceived}, "unit near due": {Unit: "u7", Classes: []Class{NearDue}, Sort: SortDue},
			"field": {Field: "f3", Classes: []Class{Overdue}}, "procedure": {Procedure: "p7"}, "code": {Q: "260301-10004"}, "name": {Q: "thu tuc"}, "officer": {Officer: "cb12"}, "problem": {Problem: "unknown_unit"}, "post": {Channel: "post", Sort: SortDue},
		} {
			b.Run(name+"/list "+what, func(b *testing.B) {
				for b.Loop() {
					if _, err := r.List(b.Context(), leader, f); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
