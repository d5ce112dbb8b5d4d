package mapping

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr"

	"openioc.org/ioc/internal/decode"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/vi"
)

// Function describes one function for the editor.
type Function struct {
	Name      string   `json:"name"`
	Signature string   `json:"signature"`
	Help      msg.Text `json:"help"`
	Example   string   `json:"example"`
}

// builtins are the functions of expr-lang that stay on; the others can do
// more harm than a mapping needs (repeat, toJSON, now) or are replaced by
// ours. names are all functions.
var builtins, names = func() (std, all map[string]bool) {
	std, all = map[string]bool{}, map[string]bool{}
	for _, f := range catalogue {
		all[f.Name] = true
		if f.builtin {
			std[f.Name] = true
		}
	}
	return std, all
}()

func isFunction(name string) bool { return names[name] }

// Functions lists every function of the language, sorted by name.
func Functions() []Function {
	out := make([]Function, 0, len(catalogue))
	for _, f := range catalogue {
		out = append(out, f.Function)
	}
	slices.SortFunc(out, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	return out
}

var errArgs = fault.Define(fault.Invalid, "mapping.arguments", "{function} does not take these arguments", "hàm {function} không nhận các đối số này")

// functions are our own, bound to the zone of times that have none.
func functions(zone *time.Location) []expr.Option {
	return []expr.Option{
		expr.Function("number", func(a ...any) (any, error) {
			if len(a) != 1 {
				return nil, errArgs.With("function", "number")
			}
			if v, ok := toNumber(a[0]); ok {
				return v, nil
			}
			return nil, nil
		}),
		expr.Function("text", func(a ...any) (any, error) {
			if len(a) != 1 {
				return nil, errArgs.With("function", "text")
			}
			s, _ := toText(a[0])
			return s, nil
		}),
		expr.Function("time", func(a ...any) (any, error) {
			if len(a) < 1 || len(a) > 3 {
				return nil, errArgs.With("function", "time")
			}
			layout, in := "", zone
			if len(a) > 1 {
				layout, _ = a[1].(string)
			}
			if len(a) > 2 {
				name, _ := a[2].(string)
				z, err := loadZone(name)
				if err != nil {
					return nil, errZone.With("zone", name)
				}
				in = z
			}
			if a[0] == nil || a[0] == "" {
				return nil, nil
			}
			t, ok := toTime(a[0], layout, in)
			if !ok {
				s, _ := toText(a[0])
				return nil, errTime.With("text", short(s))
			}
			return t, nil
		}),
		expr.Function("fold", func(a ...any) (any, error) {
			if len(a) != 1 {
				return nil, errArgs.With("function", "fold")
			}
			s, _ := toText(a[0])
			return vi.Fold(s), nil
		}),
		expr.Function("json", func(a ...any) (any, error) {
			s, ok := one[string](a)
			if !ok {
				return nil, errArgs.With("function", "json")
			}
			doc, err := decode.Decode([]byte(s), decode.Options{Format: decode.JSON, Charset: "utf-8"})
			if err != nil {
				return nil, err
			}
			return doc.Root, nil
		}),
		expr.Function("base64", func(a ...any) (any, error) {
			s, ok := one[string](a)
			if !ok {
				return nil, errArgs.With("function", "base64")
			}
			b, err := base64.StdEncoding.DecodeString(s)
			if err != nil {
				b, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
			}
			return list(b), err
		}),
		expr.Function("hex", func(a ...any) (any, error) {
			s, ok := one[string](a)
			if !ok {
				return nil, errArgs.With("function", "hex")
			}
			b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
			return list(b), err
		}),
		expr.Function("join", join), expr.Function("replace", replace),
		expr.Function("be", func(a ...any) (any, error) { return integer("be", a, false) }),
		expr.Function("le", func(a ...any) (any, error) { return integer("le", a, true) }),
		expr.Function("signed", func(a ...any) (any, error) {
			if len(a) != 2 {
				return nil, errArgs.With("function", "signed")
			}
			v, ok1 := a[0].(int)
			bits, ok2 := a[1].(int)
			if !ok1 || !ok2 || bits < 1 || bits > 63 {
				return nil, errArgs.With("function", "signed")
			}
			if v&(1<<(bits-1)) != 0 {
				v -= 1 << bits
			}
			return v, nil
		}),
		expr.Function("field", func(a ...any) (any, error) {
			if len(a) != 2 {
				return nil, errArgs.With("function", "field")
			}
			m, _ := a[0].(map[string]any)
			name, _ := a[1].(string)
			return folded(m, name), nil
		}),
	}
}

func one[T any](a []any) (T, bool) {
	var zero T
	if len(a) != 1 {
		return zero, false
	}
	v, ok := a[0].(T)
	return v, ok
}

func list(b []byte) []any {
	out := make([]any, len(b))
	for i, c := range b {
		out[i] = int(c)
	}
	return out
}

// integer reads an unsigned integer out of a list of bytes.
func integer(name string, a []any, little bool) (any, error) {
	if len(a) != 3 {
		return nil, errArgs.With("function", name)
	}
	b, ok1 := a[0].([]any)
	at, ok2 := a[1].(int)
	size, ok3 := a[2].(int)
	if !ok1 || !ok2 || !ok3 || at < 0 || size < 1 || size > 7 || at > len(b)-size {
		return nil, errArgs.With("function", name)
	}
	v := 0
	for i := range size {
		j := at + i
		if little {
			j = at + size - 1 - i
		}
		c, ok := b[j].(int)
		if !ok || c < 0 || c > 255 {
			return nil, errArgs.With("function", name)
		}
		v = v<<8 | c
	}
	return v, nil
}

// folded finds a field whatever the tones, case and spaces of its name.
func folded(m map[string]any, name string) any {
	if v, ok := m[name]; ok {
		return v
	}
	want, best := vi.Fold(name), ""
	for k := range m {
		if vi.Fold(k) == want && (best == "" || k < best) {
			best = k
		}
	}
	if best == "" {
		return nil
	}
	return m[best]
}

// toNumber reads what a source may send as a number: numbers, booleans, text
// with decimal point or comma. NaN and infinities pass, so that they can be
// named in the refusal.
func toNumber(v any) (float64, bool) {
	switch x := v.(type) {
	case int:
		return float64(x), true
	case int64:
		return float64(x), true
	case uint8:
		return float64(x), true
	case float64:
		return x, true
	case float32:
		return float64(x), true
	case bool:
		if x {
			return 1, true
		}
		return 0, true
	case string:
		return decode.Float(x)
	}
	return math.NaN(), false
}

// toText writes a scalar; a whole float has no decimals, so that a code that
// came as 431068.0 is "431068".
func toText(v any) (string, bool) {
	switch x := v.(type) {
	case nil:
		return "", true
	case string:
		return vi.NFC(x), true
	case int:
		return strconv.Itoa(x), true
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), true
	case bool:
		return strconv.FormatBool(x), true
	case time.Time:
		return x.Format(time.RFC3339), true
	}
	return fmt.Sprintf("%T", v), false
}

