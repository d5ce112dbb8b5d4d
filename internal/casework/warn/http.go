package warn

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/store"
)

type settingsOutput struct{ Body Settings }

type warningCounts struct {
	Open      int `json:"open"`
	NearDue   int `json:"near_due"`
	Overdue   int `json:"overdue"`
	NoApology int `json:"no_apology"`
}

// Page is a list of warnings.
type Page struct {
	Warnings []Warning     `json:"warnings"`
	Counts   warningCounts `json:"counts" doc:"of the warnings that hold and that the filter selects"`
}

type warningsInput struct {
	Unit    string `query:"unit" maxLength:"64" doc:"the unit and all below"`
	Officer string `query:"officer" maxLength:"200" doc:"the system's word, or the id of the account"`
	Rule    string `query:"rule" enum:"case-near-due,case-overdue,case-no-apology"`
	State   string `query:"state" enum:"open,all" default:"open"`
	Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}

// Warnings are those that the actor may see: that hold, by their date, or all,
// the newest first.
func (s *Service) Warnings(ctx context.Context, actor access.Actor, unit, officer, rule string, all bool, limit int) (Page, error) {
	p := Page{Warnings: []Warning{}}
	if err := access.Require(actor, access.CaseView, access.Scope{}); err != nil {
		return p, err
	}
	f := warningFilter{reach: actor.Reach(access.CaseView), officer: officer, rule: rule, all: all, limit: limit}
	if unit != "" {
		f.units = []string{unit}
		if s.o.Subtree != nil {
			f.units = append(f.units, s.o.Subtree(unit, s.clock.Now())...)
		}
	}
	prints := []string{}
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		ws, err := listWarnings(tx, f)
		if err != nil {
			return err
		}
		counts, err := countWarnings(tx, f)
		if err != nil {
			return err
		}
		p.Counts = warningCounts{NearDue: counts[NearDue], Overdue: counts[Overdue], NoApology: counts[NoApology]}
		p.Counts.Open = p.Counts.NearDue + p.Counts.Overdue + p.Counts.NoApology
		ids := make([]string, 0, len(ws))
		for _, w := range ws {
			ids, prints = append(ids, w.Case), append(prints, w.Fingerprint)
		}
		files, err := s.cases.Files(tx, ids...)
		if err != nil {
			return err
		}
		classes := make(map[string]casework.Class, len(files))
		for _, c := range files {
			classes[c.ID] = c.ClassNow
		}
		for i := range ws {
			ws[i].Class = classes[ws[i].Case]
		}
		p.Warnings = append(p.Warnings, ws...)
		return nil
	})
	if err != nil || s.o.Alerts == nil || len(prints) == 0 {
		return p, err
	}
	alerts, err := s.o.Alerts(ctx, prints)
	for i := range p.Warnings {
		p.Warnings[i].Alert = alerts[p.Warnings[i].Fingerprint]
	}
	return p, err
}

// Digests are those of units that the actor may see, the newest first.
func (s *Service) Digests(ctx context.Context, actor access.Actor, limit int) (out []Digest, err error) {
	if err := access.Require(actor, access.CaseView, access.Scope{}); err != nil {
		return nil, err
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		out, err = listDigests(tx, actor.Reach(access.CaseView), limit)
		return err
	})
	return out, err
}

func operation(id, method, path, summary string, p access.Permission, errors ...int) huma.Operation {
	return httpapi.Needs(huma.Operation{OperationID: id, Method: method, Path: "/api/v1/cases" + path, Summary: summary, Tags: []string{"cases"}, Security: httpapi.Signed,
		Errors: append(errors, http.StatusUnauthorized, http.StatusForbidden)}, p)
}

// Routes hangs warnings and the look-up on the API.
func (s *Service) Routes(api huma.API) {
	huma.Register(api, operation("get-warning-settings", http.MethodGet, "/warnings/settings", "When and whom to warn, as of now", access.CaseView),
		func(ctx context.Context, _ *struct{}) (*settingsOutput, error) {
			set, err := s.Settings(ctx, httpapi.Actor(ctx))
			return &settingsOutput{set}, err
		})
	huma.Register(api, operation("put-warning-settings", http.MethodPut, "/warnings/settings", "Say when and whom to warn, from a day on", access.AlertSilence, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *settingsOutput) (*settingsOutput, error) {
			if err := s.SetSettings(ctx, httpapi.Actor(ctx), in.Body); err != nil {
				return nil, err
			}
			return &settingsOutput{s.settingsAt(s.clock.Now())}, nil
		})
	huma.Register(api, operation("list-warnings", http.MethodGet, "/warnings", "Warnings of files, of the units one may see", access.CaseView, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *warningsInput) (*struct{ Body Page }, error) {
			p, err := s.Warnings(ctx, httpapi.Actor(ctx), in.Unit, in.Officer, in.Rule, in.State == "all", in.Limit)
			return &struct{ Body Page }{p}, err
		})
	huma.Register(api, operation("list-digests", http.MethodGet, "/digests", "Digests as they were sent, the newest first", access.CaseView, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *struct {
			Limit int `query:"limit" minimum:"1" maximum:"500" default:"50"`
		}) (*struct {
			Body struct {
				Digests []Digest `json:"digests"`
			}
		}, error) {
			out := &struct {
				Body struct {
					Digests []Digest `json:"digests"`
				}
			}{}
			ds, err := s.Digests(ctx, httpapi.Actor(ctx), in.Limit)
			out.Body.Digests = append([]Digest{}, ds...)
			return out, err
		})
	public := httpapi.Open(huma.Operation{OperationID: "look-up-case", Method: http.MethodGet, Path: "/api/v1/public/cases/{code}", Summary: "Where a file stands, for who has its code",
		Tags: []string{"cases"}, Errors: []int{http.StatusNotFound, http.StatusTooManyRequests}})
	huma.Register(api, public, func(ctx context.Context, in *struct {
		Code string `path:"code" maxLength:"200"`
	}) (*struct {
		CacheControl string `header:"Cache-Control"`
		Body         Public
	}, error) {
		found, err := s.LookUp(ctx, httpapi.RemoteIP(ctx), in.Code)
		if err != nil {
			return nil, err
		}
		return &struct {
			CacheControl string `header:"Cache-Control"`
			Body         Public
		}{"no-store", found}, nil
	})
}
