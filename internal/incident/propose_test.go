package incident_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/incident"
	"openioc.org/ioc/internal/store/storetest"
)

func (r *room) proposals() []incident.Incident {
	r.t.Helper()
	p, err := r.List(r.t.Context(), officer, incident.Filter{States: []string{"proposed"}, Limit: 1000})
	if err != nil {
		r.t.Fatal(err)
	}
	return p.Incidents
}

func TestProposals(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.hear(alert("a1", 108.200, 16.060))
		if ps := r.proposals(); len(ps) != 0 {
			t.Fatalf("one alert was proposed: %+v", ps)
		}
		far, other, quiet, wrong := alert("far", 108.300, 16.060), alert("other", 108.201, 16.061), alert("quiet", 108.201, 16.061), alert("wrong", 108.2, 16.06)
		other.Service, quiet.Suppressed, wrong.Verdict = "traffic", true, "false"
		r.hear(far, other, quiet, wrong)
		if ps := r.proposals(); len(ps) != 0 {
			t.Fatalf("far, of another service, suppressed or false: %+v", ps)
		}
		grave := alert("a2", 108.210, 16.065)
		grave.Severity, grave.Estimated = alertevent.Emergency, true
		r.hear(grave)
		ps := r.proposals()
		if len(ps) != 1 || len(ps[0].Alerts) != 2 || ps[0].Severity != 4 || ps[0].Title != "Ngập a2" || ps[0].ProposalWhy == nil || ps[0].OpenedBy != nil || !ps[0].Estimated {
			t.Fatalf("%+v", ps)
		}
		if why := ps[0].ProposalWhy; !strings.Contains(why.Vi, "lĩnh vực mưa – ngập") || !strings.Contains(why.En, "rain and flood") {
			t.Errorf("the service is not said in words: %+v", why)
		}
		if fs := r.facts("ioc.incident.proposed."); len(fs) != 1 || len(fs[0].Alerts) != 0 {
			t.Errorf("a proposal owns alerts: %+v", fs)
		}
		r.hear(alert("a3", 108.205, 16.055))
		quiet.Suppressed = false // the silence is over
		r.hear(quiet)
		if ps = r.proposals(); len(ps) != 1 || len(ps[0].Alerts) != 4 {
			t.Fatalf("%+v", ps)
		}
		p := r.do(officer, ps[0], incident.Step{Step: incident.StepConfirm, LeadUnit: ptr(haiChau)})
		if p.State != incident.Open || p.SOP != "flood-street" || p.LeadUnit != haiChau || p.OpenedBy == nil || p.AcknowledgedAt == nil {
			t.Errorf("%+v", p)
		}
		if fs := r.facts("ioc.incident.confirmed."); len(fs) != 1 || len(fs[0].Alerts) != 4 {
			t.Errorf("%+v", fs)
		}

		// What comes now is a candidate for the open incident.
		r.hear(alert("a4", 108.204, 16.058), alert("a5", 108.203, 16.058))
		d := r.detail(officer, p.ID)
		if len(d.Candidates) != 2 || d.Incident.CandidateCount != 2 || len(d.Incident.Alerts) != 4 {
			t.Fatalf("%+v", d.Candidates)
		}
		p = r.do(officer, d.Incident, incident.Step{Step: incident.StepAddAlerts, Alerts: []string{"a4"}})
		p = r.do(officer, p, incident.Step{Step: incident.StepRemoveAlerts, Alerts: []string{"a5"}, Comment: "vụ khác"})
		if len(p.Alerts) != 5 || p.CandidateCount != 0 {
			t.Errorf("%+v", p)
		}
		changed := alert("a4", 108.204, 16.058)
		changed.State, changed.Active = "closed", false
		r.hear(changed, alert("a5", 108.203, 16.058))
		d = r.detail(officer, p.ID)
		if len(d.Candidates) != 0 {
			t.Errorf("what was refused is proposed again: %+v", d.Candidates)
		}
		for _, a := range d.Incident.Alerts {
			if a.ID == "a4" && (a.State != "closed" || a.Active) {
				t.Errorf("the incident does not know what became of its alert: %+v", a)
			}
		}
		p = r.do(officer, d.Incident, incident.Step{Step: incident.StepRemoveAlerts, Alerts: []string{"a1"}})
		fs := r.facts("ioc.incident.changed.")
		if last := fs[len(fs)-1]; len(last.Removed) != 1 || last.Removed[0] != "a1" || len(last.Alerts) != 4 {
			t.Errorf("%+v", last)
		}
	})
}

