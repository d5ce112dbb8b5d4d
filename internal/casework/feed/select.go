package feed

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"openioc.org/ioc/internal/fault"
)

var (
	errQuery = fault.Define(fault.Invalid, "casefeed.query", "at position {position}: {found} is not possible in a query that only reads; write one SELECT",
		"ở vị trí {position}: không được dùng {found} trong câu truy vấn chỉ đọc; hãy viết đúng một câu SELECT")
	errQueryEmpty   = fault.Define(fault.Invalid, "casefeed.query_empty", "write one SELECT", "hãy viết một câu SELECT")
	errQueryComment = fault.Define(fault.Invalid, "casefeed.query_comment", "at position {position}: comments are not taken, they can hide a second statement; leave them out",
		"ở vị trí {position}: không nhận chú thích vì có thể giấu câu lệnh thứ hai; hãy bỏ đi")
	errQueryMany = fault.Define(fault.Invalid, "casefeed.query_many", "at position {position}: a second statement begins; write exactly one SELECT",
		"ở vị trí {position} có câu lệnh thứ hai; hãy viết đúng một câu SELECT")
	errQueryOpen = fault.Define(fault.Invalid, "casefeed.query_open", "at position {position}: {found} is opened and not closed", "ở vị trí {position}: {found} mở mà không đóng")
	errQueryLong = fault.Define(fault.Invalid, "casefeed.query_long", "a query has at most {limit} characters", "câu truy vấn dài tối đa {limit} ký tự")
)

// maxQuery is how long a query may be.
const maxQuery = 20_000

// query is one SELECT that was looked through. It is the second of three
// locks: the account should only be able to read, and the transaction only
// reads where the database knows such transactions.
type query struct {
	text string // without the semicolon at the end
	main int    // where the SELECT after WITH begins; 0 without WITH
}

// forbidden are words that no reading query needs, as bare words: a column of
// that name is written in quotes.
var forbidden = wordSet(`insert update delete merge drop alter create truncate grant revoke deny exec execute call copy lock into
	begin commit rollback savepoint declare use go shutdown kill backup restore dbcc bulk handler load rename vacuum analyze reindex
	cluster listen notify prepare deallocate reconfigure outfile dumpfile updlock xlock holdlock tablock tablockx paglock rowlock waitfor`)

// harmful are functions that do more than read, or that wait.
var harmful = wordSet(`pg_sleep pg_sleep_for pg_sleep_until pg_terminate_backend pg_cancel_backend pg_reload_conf pg_rotate_logfile
	pg_read_file pg_read_binary_file pg_ls_dir pg_stat_file pg_advisory_lock pg_advisory_xact_lock pg_advisory_lock_shared pg_notify
	lo_import lo_export lo_create lo_unlink lo_put lo_from_bytea set_config nextval setval txid_current query_to_xml database_to_xml
	dblink dblink_exec dblink_connect dblink_send_query sleep benchmark get_lock release_lock load_file sys_exec sys_eval
	master_pos_wait openrowset opendatasource openquery openxml`)

// afterFor are words that make FOR more than reading.
var afterFor = wordSet("update share no key xml json browse")

func wordSet(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(s) {
		out[w] = true
	}
	return out
}

