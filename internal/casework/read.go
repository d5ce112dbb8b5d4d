package casework

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
)

// The bounds of lists.
const (
	mostListed  = 500
	mostCounted = 5000
	mostAsked   = 20000 // files asked one by one for a class of the past
)

// Page is a piece of a list.
type Page struct {
	Cases   []*Case
	Next    string // cursor, "" on the last page
	Total   int
	Bounded bool // there are more than Total
	At      time.Time
}

// ErrNotFound is the fault of a file that there is not, or not for who asks.
var ErrNotFound = fault.Define(fault.NotFound, "case.not_found", "there is no such file", "không có hồ sơ này")

// List returns the files that the actor may see and the filter selects.
func (s *Service) List(ctx context.Context, actor access.Actor, f Filter) (Page, error) {
	p := Page{Cases: []*Case{}}
	if err := access.Require(actor, access.CaseView, access.Scope{}); err != nil {
		return p, err
	}
	if f.Limit <= 0 || f.Limit > mostListed {
		f.Limit = 50
	}
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		p.At = f.At
		if f.At.IsZero() {
			p.At = tx.Now
		}
		q, err := s.compile(tx.Dialect(), actor, f, tx.Now)
		if err != nil {
			return err
		}
		if q.past && len(f.Classes) > 0 {
			return s.listPast(tx, f, q, &p)
		}
		if p.Total, p.Bounded, err = count(tx, q); err != nil {
			return err
		}
		ns, err := s.page(tx, f, q, f.Limit+1)
		if err != nil {
			return err
		}
		return s.fill(tx, f, ns, &p)
	})
	return p, err
}

func count(tx *store.Tx, q *query) (n int, bounded bool, err error) {
	err = tx.QueryRow("select count(*) from ("+q.selects("n", nil, mostCounted+1)+") c", q.args...).Scan(&n)
	if n > mostCounted {
		return mostCounted, true, err
	}
	return n, false, err
}

type keyed struct{ n, value int64 }

// page reads the numbers of the files behind the cursor, in order.
func (s *Service) page(tx *store.Tx, f Filter, q *query, limit int) ([]keyed, error) {
	o := f.order()
	c := *q
	c.where, c.args = slices.Clone(q.where), slices.Clone(q.args)
	if f.Cursor != "" {
		cur, err := readCursor(f.Cursor)
		if err != nil {
			return nil, err
		}
		v, n := c.arg(cur.value), c.arg(cur.n)
		cmp := " > "
		if o.down {
			cmp = " < "
		}
		c.and("("+o.column+cmp+v+" or "+o.column+" = "+v+" and n"+cmp+n+")", o.column+cmp[:2]+"= "+v)
	}
	if o.column == "late" {
		c.and("late > 0")
	}
	text := c.selects("n, "+o.column, &o, limit)
	if len(c.branches) > 0 {
		text += o.by() + " limit " + strconv.Itoa(limit)
	}
	return store.All(tx, func(scan store.Scan) (k keyed, err error) { return k, scan(&k.n, &k.value) }, text, c.args...)
}

// fill reads a page's files; one row more than the limit says that there is
// another page.
func (s *Service) fill(tx *store.Tx, f Filter, ns []keyed, p *Page) error {
	if len(ns) > f.Limit {
		ns = ns[:f.Limit]
		last := ns[f.Limit-1]
		p.Next = cursor{last.value, last.n}.String()
	}
	got, err := filesAt(tx, ns)
	if err != nil {
		return err
	}
	w := s.WindowNow()
	for _, k := range ns {
		if c := got[k.n]; c != nil {
			s.present(c, p.At, w, tx.Now)
			p.Cases = append(p.Cases, c)
		}
	}
	return nil
}

// filesAt are the files of a page, by number.
func filesAt(tx *store.Tx, ns []keyed) (map[int64]*Case, error) {
	numbers := make([]int64, len(ns))
	for i, k := range ns {
		numbers[i] = k.n
	}
	got, err := filesOf(tx, numbers)
	out := make(map[int64]*Case, len(got))
	for _, c := range got {
		out[c.number()] = c
	}
	return out, err
}

