package identity

import (
	"io/fs"
	"os"
	"testing"
)

func mode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != want {
		t.Errorf("%s: %v, want %v", path, info.Mode().Perm(), want)
	}
}

func chmod(t *testing.T, path string, to fs.FileMode) {
	t.Helper()
	if err := os.Chmod(path, to); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
