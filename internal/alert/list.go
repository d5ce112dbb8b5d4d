package alert

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

// Filter narrows a list; empty fields do not.
type Filter struct {
	States     []State
	Severities []int
	Service    string
	Unit       string
	Area       string
	Rule       string
	Thing      string
	Incident   string
	Group      string
	Q          string
	Open       *bool
	Active     *bool
	Suppressed string    // "false": without those kept quiet, "only": these alone
	From, To   time.Time // raised
	Sort       string    // "severity" (then newest) or "raised"
	Limit      int
	Cursor     string
	Compact    bool  // rows for a list: see compact
	Direct     *bool // those that went straight to a unit; nil: not in the city's list unless asked for by service, rule, group or words
}

// Page is one page of a list: the documents as they are kept.
type Page struct {
	Alerts []json.RawMessage
	Next   string
	Total  int
	Counts Counts
	At     time.Time
}

// Counts are the whole list's, not the page's.
type Counts struct {
	BySeverity map[string]int `json:"by_severity"`
	ByState    map[string]int `json:"by_state"`
	Suppressed int            `json:"suppressed"`
}

var (
	errFilter = fault.Define(fault.Invalid, "alert.filter", "the filter is not valid", "bộ lọc chưa hợp lệ")
	errCursor = fault.Define(fault.Invalid, "alert.cursor", "this is not a cursor of this list", "con trỏ trang không hợp lệ")
	errSort   = fault.Define(fault.Invalid, "alert.sort", "sort by severity or raised", "sắp theo severity hoặc raised")
	errStateF = fault.Define(fault.Invalid, "alert.state", "there is no state {state}", "không có trạng thái {state}")
)

const (
	mostListed = 10000
	someListed = 100
)

// clause builds the condition of a list.
type clause struct {
	sql  strings.Builder
	args []any
}

func (c *clause) and(cond string, args ...any) {
	for range args {
		cond = strings.Replace(cond, "?", "$"+strconv.Itoa(len(c.args)+1), 1)
		c.args = append(c.args, args[0])
		args = args[1:]
	}
	c.sql.WriteString(" and " + cond)
}

func anyOf[T any](c *clause, column string, values []T) {
	if len(values) == 0 {
		return
	}
	marks := make([]string, len(values))
	args := make([]any, len(values))
	for i, v := range values {
		marks[i], args[i] = "?", v
	}
	c.and(column+" in ("+strings.Join(marks, ", ")+")", args...)
}

func (f *Filter) check() error {
	bad := errFilter.With()
	for _, s := range f.States {
		if !s.Valid() {
			bad.At("state", errStateF.With("state", string(s)))
		}
	}
	for _, s := range f.Severities {
		if !alertevent.Severity(s).Valid() {
			bad.At("severity", errSeverity.With())
		}
	}
	if f.Limit < 0 || f.Limit > mostListed {
		bad.At("limit", errRange.With("from", 1, "to", mostListed))
	}
	if f.Sort != "" && f.Sort != "severity" && f.Sort != "raised" {
		bad.At("sort", errSort.With())
	}
	if len(f.Q) > 500 {
		bad.At("q", errTooLong.With("limit", 500))
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

func (f *Filter) where(actor access.Actor) *clause {
	c := &clause{}
	c.sql.WriteString("where 1 = 1")
	states := make([]string, len(f.States))
	for i, s := range f.States {
		states[i] = string(s)
	}
	anyOf(c, "a.state", states)
	if f.Open != nil {
		c.and("a.open = ?", *f.Open)
	}
	// "in", so that the index gives the rows of each severity in order.
	anyOf(c, "a.severity", f.Severities)
	for column, v := range map[string]string{"service": f.Service, "unit": f.Unit, "area": f.Area, "rule": f.Rule, "thing": f.Thing, "incident": f.Incident, "group_id": f.Group} {
		if v != "" {
			c.and("a."+column+" = ?", v)
		}
	}
	if f.Active != nil {
		c.and("a.active = ?", *f.Active)
	}
	switch f.Suppressed {
	case "false":
		c.and("a.suppressed = ''")
	case "only":
		c.and("a.suppressed <> ''")
	}
	if !f.From.IsZero() {
		c.and("a.raised_at >= ?", f.From)
	}
	if !f.To.IsZero() {
		c.and("a.raised_at < ?", f.To)
	}
	for _, word := range strings.Fields(vi.Fold(f.Q)) {
		c.and(`a.fold like ? escape '\'`, "%"+strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(word)+"%")
	}
	switch {
	case f.Direct != nil:
		c.and("a.direct = ?", *f.Direct)
	case f.Service+f.Rule+f.Thing+f.Incident+f.Group+f.Q == "" && ofTheCity(actor):
		c.and("a.direct = 0")
	}
	c.sql.WriteString(seen(actor, &c.args))
	return c
}

type place struct {
	severity int
	raised   int64
	id       string
}

func (p place) cursor() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d.%d.%s", p.severity, p.raised, p.id))
}

func parseCursor(s string) (p place, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return p, false
	}
	parts := strings.SplitN(string(raw), ".", 3)
	if len(parts) != 3 || len(parts[2]) > 64 {
		return p, false
	}
	if p.severity, err = strconv.Atoi(parts[0]); err != nil {
		return p, false
	}
	p.raised, err = strconv.ParseInt(parts[1], 10, 64)
	p.id = parts[2]
	return p, err == nil
}

