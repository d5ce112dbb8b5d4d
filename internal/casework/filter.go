package casework

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

// Filter selects files; empty fields ask for all.
type Filter struct {
	Classes     []Class
	States      []State
	Unit        string // and all below it
	Field       string
	Procedure   string
	Channel     string
	Officer     string // the system's word, or the id of an account
	System      string
	Q           string // beginning of a code or of its part behind the agency; name of a procedure or unit
	Problem     string // code; "any"
	MissingCopy bool   // results without a valid electronic copy
	Differs     bool   // given and computed date differ
	Mine        bool   // those of the caller as officer
	From, To    time.Time
	At          time.Time // the classes as of then; zero: now
	Sort        string    // SortDue, SortLate, SortReceived
	Limit       int
	Cursor      string
}

// The orders of a list.
const (
	SortDue      = "due"      // the nearest date first
	SortLate     = "late"     // the latest first
	SortReceived = "received" // the newest first; the default, but for what runs
)

var errFilter = fault.Define(fault.Invalid, "case.filter", "the filter is not understood", "bộ lọc không hợp lệ")

// order is how a list is sorted: a column with a direction, keyed by n.
type order struct {
	column string
	down   bool
}

func (f *Filter) order() order {
	sort := f.Sort
	if sort == "" && len(f.Classes) > 0 && !slices.ContainsFunc(f.Classes, func(c Class) bool { return c != NearDue && c != Overdue && c != InTime }) {
		sort = SortDue
	}
	switch sort {
	case SortDue:
		return order{"due_at", false}
	case SortLate:
		if len(f.Classes) == 1 && f.Classes[0] == Late {
			return order{"late", true}
		}
		return order{"due_at", false}
	}
	return order{"received_at", true}
}

// by is "order by …" of the order.
func (o order) by() string {
	if o.down {
		return " order by " + o.column + " desc, n desc"
	}
	return " order by " + o.column + ", n"
}

// cursor is where a page ended.
type cursor struct{ value, n int64 }

func (c cursor) String() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d:%d", c.value, c.n))
}

func readCursor(s string) (c cursor, err error) {
	bad := errFilter.With().At("cursor", errFilter.With())
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return c, bad
	}
	value, n, _ := strings.Cut(string(b), ":")
	c.value, err = strconv.ParseInt(value, 10, 64)
	if c.n, _ = strconv.ParseInt(n, 10, 64); err != nil || c.n == 0 {
		return c, bad
	}
	return c, nil
}

// query is a filter as SQL. Each branch is one way to be selected; a list is
// the union of its branches, each of which its index can sort.
type query struct {
	where    []string
	branches []string
	args     []any
	past     bool // the classes must be asked of each file
	exact    []Class
	open     bool // only classes of open files: their index is the best way to them
}

// hidden marks a column whose own index may be the wrong way: "\x01field". No
// database knows here that few files are overdue and many are of a field.
const hidden = "\x01"

// resolve takes the marks off, hiding the columns from their indexes or not.
func resolve(text string, hide bool) string {
	if !strings.Contains(text, hidden) {
		return text
	}
	parts := strings.Split(text, hidden)
	for i := 1; i < len(parts); i++ {
		column, rest, _ := strings.Cut(parts[i], " ")
		if hide {
			column += " || ''"
		}
		parts[i] = column + " " + rest
	}
	return strings.Join(parts, "")
}

// mostBranches bounds a union; what matches more widely is dense enough to be
// found by walking.
const mostBranches = 16

func (q *query) arg(v any) string {
	q.args = append(q.args, v)
	return "$" + strconv.Itoa(len(q.args))
}

func (q *query) and(conditions ...string) { q.where = append(q.where, conditions...) }

// begins is the condition that a column begins with a text.
func (q *query) begins(d store.Dialect, column, with string) string {
	if d == store.Postgres {
		escaped := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(with)
		return column + " like " + q.arg(escaped+"%")
	}
	return column + " >= " + q.arg(with) + " and " + column + " < " + q.arg(with+"\U0010FFFF")
}

// fewUnits are found one by one in the index of units, more by walking.
const fewUnits = 8