// listPast asks file by file for its class at an instant of the past.
func (s *Service) listPast(tx *store.Tx, f Filter, q *query, p *Page) error {
	w := s.WindowNow()
	asked := f
	var last keyed
	for seen := 0; seen < mostAsked; {
		ns, err := s.page(tx, asked, q, mostListed)
		if err != nil {
			return err
		}
		got, err := filesAt(tx, ns)
		if err != nil {
			return err
		}
		for _, k := range ns {
			c := got[k.n]
			if c == nil || !slices.Contains(q.exact, c.Class(p.At, w)) {
				continue
			}
			p.Total++
			switch {
			case len(p.Cases) < f.Limit:
				s.present(c, p.At, w, tx.Now)
				p.Cases = append(p.Cases, c)
				last = k
			case p.Next == "":
				p.Next = cursor{last.value, last.n}.String()
			}
		}
		if seen += len(ns); len(ns) < mostListed {
			return nil
		}
		end := ns[len(ns)-1]
		asked.Cursor = cursor{end.value, end.n}.String()
	}
	p.Bounded = true
	return nil
}

// present fills names and what depends on the instant.
func (s *Service) present(c *Case, at time.Time, w Window, now time.Time) {
	c.view(at, w)
	c.SystemName = s.SystemName(c.System)
	if s.o.Unit != nil && c.Unit != "" {
		if u, ok := s.o.Unit(c.Unit, now); ok {
			c.UnitName = u.Name
		}
	}
	if c.UnitName == "" {
		c.UnitName = c.UnitRaw
	}
	if s.o.User != nil && c.OfficerUser != "" {
		if name, ok := s.o.User(c.OfficerUser); ok {
			c.OfficerName = name
		}
	}
	if c.OfficerName == "" {
		c.OfficerName = c.Officer
	}
	if c.ProcedureName == "" {
		c.ProcedureName = c.Procedure
	}
	if c.FieldName == "" {
		c.FieldName = c.Field
	}
}

// scopeOf is where a file belongs, for asking permission.
func scopeOf(c *Case) access.Scope {
	if c.Unit == "" {
		return access.Scope{Unit: access.NoUnit}
	}
	return access.Scope{Unit: c.Unit}
}

// Entry is one thing of a file's history.
type Entry struct {
	ID     string         `json:"id"`
	At     *time.Time     `json:"at"`
	SeenAt time.Time      `json:"seen_at"`
	Kind   string         `json:"kind" enum:"state,due,supplement,apology,digitized,step,change"`
	Text   msg.Text       `json:"text"`
	By     string         `json:"by"`
	Data   map[string]any `json:"data"`
}

// Detail is everything about a file.
type Detail struct {
	Case      *Case      `json:"case"`
	Events    []Entry    `json:"events"`
	Deadlines []Deadline `json:"deadlines"`
	Pauses    []Pause    `json:"pauses"`
	Steps     []Stretch  `json:"steps"`
	Allowed   []string   `json:"allowed" doc:"of reveal, apology, digitized"`
}

// Get returns everything about a file. What lies outside the reach is not
// found.
func (s *Service) Get(ctx context.Context, actor access.Actor, id string, at time.Time) (Detail, error) {
	var d Detail
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		c, evs, err := s.file(tx, actor, id)
		if err != nil {
			return err
		}
		if at.IsZero() {
			at = tx.Now
		}
		s.present(c, at, s.WindowNow(), tx.Now)
		d = Detail{Case: c, Events: s.history(evs), Deadlines: orEmpty(c.Deadlines), Pauses: orEmpty(c.Pauses), Steps: orEmpty(c.Steps), Allowed: []string{}}
		if actor.Can(access.PersonalView, personalScope(c)) {
			d.Allowed = append(d.Allowed, "reveal")
		}
		if actor.Can(access.CaseEdit, scopeOf(c)) {
			if c.Class(tx.Now, s.WindowNow()) == Overdue || c.State.Open() {
				d.Allowed = append(d.Allowed, "apology")
			}
			if c.FinishedAt != nil {
				d.Allowed = append(d.Allowed, "digitized")
			}
		}
		return nil
	})
	return d, s.refused(ctx, actor, id, err)
}

