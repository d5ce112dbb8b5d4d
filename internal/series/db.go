package series

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/storage"

	"openioc.org/ioc/internal/clock"
)

// Options say where and how long observations are kept.
type Options struct {
	Dir        string
	Retention  time.Duration // 0 is five years
	OutOfOrder time.Duration // how far behind the newest instant history is taken; 0 is 400 days
	Registerer prometheus.Registerer
	Logger     *slog.Logger
	Clock      *clock.Clock
}

// DB is the store of observations.
type DB struct{}

var errTODO = errors.New("series: not built yet")

func Open(o Options) (*DB, error)                                     { return nil, errTODO }
func (db *DB) Define(m Meta) error                                    { return errTODO }
func (db *DB) Meta(id string) (Meta, bool)                            { return Meta{}, false }
func (db *DB) Append(ctx context.Context, s []Sample) (Result, error) { return Result{}, errTODO }
func (db *DB) Range(ctx context.Context, id string, from, to time.Time) ([]Point, error) {
	return nil, errTODO
}
func (db *DB) Raw(ctx context.Context, id string, from, to time.Time) ([]Point, error) {
	return nil, errTODO
}
func (db *DB) Last(id string) (Point, bool) { return Point{}, false }
func (db *DB) At(ctx context.Context, id string, t time.Time, back time.Duration) (Point, bool, error) {
	return Point{}, false, errTODO
}
func (db *DB) Buckets(ctx context.Context, id string, from, to time.Time, step time.Duration) ([]Bucket, error) {
	return nil, errTODO
}
func (db *DB) Correct(id string, cs []Correction)                                   {}
func (db *DB) Delete(ctx context.Context, id string) error                          { return errTODO }
func (db *DB) DeleteRange(ctx context.Context, id string, from, to time.Time) error { return errTODO }
func (db *DB) Queryable() storage.Queryable                                         { return nil }
func (db *DB) Sync() error                                                          { return errTODO }
func (db *DB) Stats() Stats                                                         { return Stats{} }
func (db *DB) Compact() error                                                       { return errTODO }
func (db *DB) Close() error                                                         { return nil }
