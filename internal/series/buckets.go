package series

import (
	"context"
	"time"

	"openioc.org/ioc/internal/fault"
)

// ErrStep is returned for a step that is no time at all.
var ErrStep = fault.Define(fault.Invalid, "series.step",
	"the step must be at least one second", "bước thời gian phải từ một giây trở lên")

// Buckets sums up the points with from ≤ T < to by steps that begin at from,
// with corrections applied. Steps without a usable point are left out.
func (db *DB) Buckets(ctx context.Context, id string, from, to time.Time, step time.Duration) ([]Bucket, error) {
	if step < time.Second {
		return nil, ErrStep.With()
	}
	st, over, err := db.lookup(id)
	if err != nil {
		return nil, err
	}
	first, width := from.UnixMilli(), step.Milliseconds()
	var out []Bucket
	cur := Bucket{T: first}
	flush := func() {
		if cur.N > 0 {
			out = append(out, cur)
		}
	}
	err = db.scan(ctx, st, first, to.UnixMilli()-1, func(p Point) {
		if !over.apply(&p) {
			return
		}
		if p.T >= cur.T+width {
			flush()
			cur = Bucket{T: first + (p.T-first)/width*width}
		}
		cur.add(p)
	})
	flush()
	return out, err
}

func (b *Bucket) add(p Point) {
	b.Flags |= p.Flags
	if !p.Flags.Usable() {
		return
	}
	if b.N == 0 {
		b.Min, b.Max = p.V, p.V
	}
	b.N++
	b.Min, b.Max = min(b.Min, p.V), max(b.Max, p.V)
	b.Sum += p.V
	b.Last = p.V
}