func short(s string) string {
	r := []rune(s)
	if len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// join and replace are as in expr-lang, but ask the budget, their first
// argument, before they make a text.
func join(a ...any) (any, error) {
	b, glue, parts := (*budget)(nil), "", []string(nil)
	ok := len(a) == 2 || len(a) == 3
	if ok {
		b, ok = a[0].(*budget)
	}
	if ok && len(a) == 3 {
		glue, ok = a[2].(string)
	}
	size := 0
	if ok {
		switch list := a[1].(type) {
		case []string:
			parts = list
		case []any:
			for _, x := range list {
				s, is := x.(string)
				ok = ok && is
				parts = append(parts, s)
			}
		default:
			ok = false
		}
	}
	if !ok {
		return nil, errArgs.With("function", "join")
	}
	for _, s := range parts {
		size += len(s) + len(glue)
	}
	if err := b.make(size); err != nil {
		return nil, err
	}
	return strings.Join(parts, glue), nil
}

func replace(a ...any) (any, error) {
	if len(a) != 4 {
		return nil, errArgs.With("function", "replace")
	}
	b, ok1 := a[0].(*budget)
	s, ok2 := a[1].(string)
	old, ok3 := a[2].(string)
	by, ok4 := a[3].(string)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return nil, errArgs.With("function", "replace")
	}
	if err := b.make(len(s) + strings.Count(s, old)*max(len(by)-len(old), 0)); err != nil {
		return nil, err
	}
	return strings.ReplaceAll(s, old, by), nil
}
