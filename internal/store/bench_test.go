package store_test

import (
	"os"
	"strconv"
	"sync/atomic"
	"testing"

	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

// The three prices of a transaction: durable with a trace, durable without,
// and cheap. IOC_TEST_POSTGRES adds PostgreSQL (start it with
// IOC_TEST_POSTGRES_FSYNC=on test/postgres.sh, or the figures flatter).
func BenchmarkCommit(b *testing.B) {
	dbs := map[string]*store.DB{"sqlite": storetest.SQLite(b, nil)}
	if url := os.Getenv("IOC_TEST_POSTGRES"); url != "" {
		dbs["postgres"] = storetest.Postgres(b, nil)
	}
	for name, db := range dbs {
		if err := db.Migrate(b.Context(), "boat", boats); err != nil {
			b.Fatal(err)
		}
		var n atomic.Int64
		write := func(b *testing.B) {
			if err := db.Write(b.Context(), duty, launch(strconv.FormatInt(n.Add(1), 10))); err != nil {
				b.Error(err)
			}
		}
		b.Run(name+"/write", func(b *testing.B) {
			for b.Loop() {
				write(b)
			}
		})
		b.Run(name+"/write-8-at-once", func(b *testing.B) {
			b.SetParallelism(4)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					write(b)
				}
			})
		})
		touch := func(tx *store.Tx) error {
			_, err := tx.Exec("update boat set seen = $1 where id = '1'", n.Add(1))
			return err
		}
		b.Run(name+"/housekeep", func(b *testing.B) {
			for b.Loop() {
				if err := db.Housekeep(b.Context(), touch); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/keep-100-rows", func(b *testing.B) {
			for b.Loop() {
				err := db.Keep(b.Context(), func(tx *store.Tx) error {
					for range 100 {
						if err := touch(tx); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/read", func(b *testing.B) {
			for b.Loop() {
				err := db.Read(b.Context(), func(tx *store.Tx) error {
					var name string
					return tx.QueryRow("select name from boat where id = '1'").Scan(&name)
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
