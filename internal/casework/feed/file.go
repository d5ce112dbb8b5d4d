package feed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
)

var (
	errRoot    = fault.Define(fault.Forbidden, "casefeed.root", "{path} is outside the folders that the administrator opened", "{path} nằm ngoài các thư mục mà quản trị viên cho phép")
	errFolder  = fault.Define(fault.Unavailable, "casefeed.folder", "the folder cannot be read: {detail}", "không đọc được thư mục: {detail}")
	errBigFile = fault.Define(fault.TooLarge, "casefeed.file_size", "{name} is larger than {limit} bytes", "{name} lớn hơn {limit} byte")
	errBadFile = fault.Define(fault.Invalid, "casefeed.file", "{name}: {detail}", "{name}: {detail}")
	errNotFile = fault.Define(fault.Invalid, "casefeed.not_file", "{name} takes no files", "{name} không nhận tệp")
)

// sighting is how a file looked and since when it has looked so.
type sighting struct {
	size     int64
	modified time.Time
	since    time.Time
}

// Upload takes a file that a person brings.
func (s *Service) Upload(ctx context.Context, actor access.Actor, id, name string, raw []byte) (Outcome, error) {
	if err := access.Require(actor, access.CaseConnect, access.Scope{}); err != nil {
		return Outcome{}, err
	}
	sys, err := s.find(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	if sys.Kind != KindFile {
		return Outcome{}, errNotFile.With("name", sys.Name)
	}
	defer s.hold(id)()
	return s.file(ctx, actor, &sys, name, raw, nil)
}

// file imports one file page by page; the mark moves with the last page.
func (s *Service) file(ctx context.Context, actor access.Actor, sys *System, name string, raw []byte, next *mark) (Outcome, error) {
	var total Outcome
	p, err := parseMapping(sys.Mapping)
	if err != nil {
		return total, err
	}
	if p == nil {
		return total, errUnmapped.With()
	}
	doc, err := document(raw, name, p.m)
	if err != nil {
		return total, err
	}
	list := pages(doc, casework.MostEvents)
	for i, b := range list {
		m := (*mark)(nil)
		if i == len(list)-1 {
			m = next
		}
		ts, rejected, left := p.read(*sys, b, s.clock.Now())
		out, err := s.take(ctx, actor, sys, ts, rejected, m)
		out.Rows, out.Left = len(b.rows), left
		total.add(out)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// watch looks into a system's folder once and takes the files that have stood
// still. One bad file does not hold up the others.
func (s *Service) watch(ctx context.Context, sys *System, c *FileConfig) (Outcome, error) {
	var total Outcome
	root, err := s.folder(sys, c)
	if err != nil {
		return total, err
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return total, errFolder.With("detail", cause(err))
	}
	now := s.clock.Now()
	s.mu.Lock()
	before := s.waiting[sys.ID]
	s.mu.Unlock()
	after := map[string]sighting{}
	var first error
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || !c.wants(e.Name()) || sys.mark.knows(info) {
			continue
		}
		look, ok := before[e.Name()]
		if !ok || look.size != info.Size() || !look.modified.Equal(info.ModTime()) {
			look = sighting{info.Size(), info.ModTime(), now}
		}
		if now.Sub(look.since) < c.Settle.Std() {
			after[e.Name()] = look
			continue
		}
		out, err := s.takeFile(ctx, sys, root, info, c.MaxBytes)
		total.add(out)
		if err != nil && first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	s.mu.Lock()
	s.waiting[sys.ID] = after
	s.mu.Unlock()
	return total, first
}

// takeFile takes one file. A file that cannot be read at all is marked like
// one that was taken, so that its error is told once and it is tried again
// only when it changes; an import that fails is tried again.
func (s *Service) takeFile(ctx context.Context, sys *System, root *os.Root, info fs.FileInfo, limit int) (Outcome, error) {
	skip := func(why error, hash string) (Outcome, error) {
		next := sys.mark.with(info, hash)
		if _, err := s.take(ctx, sys.actor(), sys, nil, nil, &next); err != nil {
			return Outcome{}, err
		}
		sys.mark = next
		if why == nil {
			return Outcome{}, nil
		}
		return Outcome{}, errBadFile.With("name", info.Name(), "detail", sentence(faultOf(why)))
	}
	if info.Size() > int64(limit) {
		return skip(errBigFile.With("name", info.Name(), "limit", limit), "")
	}
	f, err := root.Open(info.Name())
	if errors.Is(err, fs.ErrNotExist) {
		return Outcome{}, nil // gone again
	}
	if err != nil {
		return Outcome{}, errFolder.With("detail", cause(err))
	}
	raw, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	_ = f.Close()
	if err != nil {
		return Outcome{}, errFolder.With("detail", cause(err))
	}
	if int64(len(raw)) != info.Size() {
		return Outcome{}, nil // it grows again
	}
	h := sha256.Sum256(raw)
	hash := hex.EncodeToString(h[:])
	if slices.ContainsFunc(sys.mark.Files, func(x seen) bool { return x.Hash == hash }) {
		return skip(nil, hash) // the same content under another name
	}
	next := sys.mark.with(info, hash)
	next.Shown = info.Name()
	out, err := s.file(ctx, sys.actor(), sys, info.Name(), raw, &next)
	if err != nil {
		if k := fault.KindOf(err); k == fault.Invalid || k == fault.TooLarge {
			if _, ok := fault.As(err); ok && ctx.Err() == nil && !fault.Is(err, errUnmapped) {
				return skip(err, hash)
			}
		}
		return out, err
	}
	sys.mark = next
	return out, nil
}

func (m mark) knows(i fs.FileInfo) bool {
	return slices.ContainsFunc(m.Files, func(x seen) bool { return x.Name == i.Name() && x.Size == i.Size() && x.Modified.Equal(i.ModTime()) })
}

func (m mark) with(i fs.FileInfo, hash string) mark {
	list := slices.DeleteFunc(slices.Clone(m.Files), func(x seen) bool { return x.Name == i.Name() })
	list = append(list, seen{i.Name(), i.Size(), i.ModTime().UTC(), hash})
	m.Files = list[max(0, len(list)-maxFiles):]
	return m
}

// wants says whether the name fits; what writers mark as unfinished does not.
func (c *FileConfig) wants(name string) bool {
	lower := strings.ToLower(name)
	if strings.HasPrefix(lower, ".") || strings.HasPrefix(lower, "~$") || strings.HasSuffix(lower, ".tmp") || strings.HasSuffix(lower, ".part") {
		return false
	}
	for _, p := range c.patterns() {
		if ok, err := path.Match(strings.ToLower(p), lower); err == nil && ok {
			return true
		}
	}
	return false
}

// folder opens the watched folder below one of the administrator's roots.
// os.Root keeps every name inside it, whatever links lie there.
func (s *Service) folder(sys *System, c *FileConfig) (*os.Root, error) {
	if len(s.roots) == 0 {
		return nil, connector.NewConfigError().At("folder", errRoot.With("path", c.Folder))
	}
	base, rel, ours := s.roots[0], "mot-cua-"+sys.ID, true
	if c.Folder != "" {
		var ok bool
		if base, rel, ok = s.below(filepath.Clean(c.Folder)); !ok {
			return nil, connector.NewConfigError().At("folder", errRoot.With("path", c.Folder))
		}
		ours = false
	}
	if err := os.MkdirAll(base, 0o755); err != nil {
		return nil, errFolder.With("detail", cause(err))
	}
	root, err := os.OpenRoot(base)
	if err != nil {
		return nil, errFolder.With("detail", cause(err))
	}
	defer root.Close()
	if ours { // others are made by people
		if err := root.MkdirAll(rel, 0o775); err != nil {
			return nil, errFolder.With("detail", cause(err))
		}
	}
	sub, err := root.OpenRoot(rel)
	if err != nil {
		return nil, errFolder.With("detail", cause(err))
	}
	return sub, nil
}

func (s *Service) below(p string) (base, rel string, ok bool) {
	if !filepath.IsAbs(p) {
		return s.roots[0], p, filepath.IsLocal(p)
	}
	for _, root := range s.roots {
		abs, err := filepath.Abs(root)
		if err != nil {
			continue
		}
		if rel, err := filepath.Rel(abs, p); err == nil && filepath.IsLocal(rel) {
			return root, rel, true
		}
	}
	return "", "", false
}

// cause is what the system said, without the path: it is not the reader's.
func cause(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return clip(err.Error())
}
