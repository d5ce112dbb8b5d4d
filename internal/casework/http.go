package casework

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
)

// list reads "a,b" of a query.
func list[T ~string](s string) []T {
	var out []T
	for p := range strings.SplitSeq(s, ",") {
		if p = strings.TrimSpace(p); p != "" && len(out) < 20 {
			out = append(out, T(p))
		}
	}
	return out
}

func op(id, method, path, summary string, permission access.Permission, errs ...int) huma.Operation {
	return httpapi.Needs(huma.Operation{
		OperationID: id, Method: method, Path: "/api/v1" + path, Summary: summary, Tags: []string{"cases"}, DefaultStatus: http.StatusOK,
		Security: httpapi.Signed, Errors: append([]int{http.StatusForbidden}, errs...),
	}, permission)
}

// ListQuery is how requests select files.
type ListQuery struct {
	Class       string    `query:"class" doc:"one or more of waiting, in_time, near_due, overdue, paused, early, on_time, late, refused, withdrawn, stopped, no_due; comma between"`
	State       string    `query:"state"`
	Unit        string    `query:"unit" doc:"and all below it"`
	Field       string    `query:"field"`
	Procedure   string    `query:"procedure"`
	Channel     string    `query:"channel" enum:"direct,online,post,unknown"`
	Officer     string    `query:"officer" maxLength:"200"`
	System      string    `query:"system"`
	Q           string    `query:"q" maxLength:"200" doc:"beginning of a code or of its part behind the agency; words of a procedure's or unit's name"`
	Problem     string    `query:"problem" maxLength:"60" doc:"code of a problem, or any"`
	MissingCopy bool      `query:"missing_copy" doc:"results without a valid electronic copy"`
	Differs     bool      `query:"differs" doc:"the given date differs from the computed one"`
	Mine        bool      `query:"mine" doc:"those whose officer the caller is"`
	From        time.Time `query:"from" doc:"received from then on; of classes that are an end: ended"`
	To          time.Time `query:"to" doc:"before then"`
	At          time.Time `query:"at" doc:"classes as of then"`
	Sort        string    `query:"sort" enum:"due,late,received"`
}

// Filter is the query as List takes it.
func (in *ListQuery) Filter() Filter {
	return Filter{
		Classes: list[Class](in.Class), States: list[State](in.State), Unit: in.Unit, Field: in.Field, Procedure: in.Procedure, Channel: in.Channel,
		Officer: in.Officer, System: in.System, Q: in.Q, Problem: in.Problem, MissingCopy: in.MissingCopy, Differs: in.Differs, Mine: in.Mine,
		From: in.From, To: in.To, At: in.At, Sort: in.Sort,
	}
}

type listOutput struct {
	Body struct {
		Cases   []*Case   `json:"cases"`
		Next    string    `json:"next" doc:"cursor of the next page, empty on the last"`
		Total   int       `json:"total"`
		Bounded bool      `json:"total_bounded" doc:"there are more than total"`
		At      time.Time `json:"at"`
	}
}

type caseOutput struct{ Body Case }

