package sta

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
)

// Page sizes: what a page holds unless $top says otherwise, and the most it
// may say; deeper expansions than maxExpand are refused.
const (
	defaultPage = 100
	maxPage     = 10_000
	maxExpand   = 6
)

// options are the query options of one collection or entity.
type options struct {
	filter   eval
	narrow   narrowing
	orderBy  []order
	selected []string
	expand   []expansion
	top      int
	skip     int
	count    bool
	arrays   bool   // $resultFormat=dataArray
	after    *int64 // $skiptoken: go on after this instant
	topGiven bool
	raw      []pair // as they came, to write the link to the next page
}

type pair struct{ name, value string }

type order struct {
	by     eval
	desc   bool
	byTime bool // the phenomenonTime of observations, in which they are stored
}

type expansion struct {
	nav  *navigation
	opts *options
}

// parseQuery cuts a raw query into pairs. It is done by hand because the
// options of a nested $expand are separated by semicolons, which net/url
// refuses.
func parseQuery(raw string) ([]pair, error) {
	var out []pair
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		k, v, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(k)
		if err != nil {
			return nil, badOption(k, "the percent-encoding is broken", "mã hoá phần trăm bị hỏng")
		}
		value, err := url.QueryUnescape(v)
		if err != nil {
			return nil, badOption(name, "the percent-encoding is broken", "mã hoá phần trăm bị hỏng")
		}
		out = append(out, pair{name, value})
	}
	return out, nil
}

func badOption(name, en, vi string) *fault.Error {
	return errOption.With("option", name, "what", msg.Text{En: en, Vi: vi})
}

// parseOptions reads the options of a request for e. A single entity takes
// only $select and $expand.
func parseOptions(raw string, e *entity, collection bool) (*options, error) {
	pairs, err := parseQuery(raw)
	if err != nil {
		return nil, err
	}
	o := &options{top: defaultPage}
	seen := map[string]bool{}
	for _, p := range pairs {
		name := strings.TrimPrefix(p.name, "$")
		if p.name == "lang" || p.name == "access_token" {
			continue
		}
		if seen[name] {
			return nil, badOption(p.name, "given twice", "xuất hiện hai lần")
		}
		seen[name] = true
		if !collection && name != "select" && name != "expand" && name != "resultFormat" {
			return nil, badOption(p.name, "one entity takes only $select and $expand", "một thực thể chỉ nhận $select và $expand")
		}
		if err := o.set(p, name, e); err != nil {
			return nil, err
		}
		o.raw = append(o.raw, p)
	}
	return o, nil
}

func (o *options) set(p pair, name string, e *entity) error {
	switch name {
	case "resultFormat":
		if p.value != "dataArray" {
			return badOption(p.name, "only dataArray is known", "chỉ có dataArray")
		}
		if e.name != "Observation" {
			return badOption(p.name, "dataArray is for Observations", "dataArray chỉ dùng cho Observations")
		}
		o.arrays = true
		return nil
	case "skiptoken":
		t, err := strconv.ParseInt(p.value, 10, 64)
		if err != nil {
			return badOption(p.name, "not a token of ours", "không phải mã do máy chủ cấp")
		}
		o.after = &t
		return nil
	case "filter", "orderby", "select", "expand", "top", "skip", "count":
		l := newLexer(p.name, p.value)
		o.clause(l, name, e, 0)
		if l.err == nil && l.tok.kind != end {
			l.unexpected(faultOf(name), "the end", "kết thúc")
		}
		return l.err
	}
	return badOption(p.name, "there is no such option", "không có tuỳ chọn này")
}

func faultOf(name string) *fault.Def {
	switch name {
	case "orderby":
		return errOrderBy
	case "select":
		return errSelect
	case "expand":
		return errExpand
	case "top", "skip", "count":
		return errPaging
	}
	return errFilter
}

// clause reads the value of one option; the text may go on behind it.
func (o *options) clause(l *lexer, name string, e *entity, depth int) {
	switch name {
	case "filter":
		n := l.expression(0)
		c := &compiler{l: l, def: errFilter}
		o.filter = c.condition(n, e)
		if l.err == nil {
			o.narrow = c.narrow(n, e)
		}
	case "orderby":
		o.orderings(l, e)
	case "select":
		o.selection(l, e)
	case "expand":
		o.expansions(l, e, depth)
	case "top", "skip":
		n, ok := l.tok.value.(float64)
		if !ok || n < 0 || n != float64(int(n)) {
			l.unexpected(faultOf(name), "a whole number of 0 or more", "số nguyên không âm")
			return
		}
		l.next()
		if name == "skip" {
			o.skip = int(n)
		} else {
			o.top, o.topGiven = int(n), true
		}
	case "count":
		if !l.tok.isWord("true") && !l.tok.isWord("false") {
			l.unexpected(faultOf(name), "true or false", "true hoặc false")
			return
		}
		o.count = l.tok.text == "true"
		l.next()
	}
}

