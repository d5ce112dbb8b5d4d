package config

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"openioc.org/ioc/internal/fault"
)

var (
	errUnread = fault.Define(fault.Invalid, "config.unread", "the configuration is not valid", "cấu hình không hợp lệ")
	errSyntax = fault.Define(fault.Invalid, "config.syntax", "line {line}, column {column}: {detail}", "dòng {line}, cột {column}: {detail}")
	errKey    = fault.Define(fault.Invalid, "config.unknown_key", "there is no such key; did you mean {nearest}?", "không có khóa này; có phải {nearest}?")
	errValue  = fault.Define(fault.Invalid, "config.value", "{detail}", "giá trị không hợp lệ: {detail}")
	errFile   = fault.Define(fault.Invalid, "config.file", "cannot read {path}", "không đọc được {path}")
)

// Load reads the file at path over the defaults ("" and a missing ioc.toml
// are fine) and then the environment, given as "KEY=value" lines. Every
// problem found is a field of the one fault it returns.
func Load(path string, environ []string) (Config, error) {
	c := Default()
	all := errUnread.With()
	if path != "" {
		raw, err := os.ReadFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist) && path == "ioc.toml":
		case err != nil:
			return c, errFile.With("path", path).Because(err)
		default:
			parse(raw, &c, all)
		}
	}
	fromEnv(environ, &c, all)
	all.Fields = append(all.Fields, c.Validate()...)
	return c, Problems(all.Fields)
}

// Problems makes one fault of what Validate found, nil of nothing.
func Problems(found []fault.Field) error {
	if len(found) == 0 {
		return nil
	}
	all := errUnread.With()
	all.Fields = found
	return all
}

func parse(raw []byte, c *Config, all *fault.Error) {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	known := keys()
	var tree map[string]any
	var de *toml.DecodeError
	if err := toml.Unmarshal(raw, &tree); errors.As(err, &de) {
		line, col := de.Position()
		all.At("ioc.toml", errSyntax.With("line", line, "column", col, "detail", de.Error()))
		return
	}
	unknown := false
	for section, v := range tree {
		inner, ok := v.(map[string]any)
		if !ok {
			all.At(section, errKey.With("nearest", nearest(section, known)))
			unknown = true
			continue
		}
		for k := range inner {
			if path := section + "." + k; !contains(known, path) && !contains(known, strings.TrimSuffix(path, "_file")) {
				all.At(path, errKey.With("nearest", nearest(path, known)))
				unknown = true
			}
		}
	}
	if err := toml.Unmarshal(raw, c); err != nil && !unknown {
		at := "ioc.toml"
		if errors.As(err, &de) {
			at = strings.Join(de.Key(), ".")
		}
		all.At(at, errValue.With("detail", err.Error()))
	}
	eachField(c, func(path string, v reflect.Value, _ reflect.StructField) {
		if v.Type() != reflect.TypeOf(Secret("")) {
			return
		}
		section, key, _ := strings.Cut(path, ".")
		if inner, ok := tree[section].(map[string]any); ok {
			if f, ok := inner[key+"_file"].(string); ok {
				readSecret(path, f, v, all)
			}
		}
	})
}

func fromEnv(environ []string, c *Config, all *fault.Error) {
	env := map[string]string{}
	for _, kv := range environ {
		k, v, _ := strings.Cut(kv, "=")
		env[k] = v
	}
	eachField(c, func(path string, v reflect.Value, _ reflect.StructField) {
		name := "IOC_" + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
		if f, ok := env[name+"_FILE"]; ok && v.Type() == reflect.TypeOf(Secret("")) {
			readSecret(path, f, v, all)
		}
		s, ok := env[name]
		if !ok {
			return
		}
		if err := set(v, s); err != nil {
			all.At(name, errValue.With("detail", err.Error()))
		}
	})
}

func readSecret(path, file string, v reflect.Value, all *fault.Error) {
	b, err := os.ReadFile(file)
	if err != nil {
		all.At(path+"_file", errFile.With("path", file))
		return
	}
	v.SetString(strings.TrimSpace(string(b)))
}

func set(v reflect.Value, s string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(s))
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Bool:
		b, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", s)
		}
		v.SetBool(b)
	case reflect.Slice:
		v.Set(reflect.ValueOf(strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })))
	default:
		return fmt.Errorf("cannot be set from the environment")
	}
	return nil
}

// eachField visits every setting with its path "section.key".
func eachField(c *Config, f func(path string, v reflect.Value, sf reflect.StructField)) {
	root := reflect.ValueOf(c).Elem()
	for i := range root.NumField() {
		section := root.Type().Field(i).Tag.Get("toml")
		inner := root.Field(i)
		for j := range inner.NumField() {
			sf := inner.Type().Field(j)
			f(section+"."+sf.Tag.Get("toml"), inner.Field(j), sf)
		}
	}
}

func keys() []string {
	c := Default()
	var out []string
	eachField(&c, func(path string, _ reflect.Value, _ reflect.StructField) { out = append(out, path) })
	sort.Strings(out)
	return out
}

func contains(list []string, s string) bool {
	i := sort.SearchStrings(list, s)
	return i < len(list) && list[i] == s
}

// nearest returns the known key with the fewest edits from s.
func nearest(s string, known []string) string {
	best, least := "", 1<<30
	for _, k := range known {
		if d := edits(s, k); d < least {
			best, least = k, d
		}
	}
	return best
}

func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		prev := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := prev
			if a[i-1] != b[j-1] {
				cost++
			}
			prev = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
