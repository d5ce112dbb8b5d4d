package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
)

var errNewer = fault.Define(fault.Conflict, "store.newer",
	"the records were written by a newer program: {line} is at {have}, this program knows {know}",
	"cơ sở dữ liệu do phiên bản mới hơn ghi: {line} đang ở {have}, chương trình này chỉ biết đến {know}")

// copiesKept is how many copies made before migrations stay in the folder.
const copiesKept = 3

const ledger = `create table if not exists store_migration (
	line     text not null,
	number   bigint not null,
	name     text not null,
	checksum text not null,
	at       bigint not null,
	primary key (line, number)
)`

func (db *DB) createLedger(ctx context.Context) error {
	err := db.run(ctx, keeping, access.Actor{}, func(tx *Tx) error {
		_, err := tx.Exec(ledger)
		return err
	})
	if err != nil {
		return fmt.Errorf("make table of migrations: %w", err)
	}
	return nil
}

type migration struct {
	number   int
	name     string
	text     string
	checksum string
}

// Migrate brings the tables of one line (a package's name) up to date. files
// holds NNNN_what.sql, numbered from 0001 without gaps, or NNNN_what.sqlite.sql
// and NNNN_what.postgres.sql where the two must differ; they may lie in a
// folder "migrations" of files. Each runs in a transaction with its record;
// there is no way back. A SQLite file that already holds records is copied
// first (backup/ioc-<time>.db). Records newer than the program, or a file that
// was edited after it ran, are refused.
func (db *DB) Migrate(ctx context.Context, line string, files fs.FS) error {
	known, err := readMigrations(files, db.dialect)
	if err != nil {
		return fmt.Errorf("migrations of %s: %w", line, err)
	}
	done, fresh, err := db.migrated(ctx, line)
	if err != nil {
		return fmt.Errorf("migrations of %s: %w", line, err)
	}
	if len(done) > len(known) {
		return errNewer.With("line", line, "have", len(done), "know", len(known))
	}
	for i, sum := range done {
		if sum != known[i].checksum {
			return fmt.Errorf("migration %s/%s was changed after it ran: add a new one instead", line, known[i].name)
		}
	}
	if len(done) == len(known) {
		return nil
	}
	if !fresh {
		if err := db.copyOnce(ctx); err != nil {
			return fmt.Errorf("copy before migrating %s: %w", line, err)
		}
	}
	for _, m := range known[len(done):] {
		if err := db.apply(ctx, line, m); err != nil {
			return fmt.Errorf("migration %s/%s: %w", line, m.name, err)
		}
	}
	return nil
}

// migrated returns the checksums of what has run of a line, in order, and
// whether the database was empty when it was opened.
func (db *DB) migrated(ctx context.Context, line string) (sums []string, fresh bool, err error) {
	err = db.Read(ctx, func(tx *Tx) error {
		var others int
		if err := tx.QueryRow("select count(*) from store_migration").Scan(&others); err != nil {
			return err
		}
		db.mu.Lock()
		if others == 0 {
			db.copied = true // nothing to lose since Open
		}
		fresh = db.copied
		db.mu.Unlock()
		sums, err = All(tx, func(scan Scan) (s string, err error) { return s, scan(&s) },
			"select checksum from store_migration where line = $1 order by number", line)
		return err
	})
	return sums, fresh, err
}

func (db *DB) apply(ctx context.Context, line string, m migration) error {
	return db.run(ctx, keeping, access.Actor{}, func(tx *Tx) error {
		// Another program may have been quicker since we looked.
		var n int
		if err := tx.QueryRow("select count(*) from store_migration where line = $1 and number = $2", line, m.number).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return nil
		}
		if _, err := tx.Exec(m.text); err != nil {
			return err
		}
		_, err := tx.Exec("insert into store_migration (line, number, name, checksum, at) values ($1, $2, $3, $4, $5)",
			line, m.number, m.name, m.checksum, tx.Now)
		return err
	})
}

// copyOnce keeps the SQLite file as it was before the first migration since
// Open. PostgreSQL has its own backups.
func (db *DB) copyOnce(ctx context.Context) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.copied || db.dialect != SQLite {
		return nil
	}
	dir := filepath.Join(db.dir, "backup")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	// The machine's clock: a virtual clock would name two copies alike.
	path := filepath.Join(dir, "ioc-"+time.Now().UTC().Format("20060102T150405.000Z")+".db")
	if _, err := db.writer.ExecContext(ctx, "vacuum into $1", path); err != nil {
		return db.wrap(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return err
	}
	db.copied = true
	db.log.Info("records copied before migrating", "copy", path)
	old, err := filepath.Glob(filepath.Join(dir, "ioc-*.db"))
	if err != nil {
		return err
	}
	sort.Strings(old)
	for len(old) > copiesKept {
		if err := os.Remove(old[0]); err != nil {
			return err
		}
		old = old[1:]
	}
	return nil
}

// readMigrations picks the files of a dialect and checks their numbers.
func readMigrations(files fs.FS, d Dialect) ([]migration, error) {
	if sub, err := fs.Stat(files, "migrations"); err == nil && sub.IsDir() {
		if files, err = fs.Sub(files, "migrations"); err != nil {
			return nil, err
		}
	}
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	var out []migration
	for _, name := range names { // sorted by Glob
		stem := strings.TrimSuffix(name, ".sql")
		if base, only, ok := strings.Cut(stem, "."); ok {
			if Dialect(only) != SQLite && Dialect(only) != Postgres {
				return nil, fmt.Errorf("%s: neither .sqlite nor .postgres", name)
			}
			if Dialect(only) != d {
				continue
			}
			stem = base
		}
		digits, _, ok := strings.Cut(stem, "_")
		number, err := strconv.Atoi(digits)
		if !ok || err != nil || len(digits) != 4 {
			return nil, fmt.Errorf("%s: want NNNN_what.sql", name)
		}
		if number != len(out)+1 {
			return nil, fmt.Errorf("%s: the next number is %04d", name, len(out)+1)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256([]byte(strings.ReplaceAll(string(text), "\r\n", "\n")))
		out = append(out, migration{number: number, name: stem, text: string(text), checksum: hex.EncodeToString(sum[:])})
	}
	return out, nil
}
