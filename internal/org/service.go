package org

import (
	"context"
	"embed"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/city"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options are what New needs.
type Options struct {
	Store *store.DB
	City  *city.City // the wards, the old districts and their successors; nil: agencies only
	// People counts the accounts of each unit; nil: none are known.
	People func(ctx context.Context) (map[string]int, error)
	// Work counts what is open at some units, as far as the actor may see it;
	// nil: nothing.
	Work   func(ctx context.Context, actor access.Actor, units []string) (Work, error)
	Clock  *clock.Clock
	Logger *slog.Logger // nil discards
}

// Work is what is open at a unit and below it; nil is what the actor may not
// see, or what nobody counts.
type Work struct {
	Alerts *int `json:"alerts"`
	Tasks  *int `json:"tasks"`
	Cases  *int `json:"cases"`
}

// Service keeps the units.
type Service struct {
	db      *store.DB
	shipped *Tree
	people  func(ctx context.Context) (map[string]int, error)
	work    func(ctx context.Context, actor access.Actor, units []string) (Work, error)
	clock   *clock.Clock
	log     *slog.Logger

	tree   atomic.Pointer[Tree]
	mu     sync.Mutex // one reading of the tree at a time
	onTurn []func(*Tree)
}

// New makes the table and reads the tree.
func New(ctx context.Context, o Options) (*Service, error) {
	s := &Service{db: o.Store, people: o.People, work: o.Work, clock: o.Clock, log: o.Logger}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	lives, alias, err := shipped(o.City)
	if err != nil {
		return nil, err
	}
	s.shipped = newTree(lives, alias)
	if err := s.db.Migrate(ctx, "org", migrations); err != nil {
		return nil, err
	}
	return s, s.renew(ctx)
}

// Tree is the picture of now: read at the last change, or at most a minute
// ago. It is never nil and never waits.
func (s *Service) Tree() *Tree { return s.tree.Load() }

// renewEvery is how long a change of another program on the same database may
// stay unseen.
const renewEvery = time.Minute

// Run renews the tree each minute until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := s.renew(ctx); err != nil && ctx.Err() == nil {
				s.log.Warn("the units cannot be read; those known last are believed", "err", err)
			}
		}
	}
}

// OnTurn calls f with each new tree after something changed in it; set it
// before the service is used.
func (s *Service) OnTurn(f func(*Tree)) { s.onTurn = append(s.onTurn, f) }

func (s *Service) renew(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lives map[string][]Unit
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		lives, err = listLives(tx)
		return err
	})
	if err != nil {
		return err
	}
	next := s.shipped.with(lives)
	if old := s.tree.Load(); old != nil && maps.EqualFunc(old.lives, next.lives, sameLives) {
		return nil // what was worked out of it stays
	}
	s.tree.Store(next)
	for _, f := range s.onTurn {
		f(next)
	}
	return nil
}

// read is the tree as a transaction sees it.
func (s *Service) read(tx *store.Tx) (*Tree, error) {
	lives, err := listLives(tx)
	if err != nil {
		return nil, err
	}
	return s.shipped.with(lives), nil
}

var (
	errNotFound = fault.Define(fault.NotFound, "org.not_found", "there is no unit {code}", "không có đơn vị {code}")
	errEnded    = fault.Define(fault.Conflict, "org.ended", "{unit} ended on {on} already", "{unit} đã kết thúc từ {on}")
)

// Replace gives a code new lives, in a transaction of a caller who has asked
// whether the actor may. What is wrong is told field by field.
func (s *Service) Replace(tx *store.Tx, code string, lives []Unit, summary string) error {
	t, err := s.read(tx)
	if err != nil {
		return err
	}
	return s.replace(tx, t, code, lives, "changed", summary)
}

// Adopt takes over lives that were kept elsewhere before: those of codes that
// are not as they are shipped, and that nobody has changed here. They were
// believed until now, so nothing of them is refused.
func (s *Service) Adopt(tx *store.Tx, lives map[string][]Unit) error {
	have, err := listLives(tx)
	if err != nil {
		return err
	}
	t := s.shipped.with(have)
	for _, code := range slices.Sorted(maps.Keys(lives)) {
		ls := ordered(lives[code])
		if have[code] != nil || sameLives(ls, s.shipped.Lives(code)) {
			continue
		}
		s.emit(tx, t, code, ls, "changed", "Chuyển đơn vị "+ls[0].Name+" sang cây tổ chức")
		if err := writeLives(tx, code, ls); err != nil {
			return err
		}
	}
	tx.Emit(store.Event{Subject: "ioc.org.imported.all", Entity: "org_unit", EntityID: "all",
		After: map[string]int{"seen": len(lives)}, Summary: "Chuyển danh mục đơn vị sang cây tổ chức"})
	return nil
}

func (s *Service) replace(tx *store.Tx, t *Tree, code string, lives []Unit, verb, summary string) error {
	lives = slices.Clone(lives)
	newest(lives)
	if err := faults(t.check(map[string][]Unit{code: lives})); err != nil {
		return err
	}
	s.emit(tx, t, code, lives, verb, summary)
	return writeLives(tx, code, lives)
}

