package identity

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
)

type tokensOutput struct {
	Body struct {
		Tokens []APIToken `json:"tokens"`
	}
}

type tokenInput struct {
	Body struct {
		Name        string              `json:"name" maxLength:"400"`
		Permissions []access.Permission `json:"permissions" maxItems:"100" nullable:"false"`
		Unit        string              `json:"unit,omitempty" maxLength:"64"`
		Services    []string            `json:"services,omitempty" maxItems:"100"`
		Expires     time.Time           `json:"expires"`
		Reason      string              `json:"reason" maxLength:"2000"`
	}
}

type tokenOutput struct {
	Body struct {
		Token string `json:"token" doc:"for Authorization: Bearer; shown once"`
		APIToken
	}
}

// tokenRoutes give tokens to other systems.
func (s *Service) tokenRoutes(api huma.API) {
	huma.Register(api, operation("list-tokens", http.MethodGet, "/api/v1/tokens", "token.edit", "The API tokens, the newest first", http.StatusOK),
		func(ctx context.Context, _ *struct{}) (*tokensOutput, error) {
			list, err := s.Tokens(ctx, httpapi.Actor(ctx))
			out := &tokensOutput{}
			out.Body.Tokens = list
			return out, err
		})
	huma.Register(api, operation("create-token", http.MethodPost, "/api/v1/tokens", "token.edit", "Give a system a token that acts for oneself", http.StatusCreated, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *tokenInput) (*tokenOutput, error) {
			secret, t, err := s.CreateToken(ctx, httpapi.Actor(ctx), TokenDraft(in.Body))
			out := &tokenOutput{}
			out.Body.Token, out.Body.APIToken = secret, t
			return out, err
		})
	huma.Register(api, operation("revoke-token", http.MethodDelete, "/api/v1/tokens/{id}", "token.edit", "End a token", http.StatusNoContent, http.StatusNotFound),
		func(ctx context.Context, in *idInput) (*struct{}, error) {
			return nil, s.RevokeToken(ctx, httpapi.Actor(ctx), in.ID)
		})
}
