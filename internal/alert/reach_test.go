package alert_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store/storetest"
)

// Whatever the grants, list, counts, summary, layer and page of an alert hold
// what Covers says of it, row by row.
func TestListsAreWhatCoversSays(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := rand.New(rand.NewPCG(4, 1))
		units, services := []string{"20194", "20242", "snnmt", "cctl"}, []string{"flood", "river", "air"}
		chief := access.Actor{ID: "c1", Name: "Trưởng ca", Roles: []access.Role{access.IOCLeader}}
		type row struct{ id, unit, area, service string }
		var rows []row
		for i := range 60 {
			place := 108 + float64(i)/1000
			lat := 16.0
			a, err := d.Raise(t.Context(), chief, alert.Draft{
				Title: msg.Text{Vi: fmt.Sprintf("Thử %d", i)}, Service: services[r.IntN(3)], Severity: alertevent.Severity(1 + r.IntN(4)),
				Unit: append(units, "")[r.IntN(5)], Area: append(units[:2:2], "")[r.IntN(3)], Lon: &place, Lat: &lat, Thing: fmt.Sprintf("t%d", i),
			})
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, row{a.ID, a.Unit, a.Area, a.Service})
		}
		for n := range 40 {
			actor := access.Actor{ID: "u1", Name: "Ai đó", Grants: []access.Grant{}}
			for range r.IntN(4) {
				actor.Grants = append(actor.Grants, access.Grant{Role: []access.Role{access.Unit, access.Duty, access.Security}[r.IntN(3)],
					Units: storetest.Codes(r, units), Areas: storetest.Codes(r, units[:2]), Services: storetest.Codes(r, services), Ceiling: access.Personal})
			}
			reach := actor.Reach(access.AlertView)
			var want []string
			for _, w := range rows {
				sees := reach.Covers(access.Of(w.unit, w.area, w.service))
				if sees {
					want = append(want, w.id)
				}
				if n >= 15 || len(reach) == 0 {
					continue
				}
				if _, err := d.Detail(t.Context(), actor, w.id); (err == nil) != sees || !sees && fault.KindOf(err) != fault.NotFound {
					t.Fatalf("%+v: page of %+v: %v", actor.Grants, w, err)
				}
			}
			page, err := d.List(t.Context(), actor, alert.Filter{Limit: 100})
			if len(reach) == 0 {
				if fault.KindOf(err) != fault.Forbidden {
					t.Fatalf("%+v: %v", actor.Grants, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, raw := range page.Alerts {
				var a struct{ ID string }
				if err := json.Unmarshal(raw, &a); err != nil {
					t.Fatal(err)
				}
				got = append(got, a.ID)
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) || page.Total != len(want) {
				t.Fatalf("%+v: %d of %d in the list, counted %d", actor.Grants, len(got), len(want), page.Total)
			}
			sum, err := d.Summary(t.Context(), actor)
			if err != nil {
				t.Fatal(err)
			}
			open := 0
			for _, k := range sum.Open {
				open += k
			}
			if open+sum.Suppressed != len(want) {
				t.Fatalf("%+v: %d in the summary, want %d", actor.Grants, open+sum.Suppressed, len(want))
			}
			features, err := d.Layers()[0].Features(httpapi.WithActor(t.Context(), actor), time.Time{})
			if err != nil || len(features) != len(want) {
				t.Fatalf("%+v: %d on the map, want %d, %v", actor.Grants, len(features), len(want), err)
			}
		}
	})
}
