package alert_test

import (
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert"
	"openioc.org/ioc/internal/alert/alertevent"
)

// A case that falls due goes straight to its ward: the shift is neither told
// nor asked, the ward works as with any other alert, and it closes by itself
// when the case has ended.
func TestDirect(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		c := condition("H17.19-261015-0001", alertevent.Notice, start, "kind", "case")
		c.Direct, c.Unit, c.Area, c.Service, c.Kind = true, "20242", "", "case", alertevent.KindCase
		d.fact(c)
		if got := d.list(alert.Filter{}); len(got) != 0 {
			t.Errorf("the shift's list holds %d", len(got))
		}
		yes := true
		all := d.list(alert.Filter{Direct: &yes})
		if len(all) != 1 || len(d.list(alert.Filter{Service: "case"})) != 1 {
			t.Fatalf("asked for, the list holds %d", len(all))
		}
		a := all[0]
		if a.State != alert.Dispatched || a.Unit != "20242" || a.Times.AcknowledgeBy != nil || a.Escalation.NextAt != nil {
			t.Errorf("begins as %s of %s, to be acknowledged by %v, climbing at %v", a.State, a.Unit, a.Times.AcknowledgeBy, a.Escalation.NextAt)
		}
		if p, err := d.List(t.Context(), haiChau, alert.Filter{}); err != nil || p.Total != 1 {
			t.Errorf("the ward's list holds %d, %v", p.Total, err)
		}
		for who, want := range map[*access.Actor]int{&officer: 0, &haiChau: 1} {
			s, err := d.Summary(t.Context(), *who)
			if err != nil || s.Open["2"] != want || s.Unacknowledged != 0 || s.Budget.Per10Min != 0 {
				t.Errorf("summary of %s: %+v, %v", who.Name, s, err)
			}
		}
		d.pass(48 * time.Hour)
		if sent := d.told(); len(sent) != 0 {
			t.Errorf("%d messages were sent: %+v", len(sent), sent[0])
		}
		a = d.do(haiChau, a.ID, alert.Command{Verb: alert.Accept, Version: a.Version})
		c.Severity, c.At = alertevent.None, d.clk.Now()
		d.fact(c)
		if a = d.list(alert.Filter{Direct: &yes})[0]; a.State != alert.Closed || a.ResolvedAt == nil {
			t.Errorf("after the end of the case it is %s", a.State)
		}
	})
}
