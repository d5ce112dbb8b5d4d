package vi

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// NFC returns s composed: one code point per Vietnamese letter. All text
// that enters the program passes here, so that equal words are equal bytes.
// A byte that is not UTF-8 becomes U+FFFD.
func NFC(s string) string {
	if ascii(s) {
		return s
	}
	return norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD"))
}

// Fold returns s as search compares it: lower case, without tone and vowel
// marks, đ as d, white space runs as one space and none at the ends.
// "Phường Hoà Cường" becomes "phuong hoa cuong".
func Fold(s string) string {
	if !ascii(s) {
		s = norm.NFD.String(strings.ToValidUTF8(s, "\uFFFD"))
		s = strings.Map(func(r rune) rune {
			switch {
			case r == 'đ' || r == 'Đ':
				return 'd'
			case unicode.Is(unicode.Mn, r):
				return -1
			}
			return unicode.ToLower(r)
		}, s)
		s = norm.NFC.String(s)
	} else {
		s = strings.ToLower(s)
	}
	return squeeze(s)
}

// Key returns s as names are compared for equality: lower case, composed,
// each tone mark where the older habit puts it (hòa, thủy, quý), white space
// as in Fold. Letters and tones stay, so "hoa", "hòa" and "hóa" differ.
func Key(s string) string {
	if ascii(s) {
		return squeeze(strings.ToLower(s))
	}
	s = norm.NFD.String(strings.ToValidUTF8(s, "\uFFFD"))
	s = norm.NFD.String(strings.Map(unicode.ToLower, s))
	return squeeze(norm.NFC.String(string(placeTones([]rune(s)))))
}

// FromCP1258 reads text of the Windows Vietnamese code page, whose tones are
// combining bytes, and composes it. A byte without meaning becomes U+FFFD.
func FromCP1258(b []byte) string {
	s, err := charmap.Windows1258.NewDecoder().Bytes(b)
	if err != nil { // a charmap decoder has no byte that it refuses
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	return NFC(string(s))
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
