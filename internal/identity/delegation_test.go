package identity_test

import (
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/identity"
)

func TestADelegationLendsForATime(t *testing.T) {
	eachCity(t, func(t *testing.T, p *place) {
		head, deputy, far := p.worker("head", access.UnitLeader, "a"), p.worker("deputy", access.Unit, "a"), p.worker("far", access.Officer, "b")
		me := p.as("head")
		lend := func(actor access.Actor, to string, from, until time.Duration, ids ...string) ([]identity.Grant, error) {
			return p.Delegate(t.Context(), actor, identity.Delegation{To: to, Grants: ids, From: *p.after(from), Until: *p.after(until), Reason: "đi công tác"})
		}
		for what, c := range map[string]struct {
			err  error
			want string
		}{
			"over already":      {second(lend(me, deputy.ID, -2*time.Hour, -time.Hour)), "until:grant_until"},
			"ends before":       {second(lend(me, deputy.ID, 2*time.Hour, time.Hour)), "until:grant_until"},
			"for ever":          {second(lend(me, deputy.ID, 0, 20_000*time.Hour)), "until:grant_until"},
			"to nobody":         {second(lend(me, "nobody", 0, time.Hour)), "to:no_person"},
			"nothing of theirs": {second(lend(p.as("far"), deputy.ID, 0, time.Hour, head.Posts[0].ID)), ""},
		} {
			if fields(c.err) != c.want || c.err == nil {
				t.Errorf("%s: %v", what, c.err)
			}
		}
		if _, err := lend(me, head.ID, 0, time.Hour); code(err) != "identity.own_grant" {
			t.Errorf("to oneself: %v", err)
		}
		gs, err := lend(me, deputy.ID, time.Hour, 3*time.Hour)
		if err != nil || len(gs) != 1 || gs[0].Role != access.UnitLeader || gs[0].DelegatedBy.ID != head.ID || gs[0].InForce {
			t.Fatalf("%+v %v", gs, err)
		}
		token := p.mustSignIn("deputy")
		leads := func() bool { return p.actor(token).Can(access.GrantEdit, access.Scope{Unit: "a1"}) }
		if leads() {
			t.Error("leads before it begins")
		}
		p.pass(10 * time.Minute)
		token = p.mustSignIn("deputy")
		p.pass(50*time.Minute - time.Second)
		token = p.mustSignIn("deputy")
		_ = leads()
		p.pass(time.Second)
		if !leads() {
			t.Error("does not lead from the hour on")
		}
		// Not again, and only within the time lent.
		if _, err := lend(p.actor(token), far.ID, 0, time.Hour, gs[0].ID); code(err) != "identity.delegated_again" {
			t.Errorf("lends on: %v", err)
		}
		if _, err := p.Give(t.Context(), p.actor(token), deputyless(p), identity.GrantDraft{Role: access.Officer, Unit: "a1", Reason: "giao việc"}); code(err) != "identity.beyond_time" {
			t.Errorf("gives for ever with what was lent: %v", err)
		}
		if u := p.read("deputy"); u.Role != access.Unit || len(u.Roles) != 2 {
			t.Errorf("the main post is what was lent: %+v", u)
		}
		p.pass(2*time.Hour - time.Second)
		token = p.mustSignIn("deputy")
		if !leads() {
			t.Error("ended too early")
		}
		p.pass(time.Second)
		if leads() {
			t.Error("did not end by itself, in the cache")
		}
	})
}

// deputyless makes somebody of the unit to give something to.
func deputyless(p *place) string { return p.worker("third", access.Unit, "a1").ID }

