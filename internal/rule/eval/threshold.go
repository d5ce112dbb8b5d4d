package eval

import (
	"strconv"
	"strings"

	"openioc.org/ioc/internal/sensing"
)

// Threshold is one comparison: "> 0.30", ">= bd1 - 0.05" or "has
// frozen|toggling". The zero Threshold is empty. As JSON and YAML it is its
// text.
type Threshold struct {
	Op     string        // > >= < <= == != has
	Value  float64       // without Ref
	Ref    string        // a named level of the thing: bd1, bd2, bd3
	Offset float64       // added to the named level
	Flags  sensing.Flags // with has
}

// IsZero reports whether t is empty.
func (t Threshold) IsZero() bool { return t.Op == "" }

// String is the text that ParseThreshold reads.
func (t Threshold) String() string {
	switch {
	case t.Op == "":
		return ""
	case t.Op == "has":
		return "has " + strings.Join(t.Flags.Names(), "|")
	case t.Ref == "":
		return t.Op + " " + number(t.Value)
	case t.Offset > 0:
		return t.Op + " " + t.Ref + " + " + number(t.Offset)
	case t.Offset < 0:
		return t.Op + " " + t.Ref + " - " + number(-t.Offset)
	}
	return t.Op + " " + t.Ref
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// MarshalText writes String.
func (t Threshold) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what ParseThreshold reads; an empty text is an empty
// threshold.
func (t *Threshold) UnmarshalText(b []byte) error {
	if len(strings.TrimSpace(string(b))) == 0 {
		*t = Threshold{}
		return nil
	}
	p, err := ParseThreshold(string(b))
	if err == nil {
		*t = p
	}
	return err
}

// ParseThreshold reads a comparison. Numbers may have a decimal comma.
func ParseThreshold(s string) (Threshold, error) {
	s = strings.TrimSpace(s)
	var t Threshold
	rest := ""
	for _, op := range []string{">=", "<=", "==", "!=", ">", "<"} {
		if after, ok := strings.CutPrefix(s, op); ok {
			t.Op, rest = op, strings.TrimSpace(after)
			break
		}
	}
	if t.Op == "" {
		word, after, _ := strings.Cut(s, " ")
		if word != "has" {
			return Threshold{}, errThreshold.With("text", clip(s))
		}
		return parseHas(s, after)
	}
	if v, ok := parseNumber(rest); ok {
		t.Value = v
		return t, nil
	}
	name, tail := rest, ""
	if i := strings.IndexAny(rest, "+- "); i >= 0 {
		name, tail = rest[:i], strings.TrimSpace(rest[i:])
	}
	t.Ref = strings.ToLower(name)
	if refLevel(t.Ref) == 0 {
		return Threshold{}, errThreshold.With("text", clip(s))
	}
	if tail == "" {
		return t, nil
	}
	v, ok := parseNumber(strings.TrimSpace(tail[1:]))
	if !ok || v < 0 || tail[0] != '+' && tail[0] != '-' {
		return Threshold{}, errThreshold.With("text", clip(s))
	}
	if t.Offset = v; tail[0] == '-' {
		t.Offset = 0 - v // not -v, which is -0 for 0
	}
	return t, nil
}

func parseHas(s, list string) (Threshold, error) {
	t := Threshold{Op: "has"}
	for _, name := range strings.Split(list, "|") {
		f := sensing.ParseFlag(strings.TrimSpace(name))
		if f == 0 {
			return Threshold{}, errFlag.With("text", clip(s), "flag", clip(strings.TrimSpace(name)))
		}
		t.Flags |= f
	}
	return t, nil
}

// parseNumber takes plain decimals only: no exponents, no NaN, no hex.
func parseNumber(s string) (float64, bool) {
	s = strings.Replace(s, ",", ".", 1)
	if s == "" || len(s) > 24 || strings.Trim(s, "0123456789.-") != "" {
		return 0, false
	}
	v, err := strconv.ParseFloat(s, 64)
	return v + 0, err == nil
}

// refLevel is the number of a named level, 0 when there is no such name.
func refLevel(ref string) int {
	if len(ref) == 3 && strings.HasPrefix(ref, "bd") && ref[2] >= '1' && ref[2] <= '3' {
		return int(ref[2] - '0')
	}
	return 0
}

func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// holds compares v with the number that the threshold came to.
func (t *Threshold) holds(v, limit float64) bool {
	switch t.Op {
	case ">":
		return v > limit
	case ">=":
		return v >= limit
	case "<":
		return v < limit
	case "<=":
		return v <= limit
	case "==":
		return v == limit
	case "!=":
		return v != limit
	case "has":
		return sensing.Flags(v)&t.Flags != 0
	}
	return false
}
