package identity

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/personal"
)

type inviteInput struct {
	Body struct {
		Username string      `json:"username" maxLength:"200"`
		Name     string      `json:"name" maxLength:"1000"`
		Title    string      `json:"title,omitempty" maxLength:"1000"`
		Email    string      `json:"email,omitempty" maxLength:"254"`
		Phone    string      `json:"phone,omitempty" maxLength:"64"`
		Role     access.Role `json:"role" enum:"admin,leader,ioc_leader,duty,unit_leader,unit,officer,analyst,security,data_admin,citizen"`
		Unit     string      `json:"unit,omitempty" maxLength:"64"`
		Reason   string      `json:"reason" maxLength:"2000"`
		Until    *time.Time  `json:"until,omitempty" nullable:"true" doc:"of the role"`
	}
}

type inviteOutput struct {
	Body struct {
		User User   `json:"user"`
		Link string `json:"link" doc:"shown once; opens the account within 7 days, once"`
	}
}

type acceptInput struct {
	Body struct {
		Token    string `json:"token" minLength:"1" maxLength:"200"`
		Password string `json:"password" format:"password" maxLength:"1024"`
	}
}

func (s *Service) inviteRoutes(api huma.API) {
	answer := func(u User, link string, err error) (*inviteOutput, error) {
		if err != nil {
			return nil, err
		}
		out := &inviteOutput{}
		out.Body.User, out.Body.Link = u, link
		return out, nil
	}
	huma.Register(api, operation("invite", http.MethodPost, "/api/v1/users/invite", access.GrantEdit, "Make an account whose owner sets the first password", http.StatusCreated, http.StatusConflict, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *inviteInput) (*inviteOutput, error) {
			b := in.Body
			return answer(s.Invite(ctx, httpapi.Actor(ctx), Draft{Username: b.Username, Name: b.Name, Title: b.Title, Email: personal.Email(b.Email), Phone: personal.Phone(b.Phone),
				Role: b.Role, Unit: b.Unit, Until: b.Until, Reason: b.Reason}, s.base(ctx)))
		})
	huma.Register(api, operation("invite-again", http.MethodPost, "/api/v1/users/{id}/invite", access.GrantEdit, "Make a new link for somebody who has not come yet", http.StatusOK, http.StatusNotFound, http.StatusConflict),
		func(ctx context.Context, in *struct {
			ID string `path:"id" maxLength:"64"`
		}) (*inviteOutput, error) {
			return answer(s.InviteAgain(ctx, httpapi.Actor(ctx), in.ID, s.base(ctx)))
		})
	accept := operation("accept-invitation", http.MethodPost, "/api/v1/invitations", "public", "Set the first password of an invited account", http.StatusNoContent, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusTooManyRequests)
	huma.Register(api, accept, func(ctx context.Context, in *acceptInput) (*struct{}, error) {
		return nil, s.Accept(ctx, in.Body.Token, in.Body.Password, httpapi.RemoteIP(ctx))
	})
}
