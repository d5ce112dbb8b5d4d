// Package blob keeps files – uploads, exports, photos, reports – in a folder,
// under keys like "export/01k…/data.csv". A file appears whole or not at all,
// also when the power fails; what readers opened stays readable after a
// replacement or deletion. No key leads out of the folder, nor does a symbolic
// link inside it (os.Root).
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/uid"
)

var (
	errKey      = fault.Define(fault.Invalid, "blob.key", "{key} is not a file name here: a–z, 0–9, dot, dash and underscore in parts between slashes", "{key} không phải tên tệp hợp lệ: a–z, 0–9, chấm, gạch ngang, gạch dưới, các phần cách nhau bằng /")
	errMissing  = fault.Define(fault.NotFound, "blob.missing", "there is no file {key}", "không có tệp {key}")
	errTooLarge = fault.Define(fault.TooLarge, "blob.too_large", "the file is larger than {limit} bytes", "tệp lớn hơn {limit} byte")
	errFull     = fault.Define(fault.Unavailable, "blob.disk_full", "the disk for files is full", "ổ đĩa chứa tệp đã đầy")
)

const (
	// MaxKey is the greatest length of a key.
	MaxKey = 512
	// temporary is where files grow before they get their name. Keys cannot
	// begin with a dot.
	temporary = ".new"
)

// Options say where the files are.
type Options struct {
	Dir     string
	MaxSize int64 // bytes of one file; 0: 1 GiB
}

// Store is a folder of files, safe for concurrent use.
type Store struct {
	root *os.Root
	max  int64
}

// Info describes a file.
type Info struct {
	Key     string
	Size    int64 // bytes
	Changed time.Time
}

// Open opens the folder, makes it when it is missing, and throws away what an
// earlier run left half written.
func Open(o Options) (*Store, error) {
	if err := os.MkdirAll(o.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("open files: %w", err)
	}
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("open files: %w", err)
	}
	s := &Store{root: root, max: o.MaxSize}
	if s.max == 0 {
		s.max = 1 << 30
	}
	if err = root.RemoveAll(temporary); err == nil {
		err = root.Mkdir(temporary, 0o750)
	}
	if err != nil {
		_ = root.Close()
		return nil, fmt.Errorf("open files: %w", err)
	}
	return s, nil
}

// Close closes the folder; files that were handed out stay open.
func (s *Store) Close() error { return s.root.Close() }

// Put stores what r gives under key, in place of what was there. When it
// returns nil the file is on disk; otherwise nothing has changed. A file above
// the limit, an error of r and the end of ctx stop it.
func (s *Store) Put(ctx context.Context, key string, r io.Reader) (Info, error) {
	if !validKey(key) {
		return Info{}, errKey.With("key", shown(key))
	}
	grow := path.Join(temporary, uid.Secret(16))
	info, err := s.write(ctx, grow, r)
	if err == nil {
		err = s.place(grow, key)
	}
	if err != nil {
		_ = s.root.Remove(grow)
		return Info{}, s.explain(key, err)
	}
	info.Key = key
	return info, nil
}

func (s *Store) write(ctx context.Context, name string, r io.Reader) (info Info, err error) {
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return info, err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	info.Size, err = io.Copy(f, io.LimitReader(untilDone{ctx, r}, s.max+1))
	if err != nil {
		return info, err
	}
	if info.Size > s.max {
		return info, errTooLarge.With("limit", s.max)
	}
	if err := f.Sync(); err != nil {
		return info, err
	}
	st, err := f.Stat()
	if err == nil {
		info.Changed = st.ModTime().UTC()
	}
	return info, err
}

// place gives the file its name and makes the name durable.
func (s *Store) place(from, key string) error {
	dir := path.Dir(key)
	if err := s.root.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	if err := s.root.Rename(from, key); err != nil {
		return err
	}
	for ; ; dir = path.Dir(dir) { // a new folder is a name in the one above it
		if err := s.syncDir(dir); err != nil {
			return err
		}
		if dir == "." {
			return nil
		}
	}
}

func (s *Store) syncDir(dir string) error {
	d, err := s.root.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Get opens a file; the caller closes it. It can be sought in, so that
// http.ServeContent can answer ranges.
func (s *Store) Get(_ context.Context, key string) (io.ReadSeekCloser, Info, error) {
	if !validKey(key) {
		return nil, Info{}, errKey.With("key", shown(key))
	}
	f, err := s.root.Open(key)
	if err != nil {
		return nil, Info{}, s.explain(key, err)
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		_ = f.Close()
		return nil, Info{}, s.explain(key, err)
	}
	return f, Info{Key: key, Size: st.Size(), Changed: st.ModTime().UTC()}, nil
}

// Delete removes a file; one that is not there is no fault.
func (s *Store) Delete(_ context.Context, key string) error {
	if !validKey(key) {
		return errKey.With("key", shown(key))
	}
	st, err := s.root.Lstat(key)
	if err == nil && st.IsDir() {
		err = fs.ErrNotExist
	}
	if err == nil {
		err = s.root.Remove(key)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return s.explain(key, err)
}

// List returns the files whose keys begin with the folder prefix ("export" or
// "export/01k"; "" is all), by key.
func (s *Store) List(ctx context.Context, prefix string) ([]Info, error) {
	if prefix == "" {
		prefix = "."
	} else if !validKey(prefix) {
		return nil, errKey.With("key", shown(prefix))
	}
	var out []Info
	err := fs.WalkDir(s.root.FS(), prefix, func(key string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // deleted meanwhile
		case err != nil:
			return err
		case d.IsDir() && d.Name() == temporary:
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		st, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err != nil {
			return err
		}
		out = append(out, Info{Key: key, Size: st.Size(), Changed: st.ModTime().UTC()})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list files under %s: %w", prefix, err)
	}
	return out, nil
}

func (s *Store) explain(key string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return errMissing.With("key", key)
	case diskFull(err):
		return errFull.With().Because(err)
	}
	if _, known := fault.As(err); known {
		return err
	}
	return fmt.Errorf("file %s: %w", key, err)
}

// untilDone is a reader that fails when ctx ends.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// validKey holds keys to a form that is the same file on every system and in
// every object store: no capitals, no device names worth the name, no dots in
// front.
func validKey(key string) bool {
	if key == "" || len(key) > MaxKey {
		return false
	}
	for part := range strings.SplitSeq(key, "/") {
		if part == "" || len(part) > 200 || part[0] == '.' || part[len(part)-1] == '.' {
			return false
		}
		for i := range len(part) {
			c := part[i]
			if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_') {
				return false
			}
		}
	}
	return true
}

// shown is a refused key as it may stand in a sentence.
func shown(key string) string {
	if len(key) > 80 {
		key = key[:80] + "…"
	}
	return strings.ToValidUTF8(key, "?")
}