// Routes registers the operations.
func (s *Service) Routes(api huma.API) {
	huma.Register(api, op("list-cases", http.MethodGet, "/cases", "Files that the caller may see", access.CaseView, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *struct {
			ListQuery
			Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
			Cursor string `query:"cursor" maxLength:"80"`
		}) (*listOutput, error) {
			f := in.Filter()
			f.Limit, f.Cursor = in.Limit, in.Cursor
			p, err := s.List(ctx, httpapi.Actor(ctx), f)
			out := &listOutput{}
			out.Body.Cases, out.Body.Next, out.Body.Total, out.Body.Bounded, out.Body.At = p.Cases, p.Next, p.Total, p.Bounded, p.At
			return out, err
		})
	huma.Register(api, op("get-case", http.MethodGet, "/cases/{id}", "Everything about a file; names masked", access.CaseView, http.StatusNotFound),
		func(ctx context.Context, in *struct {
			ID string    `path:"id" maxLength:"40"`
			At time.Time `query:"at"`
		}) (*struct{ Body Detail }, error) {
			d, err := s.Get(ctx, httpapi.Actor(ctx), in.ID, in.At)
			return &struct{ Body Detail }{d}, err
		})
	type revealOutput struct {
		Body struct {
			Applicant Revealed `json:"applicant"`
		}
	}
	huma.Register(api, op("reveal-case", http.MethodPost, "/cases/{id}/reveal", "Show the applicant unmasked, for a reason and on record", access.PersonalView, http.StatusNotFound, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *struct {
			ID   string `path:"id" maxLength:"40"`
			Body struct {
				Reason string `json:"reason" maxLength:"500"`
			}
		}) (*revealOutput, error) {
			a, err := s.Reveal(ctx, httpapi.Actor(ctx), in.ID, in.Body.Reason)
			out := &revealOutput{}
			out.Body.Applicant = a
			return out, err
		})
	huma.Register(api, op("apologise-case", http.MethodPost, "/cases/{id}/apology", "Record the letter of apology for a late file", access.CaseEdit, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *struct {
			ID   string `path:"id" maxLength:"40"`
			Body struct {
				Number string     `json:"number" maxLength:"100"`
				At     *time.Time `json:"at,omitempty" nullable:"true" doc:"left out: now"`
				Due    *time.Time `json:"due,omitempty" nullable:"true" doc:"the new date; left out: none"`
				Reason string     `json:"reason" maxLength:"1000"`
			}
		}) (*caseOutput, error) {
			a := Apology{Number: in.Body.Number, Reason: in.Body.Reason}
			set(&a.At, in.Body.At)
			set(&a.Due, in.Body.Due)
			return answer(s.Apologise(ctx, httpapi.Actor(ctx), in.ID, a))
		})
	huma.Register(api, op("digitize-case", http.MethodPost, "/cases/{id}/digitized", "Record whether the result has a valid electronic copy", access.CaseEdit, http.StatusNotFound, http.StatusConflict),
		func(ctx context.Context, in *struct {
			ID   string `path:"id" maxLength:"40"`
			Body struct {
				Digitized bool   `json:"digitized"`
				Reference string `json:"reference,omitempty" maxLength:"500" doc:"where the copy lies"`
			}
		}) (*caseOutput, error) {
			return answer(s.Digitize(ctx, httpapi.Actor(ctx), in.ID, in.Body.Digitized, in.Body.Reference))
		})
	s.procedureRoutes(api)
	s.subjectRoutes(api)
}

func answer(c *Case, err error) (*caseOutput, error) {
	if err != nil {
		return nil, err
	}
	return &caseOutput{*c}, nil
}

func (s *Service) procedureRoutes(api huma.API) {
	type output struct {
		Body struct {
			Procedures []Procedure `json:"procedures"`
		}
	}
	huma.Register(api, op("list-case-procedures", http.MethodGet, "/cases/procedures", "The procedures with their terms", access.CaseView),
		func(ctx context.Context, _ *struct{}) (*output, error) {
			ps, err := s.Procedures(ctx, httpapi.Actor(ctx))
			out := &output{}
			out.Body.Procedures = ps
			return out, err
		})
	huma.Register(api, httpapi.NeedsEverywhere(op("put-case-procedure", http.MethodPut, "/cases/procedures/{code}", "Put a procedure into the list, or change its term", access.CaseMap, http.StatusUnprocessableEntity), access.CaseMap),
		func(ctx context.Context, in *struct {
			Code string `path:"code" maxLength:"60"`
			Body struct {
				Name      string     `json:"name" maxLength:"500"`
				Field     string     `json:"field,omitempty" maxLength:"60"`
				FieldName string     `json:"field_name,omitempty" maxLength:"200"`
				Clock     string     `json:"clock,omitempty" enum:"pause,reset"`
				Days      *int       `json:"days,omitempty" nullable:"true"`
				Hours     *float64   `json:"hours,omitempty" nullable:"true"`
				Method    string     `json:"method,omitempty" enum:"D,H"`
				Source    string     `json:"source,omitempty" maxLength:"500"`
				RetiredAt *time.Time `json:"retired_at,omitempty" nullable:"true"`
			}
		}) (*struct{ Body Procedure }, error) {
			b := in.Body
			p := Procedure{Code: in.Code, Name: b.Name, Field: b.Field, FieldName: b.FieldName, Clock: b.Clock, Days: b.Days, Hours: b.Hours, Method: b.Method, Source: b.Source, RetiredAt: b.RetiredAt}
			if err := p.check(); err != nil { // fills what was left out, for the answer
				return nil, err
			}
			return &struct{ Body Procedure }{p}, s.PutProcedures(ctx, httpapi.Actor(ctx), p)
		})
}
