package identity_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/identity"
	"openioc.org/ioc/internal/store/storetest"
)

func TestAccountsAreChecked(t *testing.T) {
	db := storetest.SQLite(t, nil)
	p := open(t, db, func(o *identity.Options) { o.Units = organisation{"20242": ""} })
	ok := identity.Draft{Username: "lan.tran", Name: "Trần Lan", Role: access.Unit, Unit: "20242", Password: good}
	for name, c := range map[string]struct {
		change func(*identity.Draft)
		want   string
	}{
		"short name":    {func(d *identity.Draft) { d.Username = "x" }, "username:username"},
		"spaces":        {func(d *identity.Draft) { d.Username = "lan tran" }, "username:username"},
		"vietnamese":    {func(d *identity.Draft) { d.Username = "làn" }, "username:username"},
		"injection":     {func(d *identity.Draft) { d.Username = "a'; drop table user_account; --" }, "username:username"},
		"no name":       {func(d *identity.Draft) { d.Name = " \t" }, "name:name"},
		"role":          {func(d *identity.Draft) { d.Role = "device" }, "role:role"},
		"unit":          {func(d *identity.Draft) { d.Unit = "99999" }, "unit:unit"},
		"short":         {func(d *identity.Draft) { d.Password = "Aa1-" }, "password:password_short"},
		"long":          {func(d *identity.Draft) { d.Password = strings.Repeat("Aa1-", 300) }, "password:password_long"},
		"no lower":      {func(d *identity.Draft) { d.Password = "SÔNG-HÀN-2025" }, "password:password_lower"},
		"no upper":      {func(d *identity.Draft) { d.Password = "sông-hàn-2025" }, "password:password_upper"},
		"no digit":      {func(d *identity.Draft) { d.Password = "Sông-Hàn-năm-nay" }, "password:password_digit"},
		"no special":    {func(d *identity.Draft) { d.Password = "SôngHànNăm2025" }, "password:password_special"},
		"own name":      {func(d *identity.Draft) { d.Password = "Tôi-là-LAN.TRAN-1" }, "password:password_name"},
		"several":       {func(d *identity.Draft) { d.Name, d.Password = "", "aaaaaaaaaaaa" }, "name:name password:password_upper password:password_digit password:password_special"},
		"12 characters": {func(d *identity.Draft) { d.Password = "Ếếếếếếếếế1-" }, "password:password_short"},
	} {
		d := ok
		c.change(&d)
		if _, err := p.CreateUser(t.Context(), root, d); fields(err) != c.want || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	u, err := p.CreateUser(t.Context(), root, ok)
	if err != nil || !u.MustChange || u.Disabled {
		t.Fatalf("%+v %v", u, err)
	}
	again := ok
	again.Username = "LAN.Tran"
	if _, err := p.CreateUser(t.Context(), root, again); code(err) != "identity.taken" {
		t.Errorf("taken name: %v", err)
	}
}

func TestFirstPasswordMustBeChangedBeforeAnythingElse(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		if _, err := p.CreateUser(t.Context(), root, identity.Draft{Username: "lan", Name: "Lan", Role: access.Admin, Password: good}); err != nil {
			t.Fatal(err)
		}
		token, u, err := p.signIn("lan", good)
		if err != nil || !u.MustChange {
			t.Fatalf("%+v %v", u, err)
		}
		a := p.actor(token)
		if _, err := p.Users(t.Context(), a); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("listed the users with the first password: %v", err)
		}
		if err := p.ChangeOwnPassword(t.Context(), a, token, good, good); fields(err) != "new:password_reused" {
			t.Errorf("same password again: %v", err)
		}
		p.pass(time.Second)
		if err := p.ChangeOwnPassword(t.Context(), a, token, good, better); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Users(t.Context(), p.actor(token)); err != nil {
			t.Errorf("in the same session, after the change: %v", err)
		}
	})
}

