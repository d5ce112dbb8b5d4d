package alert

import "strings"

// wordy are the fields that lists do not show: what an alert says at length,
// and what only its own page needs.
func wordy(key string) bool {
	switch key {
	case "text", "rule_name", "rule_version", "labels", "runbook", "sop", "verdict_reason", "duplicate_of", "peak_severity", "kind", "assignee":
		return true
	}
	return false
}

// nested are the objects that are themselves thinned out.
func nested(key string) bool { return key == "times" || key == "escalation" }

// compact appends the document without what lists do not show and without
// what is empty: a reader fills in "", null, false and []. Ten thousand alerts
// are so a third of what they were. The document is our own JSON, without
// spaces between its tokens; what is not is appended as it is.
func compact(b []byte, doc string) []byte {
	n := len(b)
	if b, rest, ok := thin(b, doc, true); ok && rest == "" {
		return b
	}
	return append(b[:n], doc...)
}

// thin appends the object that s begins with, and returns what follows it.
// What is kept between two fields that are not is copied in one piece.
func thin(b []byte, s string, top bool) (out []byte, rest string, ok bool) {
	if s == "" || s[0] != '{' {
		return b, s, false
	}
	b = append(b, '{')
	start := len(b)
	i, from := 1, 1 // where we read, and where what is kept begins
	keep := func(to int) {
		if from == to {
			return
		}
		if len(b) > start {
			b = append(b, ',')
		}
		b = append(b, s[from:to]...)
	}
	for {
		if i < len(s) && s[i] == '}' && i == 1 {
			return append(b, '}'), s[2:], true
		}
		if i >= len(s) || s[i] != '"' {
			return b, s, false
		}
		k := strings.IndexByte(s[i+1:], '"') // our keys have no escapes
		colon := i + k + 2
		if k < 0 || colon >= len(s) || s[colon] != ':' {
			return b, s, false
		}
		key := s[i+1 : i+1+k]
		n := valueEnd(s[colon+1:])
		if n < 1 {
			return b, s, false
		}
		end := colon + 1 + n
		if end >= len(s) || (s[end] != ',' && s[end] != '}') {
			return b, s, false
		}
		value := s[colon+1 : end]
		switch {
		case top && wordy(key) || isEmpty(value):
			keep(max(from, i-1)) // without the comma
			from = end + 1
		case top && nested(key):
			keep(max(from, i-1))
			if len(b) > start {
				b = append(b, ',')
			}
			b = append(b, s[i:colon+1]...)
			var left string
			if b, left, ok = thin(b, value, false); !ok || left != "" {
				return b, s, false
			}
			from = end + 1
		}
		if s[end] == '}' {
			keep(max(from, end))
			return append(b, '}'), s[end+1:], true
		}
		i = end + 1
	}
}

func isEmpty(value string) bool {
	switch value {
	case `""`, "null", "false", "[]", "{}":
		return true
	}
	return false
}

// stringEnd is where the JSON string that s begins with ends, 0 if it does not.
func stringEnd(s string) int {
	for i := 1; ; {
		j := strings.IndexByte(s[i:], '"')
		if j < 0 {
			return 0
		}
		i += j + 1
		back := i - 2
		for back > 0 && s[back] == '\\' {
			back--
		}
		if (i-2-back)%2 == 0 {
			return i
		}
	}
}

// valueEnd is where the JSON value that s begins with ends, 0 if it does not.
func valueEnd(s string) int {
	depth := 0
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '"':
			n := stringEnd(s[i:])
			if n == 0 {
				return 0
			}
			if i += n; depth == 0 {
				return i
			}
			continue
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth == 0 {
				return i // of what holds it
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case c == ',' && depth == 0:
			return i
		}
		i++
	}
	return 0
}
