package ingest

import (
	"encoding/json"
	"strings"
)

// maxDepth is how deep the values of fields that we do not know may nest.
const maxDepth = 32

// number passes over a JSON number and returns its text.
func (r *bodyReader) number() (string, error) {
	start := r.at
	if r.peek() == '-' {
		r.at++
	}
	digits := func() int {
		from := r.at
		for r.at < len(r.s) && r.s[r.at] >= '0' && r.s[r.at] <= '9' {
			r.at++
		}
		return r.at - from
	}
	switch {
	case r.peek() == '0':
		r.at++
	case digits() == 0:
		return "", r.broken("want a digit")
	}
	if r.peek() == '.' {
		r.at++
		if digits() == 0 {
			return "", r.broken("want a digit")
		}
	}
	if c := r.peek(); c == 'e' || c == 'E' {
		r.at++
		if c := r.peek(); c == '+' || c == '-' {
			r.at++
		}
		if digits() == 0 {
			return "", r.broken("want a digit")
		}
	}
	return r.s[start:r.at], nil
}

// str reads a string; one without escapes is a part of the body.
func (r *bodyReader) str() (string, error) {
	start := r.at
	escaped := false
	for i := start + 1; i < len(r.s); i++ {
		switch c := r.s[i]; {
		case c == '"':
			r.at = i + 1
			if !escaped {
				return r.s[start+1 : i], nil
			}
			var s string
			if err := json.Unmarshal([]byte(r.s[start:r.at]), &s); err != nil {
				r.at = start
				return "", r.broken("a wrong escape in a text")
			}
			return s, nil
		case c == '\\':
			escaped = true
			i++
		case c < ' ':
			r.at = i
			return "", r.broken("a control character in a text")
		}
	}
	r.at = len(r.s)
	return "", r.broken("the body ends inside a text")
}

// skip passes over one value of any kind without recursion, so that deep
// nesting costs nothing.
func (r *bodyReader) skip(depth int) error {
	var open [maxDepth + 1]byte
	level := 0
	for {
		r.space()
		switch c := r.peek(); {
		case c == '{' || c == '[':
			if depth+level >= maxDepth {
				return ErrDepth.With("limit", maxDepth, "position", r.at)
			}
			r.at++
			open[level] = c
			level++
			r.space()
			if (c == '{' && r.peek() == '}') || (c == '[' && r.peek() == ']') {
				break // an empty one is closed below
			}
			if c == '{' {
				if err := r.name(); err != nil {
					return err
				}
			}
			continue
		case c == '"':
			if _, err := r.str(); err != nil {
				return err
			}
		case c == '-' || (c >= '0' && c <= '9'):
			if _, err := r.number(); err != nil {
				return err
			}
		default:
			if !r.word("true") && !r.word("false") && !r.word("null") {
				return r.broken("want a value")
			}
		}
		for level > 0 {
			r.space()
			c, in := r.peek(), open[level-1]
			if (in == '{' && c == '}') || (in == '[' && c == ']') {
				r.at++
				level--
				continue
			}
			if c != ',' {
				return r.broken("want , or the end")
			}
			r.at++
			if in == '{' {
				if err := r.name(); err != nil {
					return err
				}
			}
			break
		}
		if level == 0 {
			return nil
		}
	}
}

// name passes over "name":
func (r *bodyReader) name() error {
	if r.space(); r.peek() != '"' {
		return r.broken("want a name in quotes")
	}
	if _, err := r.str(); err != nil {
		return err
	}
	if r.space(); r.peek() != ':' {
		return r.broken("want :")
	}
	r.at++
	return nil
}

func (r *bodyReader) word(w string) bool {
	if strings.HasPrefix(r.s[r.at:], w) {
		r.at += len(w)
		return true
	}
	return false
}

// peek returns the byte at hand, 0 at the end; a real 0 byte is never wanted.
func (r *bodyReader) peek() byte {
	if r.at < len(r.s) {
		return r.s[r.at]
	}
	return 0
}

func (r *bodyReader) space() {
	for r.at < len(r.s) {
		switch r.s[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

func (r *bodyReader) broken(what string) error {
	if r.at >= len(r.s) {
		what = "the body ends too early"
	}
	return ErrJSON.With("index", r.index, "position", r.at, "what", what)
}

// shorten keeps what is quoted in an answer small.
func shorten(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	for i := range s {
		if i > most {
			return s[:i] + "…"
		}
	}
	return s
}
