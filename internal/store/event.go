package store

import (
	"fmt"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
)

// Event is a fact: something that the transaction did. It becomes a message
// on the bus and a record of the audit trail.
type Event struct {
	Subject  string // "ioc.source.created.<id>"
	Entity   string // "source"
	EntityID string
	Before   any    // what it was, nil when it is new; marshals to JSON, never holds a secret
	After    any    // what it is now, nil when it is gone
	Summary  string // one line for people

	// Filled by Emit.
	ID    string
	At    time.Time
	Actor access.Actor
}

// cleanSubject makes a subject that the bus takes: an id may hold anything,
// and what is not a letter of ASCII, a digit or one of "-_:." becomes "_". An
// empty token or a subject without end is a mistake of the program.
func cleanSubject(s string) (string, error) {
	if s == "" || len(s) > 255 || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return "", fmt.Errorf("event subject %q: an empty token, or longer than 255", s)
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9',
			r == '.', r == '-', r == '_', r == ':':
			return r
		}
		return '_'
	}, s), nil
}