// List returns a page of the alerts that the actor may see.
func (s *Service) List(ctx context.Context, actor access.Actor, f Filter) (Page, error) {
	page := Page{Alerts: []json.RawMessage{}}
	if err := access.Require(actor, access.AlertView, access.Scope{}); err != nil {
		return page, err
	}
	if err := f.check(); err != nil {
		return page, err
	}
	if f.Limit == 0 {
		f.Limit = someListed
	}
	c := f.where(actor)
	from, args := "from alert a ", append([]any{}, c.args...)
	where := c.sql.String()
	order := " order by a.raised_at desc, a.id desc"
	if f.Sort != "raised" {
		order = " order by a.severity desc, a.raised_at desc, a.id desc"
	}
	if f.Cursor != "" {
		p, ok := parseCursor(f.Cursor)
		if !ok {
			return page, errCursor.With()
		}
		after := &clause{args: args}
		if f.Sort == "raised" {
			after.and("(a.raised_at, a.id) < (?, ?)", p.raised, p.id)
		} else {
			after.and("(a.severity, a.raised_at, a.id) < (?, ?, ?)", p.severity, p.raised, p.id)
		}
		where, args = where+after.sql.String(), after.args
	}
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		page.At = tx.Now
		var err error
		if page.Counts, page.Total, err = counts(tx, from+c.sql.String(), c.args); err != nil {
			return err
		}
		if f.Compact {
			return s.compactPage(tx, &page, fmt.Sprintf("select a.id, a.version, a.group_id, a.severity, a.raised_at %s%s%s limit %d", from, where, order, f.Limit+1), args, f.Limit)
		}
		docs, of, err := documents(tx, fmt.Sprintf("select a.group_id, a.doc %s%s%s limit %d", from, where, order, f.Limit+1), args...)
		if err != nil {
			return err
		}
		if len(docs) > f.Limit {
			docs = docs[:f.Limit]
			var last Alert
			if err := json.Unmarshal([]byte(docs[f.Limit-1]), &last); err != nil {
				return err
			}
			page.Next = place{int(last.Severity), store.Micros(last.RaisedAt), last.ID}.cursor()
		}
		groups := make(map[string]int, len(docs))
		for i := range docs {
			groups[of[i]] = 1
		}
		if err := sizes(tx, groups); err != nil {
			return err
		}
		page.Alerts = make([]json.RawMessage, len(docs))
		for i := range docs {
			page.Alerts[i] = withSize(docs[i], groups[of[i]])
		}
		return nil
	})
	return page, err
}

// compactPage is the page of rows as lists show them.
func (s *Service) compactPage(tx *store.Tx, page *Page, query string, args []any, limit int) error {
	list, err := store.All(tx, scanNamed, query, args...)
	if err != nil {
		return err
	}
	if len(list) > limit {
		list = list[:limit]
		page.Next = list[limit-1].place.cursor()
	}
	if err := s.rows.fill(tx, list); err != nil {
		return err
	}
	groups := make(map[string]int, len(list))
	for i := range list {
		groups[list[i].group] = 1
	}
	if err := sizes(tx, groups); err != nil {
		return err
	}
	page.Alerts = make([]json.RawMessage, len(list))
	for i := range list {
		page.Alerts[i] = compactRow(list[i].row, groups[list[i].group])
	}
	return nil
}

// documents reads groups and documents; a list of ten thousand is mostly this.
func documents(tx *store.Tx, query string, args ...any) (docs, groups []string, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var group, doc string
		if err := rows.Scan(&group, &doc); err != nil {
			return nil, nil, err
		}
		docs, groups = append(docs, doc), append(groups, group)
	}
	return docs, groups, rows.Err()
}