// checkSelect refuses everything but one SELECT, or WITH … SELECT, in the
// dialect's own writing. In doubt it refuses: what two databases read
// differently (comments, backslashes in texts, dollar quotes) is not taken.
func checkSelect(text string, d dialect) (query, *fault.Error) {
	if len(text) > maxQuery {
		return query{}, errQueryLong.With("limit", maxQuery)
	}
	text = strings.TrimSpace(text)
	if end := strings.TrimRight(text, "; \t\r\n"); strings.Count(text[len(end):], ";") <= 1 {
		text = end
	}
	if text == "" {
		return query{}, errQueryEmpty.With()
	}
	s := scanner{text: text, dialect: d}
	q := query{text: text}
	with, depth := false, 0
	var prev token
	for n := 0; ; n++ {
		t, f := s.next()
		if f != nil {
			return query{}, f
		}
		if t.kind == tokenEnd {
			break
		}
		refuse := func() (query, *fault.Error) {
			return query{}, errQuery.With("position", s.position(t.at), "found", t.text)
		}
		if n == 0 {
			if t.kind != tokenWord || t.text != "select" && t.text != "with" {
				return refuse()
			}
			with = t.text == "with"
			prev = t
			continue
		}
		switch t.kind {
		case tokenSign:
			switch t.text {
			case "(":
				depth++
			case ")":
				if depth--; depth < 0 {
					return refuse()
				}
			case ";":
				return query{}, errQueryMany.With("position", s.position(t.at))
			}
		case tokenWord:
			switch member := prev.text == "." && prev.kind == tokenSign; {
			case member && harmful[t.text]:
				return refuse() // pg_catalog.pg_sleep
			case member: // a column: t.update
			case forbidden[t.text]:
				return refuse()
			case strings.HasPrefix(t.text, "xp_"), strings.HasPrefix(t.text, "sp_"), harmful[t.text]:
				return refuse()
			case prev.text == "for" && afterFor[t.text]:
				return refuse()
			case t.text == "select" && depth == 0 && with && q.main == 0:
				q.main = t.at
			}
		}
		prev = t
	}
	switch {
	case depth != 0:
		return query{}, errQueryOpen.With("position", s.position(len(text)), "found", "(")
	case with && q.main == 0:
		return query{}, errQueryEmpty.With()
	}
	return q, nil
}

type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenWord
	tokenSign
	tokenOther // texts, quoted names, numbers
)

type token struct {
	kind tokenKind
	text string // of words in lower case
	at   int
}

type scanner struct {
	text    string
	dialect dialect
	at      int
}

// position counts characters from 1, as people do.
func (s *scanner) position(at int) int { return utf8.RuneCountInString(s.text[:at]) + 1 }

func (s *scanner) next() (token, *fault.Error) {
	for s.at < len(s.text) && strings.IndexByte(" \t\r\n", s.text[s.at]) >= 0 {
		s.at++
	}
	if s.at >= len(s.text) {
		return token{at: s.at}, nil
	}
	start := s.at
	r, size := utf8.DecodeRuneInString(s.text[start:])
	rest := s.text[start:]
	refuse := func(found string) (token, *fault.Error) {
		return token{}, errQuery.With("position", s.position(start), "found", found)
	}
	switch {
	case strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "/*"), strings.HasPrefix(rest, "*/"), r == '#':
		return token{}, errQueryComment.With("position", s.position(start))
	case r == '\'' || r == '"' || r == '`':
		return s.quoted(byte(r))
	case r == '[' && s.dialect == sqlServer:
		return s.quoted(']')
	case r == '\\', r == '$', r == '@' && s.dialect != postgres, r == '{', r == '}', r == utf8.RuneError && size <= 1, r != '\n' && unicode.IsControl(r):
		return refuse(string(r))
	case r == '?' && s.dialect == mySQL:
		return refuse("?")
	case unicode.IsSpace(r): // a blank that databases do not know as one
		return refuse(fmt.Sprintf("%U", r))
	case unicode.IsLetter(r) || r == '_':
		end := start
		for end < len(s.text) {
			c, n := utf8.DecodeRuneInString(s.text[end:])
			if !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '_' && !unicode.IsMark(c) {
				break
			}
			end += n
		}
		s.at = end
		return token{kind: tokenWord, text: strings.ToLower(s.text[start:end]), at: start}, nil
	case r >= '0' && r <= '9':
		end := start
		for end < len(s.text) && (s.text[end] >= '0' && s.text[end] <= '9' || s.text[end] == '.' || s.text[end] == 'e' || s.text[end] == 'E') {
			end++
		}
		s.at = end
		return token{kind: tokenOther, text: s.text[start:end], at: start}, nil
	}
	s.at += size
	return token{kind: tokenSign, text: string(r), at: start}, nil
}

// quoted reads up to the closing sign; doubled it stands for itself. A
// backslash is an escape to some databases and a letter to others.
func (s *scanner) quoted(end byte) (token, *fault.Error) {
	start := s.at
	for i := start + 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == end && i+1 < len(s.text) && s.text[i+1] == end:
			i++
		case c == end:
			s.at = i + 1
			return token{kind: tokenOther, text: s.text[start:s.at], at: start}, nil
		case c == '\\' || c == 0:
			return token{}, errQuery.With("position", s.position(i), "found", string(rune(c)))
		}
	}
	return token{}, errQueryOpen.With("position", s.position(start), "found", s.text[start:start+1])
}