func (s *Service) emit(tx *store.Tx, t *Tree, code string, lives []Unit, verb, summary string) {
	e := store.Event{Subject: "ioc.org." + verb + "." + code, Entity: "org_unit", EntityID: code, After: plain(lives), Summary: summary}
	if was := t.Lives(code); len(was) > 0 {
		e.Before = plain(was)
	}
	tx.Emit(e)
	tx.After(func() {
		if err := s.renew(context.WithoutCancel(tx.Context())); err != nil {
			s.log.Warn("the units cannot be read after a change; the next minute tries again", "err", err)
		}
	})
}

// Put corrects the life that begins at u.ValidFrom, or the newest one when
// that is the zero time; a later beginning is a new life, and the one before
// ends there.
func (s *Service) Put(ctx context.Context, actor access.Actor, u Unit) (Unit, error) {
	if err := access.Require(actor, access.UnitEdit, access.Scope{}); err != nil {
		return Unit{}, err
	}
	u.Name, u.NameEn, u.Legal = tidy(u.Name), tidy(u.NameEn), tidy(u.Legal)
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		t, err := s.read(tx)
		if err != nil {
			return err
		}
		if err := t.mayEdit(actor, u); err != nil {
			return err
		}
		lives, verb := slices.Clone(t.Lives(u.Code)), "changed"
		i := lifeOf(lives, u.ValidFrom)
		switch {
		case len(lives) == 0:
			verb = "added"
			lives = []Unit{u}
		case i >= 0:
			u.ValidFrom, u.ValidTo, u.Successors = lives[i].ValidFrom, lives[i].ValidTo, lives[i].Successors
			if u.same(lives[i]) {
				return nil
			}
			lives[i] = u
		default:
			lives = follow(lives, u)
		}
		what := "Sửa đơn vị "
		if verb == "added" {
			what = "Thêm đơn vị "
		}
		return s.replace(tx, t, u.Code, lives, verb, what+u.Name)
	})
	return u, err
}

// mayEdit asks whether the actor may edit units within its grant: what was
// there, and what it is hung below.
func (t *Tree) mayEdit(actor access.Actor, us ...Unit) error {
	for _, u := range us {
		scope := access.Scope{Unit: u.Code}
		was := t.Lives(u.Code)
		if len(was) == 0 || was[0].Parent != u.Parent {
			if scope.Unit = u.Parent; u.Parent == "" {
				scope.Unit = access.NoUnit
			}
		}
		if err := access.Require(actor, access.UnitEdit, scope); err != nil {
			return err
		}
		if len(was) > 0 {
			if err := access.Require(actor, access.UnitEdit, access.Scope{Unit: u.Code}); err != nil {
				return err
			}
		}
	}
	return nil
}

// lifeOf is the life that a beginning means: exactly it, or for the zero time
// the newest; -1 for none.
func lifeOf(lives []Unit, from time.Time) int {
	i := slices.IndexFunc(lives, func(l Unit) bool { return l.ValidFrom.Equal(from) })
	if i < 0 && from.IsZero() && len(lives) > 0 {
		return 0
	}
	return i
}

// follow adds a life; the open one before it ends where it begins.
func follow(lives []Unit, u Unit) []Unit {
	if l := &lives[0]; l.ValidTo.IsZero() && l.ValidFrom.Before(u.ValidFrom) {
		l.ValidTo = u.ValidFrom
	}
	return append([]Unit{u}, lives...)
}

// Dissolve ends a unit on a day and names who takes over, the first of them
// its work.
func (s *Service) Dissolve(ctx context.Context, actor access.Actor, code string, on time.Time, successors []string, legal string) (Unit, error) {
	if err := access.Require(actor, access.UnitEdit, access.Scope{Unit: code}); err != nil {
		return Unit{}, err
	}
	var u Unit
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		t, err := s.read(tx)
		if err != nil {
			return err
		}
		lives := slices.Clone(t.Lives(code))
		if len(lives) == 0 {
			return errNotFound.With("code", code)
		}
		u = lives[0]
		if !u.ValidTo.IsZero() && !u.ValidTo.After(tx.Now) {
			return errEnded.With("unit", u.Name, "on", dayOf(u.ValidTo))
		}
		if on.IsZero() {
			return errUnit.With().At("on", errDate.With("text", quoted("")))
		}
		u.ValidTo, u.Successors = on, slices.Clone(successors)
		if legal = tidy(legal); legal != "" {
			u.Legal = legal
		}
		lives[0] = u
		summary := "Kết thúc hoạt động " + u.Name + " từ " + caltime.FormatDate(msg.Vi, on)
		if len(successors) > 0 {
			var names []string
			for _, c := range successors {
				n, _ := t.Unit(c, on)
				names = append(names, n.Name)
			}
			summary += ", kế thừa: " + strings.Join(names, ", ")
		}
		err = s.replace(tx, t, code, lives, "dissolved", summary)
		if f, ok := fault.As(err); ok { // the day has another name here
			for i := range f.Fields {
				if f.Fields[i].Path == "valid_to" {
					f.Fields[i].Path = "on"
				}
			}
		}
		return err
	})
	return u, err
}