// A proposal is called after its gravest alert and takes the procedure of that
// one's rule, however late the alert came or grew; what is confirmed keeps its name.
func TestAProposalFollowsItsGravestAlert(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.hear(alert("a1", 108.200, 16.060), alert("a2", 108.201, 16.061))
		river := alert("river", 108.202, 16.061)
		river.SOP = "flood-river"
		r.hear(river)
		before := r.proposals()[0]
		if before.Severity == alertevent.Emergency || before.Title == river.Title.Vi {
			t.Fatalf("%+v", before)
		}
		river.Severity = alertevent.Emergency
		r.hear(river)
		p := r.proposals()[0]
		if p.Severity != alertevent.Emergency || p.Title != river.Title.Vi || len(p.Alerts) != 3 {
			t.Fatalf("%d %q with %d alerts", p.Severity, p.Title, len(p.Alerts))
		}
		p = r.do(officer, p, incident.Step{Step: incident.StepConfirm})
		if p.SOP != "flood-river" {
			t.Errorf("the procedure is %q", p.SOP)
		}
		worse := alert("a1", 108.200, 16.060)
		worse.Severity = alertevent.Emergency
		r.hear(worse)
		if d := r.detail(officer, p.ID); d.Incident.Title != river.Title.Vi || d.Incident.Version != p.Version {
			t.Errorf("%+v", d.Incident)
		}
	})
}

func TestADismissedProposalDoesNotComeBack(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.hear(alert("a1", 108.20, 16.06), alert("a2", 108.20, 16.06))
		p := r.proposals()[0]
		p = r.do(officer, p, incident.Step{Step: incident.StepDismiss, Comment: "hai việc khác nhau"})
		if p.State != incident.Dismissed {
			t.Fatalf("%+v", p)
		}
		r.hear(alert("a1", 108.20, 16.06), alert("a2", 108.20, 16.06), alert("a3", 108.20, 16.06))
		if ps := r.proposals(); len(ps) != 0 {
			t.Errorf("proposed again: %+v", ps)
		}
		r.hear(alert("a4", 108.20, 16.06)) // two that nobody has decided about
		if ps := r.proposals(); len(ps) != 1 || len(ps[0].Alerts) != 2 {
			t.Errorf("%+v", ps)
		}
		// By hand they can be put together all the same.
		i := r.openIncident("a1", "a4")
		if len(i.Alerts) != 2 {
			t.Errorf("%+v", i)
		}
		if ps := r.proposals(); len(ps) != 1 || len(ps[0].Alerts) != 1 {
			t.Errorf("%+v", ps)
		}
	})
}

func TestOldAlertsAreNotProposedTogether(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.hear(alert("a1", 108.20, 16.06))
		r.clk.Set(start.Add(3 * time.Hour))
		late := alert("a2", 108.20, 16.06)
		late.RaisedAt = r.clk.Now()
		r.hear(late)
		if ps := r.proposals(); len(ps) != 0 {
			t.Errorf("%+v", ps)
		}
		area := alert("a3", 109, 16.5) // in the same ward as a4, without a place close by
		area.Area, area.RaisedAt = haiChau, r.clk.Now()
		same := alert("a4", 0, 0)
		same.Lon, same.Lat, same.Area, same.RaisedAt = nil, nil, haiChau, r.clk.Now()
		r.hear(area, same)
		if ps := r.proposals(); len(ps) != 1 || len(ps[0].Alerts) != 2 {
			t.Errorf("%+v", ps)
		}
	})
}

// TestStorm holds the cost and the bounds of proposals in a storm.
func TestStorm(t *testing.T) {
	clk := clock.Manual(start)
	r := newRoom(t, storetest.SQLite(t, clk), clk)
	const n = 3000
	began := time.Now()
	for from := 0; from < n; from += 128 {
		var batch []alertevent.Alert
		for k := from; k < min(from+128, n); k++ {
			batch = append(batch, alert(fmt.Sprintf("s%05d", k), 108.0+0.3*float64(k%37)/37, 15.9+0.3*float64(k%31)/31))
		}
		r.hear(batch...)
	}
	took := time.Since(began)
	ps := r.proposals()
	total := 0
	for _, p := range ps {
		total += len(p.Alerts)
		if len(p.Alerts) > 200 {
			t.Errorf("%s has %d alerts", p.Number, len(p.Alerts))
		}
	}
	t.Logf("%d alerts in %v: %d proposals, %d alerts in them, %d browser messages", n, took, len(ps), total, len(r.live))
	if len(ps) == 0 || len(ps) > 200 || total < n/2 {
		t.Errorf("%d proposals with %d alerts", len(ps), total)
	}
	if took > 30*time.Second {
		t.Errorf("took %v", took)
	}
}
