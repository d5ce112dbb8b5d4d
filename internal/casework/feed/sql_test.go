package feed

import (
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store/storetest"
)

// wide is one row a case, as most one-stop databases are.
const wideMapping = `{"code": {"column": "MA_HO_SO"}, "at": {"column": "NGAY_CAP_NHAT"}, "state": {"column": "TRANG_THAI"}, "received": {"column": "NGAY_TIEP_NHAN"},
	"due": {"column": "NGAY_HEN_TRA"}, "finished": {"column": "NGAY_KET_THUC"}, "unit": {"column": "DON_VI"}, "applicant_name": {"column": "CHU_HO_SO"}, "zone": "Asia/Ho_Chi_Minh"}`

// onEach runs the test on every database of others that can be had.
func onEach(t *testing.T, test func(t *testing.T, r *room, db *sql.DB, c SQLConfig)) {
	t.Run("postgres", func(t *testing.T) {
		db, c := foreign(t)
		must(t, db, `create table ho_so ("MA_HO_SO" varchar(40) not null, "NGAY_CAP_NHAT" timestamp, "TRANG_THAI" integer, "NGAY_TIEP_NHAN" timestamp, "NGAY_HEN_TRA" timestamp,
			"NGAY_KET_THUC" timestamp, "DON_VI" char(10), "CHU_HO_SO" text, "ID" bigint primary key)`)
		c.Query, c.Watermark, c.Key, c.PageRows = `select * from ho_so`, "NGAY_CAP_NHAT", "ID", 10
		test(t, newRoom(t, storetest.SQLite(t, nil), nil), db, c)
	})
	t.Run("mariadb", func(t *testing.T) {
		db, c := foreignMariaDB(t)
		must(t, db, "create table ho_so (`MA_HO_SO` varchar(40) not null, `NGAY_CAP_NHAT` datetime(6), `TRANG_THAI` int, `NGAY_TIEP_NHAN` datetime, `NGAY_HEN_TRA` datetime, "+
			"`NGAY_KET_THUC` datetime, `DON_VI` char(10), `CHU_HO_SO` text, `ID` bigint primary key) default charset utf8mb4")
		c.Query, c.Watermark, c.Key, c.PageRows = "select * from ho_so", "NGAY_CAP_NHAT", "ID", 10
		test(t, newRoom(t, storetest.SQLite(t, nil), nil), db, c)
	})
}

// put writes n rows from the id on, all changed at one instant.
func put(t testing.TB, db *sql.DB, id, n int, at string, state int) {
	t.Helper()
	var rows []string
	for i := range n {
		rows = append(rows, fmt.Sprintf("('H17.19-260302-%04d', '%s', %d, '2026-03-02 08:00:00', '2026-03-09 17:00:00', null, 'HC', 'Nguyễn Văn An', %d)", id+i, at, state, id+i))
	}
	must(t, db, "insert into ho_so values "+strings.Join(rows, ","))
}

