package identity_test

import (
	"slices"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/identity"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

func policyFrom(day string) identity.PolicyRow {
	return identity.PolicyRow{From: day, Min: 8, Lower: true, Digit: true, History: 5, MaxAge: 90, Lock: 3, LockFor: 30, Idle: 30, Life: 8, Limit: 2,
		Second: []access.Role{}, Unused: 30, Source: "Quyết định 12/QĐ-UBND"}
}

func TestTheRowInForceApplies(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := open(t, db)
		p.person("lan", access.Duty)
		p.person("root", access.Admin)
		if err := p.SetPolicy(t.Context(), root, policyFrom("2026-11-25")); err != nil {
			t.Fatal(err)
		}
		rows, current, err := p.Policies(t.Context(), root)
		if err != nil || len(rows) != 2 || current != "1970-01-01" || rows[0].Min != 12 || rows[1].Source != "Quyết định 12/QĐ-UBND" {
			t.Fatalf("%+v %s %v", rows, current, err)
		}
		token := p.mustSignIn("lan")
		p.pass(16 * time.Minute)
		if p.valid(token) {
			t.Error("a policy of the day after tomorrow applies")
		}
		// Midnight in Đà Nẵng is 17:00 UTC.
		p.clk.Set(time.Date(2026, 11, 24, 16, 59, 0, 0, time.UTC))
		if _, current, _ = p.Policies(t.Context(), root); current != "1970-01-01" {
			t.Errorf("at 23:59: %s", current)
		}
		p.pass(2 * time.Minute)
		if _, current, _ = p.Policies(t.Context(), root); current != "2026-11-25" {
			t.Errorf("after midnight: %s", current)
		}
		token = p.mustSignIn("lan")
		p.pass(29 * time.Minute)
		if !p.valid(token) {
			t.Error("ended before 30 minutes")
		}
		p.pass(31 * time.Minute)
		if p.valid(token) {
			t.Error("idle for more than 30 minutes")
		}
		for range 3 {
			_, _, _ = p.signIn("lan", "wrong")
		}
		if _, _, err := p.signIn("lan", good); code(err) != "identity.locked" {
			t.Errorf("after three: %v", err)
		}
		// Another program on the same records sees it too, and so does a restart.
		q, err := identity.New(t.Context(), identity.Options{Store: db, Clock: p.clk})
		if err != nil {
			t.Fatal(err)
		}
		if _, current, _ = q.Policies(t.Context(), root); current != "2026-11-25" {
			t.Errorf("after a restart: %s", current)
		}
		later := policyFrom("2026-11-25")
		later.Idle = 60
		if err := q.SetPolicy(t.Context(), root, later); err != nil {
			t.Fatal(err)
		}
		p.pass(61 * time.Second)
		if rows, _, _ = p.Policies(t.Context(), root); len(rows) != 2 || rows[1].Idle != 60 {
			t.Errorf("a minute after another program: %+v", rows)
		}
		if s := p.subjects(); !slices.Contains(s, "policy_set") {
			t.Errorf("trail %v", s)
		}
	})
}

