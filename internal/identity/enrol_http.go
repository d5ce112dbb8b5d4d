package identity

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-webauthn/webauthn/protocol"

	"openioc.org/ioc/internal/httpapi"
)

type securityOutput struct{ Body Security }

type enrolmentOutput struct{ Body Enrolment }

type recoveryOutput struct {
	Body struct {
		Recovery []string `json:"recovery" doc:"one use each, shown once; empty when there are some already"`
	}
}

type codeInput struct {
	Body struct {
		Code string `json:"code" maxLength:"20"`
	}
}

type proveInput struct {
	Body struct {
		Password string `json:"password" format:"password" maxLength:"1024"`
	}
}

type creationOutput struct{ Body *protocol.CredentialCreation }

type passkeyAddInput struct {
	Body struct {
		Name       string          `json:"name" maxLength:"400"`
		Credential json.RawMessage `json:"credential" doc:"PublicKeyCredential.toJSON()"`
	}
}

type passkeyAddOutput struct {
	Body struct {
		Passkey
		Recovery []string `json:"recovery" doc:"one use each, shown once; empty when there are some already"`
	}
}

type idInput struct {
	ID string `path:"id" maxLength:"2000"`
}

// ownSecurityRoutes are what somebody does for the protection of the own
// account.
func (s *Service) ownSecurityRoutes(api huma.API) {
	const unprocessable, conflict, tooMany = http.StatusUnprocessableEntity, http.StatusConflict, http.StatusTooManyRequests
	huma.Register(api, operation("own-security", http.MethodGet, "/api/v1/me/security", "", "How the own account is protected", http.StatusOK),
		func(ctx context.Context, _ *struct{}) (*securityOutput, error) {
			out, err := s.Security(ctx, httpapi.Actor(ctx), httpapi.Token(ctx))
			return &securityOutput{Body: out}, err
		})
	huma.Register(api, operation("totp-begin", http.MethodPost, "/api/v1/me/totp", "", "Begin to set up an authenticator", http.StatusOK, conflict, http.StatusServiceUnavailable),
		func(ctx context.Context, _ *struct{}) (*enrolmentOutput, error) {
			out, err := s.BeginTOTP(ctx, httpapi.Actor(ctx), httpapi.Token(ctx))
			return &enrolmentOutput{Body: out}, err
		})
	huma.Register(api, operation("totp-confirm", http.MethodPost, "/api/v1/me/totp/confirm", "", "Set up the authenticator with a code of it", http.StatusOK, conflict, unprocessable, tooMany),
		func(ctx context.Context, in *codeInput) (*recoveryOutput, error) {
			codes, err := s.ConfirmTOTP(ctx, httpapi.Actor(ctx), httpapi.Token(ctx), in.Body.Code)
			return recovery(codes), err
		})
	huma.Register(api, operation("totp-remove", http.MethodDelete, "/api/v1/me/totp", "", "Take the authenticator away", http.StatusNoContent, conflict, unprocessable, tooMany),
		func(ctx context.Context, in *proveInput) (*struct{}, error) {
			return nil, s.RemoveTOTP(ctx, httpapi.Actor(ctx), httpapi.Token(ctx), in.Body.Password)
		})
	huma.Register(api, operation("passkey-begin", http.MethodPost, "/api/v1/me/passkeys/begin", "", "Options for navigator.credentials.create", http.StatusOK, conflict),
		func(ctx context.Context, _ *struct{}) (*creationOutput, error) {
			options, err := s.BeginPasskey(ctx, httpapi.Actor(ctx), httpapi.Token(ctx), s.base(ctx))
			return &creationOutput{Body: options}, err
		})
	huma.Register(api, operation("passkey-finish", http.MethodPost, "/api/v1/me/passkeys/finish", "", "Add the passkey", http.StatusOK, unprocessable),
		func(ctx context.Context, in *passkeyAddInput) (*passkeyAddOutput, error) {
			key, codes, err := s.FinishPasskey(ctx, httpapi.Actor(ctx), httpapi.Token(ctx), s.base(ctx), in.Body.Name, in.Body.Credential)
			out := &passkeyAddOutput{}
			out.Body.Passkey, out.Body.Recovery = key, append([]string{}, codes...)
			return out, err
		})
	huma.Register(api, operation("passkey-remove", http.MethodDelete, "/api/v1/me/passkeys/{id}", "", "Take a passkey away", http.StatusNoContent, http.StatusNotFound, conflict),
		func(ctx context.Context, in *idInput) (*struct{}, error) {
			return nil, s.RemovePasskey(ctx, httpapi.Actor(ctx), httpapi.Token(ctx), in.ID)
		})
	huma.Register(api, operation("recovery-new", http.MethodPost, "/api/v1/me/recovery", "", "Make new recovery codes; the old ones end", http.StatusOK, conflict),
		func(ctx context.Context, _ *struct{}) (*recoveryOutput, error) {
			codes, err := s.NewRecovery(ctx, httpapi.Actor(ctx), httpapi.Token(ctx))
			return recovery(codes), err
		})
	huma.Register(api, operation("second-factor-reset", http.MethodDelete, "/api/v1/users/{id}/second-factor", "user.edit", "Take all second factors of somebody who lost them; ends the sessions", http.StatusNoContent, http.StatusNotFound),
		func(ctx context.Context, in *idInput) (*struct{}, error) {
			return nil, s.ResetSecondFactor(ctx, httpapi.Actor(ctx), in.ID)
		})
}

func recovery(codes []string) *recoveryOutput {
	out := &recoveryOutput{}
	out.Body.Recovery = append([]string{}, codes...)
	return out
}