func TestPollByWatermark(t *testing.T) {
	onEach(t, func(t *testing.T, r *room, db *sql.DB, c SQLConfig) {
		sys := r.system(KindSQL, configOf(t, c), wideMapping)
		put(t, db, 1, 25, "2026-03-02 08:00:00", 2) // 25 of one instant, in pages of 10
		out := r.round(sys.ID)
		if out.Rows != 25 || out.New != 25 || out.Opened != 25 {
			t.Fatalf("first: %+v", out)
		}
		if got := r.get(sys.ID); got.State != StateOK || got.Shown != "2026-03-02 08:00:00" && !strings.HasPrefix(got.Shown, "2026-03-02 08:00:00.0") || got.Events != 25 || got.Cases != 25 || got.Error != nil {
			t.Errorf("%+v", got)
		}
		if out = r.round(sys.ID); out.Rows != 0 {
			t.Errorf("nothing is new: %+v", out)
		}
		// Of the same instant, but committed later; and a row that changed again
		// within that instant.
		put(t, db, 26, 5, "2026-03-02 08:00:00", 2)
		put(t, db, 0, 1, "2026-03-02 08:00:00", 2)
		must(t, db, quoted(c, `update ho_so set "TRANG_THAI" = 4 where "ID" = 7`))
		if out = r.round(sys.ID); out.Rows != 7 || out.New != 7 || out.Opened != 6 {
			t.Errorf("ties: %+v", out)
		}
		put(t, db, 100, 33, "2026-03-02 09:30:00.25", 2)
		must(t, db, quoted(c, `update ho_so set "TRANG_THAI" = 9, "NGAY_KET_THUC" = '2026-03-05 10:00:00', "NGAY_CAP_NHAT" = '2026-03-05 10:00:01' where "ID" = 3`))
		if out = r.round(sys.ID); out.Rows != 34 || out.New != 34 || out.Opened != 33 {
			t.Errorf("later: %+v", out)
		}
		for _, k := range r.all(sys.ID) {
			if k.Code == "H17.19-260302-0003" {
				if k.State != "finished" || !k.FinishedAt.Equal(local("2026-03-05 10:00")) || !k.DueGiven.Equal(local("2026-03-09 17:00")) || k.UnitRaw != "HC" {
					t.Errorf("%+v", k)
				}
				for _, p := range k.Problems {
					if p.Code == "zone_assumed" {
						t.Error("the mapping names the zone")
					}
				}
			}
		}
		// A row of next year does not hide what comes tomorrow.
		put(t, db, 200, 1, time.Now().AddDate(1, 0, 0).Format("2006-01-02 15:04:05"), 2)
		if out = r.round(sys.ID); out.New != 1 {
			t.Errorf("future: %+v", out)
		}
		put(t, db, 201, 1, "2026-03-05 11:00:00", 2)
		if out = r.round(sys.ID); out.New != 1 || out.Rows != 2 {
			t.Errorf("after the future: %+v", out)
		}
		// The mark survives a restart of the feed.
		again := &room{t: t, db: r.db, cases: r.cases}
		var err error
		if again.Service, err = New(t.Context(), Options{Store: r.db, Cases: r.cases, Guard: r.guard}); err != nil {
			t.Fatal(err)
		}
		if out = again.round(sys.ID); out.New != 0 || out.Rows != 1 {
			t.Errorf("after a restart: %+v", out)
		}
		// Everything again, by hand: nothing is doubled.
		if _, err := r.Update(t.Context(), dataAdmin, sys.ID, Patch{Restart: true}); err != nil {
			t.Fatal(err)
		}
		if out = r.round(sys.ID); out.Rows != 66 || out.New != 0 || out.Repeated != 66 {
			t.Errorf("from the start: %+v", out)
		}
	})
}

// quoted writes names as the database of c does.
func quoted(c SQLConfig, s string) string {
	if c.Driver == "mysql" {
		return strings.ReplaceAll(s, `"`, "`")
	}
	return s
}

func TestPollWithoutWatermark(t *testing.T) {
	onEach(t, func(t *testing.T, r *room, db *sql.DB, c SQLConfig) {
		c.Watermark = ""
		sys := r.system(KindSQL, configOf(t, c), wideMapping)
		put(t, db, 1, 31, "2026-03-02 08:00:00", 2)
		if out := r.round(sys.ID); out.Rows != 31 || out.New != 31 {
			t.Errorf("%+v", out)
		}
		if out := r.round(sys.ID); out.Rows != 31 || out.New != 0 || out.Repeated != 31 {
			t.Errorf("%+v", out)
		}
	})
}