func TestPasswordsDoNotComeBack(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		u := p.person("lan", access.Duty) // had better, has good
		next := []string{"Mật-khẩu-thứ-1!A", "Mật-khẩu-thứ-2!A", "Mật-khẩu-thứ-3!A", "Mật-khẩu-thứ-4!A"}
		for i, pw := range next {
			p.pass(time.Second)
			if i < 3 {
				if err := p.SetPassword(t.Context(), root, u.ID, better); fields(err) != "password:password_reused" {
					t.Errorf("better came back after %d: %v", i, err)
				}
			}
			if err := p.SetPassword(t.Context(), root, u.ID, pw); err != nil {
				t.Fatal(err)
			}
		}
		p.pass(time.Second)
		if err := p.SetPassword(t.Context(), root, u.ID, better); err != nil {
			t.Errorf("better after five others: %v", err)
		}
	})
}

func TestChangingAPasswordEndsTheOtherSessions(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		u := p.person("lan", access.Duty)
		mine, other := p.mustSignIn("lan"), p.mustSignIn("lan")
		if !p.valid(mine) || !p.valid(other) { // both are in the cache now
			t.Fatal("not signed in")
		}
		if err := p.ChangeOwnPassword(t.Context(), p.actor(mine), mine, "wrong", "Bán-đảo-Sơn-Trà-1"); fields(err) != "old:wrong_old_password" {
			t.Errorf("wrong old password: %v", err)
		}
		p.pass(time.Second)
		if err := p.ChangeOwnPassword(t.Context(), p.actor(mine), mine, good, "Bán-đảo-Sơn-Trà-1"); err != nil {
			t.Fatal(err)
		}
		if !p.valid(mine) || p.valid(other) {
			t.Errorf("own session %v, other %v", p.valid(mine), p.valid(other))
		}
		p.pass(time.Second)
		if err := p.SetPassword(t.Context(), root, u.ID, "Ngũ-Hành-Sơn-2027"); err != nil {
			t.Fatal(err)
		}
		if p.valid(mine) {
			t.Error("a session outlives the administrator's reset")
		}
		if _, again, err := p.signIn("lan", "Ngũ-Hành-Sơn-2027"); err != nil || !again.MustChange {
			t.Errorf("after the reset: %+v %v", again, err)
		}
	})
}

func TestGuessingTheOldPasswordLocks(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		p.person("lan", access.Duty)
		token := p.mustSignIn("lan")
		for range 5 {
			_ = p.ChangeOwnPassword(t.Context(), p.actor(token), token, "guess", better)
		}
		if err := p.ChangeOwnPassword(t.Context(), p.actor(token), token, good, better); code(err) != "identity.locked" {
			t.Errorf("sixth: %v", err)
		}
	})
}

func TestAnOldPasswordMustBeChanged(t *testing.T) {
	policy := identity.DefaultPolicy()
	policy.MaxAge = 90 * 24 * time.Hour
	policy.Unused = 0
	p := open(t, storetest.SQLite(t, nil), func(o *identity.Options) { o.Policy = &policy })
	p.person("lan", access.Duty)
	p.pass(89 * 24 * time.Hour)
	if _, u, err := p.signIn("lan", good); err != nil || u.MustChange {
		t.Errorf("after 89 days: %+v %v", u, err)
	}
	p.pass(2 * 24 * time.Hour)
	token, u, err := p.signIn("lan", good)
	if err != nil || !u.MustChange || p.actor(token).Can(access.LayerView, access.Scope{}) {
		t.Errorf("after 91 days: %+v %v", u, err)
	}
}

func TestChangesCountAtOnce(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		p.person("root", access.Admin)
		u := p.person("lan", access.Duty)
		token := p.mustSignIn("lan")
		_ = p.actor(token)
		role := access.Leader
		if _, err := p.PatchUser(t.Context(), root, u.ID, identity.Patch{Role: &role}); err != nil {
			t.Fatal(err)
		}
		if a := p.actor(token); !a.Has(access.Leader) || a.Has(access.Duty) {
			t.Errorf("roles %v", a.Roles)
		}
		off := true
		if _, err := p.PatchUser(t.Context(), root, u.ID, identity.Patch{Disabled: &off}); err != nil {
			t.Fatal(err)
		}
		if p.valid(token) {
			t.Error("a disabled account's session is valid")
		}
		off = false
		if _, err := p.PatchUser(t.Context(), root, u.ID, identity.Patch{Disabled: &off}); err != nil {
			t.Fatal(err)
		}
		if p.valid(token) {
			t.Error("the session came back")
		}
		if _, err := p.PatchUser(t.Context(), root, "nobody", identity.Patch{}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("patch of nobody: %v", err)
		}
	})
}

