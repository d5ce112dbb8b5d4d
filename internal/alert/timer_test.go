package alert_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/incident/incidentevent"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/outbox"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

func TestGroup_FirstThenAtIntervalsThenAgain(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.fact(condition("T1", 2, start))
		d.sweep()
		if told := d.told(); len(told) != 0 {
			t.Fatalf("a notice was told at once: %+v", told)
		}
		d.fact(condition("T2", 2, start))
		d.pass(10 * time.Second)
		told := d.told()
		if len(told) != 1 || told[0].Title.Vi != "Chú ý: Ngập tại T1 và 1 cảnh báo khác" || told[0].To[0].Level != 3 || told[0].Topic != notify.TopicAlert {
			t.Fatalf("first: %+v", told)
		}
		d.fact(condition("T3", 3, after(time.Minute))) // grave, but the group has spoken
		d.pass(time.Minute)
		if told := d.told(); len(told) != 0 {
			t.Fatalf("before the interval: %+v", told)
		}
		d.pass(4 * time.Minute)
		if told = d.told(); len(told) != 1 || told[0].Title.Vi != "Cảnh báo: Ngập tại T3" {
			t.Fatalf("what was added: %+v", told)
		}
		d.pass(25 * time.Minute) // T3's times are missed meanwhile
		d.told()
		d.pass(6 * time.Minute)
		var again []notify.Message
		for _, m := range d.told() {
			if m.Topic == notify.TopicAlert {
				again = append(again, m)
			}
		}
		if len(again) != 1 || !strings.HasPrefix(again[0].Title.Vi, "Chưa tiếp nhận – ") || !strings.Contains(again[0].Title.Vi, "và 2 cảnh báo khác") {
			t.Fatalf("again: %+v", again)
		}
		for _, a := range d.list(alert.Filter{}) {
			d.do(officer, a.ID, alert.Command{Verb: alert.Close, Reason: "x"})
		}
		d.pass(2 * time.Hour)
		if told := d.told(); len(told) != 0 {
			t.Errorf("all is closed: %+v", told)
		}
	})
}

func TestGroup_AWarningIsToldAtOnce(t *testing.T) {
	d := one(t)
	d.fact(condition("T1", 3, start))
	d.sweep()
	if told := d.told(); len(told) != 1 || told[0].Alert == "" || told[0].Link != "/alerts/"+told[0].Alert {
		t.Errorf("%+v", told)
	}
}

func TestEscalation_ClimbsRungByRung(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.fact(condition("T1", 4, start))
		id := d.only().ID
		d.sweep()
		d.told()
		at := func(minute int) []notify.Message {
			t.Helper()
			d.clk.Set(after(time.Duration(minute) * time.Minute))
			d.sweep()
			var out []notify.Message
			for _, m := range d.told() {
				if m.Topic == notify.TopicEscalation {
					out = append(out, m)
				}
			}
			return out
		}
		if m := at(4); len(m) != 0 {
			t.Fatalf("before its time: %+v", m)
		}
		for _, w := range []struct{ minute, level int }{{5, 2}, {15, 3}, {35, 4}} {
			m := at(w.minute)
			a := d.only()
			if len(m) == 0 || m[0].To[0].Level != w.level || a.Escalation.Level != w.level {
				t.Fatalf("minute %d: level %d, told %+v", w.minute, a.Escalation.Level, m)
			}
		}
		a := d.only()
		if got := fmt.Sprint(a.Times.Late); got != "[acknowledge dispatch]" || a.Escalation.NextAt != nil {
			t.Errorf("late %s, next %v", got, a.Escalation.NextAt)
		}
		d.do(officer, id, alert.Command{Verb: alert.Dispatch})
		d.told()
		if m := at(35 + 31); len(m) != 1 || !strings.HasPrefix(m[0].Title.Vi, "Quá hạn đơn vị phản hồi") {
			t.Errorf("no answer: %+v", m)
		}
		d.do(haiChau, id, alert.Command{Verb: alert.Accept})
		if m := at(600); len(m) != 0 {
			t.Errorf("accepted: %+v", m)
		}
	})
}

