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
	Subject  string // "ioc.source.created.<id>": letters, digits, - _ : and dots between
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

// checkSubject keeps out what the bus would refuse for ever.
func checkSubject(s string) error {
	if s == "" || len(s) > 255 || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return fmt.Errorf("event subject %q: empty token or longer than 255", s)
	}
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		case r == '.', r == '-', r == '_', r == ':':
		default:
			return fmt.Errorf("event subject %q: %q is not allowed", s, r)
		}
	}
	return nil
}
