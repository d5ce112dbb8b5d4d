package alert_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
)

func TestCondition_IsOneAlertUntilItIsClosed(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.fact(condition("T1", 2, start))
		a := d.only()
		if a.Number != "CB-2026-000001" || a.State != alert.Raised || !a.Active || a.Severity != 2 || a.Unit != "20242" || a.AreaName != "Phường 20242" || a.GroupSize != 1 {
			t.Errorf("raised as %+v", a)
		}
		d.fact(condition("T1", 4, after(time.Minute)), condition("T1", 3, after(2*time.Minute)))
		d.fact(condition("T1", 4, after(time.Minute))) // old
		if a = d.only(); a.Severity != 3 || a.PeakSeverity != 4 {
			t.Errorf("severity %d, peak %d", a.Severity, a.PeakSeverity)
		}
		d.fact(condition("T1", 0, after(3*time.Minute)))
		if a = d.only(); a.Active || a.ResolvedAt == nil || a.State != alert.Raised {
			t.Errorf("resolved: %+v", a)
		}
		d.fact(condition("T1", 2, after(4*time.Minute)))
		if a = d.only(); !a.Active || a.Severity != 2 || a.ResolvedAt != nil {
			t.Errorf("again: %+v", a)
		}
		det := d.detail(officer, a.ID)
		if got := strings.Join(steps(det), " "); got != "raise severity severity resolve reactivate" {
			t.Error(got)
		}
		if len(det.Timeline) != a.Version {
			t.Errorf("%d entries for version %d", len(det.Timeline), a.Version)
		}
		d.do(officer, a.ID, alert.Command{Verb: alert.Close, Version: a.Version, Reason: "nước đã rút"})
		d.fact(condition("T1", 0, after(5*time.Minute)), condition("T1", 2, after(6*time.Minute)))
		as := d.list(alert.Filter{Open: yes()})
		if len(as) != 1 || as[0].ID == a.ID || as[0].Number != "CB-2026-000002" {
			t.Fatalf("after closing: %+v", as)
		}
		if det := d.detail(officer, as[0].ID); len(det.Similar) != 1 || det.Similar[0].ID != a.ID {
			t.Errorf("similar: %+v", det.Similar)
		}
	})
}

func TestCondition_ClosedWhileItLastsComesBackOnlyWhenWorse(t *testing.T) {
	d := one(t)
	d.fact(condition("T1", 3, start))
	d.do(officer, d.only().ID, alert.Command{Verb: alert.Verify, Verdict: alert.VerdictFalse, Reason: "cảm biến bám rác"})
	d.fact(condition("T1", 2, after(time.Minute)))
	if as := d.list(alert.Filter{Open: yes()}); len(as) != 0 {
		t.Fatal("a smaller condition raised again")
	}
	d.fact(condition("T1", 4, after(2*time.Minute)))
	if as := d.list(alert.Filter{Open: yes()}); len(as) != 1 || as[0].Severity != 4 {
		t.Fatalf("a graver one did not: %+v", as)
	}
	p, err := d.Precision(t.Context(), "depth")
	if err != nil || p.Wrong != 1 || p.Share == nil || *p.Share != 0 {
		t.Errorf("precision %+v %v", p, err)
	}
}

func TestEvidence_IsFrozenAndDamageIsSeen(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.fact(condition("T1", 2, start))
		d.fact(condition("T1", 3, after(time.Minute)), condition("T1", 2, after(2*time.Minute)))
		id := d.only().ID
		det := d.detail(officer, id)
		if len(det.Frozen) != 2 || !det.Evidence.Intact || det.Evidence.Severity != 3 || det.Timeline[0].Data["evidence"] != det.Frozen[1].Hash {
			t.Fatalf("%+v", det.Frozen)
		}
		if got := string(det.Evidence.Readiness); got != `{"level":"A","source":"towers"}` {
			t.Error(got)
		}
		if !strings.Contains(string(det.Evidence.Trace), `"v":0.25`) || !strings.Contains(string(det.Evidence.Position), `"area":"20242"`) {
			t.Errorf("%s %s", det.Evidence.Trace, det.Evidence.Position)
		}
		err := d.db.Housekeep(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec("update alert_evidence set body = replace(body, '0.25', '0.05') where alert = $1", id)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if d.detail(officer, id).Evidence.Intact {
			t.Error("the damage was not seen")
		}
	})
}

func TestRaise_ByHand(t *testing.T) {
	d := one(t)
	lon, lat := 108.2, 16.0
	a, err := d.Raise(t.Context(), officer, alert.Draft{Title: msg.Text{Vi: "Cây đổ chắn đường"}, Severity: 3, Service: "flood", Lon: &lon, Lat: &lat, Area: "20242"})
	if err != nil || a.Kind != alertevent.KindManual || a.Title.En == "" || a.Unit != "20242" {
		t.Fatalf("%+v %v", a, err)
	}
	if det := d.detail(officer, a.ID); det.Evidence != nil || det.Timeline[0].Actor.Name != officer.Name {
		t.Errorf("%+v", det)
	}
	_, err = d.Raise(t.Context(), officer, alert.Draft{Severity: 7, Lon: &lon})
	f, ok := fault.As(err)
	var paths []string
	for _, x := range f.Fields {
		paths = append(paths, x.Path)
	}
	slices.Sort(paths)
	if !ok || strings.Join(paths, " ") != "lon service severity title" {
		t.Errorf("%v", err)
	}
	if _, err := d.Raise(t.Context(), haiChau, alert.Draft{}); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a unit raised: %v", err)
	}
	if _, err := d.Raise(t.Context(), access.Nobody(), alert.Draft{}); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("nobody raised: %v", err)
	}
}
