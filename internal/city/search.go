package city

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/vi"
)

// maxHits bounds what Search returns.
const maxHits = 50

// Search finds units by name, with or without its kind, tones optional:
// those in force at the time, then those that ended before it, whose
// Successors say what they became. Better matches come first. A unit that
// only changed its level and kept its name is not told twice.
func (c *City) Search(q string, at time.Time) []Unit {
	fold, key := vi.Fold(q), vi.Key(q)
	if fold == "" {
		return nil
	}
	type hit struct{ unit, rank int }
	var hits []hit
	for i, u := range c.units {
		ended := !u.ValidTo.IsZero() && (at.IsZero() || !u.ValidTo.After(at))
		if !u.In(at) && !ended || ended && c.lastsAs(u, at) {
			continue
		}
		if r := u.match(fold, key); r >= 0 {
			if ended {
				r += 100
			}
			hits = append(hits, hit{i, r})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(a.rank, b.rank) })
	out := make([]Unit, 0, min(len(hits), maxHits))
	for _, h := range hits[:min(len(hits), maxHits)] {
		out = append(out, c.units[h.unit])
	}
	return out
}

// lastsAs says whether an ended unit lives on under its full name.
func (c *City) lastsAs(u Unit, at time.Time) bool {
	if len(u.Successors) != 1 {
		return false
	}
	next, ok := c.Unit(u.Successors[0])
	return ok && next.In(at) && vi.Key(next.FullName) == vi.Key(u.FullName)
}

// match ranks how well a unit answers: 0 is best, -1 not at all. Tones that
// were typed count when they agree.
func (u Unit) match(fold, key string) int {
	switch {
	case u.key == key:
		return 0
	case u.fold == fold || u.foldFull == fold:
		return 1
	case strings.HasPrefix(u.key, key):
		return 2
	case strings.HasPrefix(u.fold, fold):
		return 3
	case strings.HasPrefix(u.foldFull, fold):
		return 4
	case strings.Contains(u.fold, " "+fold):
		return 5
	case strings.Contains(u.fold, fold):
		return 6
	}
	return -1
}

func byName(a, b Unit) int {
	return cmp.Or(strings.Compare(a.sortKey, b.sortKey), strings.Compare(a.ID, b.ID))
}