func TestPoliciesAreChecked(t *testing.T) {
	p := open(t, storetest.SQLite(t, nil))
	p.person("lan", access.Duty)
	lan := p.actor(p.mustSignIn("lan"))
	if _, _, err := p.Policies(t.Context(), lan); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("%v", err)
	}
	if err := p.SetPolicy(t.Context(), lan, policyFrom("2026-11-25")); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("%v", err)
	}
	for name, c := range map[string]struct {
		change func(*identity.PolicyRow)
		want   string
	}{
		"yesterday":  {func(r *identity.PolicyRow) { r.From = "2026-11-22" }, "from:policy_from"},
		"no day":     {func(r *identity.PolicyRow) { r.From = "2026-02-30" }, "from:policy_from"},
		"short":      {func(r *identity.PolicyRow) { r.Min = 4 }, "min_length:policy_range"},
		"no lock":    {func(r *identity.PolicyRow) { r.Lock = 0 }, "lock_after:policy_range"},
		"no end":     {func(r *identity.PolicyRow) { r.Idle = 0; r.Life = 0 }, "idle_minutes:policy_range absolute_hours:policy_range"},
		"role":       {func(r *identity.PolicyRow) { r.Second = []access.Role{"x"} }, "second_factor_roles:role"},
		"no source":  {func(r *identity.PolicyRow) { r.Source = " " }, "source:policy_source"},
		"huge":       {func(r *identity.PolicyRow) { r.Unused = 1 << 40 }, "unused_days:policy_range"},
		"below zero": {func(r *identity.PolicyRow) { r.MaxAge = -1 }, "max_age_days:policy_range"},
	} {
		r := policyFrom("2026-11-23")
		c.change(&r)
		if err := p.SetPolicy(t.Context(), root, r); fields(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := p.SetPolicy(t.Context(), root, policyFrom("2026-11-23")); err != nil {
		t.Errorf("today: %v", err)
	}
}

func TestAccountsNobodyUsesAreClosed(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		lan := p.person("lan", access.Duty)
		p.person("root", access.Admin)
		p.person("minh", access.Duty)
		p.pass(44 * 24 * time.Hour)
		p.mustSignIn("minh")
		p.pass(2 * 24 * time.Hour)
		if _, _, err := p.signIn("lan", "wrong"); code(err) != "identity.wrong_password" {
			t.Errorf("to somebody who guesses: %v", err)
		}
		if _, _, err := p.signIn("lan", good); code(err) != "identity.unused" || fault.KindOf(err) != fault.Forbidden {
			t.Errorf("46 days unused: %v", err)
		}
		p.mustSignIn("minh")
		// The last administrator is never locked out by this.
		p.mustSignIn("root")
		p.person("boss", access.Admin)
		p.pass(20 * 24 * time.Hour)
		p.mustSignIn("boss")
		p.pass(40 * 24 * time.Hour)
		if _, _, err := p.signIn("root", good); code(err) != "identity.unused" {
			t.Errorf("another administrator is there: %v", err)
		}
		// An administrator opens it again.
		if err := p.SetPassword(t.Context(), root, lan.ID, "Núi-Thần-2028"); err != nil {
			t.Fatal(err)
		}
		if _, _, err := p.signIn("lan", "Núi-Thần-2028"); err != nil {
			t.Errorf("opened again: %v", err)
		}
	})
}

func TestSessionsAreSeenAndEnded(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		lan := p.person("lan", access.Duty)
		p.person("root", access.Admin)
		here := p.mustSignIn("lan")
		p.pass(time.Second)
		there := p.mustSignIn("lan")
		ctx, a := t.Context(), p.actor(here)
		list, err := p.OwnSessions(ctx, a, here)
		if err != nil || len(list) != 3 { // one of before the password was changed
			t.Fatalf("%+v %v", list, err)
		}
		other := list[0].ID // the latest first
		if list[0].Current || !list[1].Current || list[2].Current {
			t.Errorf("%+v", list)
		}
		p.person("minh", access.Duty)
		m := p.mustSignIn("minh")
		if err := p.EndOwnSession(ctx, p.actor(m), other); code(err) != "identity.no_session" {
			t.Errorf("another's session: %v", err)
		}
		if err := p.EndOwnSession(ctx, a, other); err != nil || p.valid(there) || !p.valid(here) {
			t.Errorf("%v", err)
		}
		if _, err := p.Sessions(ctx, p.actor(m), lan.ID); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("an officer looks: %v", err)
		}
		if err := p.EndSessions(ctx, p.actor(m), lan.ID); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("an officer ends: %v", err)
		}
		admin := p.actor(p.mustSignIn("root"))
		if list, err = p.Sessions(ctx, admin, lan.ID); err != nil || len(list) != 2 || list[0].Method != "password" || list[0].Address != "10.0.0.7" {
			t.Errorf("%+v %v", list, err)
		}
		if err := p.EndSessions(ctx, admin, lan.ID); err != nil || p.valid(here) || !p.valid(m) {
			t.Errorf("%v", err)
		}
		if _, err := p.Sessions(ctx, admin, "nobody"); code(err) != "identity.no_user" {
			t.Errorf("%v", err)
		}
		if !slices.Contains(p.subjects(), "sessions_ended") {
			t.Errorf("trail %v", p.subjects())
		}
	})
}
