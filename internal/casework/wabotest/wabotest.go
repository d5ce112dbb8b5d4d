// Package wabotest reads the real log of a municipality for tests
// (../feed/testdata/ORIGIN.md): 1,434 files, 1,329 of them finished under a
// date, 377 late (28.4 %), 105 open.
package wabotest

import (
	"compress/gzip"
	"encoding/csv"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"
)

// Path is where the log lies, gzipped.
func Path() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "..", "feed", "testdata", "wabo_receipt.csv.gz")
}

// Rows reads the log: its columns and a row for each step of each file.
func Rows(t testing.TB) (header []string, rows [][]string) {
	t.Helper()
	f, err := os.Open(Path())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all[0], all[1:]
}

// At gives the instant in a column of a row; zero where it is empty.
func At(t testing.TB, header, row []string, column string) (at time.Time) {
	t.Helper()
	if v := row[slices.Index(header, column)]; v != "" {
		var err error
		if at, err = time.Parse("2006-01-02 15:04:05.999999999Z07:00", v); err != nil {
			t.Fatal(err)
		}
	}
	return at
}
