package sta

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/geo"
	"openioc.org/ioc/internal/msg"
)

var (
	errFilter  = fault.Define(fault.Invalid, "sta.filter_syntax", "{option}, position {position}: {what}", "{option}, vị trí {position}: {what}")
	errExpand  = fault.Define(fault.Invalid, "sta.expand_syntax", "{option}, position {position}: {what}", "{option}, vị trí {position}: {what}")
	errOrderBy = fault.Define(fault.Invalid, "sta.orderby_syntax", "{option}, position {position}: {what}", "{option}, vị trí {position}: {what}")
	errSelect  = fault.Define(fault.Invalid, "sta.select_syntax", "{option}, position {position}: {what}", "{option}, vị trí {position}: {what}")
	errPaging  = fault.Define(fault.Invalid, "sta.paging_syntax", "{option}, position {position}: {what}", "{option}, vị trí {position}: {what}")
	errOption  = fault.Define(fault.Invalid, "sta.option", "{option}: {what}", "{option}: {what}")
)

// maxText is the longest query option in bytes, maxNesting the deepest
// nesting of brackets and operators in it.
const (
	maxText    = 16 << 10
	maxNesting = 64
)

type tokenKind uint8

const (
	end tokenKind = iota
	word
	literalToken
	punct
)

type token struct {
	kind  tokenKind
	text  string // of a word or a punctuation mark
	value any    // of a literal
	at    int    // byte offset where it begins
	end   int
}

func (t token) is(mark string) bool { return t.kind == punct && t.text == mark }

func (t token) isWord(w string) bool { return t.kind == word && t.text == w }

// lexer cuts the text of one query option into tokens. It remembers the first
// fault; after one, every token is the end.
type lexer struct {
	option string // "$filter", for the fault
	text   string
	tok    token
	depth  int
	err    error
}

func newLexer(option, text string) *lexer {
	l := &lexer{option: option, text: text}
	if len(text) > maxText {
		l.err = errOption.With("option", option, "what", msg.Text{
			En: fmt.Sprintf("longer than %d bytes", maxText), Vi: fmt.Sprintf("dài quá %d byte", maxText)})
	}
	if !utf8.ValidString(text) {
		l.err = errOption.With("option", option, "what", msg.Text{En: "not UTF-8", Vi: "không phải UTF-8"})
	}
	l.next()
	return l
}

// fail records a fault at a byte offset; people count characters from 1.
func (l *lexer) fail(def *fault.Def, at int, en, vi string) {
	if l.err == nil {
		position := utf8.RuneCountInString(l.text[:min(at, len(l.text))]) + 1
		l.err = def.With("option", l.option, "position", position, "what", msg.Text{En: en, Vi: vi})
	}
	l.tok = token{kind: end, at: len(l.text), end: len(l.text)}
}

// deeper guards recursion; the caller must call l.depth-- when true.
func (l *lexer) deeper(def *fault.Def) bool {
	if l.depth++; l.depth > maxNesting {
		l.depth--
		l.fail(def, l.tok.at, fmt.Sprintf("nested deeper than %d", maxNesting), fmt.Sprintf("lồng sâu quá %d bậc", maxNesting))
		return false
	}
	return true
}

// name says what a token is, for faults.
func (t token) name(l *lexer) string {
	if t.kind == end {
		return "end"
	}
	s := l.text[t.at:t.end]
	if utf8.RuneCountInString(s) > 40 {
		s = string([]rune(s)[:40]) + "…"
	}
	return strconv.Quote(s)
}

func (l *lexer) unexpected(def *fault.Def, wantEn, wantVi string) {
	if l.tok.kind == end {
		l.fail(def, l.tok.at, "it ends where "+wantEn+" is wanted", "kết thúc ở chỗ cần "+wantVi)
		return
	}
	n := l.tok.name(l)
	l.fail(def, l.tok.at, "found "+n+" where "+wantEn+" is wanted", "gặp "+n+" ở chỗ cần "+wantVi)
}

func (l *lexer) take(mark string) bool {
	if !l.tok.is(mark) {
		return false
	}
	l.next()
	return true
}

func (l *lexer) want(def *fault.Def, mark string) {
	if !l.take(mark) {
		l.unexpected(def, strconv.Quote(mark), strconv.Quote(mark))
	}
}

var (
	instantForm  = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+\- ]\d{2}:\d{2})?`)
	dayForm      = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}`)
	timeForm     = regexp.MustCompile(`^\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?`)
	numberForm   = regexp.MustCompile(`^-?\d+(\.\d+)?([eE][+\-]?\d+)?`)
	durationForm = regexp.MustCompile(`^(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$`)
)

func (l *lexer) next() {
	if l.err != nil {
		l.tok = token{kind: end, at: len(l.text), end: len(l.text)}
		return
	}
	at := l.tok.end
	for at < len(l.text) && (l.text[at] == ' ' || l.text[at] == '\t' || l.text[at] == '\n' || l.text[at] == '\r') {
		at++
	}
	rest := l.text[at:]
	if rest == "" {
		l.tok = token{kind: end, at: at, end: at}
		return
	}
	c := rest[0]
	switch {
	case strings.IndexByte("(),;/=*", c) >= 0:
		l.tok = token{kind: punct, text: rest[:1], at: at, end: at + 1}
	case c == '\'':
		if s, n := l.quoted(at); n > 0 {
			l.tok = token{kind: literalToken, value: s, at: at, end: at + n}
		}
	case c >= '0' && c <= '9' || c == '-' && len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9':
		l.number(at, rest)
	case c == '-':
		l.tok = token{kind: punct, text: "-", at: at, end: at + 1}
	default:
		l.word(at, rest)
	}
}

