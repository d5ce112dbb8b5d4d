package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	_ "modernc.org/sqlite" // driver "sqlite"
)

const (
	sqliteFile    = "ioc.db"
	applicationID = 0x494F4331 // "IOC1", in the header of the file

	// Page caches: 1 × 8 MB + 4 × 2 MB at most, so that an idle program stays
	// small; the operating system caches the file anyway.
	writerCacheKiB = 8 << 10
	readerCacheKiB = 2 << 10
	sqliteReaders  = 4
)

func (db *DB) openSQLite(ctx context.Context, dir string) error {
	db.dialect = SQLite
	if dir == "" {
		return fmt.Errorf("open records: no folder given")
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("open records: %w", err)
	}
	path, err := filepath.Abs(filepath.Join(dir, sqliteFile))
	if err != nil {
		return fmt.Errorf("open records: %w", err)
	}
	// The file holds password hashes: it is made for its owner only.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open records: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("open records: %w", err)
	}

	if db.writer, err = sql.Open("sqlite", sqliteDSN(path, writerCacheKiB, false)); err != nil {
		return fmt.Errorf("open records: %w", err)
	}
	db.writer.SetMaxOpenConns(1)
	db.writer.SetMaxIdleConns(1)
	if db.reader, err = sql.Open("sqlite", sqliteDSN(path, readerCacheKiB, true)); err != nil {
		return fmt.Errorf("open records: %w", err)
	}
	db.reader.SetMaxOpenConns(sqliteReaders)
	db.reader.SetMaxIdleConns(sqliteReaders)
	db.reader.SetConnMaxIdleTime(5 * time.Minute) // gives the caches back

	var id int64
	if err := db.writer.QueryRowContext(ctx, "pragma application_id").Scan(&id); err != nil {
		_ = db.Close()
		return fmt.Errorf("open records %s: %w", path, db.wrap(err))
	}
	switch id {
	case applicationID:
	case 0:
		if _, err := db.writer.ExecContext(ctx, "pragma application_id = "+strconv.Itoa(applicationID)); err != nil {
			_ = db.Close()
			return fmt.Errorf("open records %s: %w", path, db.wrap(err))
		}
	default:
		_ = db.Close()
		return fmt.Errorf("open records: %s is a database of another program (application_id %d)", path, id)
	}
	return nil
}

func sqliteDSN(path string, cacheKiB int, readOnly bool) string {
	q := url.Values{}
	q.Set("_txlock", "immediate")
	q.Set("_dqs", "0") // "x" is a column, never a string: PostgreSQL reads it so
	q.Set("_busy_timeout", "10000")
	q.Set("_foreign_keys", "1")
	q.Set("_journal_mode", "WAL")
	q.Add("_pragma", "cache_size(-"+strconv.Itoa(cacheKiB)+")")
	q.Add("_pragma", "journal_size_limit(67108864)")
	if readOnly {
		q.Set("_query_only", "1")
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}
