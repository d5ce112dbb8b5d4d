package alert

import (
	"fmt"
	"regexp"
	"strings"

	"openioc.org/ioc/internal/fault"
)

// Matcher compares one label; all of a list must hold. A label that an alert
// has not counts as empty.
type Matcher struct {
	Label string `json:"label" minLength:"1" maxLength:"100"`
	Op    string `json:"op" enum:"=,!=,=~,!~"`
	Value string `json:"value" maxLength:"2000"`

	re *regexp.Regexp
}

var (
	errMatcherLabel = fault.Define(fault.Invalid, "alert.matcher_label", "a label has letters, digits and _", "nhãn chỉ gồm chữ, số và _")
	errMatcherOp    = fault.Define(fault.Invalid, "alert.matcher_op", "compare with =, !=, =~ or !~", "dùng =, !=, =~ hoặc !~")
	errMatcherRE    = fault.Define(fault.Invalid, "alert.matcher_regexp", "the pattern cannot be read: {detail}", "mẫu không đọc được: {detail}")
	errMatchAll     = fault.Define(fault.Invalid, "alert.matcher_empty", "give at least one comparison that not every alert meets", "cần ít nhất một điều kiện không khớp mọi cảnh báo")
)

const (
	mostMatchers = 20
	mostPattern  = 2000
)

func validLabel(s string) bool {
	if s == "" || len(s) > 100 {
		return false
	}
	for i, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '_' && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return true
}

// compile makes a list ready, or names what is wrong with it under path.
func compile(ms []Matcher, path string, bad *fault.Error) []Matcher {
	out := make([]Matcher, len(ms))
	copy(out, ms)
	narrow := false
	if len(ms) > mostMatchers {
		bad.At(path, errRange.With("from", 1, "to", mostMatchers))
		return out
	}
	for i := range out {
		m := &out[i]
		at := fmt.Sprintf("%s[%d]", path, i)
		if !validLabel(m.Label) {
			bad.At(at+".label", errMatcherLabel.With())
		}
		if len(m.Value) > mostPattern {
			bad.At(at+".value", errRange.With("from", 0, "to", mostPattern))
			continue
		}
		switch m.Op {
		case "=", "!=":
		case "=~", "!~":
			re, err := regexp.Compile("^(?:" + m.Value + ")$")
			if err != nil {
				bad.At(at+".value", errMatcherRE.With("detail", err.Error()))
				continue
			}
			m.re = re
		default:
			bad.At(at+".op", errMatcherOp.With())
			continue
		}
		// A pattern that takes anything narrows nothing.
		narrow = narrow || m.Op != "=~" || !m.holds("") || !m.holds("ioc 7")
	}
	if !narrow {
		bad.At(path, errMatchAll.With())
	}
	return out
}

// holds reports whether a value meets the comparison.
func (m *Matcher) holds(v string) bool {
	switch m.Op {
	case "=":
		return v == m.Value
	case "!=":
		return v != m.Value
	case "=~":
		return m.re != nil && m.re.MatchString(v)
	case "!~":
		return m.re != nil && !m.re.MatchString(v)
	}
	return false
}

// matches reports whether all comparisons hold; an empty list holds never.
func matches(ms []Matcher, labels map[string]string) bool {
	for i := range ms {
		if !ms[i].holds(labels[ms[i].Label]) {
			return false
		}
	}
	return len(ms) > 0
}

// values are the only values that a comparison lets through; false when they
// cannot be listed.
func (m *Matcher) values() ([]string, bool) {
	switch m.Op {
	case "=":
		return []string{m.Value}, true
	case "=~":
		return literals(m.Value)
	}
	return nil, false
}

// literals lists the words of a pattern that is only a choice of words.
func literals(pattern string) ([]string, bool) {
	if strings.ContainsAny(pattern, `.*+?[](){}^$\`) {
		return nil, false
	}
	return strings.Split(pattern, "|"), true
}

// overlap reports whether one alert could meet both lists: false only when
// some label certainly cannot.
func overlap(a, b []Matcher) bool {
	for i := range a {
		for j := range b {
			if a[i].Label == b[j].Label && (excludes(&a[i], &b[j]) || excludes(&b[j], &a[i])) {
				return false
			}
		}
	}
	return true
}

// excludes reports that none of the values that a lets through meet b.
func excludes(a, b *Matcher) bool {
	vs, ok := a.values()
	if !ok {
		return false
	}
	for _, v := range vs {
		if b.holds(v) {
			return false
		}
	}
	return true
}
