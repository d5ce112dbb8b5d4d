package feed

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
)

// The states of a system.
const (
	StateOK      = "ok"
	StateError   = "error"
	StateRunning = "running"
	StateOff     = "off"
	StateNever   = "never" // has not run yet
)

// System is a one-stop system that is connected.
type System struct {
	ID        string
	Name      string
	Kind      string
	Config    json.RawMessage // secrets included; Masked hides them
	Mapping   json.RawMessage
	Enabled   bool
	Every     time.Duration // between two rounds; of kinds that are asked
	Synthetic bool          // its files are made up, and labelled so
	TokenHint string

	State    string
	Error    *Trouble // of the last round; nil: it went well
	Shown    string   // how far it has been read, for people
	Newest   time.Time
	Behind   bool // more waited when the last round ended
	LastRun  time.Time
	LastOK   time.Time
	Events   int
	Cases    int
	Rejected int

	Created, Changed time.Time

	tokenHash string
	kept      json.RawMessage // the config before an edit, for secrets that read ***
	mark      mark
}

// Trouble is what went wrong, as it is kept.
type Trouble struct {
	Code string `json:"code"`
	msg.Text
	Fields []TroubleField `json:"fields,omitempty"`
}

// TroubleField names a field of the config or the mapping.
type TroubleField struct {
	Path string `json:"path"`
	Code string `json:"code"`
	msg.Text
}

// Lag is how long the city's picture of the system is old: since the newest
// row while more rows wait, else since the last round that went well. False:
// it has never been read.
func (s *System) Lag(now time.Time) (time.Duration, bool) {
	since := s.LastOK
	if s.Behind && !s.Newest.IsZero() && s.Newest.Before(since) {
		since = s.Newest
	}
	if since.IsZero() {
		return 0, false
	}
	return max(now.Sub(since), 0), true
}

var (
	errNotFound = fault.Define(fault.NotFound, "casefeed.not_found", "there is no one-stop system {id}", "không có hệ thống một cửa {id}")
	errTaken    = fault.Define(fault.Conflict, "casefeed.taken", "there is a system {id} already", "đã có hệ thống {id}")
	errName     = fault.Define(fault.Invalid, "casefeed.name", "give the system a name of at most {limit} characters", "hãy đặt tên hệ thống, tối đa {limit} ký tự")
	errID       = fault.Define(fault.Invalid, "casefeed.id", "an id has 2 to 40 of a–z, 0–9, - and _", "mã gồm 2 đến 40 ký tự a–z, 0–9, - và _")
	errEvery    = fault.Define(fault.Invalid, "casefeed.every", "between {least} and {most} seconds", "từ {least} đến {most} giây")
	errUnmapped = fault.Define(fault.Invalid, "casefeed.unmapped", "the system has no mapping yet", "hệ thống chưa có ánh xạ")
	errFailed   = fault.Define(fault.Unavailable, "casefeed.failed", "the round failed: {detail}", "lượt đọc lỗi: {detail}")
	errPanic    = fault.Define(fault.Internal, "casefeed.panic", "reading the system broke down; it is tried again", "việc đọc hệ thống gặp lỗi bên trong, sẽ thử lại")
)

const (
	leastEvery = 5 * time.Second
	mostEvery  = 24 * time.Hour
	usualEvery = time.Minute
	longName   = 200
)

var idForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{1,39}$`)

// idFrom makes an id of a name.
func idFrom(name string) string {
	id := strings.Join(foldedWords(name), "-")
	if len(id) > 36 {
		id = strings.Trim(id[:36], "-")
	}
	if len(id) < 2 {
		id = "he-thong"
	}
	return id
}

// check says what is wrong with a system as a whole.
func (s *System) check() error {
	bad := errInvalid.With()
	if !idForm.MatchString(s.ID) {
		bad.At("id", errID.With())
	}
	if n := len([]rune(strings.TrimSpace(s.Name))); n == 0 || n > longName {
		bad.At("name", errName.With("limit", longName))
	}
	if s.Every < leastEvery || s.Every > mostEvery {
		bad.At("every_seconds", errEvery.With("least", int(leastEvery.Seconds()), "most", int(mostEvery.Seconds())))
	}
	under := func(path string, err error) {
		f, ok := fault.As(err)
		if !ok {
			bad.At(path, errFailed.With("detail", "").Because(err))
			return
		}
		for _, x := range f.Fields {
			bad.At(joinPath(path, x.Path), x.Err)
		}
		if len(f.Fields) == 0 {
			bad.At(path, f)
		}
	}
	if _, err := parseConfig(s.Kind, s.Config); err != nil {
		if f, ok := fault.As(err); ok && f.Def == errInvalid { // the kind
			bad.Fields = append(bad.Fields, f.Fields...)
		} else {
			under("config", err)
		}
	}
	if _, err := parseMapping(s.Mapping); err != nil {
		under("mapping", err)
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

func joinPath(a, b string) string {
	if b == "" {
		return a
	}
	return a + "." + b
}

// pulled reports whether the runner asks systems of this kind.
func pulled(kind string) bool { return kind == KindSQL || kind == KindREST || kind == KindFile }

// troubleOf keeps a fault in both languages.
func troubleOf(err error) *Trouble {
	if err == nil {
		return nil
	}
	f := faultOf(err)
	t := &Trouble{Code: f.Code, Text: msg.Text{Vi: f.In(msg.Vi), En: f.In(msg.En)}}
	for _, x := range f.Fields {
		t.Fields = append(t.Fields, TroubleField{Path: x.Path, Code: x.Err.Code, Text: msg.Text{Vi: x.Err.In(msg.Vi), En: x.Err.In(msg.En)}})
	}
	return t
}

// faultOf is an error as a fault that people can read.
func faultOf(err error) *fault.Error {
	if f, ok := fault.As(err); ok {
		return f
	}
	return errFailed.With("detail", clip(err.Error()))
}

// In is the sentence with its fields.
func (t *Trouble) In(lang msg.Lang) string {
	if t == nil {
		return ""
	}
	s := t.Text.In(lang)
	for i, f := range t.Fields {
		sep := "; "
		if i == 0 {
			sep = ": "
		}
		s += sep + f.Path + " – " + f.Text.In(lang)
	}
	return s
}
