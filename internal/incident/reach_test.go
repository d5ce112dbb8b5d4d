package incident_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/incident"
	"openioc.org/ioc/internal/store/storetest"
)

// Whatever the grants, the lists, the board, the layers and the pages hold what
// the rule of the live feeds says, row by row.
func TestListsAreWhatTheRuleSays(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		rnd := rand.New(rand.NewPCG(4, 2))
		units, areas, services := []string{haiChau, sonTra, "old"}, []string{haiChau, sonTra}, []string{"flood", "river"}
		type row struct {
			id, area, service string
			units             []string
			proposed          bool
		}
		var incidents, tasks []row
		for k := range 24 {
			a := alert(fmt.Sprintf("r%d", k), 107+float64(k)/10, 16) // far from each other
			a.Service, a.Area, a.Severity = services[rnd.IntN(2)], append(areas, "")[rnd.IntN(3)], alertevent.Severity(3)
			r.hear(a)
			if k%6 == 0 {
				continue // stays a proposal
			}
			d := incident.Draft{Title: "Thử", Service: a.Service, Severity: 3, Alerts: []string{a.ID}, LeadUnit: append(units, "")[rnd.IntN(4)]}
			i, err := r.Open(r.t.Context(), officer, d)
			if err != nil {
				t.Fatal(err)
			}
			w := row{id: i.ID, area: i.Area, service: i.Service, units: []string{i.LeadUnit}}
			for range rnd.IntN(3) {
				x := r.give(iocLead, incident.TaskDraft{Incident: i.ID, Unit: units[rnd.IntN(3)]})
				tasks = append(tasks, row{id: x.ID, area: i.Area, service: i.Service, units: []string{x.Unit, i.LeadUnit}})
				w.units = append(w.units, x.Unit)
			}
			incidents = append(incidents, w)
		}
		for range 6 {
			x := r.give(leader, incident.TaskDraft{Kind: incident.KindDirective, Unit: units[rnd.IntN(3)]})
			tasks = append(tasks, row{id: x.ID, units: []string{x.Unit}})
		}
		all, err := r.List(t.Context(), access.System("test"), incident.Filter{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range all.Incidents {
			if i.State == incident.Proposed {
				incidents = append(incidents, row{id: i.ID, area: i.Area, service: i.Service, proposed: true})
			}
		}
		for n := range 40 {
			actor := access.Actor{ID: "u9", Name: "Ai đó", Grants: []access.Grant{}}
			for range 1 + rnd.IntN(3) {
				actor.Grants = append(actor.Grants, access.Grant{Role: []access.Role{access.Unit, access.IOCLeader, access.Duty}[rnd.IntN(3)],
					Units: storetest.Codes(rnd, units), Areas: storetest.Codes(rnd, areas), Services: storetest.Codes(rnd, services), Ceiling: access.Personal})
			}
			reach := actor.Reach(access.IncidentView)
			expect := func(rows []row, page func(id string) error) (ids []string) {
				for _, w := range rows {
					sees := incident.Holds(reach, w.units, w.area, w.service)
					if sees {
						ids = append(ids, w.id)
					}
					if n < 10 {
						if err := page(w.id); (err == nil) != sees || !sees && fault.KindOf(err) != fault.NotFound {
							t.Fatalf("%+v: page of %+v: %v", actor.Grants, w, err)
						}
					}
				}
				slices.Sort(ids)
				return ids
			}
			want := expect(incidents, func(id string) error { _, err := r.Get(t.Context(), actor, id); return err })
			page, err := r.List(t.Context(), actor, incident.Filter{Limit: 1000})
			var got []string
			for _, i := range page.Incidents {
				got = append(got, i.ID)
			}
			if slices.Sort(got); err != nil || !slices.Equal(got, want) || page.Total != len(want) {
				t.Fatalf("%+v: %d incidents, counted %d, want %d, %v", actor.Grants, len(got), page.Total, len(want), err)
			}
			want = expect(tasks, func(id string) error { _, err := r.Task(t.Context(), actor, id); return err })
			list, total, err := r.Tasks(t.Context(), actor, incident.TaskFilter{Limit: 1000})
			got = nil
			for _, x := range list {
				got = append(got, x.ID)
			}
			if slices.Sort(got); err != nil || !slices.Equal(got, want) || total != len(want) {
				t.Fatalf("%+v: %d tasks, counted %d, want %d, %v", actor.Grants, len(got), total, len(want), err)
			}
			board, err := r.Board(t.Context(), actor, "")
			if err != nil || board.Total.Total != len(want) {
				t.Fatalf("%+v: %d on the board, want %d, %v", actor.Grants, board.Total.Total, len(want), err)
			}
			for _, l := range r.Layers() {
				if _, err := l.Features(httpapi.WithActor(t.Context(), actor), r.clk.Now()); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