// compile makes SQL of a filter for an actor.
func (s *Service) compile(d store.Dialect, actor access.Actor, f Filter, now time.Time) (*query, error) {
	q := &query{}
	bad := errFilter.With()
	w := s.WindowNow()
	at := f.At
	if at.IsZero() {
		at = now
	}
	q.past = at.Before(now.Add(-time.Second))
	reach := store.Within(actor.Reach(access.CaseView), store.ScopeColumns{Unit: "unit"}, &q.args)
	if reach != "1 = 1" {
		q.and(reach)
	}
	if f.Unit != "" {
		codes := s.subtree(f.Unit, now)
		column := "unit"
		if len(codes) > fewUnits {
			column = hidden + column
		}
		q.and(column + " in (" + in(&q.args, codes) + ")")
	}
	for column, value := range map[string]string{"field": f.Field, "procedure": f.Procedure, "channel": f.Channel, "system": f.System} {
		if value != "" {
			q.and(hidden + column + " = " + q.arg(value))
		}
	}
	if f.Mine {
		q.and("officer_user = "+q.arg(actor.ID), "officer_user <> ''")
	}
	for _, st := range f.States {
		if !slices.Contains(States, st) {
			bad.At("state", errFilter.With())
		}
	}
	if len(f.States) > 0 {
		q.and("state in (" + in(&q.args, f.States) + ")")
	}
	switch {
	case f.Problem == "any":
		q.and("problems <> ''")
	case f.Problem != "":
		q.and("problems <> ''", "problems like "+q.arg("%,"+strings.NewReplacer("%", "", "_", `\_`, `\`, "").Replace(f.Problem)+`,%`)+` escape '\'`)
	}
	if f.MissingCopy {
		q.and("digitized <> 1", "finished_at <> 0")
	}
	if f.Differs {
		q.and("differs = 1")
	}
	if q.past {
		q.and("(received_at <= " + q.arg(at) + " or received_at = 0)")
	}
	ended, err := q.classes(f.Classes, at, w)
	if err != nil {
		bad.At("class", errFilter.With())
	}
	period := "received_at"
	if ended {
		period = "ended_at"
	} else if f.MissingCopy {
		period = "finished_at"
	}
	if !f.From.IsZero() {
		q.and(period + " >= " + q.arg(f.From))
	}
	if !f.To.IsZero() {
		q.and(period+" < "+q.arg(f.To), period+" <> 0")
	}
	if f.Officer != "" {
		q.branches = []string{"officer = " + q.arg(f.Officer) + " and officer <> ''", "officer_user = " + q.arg(f.Officer) + " and officer_user <> ''"}
	}
	if text := strings.TrimSpace(f.Q); text != "" {
		s.search(q, d, text, now)
	}
	if f.Sort != "" && f.Sort != SortDue && f.Sort != SortLate && f.Sort != SortReceived {
		bad.At("sort", errFilter.With())
	}
	if len(bad.Fields) > 0 {
		return nil, bad
	}
	return q, nil
}

// subtree is a unit and all below it.
func (s *Service) subtree(unit string, now time.Time) []string {
	if s.o.Subtree != nil {
		if codes := s.o.Subtree(unit, now); len(codes) > 0 {
			return codes
		}
	}
	return []string{unit}
}

const sameDay = "(finished_at + 25200000000) / 86400000000 < (due_at + 25200000000) / 86400000000"

// classes adds the condition of classes at an instant; ended reports whether
// all of them are ends, whose period is that of the end. Of the past it only
// selects what may be in a class: the file itself must be asked.
func (q *query) classes(cs []Class, at time.Time, w Window) (ended bool, err error) {
	if len(cs) == 0 {
		return false, nil
	}
	ended = true
	var ors []string
	open := "(ended_at = 0 or ended_at > " + "%s)"
	for _, c := range cs {
		cond := ""
		switch c {
		case Waiting, InTime, NearDue, Overdue, PausedClass:
			ended = false
		}
		switch {
		case q.past && (c == Waiting || c == InTime || c == PausedClass):
			cond = fmt.Sprintf(open, q.arg(at))
		case q.past && c == NearDue, q.past && c == Overdue:
			cond = fmt.Sprintf(open, q.arg(at)) + " and (due_version > 1 or due_at <> 0 and due_at <= " + q.arg(w.Until(at)) + ")"
		case q.past && c == NoDue:
			ended = false
			cond = "1 = 1"
		case c == Waiting:
			cond = "clock = 'not_started'"
		case c == InTime:
			cond = "clock = 'running' and due_at > " + q.arg(w.Until(at))
		case c == NearDue:
			cond = "clock = 'running' and due_at >= " + q.arg(at) + " and due_at <= " + q.arg(w.Until(at))
		case c == Overdue:
			cond = "clock = 'running' and due_at > 0 and due_at < " + q.arg(at)
		case c == PausedClass:
			cond = "clock = 'stopped'"
		case c == NoDue:
			ended = false
			cond = "due_at = 0 and state in ('processing', 'finished', 'returned')"
		case c == Late:
			cond = "late > 0"
		case c == Early, c == OnTime:
			before := sameDay
			if w.EarlyByTime {
				before = "finished_at < due_at"
			}
			if c == OnTime {
				before = "not (" + before + ")"
			}
			cond = "state in ('finished', 'returned') and due_at > 0 and late = 0 and " + before
		case c == RefusedClass, c == WithdrawnClass, c == StoppedClass:
			cond = "state = " + q.arg(string(c))
		default:
			return false, errFilter.With()
		}
		if q.past && ended && c != NoDue {
			cond += " and ended_at <= " + q.arg(at)
		}
		ors = append(ors, "("+cond+")")
	}
	if len(ors) == 1 {
		q.and(ors[0])
	} else {
		q.and("(" + strings.Join(ors, " or ") + ")")
	}
	q.exact = cs
	q.open = !q.past && !slices.ContainsFunc(cs, func(c Class) bool {
		return !slices.Contains([]Class{Waiting, InTime, NearDue, Overdue, PausedClass}, c)
	})
	return ended, nil
}

// search adds what people type: with a digit it is the beginning of a code or
// of its part behind the agency, else words of a procedure's or unit's name.
func (s *Service) search(q *query, d store.Dialect, text string, now time.Time) {
	fold := vi.Fold(text)
	var branches []string
	if strings.ContainsAny(text, "0123456789") {
		code := tidyCode(text)
		branches = append(branches, q.begins(d, "code", code), q.begins(d, "tail", code))
		if upper := strings.ToUpper(code); upper != code {
			branches = append(branches, q.begins(d, "code", upper))
		}
	}
	var procedures, units []string
	for _, p := range s.known.Load().folded {
		if strings.Contains(p.fold, fold) && !slices.Contains(procedures, p.code) {
			procedures = append(procedures, p.code)
		}
	}
	if s.o.Units != nil {
		for _, u := range s.o.Units(now) {
			if strings.Contains(vi.Fold(u.Name), fold) {
				units = append(units, u.Code)
			}
		}
	}
	if len(procedures)+len(units) > mostBranches {
		or := make([]string, 0, 3)
		if len(procedures) > 0 {
			or = append(or, "procedure in ("+in(&q.args, procedures)+")")
		}
		if len(units) > 0 {
			or = append(or, "unit in ("+in(&q.args, units)+")")
		}
		q.and("(" + strings.Join(append(or, branches...), " or ") + ")")
		return
	}
	for _, p := range procedures {
		branches = append(branches, "procedure = "+q.arg(p))
	}
	for _, u := range units {
		branches = append(branches, "unit = "+q.arg(u))
	}
	if len(branches) == 0 {
		branches = []string{"1 = 0"}
	}
	if len(q.branches) == 0 {
		q.branches = branches
		return
	}
	q.and("(" + strings.Join(branches, " or ") + ")")
}

// selects is a query of what is selected, at most limit rows. Sorted by the
// date, or of open files only, the index of the date is the way.
func (q *query) selects(columns string, o *order, limit int) string {
	where := strings.Join(q.where, " and ")
	hide := q.open || o != nil && o.column == "due_at"
	one := func(branch string) string {
		all := where
		if branch != "" {
			all = strings.Join(append(slices.Clone(q.where), branch), " and ")
		}
		text := "select " + columns + " from case_file"
		if all != "" {
			text += " where " + all
		}
		if o != nil {
			text += o.by()
		}
		return resolve(text, hide) + " limit " + strconv.Itoa(limit)
	}
	if len(q.branches) == 0 {
		return one("")
	}
	parts := make([]string, 0, len(q.branches))
	for i, b := range q.branches {
		parts = append(parts, "select * from ("+one(b)+") b"+strconv.Itoa(i))
	}
	return strings.Join(parts, " union ")
}
