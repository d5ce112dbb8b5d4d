package org

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/vi"
)

type orgUnit struct {
	Code         string     `json:"code"`
	Name         string     `json:"name"`
	NameEn       string     `json:"name_en"`
	Kind         string     `json:"kind"`
	Parent       string     `json:"parent" doc:"as of the instant asked for: where the unit hangs then"`
	ValidFrom    *time.Time `json:"valid_from" doc:"null: before the records"`
	ValidTo      *time.Time `json:"valid_to" doc:"the first instant no longer; null: not ended"`
	Successors   []string   `json:"successors" doc:"the first takes over the work"`
	Predecessors []string   `json:"predecessors"`
	Legal        string     `json:"legal"`
	Ward         bool       `json:"ward"`
	InForce      bool       `json:"in_force"`
	People       int        `json:"people" doc:"accounts of this very unit"`
	Children     int        `json:"children" doc:"units directly below"`
}

type unitsOutput struct {
	Body struct {
		Units []orgUnit `json:"units"`
		At    time.Time `json:"at"`
	}
}

type unitOutput struct{ Body orgUnit }

type unitPage struct {
	Unit         orgUnit   `json:"unit"`
	Lives        []orgUnit `json:"lives" doc:"all lives of the code, the newest first"`
	Path         []orgUnit `json:"path" doc:"the root first, the unit last"`
	Children     []orgUnit `json:"children"`
	Predecessors []orgUnit `json:"predecessors"`
	Successors   []orgUnit `json:"successors"`
	Work         Work      `json:"work" doc:"what is open at the unit and below it"`
}

type putInput struct {
	Code string `path:"code" maxLength:"64"`
	Body struct {
		Name      string  `json:"name"`
		NameEn    string  `json:"name_en,omitempty"`
		Kind      string  `json:"kind"`
		Parent    string  `json:"parent,omitempty" nullable:"false"`
		ValidFrom *string `json:"valid_from,omitempty" nullable:"true" doc:"2026-01-01 or RFC 3339; that of a life corrects it, a later one begins a new life; null: the newest life"`
		Legal     string  `json:"legal,omitempty"`
	}
}

type dissolveInput struct {
	Code string `path:"code" maxLength:"64"`
	Body struct {
		On         string   `json:"on" doc:"the first day no longer: 2026-01-01 or RFC 3339"`
		Successors []string `json:"successors,omitempty" maxItems:"200" nullable:"true"`
		Legal      string   `json:"legal,omitempty"`
	}
}

type importInput struct {
	Body struct {
		CSV     string `json:"csv" maxLength:"4194304" doc:"code,name,name_en,kind,parent,valid_from,valid_to,successors,legal"`
		Preview bool   `json:"preview,omitempty"`
	}
}

