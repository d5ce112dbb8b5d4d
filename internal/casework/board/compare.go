package board

import (
	"context"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/vi"
)

// Part are the figures that are compared.
type Part struct {
	Received int `json:"received"`
	Finished int `json:"finished"`
	Late     int `json:"late"`
}

func (p *Part) add(o Part) {
	p.Received += o.Received
	p.Finished += o.Finished
	p.Late += o.Late
}

// Pair are two periods side by side.
type Pair struct {
	A Part `json:"a"`
	B Part `json:"b"`
}

func (p *Pair) add(o Pair) {
	p.A.add(o.A)
	p.B.add(o.B)
}

// Compared is a unit of today with what it and its predecessors did.
type Compared struct {
	Unit         string   `json:"unit"`
	Name         string   `json:"name"`
	Predecessors []string `json:"predecessors" doc:"names of the dissolved units that went into it"`
	Exact        bool     `json:"exact" doc:"false: one of them went in parts, whose files are in unattributed"`
	Pair
}

// Comparison are two periods of different units side by side. What a unit had
// that went in parts belongs to no unit of today; sums and unattributed make
// the total.
type Comparison struct {
	Rows         []Compared `json:"rows"`
	Parted       []Compared `json:"parted" doc:"the units that went in parts, which make unattributed; their name is that of their time"`
	Unattributed Pair       `json:"unattributed"`
	Total        Pair       `json:"total"`
	Sums         Pair       `json:"sums"`
	Synthetic    bool       `json:"synthetic" doc:"made-up files are among them"`
}

// Compare puts two periods side by side by the units in force now.
func (b *Board) Compare(_ context.Context, actor access.Actor, aFrom, aTo, bFrom, bTo time.Time) (Comparison, error) {
	out := Comparison{Rows: []Compared{}, Parted: []Compared{}}
	reach, err := reachOf(actor)
	if err != nil {
		return out, err
	}
	if !aFrom.Before(aTo) || !bFrom.Before(bTo) {
		return out, errAsk.With().At("a_from", errAsk.With())
	}
	now := b.clock.Now()
	w := b.o.Cases.WindowNow()
	first, second := periodOf(aFrom, aTo, now, w), periodOf(bFrom, bTo, now, w)
	b.c.mu.RLock()
	defer b.c.mu.RUnlock()
	if !b.c.ready {
		return out, errLoading.With()
	}
	out.Synthetic = b.c.synth > 0
	codes := slices.Clone(b.c.units.keys)
	s := &selection{procedure: -1, field: -1, channel: -1, officer: -1, by: ByUnit, unit: make([]int32, len(codes))}
	for i, code := range codes {
		scope := access.Scope{Unit: b.heirOf(code, now).code}
		if scope.Unit == "" {
			scope.Unit = access.NoUnit
		}
		s.unit[i] = int32(i)
		if !reach.Covers(scope) {
			s.unit[i] = -1
		}
	}
	as, bs := b.c.count(s, len(codes), &first, &second)
	rows := map[string]*Compared{}
	for i, code := range codes {
		p := Pair{A: partOf(&as[i]), B: partOf(&bs[i])}
		out.Total.add(p)
		if p == (Pair{}) {
			continue
		}
		h := b.heirOf(code, now)
		if !h.whole {
			out.Unattributed.add(p)
			out.Parted = append(out.Parted, Compared{Unit: code, Name: b.unitName(code, now), Predecessors: []string{}, Pair: p})
			continue
		}
		r := rows[h.code]
		if r == nil {
			r = &Compared{Unit: h.code, Name: b.unitName(h.code, now)}
			r.Predecessors, r.Exact = b.predecessors(h.code, codes, now)
			if r.Predecessors == nil {
				r.Predecessors = []string{}
			}
			rows[h.code] = r
		}
		r.add(p)
		out.Sums.add(p)
	}
	for _, r := range rows {
		out.Rows = append(out.Rows, *r)
	}
	for _, l := range [][]Compared{out.Rows, out.Parted} {
		slices.SortFunc(l, func(x, y Compared) int { return strings.Compare(vi.SortKey(x.Name)+x.Unit, vi.SortKey(y.Name)+y.Unit) })
	}
	return out, nil
}

func partOf(t *tally) Part { return Part{Received: t.received, Finished: t.finished, Late: t.late} }
