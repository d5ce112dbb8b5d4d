package org_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
)

func TestRoutes(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		actors := map[string]access.Actor{"admin": admin, "focal": focal, "citizen": {ID: "x", Roles: []access.Role{access.Citizen}}}
		api, srv := httpapi.NewTestAPI(func(_ context.Context, token string) (access.Actor, bool) { a, ok := actors[token]; return a, ok })
		t.Cleanup(srv.Close)
		r.Routes(api)
		do := func(who, method, path, body string) (int, string) {
			t.Helper()
			req, err := http.NewRequest(method, srv.URL+"/api/v1/org/units"+path, bytes.NewBufferString(body))
			r.must(err)
			req.Header.Set("Authorization", "Bearer "+who)
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Accept-Language", "en")
			res, err := http.DefaultClient.Do(req)
			r.must(err)
			defer res.Body.Close()
			b, err := io.ReadAll(res.Body)
			r.must(err)
			return res.StatusCode, string(b)
		}
		unit := `{"name":"Mới","name_en":"New","kind":"office","parent":"ubnd","valid_from":"2026-01-01","legal":"QĐ 1"}`
		for _, x := range []struct {
			who, method, path, body string
			status                  int
			has                     string
		}{
			{"nobody", "GET", "", "", 401, ""}, {"citizen", "GET", "", "", 403, ""}, {"focal", "GET", "", "", 200, `"code":"ubnd"`},
			{"focal", "GET", "?q=hai%20chau", "", 200, `"people":3`}, {"focal", "GET", "?kind=urban_district", "", 200, `"units":[]`},
			{"focal", "GET", "?kind=urban_district&at=2024-06-01T00:00:00Z", "", 200, "492-2025"}, {"focal", "GET", "?kind=urban_district&ended=true", "", 200, "492-2025"},
			{"focal", "GET", "/snnmt", "", 200, `"alerts":5`}, {"focal", "GET", "/atlantis", "", 404, "org.not_found"}, {"focal", "GET", "/492-2025", "", 200, `"in_force":false`},
			{"focal", "PUT", "/moi", unit, 403, ""}, {"admin", "PUT", "/moi", unit, 200, `"valid_from":"2025-12-31T17:00:00Z"`},
			{"admin", "PUT", "/moi2", `{"name":"x","kind":"office","valid_from":"soon"}`, 422, `"path":"valid_from"`},
			{"admin", "PUT", "/moi2", `{"name":"x","kind":"office","parent":"nowhere","valid_from":null}`, 422, `"path":"parent"`},
			{"admin", "POST", "/moi/dissolve", `{"on":"2026-12-01","successors":["vpubnd"],"legal":"QĐ 2"}`, 200, `"successors":["vpubnd"]`},
			{"admin", "POST", "/moi/dissolve", `{"on":"2025-12-01","successors":null}`, 422, `"path":"on"`}, {"admin", "POST", "/nowhere/dissolve", `{"on":"2026-12-01"}`, 404, ""},
			{"admin", "POST", "/import", `{"csv":"code,name,kind,parent\nm3,Ba,office,moi9\n","preview":true}`, 200, `"line":2,"field":"parent","code":"org.parent"`},
			{"admin", "POST", "/import", `{"csv":"code,name,kind,parent\nm3,Ba,office,ubnd\n"}`, 200, `"created":1`}, {"focal", "POST", "/import", `{"csv":""}`, 403, ""},
		} {
			status, body := do(x.who, x.method, x.path, x.body)
			if status != x.status || !strings.Contains(body, x.has) {
				t.Errorf("%s %s %s: %d %.600s", x.who, x.method, x.path, status, body)
			}
		}
		_, body := do("focal", "GET", "", "")
		var list struct {
			Units []struct {
				Code, Parent string
				Children     int
			}
		}
		r.must(json.Unmarshal([]byte(body), &list))
		seen := map[string]bool{"": true}
		for _, u := range list.Units {
			if !seen[u.Parent] {
				t.Errorf("%s stands before its parent %s", u.Code, u.Parent)
			}
			seen[u.Code] = true
		}
		if list.Units[0].Code != "ubnd" || list.Units[0].Children < 110 || len(list.Units) < 130 {
			t.Errorf("%d units, first %+v", len(list.Units), list.Units[0])
		}
	})
}