type importProblem struct {
	Line   int    `json:"line"`
	Field  string `json:"field"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

type importOutput struct {
	Body struct {
		Created   int             `json:"created"`
		Updated   int             `json:"updated"`
		Unchanged int             `json:"unchanged"`
		Errors    []importProblem `json:"errors" doc:"with any, nothing is taken"`
		Saved     bool            `json:"saved"`
	}
}

func operation(id, method, path, summary string, p access.Permission, errors ...int) huma.Operation {
	return httpapi.Needs(huma.Operation{OperationID: id, Method: method, Path: "/api/v1/org/units" + path, Summary: summary, Tags: []string{"org"},
		Security: httpapi.Signed, Errors: append(errors, http.StatusUnauthorized, http.StatusForbidden)}, p)
}

// Routes hangs the units on the API.
func (s *Service) Routes(api huma.API) {
	huma.Register(api, operation("list-org-units", http.MethodGet, "", "The tree of units as of an instant, parents first", access.UnitView), s.list)
	huma.Register(api, operation("get-org-unit", http.MethodGet, "/{code}", "A unit as of an instant: where it hangs, what it was, what is open there", access.UnitView, http.StatusNotFound), s.get)
	huma.Register(api, operation("put-org-unit", http.MethodPut, "/{code}", "Add a unit, correct a life of one, or begin a new life", access.UnitEdit, http.StatusUnprocessableEntity), s.put)
	huma.Register(api, operation("dissolve-org-unit", http.MethodPost, "/{code}/dissolve", "End a unit on a day and name who takes over", access.UnitEdit,
		http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity), s.dissolve)
	imports := operation("import-org-units", http.MethodPost, "/import", "Take units from CSV, or with preview say what would change", access.UnitEdit, http.StatusUnprocessableEntity)
	imports.MaxBodyBytes = 8 << 20
	huma.Register(api, imports, s.takeIn)
}

// viewer makes units into what the API shows, as of an instant.
type viewer struct {
	tree   *Tree
	at     time.Time
	people map[string]int
}

func (s *Service) viewer(ctx context.Context, at time.Time) (viewer, error) {
	if at.IsZero() {
		at = s.clock.Now()
	}
	v := viewer{tree: s.Tree(), at: at.UTC().Truncate(time.Microsecond)}
	if s.people == nil {
		return v, nil
	}
	var err error
	v.people, err = s.people(ctx)
	return v, err
}

func (v viewer) unit(u Unit) orgUnit {
	out := orgUnit{Code: u.Code, Name: u.Name, NameEn: u.NameEn, Kind: u.Kind, Parent: u.Parent, ValidFrom: instant(u.ValidFrom), ValidTo: instant(u.ValidTo),
		Successors: append([]string{}, u.Successors...), Predecessors: append([]string{}, v.tree.Predecessors(u.Code)...), Legal: u.Legal, Ward: u.Ward,
		InForce: u.In(v.at), People: v.people[u.Code]}
	if out.InForce {
		out.Parent, out.Children = v.tree.Parent(u.Code, v.at), len(v.tree.Children(u.Code, v.at))
	}
	return out
}

func (v viewer) units(us []Unit) []orgUnit {
	out := make([]orgUnit, 0, len(us))
	for _, u := range us {
		out = append(out, v.unit(u))
	}
	return out
}

func (v viewer) codes(codes []string) []orgUnit {
	out := make([]orgUnit, 0, len(codes))
	for _, c := range codes {
		if u, ok := v.tree.Unit(c, v.at); ok {
			out = append(out, v.unit(u))
		}
	}
	return out
}

// plain is lives as the trail keeps them.
func plain(lives []Unit) []map[string]any {
	out := make([]map[string]any, 0, len(lives))
	for _, u := range lives {
		out = append(out, map[string]any{"code": u.Code, "name": u.Name, "name_en": u.NameEn, "kind": u.Kind, "parent": u.Parent,
			"valid_from": instant(u.ValidFrom), "valid_to": instant(u.ValidTo), "successors": append([]string{}, u.Successors...), "legal": u.Legal})
	}
	return out
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func (s *Service) list(ctx context.Context, in *struct {
	At    time.Time `query:"at" doc:"now when it is empty"`
	Q     string    `query:"q" maxLength:"200" doc:"a part of the name or the code, without regard to marks"`
	Kind  string    `query:"kind" maxLength:"64"`
	Ended bool      `query:"ended" doc:"also those that have ended by then"`
}) (*unitsOutput, error) {
	if err := access.Require(httpapi.Actor(ctx), access.UnitView, access.Scope{}); err != nil {
		return nil, err
	}
	v, err := s.viewer(ctx, in.At)
	if err != nil {
		return nil, err
	}
	us := v.tree.Flat(v.at)
	if in.Ended {
		us = append(us, v.tree.ended(v.at)...)
	}
	q := vi.Fold(in.Q)
	us = slices.DeleteFunc(us, func(u Unit) bool {
		return in.Kind != "" && u.Kind != in.Kind ||
			q != "" && !strings.Contains(vi.Fold(u.Name), q) && !strings.Contains(vi.Fold(u.NameEn), q) && !strings.Contains(u.Code, q)
	})
	out := &unitsOutput{}
	out.Body.Units, out.Body.At = v.units(us), v.at
	return out, nil
}

func (s *Service) get(ctx context.Context, in *struct {
	Code string    `path:"code" maxLength:"64"`
	At   time.Time `query:"at"`
}) (*struct{ Body unitPage }, error) {
	actor := httpapi.Actor(ctx)
	if err := access.Require(actor, access.UnitView, access.Scope{}); err != nil {
		return nil, err
	}
	v, err := s.viewer(ctx, in.At)
	if err != nil {
		return nil, err
	}
	u, ok := v.tree.Unit(in.Code, v.at)
	if !ok {
		return nil, errNotFound.With("code", in.Code)
	}
	out := &struct{ Body unitPage }{unitPage{Unit: v.unit(u), Lives: v.units(v.tree.Lives(u.Code)), Path: v.units(v.tree.Path(u.Code, v.at)),
		Children: v.units(v.tree.Children(u.Code, v.at)), Predecessors: v.codes(v.tree.Predecessors(u.Code)), Successors: v.codes(u.Successors)}}
	if s.work != nil {
		if out.Body.Work, err = s.work(ctx, actor, v.tree.Subtree(u.Code, v.at)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Service) put(ctx context.Context, in *putInput) (*unitOutput, error) {
	b := in.Body
	u := Unit{Code: in.Code, Name: b.Name, NameEn: b.NameEn, Kind: b.Kind, Parent: b.Parent, Legal: b.Legal}
	if b.ValidFrom != nil {
		var ok bool
		if u.ValidFrom, ok = parseDay(*b.ValidFrom); !ok {
			return nil, errUnit.With().At("valid_from", errDate.With("text", quoted(*b.ValidFrom)))
		}
	}
	u, err := s.Put(ctx, httpapi.Actor(ctx), u)
	return s.answer(ctx, u, err)
}

func (s *Service) dissolve(ctx context.Context, in *dissolveInput) (*unitOutput, error) {
	on, ok := parseDay(in.Body.On)
	if !ok {
		return nil, errUnit.With().At("on", errDate.With("text", quoted(in.Body.On)))
	}
	u, err := s.Dissolve(ctx, httpapi.Actor(ctx), in.Code, on, in.Body.Successors, in.Body.Legal)
	return s.answer(ctx, u, err)
}

func (s *Service) answer(ctx context.Context, u Unit, err error) (*unitOutput, error) {
	if err != nil {
		return nil, err
	}
	v, err := s.viewer(ctx, time.Time{})
	return &unitOutput{v.unit(u)}, err
}

func (s *Service) takeIn(ctx context.Context, in *importInput) (*importOutput, error) {
	res, err := s.Import(ctx, httpapi.Actor(ctx), in.Body.CSV, in.Body.Preview)
	if err != nil {
		return nil, err
	}
	out := &importOutput{}
	out.Body.Created, out.Body.Updated, out.Body.Unchanged, out.Body.Errors = res.Created, res.Updated, res.Unchanged, []importProblem{}
	out.Body.Saved = !in.Body.Preview && len(res.Problems) == 0
	for _, p := range res.Problems {
		out.Body.Errors = append(out.Body.Errors, importProblem{p.Line, p.Field, p.Err.Code, p.Err.In(httpapi.Lang(ctx))})
	}
	return out, nil
}
