package identity

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/msg"
)

type grantBody struct {
	Role     access.Role `json:"role" enum:"admin,leader,ioc_leader,duty,unit_leader,unit,officer,analyst,security,data_admin,citizen"`
	Unit     string      `json:"unit,omitempty" maxLength:"64" doc:"with all below it; empty is the whole city, for roles that have it"`
	Areas    []string    `json:"areas,omitempty" maxItems:"200" doc:"empty is anywhere"`
	Services []string    `json:"services,omitempty" maxItems:"50" doc:"empty is every service"`
	Ceiling  string      `json:"ceiling,omitempty" enum:"public,internal,personal,sensitive" doc:"left out: what the role reaches"`
	From     *time.Time  `json:"from,omitempty" nullable:"true" doc:"left out or past: now"`
	Until    *time.Time  `json:"until,omitempty" nullable:"true" doc:"the first instant no longer; left out: until revoked"`
	Reason   string      `json:"reason,omitempty" maxLength:"2000"`
}

func (b grantBody) draft() GrantDraft {
	return GrantDraft{Role: b.Role, Unit: b.Unit, Areas: b.Areas, Services: b.Services, Ceiling: b.Ceiling, From: b.From, Until: b.Until, Reason: b.Reason}
}

type giveInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body grantBody
}

type grantOutput struct{ Body Grant }

type grantsOutput struct {
	Body struct {
		Grants []Grant `json:"grants"`
	}
}

func answerGrants(gs []Grant, err error) (*grantsOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &grantsOutput{}
	out.Body.Grants = append([]Grant{}, gs...)
	return out, nil
}

type takeInput struct {
	ID     string `path:"id" maxLength:"64"`
	Reason string `query:"reason" required:"true" maxLength:"2000"`
}

type grantsOfInput struct {
	ID  string `path:"id" maxLength:"64"`
	All bool   `query:"all" doc:"also those that have ended"`
}

type grantsInput struct {
	Unit     string      `query:"unit" maxLength:"64" doc:"there or below"`
	Role     access.Role `query:"role" maxLength:"32"`
	Expiring int         `query:"expiring_days" minimum:"0" maximum:"3660" doc:"that end within so many days"`
}

type delegateInput struct {
	Body struct {
		To     string    `json:"to" maxLength:"64"`
		Grants []string  `json:"grants,omitempty" maxItems:"100" doc:"ids of one's own; empty: all that can be lent"`
		From   time.Time `json:"from"`
		Until  time.Time `json:"until"`
		Reason string    `json:"reason" maxLength:"2000"`
	}
}

type diffInput struct {
	Body struct {
		User   string      `json:"user" maxLength:"64"`
		Add    []grantBody `json:"add,omitempty" maxItems:"20"`
		Remove []string    `json:"remove,omitempty" maxItems:"100" doc:"ids of grants"`
	}
}

type diffNote struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

type diffOutput struct {
	Body struct {
		Gained   []Change   `json:"gained"`
		Lost     []Change   `json:"lost"`
		Kept     int        `json:"kept" doc:"permissions that stay, somewhere"`
		Allowed  bool       `json:"allowed"`
		Refused  []diffNote `json:"refused"`
		Warnings []diffNote `json:"warnings"`
	}
}

func notes(ctx context.Context, fs []*fault.Error) []diffNote {
	out := []diffNote{}
	for _, f := range fs {
		out = append(out, diffNote{f.Code, f.In(httpapi.Lang(ctx))})
	}
	return out
}

