// Package file takes in files that others leave in a folder of this machine
// or on an SFTP or FTP server: CSV, XLSX, JSON, XML and the station files of
// TT 10/2021. A file that is still being written is left alone until it has
// stood still; the same content twice is skipped and said; rows that cannot
// be read become dead letters while the rest goes in.
package file

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"strings"
	"time"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/mapping"
	"openioc.org/ioc/internal/msg"
)

//go:embed README.md
var readme string

// Kind is the source kind.
var Kind = connector.Kind{
	Name:    "file",
	Title:   msg.Text{Vi: "Nhận tệp (thư mục, SFTP, FTP)", En: "Files (folder, SFTP, FTP)"},
	Summary: msg.Text{Vi: "CSV, XLSX, JSON, XML và tệp trạm theo TT 10/2021.", En: "CSV, XLSX, JSON, XML and station files of TT 10/2021."},
	Readme:  readme,
	Config:  func() any { c := defaults(); return &c },
	Sample:  json.RawMessage(`{"protocol":"sftp","host":"ftp.example.vn","username":"tram","password":"","path":"/data","pattern":"*.txt","after":"move"}`),
	New:     New,
	Probes:  true,
}

// Config says where the files are.
type Config struct {
	Protocol   string             `json:"protocol" vi:"Cách lấy" en:"Protocol" enum:"folder,sftp,ftp,ftps"`
	Path       string             `json:"path,omitempty" vi:"Thư mục" en:"Folder" help_vi:"folder: để trống là thư mục riêng của nguồn" help_en:"folder: empty is the source's own drop folder"`
	Pattern    string             `json:"pattern" vi:"Tên tệp" en:"File names" help_vi:"ví dụ *.txt,*.csv" help_en:"*.txt,*.csv for example"`
	Recursive  bool               `json:"recursive" vi:"Cả thư mục con" en:"Subfolders too"`
	Host       string             `json:"host,omitempty" vi:"Máy chủ" en:"Host" when:"protocol=sftp,ftp,ftps"`
	Port       int                `json:"port,omitempty" vi:"Cổng" en:"Port" when:"protocol=sftp,ftp,ftps"`
	Username   string             `json:"username,omitempty" vi:"Tên đăng nhập" en:"User name" when:"protocol=sftp,ftp,ftps"`
	Password   connector.Secret   `json:"password,omitempty" vi:"Mật khẩu" en:"Password" when:"protocol=sftp,ftp,ftps"`
	PrivateKey connector.Secret   `json:"private_key,omitempty" vi:"Khoá riêng (PEM)" en:"Private key (PEM)" when:"protocol=sftp"`
	HostKey    string             `json:"host_key,omitempty" vi:"Dấu vân tay máy chủ" en:"Host key fingerprint" help_vi:"SHA256:…; để trống: tin lần đầu và nhớ" help_en:"SHA256:…; empty: trust the first and remember it" when:"protocol=sftp"`
	Every      connector.Duration `json:"every" vi:"Xem lại mỗi" en:"Look every"`
	Settle     connector.Duration `json:"settle" vi:"Chờ tệp đứng yên" en:"Wait until still for" help_vi:"tệp đang ghi thì chưa đọc" help_en:"a file being written is left alone"`
	After      string             `json:"after" vi:"Đọc xong" en:"When read" enum:"keep,move,delete" help_vi:"move: vào thư mục done hoặc failed" help_en:"move: into the folder done or failed"`
	MaxBytes   int                `json:"max_bytes" vi:"Kích thước tối đa (byte)" en:"Largest file (bytes)" min:"1024" max:"16777216"`
}

func defaults() Config {
	return Config{
		Protocol: "folder", Pattern: "*", Every: connector.Duration(15 * time.Second), Settle: connector.Duration(10 * time.Second),
		After: "keep", MaxBytes: 16 << 20,
	}
}

var (
	errTooLarge = fault.Define(fault.TooLarge, "file.too_large", "{name} is larger than {limit} bytes", "{name} lớn hơn {limit} byte")
	errNoFile   = fault.Define(fault.NotFound, "file.none", "the folder holds no file of that name yet", "thư mục chưa có tệp nào như vậy")
	errOpen     = fault.Define(fault.Unavailable, "file.open", "the folder cannot be opened: {detail}", "không mở được thư mục: {detail}")
	errRoot     = fault.Define(fault.Forbidden, "file.root", "{path} is outside the folders that the administrator opened", "{path} nằm ngoài các thư mục mà quản trị viên cho phép")
)

// Watcher is the connector.
type Watcher struct {
	c       Config
	d       connector.Deps
	program *mapping.Program
	open    func(ctx context.Context) (folder, error)
	state   *state
	waiting map[string]sighting
}

