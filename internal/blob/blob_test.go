package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"openioc.org/ioc/internal/blob"
	"openioc.org/ioc/internal/fault"
)

func open(t *testing.T, dir string, max int64) *blob.Store {
	t.Helper()
	s, err := blob.Open(blob.Options{Dir: dir, MaxSize: max})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func put(t *testing.T, s *blob.Store, key, content string) {
	t.Helper()
	info, err := s.Put(t.Context(), key, strings.NewReader(content))
	if err != nil || info.Size != int64(len(content)) || info.Key != key {
		t.Fatalf("put %s: %+v %v", key, info, err)
	}
}

func get(t *testing.T, s *blob.Store, key string) string {
	t.Helper()
	f, info, err := s.Get(t.Context(), key)
	if err != nil {
		return "error: " + err.Error()
	}
	defer f.Close()
	raw, err := io.ReadAll(f)
	if err != nil || info.Size != int64(len(raw)) {
		t.Fatalf("get %s: %d of %d bytes, %v", key, len(raw), info.Size, err)
	}
	return string(raw)
}

func keys(t *testing.T, s *blob.Store, prefix string) string {
	t.Helper()
	infos, err := s.List(t.Context(), prefix)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, i := range infos {
		out = append(out, i.Key)
	}
	return strings.Join(out, " ")
}

func TestFilesComeBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "files")
	s := open(t, dir, 0)
	put(t, s, "export/01k/data.csv", "a;b\n")
	put(t, s, "export/02k/data.csv", "")
	put(t, s, "photo.jpg", "first")
	f, _, err := s.Get(t.Context(), "photo.jpg")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	put(t, s, "photo.jpg", "second")
	if old, _ := io.ReadAll(f); string(old) != "first" {
		t.Errorf("the open file changed to %q", old)
	}

	s = open(t, dir, 0) // a restart
	for key, want := range map[string]string{"export/01k/data.csv": "a;b\n", "export/02k/data.csv": "", "photo.jpg": "second"} {
		if got := get(t, s, key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	if got := keys(t, s, ""); got != "export/01k/data.csv export/02k/data.csv photo.jpg" {
		t.Errorf("all: %s", got)
	}
	if got := keys(t, s, "export/01k"); got != "export/01k/data.csv" {
		t.Errorf("export/01k: %s", got)
	}
	if got := keys(t, s, "nothing"); got != "" {
		t.Errorf("nothing: %s", got)
	}
	for range 2 {
		if err := s.Delete(t.Context(), "photo.jpg"); err != nil {
			t.Error(err)
		}
	}
	for _, missing := range []string{"photo.jpg", "export", "export/01k"} {
		if _, _, err := s.Get(t.Context(), missing); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v", missing, err)
		}
	}
	if err := s.Delete(t.Context(), "export"); err != nil || get(t, s, "export/01k/data.csv") != "a;b\n" {
		t.Errorf("deleting a folder: %v", err)
	}
}

func TestKeysStayInTheFolder(t *testing.T) {
	outer := t.TempDir()
	secret := filepath.Join(outer, "secret")
	if err := os.WriteFile(secret, []byte("untouched"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(outer, "files")
	s := open(t, dir, 0)
	if err := os.Symlink(outer, filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{
		"../secret", "a/../../secret", "/secret", secret, "..", ".", "", "a//b", "a/", ".new/x", ".hidden", "a/.b", "a.",
		"A", "a b", `a\b`, "a\x00b", "đà-nẵng", "con:", "a/..", strings.Repeat("a", 201), strings.Repeat("a/", 300) + "a",
	} {
		if _, err := s.Put(t.Context(), key, strings.NewReader("x")); fault.KindOf(err) != fault.Invalid {
			t.Errorf("put %q: %v", key, err)
		}
		if _, _, err := s.Get(t.Context(), key); fault.KindOf(err) != fault.Invalid {
			t.Errorf("get %q: %v", key, err)
		}
		if err := s.Delete(t.Context(), key); fault.KindOf(err) != fault.Invalid {
			t.Errorf("delete %q: %v", key, err)
		}
	}
	// Somebody put a link into the folder: it is not followed out.
	if _, err := s.Put(t.Context(), "out/secret", strings.NewReader("x")); err == nil {
		t.Error("wrote through a link")
	}
	if _, _, err := s.Get(t.Context(), "out/secret"); err == nil {
		t.Error("read through a link")
	}
	if err := s.Delete(t.Context(), "out/secret"); err == nil {
		t.Error("deleted through a link")
	}
	if raw, err := os.ReadFile(secret); string(raw) != "untouched" {
		t.Errorf("the file outside: %q %v", raw, err)
	}
}

func TestAFailedPutChangesNothing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 10)
	put(t, s, "a", "0123456789") // exactly the limit
	broken := errors.New("the sender hung up")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		r    func() io.Reader
		want func(error) bool
	}{
		"too large": {t.Context(), func() io.Reader { return strings.NewReader("01234567890") }, func(err error) bool { return fault.KindOf(err) == fault.TooLarge }},
		"broken":    {t.Context(), func() io.Reader { return io.MultiReader(strings.NewReader("01"), iotest.ErrReader(broken)) }, func(err error) bool { return errors.Is(err, broken) }},
		"ended":     {ended, func() io.Reader { return strings.NewReader("01") }, func(err error) bool { return errors.Is(err, context.Canceled) }},
	} {
		if _, err := s.Put(c.ctx, "a", c.r()); !c.want(err) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.Put(c.ctx, "b/c", c.r()); err == nil {
			t.Errorf("%s: b/c was written", name)
		}
	}
	if got := get(t, s, "a"); got != "0123456789" {
		t.Errorf("a is %q", got)
	}
	if got := keys(t, s, ""); got != "a" {
		t.Errorf("files: %s", got)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".new", "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestHalfWrittenFilesOfAnEarlierRunGo(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, ".new"), 0o750); err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(dir, ".new", "half")
	if err := os.WriteFile(half, []byte("hal"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, 0)
	if _, err := os.Stat(half); !os.IsNotExist(err) {
		t.Errorf("still there: %v", err)
	}
	put(t, s, "a", "x")
}

func TestReadersSeeWholeFiles(t *testing.T) {
	s := open(t, t.TempDir(), 0)
	versions := []string{strings.Repeat("a", 50_000), strings.Repeat("b", 70_000)}
	put(t, s, "k", versions[0])
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for range 20 {
				if _, err := s.Put(t.Context(), "k", bytes.NewBufferString(versions[i%2])); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 50 {
				if got := get(t, s, "k"); got != versions[0] && got != versions[1] {
					t.Errorf("a mixed file of %d bytes", len(got))
				}
			}
		})
	}
	wg.Wait()
}
