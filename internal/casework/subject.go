package casework

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/vi"
)

// Subject is the person that data is about, by one key. Its value never leaves
// as text: what is printed or marshalled is the kind alone.
type Subject struct {
	Kind  string `json:"kind" enum:"paper,phone,email"`
	value string // normalised
}

// The kinds of keys of a person.
const (
	ByPaper = "paper"
	ByPhone = "phone"
	ByEmail = "email"
)

var (
	errSubject    = fault.Define(fault.Invalid, "case.subject", "say whom: one of paper, phone and email, not more", "cần đúng một trong: số giấy tờ, số điện thoại, thư điện tử")
	errSubjectKey = fault.Define(fault.Invalid, "case.subject_key", "this names nobody", "không phải số giấy tờ, số điện thoại hay thư điện tử hợp lệ")
)

// NewSubject is the person of exactly one key.
func NewSubject(paper, phone, email string) (Subject, error) {
	var out []Subject
	for _, k := range []struct{ kind, raw string }{{ByPaper, paper}, {ByPhone, phone}, {ByEmail, email}} {
		if strings.TrimSpace(k.raw) == "" {
			continue
		}
		values := normalised(k.kind, k.raw)
		if len(values) != 1 {
			return Subject{}, errSubjectKey.With().At(k.kind, errSubjectKey.With())
		}
		out = append(out, Subject{k.kind, values[0]})
	}
	if len(out) != 1 {
		return Subject{}, errSubject.With()
	}
	return out[0], nil
}

// longestKey is the longest text that is looked into for a key.
const longestKey = 500

// normalised are the keys that a field holds, each written in one way: phones
// and addresses may stand several in one field.
func normalised(kind, raw string) []string {
	if len(raw) > longestKey {
		return nil
	}
	raw = norm.NFKC.String(strings.ToValidUTF8(raw, ""))
	parts := []string{raw}
	if kind != ByPaper {
		parts = strings.FieldsFunc(raw, func(r rune) bool { return r == '/' || r == ';' || r == ',' || r == '|' })
	}
	var out []string
	for _, p := range parts {
		v := ""
		switch kind {
		case ByPaper:
			v = normalPaper(p)
		case ByPhone:
			v = normalPhone(p)
		case ByEmail:
			v = normalEmail(p)
		}
		if v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// normalPaper keeps letters and digits: "0400 123 456-001" is "0400123456001".
func normalPaper(s string) string {
	digits := false
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			digits = true
			return r
		case r >= 'A' && r <= 'Z':
			return r
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return -1
	}, s)
	if !digits || len(s) < 6 || len(s) > 30 {
		return ""
	}
	return s
}

// normalPhone is a number as it is dialled here: +84, 0084 and a 0 that a
// spreadsheet took away do not make another.
func normalPhone(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
	switch {
	case strings.HasPrefix(s, "0084"):
		s = "0" + strings.TrimLeft(s[4:], "0")
	case strings.HasPrefix(s, "84") && len(s) >= 11 && len(s) <= 13:
		s = "0" + strings.TrimLeft(s[2:], "0")
	case len(s) == 9 && s[0] >= '3':
		s = "0" + s
	}
	if len(s) < 8 || len(s) > 15 || strings.Trim(s, "0") == "" {
		return ""
	}
	return s
}

func normalEmail(s string) string {
	s = strings.TrimSpace(norm.NFKC.String(strings.ToLower(s)))
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || !strings.Contains(domain, ".") || strings.ContainsAny(domain, "@") || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == utf8.RuneError || r == 0x7f }) || strings.Contains(s, "\u00a0") {
		return ""
	}
	return s
}

// pieces of a longer text that may be a key: close together, and grouped.
var pieces = map[string][]*regexp.Regexp{
	ByPaper: {regexp.MustCompile(`[0-9A-Za-z]{6,30}`), regexp.MustCompile(`\d(?:[ .-]?\d){5,29}`)},
	ByPhone: {regexp.MustCompile(`\+?\d{8,15}`), regexp.MustCompile(`\+?\(?\d[\d .()-]{6,22}\d`)},
	ByEmail: {regexp.MustCompile(`[^\s@<>,;:|"'()\[\]]+@[0-9A-Za-z\x{80}-\x{10ffff}-]+(?:\.[0-9A-Za-z\x{80}-\x{10ffff}-]+)+`)},
}

// is reports whether a field is the key, or holds it beside another.
func (p Subject) is(field string) bool { return slices.Contains(normalised(p.Kind, field), p.value) }

