package mapping

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// FieldInfo is one field of a sample, for completion in the editor.
type FieldInfo struct {
	Path    string `json:"path"` // as it is written in an expression
	Type    string `json:"type"` // number, text, bool, list, object, null
	Example string `json:"example"`
}

// ListInfo is a list in a sample: what Records may be.
type ListInfo struct {
	Path string `json:"path"` // "" is the message itself
	Len  int    `json:"len"`
}

const (
	maxFields     = 400
	maxFieldDepth = 8
)

// Describe lists the lists of a sample that could be the records, the
// largest first, and the fields of the records of one of them: of records if
// that names one, else of the first.
func Describe(root any, records string) ([]ListInfo, []FieldInfo) {
	lists := []ListInfo{}
	samples := map[string]any{}
	var find func(path string, v any, depth int)
	find = func(path string, v any, depth int) {
		if depth > 4 || len(lists) >= 50 {
			return
		}
		switch x := v.(type) {
		case []any:
			if len(x) > 0 {
				if _, ok := x[0].(map[string]any); ok {
					lists = append(lists, ListInfo{Path: path, Len: len(x)})
					samples[path] = x[0]
				}
			}
		case map[string]any:
			for _, k := range sortedKeys(x) {
				find(member(path, "record", k), x[k], depth+1)
			}
		}
	}
	find("", root, 0)
	slices.SortStableFunc(lists, func(a, b ListInfo) int { return b.Len - a.Len })

	var record any = root
	if s, ok := samples[records]; ok {
		record = s
	} else if len(lists) > 0 {
		record = samples[lists[0].Path]
	}
	return lists, Fields(record)
}

// Fields lists what an expression can name in a record, with an example.
func Fields(record any) []FieldInfo {
	out := []FieldInfo{}
	var walk func(path string, v any, depth int)
	walk = func(path string, v any, depth int) {
		if len(out) >= maxFields || depth > maxFieldDepth {
			return
		}
		kind, example := describe(v)
		if path != "" {
			out = append(out, FieldInfo{Path: path, Type: kind, Example: example})
		}
		switch x := v.(type) {
		case map[string]any:
			for _, k := range sortedKeys(x) {
				walk(member(path, "record", k), x[k], depth+1)
			}
		case []any:
			base := path
			if base == "" {
				base = "record"
			}
			for i := range min(len(x), 4) {
				walk(fmt.Sprintf("%s[%d]", base, i), x[i], depth+1)
			}
		}
	}
	if _, isMap := record.(map[string]any); !isMap && record != nil {
		if _, isList := record.([]any); !isList {
			kind, example := describe(record)
			return []FieldInfo{{Path: "record", Type: kind, Example: example}}
		}
	}
	walk("", record, 0)
	return out
}

var identifier = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_]*$`)

// words of the language, and names that every expression already has.
var taken = map[string]bool{
	"in": true, "not": true, "and": true, "or": true, "let": true, "if": true, "else": true, "true": true, "false": true, "nil": true,
	"matches": true, "contains": true, "startsWith": true, "endsWith": true,
	"record": true, "root": true, "meta": true, "receivedAt": true,
}

// member writes the path of key inside path; base is what stands for the
// record itself.
func member(path, base, key string) string {
	plain := identifier.MatchString(key) && !taken[key]
	switch {
	case path == "" && plain:
		return key
	case path == "":
		return fmt.Sprintf("%s[%q]", base, key)
	case plain:
		return path + "." + key
	}
	return fmt.Sprintf("%s[%q]", path, key)
}

func describe(v any) (kind, example string) {
	switch x := v.(type) {
	case nil:
		return "null", ""
	case bool, int, float64:
		s, _ := toText(x)
		if _, ok := x.(bool); ok {
			return "bool", s
		}
		return "number", s
	case string:
		return "text", short(x)
	case []any:
		return "list", fmt.Sprintf("[%d]", len(x))
	case map[string]any:
		return "object", short("{" + strings.Join(sortedKeys(x), ", ") + "}")
	}
	return "other", ""
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