// sizes finds the sizes of groups. Of many it reads all that have open members
// from their index and asks for no others: a long list is one of open alerts,
// and in a list of old ones a size is an ornament.
func sizes(tx *store.Tx, groups map[string]int) error {
	query, args := "select id, size from alert_group where opened > 0 and size > 1", []any{}
	if len(groups) <= 500 {
		c := &clause{}
		ids := make([]string, 0, len(groups))
		for id := range groups {
			ids = append(ids, id)
		}
		anyOf(c, "id", ids)
		query, args = "select id, size from alert_group where 1 = 1"+c.sql.String(), c.args
	}
	rows, err := tx.Query(query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var n int
		if err := rows.Scan(&id, &n); err != nil {
			return err
		}
		if _, ok := groups[id]; ok {
			groups[id] = n
		}
	}
	return rows.Err()
}

func counts(tx *store.Tx, from string, args []any) (c Counts, total int, err error) {
	c = Counts{BySeverity: map[string]int{"1": 0, "2": 0, "3": 0, "4": 0}, ByState: map[string]int{}}
	type row struct {
		severity, quiet, n int
		state              string
	}
	rows, err := store.All(tx, func(scan store.Scan) (r row, err error) { return r, scan(&r.severity, &r.state, &r.quiet, &r.n) },
		"select a.severity, a.state, case when a.suppressed = '' then 0 else 1 end as quiet, count(*) "+from+" group by a.severity, a.state, quiet", args...)
	for _, r := range rows {
		c.BySeverity[strconv.Itoa(r.severity)] += r.n
		c.ByState[r.state] += r.n
		c.Suppressed += r.quiet * r.n
		total += r.n
	}
	return c, total, err
}

// Summary is the state of all open alerts in a few figures.
type Summary struct {
	Open                 map[string]int `json:"open"`
	Unacknowledged       int            `json:"unacknowledged"`
	OldestUnacknowledged *time.Time     `json:"oldest_unacknowledged"`
	Late                 int            `json:"late"`
	Suppressed           int            `json:"suppressed"`
	Budget               SummaryBudget  `json:"budget"`
}

// SummaryBudget is the load of the operators in a word.
type SummaryBudget struct {
	Per10Min float64 `json:"per_10min"`
	Peak     float64 `json:"peak" doc:"the worst ten minutes of the last eight hours, for each operator"`
	State    string  `json:"state" enum:"ok,high,overloaded"`
}

// Summary counts the open alerts that the actor may see; suppressed ones are
// counted apart.
func (s *Service) Summary(ctx context.Context, actor access.Actor) (Summary, error) {
	out := Summary{Open: map[string]int{"1": 0, "2": 0, "3": 0, "4": 0}}
	if err := access.Require(actor, access.AlertView, access.Scope{}); err != nil {
		return out, err
	}
	operators := s.operators(ctx)
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		args := []any{}
		limit := seen(actor, &args)
		if ofTheCity(actor) {
			limit += " and a.direct = 0"
		}
		type row struct {
			severity, quiet, fresh, late, n int
			oldest                          int64
		}
		rows, err := store.All(tx, func(scan store.Scan) (r row, err error) {
			return r, scan(&r.severity, &r.quiet, &r.fresh, &r.late, &r.n, &r.oldest)
		}, `select a.severity, case when a.suppressed = '' then 0 else 1 end as quiet, case when a.state = 'new' then 1 else 0 end as fresh, a.late, count(*), min(a.raised_at)
			from alert a where a.open = 1`+limit+` group by a.severity, quiet, fresh, a.late`, args...)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if r.quiet == 1 {
				out.Suppressed += r.n
				continue
			}
			out.Open[strconv.Itoa(r.severity)] += r.n
			out.Late += r.late * r.n
			if r.fresh == 1 {
				out.Unacknowledged += r.n
				if at := store.FromMicros(r.oldest); out.OldestUnacknowledged == nil || at.Before(*out.OldestUnacknowledged) {
					out.OldestUnacknowledged = &at
				}
			}
		}
		b, err := s.budget(tx, actor.Reach(access.AlertView), operators, tx.Now.Add(-8*time.Hour), tx.Now)
		out.Budget = SummaryBudget{Per10Min: b.Per10Min, Peak: b.Peak, State: b.State}
		return err
	})
	return out, err
}