// quoted reads a quoted text at a byte offset; a quote inside is doubled. n
// is its length with the quotes, 0 after a fault.
func (l *lexer) quoted(at int) (s string, n int) {
	var b strings.Builder
	for i := at + 1; i < len(l.text); i++ {
		if l.text[i] != '\'' {
			b.WriteByte(l.text[i])
			continue
		}
		if i+1 < len(l.text) && l.text[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		return b.String(), i + 1 - at
	}
	l.fail(errFilter, at, "the quote that opens here is not closed", "dấu nháy mở ở đây chưa đóng")
	return "", 0
}

func (l *lexer) number(at int, rest string) {
	var v any
	var err error
	var m string
	if m = instantForm.FindString(rest); m != "" {
		v, err = parseInstant(m)
	} else if m = dayForm.FindString(rest); m != "" {
		v, err = parseDay(m)
	} else if m = timeForm.FindString(rest); m != "" {
		v, err = parseTimeOfDay(m)
	} else {
		m = numberForm.FindString(rest)
		v, err = strconv.ParseFloat(m, 64)
	}
	if err != nil {
		l.fail(errFilter, at, m+" is out of range", m+" ngoài khoảng cho phép")
		return
	}
	l.tok = token{kind: literalToken, value: v, at: at, end: at + len(m)}
	if r, _ := utf8.DecodeRuneInString(rest[len(m):]); len(m) < len(rest) && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '.') {
		l.fail(errFilter, at+len(m), fmt.Sprintf("%q does not belong to the number or the time before it", r), fmt.Sprintf("%q không thuộc số hoặc thời gian đứng trước", r))
	}
}

func wordRune(r rune, first bool) bool {
	return unicode.IsLetter(r) || r == '_' || r == '@' || r == '$' ||
		!first && (unicode.IsDigit(r) || r == '.' || r == '-' || r == ':' || unicode.Is(unicode.Mn, r))
}

func (l *lexer) word(at int, rest string) {
	n := 0
	for i, r := range rest {
		if !wordRune(r, i == 0) {
			break
		}
		n = i + utf8.RuneLen(r)
	}
	if n == 0 {
		r, _ := utf8.DecodeRuneInString(rest)
		l.fail(errFilter, at, fmt.Sprintf("the character %q has no place here", r), fmt.Sprintf("ký tự %q không dùng được ở đây", r))
		return
	}
	w := rest[:n]
	if n < len(rest) && rest[n] == '\'' && (w == "geography" || w == "geometry" || w == "duration" || w == "datetime" || w == "datetimeoffset" || w == "time") {
		l.typed(at, w, at+n)
		return
	}
	l.tok = token{kind: word, text: w, at: at, end: at + n}
}

// typed reads a literal whose type stands before its quote.
func (l *lexer) typed(at int, kind string, quote int) {
	s, n := l.quoted(quote)
	if n == 0 {
		return
	}
	var v any
	var err error
	switch kind {
	case "geography", "geometry":
		s = strings.TrimSpace(s)
		if u := strings.ToUpper(s); strings.HasPrefix(u, "SRID=4326;") {
			s = s[len("SRID=4326;"):]
		}
		var g geo.Geometry
		if g, err = geo.ParseWKT(s); err == nil {
			v = g
		}
	case "duration":
		v, err = parseDuration(s)
	case "time":
		v, err = parseTimeOfDay(s)
	default:
		v, err = parseInstant(s)
	}
	if err != nil {
		l.fail(errFilter, quote+1, fmt.Sprintf("not a %s: %v", kind, err), fmt.Sprintf("không phải %s: %v", kind, err))
		return
	}
	l.tok = token{kind: literalToken, value: v, at: at, end: quote + n}
}

// segment reads the next step of a path: there a name may also begin with a
// digit. It must be called when the token before it is "/".
func (l *lexer) segment() (string, int) {
	at := l.tok.end
	n := 0
	for i, r := range l.text[at:] {
		if !wordRune(r, false) {
			break
		}
		n = i + utf8.RuneLen(r)
	}
	l.tok = token{kind: word, text: l.text[at : at+n], at: at, end: at + n}
	return l.tok.text, at
}

func parseInstant(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	if i := strings.IndexByte(s, ' '); i > 10 { // a plus sign that a form decoder made a space
		s = s[:i] + "+" + s[i+1:]
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no instant like 2020-10-19T06:00:00Z", s)
}

// day is a date without a time, "2006-01-02".
type day string

// timeOfDay is the time since midnight UTC.
type timeOfDay time.Duration

func parseDay(s string) (day, error) {
	t, err := time.Parse(time.DateOnly, s)
	return day(t.Format(time.DateOnly)), err
}

func parseTimeOfDay(s string) (timeOfDay, error) {
	for _, layout := range []string{"15:04:05.999999999", "15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return timeOfDay(t.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC))), nil
		}
	}
	return 0, fmt.Errorf("%q is no time like 06:30:00", s)
}

func parseDuration(s string) (time.Duration, error) {
	m := durationForm.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil || s == "P" || strings.HasSuffix(s, "T") {
		return 0, fmt.Errorf("%q is no duration like P1DT6H", s)
	}
	var seconds float64
	for i, unit := range []float64{86400, 3600, 60, 1} {
		if m[i+2] != "" {
			n, err := strconv.ParseFloat(m[i+2], 64)
			if err != nil {
				return 0, err
			}
			seconds += n * unit
		}
	}
	if seconds > 1e9 {
		return 0, fmt.Errorf("%q is longer than 30 years", s)
	}
	if m[1] != "" {
		seconds = -seconds
	}
	return time.Duration(seconds * float64(time.Second)), nil
}
