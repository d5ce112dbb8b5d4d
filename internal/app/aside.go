package app

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/outbox"
)

// asideRoutes let an operator see the facts that a domain could not handle,
// and send them again once the cause is mended.
func asideRoutes(api huma.API, facts *outbox.Outbox) {
	op := func(id, method, path, summary string, status int, errs ...int) huma.Operation {
		return httpapi.NeedsEverywhere(huma.Operation{OperationID: id, Method: method, Path: "/api/v1/facts/aside" + path, Summary: summary,
			Tags: []string{"facts"}, DefaultStatus: status, Security: httpapi.Signed, Errors: append([]int{http.StatusForbidden}, errs...)}, access.SourceEdit)
	}
	type list struct {
		Body struct {
			Facts []outbox.Aside `json:"facts"`
		}
	}
	huma.Register(api, op("list-facts-aside", http.MethodGet, "", "Facts that a domain could not handle", http.StatusOK),
		func(ctx context.Context, _ *struct{}) (*list, error) {
			if err := access.RequireEverywhere(httpapi.Actor(ctx), access.SourceEdit); err != nil {
				return nil, err
			}
			out := &list{}
			var err error
			out.Body.Facts, err = facts.Aside(ctx)
			return out, err
		})
	huma.Register(api, op("retry-fact-aside", http.MethodPost, "/{reader}/{fact}", "Send a fact again to the domain that could not handle it", http.StatusNoContent, http.StatusNotFound, http.StatusConflict),
		func(ctx context.Context, in *struct {
			Reader string `path:"reader" maxLength:"100"`
			Fact   string `path:"fact" maxLength:"100"`
		}) (*struct{}, error) {
			if err := access.RequireEverywhere(httpapi.Actor(ctx), access.SourceEdit); err != nil {
				return nil, err
			}
			return nil, facts.Again(ctx, httpapi.Actor(ctx), in.Reader, in.Fact)
		})
}
