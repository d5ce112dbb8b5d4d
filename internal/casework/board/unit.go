package board

import (
	"slices"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/casework"
)

// heir is who answers at an instant for what a unit had.
type heir struct {
	code  string
	whole bool // false: it went in parts, or nobody knows it
}

// heirOf follows a unit over its successors while one took over all of it.
func (b *Board) heirOf(code string, at time.Time) heir {
	code, whole := casework.Heir(b.o.Unit, code, at)
	return heir{code, whole}
}

// unitName is empty for files of no known unit.
func (b *Board) unitName(code string, at time.Time) string {
	if code != "" && b.o.Unit != nil {
		if u, ok := b.o.Unit(code, at); ok {
			return u.Name
		}
	}
	return code
}

// unitGroups puts the units of the columns into groups: their heirs, or with
// a parent the children of it under which they lie. What the reach or the
// filter leaves out has none. The lock is held.
func (b *Board) unitGroups(reach access.Reach, a *Ask, at time.Time) (group []int32, keys []string) {
	var within map[string]bool
	if a.Unit != "" {
		within = map[string]bool{}
		for _, u := range b.subtree(a.Unit, at) {
			within[u] = true
		}
	}
	var above map[string]string
	if a.Parent != "" && b.o.Units != nil {
		above = b.childrenOf(a.Parent, at)
	}
	at2 := map[string]int32{}
	group = make([]int32, len(b.c.units.keys))
	for i, code := range b.c.units.keys {
		h := b.heirOf(code, at).code
		scope := access.Scope{Unit: h}
		if h == "" {
			scope.Unit = access.NoUnit
		}
		group[i] = -1
		if !reach.Covers(scope) || within != nil && !within[h] && !within[code] {
			continue
		}
		key := h
		if above != nil {
			if key = above[h]; key == "" {
				continue
			}
		}
		g, ok := at2[key]
		if !ok {
			g = int32(len(keys))
			at2[key] = g
			keys = append(keys, key)
		}
		group[i] = g
	}
	return group, keys
}

func (b *Board) subtree(code string, at time.Time) []string {
	if b.o.Subtree != nil {
		if l := b.o.Subtree(code, at); len(l) > 0 {
			return l
		}
	}
	return []string{code}
}

// childrenOf says for every unit below a parent under which child of it it
// lies; the parent lies under itself.
func (b *Board) childrenOf(parent string, at time.Time) map[string]string {
	out := map[string]string{parent: parent}
	for _, u := range b.o.Units(at) {
		if u.Parent != parent {
			continue
		}
		for _, below := range b.subtree(u.Code, at) {
			out[below] = u.Code
		}
	}
	return out
}

// predecessors are the names of the units that went into one, whole or in
// parts, of those that have files; exact is false when one went in parts.
func (b *Board) predecessors(code string, codes []string, at time.Time) (names []string, exact bool) {
	exact = true
	for _, old := range codes {
		if old == code || old == "" || b.o.Unit == nil {
			continue
		}
		u, ok := b.o.Unit(old, at)
		if !ok || u.InForce {
			continue
		}
		if h := b.heirOf(old, at); h.whole && h.code == code {
			names = append(names, u.Name)
		} else if !h.whole && b.reaches(u, code, at, 8) {
			names = append(names, u.Name)
			exact = false
		}
	}
	slices.Sort(names)
	return slices.Compact(names), exact
}

// reaches reports whether a unit lies among the heirs of another.
func (b *Board) reaches(u casework.Unit, code string, at time.Time, depth int) bool {
	if depth == 0 || u.InForce {
		return false
	}
	for _, s := range u.Successors {
		if s == code {
			return true
		}
		if next, ok := b.o.Unit(s, at); ok && b.reaches(next, code, at, depth-1) {
			return true
		}
	}
	return false
}
