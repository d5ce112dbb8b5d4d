package identity

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
)

// SessionExtra is the part of GET session that others fill in (Options.Extra).
type SessionExtra struct {
	Demo    any    `json:"demo" doc:"the demo's accounts; null in a real city"`
	City    any    `json:"city" doc:"name, centre, zoom and time zone"`
	Version string `json:"version"`
	MQTT    string `json:"mqtt" doc:"HOST:PORT of the MQTT broker inside, empty when it is off"`
	Feeds   any    `json:"feeds" doc:"the sources whose data is replayed or reconstructed, and what to say about them"`
}

// SessionUser is the signed-in person.
type SessionUser struct {
	ID          string              `json:"id"`
	Username    string              `json:"username"`
	Name        string              `json:"name"`
	Roles       []access.Role       `json:"roles"`
	Unit        string              `json:"unit"`
	Permissions []access.Permission `json:"permissions" doc:"empty while the password must be changed"`
	MustChange  bool                `json:"must_change" doc:"the password must be changed before anything else"`
	MustEnrol   bool                `json:"must_enrol" doc:"a second factor must be set up before anything else"`
}

func sessionUser(u *User) SessionUser {
	return SessionUser{ID: u.ID, Username: u.Username, Name: u.Name, Roles: u.Roles, Unit: u.Unit,
		Permissions: permissionsOf(u.actor()), MustChange: u.MustChange, MustEnrol: u.MustEnrol}
}

type signOutOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

type sessionOutput struct {
	Body struct {
		User SessionUser `json:"user"`
		SessionExtra
	}
}

type usersOutput struct {
	Body struct {
		Users []User `json:"users"`
	}
}

type userOutput struct{ Body User }

type createInput struct {
	Body struct {
		Username string      `json:"username" maxLength:"200"`
		Name     string      `json:"name" maxLength:"1000"`
		Role     access.Role `json:"role" enum:"admin,leader,ioc_leader,duty,unit_leader,unit,citizen"`
		Unit     string      `json:"unit,omitempty" maxLength:"200"`
		Password string      `json:"password" format:"password" maxLength:"1024" doc:"to be changed at the first sign-in"`
	}
}

type patchInput struct {
	ID   string `path:"id"`
	Body struct {
		Name     *string      `json:"name,omitempty" maxLength:"1000"`
		Role     *access.Role `json:"role,omitempty" enum:"admin,leader,ioc_leader,duty,unit_leader,unit,citizen"`
		Unit     *string      `json:"unit,omitempty" maxLength:"200"`
		Disabled *bool        `json:"disabled,omitempty"`
	}
}

type passwordInput struct {
	ID   string `path:"id"`
	Body struct {
		Password string `json:"password" format:"password" maxLength:"1024"`
	}
}

type ownPasswordInput struct {
	Body struct {
		Old string `json:"old" format:"password" maxLength:"1024"`
		New string `json:"new" format:"password" maxLength:"1024"`
	}
}

// Routes hangs sessions and accounts on the API.
func (s *Service) Routes(api huma.API) {
	s.sessionRoutes(api)
	s.securityRoutes(api)
	s.userRoutes(api)
}

func (s *Service) sessionRoutes(api huma.API) {
	tags := []string{"session"}
	huma.Register(api, huma.Operation{
		OperationID: "sign-out", Method: http.MethodDelete, Path: "/api/v1/session", Tags: tags, Summary: "Sign out",
		DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, _ *struct{}) (*signOutOutput, error) {
		if err := s.SignOut(ctx, httpapi.Token(ctx)); err != nil {
			return nil, err
		}
		return &signOutOutput{SetCookie: s.cookie(ctx, "")}, nil
	})
	huma.Register(api, huma.Operation{
		OperationID: "session", Method: http.MethodGet, Path: "/api/v1/session", Tags: tags, Summary: "Who is signed in, and where",
		Security: httpapi.Signed, Errors: []int{http.StatusUnauthorized},
	}, func(ctx context.Context, _ *struct{}) (*sessionOutput, error) {
		u, err := s.Me(ctx, httpapi.Actor(ctx))
		if err != nil {
			return nil, err
		}
		if err := s.readyIn(ctx, httpapi.Token(ctx), &u); err != nil {
			return nil, err
		}
		out := &sessionOutput{}
		out.Body.User = sessionUser(&u)
		if s.extra != nil {
			out.Body.SessionExtra = s.extra(ctx)
		}
		return out, nil
	})
	huma.Register(api, huma.Operation{
		OperationID: "change-own-password", Method: http.MethodPost, Path: "/api/v1/me/password", Tags: tags, Summary: "Change one's own password",
		Description: "Ends one's other sessions. A wrong old password counts like a failed sign-in.",
		Security:    httpapi.Signed, DefaultStatus: http.StatusNoContent,
		Errors: []int{http.StatusUnauthorized, http.StatusUnprocessableEntity, http.StatusTooManyRequests},
	}, func(ctx context.Context, in *ownPasswordInput) (*struct{}, error) {
		return nil, s.ChangeOwnPassword(ctx, httpapi.Actor(ctx), httpapi.Token(ctx), in.Body.Old, in.Body.New)
	})
}

func (s *Service) userRoutes(api huma.API) {
	op := func(id, method, path, summary string, status int, errors ...int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, DefaultStatus: status,
			Tags: []string{"users"}, Security: httpapi.Signed, Errors: append(errors, http.StatusUnauthorized, http.StatusForbidden)}
	}
	const one = "/api/v1/users/{id}"
	huma.Register(api, op("list-users", http.MethodGet, "/api/v1/users", "The accounts, by user name", http.StatusOK),
		func(ctx context.Context, _ *struct{}) (*usersOutput, error) {
			users, err := s.Users(ctx, httpapi.Actor(ctx))
			if err != nil {
				return nil, err
			}
			out := &usersOutput{}
			out.Body.Users = append([]User{}, users...)
			return out, nil
		})
	huma.Register(api, op("create-user", http.MethodPost, "/api/v1/users", "Create an account", http.StatusCreated, http.StatusConflict, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *createInput) (*userOutput, error) {
			u, err := s.CreateUser(ctx, httpapi.Actor(ctx), Draft{Username: in.Body.Username, Name: in.Body.Name, Role: in.Body.Role, Unit: in.Body.Unit, Password: in.Body.Password})
			if err != nil {
				return nil, err
			}
			return &userOutput{Body: u}, nil
		})
	huma.Register(api, op("patch-user", http.MethodPatch, one, "Change an account", http.StatusOK, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *patchInput) (*userOutput, error) {
			u, err := s.PatchUser(ctx, httpapi.Actor(ctx), in.ID, Patch{Name: in.Body.Name, Role: in.Body.Role, Unit: in.Body.Unit, Disabled: in.Body.Disabled})
			if err != nil {
				return nil, err
			}
			return &userOutput{Body: u}, nil
		})
	huma.Register(api, op("set-password", http.MethodPost, one+"/password", "Give an account a password, to be changed at the next sign-in", http.StatusNoContent, http.StatusNotFound, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *passwordInput) (*struct{}, error) {
			return nil, s.SetPassword(ctx, httpapi.Actor(ctx), in.ID, in.Body.Password)
		})
}

// cookie carries a token; an empty one takes the cookie away.
func (s *Service) cookie(ctx context.Context, token string) http.Cookie {
	c := http.Cookie{
		Name: httpapi.SessionCookie, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: s.secure || strings.HasPrefix(httpapi.BaseURL(ctx), "https://"),
		MaxAge: int(s.policy().Absolute.Seconds()),
	}
	if token == "" {
		c.MaxAge = -1
	}
	return c
}
