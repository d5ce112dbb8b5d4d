package identity

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/httpapi"
)

type policyOutput struct {
	Body struct {
		Rows    []PolicyRow `json:"rows" doc:"by the day from which each applies; the first is the configuration's"`
		Current string      `json:"current" doc:"from of the one in force"`
	}
}

type policyInput struct{ Body PolicyRow }

// policyRoutes show and set the rules of passwords and sessions.
func (s *Service) policyRoutes(api huma.API) {
	answer := func(ctx context.Context) (*policyOutput, error) {
		rows, current, err := s.Policies(ctx, httpapi.Actor(ctx))
		out := &policyOutput{}
		out.Body.Rows, out.Body.Current = rows, current
		return out, err
	}
	get := operation("sign-in-policy", http.MethodGet, "/api/v1/policy", "user.view", "The rules of passwords and sessions, by the day from which they apply", http.StatusOK)
	huma.Register(api, get, func(ctx context.Context, _ *struct{}) (*policyOutput, error) { return answer(ctx) })
	put := operation("set-sign-in-policy", http.MethodPut, "/api/v1/policy", "user.edit", "Make a policy apply from a day on", http.StatusOK, http.StatusUnprocessableEntity)
	huma.Register(api, put, func(ctx context.Context, in *policyInput) (*policyOutput, error) {
		if err := s.SetPolicy(ctx, httpapi.Actor(ctx), in.Body); err != nil {
			return nil, err
		}
		return answer(ctx)
	})
}