// The fault names the field that has to be mended, and no message, log or
// record holds the password.
func TestPollFaults(t *testing.T) {
	const secret = "S3cret/p@ss word"
	onEach(t, func(t *testing.T, r *room, db *sql.DB, c SQLConfig) {
		var log strings.Builder
		r.log = slog.New(slog.NewTextHandler(&log, nil))
		login(t, db, c, secret)
		good := c
		good.Username, good.Password = "mot_cua", secret
		for _, x := range []struct {
			name, field string
			change      func(*SQLConfig)
		}{
			{"password", "password", func(c *SQLConfig) { c.Password = secret + "!" }},
			{"user", "password", func(c *SQLConfig) { c.Username = "nobody_here" }},
			{"database", "database", func(c *SQLConfig) { c.Database = "khong_co" }},
			{"port", "host", func(c *SQLConfig) { c.Port = 1 }},
			{"table", "query", func(c *SQLConfig) { c.Query = "select * from khong_co" }},
			{"watermark", "query", func(c *SQLConfig) { c.Watermark = "khong_co" }},
			{"syntax", "query", func(c *SQLConfig) { c.Query = "select from where" }},
			{"right", "query", func(c *SQLConfig) { c.Query = "select * from cam" }},
			{"tls", "tls", func(c *SQLConfig) { c.TLS = "verify" }},
		} {
			bad := good
			x.change(&bad)
			sys := r.system(KindSQL, configOf(t, bad), wideMapping)
			_, err := r.Round(t.Context(), sys.ID)
			f, ok := fault.As(err)
			if !ok {
				t.Errorf("%s: %v", x.name, err)
				continue
			}
			if x.name == "database" && c.Driver == "mysql" && len(f.Fields) == 1 && f.Fields[0].Path == "database" {
				continue
			}
			if len(f.Fields) != 1 || f.Fields[0].Path != x.field {
				t.Errorf("%s: %v names %v, want %s", x.name, err, f.Fields, x.field)
			}
			got := r.get(sys.ID)
			if got.State != StateError || got.Error == nil || got.LastOK != (time.Time{}) {
				t.Errorf("%s: %+v", x.name, got)
			}
			shown := fmt.Sprintf("%v %+v %s %s", err, got, got.Config, toJSON(t, got.Error))
			if strings.Contains(shown, secret) || strings.Contains(shown, "S3cret") {
				t.Errorf("%s: the password is shown: %s", x.name, shown)
			}
		}
		put(t, db, 1, 3, "2026-03-02 08:00:00", 2)
		sys := r.system(KindSQL, configOf(t, good), wideMapping)
		if out := r.round(sys.ID); out.New != 3 {
			t.Errorf("with the right password: %+v", out)
		}
		if strings.Contains(log.String(), "S3cret") {
			t.Error("the password is in the log")
		}
		// Shown *** and saved again, it still is the password.
		shown := r.get(sys.ID).Config
		if !strings.Contains(string(shown), `"***"`) {
			t.Errorf("%s", shown)
		}
		if _, err := r.Update(t.Context(), dataAdmin, sys.ID, Patch{Config: &shown}); err != nil {
			t.Fatal(err)
		}
		put(t, db, 10, 1, "2026-03-02 09:00:00", 2)
		if out := r.round(sys.ID); out.New != 1 {
			t.Errorf("after a round trip of the secret: %+v", out)
		}
	})
}

// login makes a user who may only read ho_so, and a table it may not read.
func login(t testing.TB, db *sql.DB, c SQLConfig, password string) {
	t.Helper()
	if c.Driver == "mysql" {
		must(t, db, "create table cam (a int)", "create or replace user 'mot_cua'@'%' identified by '"+password+"'", "grant select on "+c.Database+".ho_so to 'mot_cua'@'%'")
		return
	}
	// The throw-away server trusts everybody; passwords are asked of one that
	// does not.
	if _, err := db.ExecContext(t.Context(), "create role mot_cua login"); err != nil && !strings.Contains(err.Error(), "exists") {
		t.Fatal(err)
	}
	must(t, db, "create table cam (a int)", "alter role mot_cua password '"+password+"'", "grant select on ho_so to mot_cua")
	askPasswords(t, db)
}

