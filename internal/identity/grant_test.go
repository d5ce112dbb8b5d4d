package identity_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/identity"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

// organisation is a small tree of units for tests: parents by code.
type organisation map[string]string

var ended = time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC)

func city() organisation {
	return organisation{"ubnd": "", "a": "ubnd", "a1": "a", "b": "ubnd", "old": "ubnd"}
}

func (o organisation) Subtree(code string, at time.Time) (out []string) {
	if code == "" {
		return nil
	}
	for c := range o {
		for up := c; up != ""; up = o[up] {
			if up == code {
				out = append(out, c)
			}
		}
	}
	slices.Sort(out)
	return out
}

func (o organisation) Exists(code string, at time.Time) bool {
	_, ok := o[code]
	return ok && (code != "old" || at.Before(ended))
}

func (organisation) Heir(string, time.Time) string { return "" }

func (o organisation) Name(code string) string {
	if _, ok := o[code]; !ok {
		return ""
	}
	return "Đơn vị " + code
}

func eachCity(t *testing.T, test func(t *testing.T, p *place)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		test(t, open(t, db, func(o *identity.Options) { o.Units = city() }))
	})
}

// worker makes an account with a role in a unit that can sign in with good.
func (p *place) worker(username string, role access.Role, unit string) identity.User {
	p.t.Helper()
	_, link, err := p.Invite(p.t.Context(), root, identity.Draft{Username: username, Name: "Nguyễn " + username, Role: role, Unit: unit, Reason: "kiểm thử"}, "")
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.Accept(p.t.Context(), token(link), good, "10.0.0.1"); err != nil {
		p.t.Fatal(err)
	}
	return p.read(username)
}

func token(link string) string {
	_, tok, _ := strings.Cut(link, "#")
	return tok
}

func (p *place) read(username string) identity.User {
	p.t.Helper()
	us, err := p.Users(p.t.Context(), root)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, u := range us {
		if u.Username == username {
			return u
		}
	}
	p.t.Fatal("no " + username)
	return identity.User{}
}

// as is the actor of a fresh session.
func (p *place) as(username string) access.Actor { return p.actor(p.mustSignIn(username)) }

func (p *place) mustGive(actor access.Actor, user string, d identity.GrantDraft) identity.Grant {
	p.t.Helper()
	g, err := p.Give(p.t.Context(), actor, user, d)
	if err != nil {
		p.t.Fatal(err)
	}
	return g
}

func (p *place) after(d time.Duration) *time.Time {
	t := p.clk.Now().Add(d)
	return &t
}

func TestAGrantReachesItsSubtreeOnly(t *testing.T) {
	eachCity(t, func(t *testing.T, p *place) {
		p.worker("an", access.UnitLeader, "a")
		a := p.as("an")
		for unit, want := range map[string]bool{"a": true, "a1": true, "b": false, "ubnd": false} {
			if got := a.Can(access.CaseView, access.Scope{Unit: unit}); got != want {
				t.Errorf("%s: %v", unit, got)
			}
		}
		if a.Unit != "a" || !a.Has(access.UnitLeader) || a.Can(access.CaseConnect, access.Scope{}) {
			t.Errorf("actor %+v", a)
		}
		// A second post adds what it reaches, and no more.
		p.pass(time.Second)
		u := p.read("an")
		p.mustGive(root, u.ID, identity.GrantDraft{Role: access.Officer, Unit: "b", Services: []string{"land"}, Ceiling: "internal", Reason: "kiêm nhiệm"})
		a = p.as("an")
		for scope, want := range map[access.Scope]bool{
			{Unit: "b", Service: "land"}:                                 true,
			{Unit: "b", Service: "flood"}:                                false,
			{Unit: "b", Service: "land", Sensitivity: access.Personal}:   false,
			{Unit: "a1", Service: "flood", Sensitivity: access.Personal}: true,
		} {
			if got := a.Can(access.CaseView, scope); got != want {
				t.Errorf("%+v: %v", scope, got)
			}
		}
		if a.Can(access.UserView, access.Scope{Unit: "b"}) {
			t.Error("an officer of b sees its people because he leads a")
		}
		if u = p.read("an"); u.Role != access.UnitLeader || u.Unit != "a" || len(u.Posts) != 2 || !slices.Equal(u.Roles, []access.Role{access.UnitLeader, access.Officer}) {
			t.Errorf("account %+v", u)
		}
	})
}

