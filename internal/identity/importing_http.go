package identity

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/httpapi"
)

type importInput struct {
	Body struct {
		Format  string `json:"format" enum:"scim,csv"`
		Text    string `json:"text" doc:"a SCIM 2.0 ListResponse, or CSV with the columns username, name, title, email, phone, role, unit, active"`
		Preview bool   `json:"preview,omitempty" doc:"only say what would be done"`
	}
}

type importOutput struct {
	Body struct {
		Created   int           `json:"created"`
		Updated   int           `json:"updated"`
		Disabled  int           `json:"disabled"`
		Unchanged int           `json:"unchanged"`
		Errors    []importError `json:"errors" doc:"with any, nothing is written"`
	}
}

type importError struct {
	Line   int    `json:"line"`
	Field  string `json:"field"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// importRoutes take lists of people.
func (s *Service) importRoutes(api huma.API) {
	huma.Register(api, operation("import-users", http.MethodPost, "/api/v1/users/import", "user.edit", "Make and change accounts from a list of people", http.StatusOK,
		http.StatusRequestEntityTooLarge), func(ctx context.Context, in *importInput) (*importOutput, error) {
		report, err := s.ImportPeople(ctx, httpapi.Actor(ctx), in.Body.Format, in.Body.Text, in.Body.Preview)
		if err != nil {
			return nil, err
		}
		out := &importOutput{}
		b := &out.Body
		b.Created, b.Updated, b.Disabled, b.Unchanged, b.Errors = report.Created, report.Updated, report.Disabled, report.Unchanged, []importError{}
		for _, f := range report.Faults {
			b.Errors = append(b.Errors, importError{f.Line, f.Field, f.Err.Code, f.Err.In(httpapi.Lang(ctx))})
		}
		return out, nil
	})
}
