package org

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"openioc.org/ioc/internal/vi"
)

// Tree is an immutable picture of all units that are or ever were.
type Tree struct {
	lives        map[string][]Unit   // by code, the newest life first
	alias        map[string]string   // official codes that were given again
	predecessors map[string][]string // by code, sorted
	bounds       []time.Time         // where the picture changes, sorted
	epochs       []func() *epoch     // epochs[i] holds from bounds[i-1] until bounds[i]
}

// epoch is a span in which no unit begins, ends or moves.
type epoch struct {
	units    []Unit // by Vietnamese name
	parent   map[string]string
	children map[string][]Unit // by Vietnamese name; of "" the roots
}

// newTree makes a tree of lives that ordered has seen.
func newTree(lives map[string][]Unit, alias map[string]string) *Tree {
	t := &Tree{lives: lives, alias: alias, predecessors: map[string][]string{}}
	for code, ls := range lives {
		for i := range ls {
			t.bounds = append(t.bounds, ls[i].ValidFrom)
			if !ls[i].ValidTo.IsZero() {
				t.bounds = append(t.bounds, ls[i].ValidTo)
			}
			for _, s := range ls[i].Successors {
				if !slices.Contains(t.predecessors[s], code) {
					t.predecessors[s] = append(t.predecessors[s], code)
				}
			}
		}
	}
	for _, codes := range t.predecessors {
		slices.Sort(codes)
	}
	slices.SortFunc(t.bounds, time.Time.Compare)
	t.bounds = slices.CompactFunc(t.bounds, time.Time.Equal)
	for i := range len(t.bounds) + 1 {
		var at time.Time
		if i > 0 {
			at = t.bounds[i-1]
		}
		t.epochs = append(t.epochs, sync.OnceValue(func() *epoch { return t.epoch(at) }))
	}
	return t
}

// with is the tree with the lives of some codes replaced; no lives take a
// code away.
func (t *Tree) with(changed map[string][]Unit) *Tree {
	lives := maps.Clone(t.lives)
	for code, ls := range changed {
		if lives[code] = ordered(ls); len(ls) == 0 {
			delete(lives, code)
		}
	}
	return newTree(lives, t.alias)
}

func (t *Tree) epoch(at time.Time) *epoch {
	e := &epoch{parent: map[string]string{}, children: map[string][]Unit{}}
	for _, ls := range t.lives {
		for _, u := range ls {
			if u.In(at) {
				e.units = append(e.units, u)
			}
		}
	}
	sortByName(e.units)
	for _, u := range e.units {
		e.parent[u.Code] = t.parentAt(u, at)
	}
	for _, u := range e.units {
		if circular(e.parent, u.Code) { // refused on the way in; a hand at the database is not
			e.parent[u.Code] = ""
		}
		p := e.parent[u.Code]
		e.children[p] = append(e.children[p], u)
	}
	return e
}

// circular says whether what a unit hangs below leads back to it.
func circular(parent map[string]string, code string) bool {
	at := parent[code]
	for n := 0; at != "" && n <= len(parent); n++ {
		if at == code {
			return true
		}
		at = parent[at]
	}
	return false
}

func sortByName(us []Unit) {
	key := make(map[string]string, len(us))
	for _, u := range us {
		key[u.Name] = vi.SortKey(u.Name)
	}
	slices.SortFunc(us, func(a, b Unit) int {
		return cmp.Or(strings.Compare(key[a.Name], key[b.Name]), strings.Compare(a.Code, b.Code), a.ValidFrom.Compare(b.ValidFrom))
	})
}

// parentAt is what a unit hangs below at an instant: its parent, or who
// follows it, or what it hung below itself.
func (t *Tree) parentAt(u Unit, at time.Time) string {
	seen := map[string]bool{u.Code: true}
	for code := u.Parent; code != "" && !seen[code]; {
		if p, ok := t.InForce(code, at); ok && !seen[p.Code] {
			return p.Code
		}
		seen[code] = true
		p, ok := t.Unit(code, at)
		if !ok {
			break
		}
		code = p.Parent
	}
	return ""
}

func (t *Tree) at(at time.Time) *epoch {
	i, found := slices.BinarySearchFunc(t.bounds, at, time.Time.Compare)
	if found {
		i++
	}
	return t.epochs[i]()
}

