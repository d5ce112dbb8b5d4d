package casework

import (
	"fmt"
	"testing"
	"testing/synctest"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/personal"
	"openioc.org/ioc/internal/store/storetest"
)

// The demo is the same for the same seed, goes on after a restart where it
// stopped, and says everywhere that it is made up.
func TestDemo(t *testing.T) {
	now := local("2026-03-10 14:20")
	clk := clock.Manual(now)
	r := newRoom(t, storetest.SQLite(t, clk), clk)
	o := DemoOptions{Files: 1500, Months: 4, Seed: 3, Officers: []DemoOfficer{{"o1", "Trần Thị Cán Bộ", "20242"}}}
	d, err := r.newDemo(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	pending, err := r.seedDemo(t.Context(), d, now)
	if err != nil || len(pending) == 0 {
		t.Fatal(len(pending), err)
	}
	p, err := r.List(t.Context(), leader, Filter{Limit: 500})
	if err != nil || p.Total < 1200 || p.Total > 1900 {
		t.Fatalf("%d %v", p.Total, err)
	}
	classes := map[Class]int{}
	for _, c := range p.Cases {
		classes[c.ClassNow]++
		if !c.Synthetic || c.SystemName != demoName || c.CodeForm != NewForm {
			t.Fatalf("%+v", c)
		}
	}
	for _, c := range []Class{Early, OnTime, InTime, NearDue, PausedClass} {
		if classes[c] == 0 {
			t.Errorf("no file is %s: %v", c, classes)
		}
	}
	if got, err := r.List(t.Context(), officer, Filter{Mine: true}); err != nil || got.Total == 0 {
		t.Errorf("%v %v", got.Total, err)
	}
	if got, err := r.List(t.Context(), leader, Filter{Problem: "any", Limit: 500}); err != nil || got.Total > p.Total/20 {
		t.Errorf("%d of %d have problems, as %v: %v", got.Total, p.Total, got.Cases[0].Problems, err)
	}
	// Again, and nothing is new.
	d2, err := r.newDemo(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	again, err := r.seedDemo(t.Context(), d2, now)
	if err != nil || len(again) != len(pending) {
		t.Errorf("%d, then %d to come: %v", len(pending), len(again), err)
	}
	if q, err := r.List(t.Context(), leader, Filter{}); err != nil || q.Total != p.Total {
		t.Errorf("%d, then %d: %v", p.Total, q.Total, err)
	}
	for _, e := range pending {
		if e.ApplicantName != nil && fmt.Sprint(*e.ApplicantName) != personal.Name(e.ApplicantName.Reveal()).Masked() {
			t.Fatal("unmasked")
		}
	}
	if first, last := d.lateness(d.begin), d.lateness(d.begin.AddDate(0, 4, 0)); first != 0.04 || last > 0.003 {
		t.Errorf("%v → %v", first, last)
	}
}

// As the clock goes on, files come in and move.
func TestDemoGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clk := clock.Manual(local("2026-03-10 07:00"))
		r := newRoom(t, storetest.SQLite(t, clk), clk)
		done := make(chan error)
		ctx, stop := withStop(t)
		go func() { done <- r.RunDemo(ctx, DemoOptions{Files: 400, Months: 1, Seed: 3}) }()
		synctest.Wait()
		count := func() (files, versions int) {
			p, err := r.List(t.Context(), access.System("test"), Filter{Limit: 500})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range p.Cases {
				versions += c.Version
			}
			return p.Total, versions
		}
		f0, v0 := count()
		clk.Set(local("2026-03-11 16:30"))
		synctest.Wait()
		f1, v1 := count()
		if f0 == 0 || f1 <= f0 || v1 <= v0 {
			t.Errorf("%d files, then %d; %d events, then %d", f0, f1, v0, v1)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
