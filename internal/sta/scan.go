package sta

import (
	"fmt"
	"slices"
	"time"

	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/sensing"
)

// scope says which observations a collection holds.
type scope struct {
	streams []*sensing.Datastream
	single  []instants
}

// instants are single observations of a Datastream.
type instants struct {
	stream *sensing.Datastream
	times  []time.Time
}

// bounds are the instants that a filter leaves possible, Unix ms, both
// included.
type bounds struct{ from, to int64 }

var always = bounds{earliest, latest}

func (b bounds) holds(t int64) bool { return t >= b.from && t <= b.to }

// each calls f with the observations of a scope: Datastream by Datastream,
// within one by time, newest first if desc. It stops when f returns false.
func (r *run) each(sc scope, b *bounds, desc bool, f func(*observation) (bool, error)) error {
	if b == nil {
		b = &always
	}
	for _, d := range sc.streams {
		if more, err := r.eachOf(d, *b, desc, f); err != nil || !more {
			return err
		}
	}
	for _, s := range sc.single {
		times := slices.Clone(s.times)
		if desc {
			slices.Reverse(times)
		}
		for _, t := range times {
			if ms := t.UnixMilli(); b.holds(ms) {
				if more, err := r.eachOf(s.stream, bounds{ms, ms}, desc, f); err != nil || !more {
					return err
				}
			}
		}
	}
	return nil
}

func (r *run) eachOf(d *sensing.Datastream, b bounds, desc bool, f func(*observation) (bool, error)) (more bool, err error) {
	if b.from > b.to {
		return true, nil
	}
	if !catalog.Numeric(d) {
		return r.eachText(d, b, desc, f)
	}
	last, ok := r.s.series.Last(d.ID)
	if !ok {
		return true, nil
	}
	if desc && b.to >= last.T && b.from <= last.T {
		// Most questions for the newest end here, in memory.
		if more, err := r.give(fromPoint(d, last), f); err != nil || !more {
			return more, err
		}
		b.to = last.T - 1
	}
	b.to = min(b.to, last.T)
	// Windows grow, so that a few observations are found quickly and many are
	// read in few steps.
	step := max(64*d.Rhythm, 6*time.Hour).Milliseconds()
	for ; b.from <= b.to; step *= 4 {
		window := b
		if desc {
			window.from = max(b.from, b.to-step)
		} else {
			if b.from, ok, err = r.first(d, b.from); err != nil || !ok {
				return true, err
			}
			window.from, window.to = b.from, min(b.to, b.from+step)
		}
		points, err := r.s.series.Range(r.ctx, d.ID, time.UnixMilli(window.from), time.UnixMilli(window.to))
		if err != nil {
			return false, fmt.Errorf("read %s: %w", d.ID, err)
		}
		if desc {
			slices.Reverse(points)
		}
		for i := range points {
			if more, err := r.give(fromPoint(d, points[i]), f); err != nil || !more {
				return more, err
			}
		}
		if desc {
			b.to = window.from - 1
		} else {
			b.from = window.to + 1
		}
	}
	return true, nil
}

// textPage is how many texts are read at once.
const textPage = 500

func (r *run) eachText(d *sensing.Datastream, b bounds, desc bool, f func(*observation) (bool, error)) (more bool, err error) {
	for b.from <= b.to {
		page, err := r.s.catalog.Texts(r.ctx, d.ID, time.UnixMilli(b.from), time.UnixMilli(b.to), desc, textPage)
		if err != nil {
			return false, err
		}
		for _, o := range page {
			if more, err := r.give(fromText(d, o), f); err != nil || !more {
				return more, err
			}
		}
		if len(page) < textPage {
			break
		}
		if t := page[len(page)-1].Time.UnixMilli(); desc {
			b.to = t - 1
		} else {
			b.from = t + 1
		}
	}
	return true, nil
}

func (r *run) give(o *observation, f func(*observation) (bool, error)) (bool, error) {
	if err := r.spend(1); err != nil {
		return false, err
	}
	return f(o)
}