// folder is a place with files; names are relative paths with slashes.
type folder interface {
	List(ctx context.Context, recursive bool) ([]entry, error)
	Read(ctx context.Context, name string, limit int) ([]byte, error)
	Move(name, to string) error // makes to's folder
	Remove(name string) error
	Close() error
}

type entry struct {
	name     string
	size     int64
	modified time.Time
}

// sighting is how a file looked and since when it has looked so.
type sighting struct {
	size     int64
	modified time.Time
	since    time.Time
}

// New checks the config.
func New(raw json.RawMessage, d connector.Deps) (connector.Connector, error) {
	c := defaults()
	if err := connector.Parse(raw, &c); err != nil {
		return nil, err
	}
	w := &Watcher{c: c, d: d, waiting: map[string]sighting{}}
	if err := w.check(); err != nil {
		return nil, err
	}
	p, err := mapping.Parse(d.Mapping)
	if err != nil {
		return nil, err
	}
	w.program, w.state = p, loadState(d.Dir)
	return w, nil
}

func (w *Watcher) check() error {
	bad := connector.NewConfigError()
	remote := true
	switch w.c.Protocol {
	case "folder":
		remote, w.open = false, w.openLocal
		if _, _, err := w.localPath(); err != nil {
			f, _ := fault.As(err)
			bad.At("path", f)
		}
	case "sftp":
		w.open = w.openSFTP
	case "ftp", "ftps":
		w.open = w.openFTP
	default:
		bad.At("protocol", connector.ErrValue.With("value", w.c.Protocol, "want", "folder, sftp, ftp, ftps"))
	}
	if remote && w.c.Host == "" {
		bad.At("host", connector.ErrMissing.With())
	}
	if w.c.Port < 0 || w.c.Port > 65535 {
		bad.At("port", connector.ErrValue.With("value", w.c.Port, "want", "1 … 65535"))
	}
	for _, p := range w.patterns() {
		if _, err := path.Match(p, "x"); err != nil {
			bad.At("pattern", connector.ErrValue.With("value", p, "want", "*.txt"))
		}
	}
	if w.c.Every.Std() < time.Second {
		bad.At("every", connector.ErrValue.With("value", w.c.Every.Std().String(), "want", "≥ 1s"))
	}
	if w.c.Settle.Std() < 0 {
		bad.At("settle", connector.ErrValue.With("value", w.c.Settle.Std().String(), "want", "≥ 0s"))
	}
	if w.c.After != "keep" && w.c.After != "move" && w.c.After != "delete" {
		bad.At("after", connector.ErrValue.With("value", w.c.After, "want", "keep, move, delete"))
	}
	if w.c.MaxBytes < 1024 || w.c.MaxBytes > 16<<20 {
		bad.At("max_bytes", connector.ErrValue.With("value", w.c.MaxBytes, "want", "1024 … 16777216"))
	}
	return connector.OrNil(bad)
}

