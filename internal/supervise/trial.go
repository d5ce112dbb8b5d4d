package supervise

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"

	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/decode"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/mapping"
	"openioc.org/ioc/internal/sensing"
)

var (
	errNoProbe = fault.Define(fault.Invalid, "supervise.no_sample", "this kind has nothing to fetch: send a message, or paste one", "loại này không có gì để lấy: hãy gửi hoặc dán một bản tin")
	errProbe   = fault.Define(fault.Unavailable, "supervise.sample_timeout", "nothing came within {seconds} seconds", "không có gì đến trong {seconds} giây")
	errBase64  = fault.Define(fault.Invalid, "supervise.base64", "raw is not base64", "raw không phải base64")
)

const probeTime = 20 * time.Second

// Sample fetches one message with a config that need not be saved. A secret
// that reads *** is taken from the source src.ID.
func (s *Supervisor) Sample(ctx context.Context, src Source) (got connector.Sample, err error) {
	k, err := s.findKind(src.Kind)
	if err != nil {
		return got, err
	}
	if k.Passive() {
		return got, errNoProbe.With()
	}
	src.Config, src.Mapping = s.restored(k, src), nil
	c, err := k.New(src.Config, s.deps(src, ""))
	if err != nil {
		return got, err
	}
	p, ok := c.(connector.Prober)
	if !ok {
		return got, errNoProbe.With()
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			got, err = connector.Sample{}, errPanic.With()
		}
	}()
	got, err = p.Sample(ctx)
	switch {
	case err == nil:
		return got, nil
	case errors.Is(err, context.DeadlineExceeded):
		return got, errProbe.With("seconds", int(probeTime/time.Second))
	}
	return got, readable(err)
}

func (s *Supervisor) restored(k connector.Kind, src Source) json.RawMessage {
	for _, kept := range s.o.Sources() {
		if kept.ID == src.ID && src.ID != "" && kept.Kind == src.Kind {
			return k.Restore(src.Config, kept.Config)
		}
	}
	return src.Config
}

// Described is what the editor wants to know of a message.
type Described struct {
	Format decode.Format       `json:"format"`
	Lists  []mapping.ListInfo  `json:"lists" doc:"what records may be, the largest first"`
	Fields []mapping.FieldInfo `json:"fields" doc:"what an expression can name in a record"`
}

// describe never fails: what cannot be decoded has no fields.
func describe(raw []byte, name string, m mapping.Mapping) Described {
	d := Described{Lists: []mapping.ListInfo{}, Fields: []mapping.FieldInfo{}}
	doc, err := decode.Decode(raw, decode.Options{
		Format: m.Format, Name: name, Charset: m.Charset, Delimiter: m.Delimiter, SkipRows: m.SkipRows, NoHeader: m.NoHeader, Sheet: m.Sheet,
	})
	if err != nil {
		return d
	}
	d.Format = doc.Format
	d.Lists, d.Fields = mapping.Describe(doc.Root, m.Records)
	return d
}

// PreviewRow is what would become of one reading, or of one piece that
// cannot be read.
type PreviewRow struct {
	Datastream string        // its id, "" if there is none
	Key        string        // as the message says it
	Name       string        // of the datastream
	Time       time.Time     // zero for an unread piece
	Value      float64       // in the datastream's unit
	Text       string        // instead of Value
	Unit       string        // UCUM symbol
	Flags      sensing.Flags // findings
	Verdict    string        // accepted, duplicate, rejected, quarantined, unread
	Err        *fault.Error  // why not
	Raw        string        // the piece it came from
}

// Preview reads raw by the mapping and says what would become of it. Nothing
// is stored.
func (s *Supervisor) Preview(ctx context.Context, src Source, raw []byte, m mapping.Meta) ([]PreviewRow, error) {
	if _, err := s.findKind(src.Kind); err != nil {
		return nil, err
	}
	p, err := mapping.Parse(src.Mapping)
	if err != nil {
		return nil, err
	}
	m.Source, m.Received = src.ID, s.o.Clock.Now()
	out := p.Read(raw, m)
	if s.o.Preview != nil {
		return s.o.Preview(ctx, connector.Batch{Source: src.ID, Readings: out.Readings, Unread: out.Unread, Received: m.Received})
	}
	rows := make([]PreviewRow, 0, len(out.Readings)+len(out.Unread))
	for _, r := range out.Readings {
		rows = append(rows, PreviewRow{Key: r.Datastream, Time: r.Time, Value: r.Value, Text: r.Text, Unit: r.Unit, Verdict: "accepted", Raw: r.Raw})
	}
	for _, u := range out.Unread {
		rows = append(rows, PreviewRow{Verdict: "unread", Err: u.Err, Raw: u.Raw})
	}
	return rows, nil
}

// Read reads a message of a source by its mapping: what posts to the ingest
// endpoint, or, with m.Piece, a dead letter that a person mended.
func (s *Supervisor) Read(source string, raw []byte, m mapping.Meta) (mapping.Output, error) {
	p, err := s.program(source)
	if err != nil {
		return mapping.Output{}, err
	}
	m.Source = source
	if m.Received.IsZero() {
		m.Received = s.o.Clock.Now()
	}
	return p.Read(raw, m), nil
}

// program compiles the mapping of a source once, until sources change.
func (s *Supervisor) program(source string) (*mapping.Program, error) {
	s.mu.Lock()
	p, known := s.programs[source]
	version := s.version
	s.mu.Unlock()
	if known {
		return p, nil
	}
	for _, src := range s.o.Sources() {
		if src.ID != source {
			continue
		}
		p, err := mapping.Parse(src.Mapping)
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		if s.version == version { // else it may be the old one already
			s.programs[source] = p
		}
		s.mu.Unlock()
		return p, nil
	}
	return nil, errNoSource.With("source", source)
}

var errNoSource = fault.Define(fault.NotFound, "supervise.source", "there is no source {source}", "không có nguồn {source}")

// Reread is Read of a mended piece, as the dead letters want it.
func (s *Supervisor) Reread(_ context.Context, source, raw string) ([]sensing.Reading, []connector.Unread, error) {
	out, err := s.Read(source, []byte(raw), mapping.Meta{Piece: true})
	return out.Readings, out.Unread, err
}

// text shows raw: as it is, or as base64 when it is no text.
func text(raw []byte) (s, encoding string) {
	if utf8.Valid(raw) {
		return string(raw), ""
	}
	return base64.StdEncoding.EncodeToString(raw), "base64"
}

func bytesOf(s, encoding string) ([]byte, error) {
	if encoding != "base64" {
		return []byte(s), nil
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, errBase64.With()
	}
	return b, nil
}
