package incident_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/incident"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

// said lists the keys of the messages queued about a subject, shortened to
// their kind.
func (r *room) said(about string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, e := range r.events {
		m, ok := e.After.(map[string]any)
		if !ok || !strings.HasPrefix(e.Subject, "ioc.notify.queued.") {
			continue
		}
		if key, _ := m["key"].(string); strings.HasPrefix(key, about) {
			out = append(out, strings.Split(strings.TrimPrefix(key, about), "/")[0])
		}
	}
	return out
}

func (r *room) sweep() time.Time {
	r.t.Helper()
	next, err := r.Sweep(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return next
}

func TestDeadlinesAreSaidOnceAndClimb(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		k := r.give(officer, incident.TaskDraft{}) // due after 10 h: soon at 8 h, leader at 11 h, giver at 13 h
		about := "task/" + k.ID + "/"
		hold := func(at time.Duration, want ...string) {
			t.Helper()
			r.clk.Set(start.Add(at))
			r.sweep()
			r.open() // killed and started again
			r.sweep()
			if got := r.said(about); !slices.Equal(got, append([]string{"sent"}, want...)) {
				t.Errorf("after %v: %v, want %v", at, got, want)
			}
		}
		hold(0)
		if next := r.sweep(); !next.Equal(start.Add(8 * time.Hour)) {
			t.Errorf("next timer %v", next)
		}
		hold(7*time.Hour + 59*time.Minute)
		hold(8*time.Hour, "soon")
		hold(10*time.Hour, "soon", "late")
		hold(11*time.Hour, "soon", "late", "leader")
		hold(13*time.Hour, "soon", "late", "leader", "giver")
		hold(100*time.Hour, "soon", "late", "leader", "giver")
		if next := r.sweep(); !next.IsZero() {
			t.Errorf("next timer %v", next)
		}

		// A new deadline begins anew; a finished task is left alone.
		d, err := r.Task(t.Context(), officer, k.ID)
		if err != nil {
			t.Fatal(err)
		}
		if d.Task.Standing != incident.Late {
			t.Errorf("standing %s", d.Task.Standing)
		}
		k = r.doTask(focal, d.Task, incident.TaskStep{Step: incident.TaskExtend, Comment: "x", Due: ptr(start.Add(200 * time.Hour))})
		k = r.doTask(officer, k, incident.TaskStep{Step: incident.TaskGrant})
		before := len(r.said(about))
		r.clk.Set(start.Add(199 * time.Hour))
		r.sweep()
		if got := r.said(about)[before:]; !slices.Equal(got, []string{"soon"}) {
			t.Errorf("after the extension: %v", got)
		}
		r.doTask(focal, again(r, k), incident.TaskStep{Step: incident.TaskFinish})
		before = len(r.said(about))
		r.clk.Set(start.Add(400 * time.Hour))
		r.sweep()
		if got := r.said(about)[before:]; len(got) != 0 {
			t.Errorf("a finished task: %v", got)
		}
	})
}

func TestAfterALongAbsenceOnlyTheLastIsSaid(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		k := r.give(leader, incident.TaskDraft{Kind: incident.KindDirective})
		r.clk.Set(start.Add(12 * time.Hour))
		r.sweep()
		if got := r.said("task/" + k.ID + "/"); !slices.Equal(got, []string{"sent", "leader"}) {
			t.Errorf("%v", got)
		}
	})
}

// TestRunWakesAtTheDeadline runs the loop in a bubble, where time is ours.
func TestRunWakesAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, err := store.Open(t.Context(), store.Options{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		r := newRoom(t, db, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		k, err := r.Give(ctx, officer, incident.TaskDraft{Kind: incident.KindTask, Title: "x", Unit: haiChau, Due: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(29 * time.Minute)
		if got := r.said("task/" + k.ID + "/"); len(got) != 1 {
			t.Errorf("%v", got)
		}
		time.Sleep(61 * time.Second)
		if got := r.said("task/" + k.ID + "/"); !slices.Equal(got, []string{"sent", "soon"}) {
			t.Errorf("%v", got)
		}
		time.Sleep(3 * time.Hour)
		if got := r.said("task/" + k.ID + "/"); !slices.Equal(got, []string{"sent", "soon", "late", "leader", "giver"}) {
			t.Errorf("%v", got)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestADissolvedUnitHandsOver(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		ctx := t.Context()
		i := r.openIncident()
		i = r.do(officer, i, incident.Step{Step: incident.StepLead, LeadUnit: ptr("old"), Helping: []string{haiChau}})
		k := r.give(officer, incident.TaskDraft{Incident: i.ID, Unit: "old"})
		k = r.doTask(officer, k, incident.TaskStep{Step: incident.TaskStart})
		r.sweep()
		r.gone["old"] = haiChau
		r.clk.Set(start.Add(time.Minute))
		for range 2 {
			r.sweep()
		}
		d, err := r.Task(ctx, focal, k.ID)
		if err != nil {
			t.Fatal(err)
		}
		if d.Task.Unit != haiChau || d.Task.State != incident.InProgress || d.Task.Version != k.Version+1 {
			t.Errorf("%+v", d.Task)
		}
		last := d.Timeline[len(d.Timeline)-1]
		if last.Step != "readdress" || last.Actor != nil || last.Data["unit_before"] != "old" || !strings.Contains(last.Comment, "giải thể") {
			t.Errorf("%+v", last)
		}
		if _, err := r.DoTask(ctx, focal, k.ID, incident.TaskStep{Step: incident.TaskFinish, Version: k.Version}); code(err) != "task.changed" {
			t.Errorf("%v", err)
		}
		r.doTask(focal, d.Task, incident.TaskStep{Step: incident.TaskFinish})
		x := r.detail(focal, i.ID)
		if x.Incident.LeadUnit != haiChau || len(x.Incident.HelpingUnits) != 0 {
			t.Errorf("%+v", x.Incident)
		}
		n := 0
		for _, e := range x.Timeline {
			if e.Step == "readdress" {
				n++
			}
		}
		if n != 2 || !slices.Contains(r.said("task/"+k.ID+"/"), "successor") {
			t.Errorf("%d entries, said %v", n, r.said("task/"+k.ID+"/"))
		}
	})
}

func TestLateStepsOfAProcedureAreSaidOnce(t *testing.T) {
	clk := clock.Manual(start)
	r := newRoom(t, storetest.SQLite(t, clk), clk)
	r.hear(alert("a1", 108.2, 16.06))
	i := r.openIncident("a1")
	clk.Set(start.Add(31 * time.Minute))
	r.sweep()
	r.open()
	r.sweep()
	if got := r.said("sop/" + i.ID + "/"); !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("%v", got)
	}
	d := r.detail(officer, i.ID)
	if d.Incident.SOPLate != 3 || !d.Steps[0].Late || d.Steps[4].Late {
		t.Errorf("%+v", d.Incident)
	}
}

// again reads a task as it is now.
func again(r *room, k incident.Task) incident.Task {
	r.t.Helper()
	d, err := r.Task(r.t.Context(), officer, k.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return d.Task
}