// What the statement is checked for, the session holds too: it only reads.
func TestPollOnlyReads(t *testing.T) {
	onEach(t, func(t *testing.T, r *room, db *sql.DB, c SQLConfig) {
		src, err := newSQL(&c, r.guard, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		defer src.close()
		put(t, db, 1, 1, "2026-03-02 08:00:00", 2)
		for _, s := range []string{"delete from ho_so", "create table x (a int)"} {
			if _, err := src.read(t.Context(), s, nil, nil); err == nil {
				t.Errorf("%s went through", s)
			}
		}
		if c.Driver == "postgres" { // a function that writes, behind a SELECT
			must(t, db, `create function ghi() returns int language sql as 'delete from ho_so; select 1'`)
			if _, err := src.read(t.Context(), "select ghi()", nil, nil); err == nil {
				t.Error("a function wrote")
			}
			c.Timeout = connector.Duration(time.Second)
			if _, err := src.read(t.Context(), "select pg_sleep(5)", nil, nil); err == nil || !fault.Is(err, errTime) {
				t.Errorf("no timeout: %v", err)
			}
		} else {
			c.Timeout = connector.Duration(time.Second)
			start := time.Now()
			if _, err := src.read(t.Context(), "select sleep(5), a.* from ho_so a", nil, func(map[string]any, []any, []string, []string) error { return nil }); err == nil && time.Since(start) > 4*time.Second {
				t.Error("no timeout")
			}
		}
		var n int
		if err := db.QueryRowContext(t.Context(), "select count(*) from ho_so").Scan(&n); err != nil || n != 1 {
			t.Errorf("%d rows left, %v", n, err)
		}
	})
}

// Each type of column becomes what a mapping can use.
func TestCells(t *testing.T) {
	t.Run("postgres", func(t *testing.T) {
		db, c := foreign(t)
		must(t, db, `create table k (id int, ts timestamp, tz timestamptz, d date, n numeric(12,2), b bytea, u uuid, j jsonb, c char(6), x text, f float8, o boolean)`,
			`insert into k values (1, '2026-03-02 08:00:00.5', '2026-03-02 08:00:00+07', '2026-03-02', 1234.50, '\xff00', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": 1}', 'ab', null, 1.5, true),
			(2, null, null, null, null, null, null, null, null, null, 'NaN', null)`)
		c.Query, c.Key = "select * from k", "id"
		rows := sample(t, c)
		want := map[string]any{"id": 1, "ts": "2026-03-02T08:00:00.5", "d": "2026-03-02", "n": "1234.50", "b": "/wA=", "u": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "c": "ab", "x": nil, "f": 1.5, "o": true}
		for k, v := range want {
			if rows[0].record[k] != v {
				t.Errorf("%s: %#v, want %#v", k, rows[0].record[k], v)
			}
		}
		if tz, ok := rows[0].record["tz"].(time.Time); !ok || !tz.Equal(local("2026-03-02 08:00")) {
			t.Errorf("tz: %#v", rows[0].record["tz"])
		}
		if rows[1].record["f"] != nil || rows[1].record["ts"] != nil {
			t.Errorf("%v", rows[1].record)
		}
	})
	t.Run("mariadb", func(t *testing.T) {
		db, c := foreignMariaDB(t)
		must(t, db, "create table k (id int, dt datetime, ts timestamp null, d date, z datetime, zd date, n decimal(12,2), b blob, x varchar(20), big bigint unsigned, o bit(1))",
			"set time_zone = '+07:00'",
			"insert into k values (1, '2026-03-02 08:00:00', from_unixtime(1772413200), '2026-03-02', '0000-00-00 00:00:00', '0000-00-00', 1234.5, x'ff00', 'hồ sơ', 18446744073709551615, 1)")
		c.Query, c.Key = "select * from k", "id"
		got := sample(t, c)[0].record
		want := map[string]any{"dt": "2026-03-02 08:00:00", "d": "2026-03-02", "z": nil, "zd": nil, "n": "1234.50", "b": "/wA=", "x": "hồ sơ", "big": "18446744073709551615", "o": 1, "ts": "2026-03-02 01:00:00Z"}
		for k, v := range want {
			if got[k] != v {
				t.Errorf("%s: %#v, want %#v", k, got[k], v)
			}
		}
	})
}

func sample(t *testing.T, c SQLConfig) []row {
	t.Helper()
	guard, err := connector.NewGuard([]string{"127.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	src, err := newSQL(&c, guard, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer src.close()
	rows, columns, err := src.sample(t.Context(), 20)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(columns, "id") || len(rows) == 0 {
		t.Fatal(columns, rows)
	}
	return rows
}

// Without a guard's leave no database of the data centre is dialled.
func TestPollIsGuarded(t *testing.T) {
	onEach(t, func(t *testing.T, r *room, _ *sql.DB, c SQLConfig) {
		r.guard = nil
		sys := r.system(KindSQL, configOf(t, c), wideMapping)
		_, err := r.Round(t.Context(), sys.ID)
		f, ok := fault.As(err)
		if !ok || len(f.Fields) != 1 || f.Fields[0].Path != "host" || f.Fields[0].Err.Code != "connector.address_refused" {
			t.Errorf("%v", err)
		}
	})
}
