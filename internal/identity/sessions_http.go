package identity

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/httpapi"
)

type sessionsOutput struct {
	Body struct {
		Sessions []Session `json:"sessions"`
	}
}

// sessionsRoutes show where people are signed in, and end it.
func (s *Service) sessionsRoutes(api huma.API) {
	const notFound = http.StatusNotFound
	answer := func(list []Session, err error) (*sessionsOutput, error) {
		out := &sessionsOutput{}
		out.Body.Sessions = list
		return out, err
	}
	huma.Register(api, operation("own-sessions", http.MethodGet, "/api/v1/me/sessions", "", "Where one is signed in", http.StatusOK),
		func(ctx context.Context, _ *struct{}) (*sessionsOutput, error) {
			return answer(s.OwnSessions(ctx, httpapi.Actor(ctx), httpapi.Token(ctx)))
		})
	huma.Register(api, operation("own-session-end", http.MethodDelete, "/api/v1/me/sessions/{id}", "", "Sign out there", http.StatusNoContent, notFound),
		func(ctx context.Context, in *idInput) (*struct{}, error) {
			return nil, s.EndOwnSession(ctx, httpapi.Actor(ctx), in.ID)
		})
	huma.Register(api, operation("user-sessions", http.MethodGet, "/api/v1/users/{id}/sessions", "user.view", "Where somebody is signed in", http.StatusOK, notFound),
		func(ctx context.Context, in *idInput) (*sessionsOutput, error) {
			return answer(s.Sessions(ctx, httpapi.Actor(ctx), in.ID))
		})
	huma.Register(api, operation("user-sessions-end", http.MethodDelete, "/api/v1/users/{id}/sessions", "user.edit", "Sign somebody out everywhere", http.StatusNoContent, notFound),
		func(ctx context.Context, in *idInput) (*struct{}, error) {
			return nil, s.EndSessions(ctx, httpapi.Actor(ctx), in.ID)
		})
}
