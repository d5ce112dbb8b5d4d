package blob

import (
	"path"
	"path/filepath"
	"testing"
)

func FuzzValidKey(f *testing.F) {
	for _, s := range []string{"a", "a/b.csv", "../a", "a/..", "a//b", ".new/x", "/a", "a\\b", "a\x00", "ａ", "a/./b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if !validKey(key) {
			return
		}
		if path.Clean(key) != key || !filepath.IsLocal(key) || key[0] == '.' || len(key) > MaxKey {
			t.Errorf("%q was taken", key)
		}
	})
}
