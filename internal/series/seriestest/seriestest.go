// Package seriestest opens observation stores for tests.
package seriestest

import (
	"testing"

	"openioc.org/ioc/internal/series"
)

// Open opens a store in a temporary folder with these datastreams and closes
// it when the test ends.
func Open(t testing.TB, ms ...series.Meta) *series.DB {
	t.Helper()
	return OpenDir(t, t.TempDir(), ms...)
}

// OpenDir is Open in a folder of the caller, to open it again later; the
// store may be closed before the test ends.
func OpenDir(t testing.TB, dir string, ms ...series.Meta) *series.DB {
	t.Helper()
	db, err := series.Open(series.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, m := range ms {
		if err := db.Define(m); err != nil {
			t.Fatal(err)
		}
	}
	return db
}
