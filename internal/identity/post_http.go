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

type peopleInput struct {
	Query  string      `query:"q" maxLength:"200" doc:"of name, user name and title; marks do not matter"`
	Unit   string      `query:"unit" maxLength:"64" doc:"with a post there or below"`
	Role   access.Role `query:"role" maxLength:"32"`
	State  string      `query:"state" enum:"active,disabled,invited,away"`
	Unused int         `query:"unused_days" minimum:"0" maximum:"3660" doc:"who has not signed in for so many days"`
	Limit  int         `query:"limit" minimum:"0" maximum:"1000" doc:"0 all"`
	Cursor string      `query:"cursor" maxLength:"64"`
}

type usersOutput struct {
	Body struct {
		Users []User `json:"users"`
		Next  string `json:"next" doc:"cursor of what follows; empty at the end"`
		Total int    `json:"total"`
	}
}

// Profile is one's own account, with what is masked for others.
type Profile struct {
	ID           string        `json:"id"`
	Username     string        `json:"username"`
	Name         string        `json:"name"`
	Title        string        `json:"title"`
	Email        string        `json:"email"`
	Phone        string        `json:"phone"`
	Role         access.Role   `json:"role"`
	Roles        []access.Role `json:"roles"`
	Unit         string        `json:"unit"`
	UnitName     string        `json:"unit_name"`
	External     bool          `json:"external"`
	SecondFactor SecondFactor  `json:"second_factor"`
	Away         *Away         `json:"away"`
	Posts        []Grant       `json:"posts"`
	LastSignIn   time.Time     `json:"last_sign_in,omitzero"`
}

type profileOutput struct{ Body Profile }

func answerProfile(u User, err error) (*profileOutput, error) {
	if err != nil {
		return nil, err
	}
	return &profileOutput{Body: Profile{ID: u.ID, Username: u.Username, Name: u.Name, Title: u.Title, Email: u.Email.Reveal(), Phone: u.Phone.Reveal(),
		Role: u.Role, Roles: u.Roles, Unit: u.Unit, UnitName: u.UnitName, External: u.External, SecondFactor: u.SecondFactor,
		Away: u.Away, Posts: u.Posts, LastSignIn: u.LastSignIn}}, nil
}

type profileInput struct {
	Body struct {
		Title string `json:"title,omitempty" maxLength:"1000"`
		Email string `json:"email,omitempty" maxLength:"254"`
		Phone string `json:"phone,omitempty" maxLength:"64"`
	}
}

type awayInput struct {
	Body struct {
		From       time.Time `json:"from"`
		Until      time.Time `json:"until"`
		Substitute string    `json:"substitute,omitempty" maxLength:"64" doc:"id of who answers meanwhile"`
	}
}

type colleaguesOutput struct {
	Body struct {
		People []seerUser `json:"people"`
	}
}

func (s *Service) profileRoutes(api huma.API) {
	huma.Register(api, operation("profile", http.MethodGet, "/api/v1/me/profile", "", "One's own account", http.StatusOK),
		func(ctx context.Context, _ *struct{}) (*profileOutput, error) {
			return answerProfile(s.Profile(ctx, httpapi.Actor(ctx)))
		})
	huma.Register(api, operation("set-profile", http.MethodPut, "/api/v1/me/profile", "", "Change one's own title, address and number", http.StatusOK, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *profileInput) (*profileOutput, error) {
			return answerProfile(s.SetProfile(ctx, httpapi.Actor(ctx), ProfilePatch{Title: in.Body.Title, Email: personal.Email(in.Body.Email), Phone: personal.Phone(in.Body.Phone)}))
		})
	huma.Register(api, operation("set-away", http.MethodPut, "/api/v1/me/away", "", "Say when one is on leave, and who answers meanwhile", http.StatusOK, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *awayInput) (*profileOutput, error) {
			return answerProfile(s.SetAway(ctx, httpapi.Actor(ctx), &Away{From: in.Body.From, Until: in.Body.Until, Substitute: in.Body.Substitute}))
		})
	huma.Register(api, operation("end-away", http.MethodDelete, "/api/v1/me/away", "", "Take one's leave back", http.StatusNoContent),
		func(ctx context.Context, _ *struct{}) (*struct{}, error) {
			_, err := s.SetAway(ctx, httpapi.Actor(ctx), nil)
			return nil, err
		})
	huma.Register(api, operation("colleagues", http.MethodGet, "/api/v1/me/colleagues", "", "People who could stand in for one", http.StatusOK),
		func(ctx context.Context, in *struct {
			Query string `query:"q" maxLength:"200"`
		}) (*colleaguesOutput, error) {
			us, err := s.Colleagues(ctx, httpapi.Actor(ctx), in.Query)
			if err != nil {
				return nil, err
			}
			out := &colleaguesOutput{}
			out.Body.People = []seerUser{}
			for i := range us {
				out.Body.People = append(out.Body.People, viewOfSeer(&us[i]))
			}
			return out, nil
		})
}