func TestGrantsBeginAndEndAtOnceAlsoInTheCache(t *testing.T) {
	eachCity(t, func(t *testing.T, p *place) {
		u := p.worker("an", access.Unit, "a")
		p.mustGive(root, u.ID, identity.GrantDraft{Role: access.Duty, From: p.after(3 * time.Second), Until: p.after(5 * time.Second), Reason: "trực thay"})
		token := p.mustSignIn("an")
		for second, want := range []bool{false, false, false, true, true, false, false} {
			if got := p.actor(token).Can(access.AlertHandle, access.Scope{}); got != want {
				t.Errorf("after %d s: %v", second, got)
			}
			p.pass(time.Second)
		}
	})
}

func TestAChangedTreeCountsAtOnce(t *testing.T) {
	tree := city()
	p := open(t, storetest.SQLite(t, nil), func(o *identity.Options) { o.Units = tree })
	p.worker("an", access.UnitLeader, "a")
	token := p.mustSignIn("an")
	if p.actor(token).Can(access.CaseView, access.Scope{Unit: "new"}) {
		t.Fatal("reaches a unit that is not there")
	}
	tree["new"] = "a"
	p.UnitsChanged()
	if !p.actor(token).Can(access.CaseView, access.Scope{Unit: "new"}) {
		t.Error("does not reach the unit that was added")
	}
}

func TestGivingIsHeldToOnesOwnReach(t *testing.T) {
	eachCity(t, func(t *testing.T, p *place) {
		p.worker("head", access.UnitLeader, "a")
		mine, theirs := p.worker("an", access.Unit, "a1"), p.worker("binh", access.Unit, "b")
		p.worker("chief", access.IOCLeader, "")
		head, chief := p.as("head"), p.as("chief")
		give := func(actor access.Actor, user, role, unit, ceiling string) string {
			_, err := p.Give(t.Context(), actor, user, identity.GrantDraft{Role: access.Role(role), Unit: unit, Ceiling: ceiling, Reason: "phân công"})
			if err == nil {
				return ""
			}
			return code(err)
		}
		for _, c := range []struct {
			what               string
			actor              access.Actor
			user, role, unit   string
			ceiling, wantFault string
		}{
			{"officer below", head, mine.ID, "officer", "a1", "", ""},
			{"unit in the unit itself", head, mine.ID, "unit", "a", "", ""},
			{"beyond the subtree", head, mine.ID, "unit", "b", "", "identity.beyond_unit"},
			{"above it", head, mine.ID, "officer", "ubnd", "", "identity.beyond_unit"},
			{"a role above", head, mine.ID, "unit_leader", "a", "", "identity.may_not_give"},
			{"an administrator", head, mine.ID, "admin", "", "", "identity.may_not_give"},
			{"a role of the city", head, mine.ID, "duty", "a", "", "identity.may_not_give"},
			{"a higher ceiling than the role's", head, mine.ID, "unit", "a", "sensitive", "identity.grant"},
			{"a person of another unit", head, theirs.ID, "officer", "a", "", "identity.no_user"},
			{"nobody", head, "nobody", "officer", "a", "", "identity.no_user"},
			{"oneself", head, head.ID, "officer", "a", "", "identity.own_grant"},
			{"an analyst", chief, theirs.ID, "analyst", "", "", ""},
			{"what he does not hold himself", chief, theirs.ID, "duty", "", "", "identity.may_not_give"},
			{"without the permission", p.as("an"), mine.ID, "officer", "a1", "", "access.denied"},
			{"without a unit", root, mine.ID, "officer", "", "", "identity.grant"},
			{"an administrator of a unit", root, mine.ID, "admin", "a", "", "identity.grant"},
			{"sensitive, by the city", root, mine.ID, "unit", "a", "sensitive", ""},
		} {
			if got := give(c.actor, c.user, c.role, c.unit, c.ceiling); got != c.wantFault {
				t.Errorf("%s: %q, want %q", c.what, got, c.wantFault)
			}
		}
	})
}