func TestEscalation_SurvivesARestart(t *testing.T) {
	d := one(t)
	d.fact(condition("T1", 4, start))
	d.sweep()
	d.told()
	again := open(t, d.db, d.clk) // another life of the program on the same records
	again.pass(6 * time.Minute)
	if m := again.told(); len(m) != 1 || m[0].Topic != notify.TopicEscalation {
		t.Fatalf("%+v", m)
	}
	third := open(t, d.db, d.clk)
	third.sweep()
	if m := third.told(); len(m) != 0 {
		t.Errorf("told twice: %+v", m)
	}
}

// A message that cannot be handed over leaves the timer as it was.
func TestTimers_StayDueWhenNotifyFails(t *testing.T) {
	broken := true
	d := one(t)
	s := open(t, d.db, d.clk, func(o *alert.Options) {
		inner := o.Notify
		o.Notify = func(tx *store.Tx, m notify.Message) error {
			if broken {
				return fmt.Errorf("no")
			}
			return inner(tx, m)
		}
	})
	s.fact(condition("T1", 4, start))
	if _, err := s.Sweep(t.Context()); err == nil {
		t.Fatal("the failure was swallowed")
	}
	broken = false
	s.sweep()
	if m := s.told(); len(m) != 1 {
		t.Errorf("%+v", m)
	}
}

func TestSilence_BeginsEndsAndIsEdited(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.fact(condition("T1", 4, start), condition("T2", 4, start, "area", "20194"))
		d.sweep()
		d.told()
		from, to, reason := after(2*time.Minute), after(time.Hour), "bảo trì trạm"
		ms := []alert.Matcher{{Label: "area", Op: "=", Value: "20242"}, {Label: "source", Op: "=~", Value: "tow.*"}}
		q, err := d.CreateSilence(t.Context(), officer, alert.SilenceDraft{From: &from, To: &to, Reason: &reason, Matchers: &ms})
		if err != nil || q.State != alert.SilencePending {
			t.Fatalf("%+v %v", q, err)
		}
		quiet := func() (out string) {
			for _, a := range d.list(alert.Filter{Suppressed: "only"}) {
				out += a.Thing + a.SuppressedBy.Kind
			}
			return out
		}
		if quiet() != "" {
			t.Error("it has not begun")
		}
		d.pass(2 * time.Minute)
		if got := quiet(); got != "T1silence" {
			t.Fatalf("begun: %q", got)
		}
		d.fact(condition("T9", 4, after(3*time.Minute)))
		d.pass(30 * time.Minute) // nothing of those kept quiet is told or climbs
		for _, m := range d.told() {
			if !strings.Contains(m.Title.Vi, "T2") {
				t.Errorf("told %+v", m)
			}
		}
		list, err := d.Silences(t.Context(), officer)
		if err != nil || len(list) != 1 || list[0].Matches != 2 || list[0].State != alert.SilenceActive {
			t.Errorf("%+v %v", list, err)
		}
		ms[0].Value = "20194"
		if q, err = d.EditSilence(t.Context(), officer, q.ID, alert.SilenceDraft{Matchers: &ms}); err != nil || q.Matches != 1 {
			t.Fatalf("%+v %v", q, err)
		}
		if got := quiet(); got != "T2silence" {
			t.Errorf("edited: %q", got)
		}
		d.sweep()
		if m := d.told(); len(m) != 1 || !strings.Contains(m[0].Title.Vi, "1 cảnh báo khác") {
			t.Errorf("set free: %+v", m)
		}
		a := d.list(alert.Filter{Area: "20242"})[0]
		if want := after(37 * time.Minute); a.Times.AcknowledgeBy == nil || !a.Times.AcknowledgeBy.Equal(want) {
			t.Errorf("its time begins anew: %v, want %v", a.Times.AcknowledgeBy, want)
		}
		d.pass(time.Hour)
		if got := quiet(); got != "" {
			t.Errorf("over: %q", got)
		}
		if _, err := d.EditSilence(t.Context(), officer, q.ID, alert.SilenceDraft{Reason: &reason}); !strings.Contains(fmt.Sprint(err), "alert.silence_over") {
			t.Errorf("%v", err)
		}
	})
}

