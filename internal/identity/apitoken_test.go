package identity_test

import (
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/identity"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

// tree is an organisation of one ward with a hamlet.
type tree struct{}

func (tree) Subtree(code string, _ time.Time) []string {
	switch code {
	case "":
		return nil
	case "20332":
		return []string{"20332", "20332-1"}
	}
	return []string{code}
}
func (tree) Exists(code string, _ time.Time) bool { return strings.HasPrefix(code, "2") }
func (tree) Heir(string, time.Time) string        { return "" }
func (tree) Name(code string) string              { return "Xã " + code }

func inTree(o *identity.Options) { o.Units = tree{} }

func (p *place) draftToken(change func(*identity.TokenDraft)) identity.TokenDraft {
	d := identity.TokenDraft{Name: "Trục liên thông", Permissions: []access.Permission{access.LayerView, access.AlertView}, Unit: "20332", Services: []string{"flood"},
		Expires: p.clk.Now().Add(30 * 24 * time.Hour), Reason: "đồng bộ cảnh báo"}
	change(&d)
	return d
}

func TestASystemsToken(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := open(t, db, inTree)
		adm := p.person("root", access.Admin)
		p.person("second", access.Admin)
		admin := p.actor(p.mustSignIn("root"))
		secret, tok, err := p.CreateToken(t.Context(), admin, p.draftToken(func(*identity.TokenDraft) {}))
		if err != nil || !strings.HasPrefix(secret, "ioct_") || !strings.HasSuffix(secret, tok.Hint) || tok.Owner.ID != adm.ID {
			t.Fatalf("%+v %v", tok, err)
		}
		a := p.actor(secret)
		for _, c := range []struct {
			p    access.Permission
			s    access.Scope
			want bool
		}{
			{access.LayerView, access.Scope{}, true}, {access.AlertView, access.Scope{Unit: "20332-1", Service: "flood"}, true},
			{access.AlertView, access.Scope{Unit: "20333", Service: "flood"}, false}, {access.AlertView, access.Scope{Unit: "20332", Service: "case"}, false},
			{access.UserEdit, access.Scope{}, false}, {access.TokenEdit, access.Scope{}, false},
		} {
			if got := a.Can(c.p, c.s); got != c.want {
				t.Errorf("%s in %+v: %v", c.p, c.s, got)
			}
		}
		if a.Reach(access.LayerView).Everywhere() {
			t.Error("reaches everywhere")
		}
		// What people do for themselves is not for tokens.
		if _, err := p.Me(t.Context(), a); err == nil {
			t.Error("a token has an account")
		}
		for name, try := range map[string]func() error{
			"security": func() error { _, err := p.Security(t.Context(), a, secret); return err },
			"sessions": func() error { _, err := p.OwnSessions(t.Context(), a, secret); return err },
			"token": func() error {
				_, _, err := p.CreateToken(t.Context(), a, p.draftToken(func(*identity.TokenDraft) {}))
				return err
			},
		} {
			if k := fault.KindOf(try()); k != fault.Forbidden {
				t.Errorf("%s: %v", name, try())
			}
		}
		p.valid(secret)
		list, err := p.Tokens(t.Context(), admin)
		if err != nil || len(list) != 1 || list[0].LastUsed == nil || list[0].Services[0] != "flood" {
			t.Fatalf("%+v %v", list, err)
		}
		used := *list[0].LastUsed
		p.pass(50 * time.Second)
		p.valid(secret)
		if list, _ = p.Tokens(t.Context(), admin); !list[0].LastUsed.Equal(used) {
			t.Error("written within a minute")
		}
		p.pass(50 * time.Second)
		p.valid(secret)
		if list, _ = p.Tokens(t.Context(), admin); !list[0].LastUsed.After(used) {
			t.Error("not written after a minute")
		}
		// It does not go idle, and ends when it said.
		p.pass(29 * 24 * time.Hour)
		if !p.valid(secret) {
			t.Error("over before its end")
		}
		p.pass(24 * time.Hour)
		if p.valid(secret) {
			t.Error("valid after its end")
		}
		for _, s := range dump(t, db, "audit_entry") {
			if strings.Contains(s, secret) {
				t.Error("the trail holds the token")
			}
		}
	})
}

func TestATokenEndsWithItsOwner(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := open(t, db, inTree)
		p.person("second", access.Admin)
		adm := p.person("root", access.Admin)
		admin := p.actor(p.mustSignIn("root"))
		give := func() (string, identity.APIToken) {
			t.Helper()
			secret, tok, err := p.CreateToken(t.Context(), admin, p.draftToken(func(d *identity.TokenDraft) { d.Unit = "" }))
			if err != nil || !p.valid(secret) {
				t.Fatal(err)
			}
			return secret, tok
		}
		secret, tok := give()
		if err := p.RevokeToken(t.Context(), admin, tok.ID); err != nil || p.valid(secret) {
			t.Errorf("revoked and valid: %v", err)
		}
		if err := p.RevokeToken(t.Context(), admin, tok.ID); err != nil {
			t.Errorf("twice: %v", err)
		}
		if err := p.RevokeToken(t.Context(), admin, "x"); code(err) != "identity.no_token" {
			t.Errorf("%v", err)
		}
		secret, _ = give()
		other := "ioct_" + strings.Repeat("a", 52)
		if p.valid(other) || p.valid(secret[:len(secret)-1]) {
			t.Error("another token is valid")
		}
		off, on := true, false
		if _, err := p.PatchUser(t.Context(), root, adm.ID, identity.Patch{Disabled: &off}); err != nil {
			t.Fatal(err)
		}
		if p.valid(secret) {
			t.Error("the owner is disabled and the token valid")
		}
		if _, err := p.PatchUser(t.Context(), root, adm.ID, identity.Patch{Disabled: &on}); err != nil {
			t.Fatal(err)
		}
		// The owner's grants of now count, not those of then.
		role := access.Citizen
		if _, err := p.PatchUser(t.Context(), root, adm.ID, identity.Patch{Role: &role, Reason: "chuyển việc"}); err != nil {
			t.Fatal(err)
		}
		if a, ok := p.Authenticate(t.Context(), secret); ok && a.Can(access.AlertView, access.Scope{}) {
			t.Error("may more than its owner")
		}
	})
}