func TestBadGrants(t *testing.T) {
	eachCity(t, func(t *testing.T, p *place) {
		u := p.worker("an", access.Unit, "a")
		past := p.clk.Now().Add(-time.Hour)
		for want, d := range map[string]identity.GrantDraft{
			"until:grant_until":     {Role: access.Unit, Unit: "a", Until: &past, Reason: "quá hạn"},
			"unit:unit":             {Role: access.Unit, Unit: "nowhere", Reason: "không có"},
			"unit:unit_ended":       {Role: access.Unit, Unit: "old", Reason: "giải thể"},
			"unit:grant_needs_unit": {Role: access.Unit, Reason: "thiếu"},
			"reason:reason":         {Role: access.Unit, Unit: "a", Reason: "  x "},
			"role:role":             {Role: "emperor", Unit: "a", Reason: "không có"},
			"areas:grant_area":      {Role: access.Unit, Unit: "a", Areas: []string{"atlantis"}, Reason: "địa bàn"},
			"services:grant_service": {Role: access.Unit, Unit: "a", Services: []string{"'; drop table user_grant"},
				Reason: "dịch vụ"},
			"ceiling:grant_ceiling": {Role: access.Unit, Unit: "a", Ceiling: "divine", Reason: "mức"},
		} {
			if _, err := p.Give(t.Context(), root, u.ID, d); fields(err) != want {
				t.Errorf("%s: %v", want, err)
			}
		}
		from, until := p.after(2*time.Hour), p.after(time.Hour)
		if _, err := p.Give(t.Context(), root, u.ID, identity.GrantDraft{Role: access.Unit, Unit: "a", From: from, Until: until, Reason: "ngược"}); fields(err) != "until:grant_until" {
			t.Errorf("ends before it begins: %v", err)
		}
		if err := p.Take(t.Context(), root, "nothing", "không có"); code(err) != "identity.no_grant" {
			t.Errorf("take nothing: %v", err)
		}
		g := u.Posts[0]
		if err := p.Take(t.Context(), root, g.ID, "hết nhiệm vụ"); err != nil {
			t.Fatal(err)
		}
		if err := p.Take(t.Context(), root, g.ID, "lần nữa"); code(err) != "identity.grant_over" {
			t.Errorf("twice: %v", err)
		}
		if u = p.read("an"); u.Role != "" || len(u.Posts) != 0 || p.as("an").Can(access.LayerView, access.Scope{}) {
			t.Errorf("without a grant: %+v", u)
		}
		all, err := p.GrantsOf(t.Context(), root, u.ID, true)
		if err != nil || len(all) != 1 || all[0].RevokeReason != "hết nhiệm vụ" || all[0].RevokedAt == nil || all[0].InForce {
			t.Errorf("history %+v %v", all, err)
		}
	})
}

func TestTakingNeedsWhatGivingNeeds(t *testing.T) {
	eachCity(t, func(t *testing.T, p *place) {
		p.worker("head", access.UnitLeader, "a")
		an, binh := p.worker("an", access.Unit, "a1"), p.worker("binh", access.Unit, "b")
		head := p.as("head")
		if err := p.Take(t.Context(), head, binh.Posts[0].ID, "không phải của mình"); code(err) != "identity.no_grant" {
			t.Errorf("of another unit: %v", err)
		}
		if err := p.Take(t.Context(), head, p.read("head").Posts[0].ID, "tự thôi"); code(err) != "identity.own_grant" {
			t.Errorf("one's own: %v", err)
		}
		if err := p.Take(t.Context(), head, an.Posts[0].ID, "chuyển việc"); err != nil {
			t.Error(err)
		}
	})
}