func TestInhibition_OneDeadSupplierIsOneAlert(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.fact(condition("S1", 2, start, "rule", "gauge-silent", "source", "vrain"))
		var cs []alertevent.Condition
		cs = append(cs, condition("vrain", 3, after(time.Second), "rule", "source-silent", "source", "vrain"))
		for i := range 79 {
			cs = append(cs, condition(fmt.Sprint("S", i+2), 2, after(time.Second), "rule", "gauge-silent", "source", "vrain"))
		}
		cs = append(cs, condition("X1", 2, after(time.Second), "rule", "gauge-silent", "source", "other"))
		d.fact(cs...)
		if got := d.list(alert.Filter{Suppressed: "false"}); len(got) != 2 {
			t.Fatalf("%d alerts are heard", len(got))
		}
		d.pass(time.Minute)
		if told := d.told(); len(told) != 2 {
			t.Errorf("%d notifications", len(told))
		}
		d.fact(condition("vrain", 0, after(2*time.Minute), "rule", "source-silent", "source", "vrain"))
		if got := d.list(alert.Filter{Suppressed: "false"}); len(got) != 82 {
			t.Errorf("the supplier is back, %d alerts are heard", len(got))
		}
	})
}

func TestInhibition_CycleIsRefusedByName(t *testing.T) {
	d := one(t)
	rule := func(id, source, target string) alert.Inhibition {
		return alert.Inhibition{ID: id, Source: []alert.Matcher{{Label: "rule", Op: "=", Value: source}}, Target: []alert.Matcher{{Label: "rule", Op: "=~", Value: target}}}
	}
	_, err := d.PutInhibitions(t.Context(), officer, []alert.Inhibition{rule("a", "x", "y|z"), rule("b", "z", "w"), rule("c", "w", "x")})
	if err == nil || !strings.Contains(err.Error(), "a → b → c → a") {
		t.Errorf("%v", err)
	}
	if _, err = d.PutInhibitions(t.Context(), officer, []alert.Inhibition{rule("a", "x", "y|z"), rule("b", "z", "w")}); err != nil {
		t.Error(err)
	}
	d.fact(condition("T", 2, start, "rule", "y"), condition("T", 2, start, "rule", "x"))
	if got := d.list(alert.Filter{Suppressed: "only"}); len(got) != 1 || got[0].Rule != "y" || got[0].SuppressedBy.Kind != alert.ByInhibition {
		t.Errorf("%+v", got)
	}
	if _, err = d.PutInhibitions(t.Context(), officer, nil); err != nil {
		t.Error(err)
	}
	if got := d.list(alert.Filter{Suppressed: "only"}); len(got) != 0 {
		t.Errorf("no rule is left: %+v", got)
	}
	if _, err = d.PutInhibitions(t.Context(), haiChau, nil); err == nil {
		t.Error("a unit changed the rules")
	}
}

func TestFlap_IsToldOnceAndHeld(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		minute := 0
		toggle := func(sev alertevent.Severity) {
			d.fact(condition("T1", sev, after(time.Duration(minute)*time.Minute)))
			minute++
			d.pass(time.Minute)
		}
		for range 4 {
			toggle(2)
			toggle(0)
		}
		a := d.only()
		if !a.Flapping || a.SuppressedBy == nil || a.SuppressedBy.Kind != alert.ByFlap || !a.Active {
			t.Fatalf("%+v", a)
		}
		before := len(d.detail(officer, a.ID).Timeline)
		d.pass(10 * time.Minute)
		flapping := 0
		for _, m := range d.told() {
			if strings.HasPrefix(m.Title.Vi, "Chập chờn – ") {
				flapping++
			}
		}
		if flapping != 1 {
			t.Errorf("told %d times that it flaps", flapping)
		}
		minute += 10
		for range 10 {
			toggle(2)
			toggle(0)
		}
		if m := d.told(); len(m) != 0 {
			t.Errorf("held, and told %+v", m)
		}
		if n := len(d.detail(officer, a.ID).Timeline); n != before {
			t.Errorf("%d entries more", n-before)
		}
		d.pass(31 * time.Minute)
		if a = d.only(); a.Flapping || a.SuppressedBy != nil || a.Active {
			t.Errorf("steady: %+v", a)
		}
	})
}

