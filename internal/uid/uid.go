// Package uid makes sortable identifiers: 48 bits of Unix milliseconds and 80
// random bits, as 26 lower-case Crockford base-32 characters (the ULID
// layout), so that ids made later sort later.
package uid

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"time"
)

var enc = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// New returns a new id for the instant now.
func New(now time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16)
	_, _ = rand.Read(b[6:]) // crypto/rand never fails since Go 1.24
	return enc.EncodeToString(b[:])
}

// Secret returns n random bytes (at least 16) as text, for tokens and keys.
func Secret(n int) string {
	b := make([]byte, max(n, 16))
	_, _ = rand.Read(b)
	return enc.EncodeToString(b)
}
