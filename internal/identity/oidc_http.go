package identity

import (
	"cmp"
	"context"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/uid"
)

type providersOutput struct {
	Body struct {
		Providers []providerName `json:"providers"`
	}
}

type providerName struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type oidcBeginInput struct {
	StepInput
	ID     string `path:"id" maxLength:"64"`
	Return string `query:"return" maxLength:"2000" doc:"path inside the site; what leads elsewhere becomes /"`
}

type oidcBackInput struct {
	StepInput
	ID     string `path:"id" maxLength:"64"`
	State  string `query:"state" maxLength:"200"`
	Code   string `query:"code" maxLength:"4000"`
	Issuer string `query:"iss" maxLength:"1000"`
	Error  string `query:"error" maxLength:"200"`
}

// away sends a browser on, or tells it in a page why not.
type awayOutput struct {
	Status      int
	Location    string        `header:"Location"`
	SetCookie   []http.Cookie `header:"Set-Cookie"`
	ContentType string        `header:"Content-Type"`
	Cache       string        `header:"Cache-Control"`
	Body        []byte
}

// oidcRoutes lead through other places that know the people. A browser comes
// here by itself, so what it gets is a page, not a problem.
func (s *Service) oidcRoutes(api huma.API) {
	huma.Register(api, operation("sign-in-providers", http.MethodGet, "/api/v1/session/providers", "public", "Where else one may sign in", http.StatusOK),
		func(context.Context, *struct{}) (*providersOutput, error) {
			out := &providersOutput{}
			out.Body.Providers = []providerName{}
			for _, p := range s.providers {
				out.Body.Providers = append(out.Body.Providers, providerName{p.ID, p.Name})
			}
			return out, nil
		})
	huma.Register(api, operation("sign-in-oidc", http.MethodGet, "/api/v1/session/oidc/{id}", "public", "Go to a sign-in service", http.StatusFound),
		func(ctx context.Context, in *oidcBeginInput) (*awayOutput, error) {
			browser := cmp.Or(in.Browser, uid.Secret(tokenBytes))
			to, err := s.BeginOIDC(ctx, in.ID, in.Return, browser, s.base(ctx), httpapi.RemoteIP(ctx))
			if err != nil {
				return s.page(ctx, err), nil
			}
			return &awayOutput{Status: http.StatusFound, Location: to, Cache: "no-store", SetCookie: []http.Cookie{s.stepped(ctx, browser)}}, nil
		})
	huma.Register(api, operation("sign-in-oidc-back", http.MethodGet, "/api/v1/session/oidc/{id}/callback", "public", "Come back from a sign-in service", http.StatusFound),
		func(ctx context.Context, in *oidcBackInput) (*awayOutput, error) {
			step, back, err := s.FinishOIDC(ctx, in.ID, Answer{State: in.State, Code: in.Code, Issuer: in.Issuer, Error: in.Error,
				Browser: in.Browser, Address: httpapi.RemoteIP(ctx), Agent: in.Agent})
			if err != nil {
				return s.page(ctx, err), nil
			}
			out := &awayOutput{Status: http.StatusFound, Location: back, Cache: "no-store"}
			if step.Second != nil {
				q := url.Values{"second": {step.Second.Ticket}, "methods": {strings.Join(step.Second.Methods, ",")}, "return": {back}}
				out.Location = "/sign-in?" + q.Encode()
				return out, nil
			}
			out.SetCookie = []http.Cookie{s.cookie(ctx, step.Token)}
			return out, nil
		})
}

var refusal = template.Must(template.New("refusal").Parse(`<!doctype html>
<html lang="{{.Lang}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.Title}}</title></head>
<body><main><h1>{{.Title}}</h1><p>{{.Detail}}</p><p><a href="/sign-in">{{.Back}}</a></p><p><small>{{.Code}} · {{.Request}}</small></p></main></body></html>
`))

// page says in the caller's language why somebody was not signed in.
func (s *Service) page(ctx context.Context, err error) *awayOutput {
	p := httpapi.Describe(ctx, err)
	if _, known := fault.As(err); !known {
		s.log.ErrorContext(ctx, "sign-in failed", "request_id", p.RequestID, "error", err)
	}
	title, back := msg.Text{Vi: "Chưa đăng nhập được", En: "You are not signed in"}, msg.Text{Vi: "Về trang đăng nhập", En: "Back to the sign-in page"}
	lang := httpapi.Lang(ctx)
	var b strings.Builder
	_ = refusal.Execute(&b, map[string]any{"Lang": string(lang), "Title": title.In(lang), "Detail": p.Detail, "Back": back.In(lang), "Code": p.Code, "Request": p.RequestID})
	return &awayOutput{Status: p.Status, ContentType: "text/html; charset=utf-8", Cache: "no-store", Body: []byte(b.String())}
}