func TestFlap_WhatIsGraverComesThrough(t *testing.T) {
	d := one(t)
	for i := range 8 {
		d.fact(condition("T1", alertevent.Severity(2*(1-i%2)), after(time.Duration(i)*time.Minute)))
	}
	if !d.only().Flapping {
		t.Fatal("it does not flap")
	}
	d.pass(10 * time.Minute)
	d.told()
	d.fact(condition("T1", 4, after(20*time.Minute)))
	d.pass(10 * time.Minute)
	if a := d.only(); a.Severity != 4 || a.SuppressedBy != nil {
		t.Errorf("%+v", a)
	}
	if m := d.told(); len(m) == 0 || m[0].Severity != 4 {
		t.Errorf("%+v", m)
	}
}

func TestStorm_FewNotificationsNothingLost(t *testing.T) {
	d := one(t)
	const n = 2000
	told := 0
	for i := 0; i < n; i += 100 {
		var cs []alertevent.Condition
		for k := i; k < i+100; k++ {
			cs = append(cs, condition(fmt.Sprint("T", k), alertevent.Severity(1+k%4), d.clk.Now(), "rule", fmt.Sprint("r", k%40), "area", fmt.Sprint(20000+k%90)))
		}
		d.fact(cs...)
		d.pass(3 * time.Second)
		told += len(d.told())
	}
	if told == 0 || told > 50 {
		t.Errorf("%d notifications in a minute", told)
	}
	d.pass(30 * time.Second)
	d.pass(30 * time.Second)
	in := 0
	for _, m := range d.told() {
		if m.Topic == notify.TopicDigest && strings.Contains(m.Title.Vi, "cảnh báo khác") {
			in++
		}
	}
	if in == 0 {
		t.Error("no digest tells of the rest")
	}
	for range 10 { // those told at the beginning have to wait for their interval
		d.pass(time.Minute)
	}
	if page, err := d.List(t.Context(), officer, alert.Filter{Limit: 10000}); err != nil || page.Total != n || len(page.Alerts) != n {
		t.Errorf("%d alerts of %d, %v", page.Total, n, err)
	}
	if err := d.db.Read(t.Context(), func(tx *store.Tx) error {
		var waiting int
		if err := tx.QueryRow("select count(*) from alert_group where announced > told").Scan(&waiting); err != nil {
			return err
		}
		if waiting > 0 {
			t.Errorf("%d groups were never told", waiting)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestIncident_TakesInAndLetsGo(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.fact(condition("T1", 3, start))
		id := d.only().ID
		say := func(i incidentevent.Incident) {
			t.Helper()
			err := d.db.Write(t.Context(), access.System("alert"), func(tx *store.Tx) error {
				return d.OnFact(tx, outbox.Fact{ID: "x", Subject: "ioc.incident.x." + i.ID, Entity: "incident", After: mustJSON(t, i)})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		say(incidentevent.Incident{ID: "i1", Number: "SC-2026-0001", State: "proposed", Alerts: []string{id}})
		if a := d.only(); a.Incident != "" {
			t.Error("a proposal took the alert in")
		}
		say(incidentevent.Incident{ID: "i1", Number: "SC-2026-0001", State: "open", Alerts: []string{id, "unknown"}})
		say(incidentevent.Incident{ID: "i1", Number: "SC-2026-0001", State: "open", Alerts: []string{id}})
		a := d.only()
		if a.IncidentNumber != "SC-2026-0001" || a.Version != 2 {
			t.Errorf("%+v", a)
		}
		say(incidentevent.Incident{ID: "i2", State: "open", Removed: []string{id}})
		if d.only().Incident != "i1" {
			t.Error("another incident let it go")
		}
		say(incidentevent.Incident{ID: "i1", State: "open", Removed: []string{id}})
		if d.only().Incident != "" {
			t.Error("it is still in the incident")
		}
	})
}

// Run itself, on the system's clock of a bubble.
func TestRun_DoesWhatIsDueWhenItIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, storetest.SQLite(t, nil), nil)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { defer close(done); _ = d.Run(ctx) }()
		synctest.Wait()
		d.fact(condition("T1", 4, time.Now()))
		time.Sleep(time.Second)
		if m := d.told(); len(m) != 1 {
			t.Errorf("at once: %+v", m)
		}
		time.Sleep(5 * time.Minute)
		if m := d.told(); len(m) != 1 || m[0].Topic != notify.TopicEscalation {
			t.Errorf("after five minutes: %+v", m)
		}
		cancel()
		<-done
	})
}