func (w *Watcher) patterns() []string {
	var out []string
	for p := range strings.SplitSeq(w.c.Pattern, ",") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// Run looks into the folder on schedule.
func (w *Watcher) Run(ctx context.Context, sink connector.Sink) error {
	for {
		err := w.look(ctx, sink)
		if ctx.Err() != nil {
			return nil
		}
		w.d.Tell(err)
		if err != nil {
			w.d.Log().Warn("folder not read", "source", w.d.Source, "err", err)
		}
		if w.d.Clock.Sleep(ctx, w.c.Every.Std()) != nil {
			return nil
		}
	}
}

// look opens the folder and takes in the files that have stood still.
func (w *Watcher) look(ctx context.Context, sink connector.Sink) error {
	f, err := w.open(ctx)
	if err != nil {
		return err
	}
	defer f.Close()
	entries, err := f.List(ctx, w.c.Recursive)
	if err != nil {
		return errOpen.With("detail", err.Error()).Because(err)
	}
	now := w.d.Clock.Now()
	seen := map[string]sighting{}
	var first error
	for _, e := range entries {
		if !w.wants(e.name) || w.state.knows(e) {
			continue
		}
		s, ok := w.waiting[e.name]
		if !ok || s.size != e.size || !s.modified.Equal(e.modified) {
			s = sighting{size: e.size, modified: e.modified, since: now}
		}
		seen[e.name] = s
		if now.Sub(s.since) < w.c.Settle.Std() {
			continue
		}
		if err := w.take(ctx, f, e, sink); err != nil {
			if ctx.Err() != nil {
				return err
			}
			// One bad file must not hold the others up.
			if first == nil {
				first = err
			}
			continue
		}
		delete(seen, e.name)
	}
	w.waiting = seen
	if err := w.state.save(); err != nil {
		return err
	}
	return first
}

// wants says whether the name fits the pattern; files that writers mark as
// unfinished and our own folders are left out.
func (w *Watcher) wants(name string) bool {
	if top, _, sub := strings.Cut(name, "/"); sub && (top == "done" || top == "failed") {
		return false
	}
	base := path.Base(name)
	lower := strings.ToLower(base)
	if strings.HasPrefix(base, ".") || strings.HasSuffix(lower, ".tmp") || strings.HasSuffix(lower, ".part") || strings.HasSuffix(lower, ".filepart") {
		return false
	}
	for _, p := range w.patterns() {
		if ok, err := path.Match(strings.ToLower(p), lower); err == nil && ok {
			return true
		}
	}
	return false
}

// chunk is how many readings go in one batch.
const chunk = 5000

// take reads one file, has its readings accepted, and puts it away.
func (w *Watcher) take(ctx context.Context, f folder, e entry, sink connector.Sink) error {
	if e.size > int64(w.c.MaxBytes) {
		return w.refuse(ctx, f, e, sink, errTooLarge.With("name", e.name, "limit", w.c.MaxBytes))
	}
	raw, err := f.Read(ctx, e.name, w.c.MaxBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // gone again
	}
	if err != nil {
		return errOpen.With("detail", err.Error()).Because(err)
	}
	if int64(len(raw)) != e.size {
		delete(w.waiting, e.name) // it grows again
		return nil
	}
	sum := sha256.Sum256(raw)
	hash := hex.EncodeToString(sum[:])
	if as, twice := w.state.hash(hash); twice {
		w.d.Log().Info("file skipped: its content was taken in before", "source", w.d.Source, "file", e.name, "before", as)
		w.d.Say(msg.Text{
			Vi: "Bỏ qua " + e.name + ": nội dung đã nhận trước đó với tên " + as,
			En: "Skipped " + e.name + ": its content came before as " + as,
		})
		return w.putAway(f, e, hash, "done")
	}
	now := w.d.Clock.Now()
	out := w.program.Read(raw, mapping.Meta{Source: w.d.Source, File: e.name, Received: now})
	for rest := out.Readings; ; rest = rest[min(len(rest), chunk):] {
		b := connector.Batch{Source: w.d.Source, Received: now, Readings: rest[:min(len(rest), chunk)], Unread: out.Unread}
		if len(b.Readings)+len(b.Unread) == 0 {
			break
		}
		if _, err := sink.Accept(ctx, b); err != nil {
			return err
		}
		out.Unread = nil
	}
	where := "done"
	if len(out.Readings) == 0 {
		where = "failed"
	}
	return w.putAway(f, e, hash, where)
}

// refuse makes a dead letter of a file that is not even read.
func (w *Watcher) refuse(ctx context.Context, f folder, e entry, sink connector.Sink, why *fault.Error) error {
	b := connector.Batch{Source: w.d.Source, Received: w.d.Clock.Now(), Unread: []connector.Unread{{Raw: e.name, Err: why}}}
	if _, err := sink.Accept(ctx, b); err != nil {
		return err
	}
	return w.putAway(f, e, "", "failed")
}

func (w *Watcher) putAway(f folder, e entry, hash, where string) error {
	w.state.took(e, hash, w.d.Clock.Now())
	if err := w.state.save(); err != nil {
		return err
	}
	switch w.c.After {
	case "move":
		// The time keeps a mended file of the same name apart.
		to := where + "/" + w.d.Clock.Now().Format("20060102T150405") + "_" + strings.ReplaceAll(e.name, "/", "_")
		if err := f.Move(e.name, to); err != nil {
			return errOpen.With("detail", err.Error()).Because(err)
		}
	case "delete":
		if err := f.Remove(e.name); err != nil {
			return errOpen.With("detail", err.Error()).Because(err)
		}
	}
	return nil
}

// Sample reads the newest file, taken in or not.
func (w *Watcher) Sample(ctx context.Context) (connector.Sample, error) {
	f, err := w.open(ctx)
	if err != nil {
		return connector.Sample{}, err
	}
	defer f.Close()
	entries, err := f.List(ctx, w.c.Recursive)
	if err != nil {
		return connector.Sample{}, errOpen.With("detail", err.Error()).Because(err)
	}
	var newest *entry
	for i, e := range entries {
		if w.wants(e.name) && e.size > 0 && e.size <= int64(w.c.MaxBytes) && (newest == nil || e.modified.After(newest.modified)) {
			newest = &entries[i]
		}
	}
	if newest == nil {
		return connector.Sample{}, errNoFile.With()
	}
	raw, err := f.Read(ctx, newest.name, w.c.MaxBytes)
	if err != nil {
		return connector.Sample{}, errOpen.With("detail", err.Error()).Because(err)
	}
	return connector.Sample{Raw: raw, Name: newest.name, At: w.d.Clock.Now()}, nil
}