func TestTheLastAdministratorKeepsTheRole(t *testing.T) {
	eachCity(t, func(t *testing.T, p *place) {
		u := p.person("an", access.Admin)
		post := p.read("an").Posts[0]
		an := p.as("an")
		off := true
		if _, err := p.PatchUser(t.Context(), an, u.ID, identity.Patch{Disabled: &off}); code(err) != "identity.last_admin" {
			t.Errorf("disables himself: %v", err)
		}
		if err := p.Take(t.Context(), root, post.ID, "thôi quản trị"); code(err) != "identity.last_admin" {
			t.Errorf("loses the role: %v", err)
		}
		// An administrator for a time, one who has not come yet and one who was
		// lent nothing do not count.
		other := p.worker("binh", access.Analyst, "")
		p.mustGive(root, other.ID, identity.GrantDraft{Role: access.Admin, Until: p.after(time.Hour), Reason: "tạm thời"})
		if _, _, err := p.Invite(t.Context(), root, identity.Draft{Username: "chi", Name: "Chi", Role: access.Admin, Reason: "mời"}, ""); err != nil {
			t.Fatal(err)
		}
		if err := p.Take(t.Context(), root, post.ID, "thôi quản trị"); code(err) != "identity.last_admin" {
			t.Errorf("with administrators who do not last: %v", err)
		}
		if _, err := p.Give(t.Context(), an, u.ID, identity.GrantDraft{Role: access.Duty, Reason: "tự giao"}); code(err) != "identity.own_grant" {
			t.Errorf("grants himself: %v", err)
		}
		p.mustGive(an, other.ID, identity.GrantDraft{Role: access.Admin, Reason: "thêm quản trị"})
		if err := p.Take(t.Context(), p.as("binh"), post.ID, "thôi quản trị"); err != nil {
			t.Errorf("with another for good: %v", err)
		}
	})
}

func TestPeopleAreSeenInsideTheReachOnly(t *testing.T) {
	eachCity(t, func(t *testing.T, p *place) {
		p.worker("head", access.UnitLeader, "a")
		p.worker("an", access.Unit, "a1")
		binh := p.worker("binh", access.Unit, "b")
		p.worker("city", access.Leader, "")
		head := p.as("head")
		names := func(f identity.People) string {
			page, err := p.People(t.Context(), head, f)
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, u := range page.Users {
				out = append(out, u.Username)
			}
			if f.Limit == 0 && page.Total != len(out) {
				t.Errorf("total %d of %d", page.Total, len(out))
			}
			return strings.Join(out, " ")
		}
		for want, f := range map[string]identity.People{
			"an head":  {},
			"head":     {Query: "NGUYEN  héad"},
			"an":       {Unit: "a1"},
			"":         {Unit: "b"},
			"an ":      {Role: access.Unit, State: "active"},
			" an":      {Limit: 1},
			"  head":   {Limit: 1, After: "an"},
			" ":        {Query: "%"},
			"  ":       {State: "invited"},
			"an  head": {Unused: 0, Unit: "a"},
		} {
			if got := names(f); got != strings.Join(strings.Fields(want), " ") {
				t.Errorf("%+v: %q, want %q", f, got, want)
			}
		}
		for name, err := range map[string]error{
			"person": second(p.Person(t.Context(), head, binh.ID)),
			"grants": second(p.GrantsOf(t.Context(), head, binh.ID, true)),
			"diff":   second(p.Diff(t.Context(), head, binh.ID, nil, nil)),
		} {
			if fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s of somebody of b: %v", name, err)
			}
		}
		if _, err := p.Person(t.Context(), p.as("binh"), binh.ID); err != nil {
			t.Errorf("oneself: %v", err)
		}
		gs, err := p.Grants(t.Context(), head, identity.GrantFilter{})
		if err != nil || len(gs) != 2 {
			t.Errorf("grants %+v %v", gs, err)
		}
		p.pass(40 * 24 * time.Hour)
		p.mustSignIn("head")
		if got := names(identity.People{Unused: 30}); got != "an" {
			t.Errorf("unused: %q", got)
		}
	})
}

func second[T any](_ T, err error) error { return err }