func TestTheLastAdministratorStays(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		a, b := p.person("an", access.Admin), p.person("binh", access.Admin)
		off, duty, unit := true, access.Duty, "20242"
		if _, err := p.PatchUser(t.Context(), root, a.ID, identity.Patch{Disabled: &off}); err != nil {
			t.Fatal(err)
		}
		for name, patch := range map[string]identity.Patch{"disable": {Disabled: &off}, "demote": {Role: &duty}} {
			if _, err := p.PatchUser(t.Context(), root, b.ID, patch); code(err) != "identity.last_admin" {
				t.Errorf("%s the last administrator: %v", name, err)
			}
		}
		if _, err := p.PatchUser(t.Context(), root, b.ID, identity.Patch{Unit: &unit}); err != nil {
			t.Errorf("other change: %v", err)
		}
		on := false
		if _, err := p.PatchUser(t.Context(), root, a.ID, identity.Patch{Disabled: &on}); err != nil {
			t.Fatal(err)
		}
		if _, err := p.PatchUser(t.Context(), root, b.ID, identity.Patch{Role: &duty}); err != nil {
			t.Errorf("with another administrator: %v", err)
		}
	})
}

func TestOnlyAdministratorsManageAccounts(t *testing.T) {
	p := open(t, storetest.SQLite(t, nil))
	victim := p.person("lan", access.Duty)
	for role := range access.RolePermissions() {
		a := access.Actor{ID: "x", Roles: []access.Role{role}}
		_, list := p.Users(t.Context(), a)
		_, create := p.CreateUser(t.Context(), a, identity.Draft{Username: "new-" + string(role), Name: "x", Role: access.Admin, Password: good})
		_, patch := p.PatchUser(t.Context(), a, victim.ID, identity.Patch{})
		p.pass(time.Second)
		set := p.SetPassword(t.Context(), a, victim.ID, "Mật-khẩu-mới-1"+string(role))
		for name, err := range map[string]error{"list": list, "create": create, "patch": patch, "set": set} {
			allowed := role == access.Admin || name == "list" && slices.Contains(access.RolePermissions()[role], access.UserView)
			if (err == nil) != allowed {
				t.Errorf("%s as %s: %v", name, role, err)
			}
		}
	}
}

func TestDemoUsers(t *testing.T) {
	roles := map[string]access.Role{"ioclead": access.IOCLeader, "unitlead": access.UnitLeader, "dataadmin": access.DataAdmin} // the others are called as their role
	each(t, func(t *testing.T, p *place) {
		for _, password := range []string{"demo", "demo", "other"} {
			if err := p.EnsureDemoUsers(t.Context(), password); err != nil {
				t.Fatal(err)
			}
			p.pass(time.Second)
			for _, name := range identity.DemoAccounts() {
				_, u, err := p.signIn(name, password)
				if err != nil || u.MustChange || u.Role != cmp.Or(roles[name], access.Role(name)) {
					t.Errorf("%s with %s: %+v %v", name, password, u, err)
				}
			}
		}
		if _, _, err := p.signIn("admin", "demo"); err == nil {
			t.Error("the former password still works")
		}
	})
}

func TestFirstAdmin(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		password, err := p.EnsureFirstAdmin(t.Context(), "")
		if err != nil || password == "" {
			t.Fatalf("%q %v", password, err)
		}
		if _, u, err := p.signIn(identity.FirstAdmin, password); err != nil || !u.MustChange || u.Role != access.Admin {
			t.Errorf("%+v %v", u, err)
		}
		if again, err := p.EnsureFirstAdmin(t.Context(), ""); again != "" || err != nil {
			t.Errorf("second time: %q %v", again, err)
		}
	})
}
