package board

import (
	"compress/gzip"
	"encoding/csv"
	"os"
	"testing"
	"time"

	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

// The real log of a municipality (../feed/testdata/ORIGIN.md): 1,434 files,
// 1,329 of them finished under a date, 377 late (28.4 %), 105 open.
func TestWABO(t *testing.T) {
	f, err := os.Open("../feed/testdata/wabo_receipt.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	instant := func(r []string, name string) *time.Time {
		at, err := time.Parse("2006-01-02 15:04:05.999999999-07:00", r[column[name]])
		if err != nil {
			return nil
		}
		return &at
	}
	seen := map[string]bool{}
	var evs []casework.Event
	for _, r := range rows[1:] {
		code := r[column["case:concept:name"]]
		if seen[code] {
			continue
		}
		seen[code] = true
		start := instant(r, "case:startdate")
		evs = append(evs, casework.Event{System: "wabo", Code: code, At: *start, Patch: casework.Patch{State: ptr("2"), Received: start, Due: instant(r, "case:deadline"), Unit: &r[column["case:department"]], Procedure: ptr("wabo")}})
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
