package httpapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
)

// Who looks as somebody else reads everything and changes nothing, whatever
// handler stands behind the address.
func TestChain_WhoOnlyLooks(t *testing.T) {
	reached := 0
	srv := httptest.NewServer(httpapi.Chain(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }), httpapi.Options{
		Authenticate: func(_ context.Context, token string) (access.Actor, bool) {
			return access.Actor{ID: "u1", Roles: []access.Role{access.Admin}, ReadOnly: token == "viewing", Real: "u2"}, true
		},
	}))
	defer srv.Close()
	for _, c := range []struct {
		token, method, path string
		status              int
	}{
		{"viewing", "GET", "/api/v1/alerts", 200}, {"viewing", "HEAD", "/api/v1/alerts", 200},
		{"viewing", "POST", "/api/v1/alerts", 403}, {"viewing", "PUT", "/api/v1/org/units/a", 403}, {"viewing", "PATCH", "/sta/v1.1/Things(1)", 403},
		{"viewing", "DELETE", "/api/v1/users/x", 403}, {"viewing", "POST", "/api/v1/session/view-as", 403}, {"viewing", "BREW", "/api/v1/alerts", 403},
		{"viewing", "DELETE", "/api/v1/session/view-as", 200}, {"viewing", "DELETE", "/api/v1/session", 200}, {"viewing", "DELETE", "/api/v1/session/", 403},
		{"own", "POST", "/api/v1/alerts", 200},
	} {
		before := reached
		status, _, p, _ := call(t, c.method, srv.URL+c.path, "", "Authorization", "Bearer "+c.token)
		if status != c.status || (status == 403) == (reached > before) || status == 403 && c.method != "HEAD" && p.Code != "access.read_only" {
			t.Errorf("%s %s as %s: %d %s, reached %d", c.method, c.path, c.token, status, p.Code, reached-before)
		}
	}
}

// The program itself reaches everything, a visitor nothing.
func TestReachOfWhoCalls(t *testing.T) {
	visitor := httpapi.WithActor(t.Context(), access.Nobody())
	chief := httpapi.WithActor(t.Context(), access.Actor{ID: "u1", Roles: []access.Role{access.IOCLeader}})
	if r := httpapi.Reach(t.Context(), access.AlertView); !r.Everywhere() {
		t.Errorf("the program: %v", r)
	}
	if r := httpapi.Reach(visitor, access.AlertView); len(r) != 0 {
		t.Errorf("a visitor: %v", r)
	}
	if r := httpapi.Reach(chief, access.AlertView); !r.Everywhere() {
		t.Errorf("the chief: %v", r)
	}
}
