package identity

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/personal"
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
	Title       string              `json:"title"`
	UnitName    string              `json:"unit_name"`
	Grants      []Grant             `json:"grants" doc:"in force"`
}

func sessionUser(u *User) SessionUser {
	return SessionUser{ID: u.ID, Username: u.Username, Name: u.Name, Roles: u.Roles, Unit: u.Unit,
		Permissions: permissionsOf(u.actor()), MustChange: u.MustChange, MustEnrol: u.MustEnrol, Title: u.Title, UnitName: u.UnitName,
		Grants: slices.DeleteFunc(slices.Clone(u.Posts), func(g Grant) bool { return !g.InForce })}
}

type signOutOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

type sessionOutput struct {
	Body struct {
		User   SessionUser `json:"user"`
		ViewAs *ViewedAs   `json:"view_as" doc:"while one looks as somebody else: user is that person then"`
		SessionExtra
	}
}

type userOutput struct{ Body User }

type createInput struct {
	Body struct {
		Username string      `json:"username" maxLength:"200"`
		Name     string      `json:"name" maxLength:"1000"`
		Title    string      `json:"title,omitempty" maxLength:"1000"`
		Email    string      `json:"email,omitempty" maxLength:"254"`
		Phone    string      `json:"phone,omitempty" maxLength:"64"`
		Role     access.Role `json:"role" enum:"admin,leader,ioc_leader,duty,unit_leader,unit,officer,analyst,security,data_admin,citizen"`
		Unit     string      `json:"unit,omitempty" maxLength:"200" doc:"of an administrator: where he sits"`
		Until    *time.Time  `json:"until,omitempty" nullable:"true" doc:"of the role"`
		Reason   string      `json:"reason,omitempty" maxLength:"2000"`
		Password string      `json:"password" format:"password" maxLength:"1024" doc:"to be changed at the first sign-in"`
	}
}

