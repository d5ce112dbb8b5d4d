package sta

import (
	"strconv"
	"time"
)

// node is an expression of a $filter or $orderby as it was written.
type node struct {
	at   int      // byte offset in the option's text
	op   string   // "literal", "path", "call", "not", "neg" or a binary operator
	name string   // of a call
	path []string // of a path
	ats  []int    // where each step of the path begins
	val  any      // of a literal
	args []*node
}

// binding powers of the binary operators; "in" is written like a comparison.
var powers = map[string]int{
	"or": 1, "and": 2,
	"eq": 3, "ne": 3, "gt": 4, "ge": 4, "lt": 4, "le": 4, "in": 4,
	"add": 5, "sub": 5, "mul": 6, "div": 6, "mod": 6,
}

// expression parses with a Pratt parser: everything that binds tighter than
// min belongs to the expression.
func (l *lexer) expression(min int) *node {
	if !l.deeper(errFilter) {
		return nil
	}
	defer func() { l.depth-- }()
	left := l.prefix()
	for l.err == nil && l.tok.kind == word {
		op := l.tok.text
		power, ok := powers[op]
		if !ok {
			l.unexpected(errFilter, "an operator", "toán tử")
			break
		}
		if power <= min {
			break
		}
		at := l.tok.at
		l.next()
		right := &node{}
		if op == "in" {
			right = l.list()
		} else {
			right = l.expression(power)
		}
		left = &node{at: at, op: op, args: []*node{left, right}}
	}
	if l.err != nil {
		return nil
	}
	return left
}

// list is what stands after "in".
func (l *lexer) list() *node {
	n := &node{at: l.tok.at, op: "list"}
	l.want(errFilter, "(")
	for l.err == nil {
		n.args = append(n.args, l.expression(0))
		if !l.take(",") {
			break
		}
	}
	l.want(errFilter, ")")
	return n
}

func (l *lexer) prefix() *node {
	t := l.tok
	switch {
	case t.kind == literalToken:
		l.next()
		return l.interval(&node{at: t.at, op: "literal", val: t.value})
	case t.is("("):
		l.next()
		n := l.expression(0)
		l.want(errFilter, ")")
		return n
	case t.is("-"):
		l.next()
		return &node{at: t.at, op: "neg", args: []*node{l.expression(powers["mul"])}}
	case t.isWord("not"):
		l.next()
		return &node{at: t.at, op: "not", args: []*node{l.expression(powers["and"])}}
	case t.isWord("true"), t.isWord("false"):
		l.next()
		return &node{at: t.at, op: "literal", val: t.text == "true"}
	case t.isWord("null"):
		l.next()
		return &node{at: t.at, op: "literal"}
	case t.kind == word:
		if _, operator := powers[t.text]; operator && !l.pathGoesOn() {
			l.unexpected(errFilter, "a value", "giá trị")
			return nil
		}
		l.next()
		if l.tok.is("(") {
			return l.call(t)
		}
		return l.pathFrom(t)
	}
	l.unexpected(errFilter, "a value", "giá trị")
	return nil
}

func (l *lexer) pathGoesOn() bool { return l.tok.end < len(l.text) && l.text[l.tok.end] == '/' }

// interval joins "start/end" into one literal.
func (l *lexer) interval(n *node) *node {
	from, ok := n.val.(time.Time)
	if !ok || !l.tok.is("/") {
		return n
	}
	l.next()
	switch to := l.tok.value.(type) {
	case time.Time:
		n.val = interval{from, to}
	case time.Duration:
		n.val = interval{from, from.Add(to)}
	default:
		l.unexpected(errFilter, "the end of the interval", "thời điểm cuối của khoảng")
		return nil
	}
	if iv := n.val.(interval); iv.to.Before(iv.from) {
		l.fail(errFilter, l.tok.at, "the interval ends before it begins", "khoảng kết thúc trước khi bắt đầu")
		return nil
	}
	l.next()
	return n
}

func (l *lexer) call(name token) *node {
	n := &node{at: name.at, op: "call", name: name.text}
	l.next()
	if l.take(")") {
		return n
	}
	for l.err == nil {
		n.args = append(n.args, l.expression(0))
		if !l.take(",") {
			break
		}
	}
	l.want(errFilter, ")")
	return n
}

func (l *lexer) pathFrom(first token) *node {
	n := &node{at: first.at, op: "path", path: []string{first.text}, ats: []int{first.at}}
	for l.tok.is("/") {
		s, at := l.segment()
		if s == "" {
			l.next()
			l.unexpected(errFilter, "a name", "tên")
			return nil
		}
		n.path, n.ats = append(n.path, s), append(n.ats, at)
		if len(n.path) > maxNesting {
			l.fail(errFilter, at, "the path is longer than "+strconv.Itoa(maxNesting)+" steps", "đường dẫn dài quá "+strconv.Itoa(maxNesting)+" bước")
			return nil
		}
		l.next()
	}
	return n
}

// interval is a span of time, both ends included.
type interval struct{ from, to time.Time }
