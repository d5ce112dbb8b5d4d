package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// writerLock is the advisory lock that makes writing transactions queue,
	// as SQLite does by itself: events, audit chain and checks before a write
	// see the same world on both databases, also with two programs on one.
	writerLock      = 0x494F4331
	postgresReaders = 8
)

func (db *DB) openPostgres(ctx context.Context, url string) error {
	db.dialect = Postgres
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("database url: %w", err) // pgx hides the password
	}
	for k, v := range map[string]string{
		"application_name": "ioc",
		"timezone":         "UTC",
		"lock_timeout":     "30s",
		// A program that hangs inside a transaction must not stop the city.
		"idle_in_transaction_session_timeout": "120s",
	} {
		if _, set := cfg.RuntimeParams[k]; !set {
			cfg.RuntimeParams[k] = v
		}
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 10 * time.Second
	}
	db.writer = stdlib.OpenDB(*cfg)
	db.writer.SetMaxOpenConns(1)
	db.writer.SetMaxIdleConns(1)
	db.reader = stdlib.OpenDB(*cfg)
	db.reader.SetMaxOpenConns(postgresReaders)
	db.reader.SetMaxIdleConns(2)
	db.reader.SetConnMaxIdleTime(5 * time.Minute)
	if err := db.writer.PingContext(ctx); err != nil {
		err = db.wrap(err)
		_ = db.Close()
		return fmt.Errorf("open records on %s:%d/%s: %w", cfg.Host, cfg.Port, cfg.Database, err)
	}
	return nil
}
