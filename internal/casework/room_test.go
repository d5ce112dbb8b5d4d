package casework

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/audit"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/workcal"
)

var (
	system  = access.System("test")
	leader  = access.Actor{ID: "l1", Name: "Chủ tịch", Roles: []access.Role{access.Leader}}
	iocHead = access.Actor{ID: "h1", Name: "Lãnh đạo IOC", Roles: []access.Role{access.IOCLeader}}
	officer = access.Actor{ID: "o1", Name: "Cán bộ", Roles: []access.Role{access.Officer}, Unit: "20242"}
	analyst = access.Actor{ID: "a1", Name: "Phân tích", Roles: []access.Role{access.Analyst}}
	citizen = access.Actor{ID: "c1", Roles: []access.Role{access.Citizen}}
)

// units are a small city.
var units = map[string]Unit{
	"20242": {Code: "20242", Name: "Phường Hải Châu", Ward: true, Parent: "ubnd", InForce: true},
	"20194": {Code: "20194", Name: "Phường Hải Vân", Ward: true, Parent: "ubnd", InForce: true},
	"soxd":  {Code: "soxd", Name: "Sở Xây dựng", Parent: "ubnd", InForce: true},
	"492":   {Code: "492", Name: "Quận Hải Châu", Successors: []string{"20242", "20194"}},
	"4921":  {Code: "4921", Name: "Phường Thạch Thang", Successors: []string{"20242"}},
	"ubnd":  {Code: "ubnd", Name: "UBND thành phố", InForce: true},
}

type room struct {
	*Service
	t   testing.TB
	db  *store.DB
	clk *clock.Clock
}

var morning = local("2026-03-10 09:00")

func newRoom(t testing.TB, db *store.DB, clk *clock.Clock) *room {
	t.Helper()
	if _, err := audit.New(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	s, err := New(context.WithoutCancel(t.Context()), Options{
		Store: db, Clock: clk, Calendar: func() *workcal.Calendar { return calendar },
		Unit:  func(code string, _ time.Time) (Unit, bool) { u, ok := units[code]; return u, ok },
		Units: func(time.Time) []Unit { return []Unit{units["20242"], units["20194"], units["soxd"], units["ubnd"]} },
		Subtree: func(code string, _ time.Time) []string {
			if code == "ubnd" {
				return []string{"20194", "20242", "soxd", "ubnd"}
			}
			return []string{code}
		},
		User: func(id string) (string, bool) {
			return map[string]string{"o1": "Trần Thị Cán Bộ"}[id], id == "o1"
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &room{s, t, db, clk}
}

func (r *room) take(evs ...Event) Report {
	r.t.Helper()
	rep, err := r.Import(r.t.Context(), system, evs)
	if err != nil {
		r.t.Fatal(err)
	}
	return rep
}

func (r *room) list(actor access.Actor, f Filter) []string {
	r.t.Helper()
	p, err := r.List(r.t.Context(), actor, f)
	if err != nil {
		r.t.Fatalf("%+v: %v", f, err)
	}
	out := []string{}
	for _, c := range p.Cases {
		out = append(out, c.Code)
	}
	if !p.Bounded && p.Next == "" && f.Cursor == "" && p.Total != len(out) {
		r.t.Errorf("%+v: total %d of %d", f, p.Total, len(out))
	}
	return out
}

func (r *room) byCode(code string) *Case {
	r.t.Helper()
	cs, err := r.ByCode(r.t.Context(), code)
	if err != nil || len(cs) == 0 {
		r.t.Fatalf("%s: %v %v", code, cs, err)
	}
	return cs[0]
}

// serve answers requests of actors, whose names are their tokens; a call fails
// the test unless it is answered as wanted.
func (r *room) serve(actors map[string]access.Actor) func(want int, as, method, path, body string) map[string]any {
	r.t.Helper()
	api, srv := httpapi.NewTestAPI(func(_ context.Context, token string) (access.Actor, bool) { a, ok := actors[token]; return a, ok })
	r.t.Cleanup(srv.Close)
	r.Routes(api)
	return func(want int, as, method, path, body string) map[string]any {
		r.t.Helper()
		req, err := http.NewRequest(method, srv.URL+"/api/v1"+path, strings.NewReader(body))
		if err != nil {
			r.t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+as)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			r.t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != want {
			r.t.Fatalf("%s %s as %s: %d %v %s", method, path, as, res.StatusCode, err, b)
		}
		out := map[string]any{}
		if err := json.Unmarshal(b, &out); err != nil {
			r.t.Fatalf("%s: %s", path, b)
		}
		return out
	}
}

func sorted(l []string) []string { l = slices.Clone(l); slices.Sort(l); return l }

func withStop(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(context.WithoutCancel(t.Context()))
}
