package feed

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"
)

// mark is how far a system has been read.
type mark struct {
	At    *point   `json:"at,omitempty"`    // sql, rest: the watermark of the last row
	Ties  []string `json:"ties,omitempty"`  // sql: the rows of that instant
	Files []seen   `json:"files,omitempty"` // file: what was taken, oldest first
	Shown string   `json:"shown,omitempty"`
}

// seen is a file that was taken.
type seen struct {
	Name     string    `json:"name"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	Hash     string    `json:"hash"`
}

// maxFiles is how many taken files are remembered.
const maxFiles = 500

// same reports whether nothing moved.
func (m mark) same(o mark) bool {
	at := m.At == nil && o.At == nil || m.At != nil && o.At != nil && *m.At == *o.At
	return at && m.Shown == o.Shown && slices.Equal(m.Ties, o.Ties) && slices.Equal(m.Files, o.Files)
}

// batch is one page of rows and the mark once they are imported.
type batch struct {
	rows []row
	root any    // the message they came in, for expressions
	file string // its name
	next mark
	more bool
}

// fingerprint names a version of a row: its key and all it holds, because a
// row may change twice within one instant of its watermark.
func fingerprint(key string, rec map[string]any) string {
	b, err := json.Marshal(rec)
	if err != nil {
		b = nil
	}
	h := sha256.Sum256(append(append([]byte(key), 0), b...))
	return hex.EncodeToString(h[:8])
}
