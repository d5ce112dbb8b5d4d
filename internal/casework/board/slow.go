package board

import (
	"cmp"
	"context"
	"slices"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/store"
)

// Slow is how long one procedure or step takes.
type Slow struct {
	Key         string   `json:"key"`
	Name        string   `json:"name"`
	N           int      `json:"n"`
	MedianHours float64  `json:"median_hours" doc:"office hours"`
	P90Hours    float64  `json:"p90_hours"`
	Late        int      `json:"late"`
	LateRatio   *float64 `json:"late_ratio"`
}

type slowSum struct {
	took []time.Duration
	late int
}

// Slowest are the procedures, or steps, whose files ended in a period, those
// with the longest median first. Bounded says that of the steps only the
// newest 20,000 files were looked at.
func (b *Board) Slowest(ctx context.Context, actor access.Actor, a Ask, steps bool) (rows []Slow, bounded bool, err error) {
	reach, err := reachOf(actor)
	if err != nil {
		return nil, false, err
	}
	a.By = ByUnit
	if err := a.tidy(b.clock.Now()); err != nil {
		return nil, false, err
	}
	sums := map[string]*slowSum{}
	names := map[string]string{}
	if steps {
		bounded, err = b.slowSteps(ctx, reach, &a, sums)
	} else {
		err = b.slowProcedures(reach, &a, sums, names)
	}
	if err != nil {
		return nil, false, err
	}
	rows = make([]Slow, 0, len(sums))
	for key, s := range sums {
		slices.Sort(s.took)
		n := len(s.took)
		name := names[key]
		if name == "" {
			name = key
		}
		rows = append(rows, Slow{Key: key, Name: name, N: n, MedianHours: hours(s.took, 50), P90Hours: hours(s.took, 90), Late: s.late, LateRatio: ratio(s.late, n)})
	}
	slices.SortFunc(rows, func(x, y Slow) int {
		return cmp.Or(cmp.Compare(y.MedianHours, x.MedianHours), cmp.Compare(y.N, x.N), cmp.Compare(x.Key, y.Key))
	})
	return rows, bounded, nil
}

// synthetic reports whether made-up files are among those counted.
func (b *Board) synthetic() bool {
	b.c.mu.RLock()
	defer b.c.mu.RUnlock()
	return b.c.synth > 0
}

// hours is a percentile by the nearest rank; the median of an even count is
// the mean of the two in the middle.
func hours(sorted []time.Duration, percent int) float64 {
	n := len(sorted)
	d := sorted[max((n*percent+99)/100-1, 0)]
	if percent == 50 && n%2 == 0 {
		d = (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return d.Hours()
}

func (b *Board) slowProcedures(reach access.Reach, a *Ask, sums map[string]*slowSum, names map[string]string) error {
	cal := b.o.Calendar()
	b.c.mu.RLock()
	defer b.c.mu.RUnlock()
	if !b.c.ready {
		return errLoading.With()
	}
	s, _, _, ok := b.selection(reach, a)
	if !ok {
		return nil
	}
	from, to := store.Micros(a.From), store.Micros(a.To)
	by := make([]*slowSum, len(b.c.procs.keys))
	b.c.each(func(r *row) {
		if r.ended < from || r.ended >= to || r.received == 0 || r.ended < r.received || s.group(r) < 0 {
			return
		}
		switch r.outcome {
		case cEarly, cOnTime, cLate, cNoDue:
		default:
			return
		}
		sum := by[r.procedure]
		if sum == nil {
			sum = &slowSum{}
			by[r.procedure] = sum
		}
		sum.took = append(sum.took, cal.Between(store.FromMicros(r.received), store.FromMicros(r.ended)))
		if r.outcome == cLate {
			sum.late++
		}
	})
	for i, sum := range by {
		if sum != nil {
			key := b.c.procs.keys[i]
			sums[key], names[key] = sum, b.c.procs.names[i]
		}
	}
	return nil
}

func (b *Board) slowSteps(ctx context.Context, reach access.Reach, a *Ask, sums map[string]*slowSum) (bool, error) {
	cal := b.o.Calendar()
	var units []string
	if a.Unit != "" || !reach.Everywhere() {
		b.c.mu.RLock()
		_, keys := b.unitGroups(reach, a, a.At)
		b.c.mu.RUnlock()
		units = append([]string{}, keys...)
	}
	times, bounded, err := b.o.Cases.StepTimes(ctx, units, a.From, a.To)
	if err != nil {
		return false, err
	}
	for _, t := range times {
		sum := sums[t.Name]
		if sum == nil {
			sum = &slowSum{}
			sums[t.Name] = sum
		}
		sum.took = append(sum.took, cal.Between(t.From, t.To))
		if t.Late {
			sum.late++
		}
	}
	return bounded, nil
}
