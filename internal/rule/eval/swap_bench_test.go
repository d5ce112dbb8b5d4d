package eval_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/series"
)

// BenchmarkSwap swaps one of 1,000 rules over 10,000 series for a new
// version, as an approval does: SetRules and Warm. Each rule selects a tenth
// of the series; "start" is the first Warm of all. scans is how many series
// were read.
func BenchmarkSwap(b *testing.B) {
	c := tenThousand()
	rnd := rand.New(rand.NewPCG(1, 1))
	const minutes = 240
	for i := range c.list {
		id := c.list[i].ID
		for m := range minutes {
			t := ms(float64(m))
			c.points[id] = append(c.points[id], series.Point{T: t, Received: t, V: math.Round(rnd.Float64()*4000) / 100})
		}
	}
	var scans atomic.Int64
	w := c.env()
	scan := w.Scan
	w.Scan = func(ctx context.Context, id string, from, to time.Time, f func(series.Point)) error {
		scans.Add(1)
		return scan(ctx, id, from, to, f)
	}
	rules := thousand(b, true)
	warm := func(e *eval.Engine) {
		if _, err := e.Warm(b.Context(), at(minutes-60), at(minutes)); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("start", func(b *testing.B) {
		for b.Loop() {
			warm(eval.New(rules, w))
		}
	})
	b.Run("one", func(b *testing.B) {
		e := eval.New(rules, w)
		warm(e)
		version := 1
		scans.Store(0)
		n := 0
		for b.Loop() {
			version++
			next := slices.Clone(rules)
			next[105] = rule(b, `sum_over_time(x{tenth="5"}[1h])`, func(r *eval.Rule) { r.ID, r.Version = "105", version }, "2 > 7300")
			e.SetRules(next)
			warm(e)
			n++
		}
		b.ReportMetric(float64(scans.Load())/float64(n), "scans")
	})
	b.Run("none", func(b *testing.B) {
		e := eval.New(rules, w)
		warm(e)
		scans.Store(0)
		for b.Loop() {
			e.SetRules(rules)
			warm(e)
		}
		b.ReportMetric(float64(scans.Load()), "scans")
	})
}
