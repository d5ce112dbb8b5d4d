package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Argon2 is the price of a password (argon2id).
type Argon2 struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
}

// DefaultArgon2 is OWASP's smaller setting: with one hash at a time a sign-in
// costs 19 MiB, which a center of 150 MB can spare.
func DefaultArgon2() Argon2 { return Argon2{Memory: 19 << 10, Passes: 2, Threads: 1} }

const (
	saltBytes = 16
	keyBytes  = 32
	// What a stored hash may ask for at most.
	maxMemory = 256 << 10
	maxPasses = 32
)

var errHash = errors.New("identity: stored password hash is malformed")

// hasher makes and checks hashes, one at a time so that a crowd at the door
// cannot take the memory.
type hasher struct {
	price Argon2
	turn  chan struct{}
}

func newHasher(price Argon2) *hasher { return &hasher{price: price, turn: make(chan struct{}, 1)} }

func (h *hasher) key(ctx context.Context, password string, salt []byte, price Argon2) ([]byte, error) {
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	// One keyboard writes ế as one character, another as two.
	return argon2.IDKey([]byte(norm.NFC.String(password)), salt, price.Passes, price.Memory, price.Threads, keyBytes), nil
}

// hash returns the PHC string of a password under a fresh salt.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // crypto/rand never fails since Go 1.24
	key, err := h.key(ctx, password, salt, h.price)
	if err != nil {
		return "", err
	}
	return formatHash(storedHash{h.price, salt, key}), nil
}

// verify reports whether the password is the one of a PHC string.
func (h *hasher) verify(ctx context.Context, password, phc string) (bool, error) {
	s, err := parseHash(phc)
	if err != nil {
		return false, err
	}
	key, err := h.key(ctx, password, s.salt, s.price)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(key, s.key) == 1, nil
}

type storedHash struct {
	price     Argon2
	salt, key []byte
}

func formatHash(s storedHash) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, s.price.Memory, s.price.Passes, s.price.Threads,
		b64.EncodeToString(s.salt), b64.EncodeToString(s.key))
}

// parseHash reads "$argon2id$v=19$m=19456,t=2,p=1$salt$key".
func parseHash(phc string) (s storedHash, err error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return s, errHash
	}
	params := strings.Split(parts[3], ",")
	if len(params) != 3 {
		return s, errHash
	}
	var n [3]uint64
	for i, name := range []string{"m=", "t=", "p="} {
		digits, ok := strings.CutPrefix(params[i], name)
		if n[i], err = strconv.ParseUint(digits, 10, 32); !ok || err != nil {
			return s, errHash
		}
	}
	if n[0] < 8 || n[0] > maxMemory || n[1] < 1 || n[1] > maxPasses || n[2] < 1 || n[2] > 16 {
		return s, errHash
	}
	s.price = Argon2{Memory: uint32(n[0]), Passes: uint32(n[1]), Threads: uint8(n[2])}
	b64 := base64.RawStdEncoding.Strict()
	if s.salt, err = b64.DecodeString(parts[4]); err != nil || len(s.salt) < 8 || len(s.salt) > 64 {
		return s, errHash
	}
	if s.key, err = b64.DecodeString(parts[5]); err != nil || len(s.key) != keyBytes {
		return s, errHash
	}
	return s, nil
}
