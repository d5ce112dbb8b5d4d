package feed

import (
	"fmt"
	"os"
	"slices"
	"sort"
	"testing"
	"time"

	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/casework/wabotest"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/store/storetest"
)

// waboLive reads the log as its municipality had it: a row is told when it
// happens, and says only what was known then.
const waboLive = `{
	"code": {"column": "case:concept:name"}, "key": {"column": "concept:instance"}, "at": {"column": "time:timestamp"},
	"received": {"column": "case:startdate"}, "due": {"column": "case:deadline"}, "planned": {"column": "case:enddate_planned"}, "finished": {"column": "case:enddate"},
	"state": {"expr": "(record[\"case:enddate\"] ?? \"\") == \"\" ? \"4\" : \"9\""},
	"channel": {"column": "case:channel"}, "unit": {"column": "case:department"}, "officer": {"column": "case:responsible"},
	"step_name": {"column": "concept:name"}, "step_department": {"column": "org:group"}, "step_officer": {"column": "org:resource"}, "step_from": {"column": "time:timestamp"}, "step_until": {"column": "time:timestamp"},
	"constants": {"procedure": "WABO", "procedure_name": "Giấy phép môi trường (WABO)"}
}`

// told1 is a row and the instant at which it came.
type told1 struct {
	at  time.Time
	row []string
}

func instantOf(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04:05.999999Z07:00", s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// live makes of the exported log what came hour by hour: the log's own rows,
// without an end that had not come yet, and one row more at the end of each
// case, which the export does not have as a step.
func live(t testing.TB) []told1 {
	t.Helper()
	header, rows := wabotest.Rows(t)
	column := func(name string) int { return slices.Index(header, name) }
	end, stamp, code, instance, name := column("case:enddate"), column("time:timestamp"), column("case:concept:name"), column("concept:instance"), column("concept:name")
	var out []told1
	ended := map[string]bool{}
	for _, r := range rows {
		at := instantOf(t, r[stamp])
		r = slices.Clone(r)
		if r[end] != "" {
			over := instantOf(t, r[end])
			if !ended[r[code]] {
				ended[r[code]] = true
				last := slices.Clone(r)
				last[instance], last[stamp], last[name] = "end-"+r[code], r[end], ""
				out = append(out, told1{over, last})
			}
			if at.Before(over) {
				r[end] = ""
			}
		}
		out = append(out, told1{at, r})
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].at.Before(out[j].at) })
	return out
}

// The log is replayed on a virtual clock: each hour the rows of that hour
// appear in the municipality's table and the feed polls it. The first year
// goes by in days, so that the test is short; IOC_TEST_REPLAY=hourly plays all
// 11,480 hours. At every month's
// end the classes are what the log's own instants say; nobody knows an end
// before it happened; and in the end the answers are the known ones.
func TestReplayWABO(t *testing.T) {
	foreignDB, c := foreign(t)
	waboTable(t, foreignDB)
	rows := live(t)
	clk := clock.Manual(rows[0].at.Truncate(time.Hour))
	r := newRoom(t, storetest.SQLite(t, clk), clk)
	c.Query, c.Watermark, c.Key, c.PageRows = `select * from wabo`, "time:timestamp", "concept:instance", 500
	sys := r.system(KindSQL, configOf(t, c), waboLive)
	w := casework.Window{Mode: casework.CalendarHours, Hours: 24, Calendar: calendar}
	hourly := time.Date(2011, 10, 15, 0, 0, 0, 0, time.UTC)
	hours, rounds, read, month := 0, 0, 0, time.Month(0)
	for i := 0; i < len(rows); {
		step := time.Hour
		if clk.Now().Before(hourly) && os.Getenv("IOC_TEST_REPLAY") != "hourly" {
			step = 24 * time.Hour
		}
		clk.Set(clk.Now().Add(step))
		hours += int(step / time.Hour)
		n := i
		for n < len(rows) && !rows[n].at.After(clk.Now()) {
			n++
		}
		if n > i {
			var fresh [][]string
			for _, x := range rows[i:n] {
				fresh = append(fresh, x.row)
			}
			fillWABO(t, foreignDB, fresh...)
			out := r.round(sys.ID)
			if out.New != n-i || out.Rejected != 0 {
				t.Fatalf("%v: %d rows appeared, %+v", clk.Now(), n-i, out)
			}
			rounds, read, i = rounds+1, read+out.Rows, n
		}
		if m := clk.Now().Month(); m != month {
			month = m
			if got, want := classes(r.all(sys.ID), clk.Now(), w), truth(t, rows[:i], clk.Now(), w); got != want {
				t.Fatalf("%v:\n%s\n%s", clk.Now(), got, want)
			}
		}
	}
	if got := count(r.all(sys.ID), clk.Now()); got != waboFigures {
		t.Errorf("in the end: %+v, want %+v", got, waboFigures)
	}
	// One row more for each of the 1,329 cases that ended.
	if want := 8577 + 1329; read != want {
		t.Errorf("%d rows read, want %d: each once", read, want)
	}
	// Looked back at from the end, a past instant is what it was then.
	past := time.Date(2011, 6, 1, 0, 0, 0, 0, time.UTC)
	if got, want := classes(r.all(sys.ID), past, w), hindsight(t, past, w); got != want {
		t.Errorf("looking back:\n%s\n%s", got, want)
	}
	t.Logf("%d hours, %d polls with rows, %d rows", hours, rounds, read)
}

// hindsight counts the classes of a past instant from the export: a case that
// was received before its first step is known to have been there.
func hindsight(t testing.TB, at time.Time, w casework.Window) string {
	t.Helper()
	header, rows := wabotest.Rows(t)
	column := func(name string) int { return slices.Index(header, name) }
	code, start, due, end := column("case:concept:name"), column("case:startdate"), column("case:deadline"), column("case:enddate")
	n, seen := map[casework.Class]int{}, map[string]bool{}
	for _, r := range rows {
		if seen[r[code]] || instantOf(t, r[start]).After(at) {
			continue
		}
		seen[r[code]] = true
		if r[end] != "" && !instantOf(t, r[end]).After(at) {
			n[w.Outcome(instantOf(t, r[end]), instantOf(t, r[due]))]++
		} else {
			n[w.Standing(at, instantOf(t, r[due]))]++
		}
	}
	return tally(n)
}

// classes counts the classes of files.
func classes(cs []*casework.Case, at time.Time, w casework.Window) string {
	n := map[casework.Class]int{}
	for _, c := range cs {
		n[c.Class(at, w)]++
	}
	return tally(n)
}

func tally(n map[casework.Class]int) string {
	s := ""
	for _, c := range casework.Classes {
		if n[c] > 0 {
			s += fmt.Sprintf("%s %d ", c, n[c])
		}
	}
	return s
}

// truth counts the classes from the rows themselves, without the feed.
func truth(t testing.TB, rows []told1, at time.Time, w casework.Window) string {
	t.Helper()
	header, _ := wabotest.Rows(t)
	column := func(name string) int { return slices.Index(header, name) }
	code, due, end := column("case:concept:name"), column("case:deadline"), column("case:enddate")
	last := map[string][]string{}
	for _, x := range rows {
		if old := last[x.row[code]]; old == nil || old[end] == "" {
			last[x.row[code]] = x.row
		}
	}
	n := map[casework.Class]int{}
	for _, r := range last {
		d := instantOf(t, r[due])
		switch {
		case r[end] != "":
			n[w.Outcome(instantOf(t, r[end]), d)]++
		default:
			n[w.Standing(at, d)]++
		}
	}
	return tally(n)
}
