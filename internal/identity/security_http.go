package identity

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/httpapi"
)

type signInInput struct {
	Agent string `header:"User-Agent" hidden:"true"`
	Body  struct {
		Username string `json:"username" minLength:"1" maxLength:"200"`
		Password string `json:"password" format:"password" minLength:"1" maxLength:"1024"`
	}
}

type signInOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      struct {
		Token string      `json:"token" doc:"for Authorization: Bearer; the cookie holds the same"`
		User  SessionUser `json:"user"`
	}
}

// securityRoutes hangs signing in on the API.
func (s *Service) securityRoutes(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "sign-in", Method: http.MethodPost, Path: "/api/v1/session", Tags: []string{"session"}, Summary: "Sign in",
		Extensions: map[string]any{"x-permission": "public"},
		Errors:     []int{http.StatusUnauthorized, http.StatusTooManyRequests},
	}, func(ctx context.Context, in *signInInput) (*signInOutput, error) {
		token, u, err := s.SignIn(ctx, Credentials{Username: in.Body.Username, Password: in.Body.Password,
			Address: httpapi.RemoteIP(ctx), Agent: in.Agent})
		if err != nil {
			return nil, err
		}
		out := &signInOutput{SetCookie: s.cookie(ctx, token)}
		out.Body.Token, out.Body.User = token, sessionUser(&u)
		return out, nil
	})
}
