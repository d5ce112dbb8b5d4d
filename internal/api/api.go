// Package api holds the routes that belong to no single service: units, and
// the one search for everything.
package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/city"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/vi"
)

// Place is something the search can find beside units.
type Place struct {
	Kind     string // station, source
	ID       string
	Title    string
	Subtitle msg.Text
	Lon, Lat float64
	HasPlace bool
	Link     string // address in the UI
}

// Service answers the routes.
type Service struct {
	city   *city.City
	clock  *clock.Clock
	places func(ctx context.Context, actor access.Actor) []Place
}

// New makes the service; places lists what else than units the actor may
// find.
func New(c *city.City, clk *clock.Clock, places func(ctx context.Context, actor access.Actor) []Place) *Service {
	return &Service{city: c, clock: clk, places: places}
}

// Unit is an administrative unit on the wire.
type Unit struct {
	Code     string  `json:"code"`
	Name     string  `json:"name"`
	FullName string  `json:"full_name"`
	NameEn   string  `json:"name_en"`
	Kind     string  `json:"kind"`
	Lon      float64 `json:"lon"`
	Lat      float64 `json:"lat"`
	AreaKm2  float64 `json:"area_km2"`
}

// Result is one thing found.
type Result struct {
	Kind     string   `json:"kind" enum:"station,unit,old_unit,source"`
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Subtitle string   `json:"subtitle"`
	Lon      *float64 `json:"lon"`
	Lat      *float64 `json:"lat"`
	Link     string   `json:"link" doc:"address in the web interface"`
}

type unitsOut struct {
	Body struct {
		At    time.Time `json:"at"`
		Units []Unit    `json:"units"`
	}
}

type searchOut struct {
	Body struct {
		Results []Result `json:"results"`
	}
}

const maxResults = 20

// Routes registers GET /api/v1/units and /api/v1/search.
func (s *Service) Routes(api huma.API) {
	huma.Register(api, httpapi.Needs(huma.Operation{OperationID: "list-units", Method: http.MethodGet, Path: "/api/v1/units",
		Summary: "Administrative units in force at a time, by name", Tags: []string{"city"}, Security: httpapi.Signed,
	}, access.LayerView), func(ctx context.Context, in *struct {
		At time.Time `query:"at" doc:"the instant asked about; now when left out"`
	}) (*unitsOut, error) {
		if err := access.Require(httpapi.Actor(ctx), access.LayerView, access.Scope{}); err != nil {
			return nil, err
		}
		out := &unitsOut{}
		out.Body.At = in.At
		if in.At.IsZero() {
			out.Body.At = s.clock.Now()
		}
		out.Body.Units = []Unit{}
		for _, u := range s.city.Units(out.Body.At) {
			out.Body.Units = append(out.Body.Units, Unit{Code: u.Code, Name: u.Name, FullName: u.FullName, NameEn: u.NameEn,
				Kind: string(u.Kind), Lon: u.Lon, Lat: u.Lat, AreaKm2: u.AreaKm2})
		}
		return out, nil
	})
	huma.Register(api, httpapi.Needs(huma.Operation{OperationID: "search", Method: http.MethodGet, Path: "/api/v1/search",
		Summary: "Find stations, units (old ones answer with their successors) and sources; tones are optional", Tags: []string{"city"}, Security: httpapi.Signed,
	}, access.LayerView), func(ctx context.Context, in *struct {
		Q string `query:"q" maxLength:"100"`
	}) (*searchOut, error) {
		actor := httpapi.Actor(ctx)
		if err := access.Require(actor, access.LayerView, access.Scope{}); err != nil {
			return nil, err
		}
		out := &searchOut{}
		out.Body.Results = s.find(ctx, actor, in.Q, httpapi.Lang(ctx))
		return out, nil
	})
}

// find ranks what begins with the query before what only contains it, and
// stations before units of the same rank.
func (s *Service) find(ctx context.Context, actor access.Actor, q string, lang msg.Lang) []Result {
	want := vi.Fold(strings.TrimSpace(q))
	found := []ranked{}
	if want == "" {
		return []Result{}
	}
	for _, p := range s.places(ctx, actor) {
		if r, ok := rank(want, vi.Fold(p.Title), vi.Fold(p.ID)); ok {
			res := Result{Kind: p.Kind, ID: p.ID, Title: p.Title, Subtitle: p.Subtitle.In(lang), Link: p.Link}
			if p.HasPlace {
				res.Lon, res.Lat = &p.Lon, &p.Lat
			}
			found = append(found, ranked{r, res})
		}
	}
	for _, u := range s.city.Search(q, time.Time{}) {
		r, ok := rank(want, vi.Fold(u.Name), u.Code)
		if !ok {
			r = contains // found under its kind ("phường Hải Châu")
		}
		found = append(found, ranked{r, s.unit(u, lang)})
	}
	slices.SortStableFunc(found, func(a, b ranked) int {
		if c := cmp.Compare(a.rank, b.rank); c != 0 {
			return c
		}
		return cmp.Compare(vi.SortKey(a.Title), vi.SortKey(b.Title))
	})
	out := make([]Result, 0, maxResults)
	for _, f := range found[:min(len(found), maxResults)] {
		out = append(out, f.Result)
	}
	return out
}

type ranked struct {
	rank int
	Result
}

const (
	exact = iota
	begins
	wordBegins
	contains
)

func rank(want string, names ...string) (int, bool) {
	best, ok := contains, false
	for _, n := range names {
		switch {
		case n == want:
			return exact, true
		case strings.HasPrefix(n, want):
			best, ok = min(best, begins), true
		case strings.Contains(n, " "+want):
			best, ok = min(best, wordBegins), true
		case strings.Contains(n, want):
			ok = true
		}
	}
	return best, ok
}

func (s *Service) unit(u city.Unit, lang msg.Lang) Result {
	r := Result{Kind: "unit", ID: u.Code, Title: u.FullName, Link: "/map?unit=" + u.Code}
	if u.Lon != 0 || u.Lat != 0 {
		r.Lon, r.Lat = &u.Lon, &u.Lat
	}
	if u.ValidTo.IsZero() || s.clock.Now().Before(u.ValidTo) {
		return r
	}
	r.Kind = "old_unit"
	names := []string{}
	for _, n := range s.city.Successors(u.ID, s.clock.Now()) {
		names = append(names, n.FullName)
		if r.Link == "/map?unit="+u.Code {
			r.Link = "/map?unit=" + n.Code
			r.Lon, r.Lat = &n.Lon, &n.Lat
		}
	}
	r.Subtitle = msg.Text{Vi: "nay là {names}", En: "now {names}"}.Format(lang, map[string]any{"names": strings.Join(names, ", ")})
	return r
}