// An administrator of accounts in one unit could make himself one of the city
// by setting the password of one.
func TestAccountsBeyondTheReachAreNotChanged(t *testing.T) {
	eachCity(t, func(t *testing.T, p *place) {
		p.person("boss", access.Admin)
		boss := p.read("boss")
		local := access.Actor{ID: "x", Grants: []access.Grant{{Role: access.Admin, Unit: "a", Units: []string{"a", "a1"}, Ceiling: access.Personal}}}
		an := p.worker("an", access.Unit, "a")
		p.pass(time.Second)
		if err := p.SetPassword(t.Context(), local, an.ID, better); err != nil {
			t.Errorf("of his own unit: %v", err)
		}
		p.mustGive(root, an.ID, identity.GrantDraft{Role: access.Duty, Reason: "trực thêm"})
		p.pass(time.Second)
		if err := p.SetPassword(t.Context(), local, an.ID, "Bán-đảo-Sơn-Trà-1"); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("of somebody who reaches further: %v", err)
		}
		if err := p.SetPassword(t.Context(), local, boss.ID, "Bán-đảo-Sơn-Trà-1"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("of the city's administrator: %v", err)
		}
	})
}

// Who administers for some services only does not take over who administers
// all, and looks through nobody's eyes that see more.
func TestAnAdministratorOfSomeServicesStaysThere(t *testing.T) {
	eachCity(t, func(t *testing.T, p *place) {
		p.person("boss", access.Admin)
		p.person("wet", access.Duty)
		p.pass(time.Second)
		boss, wet := p.read("boss"), p.read("wet")
		flood := access.Actor{ID: "x", Grants: []access.Grant{{Role: access.Admin, Services: []string{"flood"}, Ceiling: access.Personal}}}
		off := true
		for name, err := range map[string]error{
			"password": p.SetPassword(t.Context(), flood, boss.ID, "Bán-đảo-Sơn-Trà-1"),
			"factor":   p.ResetSecondFactor(t.Context(), flood, boss.ID),
			"sessions": p.EndSessions(t.Context(), flood, boss.ID),
			"of all":   p.SetPassword(t.Context(), flood, wet.ID, "Bán-đảo-Sơn-Trà-1"),
			"disable":  second(p.PatchUser(t.Context(), flood, boss.ID, identity.Patch{Disabled: &off})),
		} {
			if code(err) != "access.denied" {
				t.Errorf("%s: %v", name, err)
			}
		}
		an := p.worker("an", access.Unit, "a")
		p.pass(time.Second)
		p.mustGive(root, an.ID, identity.GrantDraft{Role: access.Unit, Unit: "b", Services: []string{"flood"}, Reason: "trực lũ"})
		main := p.read("an").Posts[0]
		if err := p.Take(t.Context(), root, main.ID, "chỉ còn trực lũ"); err != nil {
			t.Fatal(err)
		}
		p.pass(time.Second)
		if err := p.SetPassword(t.Context(), flood, an.ID, "Bán-đảo-Sơn-Trà-1"); err != nil {
			t.Errorf("of his own service: %v", err)
		}
	})
}

// A right in a unit that has ended reaches what is of who answers now, and
// what is below; the lists of the old unit's people do not.
func TestARightInAnEndedUnitReachesItsHeir(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := open(t, db, func(o *identity.Options) { o.Units = merged{city(), o.Clock.Now().Add(time.Hour)} })
		p.worker("an", access.UnitLeader, "b")
		p.worker("binh", access.Unit, "a1")
		token := p.mustSignIn("an")
		reach := func() []string { return p.actor(token).Grants[0].Units }
		if got := reach(); !slices.Equal(got, []string{"b"}) {
			t.Errorf("before: %v", got)
		}
		for range 7 {
			p.pass(10 * time.Minute)
			p.actor(token) // stays signed in
		}
		if got := reach(); !slices.Equal(got, []string{"a", "a1", "b"}) {
			t.Errorf("after: %v", got)
		}
		a := p.actor(token)
		if !a.Can(access.CaseView, access.Scope{Unit: "a1"}) || !a.Can(access.CaseView, access.Scope{Unit: "b"}) || a.Can(access.CaseView, access.Scope{Unit: "ubnd"}) {
			t.Errorf("%+v", a.Grants)
		}
		page, err := p.People(t.Context(), root, identity.People{Unit: "b"})
		if err != nil || len(page.Users) != 1 || page.Users[0].Username != "an" {
			t.Errorf("%+v %v", page.Users, err)
		}
	})
}