func TestATokenIsNeverMoreThanItsGiver(t *testing.T) {
	p := open(t, storetest.SQLite(t, nil), inTree)
	p.person("root", access.Admin)
	p.person("lan", access.Duty)
	admin := p.actor(p.mustSignIn("root"))
	if _, _, err := p.CreateToken(t.Context(), p.actor(p.mustSignIn("lan")), p.draftToken(func(*identity.TokenDraft) {})); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("an officer: %v", err)
	}
	for name, c := range map[string]struct {
		change func(*identity.TokenDraft)
		want   string
	}{
		"not the giver's":   {func(d *identity.TokenDraft) { d.Permissions = append(d.Permissions, access.AlertHandle) }, "permissions:token_more"},
		"made up":           {func(d *identity.TokenDraft) { d.Permissions = []access.Permission{"x"} }, "permissions:token_more"},
		"nothing":           {func(d *identity.TokenDraft) { d.Permissions = nil }, "permissions:token_none"},
		"no end":            {func(d *identity.TokenDraft) { d.Expires = time.Time{} }, "expires:token_expires"},
		"over already":      {func(d *identity.TokenDraft) { d.Expires = p.clk.Now() }, "expires:token_expires"},
		"for ever":          {func(d *identity.TokenDraft) { d.Expires = p.clk.Now().AddDate(5, 0, 0) }, "expires:token_expires"},
		"no reason":         {func(d *identity.TokenDraft) { d.Reason = " " }, "reason:token_reason"},
		"no name":           {func(d *identity.TokenDraft) { d.Name = "" }, "name:token_name"},
		"no such unit":      {func(d *identity.TokenDraft) { d.Unit = "9" }, "unit:unit_ended"},
		"a longish service": {func(d *identity.TokenDraft) { d.Services = []string{strings.Repeat("x", 65)} }, "services:token_services"},
	} {
		if _, _, err := p.CreateToken(t.Context(), admin, p.draftToken(c.change)); fields(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTokensOverHTTP(t *testing.T) {
	p, b := serveOn(t, storetest.SQLite(t, nil), inTree)
	p.person("root", access.Admin)
	b.want("GET", "/api/v1/tokens", "", 401)
	b.want("POST", "/api/v1/session", `{"username":"root","password":"`+good+`"}`, 200)
	b.want("GET", "/api/v1/tokens", "", 200, `{"tokens":[]}`)
	answer := b.want("POST", "/api/v1/tokens", `{"name":"x","permissions":["user.view"],"unit":"","services":[],"expires":"2026-12-31T00:00:00Z","reason":"thử"}`, 201,
		`"token":"ioct_`, `"last_used":null`, `"revoked_at":null`, `"owner":{"id":"`)
	secret := between(answer, `"token":"`, `"`)
	script := newBrowser(t, b.base)
	script.bearer = secret
	script.want("GET", "/api/v1/users", "", 200)
	script.want("GET", "/api/v1/tokens", "", 403)
	b.want("DELETE", "/api/v1/tokens/"+between(answer, `"id":"`, `"`), "", 204)
	script.want("GET", "/api/v1/users", "", 401)
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}

// A token with user.edit makes nobody's account its own.
func TestATokenTakesNoAccountOver(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := open(t, db, inTree)
		p.person("root", access.Admin)
		lan := p.person("lan", access.Duty)
		d := p.draftToken(func(d *identity.TokenDraft) {
			d.Permissions, d.Unit, d.Services = []access.Permission{access.UserEdit, access.UserView}, "", nil
		})
		secret, _, err := p.CreateToken(t.Context(), p.actor(p.mustSignIn("root")), d)
		if err != nil {
			t.Fatal(err)
		}
		a := p.actor(secret)
		if err := p.SetPassword(t.Context(), a, lan.ID, "Bán-đảo-Sơn-Trà-1"); code(err) != "identity.not_by_token" {
			t.Errorf("password: %v", err)
		}
		if err := p.ResetSecondFactor(t.Context(), a, lan.ID); code(err) != "identity.not_by_token" {
			t.Errorf("second factor: %v", err)
		}
		if err := p.EndSessions(t.Context(), a, lan.ID); err != nil {
			t.Errorf("sessions: %v", err)
		}
	})
}