// Result is what an import did, or with preview would do.
type Result struct {
	Created   int
	Updated   int
	Unchanged int
	Problems  []Problem
}

// Import takes the units of a CSV file: all of them, or with a problem in any
// line none. A line means the life of its code that begins on its day; what
// it has no column for stays as it is.
func (s *Service) Import(ctx context.Context, actor access.Actor, text string, preview bool) (res Result, err error) {
	if err := access.Require(actor, access.UnitEdit, access.Scope{}); err != nil {
		return Result{}, err
	}
	rows, problems := ReadCSV(text)
	if len(problems) > 0 {
		return Result{Problems: problems}, nil
	}
	run := func(tx *store.Tx) error {
		t, err := s.read(tx)
		if err != nil {
			return err
		}
		var changed map[string][]Unit
		if res, changed = t.merge(rows); len(res.Problems) > 0 || preview {
			return nil
		}
		for _, code := range slices.Sorted(maps.Keys(changed)) {
			if err := t.mayEdit(actor, changed[code]...); err != nil {
				return err
			}
			verb, what := "changed", "Sửa đơn vị "
			if len(t.Lives(code)) == 0 {
				verb, what = "added", "Thêm đơn vị "
			}
			s.emit(tx, t, code, changed[code], verb, what+changed[code][0].Name+" (nhập tệp)")
			if err := writeLives(tx, code, changed[code]); err != nil {
				return err
			}
		}
		if len(changed) > 0 {
			tx.Emit(store.Event{Subject: "ioc.org.imported.all", Entity: "org_unit", EntityID: "all",
				After:   map[string]int{"created": res.Created, "updated": res.Updated, "unchanged": res.Unchanged},
				Summary: "Nhập đơn vị từ tệp: thêm " + strconv.Itoa(res.Created) + ", sửa " + strconv.Itoa(res.Updated)})
		}
		return nil
	}
	if preview {
		return res, s.db.Read(ctx, run)
	}
	err = s.db.Write(ctx, actor, run)
	return res, err
}

// merge puts rows over the lives there are, and tells what is wrong by line.
func (t *Tree) merge(rows []Row) (res Result, changed map[string][]Unit) {
	changed = map[string][]Unit{}
	type key struct {
		code string
		from int64
	}
	lines := map[key]int{}
	fail := func(line int, field string, err *fault.Error) {
		res.Problems = append(res.Problems, Problem{line, field, err})
	}
	for _, r := range rows {
		u := r.Unit
		lives, begun := changed[u.Code]
		if !begun {
			lives = slices.Clone(t.Lives(u.Code))
		}
		i := lifeOf(lives, u.ValidFrom)
		if i < 0 {
			if len(lives) > 0 {
				u = r.over(lives[0], false)
				u.ValidFrom = r.Unit.ValidFrom
				lives = follow(lives, u)
				newest(lives)
			} else {
				lives = []Unit{u}
			}
			res.Created++
		} else if next := r.over(lives[i], true); next.same(lives[i]) {
			u = next
			res.Unchanged++
		} else {
			u, lives[i] = next, next
			res.Updated++
		}
		changed[u.Code] = lives
		k := key{u.Code, store.Micros(u.ValidFrom)}
		if first := lines[k]; first > 0 {
			fail(r.Line, "code", errAgain.With("line", first))
			continue
		}
		lines[k] = r.Line
	}
	for _, f := range t.check(changed) {
		line := lines[key{f.unit.Code, store.Micros(f.unit.ValidFrom)}]
		if line == 0 { // another life of the same code
			for k, l := range lines {
				if k.code == f.unit.Code && (line == 0 || l < line) {
					line = l
				}
			}
		}
		fail(line, f.field, f.err)
	}
	slices.SortStableFunc(res.Problems, func(a, b Problem) int { return a.Line - b.Line })
	res.Problems = res.Problems[:min(len(res.Problems), mostErrs)]
	for code, lives := range changed {
		if sameLives(lives, t.Lives(code)) {
			delete(changed, code)
		}
	}
	return res, changed
}

// over is a life with what the row says of it.
func (r Row) over(was Unit, same bool) Unit {
	u := r.Unit
	keep := func(column string, to *string, old string) {
		if !r.said[column] {
			*to = old
		}
	}
	keep("name_en", &u.NameEn, was.NameEn)
	keep("kind", &u.Kind, was.Kind)
	keep("parent", &u.Parent, was.Parent)
	keep("legal", &u.Legal, was.Legal)
	if same {
		u.ValidFrom = was.ValidFrom
		if !r.said["valid_to"] {
			u.ValidTo = was.ValidTo
		}
		if !r.said["successors"] {
			u.Successors = was.Successors
		}
	}
	return u
}

func dayOf(t time.Time) string {
	if t.IsZero() {
		return "…"
	}
	return caltime.FormatDate(msg.Vi, t)
}
