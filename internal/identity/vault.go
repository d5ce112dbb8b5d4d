package identity

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keyLength is how long the key outside the database must be.
const keyLength = 32

var errSealed = errors.New("identity: a sealed value does not open: the secret key is another one, or the record was changed")

// vault seals what the records must not show. Each value is bound to its
// purpose and owner, so that it cannot be moved to another row.
type vault struct{ aead cipher.AEAD }

// openVaults makes the vault of secrets (nil without a key) and that of
// tickets.
func openVaults(key []byte) (secrets, tickets *vault, err error) {
	if key == nil {
		once := make([]byte, keyLength)
		_, _ = rand.Read(once)
		tickets, err = newVault(once, "ticket")
		return nil, tickets, err
	}
	if len(key) < keyLength {
		return nil, nil, fmt.Errorf("identity: the secret key has %d bytes, not %d", len(key), keyLength)
	}
	if secrets, err = newVault(key, "secret"); err != nil {
		return nil, nil, err
	}
	tickets, err = newVault(key, "ticket")
	return secrets, tickets, err
}

func newVault(key []byte, use string) (*vault, error) {
	derived, err := hkdf.Key(sha256.New, key, nil, "ioc identity "+use, keyLength)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &vault{aead}, nil
}

func (v *vault) seal(owner string, plain []byte) string {
	return base64.RawStdEncoding.EncodeToString(v.aead.Seal(nil, nil, plain, []byte(owner)))
}

func (v *vault) open(owner, sealed string) ([]byte, error) {
	raw, err := base64.RawStdEncoding.DecodeString(sealed)
	if err != nil {
		return nil, errSealed
	}
	plain, err := v.aead.Open(nil, nil, raw, []byte(owner))
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}

// SecretKeyFile reads the key that seals second factors from a file, and makes
// the file when there is none. It belongs outside the database and its
// backups: without it the sealed secrets cannot be read, with it alone neither.
func SecretKeyFile(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	if len(key) != keyLength {
		return nil, fmt.Errorf("secret key: %s holds %d bytes, not %d; put the right file back, or remove it and let everybody set up the second factor again", path, len(key), keyLength)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		if err := os.Chmod(path, 0o600); err != nil {
			return nil, fmt.Errorf("secret key: others may read %s: %w", path, err)
		}
	}
	return key, nil
}

// makeKey writes a whole key or none: a power cut must not leave half of one.
func makeKey(path string) ([]byte, error) {
	key := make([]byte, keyLength)
	_, _ = rand.Read(key)
	f, err := os.CreateTemp(filepath.Dir(path), ".secret-*") // 0600
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(key)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Link(f.Name(), path) // fails when another program was quicker
	}
	if errors.Is(err, fs.ErrExist) {
		return SecretKeyFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	return key, nil
}