func (s *Service) grantRoutes(api huma.API) {
	huma.Register(api, operation("list-grants-of", http.MethodGet, "/api/v1/users/{id}/grants", "", "The grants of a person", http.StatusOK, http.StatusNotFound),
		func(ctx context.Context, in *grantsOfInput) (*grantsOutput, error) {
			return answerGrants(s.GrantsOf(ctx, httpapi.Actor(ctx), in.ID, in.All))
		})
	huma.Register(api, operation("give-grant", http.MethodPost, "/api/v1/users/{id}/grants", access.GrantEdit, "Give a person a role", http.StatusCreated, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *giveInput) (*grantOutput, error) {
			g, err := s.Give(ctx, httpapi.Actor(ctx), in.ID, in.Body.draft())
			if err != nil {
				return nil, err
			}
			return &grantOutput{Body: g}, nil
		})
	// Who lends takes back too, whatever his role.
	huma.Register(api, operation("take-grant", http.MethodDelete, "/api/v1/grants/{id}", "", "Take a grant, or back what one lent", http.StatusNoContent, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *takeInput) (*struct{}, error) {
			return nil, s.Take(ctx, httpapi.Actor(ctx), in.ID, in.Reason)
		})
	huma.Register(api, operation("list-grants", http.MethodGet, "/api/v1/grants", access.UserView, "The grants in force or to come, those that end soonest first", http.StatusOK),
		func(ctx context.Context, in *grantsInput) (*grantsOutput, error) {
			return answerGrants(s.Grants(ctx, httpapi.Actor(ctx), GrantFilter{Unit: in.Unit, Role: in.Role, Expiring: in.Expiring}))
		})
	huma.Register(api, operation("delegate", http.MethodPost, "/api/v1/delegations", "", "Lend rights of one's own for a time (ủy quyền)", http.StatusCreated, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *delegateInput) (*grantsOutput, error) {
			return answerGrants(s.Delegate(ctx, httpapi.Actor(ctx), Delegation{To: in.Body.To, Grants: in.Body.Grants, From: in.Body.From, Until: in.Body.Until, Reason: in.Body.Reason}))
		})
	huma.Register(api, operation("list-delegations", http.MethodGet, "/api/v1/delegations", "", "What one lends now or will", http.StatusOK),
		func(ctx context.Context, _ *struct{}) (*grantsOutput, error) {
			return answerGrants(s.Delegations(ctx, httpapi.Actor(ctx)))
		})
	huma.Register(api, operation("access-diff", http.MethodPost, "/api/v1/access/diff", access.GrantEdit, "What a proposed change of somebody's grants would come to", http.StatusOK, http.StatusNotFound),
		func(ctx context.Context, in *diffInput) (*diffOutput, error) {
			var add []GrantDraft
			for _, b := range in.Body.Add {
				add = append(add, b.draft())
			}
			d, err := s.Diff(ctx, httpapi.Actor(ctx), in.Body.User, add, in.Body.Remove)
			if err != nil {
				return nil, err
			}
			out := &diffOutput{}
			out.Body.Gained, out.Body.Lost, out.Body.Kept = append([]Change{}, d.Gained...), append([]Change{}, d.Lost...), d.Kept
			out.Body.Refused, out.Body.Warnings, out.Body.Allowed = notes(ctx, d.Refused), notes(ctx, d.Warnings), len(d.Refused) == 0
			return out, nil
		})
	s.whoRoutes(api)
}

type whoInput struct {
	Permission  access.Permission `query:"permission" required:"true" maxLength:"64"`
	Unit        string            `query:"unit" maxLength:"64"`
	Area        string            `query:"area" maxLength:"64"`
	Service     string            `query:"service" maxLength:"64"`
	Sensitivity string            `query:"sensitivity" enum:"public,internal,personal,sensitive"`
}

type seerUser struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Title    string `json:"title"`
	Unit     string `json:"unit"`
	UnitName string `json:"unit_name"`
}

type seer struct {
	User seerUser `json:"user"`
	Why  []Grant  `json:"why"`
}

func viewOfSeer(u *User) seerUser {
	return seerUser{ID: u.ID, Name: u.Name, Title: u.Title, Unit: u.Unit, UnitName: u.UnitName}
}

type whoOutput struct {
	Body struct {
		People []seer `json:"people"`
	}
}

type roleRow struct {
	Role        access.Role         `json:"role"`
	Name        msg.Text            `json:"name"`
	Permissions []access.Permission `json:"permissions"`
	Ceiling     string              `json:"ceiling" enum:"public,internal,personal,sensitive"`
	CityWide    bool                `json:"city_wide" doc:"may be given without a unit"`
	MayGive     []access.Role       `json:"may_give" doc:"to others, inside one's own reach"`
	Delegable   bool                `json:"delegable"`
}

type permissionRow struct {
	Permission access.Permission `json:"permission"`
	Text       msg.Text          `json:"text"`
}

type rolesOutput struct {
	Body struct {
		Roles       []roleRow       `json:"roles"`
		Permissions []permissionRow `json:"permissions"`
	}
}

func (s *Service) whoRoutes(api huma.API) {
	huma.Register(api, operation("access-who", http.MethodGet, "/api/v1/access/who", access.UserView, "Who may do something somewhere, and why", http.StatusOK, http.StatusUnprocessableEntity),
		func(ctx context.Context, in *whoInput) (*whoOutput, error) {
			scope := access.Scope{Unit: in.Unit, Area: in.Area, Service: in.Service, Sensitivity: sensitivity(in.Sensitivity)}
			found, err := s.Who(ctx, httpapi.Actor(ctx), in.Permission, scope)
			if err != nil {
				return nil, err
			}
			out := &whoOutput{}
			out.Body.People = []seer{}
			for i := range found {
				out.Body.People = append(out.Body.People, seer{viewOfSeer(&found[i].User), found[i].Why})
			}
			return out, nil
		})
	huma.Register(api, operation("access-roles", http.MethodGet, "/api/v1/access/roles", "", "The roles and the permissions, in words", http.StatusOK),
		func(ctx context.Context, _ *struct{}) (*rolesOutput, error) {
			if !httpapi.Actor(ctx).Known() {
				return nil, errSignedOut.With()
			}
			out := &rolesOutput{}
			out.Body.Roles, out.Body.Permissions = roleRows(), permissionRows()
			return out, nil
		})
}
