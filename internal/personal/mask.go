package personal

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"openioc.org/ioc/internal/vi"
)

// hidden stands for what is not shown. Its length says nothing about the
// length of the value.
const hidden = "***"

// mostWords is how many words of a name are hinted at; the rest of a longer
// one is a sentence, not a name.
const mostWords = 12

// maskName shows the first letter of each word and at most three stars:
// "Nguyễn Văn A" is "N*** V** A". A name of single letters would be shown
// whole, so after the first of them the others are stars.
func maskName(s string) string {
	words := strings.Fields(vi.NFC(s))
	more := len(words) > mostWords
	if more {
		words = words[:mostWords]
	}
	var b strings.Builder
	single := false
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		first, size := utf8.DecodeRuneInString(w)
		rest := w[size:]
		switch {
		case !unicode.IsLetter(first), rest == "" && single: // a number, a mark, the next of single letters
			b.WriteString(hidden[:min(utf8.RuneCountInString(w), len(hidden))])
		default:
			b.WriteRune(first)
			b.WriteString(hidden[:min(utf8.RuneCountInString(rest), len(hidden))])
			single = single || rest == ""
		}
	}
	if more {
		b.WriteString(" …")
	}
	return b.String()
}

// maskPhone shows the first three and the last four digits of a number that
// has more: "0901234567" is "090***4567". Of a shorter one it shows two.
func maskPhone(s string) string {
	digits := only(s, unicode.IsDigit)
	if strings.HasPrefix(strings.TrimSpace(s), "+84") {
		digits = "0" + strings.TrimPrefix(digits, "84")
	}
	return ends(digits, 10, 3, 4, 7, 2, hidden)
}

// maskPaper shows the first and the last three characters of a number of
// twelve or more, as identity cards have: "048***…123". Of a shorter one, an
// old card or a tax code, it shows the last three.
func maskPaper(s string) string {
	return ends(only(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }), 12, 3, 3, 9, 3, hidden+"…")
}

// ends keeps the first and last characters of s when it has long, only the
// last ones when it has short, and else nothing.
func ends(s string, long, first, last, short, lastShort int, between string) string {
	r := []rune(s)
	switch {
	case len(r) >= long:
		return string(r[:first]) + between + string(r[len(r)-last:])
	case len(r) >= short:
		return between + string(r[len(r)-lastShort:])
	}
	return hidden
}

// maskEmail shows the first letter and, of the domain, its end: a domain of
// one's own is a name too. "an.nguyen@gmail.com" is "a***@***.com".
func maskEmail(s string) string {
	s = vi.NFC(s)
	at := strings.LastIndexByte(s, '@')
	if at < 2 { // one letter before the sign would be the whole name
		return hidden
	}
	first, _ := utf8.DecodeRuneInString(strings.TrimSpace(s))
	if !unicode.IsLetter(first) {
		return hidden
	}
	end := ""
	if dot := strings.LastIndexByte(s, '.'); dot > at+1 {
		if tld := s[dot:]; len(tld) <= 5 && only(tld, unicode.IsLetter) == tld[1:] {
			end = tld
		}
	}
	return string(first) + hidden + "@" + hidden + end
}

// maskAddress shows the last part of an address of several, the province, and
// only when nothing in it looks like a number.
func maskAddress(s string) string {
	s = vi.NFC(s)
	comma := strings.LastIndexByte(s, ',')
	if comma < 1 {
		return hidden
	}
	last := strings.Join(strings.Fields(s[comma+1:]), " ")
	if last == "" || utf8.RuneCountInString(last) > 24 || strings.ContainsFunc(last, func(r rune) bool { return r != ' ' && r != '.' && !unicode.IsLetter(r) }) {
		return hidden
	}
	return hidden + ", " + last
}

func only(s string, keep func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if r != utf8.RuneError && keep(r) {
			return r
		}
		return -1
	}, s)
}
