package org

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
)

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
// there, what it is hung below, and who is newly named to take over: the
// rights in a unit that has ended reach its heir.
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
		for _, heir := range u.Successors {
			if slices.ContainsFunc(was, func(l Unit) bool { return slices.Contains(l.Successors, heir) }) {
				continue
			}
			if err := access.Require(actor, access.UnitEdit, access.Scope{Unit: heir}); err != nil {
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
		if err := t.mayEdit(actor, u); err != nil {
			return err
		}
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

func dayOf(t time.Time) string {
	if t.IsZero() {
		return "…"
	}
	return caltime.FormatDate(msg.Vi, t)
}