// May reports whether a long text might hold the key: cheap, and never no
// where In says yes.
func (p Subject) May(text string) bool {
	text = norm.NFKC.String(strings.ToValidUTF8(text, ""))
	core := p.value
	switch p.Kind {
	case ByEmail: // its sign may be written another way within JSON
		return strings.Contains(text, `\u0040`) || strings.Contains(text, "@") && strings.Contains(norm.NFKC.String(strings.ToLower(text)), core)
	case ByPhone:
		core = strings.TrimLeft(core, "0")
	}
	b := make([]byte, 0, len(text))
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9', p.Kind == ByPaper && c >= 'A' && c <= 'Z':
			b = append(b, c)
		case p.Kind == ByPaper && c >= 'a' && c <= 'z':
			b = append(b, c-'a'+'A')
		}
	}
	return strings.Contains(string(b), core)
}

// In reports whether a text holds the key, whole or among other words.
func (p Subject) In(text string) bool {
	if !p.May(text) {
		return false
	}
	if p.is(text) {
		return true
	}
	for _, re := range pieces[p.Kind] {
		if slices.ContainsFunc(re.FindAllString(text, 200), p.is) {
			return true
		}
	}
	return false
}

// hide takes the key out of a text that goes on record.
func (p Subject) hide(text string) string {
	if !p.In(text) {
		return text
	}
	for _, re := range pieces[p.Kind] {
		text = re.ReplaceAllStringFunc(text, func(m string) string {
			if p.is(m) {
				return "***"
			}
			return m
		})
	}
	if p.In(text) {
		return "***"
	}
	return text
}

// hasher makes keyed hashes; nil has no key.
type hasher struct {
	key  []byte
	mark string // names the key
}

func newHasher(key []byte) *hasher {
	if len(key) == 0 {
		return nil
	}
	h := &hasher{key: slices.Clone(key)}
	h.mark = h.sum("mark")[:12]
	return h
}

// name is the mark of the key, "" of none.
func (h *hasher) name() string {
	if h == nil {
		return ""
	}
	return h.mark
}

// sum is 128 bits of HMAC-SHA256, enough to tell all people apart.
func (h *hasher) sum(parts ...string) string {
	m := hmac.New(sha256.New, h.key)
	for _, p := range parts {
		m.Write([]byte(p))
		m.Write([]byte{0})
	}
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:16])
}

func (h *hasher) subject(p Subject) string { return h.sum("subject", p.Kind, p.value) }

// keys are the hashes by which an applicant is found.
func (h *hasher) keys(a Applicant) []string {
	var out []string
	for _, s := range a.subjects() {
		out = append(out, h.subject(s))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// subjects are all keys of an applicant.
func (a Applicant) subjects() (out []Subject) {
	for _, k := range []struct{ kind, raw string }{{ByPaper, a.Paper.Reveal()}, {ByPhone, a.Phone.Reveal()}, {ByEmail, a.Email.Reveal()}} {
		for _, v := range normalised(k.kind, k.raw) {
			out = append(out, Subject{k.kind, v})
		}
	}
	return out
}

// held reports whether anything personal is there.
func (a Applicant) held() bool { a.Kind = ""; return a != (Applicant{}) }

// stone is a value of an erased file as it is recognised: its kind, then the
// hash of value and file.
func (h *hasher) stone(n int64, kind, value string) string {
	return kind[:2] + h.sum("erased", strconv.FormatInt(n, 10), kind, value)
}

// stones are what must not come back to a file.
func (h *hasher) stones(n int64, p person) []string {
	var out []string
	for _, k := range []struct{ kind, raw string }{{ByPaper, p.Paper}, {ByPhone, p.Phone}, {ByEmail, p.Email}} {
		for _, v := range normalised(k.kind, k.raw) {
			out = append(out, h.stone(n, k.kind, v))
		}
	}
	if v := vi.Fold(p.Name); v != "" {
		out = append(out, h.stone(n, "name", v))
	}
	return out
}

// tomb is what is known of an erased file.
type tomb struct {
	stones map[string]bool
	closed bool // it was erased without a key, or with another: nothing comes back
}

// bars reports whether what a message says of the applicant must not be kept.
// Only somebody else comes in: another paper where one was erased, and nothing
// that was erased with it.
func (t *tomb) bars(h *hasher, n int64, p person) bool {
	if t == nil || p == (person{}) {
		return false
	}
	if t.closed || h == nil || p.Paper == "" {
		return true
	}
	paper := false
	for s := range t.stones {
		paper = paper || strings.HasPrefix(s, ByPaper[:2])
	}
	if !paper || len(normalised(ByPaper, p.Paper)) == 0 {
		return true
	}
	return slices.ContainsFunc(h.stones(n, p), func(s string) bool { return t.stones[s] })
}
