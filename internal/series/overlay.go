package series

import (
	"slices"

	"openioc.org/ioc/internal/sensing"
)

// overlay is the list of corrections of one datastream, ready for readers. It
// is never changed once readers may see it.
type overlay struct {
	list     []Correction
	min, max int64 // bounds of all of them
}

func newOverlay(cs []Correction) *overlay {
	if len(cs) == 0 {
		return nil
	}
	o := &overlay{list: slices.Clone(cs), min: cs[0].From, max: cs[0].To}
	for _, c := range cs {
		o.min, o.max = min(o.min, c.From), max(o.max, c.To)
	}
	return o
}

// at returns the correction that holds at t.
func (o *overlay) at(t int64) (Correction, bool) {
	if o == nil || t < o.min || t > o.max {
		return Correction{}, false
	}
	for i := len(o.list) - 1; i >= 0; i-- {
		if c := o.list[i]; c.From <= t && t <= c.To {
			return c, true
		}
	}
	return Correction{}, false
}

// apply corrects a point; false means it is excluded.
func (o *overlay) apply(p *Point) bool {
	c, ok := o.at(p.T)
	if !ok {
		return true
	}
	p.V, p.Flags = c.Value, p.Flags|sensing.Corrected
	return !c.Exclude
}