// errOutside is behind the answer that a file is not there when it is, and the
// caller may not know.
var errOutside = errors.New("outside the reach of the caller")

// refused puts on record that somebody asked for a file outside his reach,
// whom it does not tell; other errors it gives back as they are.
func (s *Service) refused(ctx context.Context, actor access.Actor, id string, err error) error {
	if !errors.Is(err, errOutside) {
		return err
	}
	if werr := s.db.Write(context.WithoutCancel(ctx), actor, func(tx *store.Tx) error {
		tx.Emit(store.Event{Subject: "ioc.case.refused." + id, Entity: "case", EntityID: id, Summary: "Hỏi hồ sơ ngoài phạm vi quyền: bị từ chối"})
		return nil
	}); werr != nil {
		return werr
	}
	return err
}

func orEmpty[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

func personalScope(c *Case) access.Scope {
	sc := scopeOf(c)
	sc.Sensitivity = access.Personal
	return sc
}

// file reads a file that the actor may see, with its events in the order in
// which they count.
func (s *Service) file(tx *store.Tx, actor access.Actor, id string) (*Case, []Event, error) {
	if err := access.Require(actor, access.CaseView, access.Scope{}); err != nil {
		return nil, nil, err
	}
	n, err := strconv.ParseInt(id, 10, 32)
	if err != nil {
		return nil, nil, ErrNotFound.With()
	}
	got, err := filesOf(tx, []int64{n})
	if err != nil {
		return nil, nil, err
	}
	if len(got) == 0 {
		return nil, nil, ErrNotFound.With()
	}
	if !actor.Can(access.CaseView, scopeOf(got[0])) {
		return nil, nil, ErrNotFound.With().Because(errOutside)
	}
	past, err := eventsOf(tx, []int64{n}, true)
	if err != nil {
		return nil, nil, err
	}
	evs := past[n]
	for i := range evs {
		evs[i].System, evs[i].Code = got[0].System, got[0].Code
	}
	return got[0], evs, nil
}

// ByCode returns the files of a code, of every system, without asking who
// looks: for the citizens' look-up, which shows little and masked.
func (s *Service) ByCode(ctx context.Context, code string) ([]*Case, error) {
	var out []*Case
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if out, err = filesOfCodes(tx, []string{tidyCode(code)}); err != nil {
			return err
		}
		for _, c := range out {
			s.present(c, tx.Now, s.WindowNow(), tx.Now)
		}
		return nil
	})
	return out, err
}

// Files reads files by id within a transaction, for those who hang on
// OnChange; ids that are none are left out.
func (s *Service) Files(tx *store.Tx, ids ...string) ([]*Case, error) {
	ns := make([]int64, 0, len(ids))
	for _, id := range ids {
		if n, err := strconv.ParseInt(id, 10, 32); err == nil {
			ns = append(ns, n)
		}
	}
	out, err := filesOf(tx, ns)
	for _, c := range out {
		s.present(c, tx.Now, s.WindowNow(), tx.Now)
	}
	return out, err
}

// Present fills the names of a file and what depends on the instant.
func (s *Service) Present(c *Case, at time.Time) { s.present(c, at, s.WindowNow(), at) }

// history tells the events in words.
func (s *Service) history(evs []Event) []Entry {
	out := []Entry{}
	words := s.known.Load().words
	for _, e := range ordered(evs, words) {
		n := Entry{ID: e.id, SeenAt: e.Seen, By: by(&e), Data: map[string]any{}}
		if e.By == "" {
			n.By = s.SystemName(e.System)
		}
		moment(&n.At, &e.At)
		n.Kind, n.Text = tellEvent(&e, words)
		if b, err := json.Marshal(e.shown()); err == nil {
			_ = json.Unmarshal(b, &n.Data)
		}
		if len(e.Raw) > 0 {
			n.Data["raw"] = e.Raw
		}
		out = append(out, n)
	}
	slices.Reverse(out)
	return out
}
