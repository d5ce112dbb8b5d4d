package identity_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/audit"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/identity"
	"openioc.org/ioc/internal/store/storetest"
)

func TestInvitation(t *testing.T) {
	eachCity(t, func(t *testing.T, p *place) {
		p.worker("head", access.UnitLeader, "a")
		head := p.as("head")
		d := identity.Draft{Username: "moi", Name: "Người mới", Role: access.Officer, Unit: "a1", Email: "moi@example.vn", Reason: "tuyển mới"}
		u, link, err := p.Invite(t.Context(), head, d, "https://ioc.example")
		if err != nil || !u.Invited || !strings.HasPrefix(link, "https://ioc.example/invitation#ioci_") {
			t.Fatalf("%+v %s %v", u, link, err)
		}
		for what, c := range map[string]struct {
			change func(*identity.Draft)
			want   string
		}{
			"above himself": {func(d *identity.Draft) { d.Role, d.Unit = access.Duty, "" }, "identity.may_not_give"},
			"beyond":        {func(d *identity.Draft) { d.Unit = "b" }, "access.denied"},
			"why":           {func(d *identity.Draft) { d.Reason = "" }, "identity.invalid"},
			"taken":         {func(*identity.Draft) {}, "identity.taken"},
			"mail":          {func(d *identity.Draft) { d.Email = "moi@" }, "identity.invalid"},
			"phone":         {func(d *identity.Draft) { d.Phone = "gọi tôi" }, "identity.invalid"},
		} {
			other := d
			c.change(&other)
			if _, _, err := p.Invite(t.Context(), head, other, ""); code(err) != c.want {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, _, err := p.signIn("moi", ""); code(err) != "identity.wrong_password" {
			t.Errorf("signs in without a password: %v", err)
		}
		_, again, err := p.InviteAgain(t.Context(), head, u.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		accept := func(link, password string) string {
			err := p.Accept(t.Context(), token(link), password, "10.0.0.1")
			if err == nil {
				return ""
			}
			return code(err)
		}
		if got := accept(link, good); got != "identity.invitation" {
			t.Errorf("the link before: %s", got)
		}
		if got := accept(again, "weak"); got != "identity.password" {
			t.Errorf("weak: %s", got)
		}
		if got := accept(again, good); got != "" {
			t.Errorf("accept: %s", got)
		}
		if got := accept(again, better); got != "identity.invitation" {
			t.Errorf("twice: %s", got)
		}
		if a := p.as("moi"); !a.Can(access.CaseEdit, access.Scope{Unit: "a1"}) || a.Can(access.CaseEdit, access.Scope{Unit: "a"}) {
			t.Errorf("actor %+v", a)
		}
		if _, _, err := p.InviteAgain(t.Context(), head, u.ID, ""); code(err) != "identity.not_invited" {
			t.Errorf("invite who has come: %v", err)
		}
		d.Username = "muon"
		_, late, err := p.Invite(t.Context(), head, d, "")
		if err != nil {
			t.Fatal(err)
		}
		p.pass(7 * 24 * 60 * 60 * 1e9)
		if got := accept(late, good); got != "identity.invitation" {
			t.Errorf("after a week: %s", got)
		}
		entries, _, err := p.trail.List(t.Context(), root, audit.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if all := string(e.After) + string(e.Before); strings.Contains(all, "ioci_") || strings.Contains(all, "moi@example") {
				t.Errorf("the trail holds a link or an address: %s", all)
			}
		}
	})
}

func TestViewAs(t *testing.T) {
	db := storetest.SQLite(t, nil)
	p := open(t, db, func(o *identity.Options) { o.Units = city() })
	api, srv := httpapi.NewTestAPI(p.Authenticate)
	t.Cleanup(srv.Close)
	p.Routes(api)
	changed := 0
	huma.Register(api, huma.Operation{OperationID: "x", Method: http.MethodPost, Path: "/api/v1/other"}, func(_ context.Context, _ *struct{}) (*struct{}, error) {
		changed++
		return nil, nil
	})
	p.person("boss", access.Admin)
	an, boss := p.worker("an", access.UnitLeader, "a"), p.read("boss")
	b := newBrowser(t, srv.URL)
	b.want("POST", "/api/v1/session", `{"username":"boss","password":"`+good+`"}`, 200)
	b.want("POST", "/api/v1/session/view-as", `{"user":"`+an.ID+`","reason":""}`, 422, "identity.reason")
	b.want("POST", "/api/v1/session/view-as", `{"user":"nobody","reason":"hỗ trợ"}`, 404)
	b.want("POST", "/api/v1/session/view-as", `{"reason":"hỗ trợ"}`, 400, "identity.view_as")
	b.want("POST", "/api/v1/session/view-as", `{"unit":"old","reason":"hỗ trợ"}`, 422, "identity.unit_ended")
	b.want("POST", "/api/v1/session/view-as", `{"user":"`+boss.ID+`","reason":"hỗ trợ"}`, 400)
	b.want("POST", "/api/v1/session/view-as", `{"user":"`+an.ID+`","reason":"hỗ trợ người dùng"}`, 204)
	answer := b.want("GET", "/api/v1/session", "", 200, `"name":"Nguyễn an"`, `"by_name":"Nguyễn boss"`, `"unit_name":"Đơn vị a"`, `"case.view"`, `"grants":[{`)
	if strings.Contains(answer, `"personal.view"`) || strings.Contains(answer, `"user.edit"`) {
		t.Errorf("sees more than the person, or personal data: %s", answer)
	}
	for _, c := range [][2]string{{"POST", "/api/v1/other"}, {"POST", "/api/v1/users/" + boss.ID + "/grants"}, {"POST", "/api/v1/session/view-as"}, {"PUT", "/api/v1/me/profile"}} {
		b.want(c[0], c[1], `{}`, 403, "access.read_only")
	}
	if changed != 0 {
		t.Error("changed something of another domain")
	}
	b.want("GET", "/api/v1/me/profile", "", 403, "identity.viewing")
	b.want("GET", "/api/v1/users", "", 200, `"username":"an"`, `"total":1`)
	b.want("DELETE", "/api/v1/session/view-as", "", 204)
	b.want("GET", "/api/v1/session", "", 200, `"view_as":null`, `"username":"boss"`)
	b.want("DELETE", "/api/v1/session/view-as", "", 204)
	b.want("POST", "/api/v1/session/view-as", `{"unit":"a","role":"officer","reason":"xem màn hình một cửa"}`, 204)
	b.want("GET", "/api/v1/session", "", 200, `"view_as":{"name":"","unit":"a","unit_name":"Đơn vị a","role":"officer","by_name":"Nguyễn boss"}`)
	b.want("DELETE", "/api/v1/session", "", 204)
	if got := strings.Join(p.subjects(), " "); !strings.HasSuffix(got, "view_began view_ended view_began signed_out") {
		t.Errorf("trail %s", got)
	}
	entries, _, err := p.trail.List(t.Context(), root, audit.Filter{EntityID: an.ID, Limit: 1})
	if err != nil || entries[0].Actor.ID != boss.ID {
		t.Errorf("who looked: %+v %v", entries, err)
	}
	c := newBrowser(t, srv.URL)
	c.want("POST", "/api/v1/session", `{"username":"an","password":"`+good+`"}`, 200)
	c.want("POST", "/api/v1/session/view-as", `{"user":"`+boss.ID+`","reason":"tò mò"}`, 403, "access.denied")
}

func TestViewingEndsWithTheRightToIt(t *testing.T) {
	eachCity(t, func(t *testing.T, p *place) {
		p.person("boss", access.Admin)
		other, an := p.person("other", access.Admin), p.worker("an", access.Officer, "a")
		tok := p.mustSignIn("other")
		if err := p.ViewAs(t.Context(), p.actor(tok), tok, identity.ViewDraft{User: an.ID, Reason: "hỗ trợ"}); err != nil {
			t.Fatal(err)
		}
		if a := p.actor(tok); a.ID != an.ID || !a.ReadOnly || a.Real != other.ID {
			t.Errorf("actor %+v", a)
		}
		role := access.Security
		if _, err := p.PatchUser(t.Context(), root, other.ID, identity.Patch{Role: &role}); err != nil {
			t.Fatal(err)
		}
		if a := p.actor(tok); a.ID != other.ID || a.ReadOnly {
			t.Errorf("still looks as another: %+v", a)
		}
	})
}

func TestDiffSaysWhatGivingDoes(t *testing.T) {
	p, b := serveCity(t)
	p.worker("head", access.UnitLeader, "a")
	an := p.worker("an", access.Unit, "a1")
	b.want("POST", "/api/v1/session", `{"username":"head","password":"`+good+`"}`, 200)
	type answer struct {
		Gained, Lost      []identity.Change
		Kept              int
		Allowed           bool
		Refused, Warnings []struct{ Code string }
	}
	diff := func(body string) (a answer) {
		if err := json.Unmarshal([]byte(b.want("POST", "/api/v1/access/diff", body, 200)), &a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := diff(`{"user":"` + an.ID + `","add":[{"role":"officer","unit":"a"}],"remove":["` + an.Posts[0].ID + `"]}`)
	if !a.Allowed || a.Kept == 0 || len(a.Gained) == 0 || len(a.Lost) == 0 {
		t.Errorf("%+v", a)
	}
	for _, c := range a.Gained {
		if c.Permission == access.CaseView && c.Where.Vi != "Đơn vị a và các đơn vị trực thuộc; đến dữ liệu cá nhân" {
			t.Errorf("where: %+v", c)
		}
		if c.Permission == access.ExportData {
			t.Error("an officer gains the export")
		}
	}
	a = diff(`{"user":"` + an.ID + `","add":[{"role":"officer","unit":"b"}]}`)
	if a.Allowed || a.Refused[0].Code != "identity.beyond_unit" {
		t.Errorf("beyond: %+v", a)
	}
	b.want("POST", "/api/v1/users/"+an.ID+"/grants", `{"role":"officer","unit":"b","reason":"như xem trước"}`, 403, "identity.beyond_unit")
	a = diff(`{"user":"` + an.ID + `","add":[{"role":"unit","unit":"a1"}]}`)
	if !a.Allowed || len(a.Gained)+len(a.Lost) != 0 || a.Warnings[0].Code != "identity.warn_nothing_new" {
		t.Errorf("the same again: %+v", a)
	}
	a = diff(`{"user":"` + an.ID + `","remove":["` + an.Posts[0].ID + `","nothing"]}`)
	if a.Allowed || a.Kept != 0 {
		t.Errorf("takes what is not there: %+v", a)
	}
	b.want("POST", "/api/v1/users/"+an.ID+"/grants", `{"role":"officer","unit":"a","reason":"phân công","until":"2027-01-01T00:00:00Z"}`, 201, `"in_force":true`, `"unit_name":"Đơn vị a"`, `"until":"2027-01-01T00:00:00Z"`)
	b.want("GET", "/api/v1/users/"+an.ID+"/grants?all=true", "", 200, `"given_by":{"id":"`)
	b.want("GET", "/api/v1/grants?expiring_days=60", "", 200, `"role":"officer"`)
	b.want("GET", "/api/v1/access/who?permission=case.edit&unit=a1&sensitivity=personal", "", 200, `"name":"Nguyễn an"`, `"why":[{`)
	b.want("GET", "/api/v1/access/who?permission=made.up", "", 400, "identity.permission")
	b.want("GET", "/api/v1/access/roles", "", 200, `"name":{"vi":"Cán bộ một cửa, thụ lý hồ sơ"`, `"permission":"case.view"`)
	b.want("PUT", "/api/v1/me/profile", `{"title":"Chủ tịch","email":"an@example.vn","phone":"0905 123 4567"}`, 200, `"email":"an@example.vn"`)
	if got := b.want("GET", "/api/v1/users?q=chu%20tich", "", 200, `"total":1`); strings.Contains(got, "an@example.vn") || strings.Contains(got, "123 4567") {
		t.Errorf("not masked: %s", got)
	}
	b.want("PUT", "/api/v1/me/away", `{"from":"2026-11-23T00:00:00Z","until":"2026-12-01T00:00:00Z","substitute":"`+an.ID+`"}`, 200, `"substitute_name":"Nguyễn an"`)
	b.want("POST", "/api/v1/delegations", `{"to":"`+an.ID+`","from":"2026-11-23T00:00:00Z","until":"2026-12-01T00:00:00Z","reason":"nghỉ phép"}`, 201, `"delegated_by":{"id":"`)
	b.want("GET", "/api/v1/delegations", "", 200, `"role":"unit_leader"`)
	b.want("DELETE", "/api/v1/me/away", "", 204)
	b.want("GET", "/api/v1/users/nobody", "", 404)
}

func serveCity(t *testing.T) (*place, *browser) {
	t.Helper()
	p := open(t, storetest.SQLite(t, nil), func(o *identity.Options) { o.Units = city() })
	api, srv := httpapi.NewTestAPI(p.Authenticate)
	t.Cleanup(srv.Close)
	p.Routes(api)
	return p, newBrowser(t, srv.URL)
}