func TestWhatIsLentEndsWithWhatItComesFrom(t *testing.T) {
	eachCity(t, func(t *testing.T, p *place) {
		head, deputy := p.worker("head", access.UnitLeader, "a"), p.worker("deputy", access.Unit, "a")
		short := p.mustGive(root, head.ID, identity.GrantDraft{Role: access.Analyst, Until: p.after(time.Hour), Reason: "biệt phái"})
		me := p.as("head")
		d := identity.Delegation{To: deputy.ID, Grants: []string{short.ID}, From: p.clk.Now(), Until: *p.after(2 * time.Hour), Reason: "nghỉ phép"}
		if _, err := p.Delegate(t.Context(), me, d); code(err) != "identity.delegation_beyond" {
			t.Errorf("longer than one has: %v", err)
		}
		d.Grants = nil // all, each as long as it lasts
		gs, err := p.Delegate(t.Context(), me, d)
		if err != nil || len(gs) != 2 {
			t.Fatalf("%+v %v", gs, err)
		}
		for _, g := range gs {
			if g.Role == access.Analyst && !g.Until.Equal(*short.Until) {
				t.Errorf("lent beyond its end: %v", g.Until)
			}
		}
		lent, err := p.Delegations(t.Context(), me)
		if err != nil || len(lent) != 2 {
			t.Errorf("lent %+v %v", lent, err)
		}
		if err := p.Take(t.Context(), root, short.ID, "hết biệt phái"); err != nil {
			t.Fatal(err)
		}
		if u := p.read("deputy"); len(u.Roles) != 2 {
			t.Errorf("kept what was taken from the lender: %v", u.Roles)
		}
		// Who lends takes back; and who is disabled lends nothing.
		if err := p.Take(t.Context(), p.as("deputy"), head.Posts[0].ID, "không phải của mình"); fault.KindOf(err) != fault.Forbidden { // whom he leads in his absence, and so sees
			t.Errorf("takes the leader's post: %v", err)
		}
		off := true
		p.worker("boss", access.Admin, "")
		if _, err := p.PatchUser(t.Context(), p.as("boss"), head.ID, identity.Patch{Disabled: &off}); err != nil {
			t.Fatal(err)
		}
		if u := p.read("deputy"); len(u.Roles) != 1 {
			t.Errorf("kept what a disabled person lent: %v", u.Roles)
		}
	})
}

func TestTheLenderTakesBack(t *testing.T) {
	eachCity(t, func(t *testing.T, p *place) {
		p.worker("an", access.Officer, "a")
		binh := p.worker("binh", access.Officer, "b")
		an := p.as("an") // has no grant.edit
		gs, err := p.Delegate(t.Context(), an, identity.Delegation{To: binh.ID, From: p.clk.Now(), Until: *p.after(time.Hour), Reason: "họp cả ngày"})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Take(t.Context(), an, gs[0].ID, "về sớm"); err != nil {
			t.Error(err)
		}
		if a := p.as("binh"); a.Can(access.CaseEdit, access.Scope{Unit: "a"}) {
			t.Error("kept it")
		}
	})
}

func TestLeave(t *testing.T) {
	eachCity(t, func(t *testing.T, p *place) {
		p.worker("an", access.Officer, "a")
		binh := p.worker("binh", access.Officer, "a")
		p.worker("dan", access.Citizen, "")
		an := p.as("an")
		for what, a := range map[string]identity.Away{
			"until:grant_until":    {From: *p.after(time.Hour), Until: *p.after(time.Minute)},
			"substitute:no_person": {From: p.clk.Now(), Until: *p.after(time.Hour), Substitute: "nobody"},
		} {
			if _, err := p.SetAway(t.Context(), an, &a); fields(err) != what {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := p.SetAway(t.Context(), an, &identity.Away{From: p.clk.Now(), Until: *p.after(time.Hour), Substitute: an.ID}); fields(err) != "substitute:no_person" {
			t.Errorf("his own substitute: %v", err)
		}
		if _, err := p.SetAway(t.Context(), an, &identity.Away{From: p.clk.Now(), Until: *p.after(time.Hour), Substitute: binh.ID}); err != nil {
			t.Fatal(err)
		}
		if u := p.read("an"); u.Away == nil || u.Away.SubstituteName != "Nguyễn binh" {
			t.Errorf("away %+v", u.Away)
		}
		if page, err := p.People(t.Context(), root, identity.People{State: "away"}); err != nil || page.Total != 1 {
			t.Errorf("away: %d %v", page.Total, err)
		}
		us, err := p.Colleagues(t.Context(), an, "")
		if err != nil || len(us) != 1 || us[0].ID != binh.ID {
			t.Errorf("colleagues %+v %v", us, err)
		}
		p.pass(time.Hour)
		if u := p.read("an"); u.Away != nil {
			t.Errorf("still away %+v", u.Away)
		}
	})
}
