package identity

import (
	"strings"

	"openioc.org/ioc/internal/uid"
)

// recoveryCodes is how many codes somebody gets at once.
const recoveryCodes = 10

// newRecovery makes codes of 80 random bits, which need no slow hash, and
// their hashes.
func newRecovery(userID string) (codes, hashes []string) {
	for range recoveryCodes {
		r := uid.Secret(16)[:16]
		code := r[:4] + "-" + r[4:8] + "-" + r[8:12] + "-" + r[12:]
		codes, hashes = append(codes, code), append(hashes, recoveryHash(userID, code))
	}
	return codes, hashes
}

// recoveryHash is what the records keep of a code; how it is typed (capitals,
// spaces, the letter O for nought) does not matter.
func recoveryHash(userID, code string) string {
	code = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '\t':
			return -1
		case 'o':
			return '0'
		case 'i', 'l':
			return '1'
		}
		return r
	}, strings.ToLower(code))
	return digest(userID + ":" + code)
}
