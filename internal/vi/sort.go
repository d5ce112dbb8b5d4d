package vi

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// letters is the Vietnamese alphabet with the foreign letters in their Latin
// places; marks and before are what comes ahead of it, in the order that
// Unicode's collation gives them.
const (
	letters = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
	before  = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789"
)

// rank holds the two digits of each character that has its own place.
var rank = func() map[rune]string {
	m := make(map[rune]string, len(letters)+len(before))
	n := 11 // 10 is white space
	for _, r := range before + letters {
		m[r] = strconv.Itoa(n)
		n++
	}
	return m
}()

// tones in their dictionary order: none, huyền, hỏi, ngã, sắc, nặng.
var toneRank = map[rune]byte{grave: '2', hook: '3', tilde: '4', acute: '5', dot: '6'}

// SortKey returns a text that sorts as s does in a Vietnamese dictionary:
// letters first (a ă â b c d đ e ê …), then tones (ngang, huyền, hỏi, ngã,
// sắc, nặng), then small before capital. It agrees with Intl.Collator("vi").
//
// The key is made of the digits 0–9 only, so that every database sorts it
// alike whatever its collation; it is stored beside the name.
func SortKey(s string) string {
	// Vowel marks are parts of letters, so work on NFC and take only the
	// tone away from each letter.
	s = norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD"))
	var primary strings.Builder
	primary.Grow(2*len(s) + 8)
	second := make([]byte, 0, len(s))
	third := make([]byte, 0, len(s))
	for _, r := range s {
		letter, tone := splitTone(r)
		if letter == 0 { // a mark that stands alone belongs to what precedes
			if n := len(second); n > 0 && tone > second[n-1] {
				second[n-1] = tone
			}
			continue
		}
		lower := unicode.ToLower(letter)
		if d, ok := rank[lower]; ok {
			primary.WriteString(d)
		} else if unicode.IsSpace(lower) {
			primary.WriteString("10")
		} else {
			primary.WriteString("95")
			code := strconv.Itoa(int(lower))
			primary.WriteString("0000000"[len(code):])
			primary.WriteString(code)
		}
		second = append(second, tone)
		if lower != letter {
			third = append(third, '2')
		} else {
			third = append(third, '1')
		}
	}
	return primary.String() + "0" + trim(second) + "0" + trim(third)
}

// Compare orders a and b as Vietnamese dictionaries do; it suits
// slices.SortFunc. Where many are sorted, store SortKey instead.
func Compare(a, b string) int { return strings.Compare(SortKey(a), SortKey(b)) }

// splitTone takes a composed character apart into its letter (ă, ê and their
// like stay whole) and the rank of its tone; the letter is 0 for a mark that
// stands alone.
func splitTone(r rune) (letter rune, tone byte) {
	tone = '1'
	if r < 0x80 {
		return r, tone
	}
	if unicode.Is(unicode.Mn, r) {
		if t, ok := toneRank[r]; ok {
			return 0, t
		}
		return 0, '7'
	}
	var rest []rune
	for _, m := range norm.NFD.String(string(r)) {
		if t, ok := toneRank[m]; ok && len(rest) > 0 {
			tone = t
			continue
		}
		rest = append(rest, m)
	}
	whole := []rune(norm.NFC.String(string(rest)))
	if len(whole) == 1 {
		if _, ok := rank[unicode.ToLower(whole[0])]; ok {
			return whole[0], tone
		}
	}
	if len(rest) > 1 && unicode.Is(unicode.Mn, rest[1]) { // ü, ç: the letter, after its plain form
		return rest[0], '7'
	}
	return r, tone
}

// trim drops the trailing '1's, which say nothing.
func trim(b []byte) string { return strings.TrimRight(string(b), "1") }
