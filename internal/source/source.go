package source

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
)

// Where the values of a source come from.
const (
	Real          = "real"          // measured, as it happens or as recorded
	Reconstructed = "reconstructed" // made from published figures
	Simulated     = "simulated"     // invented
)

// Source is one sender of readings.
type Source struct {
	ID         string
	Name       string
	Kind       string          // connector kind: http_push, mqtt, mqtt_client, http_pull, file, scenario
	Config     json.RawMessage // of the connector
	Mapping    json.RawMessage // from its messages to readings; empty for IOC's own format
	Enabled    bool
	Unit       string        // code of the administrative unit that answers for it, "" the city
	Provenance string        // Real, Reconstructed or Simulated
	Shift      time.Duration // of a replay: phenomenon time − original time
	Rhythm     time.Duration // how often it is expected to send, 0 unknown
	TokenHint  string        // the last characters of its token
	Created    time.Time
	Changed    time.Time

	tokenHash string
}

// Actor is who acts when the source sends.
func (s Source) Actor() access.Actor {
	return access.Actor{ID: "source:" + s.ID, Name: s.Name, Roles: []access.Role{access.Device}, Unit: s.Unit, Source: s.ID}
}

// Draft is a source to be created. Without an ID one is made from the name.
type Draft struct {
	ID         string
	Name       string
	Kind       string
	Config     json.RawMessage
	Mapping    json.RawMessage
	Enabled    bool
	Unit       string
	Provenance string // "" is Real
	Shift      time.Duration
	Rhythm     time.Duration
}

// Patch changes the fields that are not nil.
type Patch struct {
	Name       *string
	Config     *json.RawMessage // secrets that read *** stay as they are
	Mapping    *json.RawMessage
	Enabled    *bool
	Unit       *string
	Provenance *string
	Shift      *time.Duration
	Rhythm     *time.Duration
}

var (
	errNotFound   = fault.Define(fault.NotFound, "source.not_found", "there is no source {id}", "không có nguồn {id}")
	errExists     = fault.Define(fault.Conflict, "source.exists", "the source id {id} is taken", "mã nguồn {id} đã được dùng")
	errInvalid    = fault.Define(fault.Invalid, "source.invalid", "the source is not complete", "thông tin nguồn chưa hợp lệ")
	errID         = fault.Define(fault.Invalid, "source.id_format", "use 1 to 64 characters a–z, 0–9, - and _, beginning with a letter or digit", "dùng 1–64 ký tự a–z, 0–9, - và _, bắt đầu bằng chữ hoặc số")
	errName       = fault.Define(fault.Invalid, "source.name_missing", "give it a name of at most 200 characters", "cần tên, dài nhất 200 ký tự")
	errKind       = fault.Define(fault.Invalid, "source.kind_unknown", "there is no connector {kind}", "không có loại kết nối {kind}")
	errJSON       = fault.Define(fault.Invalid, "source.json", "this is not JSON", "không phải JSON")
	errProvenance = fault.Define(fault.Invalid, "source.provenance", "use real, reconstructed or simulated", "chọn real, reconstructed hoặc simulated")
	errRhythm     = fault.Define(fault.Invalid, "source.rhythm", "the rhythm must be between 0 and 366 days", "nhịp gửi phải từ 0 đến 366 ngày")
	errShift      = fault.Define(fault.Invalid, "source.shift", "the shift must be less than 100 years", "không dời thời gian quá 100 năm")
)

const maxRhythm, maxShift = 366 * 24 * time.Hour, 100 * 366 * 24 * time.Hour

// check finds everything that is wrong with a source, apart from its
// connector's own config.
func (s *Source) check() *fault.Error {
	bad := errInvalid.With()
	if !validID(s.ID) {
		bad.At("id", errID.With())
	}
	if n := len([]rune(strings.TrimSpace(s.Name))); n == 0 || n > 200 {
		bad.At("name", errName.With())
	}
	if s.Kind == "" {
		bad.At("kind", errKind.With("kind", `""`))
	}
	if !json.Valid(s.Config) {
		bad.At("config", errJSON.With())
	}
	if len(s.Mapping) > 0 && !json.Valid(s.Mapping) {
		bad.At("mapping", errJSON.With())
	}
	if !slices.Contains([]string{Real, Reconstructed, Simulated}, s.Provenance) {
		bad.At("provenance", errProvenance.With())
	}
	if s.Rhythm < 0 || s.Rhythm > maxRhythm {
		bad.At("rhythm_seconds", errRhythm.With())
	}
	if s.Shift < -maxShift || s.Shift > maxShift {
		bad.At("shift_seconds", errShift.With())
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// validID also keeps an id usable as one level of an MQTT topic and one token
// of a bus subject.
func validID(id string) bool {
	if len(id) == 0 || len(id) > 64 || id[0] == '-' || id[0] == '_' {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// slug makes an id from the folded name.
func slug(folded string) string {
	var b strings.Builder
	dash := false
	for _, r := range folded {
		if (r >= 'a' && r <= 'z') || (r >= '0' && r <= '9') {
			if dash && b.Len() > 0 {
				b.WriteByte('-')
			}
			b.WriteRune(r)
			dash = false
		} else {
			dash = true
		}
		if b.Len() >= 48 {
			break
		}
	}
	return b.String()
}