func (o *options) orderings(l *lexer, e *entity) {
	for l.err == nil {
		n := l.orderKey()
		c := &compiler{l: l, def: errOrderBy}
		f, _ := c.compile(n, e)
		ord := order{by: f}
		if n != nil && e.name == "Observation" && n.op == "path" && len(n.path) == 1 {
			ord.byTime = n.path[0] == "phenomenonTime"
		}
		if l.tok.isWord("asc") || l.tok.isWord("desc") {
			ord.desc = l.tok.text == "desc"
			l.next()
		}
		o.orderBy = append(o.orderBy, ord)
		if !l.take(",") {
			return
		}
	}
}

// orderKey reads a path or a function call: behind it stands asc or desc,
// which an expression would take for a missing operator.
func (l *lexer) orderKey() *node {
	t := l.tok
	if t.kind != word {
		l.unexpected(errOrderBy, "a property", "thuộc tính")
		return nil
	}
	l.next()
	if l.tok.is("(") {
		return l.call(t)
	}
	return l.pathFrom(t)
}

func (o *options) selection(l *lexer, e *entity) {
	for l.err == nil {
		t := l.tok
		if t.is("*") {
			for _, p := range e.props {
				if !p.extra {
					o.selected = append(o.selected, p.name)
				}
			}
		} else {
			name := t.text
			if name == "id" {
				name = "@iot.id"
			}
			if t.kind != word || (e.prop(name) == nil && e.nav(name) == nil && name != "@iot.selfLink") {
				l.unexpected(errSelect, "one of "+e.known(), "một trong "+e.known())
				return
			}
			o.selected = append(o.selected, name)
		}
		l.next()
		if !l.take(",") {
			return
		}
	}
}

func (o *options) expansions(l *lexer, e *entity, depth int) {
	if depth >= maxExpand {
		l.fail(errExpand, l.tok.at, fmt.Sprintf("expanded deeper than %d", maxExpand), fmt.Sprintf("mở rộng sâu quá %d bậc", maxExpand))
		return
	}
	for l.err == nil {
		o.expansion(l, e, depth)
		if !l.take(",") {
			return
		}
	}
}

func (o *options) expansion(l *lexer, e *entity, depth int) {
	var nav *navigation
	if l.tok.kind == word {
		nav = e.nav(l.tok.text)
	}
	if nav == nil {
		var names []string
		for _, n := range e.navs {
			names = append(names, n.name)
		}
		l.unexpected(errExpand, "one of "+strings.Join(names, ", "), "một trong "+strings.Join(names, ", "))
		return
	}
	l.next()
	inner := o.expanded(nav)
	switch {
	case l.take("/"):
		if depth+1 >= maxExpand {
			l.fail(errExpand, l.tok.at, fmt.Sprintf("expanded deeper than %d", maxExpand), fmt.Sprintf("mở rộng sâu quá %d bậc", maxExpand))
			return
		}
		inner.expansion(l, nav.to, depth+1)
	case l.take("("):
		for l.err == nil {
			inner.nested(l, nav, depth)
			if !l.take(";") && !l.take(",") {
				break
			}
		}
		l.want(errExpand, ")")
	}
}

// expanded returns the options of an expansion of nav, which two paths may
// share: Datastreams/Sensor,Datastreams/ObservedProperty.
func (o *options) expanded(nav *navigation) *options {
	for _, x := range o.expand {
		if x.nav == nav {
			return x.opts
		}
	}
	inner := &options{top: defaultPage}
	o.expand = append(o.expand, expansion{nav, inner})
	return inner
}

// nested reads one "$name=value" between the brackets of an expansion.
func (o *options) nested(l *lexer, nav *navigation, depth int) {
	name := strings.TrimPrefix(l.tok.text, "$")
	switch name {
	case "filter", "orderby", "top", "skip", "count":
		if !nav.many {
			l.fail(errExpand, l.tok.at, nav.name+" is one entity: it takes only $select and $expand", nav.name+" là một thực thể: chỉ nhận $select và $expand")
			return
		}
	case "select", "expand":
	default:
		l.unexpected(errExpand, "$filter, $orderby, $select, $expand, $top, $skip or $count", "$filter, $orderby, $select, $expand, $top, $skip hoặc $count")
		return
	}
	l.next()
	l.want(errExpand, "=")
	begins := l.tok.at
	o.clause(l, name, nav.to, depth+1)
	if l.err == nil {
		o.raw = append(o.raw, pair{"$" + name, strings.TrimSpace(l.text[begins:l.tok.at])})
	}
}

// limit is how many entities a page holds.
func (o *options) limit() int { return min(o.top, maxPage) }

// query writes options as they came, with some replaced.
func (o *options) query(replace ...pair) string {
	var b strings.Builder
	write := func(p pair) {
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(p.name) + "=" + url.QueryEscape(p.value))
	}
	for _, p := range o.raw {
		name := strings.TrimPrefix(p.name, "$")
		if name != "skip" && name != "skiptoken" {
			write(p)
		}
	}
	for _, p := range replace {
		write(p)
	}
	return strings.ReplaceAll(b.String(), "%24", "$")
}
