package connector

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"openioc.org/ioc/internal/fault"
)

var (
	errConfig     = fault.Define(fault.Invalid, "connector.config", "the configuration is not valid", "cấu hình chưa hợp lệ")
	errSyntax     = fault.Define(fault.Invalid, "connector.config_syntax", "this is not valid JSON (byte {offset})", "không phải JSON hợp lệ (byte {offset})")
	errUnknownKey = fault.Define(fault.Invalid, "connector.unknown_key", "there is no setting {key}; the nearest is {nearest}", "không có mục cấu hình {key}; gần nhất là {nearest}")
	errType       = fault.Define(fault.Invalid, "connector.config_type", "must be {want}", "phải là {want}")
	errDuration   = fault.Define(fault.Invalid, "connector.duration", "{value} is not a duration such as 90s, 15m or 2h", "{value} không phải khoảng thời gian như 90s, 15m hay 2h")

	// ErrMissing is a setting that must be given.
	ErrMissing = fault.Define(fault.Invalid, "connector.missing", "is required", "bắt buộc phải có")
	// ErrUserInfo is an address with a password in it: addresses are shown.
	ErrUserInfo = fault.Define(fault.Invalid, "connector.user_info", "write user name and password into their own fields, where they stay hidden", "hãy ghi tên đăng nhập và mật khẩu vào mục riêng, nơi chúng được ẩn")
	// ErrValue is a setting whose value cannot be.
	ErrValue = fault.Define(fault.Invalid, "connector.value", "{value} is not possible here: {want}", "không thể dùng {value}: {want}")
)

// NewConfigError starts the fault that collects what is wrong with a config;
// add fields with At and return it with OrNil.
func NewConfigError() *fault.Error { return errConfig.With() }

// OrNil returns nil when no field of e is wrong.
func OrNil(e *fault.Error) error {
	if len(e.Fields) == 0 {
		return nil
	}
	return e
}

// Parse decodes raw into the config that into points to. Unknown keys are
// refused and the nearest known key is named; every wrong key is reported at
// once. Empty raw leaves the defaults.
func Parse(raw json.RawMessage, into any) error {
	if len(bytes.TrimSpace(raw)) == 0 || string(bytes.TrimSpace(raw)) == "null" {
		return nil
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return errConfig.With().At("", syntaxFault(err)).Because(err)
	}
	bad := errConfig.With()
	checkKeys(bad, "", tree, reflect.TypeOf(into).Elem())
	if len(bad.Fields) > 0 {
		return bad
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return errConfig.With().At(typeFault(err)).Because(err)
	}
	return nil
}

func syntaxFault(err error) *fault.Error {
	var se *json.SyntaxError
	if errors.As(err, &se) {
		return errSyntax.With("offset", se.Offset)
	}
	return errSyntax.With("offset", 0)
}

func typeFault(err error) (string, *fault.Error) {
	var te *json.UnmarshalTypeError
	if errors.As(err, &te) {
		return te.Field, errType.With("want", te.Type.String())
	}
	if f, ok := fault.As(err); ok {
		return "", f
	}
	return "", errSyntax.With("offset", 0)
}

// checkKeys walks the tree along the type and collects keys that no field
// has.
func checkKeys(bad *fault.Error, path string, tree any, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch v := tree.(type) {
	case map[string]any:
		switch {
		case t.Kind() == reflect.Map:
			for k, sub := range v {
				checkKeys(bad, join(path, k), sub, t.Elem())
			}
		case t.Kind() == reflect.Struct:
			fields := fieldsOf(t)
			names := make([]string, 0, len(fields))
			for n := range fields {
				names = append(names, n)
			}
			slices.Sort(names)
			keys := make([]string, 0, len(v))
			for k := range v {
				keys = append(keys, k)
			}
			slices.Sort(keys)
			for _, k := range keys {
				f, ok := fields[k]
				if !ok {
					bad.At(join(path, k), errUnknownKey.With("key", k, "nearest", Nearest(k, names)))
					continue
				}
				checkKeys(bad, join(path, k), v[k], f.Type)
			}
		}
	case []any:
		if t.Kind() == reflect.Slice {
			for i, sub := range v {
				checkKeys(bad, fmt.Sprintf("%s[%d]", path, i), sub, t.Elem())
			}
		}
	}
}

// fieldsOf lists a struct's fields by JSON name, embedded ones included.
func fieldsOf(t reflect.Type) map[string]reflect.StructField {
	out := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" || name == "-" || !f.IsExported() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		out[name] = f
	}
	return out
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// Nearest returns the candidate that takes the fewest edits to become key.
func Nearest(key string, candidates []string) string {
	best, least := "", 1<<30
	for _, c := range candidates {
		if d := distance(strings.ToLower(key), strings.ToLower(c)); d < least {
			best, least = c, d
		}
	}
	return best
}

func distance(a, b string) int {
	ra, rb := []rune(a), []rune(b)
	if len(ra) > 100 { // no key is that long; keep it cheap
		ra = ra[:100]
	}
	row := make([]int, len(rb)+1)
	for j := range row {
		row[j] = j
	}
	for i, ca := range ra {
		last := row[0]
		row[0] = i + 1
		for j, cb := range rb {
			cost := last
			if ca != cb {
				cost = 1 + min(last, row[j], row[j+1])
			}
			last, row[j+1] = row[j+1], cost
		}
	}
	return row[len(rb)]
}
