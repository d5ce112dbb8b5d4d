package sta

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
)

var (
	errJSON  = fault.Define(fault.Invalid, "sta.json", "the body is not JSON: {detail}", "nội dung không phải JSON: {detail}")
	errBody  = fault.Define(fault.Invalid, "sta.body", "the entity is not valid", "thực thể không hợp lệ")
	errWant  = fault.Define(fault.Invalid, "sta.field", "{want} is wanted here", "ở đây cần {want}")
	errField = fault.Define(fault.Invalid, "sta.unknown_field", "there is no such property here; there is {known}", "không có thuộc tính này; có {known}")
)

// maxBody is the largest body in bytes, maxDepth the deepest nesting of JSON.
const (
	maxBody  = 10 << 20
	maxDepth = 64
)

func readBody(req *http.Request) ([]byte, error) {
	b, err := io.ReadAll(http.MaxBytesReader(nil, req.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, err
	case err != nil: // the sender stopped on its way
		return nil, errJSON.With("detail", "it ends too early").Because(err)
	}
	b = []byte(strings.TrimPrefix(string(b), "\ufeff"))
	return b, checkJSON(b)
}

// checkJSON refuses what is broken or nested too deep before anything is made
// of it.
func checkJSON(b []byte) error {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			if depth++; depth > maxDepth {
				return errJSON.With("detail", fmt.Sprintf("nested deeper than %d (byte %d)", maxDepth, i+1))
			}
		case '}', ']':
			depth--
		}
	}
	var any json.RawMessage
	if err := json.Unmarshal(b, &any); err != nil {
		var s *json.SyntaxError
		if errors.As(err, &s) {
			return errJSON.With("detail", fmt.Sprintf("%v (byte %d)", err, s.Offset))
		}
		return errJSON.With("detail", err.Error())
	}
	return nil
}

// fields reads the members of one JSON object and collects what is wrong.
type fields struct {
	path  string // of the object in the body: "Datastreams[0]/"
	raw   map[string]json.RawMessage
	used  []string
	wrong *fault.Error
}

// parse makes fields of an object; a fault is kept in wrong.
func parse(raw json.RawMessage, path string, wrong *fault.Error) *fields {
	f := &fields{path: path, wrong: wrong}
	if err := json.Unmarshal(raw, &f.raw); err != nil || f.raw == nil {
		f.raw = map[string]json.RawMessage{}
		f.wrong.At(strings.TrimSuffix(path, "/"), wantFault("an object", "một đối tượng"))
	}
	return f
}

func wantFault(en, vi string) *fault.Error { return errWant.With("want", msg.Text{En: en, Vi: vi}) }

func (f *fields) bad(name, en, vi string) { f.wrong.At(f.path+name, wantFault(en, vi)) }

// take returns a member that is there and not null.
func (f *fields) take(name string) (json.RawMessage, bool) {
	f.used = append(f.used, name)
	raw, ok := f.raw[name]
	return raw, ok && string(raw) != "null"
}

// text reads a text into v if it is there.
func (f *fields) text(name string, v *string) {
	raw, ok := f.take(name)
	if ok && json.Unmarshal(raw, v) != nil {
		f.bad(name, "a text", "chuỗi")
	}
}

func (f *fields) object(name string, v *map[string]any) {
	raw, there := f.take(name)
	if _, given := f.raw[name]; given && !there {
		*v = nil
		return
	}
	if !there {
		return
	}
	*v = nil
	if json.Unmarshal(raw, v) != nil {
		f.bad(name, "an object", "một đối tượng")
	}
}

func (f *fields) any(name string, v *any) {
	if raw, ok := f.take(name); ok {
		*v = nil
		_ = json.Unmarshal(raw, v) // checkJSON has read it
	}
}

func (f *fields) json(name string, v *json.RawMessage) {
	if raw, ok := f.take(name); ok {
		*v = slices.Clone(raw)
	}
}

// id reads @iot.id, a text or a whole number.
func (f *fields) id() string {
	raw, ok := f.take("@iot.id")
	if !ok {
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var n int64
	if json.Unmarshal(raw, &n) == nil {
		return itoa64(n)
	}
	f.bad("@iot.id", "a text or a whole number", "chuỗi hoặc số nguyên")
	return ""
}

// onlyID returns the id of an object that is nothing but a link.
func onlyID(raw json.RawMessage) (string, bool) {
	f := parse(raw, "", errBody.With())
	id := f.id()
	return id, id != "" && len(f.raw) == 1
}

// instant reads a time; of an interval its end, when its result was known.
func (f *fields) instant(name string, v *time.Time) {
	var s string
	f.text(name, &s)
	if s == "" {
		return
	}
	if _, to, ok := strings.Cut(s, "/"); ok {
		s = to
	}
	t, err := parseInstant(s)
	if err != nil {
		f.bad(name, "an instant like 2020-10-19T06:00:00Z", "thời điểm như 2020-10-19T06:00:00Z")
		return
	}
	*v = t
}

// array reads a list of objects.
func (f *fields) array(name string) []json.RawMessage {
	raw, ok := f.take(name)
	if !ok {
		return nil
	}
	var out []json.RawMessage
	if json.Unmarshal(raw, &out) != nil {
		f.bad(name, "a list", "danh sách")
	}
	return out
}

// rest finds members that nobody asked for. What only we write (links,
// counts) may come back to us.
func (f *fields) rest() {
	for name := range f.raw {
		if strings.Contains(name, "@iot.") || slices.Contains(f.used, name) {
			continue
		}
		known := slices.DeleteFunc(slices.Clone(f.used), func(s string) bool { return strings.HasPrefix(s, "@") })
		f.wrong.At(f.path+name, errField.With("known", strings.Join(known, ", ")))
	}
}

// err returns what is wrong, nil if nothing is. The fields are in the order
// of their paths, as maps have none.
func (f *fields) err() error {
	if len(f.wrong.Fields) == 0 {
		return nil
	}
	slices.SortStableFunc(f.wrong.Fields, func(a, b fault.Field) int { return strings.Compare(a.Path, b.Path) })
	return f.wrong
}
