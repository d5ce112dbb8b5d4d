package feed

import (
	"context"
	"database/sql"
	"encoding/json"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/audit"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
	"openioc.org/ioc/internal/uid"
	"openioc.org/ioc/internal/workcal"
)

var (
	dataAdmin = access.Actor{ID: "d1", Name: "Quản trị dữ liệu", Roles: []access.Role{access.DataAdmin}}
	leader    = access.Actor{ID: "l1", Name: "Chủ tịch", Roles: []access.Role{access.Leader}}
	officer   = access.Actor{ID: "o1", Name: "Cán bộ", Roles: []access.Role{access.Officer}, Unit: "20242"}
)

// room is a feed with all it stands on.
type room struct {
	*Service
	t     testing.TB
	db    *store.DB
	cases *casework.Service
	clk   *clock.Clock
	roots string
}

var calendar = workcal.NewCalendar(nil, nil)

func newRoom(t testing.TB, db *store.DB, clk *clock.Clock) *room {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	if _, err := audit.New(ctx, db); err != nil {
		t.Fatal(err)
	}
	cases, err := casework.New(ctx, casework.Options{Store: db, Clock: clk, Calendar: func() *workcal.Calendar { return calendar }})
	if err != nil {
		t.Fatal(err)
	}
	guard, err := connector.NewGuard([]string{"127.0.0.0/8", "::1"})
	if err != nil {
		t.Fatal(err)
	}
	r := &room{t: t, db: db, cases: cases, clk: clk, roots: t.TempDir()}
	r.Service, err = New(ctx, Options{
		Store: db, Cases: cases, Guard: guard, Roots: []string{r.roots}, Clock: clk,
		Choices: func(_ context.Context, _ access.Actor, kind string) ([]Choice, error) {
			if kind != casework.UnitWord {
				return []Choice{{Meaning: "o1", Name: "Trần Thị Bình", Hints: []string{"binhtt"}}}, nil
			}
			return []Choice{
				{Meaning: "20242", Name: "Phường Hải Châu"}, {Meaning: "20194", Name: "Phường Hải Vân"},
				{Meaning: "soxd", Name: "Sở Xây dựng"}, {Meaning: "stnmt", Name: "Sở Nông nghiệp và Môi trường", Hints: []string{"Sở Tài nguyên và Môi trường"}},
			}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// system connects one.
func (r *room) system(kind string, config, mapping any) System {
	r.t.Helper()
	sys, _, err := r.Create(r.t.Context(), dataAdmin, Draft{Name: "Một cửa " + kind, Kind: kind, Config: toJSON(r.t, config), Mapping: toJSON(r.t, mapping), Enabled: true})
	if err != nil {
		r.t.Fatal(err)
	}
	return sys
}

func toJSON(t testing.TB, v any) json.RawMessage {
	t.Helper()
	if s, ok := v.(string); ok {
		return json.RawMessage(s)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// round reads a system once; it must go well.
func (r *room) round(id string) Outcome {
	r.t.Helper()
	out, err := r.Round(r.t.Context(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

func (r *room) get(id string) System {
	r.t.Helper()
	s, err := r.System(r.t.Context(), dataAdmin, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// all are the files of a system, whole.
func (r *room) all(system string) []*casework.Case {
	r.t.Helper()
	var out []*casework.Case
	err := r.db.Read(r.t.Context(), func(tx *store.Tx) error {
		ids, err := store.All(tx, func(scan store.Scan) (id string, err error) {
			var n int64
			err = scan(&n)
			return strconv.FormatInt(n, 10), err
		}, `select n from case_file where system = $1 order by code`, system)
		if err != nil {
			return err
		}
		out, err = r.cases.Files(tx, ids...)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

func (r *room) rejected(system string) []Rejection {
	r.t.Helper()
	l, err := r.Rejected(r.t.Context(), dataAdmin, system, 1000)
	if err != nil {
		r.t.Fatal(err)
	}
	return l
}

// foreign makes an empty PostgreSQL database as a one-stop system has it, and
// the config that reads it.
func foreign(t testing.TB) (*sql.DB, SQLConfig) {
	t.Helper()
	server := os.Getenv("IOC_TEST_POSTGRES")
	if server == "" {
		if os.Getenv("IOC_TEST_REQUIRE_POSTGRES") == "1" {
			t.Fatal("IOC_TEST_POSTGRES is not set and IOC_TEST_REQUIRE_POSTGRES wants it")
		}
		t.Skip("IOC_TEST_POSTGRES is not set")
	}
	u, err := url.Parse(storetest.FreshDatabase(t, server))
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := pgx.ParseConfig(u.String())
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDB(*cfg)
	t.Cleanup(func() { _ = db.Close() })
	c := sqlDefaults()
	c.Driver, c.Host, c.Database, c.Username, c.TLS = "postgres", u.Hostname(), strings.TrimPrefix(u.Path, "/"), u.User.Username(), "off"
	c.Port, _ = strconv.Atoi(u.Port())
	return db, c
}

// foreignMariaDB is foreign on the server of IOC_TEST_MARIADB
// (test/mariadb.sh).
func foreignMariaDB(t testing.TB) (*sql.DB, SQLConfig) {
	t.Helper()
	server := os.Getenv("IOC_TEST_MARIADB")
	if server == "" {
		if os.Getenv("IOC_TEST_REQUIRE_MARIADB") == "1" {
			t.Fatal("IOC_TEST_MARIADB is not set and IOC_TEST_REQUIRE_MARIADB wants it")
		}
		t.Skip("IOC_TEST_MARIADB is not set")
	}
	login, address, _ := strings.Cut(server, "@")
	user, password, _ := strings.Cut(login, ":")
	name := "ioc_test_" + uid.New(time.Now())
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd, cfg.Net, cfg.Addr = user, password, "tcp", address
	con, err := mysql.NewConnector(cfg)
	if err != nil {
		t.Fatal(err)
	}
	admin := sql.OpenDB(con)
	t.Cleanup(func() {
		_, _ = admin.ExecContext(context.Background(), "drop database "+name)
		_ = admin.Close()
	})
	must(t, admin, "create database "+name)
	cfg = cfg.Clone()
	cfg.DBName = name
	if con, err = mysql.NewConnector(cfg); err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(con)
	t.Cleanup(func() { _ = db.Close() })
	c := sqlDefaults()
	host, port, _ := strings.Cut(address, ":")
	c.Driver, c.Host, c.Database, c.Username, c.Password, c.TLS = "mysql", host, name, user, connector.Secret(password), "off"
	c.Port, _ = strconv.Atoi(port)
	return db, c
}

// configOf gives a config with its password, which JSON would hide.
func configOf(t testing.TB, c SQLConfig) json.RawMessage {
	t.Helper()
	m := map[string]any{}
	if err := json.Unmarshal(toJSON(t, c), &m); err != nil {
		t.Fatal(err)
	}
	delete(m, "password")
	if p := c.Password.Reveal(); p != "" {
		m["password"] = p
	}
	return toJSON(t, m)
}

func must(t testing.TB, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func local(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, vietnam)
	if err != nil {
		panic(err)
	}
	return t
}

// askPasswords lets the throw-away server ask the role mot_cua for its
// password, as long as the test runs.
func askPasswords(t testing.TB, db *sql.DB) {
	t.Helper()
	var file string
	if err := db.QueryRowContext(t.Context(), "show hba_file").Scan(&file); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(b []byte) {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(context.Background(), "select pg_reload_conf()"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond) // the server rereads it on a signal
	}
	write(append([]byte("host all mot_cua,nobody_here all scram-sha-256\n"), old...))
	t.Cleanup(func() { write(old) })
}
