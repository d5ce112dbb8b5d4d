package alert_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/fault"
)

// The way through the states that the domain notes draw, and no other.
var roads = map[alert.State][]alert.State{
	alert.Raised:       {alert.Acknowledged, alert.Verified, alert.Dispatched, alert.Closed},
	alert.Acknowledged: {alert.Verified, alert.Dispatched, alert.Closed},
	alert.Verified:     {alert.Dispatched, alert.Closed},
	alert.Dispatched:   {alert.Accepted, alert.Verified, alert.InProgress, alert.Done},
	alert.Accepted:     {alert.Verified, alert.InProgress, alert.Done},
	alert.InProgress:   {alert.Done},
	alert.Done:         {alert.Checked, alert.InProgress, alert.Closed},
	alert.Checked:      {alert.Closed},
	alert.Closed:       {alert.Acknowledged},
}

var verbs = []alert.Verb{
	alert.Acknowledge, alert.Verify, alert.Dispatch, alert.Accept, alert.Return, alert.Start, alert.Finish, alert.Check, alert.Close,
	alert.Reopen, alert.Comment, alert.Escalate, alert.Severity, alert.Resolve, alert.Reactivate, alert.Suppress, alert.Release,
	alert.Flap, alert.Steady, alert.Join, alert.Readdress, "made-up",
}

// Random commands of random people never reach a state off the road; each that
// is accepted makes one version and one entry; what is closed waits for nobody.
func TestApply_Model(t *testing.T) {
	limits := alert.Defaults().Times
	rapid.Check(t, func(t *rapid.T) {
		now := start
		a := alert.Alert{ID: "a", Version: 1, State: alert.Raised, Severity: 3, PeakSeverity: 3, Active: true, Unit: "20242", Escalation: alert.Escalation{Level: 1}}
		entries := 1
		people := []access.Actor{officer, officer2, haiChau, haiVan, leader, access.Nobody(), access.System("alert")}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				if a.Version != entries {
					t.Fatalf("version %d, %d entries", a.Version, entries)
				}
				if !a.State.Valid() || a.Escalation.Level < 1 || a.Escalation.Level > 4 || a.PeakSeverity < a.Severity {
					t.Fatalf("%+v", a)
				}
				if (a.State == alert.Closed) != (a.ClosedAt != nil) {
					t.Fatalf("state %s, closed at %v", a.State, a.ClosedAt)
				}
				if (a.State == alert.Closed || a.SuppressedBy != nil) && a.Escalation.NextAt != nil {
					t.Fatalf("%s, kept quiet by %v, and waits until %v", a.State, a.SuppressedBy, a.Escalation.NextAt)
				}
				if a.State == alert.Dispatched && a.Unit == "" {
					t.Fatal("dispatched to nobody")
				}
			},
			"command": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "minutes")) * time.Minute)
				c := alert.Command{
					Verb: rapid.SampledFrom(verbs).Draw(t, "verb"), Actor: rapid.SampledFrom(people).Draw(t, "actor"),
					Version: rapid.SampledFrom([]int{0, a.Version, a.Version - 1, a.Version + 1, 1}).Draw(t, "version"),
					Verdict: rapid.SampledFrom([]string{"", "true", "false", "duplicate", "x"}).Draw(t, "verdict"),
					Reason:  rapid.SampledFrom([]string{"", "vì sao"}).Draw(t, "reason"), DuplicateOf: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "of"),
					Unit: rapid.SampledFrom([]string{"", "20242", "20194"}).Draw(t, "unit"), OK: rapid.SampledFrom([]*bool{nil, yes(), no()}).Draw(t, "ok"),
					Severity: alertevent.Severity(rapid.IntRange(1, 4).Draw(t, "severity")), At: now,
					Suppression: &alert.Suppression{Kind: alert.BySilence, ID: "s"}, Incident: "i",
				}
				if c.Verb == alert.Readdress && c.Unit == "" {
					c.Unit = "20194"
				}
				for _, l := range limits {
					if l.Severity == a.Severity {
						c.Limit = l
					}
				}
				before := fmt.Sprintf("%+v", a)
				after, step, err := alert.Apply(a, c, now)
				if fmt.Sprintf("%+v", a) != before {
					t.Fatal("Apply changed what it was given")
				}
				if err != nil {
					if k := fault.KindOf(err); k == fault.Internal {
						t.Fatalf("%s: %v", c.Verb, err)
					}
					return
				}
				if after.State != a.State && !slices.Contains(roads[a.State], after.State) {
					t.Fatalf("%s led from %s to %s", c.Verb, a.State, after.State)
				}
				if step.From != a.State || step.To != after.State || step.N != after.Version || step.Actor.ID != c.Actor.ID {
					t.Fatalf("entry %+v", step)
				}
				if !c.Actor.IsSystem() && c.Version > 0 && c.Version > a.Version {
					t.Fatal("a version from the future was taken")
				}
				if c.Actor.ID == leader.ID && c.Verb != alert.Comment || c.Actor.ID == access.Nobody().ID {
					t.Fatalf("%s did %s", c.Actor.ID, c.Verb)
				}
				if c.Actor.ID == haiVan.ID && c.Verb != alert.Comment && a.Unit != haiVan.Unit {
					t.Fatalf("another unit did %s", c.Verb)
				}
				a, entries = after, entries+1
			},
		})
	})
}

