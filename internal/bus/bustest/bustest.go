// Package bustest opens buses for tests.
package bustest

import (
	"testing"

	"openioc.org/ioc/internal/bus"
)

// Open runs a bus in a temporary folder with the streams OBS and FACT, and
// closes it when the test ends.
func Open(t testing.TB) *bus.Bus {
	t.Helper()
	return OpenDir(t, t.TempDir())
}

// OpenDir is Open in a folder of the caller, to open it again later; the bus
// may be closed before the test ends.
func OpenDir(t testing.TB, dir string) *bus.Bus {
	t.Helper()
	b, err := bus.Open(t.Context(), bus.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	for _, s := range []bus.StreamConfig{
		{Name: "OBS", Subjects: []string{"ioc.obs.>"}},
		{Name: "FACT", Subjects: []string{"ioc.fact.>"}},
	} {
		if err := b.Stream(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	return b
}
