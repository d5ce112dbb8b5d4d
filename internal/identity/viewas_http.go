package identity

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
)

type viewInput struct {
	Body struct {
		User   string      `json:"user,omitempty" maxLength:"64" doc:"id of the person"`
		Unit   string      `json:"unit,omitempty" maxLength:"64" doc:"or the code of a unit"`
		Role   access.Role `json:"role,omitempty" maxLength:"32" doc:"in the unit; left out: its leader"`
		Reason string      `json:"reason" maxLength:"2000"`
	}
}

func (s *Service) viewRoutes(api huma.API) {
	begin := operation("view-as", http.MethodPost, "/api/v1/session/view-as", access.ViewAs, "Look at the city as somebody else, reading only (xem như)", http.StatusNoContent, http.StatusNotFound, http.StatusUnprocessableEntity)
	end := operation("end-view-as", http.MethodDelete, "/api/v1/session/view-as", "", "Be oneself again", http.StatusNoContent)
	huma.Register(api, begin, func(ctx context.Context, in *viewInput) (*struct{}, error) {
		return nil, s.ViewAs(ctx, httpapi.Actor(ctx), httpapi.Token(ctx), ViewDraft{User: in.Body.User, Unit: in.Body.Unit, Role: in.Body.Role, Reason: in.Body.Reason})
	})
	huma.Register(api, end, func(ctx context.Context, _ *struct{}) (*struct{}, error) {
		if !httpapi.Actor(ctx).Known() {
			return nil, errSignedOut.With()
		}
		return nil, s.EndView(ctx, httpapi.Token(ctx))
	})
}

// sessionNow is who a session is to its pages, and as whom it looks.
func (s *Service) sessionNow(ctx context.Context, actor access.Actor, token string) (SessionUser, *ViewedAs, error) {
	if actor.Real != "" {
		u, as, err := s.viewed(ctx, actor, token)
		if err != nil {
			return SessionUser{}, nil, err
		}
		out := sessionUser(&u)
		out.Permissions, out.MustChange, out.MustEnrol = permissionsOf(actor), false, false
		return out, as, nil
	}
	u, err := s.Me(ctx, actor)
	if err != nil {
		return SessionUser{}, nil, err
	}
	if err := s.readyIn(ctx, token, &u); err != nil {
		return SessionUser{}, nil, err
	}
	return sessionUser(&u), nil, nil
}
