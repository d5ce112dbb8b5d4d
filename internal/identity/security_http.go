package identity

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-webauthn/webauthn/protocol"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/uid"
)

// stepCookie binds the steps of signing in to one browser.
const stepCookie = "ioc_step"

// StepInput is what a browser carries between the steps of signing in.
type StepInput struct {
	Agent   string `header:"User-Agent" hidden:"true"`
	Browser string `cookie:"ioc_step" hidden:"true"`
}

type signInInput struct {
	StepInput
	Body struct {
		Username string `json:"username" minLength:"1" maxLength:"200"`
		Password string `json:"password" format:"password" minLength:"1" maxLength:"1024"`
	}
}

type signInOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      struct {
		Token  string       `json:"token,omitempty" doc:"for Authorization: Bearer; the cookie holds the same"`
		User   *SessionUser `json:"user,omitempty"`
		Second *Second      `json:"second,omitempty" doc:"instead of token and user: what is missing"`
	}
}

type secondInput struct {
	StepInput
	Body struct {
		Ticket     string          `json:"ticket" maxLength:"200"`
		Code       string          `json:"code,omitempty" maxLength:"20"`
		Recovery   string          `json:"recovery,omitempty" maxLength:"100"`
		Credential json.RawMessage `json:"credential,omitempty" doc:"PublicKeyCredential.toJSON()"`
	}
}

type ticketInput struct {
	StepInput
	Body struct {
		Ticket string `json:"ticket" maxLength:"200"`
	}
}

type assertionOutput struct{ Body *protocol.CredentialAssertion }

type passkeyBeginOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      struct {
		Ticket  string                        `json:"ticket"`
		Options *protocol.CredentialAssertion `json:"options"`
	}
}

type passkeyFinishInput struct {
	StepInput
	Body struct {
		Ticket     string          `json:"ticket" maxLength:"200"`
		Credential json.RawMessage `json:"credential"`
	}
}

// securityRoutes hangs signing in on the API.
func (s *Service) securityRoutes(api huma.API) {
	s.signInRoutes(api)
	s.ownSecurityRoutes(api)
	s.sessionsRoutes(api)
	s.tokenRoutes(api)
	s.oidcRoutes(api)
	s.importRoutes(api)
	s.policyRoutes(api)
}

// operation is one of ours; the permission "" is anybody signed in, that of
// httpapi.PublicAccess everybody.
func operation(id, method, path string, p access.Permission, summary string, status int, errors ...int) huma.Operation {
	tag := "session"
	switch {
	case strings.HasPrefix(path, "/api/v1/me"):
		tag = "me"
	case strings.HasPrefix(path, "/api/v1/users"):
		tag = "users"
	case strings.HasPrefix(path, "/api/v1/tokens"):
		tag = "tokens"
	}
	o := huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, DefaultStatus: status, Tags: []string{tag}, Errors: errors}
	if p == httpapi.PublicAccess {
		return httpapi.Open(o)
	}
	o.Security, o.Errors = httpapi.Signed, append(errors, http.StatusUnauthorized, http.StatusForbidden)
	return httpapi.Needs(o, p)
}

func (s *Service) signInRoutes(api huma.API) {
	const unauthorized, tooMany = http.StatusUnauthorized, http.StatusTooManyRequests
	signIn := operation("sign-in", http.MethodPost, "/api/v1/session", "public", "Sign in", http.StatusOK, unauthorized, tooMany)
	signIn.Description = "Where the account has a second factor, answers what is missing instead of a session: see POST session/second."
	huma.Register(api, signIn, func(ctx context.Context, in *signInInput) (*signInOutput, error) {
		browser := cmp.Or(in.Browser, uid.Secret(tokenBytes))
		step, err := s.BeginSignIn(ctx, Credentials{Username: in.Body.Username, Password: in.Body.Password,
			Address: httpapi.RemoteIP(ctx), Agent: in.Agent, Browser: browser})
		return s.signed(ctx, step, browser, err)
	})
	huma.Register(api, operation("sign-in-second", http.MethodPost, "/api/v1/session/second", "public", "Show the second factor: a code, a recovery code or a passkey",
		http.StatusOK, unauthorized, http.StatusBadRequest, tooMany), func(ctx context.Context, in *secondInput) (*signInOutput, error) {
		step, err := s.FinishSignIn(ctx, Proof{Ticket: in.Body.Ticket, Browser: in.Browser, Code: in.Body.Code, Recovery: in.Body.Recovery, Credential: in.Body.Credential,
			Base: s.base(ctx), Address: httpapi.RemoteIP(ctx), Agent: in.Agent})
		return s.signed(ctx, step, "", err)
	})
	huma.Register(api, operation("sign-in-second-passkey", http.MethodPost, "/api/v1/session/second/passkey", "public", "Options for navigator.credentials.get, for the second step",
		http.StatusOK, unauthorized, http.StatusConflict), func(ctx context.Context, in *ticketInput) (*assertionOutput, error) {
		options, err := s.ChallengeSecond(ctx, in.Body.Ticket, in.Browser, s.base(ctx))
		return &assertionOutput{Body: options}, err
	})
	huma.Register(api, operation("sign-in-passkey-begin", http.MethodPost, "/api/v1/session/passkey/begin", "public", "Begin to sign in with a passkey alone",
		http.StatusOK, http.StatusConflict, tooMany), func(ctx context.Context, in *StepInput) (*passkeyBeginOutput, error) {
		browser := cmp.Or(in.Browser, uid.Secret(tokenBytes))
		ticket, options, err := s.BeginPasskeySignIn(ctx, browser, s.base(ctx), httpapi.RemoteIP(ctx))
		if err != nil {
			return nil, err
		}
		out := &passkeyBeginOutput{SetCookie: []http.Cookie{s.stepped(ctx, browser)}}
		out.Body.Ticket, out.Body.Options = ticket, options
		return out, nil
	})
	huma.Register(api, operation("sign-in-passkey-finish", http.MethodPost, "/api/v1/session/passkey/finish", "public", "Sign in with a passkey alone",
		http.StatusOK, unauthorized, tooMany), func(ctx context.Context, in *passkeyFinishInput) (*signInOutput, error) {
		step, err := s.FinishPasskeySignIn(ctx, Proof{Ticket: in.Body.Ticket, Browser: in.Browser, Credential: in.Body.Credential,
			Base: s.base(ctx), Address: httpapi.RemoteIP(ctx), Agent: in.Agent})
		return s.signed(ctx, step, "", err)
	})
}

// signed answers a step: the session with its cookie, or what is missing.
func (s *Service) signed(ctx context.Context, step Step, browser string, err error) (*signInOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &signInOutput{}
	if step.Second != nil {
		out.SetCookie, out.Body.Second = []http.Cookie{s.stepped(ctx, browser)}, step.Second
		return out, nil
	}
	user := sessionUser(&step.User)
	out.SetCookie, out.Body.Token, out.Body.User = []http.Cookie{s.cookie(ctx, step.Token)}, step.Token, &user
	return out, nil
}

// stepped is the cookie of the steps; the browser forgets it by itself.
func (s *Service) stepped(ctx context.Context, browser string) http.Cookie {
	c := s.cookie(ctx, browser)
	c.Name, c.Path, c.MaxAge = stepCookie, "/api/v1/session", int(2*ticketLife.Seconds())
	return c
}
