package mqtt

import "strings"

// covers reports whether every topic that filter matches is matched by allow.
// For a topic without wildcards that is whether allow matches it.
func covers(allow, filter string) bool {
	a, f := strings.Split(allow, "/"), strings.Split(filter, "/")
	if strings.HasPrefix(f[0], "$") != strings.HasPrefix(a[0], "$") {
		return false // wildcards do not reach $SYS
	}
	for i, level := range a {
		if level == "#" {
			return true
		}
		switch {
		case i >= len(f):
			return false
		case f[i] == "#":
			return false
		case level == "+":
		case level != f[i]:
			return false
		}
	}
	return len(a) == len(f)
}

func allowed(filters []string, topic string) bool {
	for _, f := range filters {
		if covers(f, topic) {
			return true
		}
	}
	return false
}

// ownTopic takes "ioc/{source}/{datastream}" apart; the datastream may have
// more than one level or be missing.
func ownTopic(topic string) (source, datastream string, ok bool) {
	rest, ok := strings.CutPrefix(topic, "ioc/")
	if !ok {
		return "", "", false
	}
	source, datastream, _ = strings.Cut(rest, "/")
	return source, datastream, source != ""
}
