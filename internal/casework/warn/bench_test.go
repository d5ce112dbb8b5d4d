package warn_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/casework/warn"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
	"openioc.org/ioc/internal/workcal"
)

// eachBench runs a benchmark on SQLite and, where a server is named, on
// PostgreSQL.
func eachBench(b *testing.B, bench func(b *testing.B, db *store.DB, clk *clock.Clock)) {
	for name, open := range map[string]func(testing.TB, *clock.Clock) *store.DB{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		if name == "postgres" && os.Getenv("IOC_TEST_POSTGRES") == "" {
			continue
		}
		b.Run(name, func(b *testing.B) {
			clk := clock.Manual(at("2026-03-02 08:00"))
			bench(b, open(b, clk), clk)
		})
	}
}

func benchRoom(b *testing.B, db *store.DB, clk *clock.Clock) (*casework.Service, *warn.Service) {
	b.Helper()
	box, err := notify.New(b.Context(), notify.Options{Store: db, Clock: clk})
	if err != nil {
		b.Fatal(err)
	}
	cases, err := casework.New(b.Context(), casework.Options{Store: db, Clock: clk, Calendar: func() *workcal.Calendar { return calendar }})
	if err != nil {
		b.Fatal(err)
	}
	w, err := warn.New(b.Context(), warn.Options{Store: db, Clock: clk, Cases: cases, Calendar: func() *workcal.Calendar { return calendar }, Notify: box, Recipients: recipients})
	if err != nil {
		b.Fatal(err)
	}
	return cases, w
}

// BenchmarkSweep_NothingDue is a round over a million open files of which none
// is due.
func BenchmarkSweep_NothingDue(b *testing.B) { eachBench(b, nothingDue) }

func nothingDue(b *testing.B, db *store.DB, clk *clock.Clock) {
	_, w := benchRoom(b, db, clk)
	if err := db.Keep(b.Context(), func(tx *store.Tx) error {
		const rows = 500
		for i := 0; i < 1_000_000; i += rows {
			var q strings.Builder
			q.WriteString("insert into case_watch values ")
			for j := range rows {
				if j > 0 {
					q.WriteByte(',')
				}
				at := store.Micros(at("2026-04-02 08:00")) + int64(i+j)*1_000_000
				fmt.Fprintf(&q, "('x%d', %d, %d, 1, 0, 0, 0, 0, 0)", i+j, at, at)
			}
			if _, err := tx.Exec(q.String()); err != nil {
				return err
			}
		}
		for _, x := range []string{"stamp", "walk"} { // settled: nothing has changed
			if _, err := tx.Exec("delete from case_warn_state where name = $1", x); err != nil {
				return err
			}
		}
		_, err := tx.Exec("insert into case_warn_state (name, value) values ('stamp', $1)", w.Stamp())
		return err
	}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := w.Sweep(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSweep_AllDue is the warning of files that all fall due in one
// instant, with their facts and messages.
func BenchmarkSweep_AllDue(b *testing.B) { eachBench(b, allDue) }

func allDue(b *testing.B, db *store.DB, clk *clock.Clock) {
	const files = 1000
	cases, w := benchRoom(b, db, clk)
	due := at("2026-03-05 17:00")
	clk.Set(at("2026-03-02 09:00"))
	n := 0
	for b.Loop() {
		b.StopTimer()
		due = due.Add(72 * time.Hour)
		evs := make([]casework.Event, files)
		for i := range evs {
			n++
			p := received("2026-03-10 17:00")
			p.Due = &due
			evs[i] = casework.Event{System: "mot-cua", Code: fmt.Sprintf("H17.19-260302-%06d", n), At: clk.Now(), Seen: clk.Now(), Patch: p}
		}
		if _, err := cases.Import(b.Context(), connect, evs); err != nil {
			b.Fatal(err)
		}
		clk.Set(due.Add(-23 * time.Hour))
		b.StartTimer()
		if _, err := w.Sweep(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/files, "µs/file")
}

// BenchmarkImport is what warnings add to an import of new files.
func BenchmarkImport(b *testing.B) {
	for _, with := range []bool{false, true} {
		b.Run(fmt.Sprintf("warn=%v", with), func(b *testing.B) {
			clk := clock.Manual(at("2026-03-02 08:00"))
			db := storetest.SQLite(b, clk)
			cases, err := casework.New(b.Context(), casework.Options{Store: db, Clock: clk, Calendar: func() *workcal.Calendar { return calendar }})
			if err != nil {
				b.Fatal(err)
			}
			if with {
				if _, err := warn.New(b.Context(), warn.Options{Store: db, Clock: clk, Cases: cases, Calendar: func() *workcal.Calendar { return calendar }}); err != nil {
					b.Fatal(err)
				}
			}
			n := 0
			for b.Loop() {
				evs := make([]casework.Event, casework.MostEvents)
				for i := range evs {
					n++
					evs[i] = casework.Event{System: "mot-cua", Code: fmt.Sprintf("H17.19-260302-%06d", n), At: clk.Now(), Seen: clk.Now(), Patch: received("2026-03-10 17:00")}
				}
				if _, err := cases.Import(b.Context(), connect, evs); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
