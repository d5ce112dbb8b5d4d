package store_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

func files(kv ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i]] = &fstest.MapFile{Data: []byte(kv[i+1])}
	}
	return m
}

func openStore(t *testing.T, o store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestMigrateForwardAcrossRestarts(t *testing.T) {
	storetest.EachOptions(t, func(t *testing.T, o store.Options) {
		db := openStore(t, o)
		one := files("migrations/0001_init.sql", "create table a (id bigint primary key); insert into a values (7);")
		for range 2 { // the second time nothing is left to do
			if err := db.Migrate(t.Context(), "a", one); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if made, _ := filepath.Glob(filepath.Join(o.Dir, "backup", "*")); len(made) != 0 {
			t.Errorf("a new database was copied: %v", made)
		}

		db = openStore(t, o)
		two := files(
			"0001_init.sql", "create table a (id bigint primary key); insert into a values (7);",
			"0002_more.sqlite.sql", "alter table a add column lite text not null default 'l'",
			"0002_more.postgres.sql", "alter table a add column lite text not null default 'p'",
		)
		if err := db.Migrate(t.Context(), "a", two); err != nil {
			t.Fatal(err)
		}
		if err := db.Migrate(t.Context(), "b", files("0001_init.sql", "create table b (id bigint primary key)")); err != nil {
			t.Fatal(err)
		}
		if n := count(t, db, "select count(*) from a where id = 7 and lite in ('l', 'p')"); n != 1 {
			t.Errorf("row of the first migration: %d", n)
		}
		copies, _ := filepath.Glob(filepath.Join(o.Dir, "backup", "*.db"))
		if want := map[store.Dialect]int{store.SQLite: 1, store.Postgres: 0}[db.Dialect()]; len(copies) != want {
			t.Errorf("%d copies before migrating, want %d", len(copies), want)
		}
		for _, c := range copies {
			at := filepath.Join(t.TempDir(), "ioc.db")
			raw, err := os.ReadFile(c)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(at, raw, 0o600); err != nil {
				t.Fatal(err)
			}
			was := openStore(t, store.Options{Dir: filepath.Dir(at)})
			if n := count(t, was, "select count(*) from a"); n != 1 {
				t.Errorf("the copy holds %d rows", n)
			}
		}

		// The program of the first version meets the records of the second.
		if err := db.Migrate(t.Context(), "a", one); fault.KindOf(err) != fault.Conflict {
			t.Errorf("older program: %v", err)
		}
		edited := files("0001_init.sql", "create table a (id bigint primary key, x text)", "0002_more.sql", "select 1")
		if err := db.Migrate(t.Context(), "a", edited); err == nil || !strings.Contains(err.Error(), "was changed") {
			t.Errorf("edited file: %v", err)
		}
	})
}

func TestFailedMigrationLeavesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		bad := files("0001_init.sql", "create table c (id bigint primary key); create table c (id bigint)")
		if err := db.Migrate(t.Context(), "c", bad); err == nil {
			t.Fatal("the broken migration passed")
		}
		if err := db.Migrate(t.Context(), "c", files("0001_init.sql", "create table c (id bigint primary key)")); err != nil {
			t.Errorf("mended migration: %v", err)
		}
	})
}

func TestMigrationNamesAreChecked(t *testing.T) {
	db := storetest.SQLite(t, nil)
	for name, fsys := range map[string]fstest.MapFS{
		"gap":      files("0001_a.sql", "select 1", "0003_c.sql", "select 1"),
		"zero":     files("0000_a.sql", "select 1"),
		"twice":    files("0001_a.sql", "select 1", "0001_b.sql", "select 1"),
		"both":     files("0001_a.sql", "select 1", "0001_a.sqlite.sql", "select 1"),
		"unnamed":  files("init.sql", "select 1"),
		"dialect":  files("0001_a.oracle.sql", "select 1"),
		"digits":   files("1_a.sql", "select 1"),
		"not a no": files("abcd_a.sql", "select 1"),
	} {
		if err := db.Migrate(t.Context(), "n", fsys); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestOpenRefusesWhatIsNotOurs(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ioc.db"), []byte("this is no database, it is a letter to the mayor"), 0o600); err != nil {
		t.Fatal(err)
	}
	if db, err := store.Open(context.Background(), store.Options{Dir: dir}); err == nil {
		_ = db.Close()
		t.Error("a text file was opened")
	}
	_, err := store.Open(context.Background(), store.Options{URL: "mysql://root:geheim@db/ioc"})
	if err == nil || strings.Contains(err.Error(), "geheim") {
		t.Errorf("unknown database: %v", err)
	}
	_, err = store.Open(context.Background(), store.Options{URL: "postgres://ioc:geheim@127.0.0.1:1/ioc?connect_timeout=2"})
	if fault.KindOf(err) != fault.Unavailable || strings.Contains(err.Error(), "geheim") {
		t.Errorf("no server: %v", err)
	}
}

func TestFolderNamesWithOddLetters(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "Đà Nẵng ?a=b#c%20")
	db := openStore(t, store.Options{Dir: dir})
	if err := db.Migrate(t.Context(), "a", files("0001_init.sql", "create table a (id bigint primary key)")); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(filepath.Join(dir, "ioc.db"))
	if err != nil {
		t.Fatal(err)
	}
	if st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", st.Mode())
	}
}