// Unit returns the unit of a code in the life that holds at, or else in its
// newest; also by an official code that was given again.
func (t *Tree) Unit(code string, at time.Time) (Unit, bool) {
	ls := t.lives[code]
	if len(ls) == 0 {
		if ls = t.lives[t.alias[code]]; len(ls) == 0 {
			return Unit{}, false
		}
	}
	for _, u := range ls {
		if u.In(at) {
			return u, true
		}
	}
	return ls[0], true
}

// Lives are those of a code, the newest first. Do not change them.
func (t *Tree) Lives(code string) []Unit { return t.lives[code] }

// Subtree returns the codes of a unit and of all below it as of at, sorted.
// That of "" is nil: everything. One that is not in force is alone.
func (t *Tree) Subtree(code string, at time.Time) []string {
	if code == "" {
		return nil
	}
	out, e := []string{code}, t.at(at)
	for i := 0; i < len(out); i++ {
		for _, c := range e.children[out[i]] {
			out = append(out, c.Code)
		}
	}
	slices.Sort(out)
	return out
}

// Path returns a unit and what it hangs below, the root first. The path of a
// unit that is not in force at at is that of its last day, or of its first.
func (t *Tree) Path(code string, at time.Time) []Unit {
	u, ok := t.Unit(code, at)
	if !ok {
		return nil
	}
	switch {
	case at.Before(u.ValidFrom):
		at = u.ValidFrom
	case !u.In(at):
		at = u.ValidTo.Add(-time.Microsecond)
	}
	out := []Unit{u}
	for e := t.at(at); len(out) <= deepest; {
		if u, ok = t.Unit(e.parent[u.Code], at); !ok {
			break
		}
		out = append(out, u)
	}
	slices.Reverse(out)
	return out
}

// deepest bounds a walk; a city has five or six levels.
const deepest = 32

// Children returns what hangs directly below a unit as of at, by Vietnamese
// name; below "" the roots. Do not change the slice.
func (t *Tree) Children(code string, at time.Time) []Unit { return t.at(at).children[code] }

// Units returns all units in force at at, by Vietnamese name. Do not change
// the slice.
func (t *Tree) Units(at time.Time) []Unit { return t.at(at).units }

// All returns every life of every unit, by code, the newest first.
func (t *Tree) All() []Unit {
	var out []Unit
	for _, code := range slices.Sorted(maps.Keys(t.lives)) {
		out = append(out, t.lives[code]...)
	}
	return out
}

// Predecessors are the codes of the units that name this one their successor.
func (t *Tree) Predecessors(code string) []string { return t.predecessors[code] }

// InForce follows a unit over its successors to who answers at an instant:
// itself while it is in force, else the first of its heirs that is, nearer
// ones before farther ones. False when there is nobody, or when the unit
// has not begun.
func (t *Tree) InForce(code string, at time.Time) (Unit, bool) {
	seen := map[string]bool{}
	for todo := []string{code}; len(todo) > 0; todo = todo[1:] {
		u, ok := t.Unit(todo[0], at)
		if !ok || seen[u.Code] {
			continue
		}
		seen[u.Code] = true
		if u.In(at) {
			return u, true
		}
		if !at.Before(u.ValidFrom) {
			todo = append(todo, u.Successors...)
			continue
		}
		// at lies before the newest life: an older one may have ended with heirs
		for _, old := range t.lives[u.Code] {
			if !at.Before(old.ValidFrom) {
				todo = append(todo, old.Successors...)
				break
			}
		}
	}
	return Unit{}, false
}

// Flat returns units in force at at as one reads a tree: parents first, each
// followed by what hangs below it, the committee's before other roots.
func (t *Tree) Flat(at time.Time) []Unit {
	e := t.at(at)
	out := make([]Unit, 0, len(e.units))
	var walk func(us []Unit)
	walk = func(us []Unit) {
		for _, u := range us {
			out = append(out, u)
			walk(e.children[u.Code])
		}
	}
	roots := slices.Clone(e.children[""])
	slices.SortStableFunc(roots, func(a, b Unit) int { return rank(a) - rank(b) })
	walk(roots)
	return out
}

func rank(u Unit) int {
	if u.Code == Root {
		return 0
	}
	return 1
}

// ended are the units that have ended by at, in their last life, by name.
func (t *Tree) ended(at time.Time) []Unit {
	var out []Unit
	for _, ls := range t.lives {
		if u := ls[0]; !u.ValidTo.IsZero() && !at.Before(u.ValidTo) {
			out = append(out, u)
		}
	}
	sortByName(out)
	return out
}

// Parent is the code of what a unit hangs below as of at; "" for a root.
func (t *Tree) Parent(code string, at time.Time) string { return t.at(at).parent[code] }
