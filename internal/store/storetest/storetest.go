// Package storetest opens real stores for tests: SQLite in the test's folder
// and, when IOC_TEST_POSTGRES names a server, a fresh PostgreSQL database that
// is dropped afterwards. test/postgres.sh starts such a server.
package storetest

import (
	"context"
	"math/rand/v2"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

// Each runs the test on every database that is there, on the system's clock.
func Each(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	EachAt(t, nil, test)
}

// EachAt is Each with tx.Now taken from clk.
func EachAt(t *testing.T, clk *clock.Clock, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	EachOptions(t, func(t *testing.T, o store.Options) {
		o.Clock = clk
		test(t, open(t, o))
	})
}

// EachOptions gives the test the options of an empty database, for those who
// open and close it themselves (restarts, migrations).
func EachOptions(t *testing.T, test func(t *testing.T, o store.Options)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, store.Options{Dir: t.TempDir()}) })
	t.Run("postgres", func(t *testing.T) {
		server := os.Getenv("IOC_TEST_POSTGRES")
		if server == "" {
			if os.Getenv("IOC_TEST_REQUIRE_POSTGRES") == "1" {
				t.Fatal("IOC_TEST_POSTGRES is not set and IOC_TEST_REQUIRE_POSTGRES wants it")
			}
			t.Skip("IOC_TEST_POSTGRES is not set")
		}
		test(t, store.Options{URL: FreshDatabase(t, server), Dir: t.TempDir()})
	})
}

// SQLite opens an empty SQLite store in the test's folder, for tests whose
// subject is not SQL. It is closed when the test ends.
func SQLite(t testing.TB, clk *clock.Clock) *store.DB {
	t.Helper()
	return open(t, store.Options{Dir: t.TempDir(), Clock: clk})
}

// Postgres opens an empty PostgreSQL store on the server of
// IOC_TEST_POSTGRES, which must be set; it is dropped when the test ends.
func Postgres(t testing.TB, clk *clock.Clock) *store.DB {
	t.Helper()
	return open(t, store.Options{URL: FreshDatabase(t, os.Getenv("IOC_TEST_POSTGRES")), Dir: t.TempDir(), Clock: clk})
}

func open(t testing.TB, o store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	return db
}

// FreshDatabase makes an empty database on the server and returns its URL.
func FreshDatabase(t testing.TB, server string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("IOC_TEST_POSTGRES: %v", err)
	}
	cfg, err := pgx.ParseConfig(server)
	if err != nil {
		t.Fatalf("IOC_TEST_POSTGRES: %v", err)
	}
	name := "ioc_test_" + uid.New(time.Now())
	admin(t, cfg, "create database "+name+" template template0")
	t.Cleanup(func() { admin(t, cfg, "drop database if exists "+name+" with (force)") })
	u.Path = "/" + name
	return u.String()
}

func admin(t testing.TB, cfg *pgx.ConnConfig, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	server := stdlib.OpenDB(*cfg)
	defer server.Close()
	if _, err := server.ExecContext(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// Codes draws a list of codes for a bound of a reach: some of them, or nil for
// "any".
func Codes(r *rand.Rand, of []string) []string {
	if r.IntN(2) == 0 {
		return nil
	}
	out := []string{}
	for _, v := range of {
		if r.IntN(3) == 0 {
			out = append(out, v)
		}
	}
	return out
}
