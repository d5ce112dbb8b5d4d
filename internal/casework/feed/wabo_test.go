package feed

import (
	"database/sql"
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/casework/wabotest"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

// waboMapping reads the log as it was exported: every row carries what was
// known of its case at the end. The log's own instants are those of its steps;
// what a row says of the case was known when it was read.
const waboMapping = `{
	"code": {"column": "case:concept:name"}, "key": {"column": "concept:instance"},
	"received": {"column": "case:startdate"}, "due": {"column": "case:deadline"}, "planned": {"column": "case:enddate_planned"}, "finished": {"column": "case:enddate"},
	"state": {"expr": "(record[\"case:enddate\"] ?? \"\") == \"\" ? \"4\" : \"9\""},
	"channel": {"column": "case:channel"}, "unit": {"column": "case:department"}, "officer": {"column": "case:responsible"},
	"step_name": {"column": "concept:name"}, "step_department": {"column": "org:group"}, "step_officer": {"column": "org:resource"}, "step_from": {"column": "time:timestamp"}, "step_until": {"column": "time:timestamp"},
	"constants": {"procedure": "WABO", "procedure_name": "Giấy phép môi trường (WABO)"}
}`

// figures are the known answers, asked of casework's classes.
type figures struct{ cases, ended, late, open int }

var waboFigures = figures{1434, 1329, 377, 105}

func count(cs []*casework.Case, at time.Time) (f figures) {
	w := casework.Window{Mode: casework.CalendarHours, Hours: 24, Calendar: calendar}
	for _, c := range cs {
		f.cases++
		switch c.Class(at, w) {
		case casework.Late:
			f.late++
			f.ended++
		case casework.OnTime, casework.Early:
			f.ended++
		case casework.InTime, casework.NearDue, casework.Overdue:
			f.open++
		}
	}
	return f
}

// digest is what a file is, whatever system told it.
func digest(c *casework.Case) string {
	at := func(t *time.Time) string {
		if t == nil {
			return "-"
		}
		return t.UTC().Format(time.RFC3339Nano)
	}
	return strings.Join([]string{c.Code, string(c.State), at(c.ReceivedAt), at(c.DueGiven), at(c.FinishedAt), string(c.Channel), c.UnitRaw, c.Officer, c.ProcedureName, fmt.Sprint(len(c.Steps))}, " ")
}

func digests(cs []*casework.Case) []string {
	var out []string
	for _, c := range cs {
		out = append(out, digest(c))
	}
	sort.Strings(out)
	return out
}

// The WABO log through the file connector and through a real PostgreSQL table
// gives the same files and the known answers.
func TestWABO(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := newRoom(t, db, nil)
		now := time.Now()
		raw, err := os.ReadFile(wabotest.Path())
		if err != nil {
			t.Fatal(err)
		}
		file := r.system(KindFile, `{}`, waboMapping)
		out, err := r.Upload(t.Context(), dataAdmin, file.ID, "wabo_receipt.csv.gz", raw)
		if err != nil {
			t.Fatal(err)
		}
		if out.Rows != 8577 || out.New != 8577 || out.Opened != 1434 || out.Rejected != 0 {
			t.Errorf("the file: %+v, rejected %v", out, r.rejected(file.ID))
		}
		byFile := r.all(file.ID)
		if got := count(byFile, now); got != waboFigures {
			t.Errorf("by file: %+v, want %+v", got, waboFigures)
		}
		for _, c := range byFile {
			for _, p := range c.Problems {
				if p.Code != "code_form" && p.Code != "unknown_unit" && p.Code != "unknown_officer" && p.Code != "unknown_procedure" && p.Code != "end_before_start" && p.Code != "due_before_received" {
					t.Fatalf("%s: %+v", c.Code, p)
				}
			}
		}
		again, err := r.Upload(t.Context(), dataAdmin, file.ID, "again.csv.gz", raw)
		if err != nil || again.New != 0 || again.Repeated != 8577 {
			t.Errorf("the same file again: %+v, %v", again, err)
		}

		foreignDB, c := foreign(t)
		waboTable(t, foreignDB)
		fillWABO(t, foreignDB)
		c.Query, c.Watermark, c.Key, c.PageRows = `select * from wabo`, "time:timestamp", "concept:instance", 700
		table := r.system(KindSQL, configOf(t, c), waboMapping)
		out = r.round(table.ID)
		if out.Rows != 8577 || out.New != 8577 || out.Opened != 1434 || out.Rejected != 0 {
			t.Errorf("the table: %+v, rejected %v", out, r.rejected(table.ID))
		}
		byTable := r.all(table.ID)
		if got := count(byTable, now); got != waboFigures {
			t.Errorf("by table: %+v, want %+v", got, waboFigures)
		}
		if a, b := digests(byFile), digests(byTable); !slices.Equal(a, b) {
			for i := range a {
				if a[i] != b[i] {
					t.Fatalf("the files differ:\n%s\n%s", a[i], b[i])
				}
			}
		}
		if out = r.round(table.ID); out.Rows != 0 {
			t.Errorf("a second round reads %d rows again", out.Rows)
		}
	})
}

// waboTable makes the log as a table with a database's types.
func waboTable(t testing.TB, db *sql.DB) {
	must(t, db, `create table wabo ("case:channel" varchar(20), "case:concept:name" varchar(30) not null, "case:deadline" timestamptz, "case:department" varchar(50),
		"case:enddate" timestamptz, "case:enddate_planned" timestamptz, "case:group" varchar(50), "case:responsible" varchar(50), "case:startdate" timestamptz,
		"concept:instance" varchar(50) primary key, "concept:name" text, "lifecycle:transition" varchar(20), "org:group" varchar(50), "org:resource" varchar(50), "time:timestamp" timestamptz not null)`)
}

const waboColumns = 15

// fillWABO puts rows in, all if none are given.
func fillWABO(t testing.TB, db *sql.DB, rows ...[]string) {
	t.Helper()
	if rows == nil {
		_, rows = wabotest.Rows(t)
	}
	for len(rows) > 0 {
		n := min(len(rows), 500)
		var b strings.Builder
		var args []any
		for i, r := range rows[:n] {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteByte('(')
			for k := range waboColumns {
				if k > 0 {
					b.WriteByte(',')
				}
				fmt.Fprintf(&b, "$%d", i*waboColumns+k+1)
				if r[k] == "" {
					args = append(args, nil)
				} else {
					args = append(args, r[k])
				}
			}
			b.WriteByte(')')
		}
		if _, err := db.ExecContext(t.Context(), "insert into wabo values "+b.String(), args...); err != nil {
			t.Fatal(err)
		}
		rows = rows[n:]
	}
}