type patchInput struct {
	ID   string `path:"id"`
	Body struct {
		Name     *string      `json:"name,omitempty" maxLength:"1000"`
		Title    *string      `json:"title,omitempty" maxLength:"1000"`
		Email    *string      `json:"email,omitempty" maxLength:"254"`
		Phone    *string      `json:"phone,omitempty" maxLength:"64"`
		Role     *access.Role `json:"role,omitempty" enum:"admin,leader,ioc_leader,duty,unit_leader,unit,officer,analyst,security,data_admin,citizen" doc:"of the main post, which is taken for another"`
		Unit     *string      `json:"unit,omitempty" maxLength:"200" doc:"of the main post"`
		Disabled *bool        `json:"disabled,omitempty"`
		Reason   string       `json:"reason,omitempty" maxLength:"500"`
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
	s.viewRoutes(api)
	s.profileRoutes(api)
	s.inviteRoutes(api)
	s.grantRoutes(api)
	s.securityRoutes(api)
	s.userRoutes(api)
}

func (s *Service) sessionRoutes(api huma.API) {
	tags := []string{"session"}
	huma.Register(api, httpapi.Open(huma.Operation{
		OperationID: "sign-out", Method: http.MethodDelete, Path: "/api/v1/session", Tags: tags, Summary: "Sign out", DefaultStatus: http.StatusNoContent,
	}), func(ctx context.Context, _ *struct{}) (*signOutOutput, error) {
		if err := s.SignOut(ctx, httpapi.Token(ctx)); err != nil {
			return nil, err
		}
		return &signOutOutput{SetCookie: s.cookie(ctx, "")}, nil
	})
	huma.Register(api, httpapi.Needs(huma.Operation{
		OperationID: "session", Method: http.MethodGet, Path: "/api/v1/session", Tags: tags, Summary: "Who is signed in, and where",
		Security: httpapi.Signed, Errors: []int{http.StatusUnauthorized},
	}), func(ctx context.Context, _ *struct{}) (*sessionOutput, error) {
		out := &sessionOutput{}
		var err error
		if out.Body.User, out.Body.ViewAs, err = s.sessionNow(ctx, httpapi.Actor(ctx), httpapi.Token(ctx)); err != nil {
			return nil, err
		}
		if s.extra != nil {
			out.Body.SessionExtra = s.extra(ctx)
		}
		return out, nil
	})
	huma.Register(api, httpapi.Needs(huma.Operation{
		OperationID: "change-own-password", Method: http.MethodPost, Path: "/api/v1/me/password", Tags: tags, Summary: "Change one's own password",
		Description: "Ends one's other sessions. A wrong old password counts like a failed sign-in.",
		Security:    httpapi.Signed, DefaultStatus: http.StatusNoContent,
		Errors: []int{http.StatusUnauthorized, http.StatusUnprocessableEntity, http.StatusTooManyRequests},
	}), func(ctx context.Context, in *ownPasswordInput) (*struct{}, error) {
		return nil, s.ChangeOwnPassword(ctx, httpapi.Actor(ctx), httpapi.Token(ctx), in.Body.Old, in.Body.New)
	})
}

func (s *Service) userRoutes(api huma.API) {
	const one = "/api/v1/users/{id}"
	huma.Register(api, operation("list-users", http.MethodGet, "/api/v1/users", access.UserView, "The accounts, by user name", http.StatusOK),
		func(ctx context.Context, in *peopleInput) (*usersOutput, error) {
			page, err := s.People(ctx, httpapi.Actor(ctx), People{Query: in.Query, Unit: in.Unit, Role: in.Role, State: in.State, Unused: in.Unused, Limit: in.Limit, After: in.Cursor})
			if err != nil {
				return nil, err
			}
			out := &usersOutput{}
			out.Body.Users, out.Body.Next, out.Body.Total = append([]User{}, page.Users...), page.Next, page.Total
			return out, nil
		})
	huma.Register(api, operation("read-user", http.MethodGet, one, "", "An account", http.StatusOK, http.StatusNotFound),
		func(ctx context.Context, in *struct {
			ID string `path:"id" maxLength:"64"`
		}) (*userOutput, error) {
			return answerUser(s.Person(ctx, httpapi.Actor(ctx), in.ID))
		})
	huma.Register(api, operation("create-user", http.MethodPost, "/api/v1/users", access.UserEdit, "Create an account", http.StatusCreated, http.StatusConflict, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *createInput) (*userOutput, error) {
			b := in.Body
			return answerUser(s.CreateUser(ctx, httpapi.Actor(ctx), Draft{Username: b.Username, Name: b.Name, Title: b.Title, Email: personal.Email(b.Email), Phone: personal.Phone(b.Phone),
				Role: b.Role, Unit: b.Unit, Until: b.Until, Reason: b.Reason, Password: b.Password}))
		})
	huma.Register(api, operation("patch-user", http.MethodPatch, one, access.UserEdit, "Change an account", http.StatusOK, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *patchInput) (*userOutput, error) {
			b := in.Body
			return answerUser(s.PatchUser(ctx, httpapi.Actor(ctx), in.ID, Patch{Name: b.Name, Title: b.Title, Email: (*personal.Email)(b.Email), Phone: (*personal.Phone)(b.Phone),
				Role: b.Role, Unit: b.Unit, Disabled: b.Disabled, Reason: b.Reason}))
		})
	huma.Register(api, operation("set-password", http.MethodPost, one+"/password", access.UserEdit, "Give an account a password, to be changed at the next sign-in", http.StatusNoContent, http.StatusNotFound, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *passwordInput) (*struct{}, error) {
			return nil, s.SetPassword(ctx, httpapi.Actor(ctx), in.ID, in.Body.Password)
		})
}

func answerUser(u User, err error) (*userOutput, error) {
	if err != nil {
		return nil, err
	}
	return &userOutput{Body: u}, nil
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