func TestLife_FromRaisedToClosed(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.fact(condition("T1", 3, start))
		id := d.only().ID
		for _, s := range []struct {
			who  access.Actor
			do   alert.Command
			want alert.State
		}{
			{officer, alert.Command{Verb: alert.Acknowledge}, alert.Acknowledged},
			{officer, alert.Command{Verb: alert.Verify, Verdict: alert.VerdictTrue}, alert.Verified},
			{officer, alert.Command{Verb: alert.Dispatch}, alert.Dispatched},
			{haiChau, alert.Command{Verb: alert.Return, Reason: "không thuộc địa bàn"}, alert.Verified},
			{officer, alert.Command{Verb: alert.Dispatch, Unit: "20242"}, alert.Dispatched},
			{haiChau, alert.Command{Verb: alert.Accept}, alert.Accepted},
			{haiChau, alert.Command{Verb: alert.Start}, alert.InProgress},
			{leader, alert.Command{Verb: alert.Comment, Comment: "báo cáo trước 10 giờ"}, alert.InProgress},
			{haiChau, alert.Command{Verb: alert.Finish, Comment: "đã đặt rào"}, alert.Done},
			{officer, alert.Command{Verb: alert.Check, OK: no(), Reason: "thiếu ảnh"}, alert.InProgress},
			{haiChau, alert.Command{Verb: alert.Finish}, alert.Done},
			{officer, alert.Command{Verb: alert.Check, OK: yes()}, alert.Checked},
			{officer, alert.Command{Verb: alert.Close}, alert.Closed},
			{officer, alert.Command{Verb: alert.Reopen, Reason: "nước lại lên"}, alert.Acknowledged},
		} {
			d.clk.Set(d.clk.Now().Add(time.Minute))
			s.do.Version = d.only().Version
			if a := d.do(s.who, id, s.do); a.State != s.want {
				t.Fatalf("%s: %s, want %s", s.do.Verb, a.State, s.want)
			}
		}
		det := d.detail(officer, id)
		if got := strings.Join(steps(det), " "); got != "raise acknowledge verify dispatch return dispatch accept start comment finish check finish check close reopen" {
			t.Error(got)
		}
		if e := det.Timeline[4]; e.Actor.Name != haiChau.Name || e.Comment != "không thuộc địa bàn" || e.From != alert.Dispatched || e.To != alert.Verified {
			t.Errorf("return: %+v", e)
		}
	})
}

func TestDispatch_AtThreeInTheMorning(t *testing.T) {
	d := one(t)
	d.fact(condition("T1", 4, start))
	a := d.do(officer, d.only().ID, alert.Command{Verb: alert.Dispatch, Version: 1})
	if a.State != alert.Dispatched || a.Verdict != alert.VerdictTrue || a.Assignee != officer.Name || a.Times.AcknowledgedAt == nil {
		t.Errorf("%+v", a)
	}
	det := d.detail(officer, a.ID)
	if got := fmt.Sprint(det.Timeline[1].Data["skipped"]); len(det.Timeline) != 2 || got != "[acknowledge verify]" {
		t.Errorf("%d entries, skipped %s", len(det.Timeline), got)
	}
	told := d.told()
	if len(told) != 1 || told[0].Unit != "20242" || told[0].To[0].Level != 1 || !strings.HasPrefix(told[0].Title.Vi, "Chuyển xử lý – Khẩn cấp: ") {
		t.Errorf("told %+v", told)
	}
}

func TestTwoOperatorsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.fact(condition("T1", 3, start))
		a := d.only()
		d.fact(condition("T1", 4, after(time.Minute))) // the program's changes stand in nobody's way
		d.do(officer, a.ID, alert.Command{Verb: alert.Acknowledge, Version: a.Version})
		_, err := d.Do(t.Context(), officer2, a.ID, alert.Command{Verb: alert.Close, Version: a.Version, Reason: "trùng"})
		f, _ := fault.As(err)
		if f == nil || f.Code != "alert.changed" || f.Kind != fault.Conflict {
			t.Fatalf("%v", err)
		}
		if got := f.In("vi"); !strings.HasPrefix(got, "Trực ban đã tiếp nhận lúc 09:00 15/10/2026; cảnh báo nay ở trạng thái “Tiếp nhận”") {
			t.Error(got)
		}
		if got := f.In("en"); !strings.HasPrefix(got, "Trực ban acknowledged the alert at 09:00, 15 Oct 2026; it is now “Acknowledged”") {
			t.Error(got)
		}
	})
}

func TestReopen_NotBesideItsTwin(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.fact(condition("T1", 3, start))
		a := d.do(officer, d.only().ID, alert.Command{Verb: alert.Close, Reason: "x"})
		d.fact(condition("T1", 0, after(time.Minute)), condition("T1", 3, after(2*time.Minute)))
		if _, err := d.Do(t.Context(), officer, a.ID, alert.Command{Verb: alert.Reopen, Reason: "y"}); !strings.Contains(fmt.Sprint(err), "alert.open_already") {
			t.Errorf("%v", err)
		}
		twin := d.list(alert.Filter{Open: yes()})[0]
		d.do(officer, twin.ID, alert.Command{Verb: alert.Close, Reason: "x"})
		d.do(officer, a.ID, alert.Command{Verb: alert.Reopen, Reason: "y"})
		d.fact(condition("T1", 0, after(3*time.Minute)))
		if as := d.list(alert.Filter{Open: yes()}); len(as) != 1 || as[0].ID != a.ID || as[0].Active {
			t.Errorf("%+v", as)
		}
	})
}

func TestBulk_DoesWhatItCanAndSaysWhatNot(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		var ids []string
		for i := range 5 {
			d.fact(condition(fmt.Sprint("T", i), 3, start))
		}
		for _, a := range d.list(alert.Filter{}) {
			ids = append(ids, a.ID)
		}
		d.do(officer, ids[0], alert.Command{Verb: alert.Close, Reason: "x"})
		d.told()
		done, failed, err := d.DoAll(t.Context(), officer, append(ids, "nobody", ids[1]), alert.Command{Verb: alert.Dispatch})
		if err != nil || len(done) != 4 || len(failed) != 2 {
			t.Fatalf("%v %v %v", done, failed, err)
		}
		if told := d.told(); len(told) != 1 || !strings.Contains(told[0].Title.Vi, "và 3 cảnh báo khác") {
			t.Errorf("%+v", told)
		}
	})
}

func TestUnits_SeeWhatIsTheirs(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.fact(condition("T1", 3, start), condition("T2", 3, start, "area", "20194"))
		page, err := d.List(t.Context(), haiChau, alert.Filter{})
		if err != nil || page.Total != 1 || len(page.Alerts) != 1 {
			t.Fatalf("%+v %v", page, err)
		}
		var other alert.Alert
		for _, a := range d.list(alert.Filter{}) {
			if a.Area == "20194" {
				other = a
			}
		}
		if _, err := d.Detail(t.Context(), haiChau, other.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("detail: %v", err)
		}
		if _, err := d.Do(t.Context(), haiChau, other.ID, alert.Command{Verb: alert.Comment, Comment: "x"}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("step: %v", err)
		}
		if _, err := d.Viewing(t.Context(), haiChau, other.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("viewing: %v", err)
		}
		if s, err := d.Summary(t.Context(), haiChau); err != nil || s.Open["3"] != 1 {
			t.Errorf("summary %+v %v", s, err)
		}
	})
}
