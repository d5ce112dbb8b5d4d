package file

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// localFolder is a folder of this machine. os.Root keeps every name inside
// it, whatever symbolic links lie in there.
type localFolder struct{ root *os.Root }

// localPath finds the administrator's root that the configured folder is in;
// rel is the folder inside it.
func (w *Watcher) localPath() (root, rel string, err error) {
	if w.c.Path == "" && len(w.d.Roots) > 0 {
		return w.d.Roots[0], w.d.Source, nil
	}
	p := filepath.Clean(w.c.Path)
	if len(w.d.Roots) == 0 { // only checked, not run
		return "", p, nil
	}
	for _, root := range w.d.Roots {
		if !filepath.IsAbs(p) {
			return root, p, inside(p, w.c.Path)
		}
		abs, err := filepath.Abs(root)
		if err != nil {
			continue
		}
		if rel, err := filepath.Rel(abs, p); err == nil && filepath.IsLocal(rel) {
			return root, rel, nil
		}
	}
	return "", "", errRoot.With("path", w.c.Path)
}

func inside(rel, shown string) error {
	if !filepath.IsLocal(rel) {
		return errRoot.With("path", shown)
	}
	return nil
}

func (w *Watcher) openLocal(context.Context) (folder, error) {
	base, rel, err := w.localPath()
	if err == nil && base == "" {
		err = errRoot.With("path", w.c.Path)
	}
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(base, 0o755); err != nil {
		return nil, errOpen.With("detail", err.Error())
	}
	root, err := os.OpenRoot(base)
	if err != nil {
		return nil, errOpen.With("detail", err.Error())
	}
	defer root.Close()
	if w.c.Path == "" { // the source's own folder; others are made by people
		if err := root.MkdirAll(rel, 0o775); err != nil {
			return nil, errOpen.With("detail", err.Error())
		}
	}
	sub, err := root.OpenRoot(rel)
	if err != nil {
		return nil, errOpen.With("detail", err.Error())
	}
	return localFolder{sub}, nil
}

// List implements folder.
func (l localFolder) List(ctx context.Context, recursive bool) ([]entry, error) {
	var out []entry
	err := fs.WalkDir(l.root.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && p == ".":
			return err
		case err != nil:
			return nil // it went away, or is not ours to read
		case d.IsDir() && p != "." && (!recursive || p == "done" || p == "failed"):
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return nil
		}
		out = append(out, entry{name: p, size: info.Size(), modified: info.ModTime().UTC()})
		return nil
	})
	return out, err
}

// Read implements folder.
func (l localFolder) Read(_ context.Context, name string, limit int) ([]byte, error) {
	f, err := l.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, int64(limit)+1))
}

// Move implements folder.
func (l localFolder) Move(name, to string) error {
	if err := l.root.Mkdir(path.Dir(to), 0o775); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return l.root.Rename(name, to)
}

// Remove implements folder.
func (l localFolder) Remove(name string) error { return l.root.Remove(name) }

// Close implements folder.
func (l localFolder) Close() error { return l.root.Close() }