// merged is an organisation whose unit b goes into a at an instant.
type merged struct {
	organisation
	on time.Time
}

func (m merged) Exists(code string, at time.Time) bool {
	return m.organisation.Exists(code, at) && (code != "b" || at.Before(m.on))
}

func (m merged) Heir(code string, at time.Time) string {
	if code == "b" && !m.Exists(code, at) {
		return "a"
	}
	return ""
}

func TestAccountsOfBeforeKeepWhatTheyMay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		first, err := os.ReadFile("migrations/0001_init.sql")
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Migrate(t.Context(), "identity", fstest.MapFS{"0001_init.sql": {Data: first}}); err != nil {
			t.Fatal(err)
		}
		err = db.Housekeep(t.Context(), func(tx *store.Tx) error {
			for _, u := range [][3]string{{"boss", "admin", ""}, {"watch", "duty", "a"}, {"an", "unit", "a"}, {"lost", "unit", ""}} {
				if _, err := tx.Exec("insert into user_account values ($1, $1, 'Trần Văn Ân', $2, $3, 'x', 1, 0, 0, 1, 1, 0)", u[0], u[1], u[2]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		p := open(t, db, func(o *identity.Options) { o.Units = city() })
		for username, want := range map[string]string{"boss": "admin//", "watch": "duty/a/", "an": "unit/a/a", "lost": "unit//"} {
			u := p.read(username)
			if got := string(u.Role) + "/" + u.Unit + "/" + u.Posts[0].Unit; got != want || u.Posts[0].Reason != "chuyển đổi từ tài khoản cũ" {
				t.Errorf("%s: %s %+v", username, got, u)
			}
		}
		who := func(unit string) (names []string) {
			seers, err := p.Who(t.Context(), root, access.AlertView, access.Scope{Unit: unit})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range seers {
				names = append(names, s.User.Username)
			}
			slices.Sort(names)
			return names
		}
		if got := who("a"); !slices.Equal(got, []string{"an", "boss", "watch"}) {
			t.Errorf("see the alerts of a: %v", got)
		}
		if got := who("b"); !slices.Equal(got, []string{"boss", "watch"}) {
			t.Errorf("see the alerts of b: %v", got)
		}
		if page, err := p.People(t.Context(), root, identity.People{Query: "tran van an"}); err != nil || page.Total != 4 {
			t.Errorf("search finds %d: %v", page.Total, err)
		}
	})
}

// Behind a token stands somebody who could give himself something with it.
func TestTokensGiveNothingAndEndWithTheirOwner(t *testing.T) {
	eachCity(t, func(t *testing.T, p *place) {
		p.person("boss", access.Admin)
		owner, an := p.person("owner", access.Admin), p.worker("an", access.Unit, "a")
		secret, _, err := p.CreateToken(t.Context(), p.as("owner"), identity.TokenDraft{Name: "nhân sự", Permissions: []access.Permission{access.GrantEdit, access.UserView},
			Expires: *p.after(24 * time.Hour), Reason: "đồng bộ nhân sự"})
		if err != nil {
			t.Fatal(err)
		}
		for _, user := range []string{owner.ID, an.ID} {
			if _, err := p.Give(t.Context(), p.actor(secret), user, identity.GrantDraft{Role: access.Officer, Unit: "a", Reason: "tự động"}); code(err) != "identity.may_not_give" {
				t.Errorf("a token gives: %v", err)
			}
		}
		for _, off := range []bool{true, false} {
			if _, err := p.PatchUser(t.Context(), p.as("boss"), owner.ID, identity.Patch{Disabled: &off}); err != nil {
				t.Fatal(err)
			}
			if p.valid(secret) {
				t.Errorf("the token works, its owner disabled: %v", off)
			}
		}
	})
}
