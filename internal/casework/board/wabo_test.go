package board

import (
	"slices"
	"testing"
	"time"

	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/casework/wabotest"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

// The scoreboard of the real log gives the known figures.
func TestWABO(t *testing.T) {
	header, rows := wabotest.Rows(t)
	text := func(r []string, column string) *string { return &r[slices.Index(header, column)] }
	instant := func(r []string, column string) *time.Time {
		if at := wabotest.At(t, header, r, column); !at.IsZero() {
			return &at
		}
		return nil
	}
	seen := map[string]bool{}
	var evs []casework.Event
	for _, r := range rows {
		code := *text(r, "case:concept:name")
		if seen[code] {
			continue
		}
		seen[code] = true
		start := instant(r, "case:startdate")
		evs = append(evs, casework.Event{System: "wabo", Code: code, At: *start, Patch: casework.Patch{State: ptr("2"), Received: start, Due: instant(r, "case:deadline"), Unit: text(r, "case:department"), Procedure: ptr("wabo")}})
		if end := instant(r, "case:enddate"); end != nil {
			evs = append(evs, casework.Event{System: "wabo", Code: code, At: *end, Patch: casework.Patch{Finished: end}})
		}
	}
	clk := clock.Manual(local("2026-03-10 09:00"))
	storetest.EachAt(t, clk, func(t *testing.T, db *store.DB) {
		b := newCases(t, db, clk)
		take(t, b, evs...)
		if err := b.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, by := range []string{ByUnit, ByProcedure} {
			s, err := b.Count(t.Context(), leader, Ask{By: by, From: local("2010-01-01 00:00"), To: local("2026-03-10 09:00")})
			r := s.Total
			if err != nil || r.Received != 1434 || r.Finished != 1329 || r.Early+r.OnTime+r.Late != 1329 || r.Late != 377 || r.InProgress != 105 {
				t.Errorf("%s: %v %+v", by, err, r)
			}
			if share := float64(r.Late) / float64(r.Finished); share < 0.2835 || share > 0.2838 {
				t.Errorf("%.4f", share)
			}
		}
		for class, want := range map[casework.Class]int{casework.Late: 377, casework.Overdue: 0, casework.InTime: 0} {
			p, err := b.o.Cases.List(t.Context(), leader, casework.Filter{Classes: []casework.Class{class}})
			if err != nil || class == casework.Late && p.Total != want {
				t.Errorf("%s: %d, %v", class, p.Total, err)
			}
		}
	})
}
