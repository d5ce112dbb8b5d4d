package identity_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/audit"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/identity"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

const (
	good   = "Sông-Hàn-2025" // meets the rules
	better = "Cầu-Rồng-2026"
)

var root = access.System("test")

// place is an identity service with its clock and its audit trail.
type place struct {
	*identity.Service
	t     testing.TB
	clk   *clock.Clock
	trail *audit.Trail
}

func open(t testing.TB, db *store.DB, change ...func(*identity.Options)) *place {
	t.Helper()
	trail, err := audit.New(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	p := &place{t: t, clk: clock.Manual(time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)), trail: trail}
	policy := identity.DefaultPolicy()
	policy.SecondFactor = nil // the tests about it say so
	o := identity.Options{
		Policy: &policy, SecretKey: bytes.Repeat([]byte{7}, 32),
		Store: db, Clock: p.clk, Argon2: &identity.Argon2{Memory: 64, Passes: 1, Threads: 1},
		Attempts: &identity.Attempts{AddressPerSecond: 1e6, AddressBurst: 1e6, NamePerSecond: 1e6, NameBurst: 1e6},
	}
	for _, f := range change {
		f(&o)
	}
	if p.Service, err = identity.New(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return p
}

func each(t *testing.T, test func(t *testing.T, p *place)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, open(t, db)) })
}

func (p *place) pass(d time.Duration) { p.clk.Set(p.clk.Now().Add(d)) }

// person makes an account that has changed its first password to good.
func (p *place) person(username string, role access.Role) identity.User {
	p.t.Helper()
	u, err := p.CreateUser(p.t.Context(), root, identity.Draft{Username: username, Name: "Nguyễn " + username, Role: role, Password: better})
	if err != nil {
		p.t.Fatal(err)
	}
	token, _, err := p.signIn(username, better)
	if err != nil {
		p.t.Fatal(err)
	}
	p.pass(time.Millisecond)
	if err := p.ChangeOwnPassword(p.t.Context(), p.actor(token), token, better, good); err != nil {
		p.t.Fatal(err)
	}
	return u
}

func (p *place) signIn(username, password string) (string, identity.User, error) {
	return p.SignIn(p.t.Context(), identity.Credentials{Username: username, Password: password, Address: "10.0.0.7", Agent: "test"})
}

func (p *place) mustSignIn(username string) string {
	p.t.Helper()
	token, _, err := p.signIn(username, good)
	if err != nil {
		p.t.Fatal(err)
	}
	return token
}

func (p *place) actor(token string) access.Actor {
	p.t.Helper()
	a, ok := p.Authenticate(p.t.Context(), token)
	if !ok {
		p.t.Fatal("the token is not valid")
	}
	return a
}

func (p *place) valid(token string) bool {
	_, ok := p.Authenticate(p.t.Context(), token)
	return ok
}

func (p *place) subjects() (out []string) {
	p.t.Helper()
	entries, _, err := p.trail.List(p.t.Context(), root, audit.Filter{})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, e := range entries {
		verb := strings.Split(e.Subject, ".")[2]
		out = append([]string{verb}, out...)
	}
	return out
}

func code(err error) string {
	if f, ok := fault.As(err); ok {
		return f.Code
	}
	return fmt.Sprint(err)
}

func fields(err error) string {
	f, ok := fault.As(err)
	if !ok {
		return ""
	}
	var s []string
	for _, fd := range f.Fields {
		s = append(s, fd.Path+":"+strings.TrimPrefix(fd.Err.Code, "identity."))
	}
	return strings.Join(s, " ")
}

func TestALifeOfASession(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		u := p.person("lan", access.Duty)
		token, signed, err := p.signIn("  LAN ", good)
		if err != nil {
			t.Fatal(err)
		}
		if signed.ID != u.ID || signed.MustChange || signed.LastSignIn.IsZero() {
			t.Errorf("signed in %+v", signed)
		}
		a := p.actor(token)
		if a.ID != u.ID || a.Name != "Nguyễn lan" || !a.Can(access.SourceEdit, access.Scope{}) || a.Can(access.UserEdit, access.Scope{}) {
			t.Errorf("actor %+v", a)
		}
		if err := p.SignOut(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		if p.valid(token) {
			t.Error("the token works after signing out")
		}
		if err := p.SignOut(t.Context(), token); err != nil {
			t.Errorf("signing out twice: %v", err)
		}
		want := "created signed_in password_changed signed_in signed_out"
		if got := strings.Join(p.subjects(), " "); got != want {
			t.Errorf("trail: %s, want %s", got, want)
		}
	})
}

func TestSessionsEnd(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		p.person("lan", access.Duty)
		idle := p.mustSignIn("lan")
		p.pass(15 * time.Minute)
		if !p.valid(idle) {
			t.Error("ended before it was idle for 15 min")
		}
		p.pass(15*time.Minute + time.Second)
		if p.valid(idle) {
			t.Error("still valid after 15 min idle")
		}
		if p.valid(idle) {
			t.Error("came back")
		}

		used := p.mustSignIn("lan")
		for range 12*6 - 1 {
			p.pass(10 * time.Minute)
			if !p.valid(used) {
				t.Fatal("ended although it was used")
			}
		}
		p.pass(10*time.Minute + time.Second)
		if p.valid(used) {
			t.Error("still valid after 12 h")
		}
	})
}

// Requests that the cache answers keep a session alive too.
func TestUseInsideTheCacheCounts(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		p.person("lan", access.Duty)
		token := p.mustSignIn("lan")
		for range 40 {
			for range 3 {
				p.pass(9 * time.Second)
				if !p.valid(token) {
					t.Fatal("ended")
				}
			}
		}
	})
}

func TestOnlyTheHashOfATokenIsKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := open(t, db)
		p.person("lan", access.Duty)
		token := p.mustSignIn("lan")
		for _, table := range []string{"user_session", "user_account", "user_password", "audit_entry"} {
			for _, text := range dump(t, db, table) {
				for _, secret := range []string{token, good, better} {
					if strings.Contains(text, secret) {
						t.Errorf("%s holds a secret: %s", table, text)
					}
				}
				if table == "audit_entry" && strings.Contains(text, "argon2") {
					t.Errorf("audit_entry holds a hash: %s", text)
				}
			}
		}
	})
}

func TestWrongNameAndWrongPasswordLookAlike(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		lan := p.person("lan", access.Duty)
		p.person("root", access.Admin)
		off := true
		if _, err := p.PatchUser(t.Context(), root, lan.ID, identity.Patch{Disabled: &off}); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string][2]string{
			"wrong password": {"root", "x"},
			"no such name":   {"nobody", good},
			"disabled":       {"lan", good},
			"empty":          {"root", ""},
			"zero byte":      {"ro\x00ot", good},
			"no text":        {"\xff", good},
			"huge":           {"root", strings.Repeat("x", 2000)},
		} {
			token, u, err := p.signIn(c[0], c[1])
			if code(err) != "identity.wrong_password" {
				t.Errorf("%s: %v", name, err)
			}
			if token != "" || u.ID != "" {
				t.Errorf("%s: answered with %q %+v", name, token, u)
			}
		}
	})
}

func TestTheTrailOfAFailedSignInDoesNotKeepWhatWasTyped(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		p.person("lan", access.Duty)
		_, _, _ = p.signIn(good, "lan") // the fields mixed up
		_, _, _ = p.signIn("lan", "wrong")
		entries, _, err := p.trail.List(t.Context(), root, audit.Filter{Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Subject, "ioc.identity.sign_in_failed.") || !strings.Contains(string(e.After), "10.0.0.7") {
				t.Errorf("entry %+v", e)
			}
			if all := fmt.Sprint(e.Subject, e.Summary, string(e.After)); strings.Contains(strings.ToLower(all), strings.ToLower(good)) {
				t.Errorf("the trail holds the password: %s", all)
			}
		}
	})
}

func TestFiveFailuresLockTheName(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		p.person("lan", access.Duty)
		for _, name := range []string{"lan", "nobody"} {
			for i := range 5 {
				if _, _, err := p.signIn(name, "wrong"); code(err) != "identity.wrong_password" {
					t.Errorf("%s, attempt %d: %v", name, i+1, err)
				}
			}
			if _, _, err := p.signIn(name, good); code(err) != "identity.locked" || fault.KindOf(err) != fault.TooMany {
				t.Errorf("%s after five failures: %v", name, err)
			}
		}
		p.pass(15*time.Minute + time.Second)
		if _, _, err := p.signIn("lan", good); err != nil {
			t.Errorf("after 15 min: %v", err)
		}
		// Success forgets the failures before it, time those long ago.
		for range 2 {
			for range 4 {
				_, _, _ = p.signIn("lan", "wrong")
			}
			if _, _, err := p.signIn("lan", good); err != nil {
				t.Errorf("after four failures: %v", err)
			}
		}
		for range 4 {
			_, _, _ = p.signIn("lan", "wrong")
		}
		p.pass(16 * time.Minute)
		_, _, _ = p.signIn("lan", "wrong")
		if _, _, err := p.signIn("lan", good); err != nil {
			t.Errorf("after one late failure: %v", err)
		}
	})
}

// Guesses that come at once find no hole between looking and writing.
func TestLockHoldsAgainstACrowd(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		p.person("lan", access.Duty)
		for range 4 {
			_, _, _ = p.signIn("lan", "wrong")
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { _, _, _ = p.signIn("lan", "wrong") })
		}
		wg.Wait()
		if _, _, err := p.signIn("lan", good); code(err) != "identity.locked" {
			t.Errorf("after the crowd: %v", err)
		}
	})
}

func TestSignInIsLimitedByAddressAndName(t *testing.T) {
	p := open(t, storetest.SQLite(t, nil), func(o *identity.Options) {
		o.Attempts = &identity.Attempts{AddressPerSecond: 1, AddressBurst: 5, NamePerSecond: 1, NameBurst: 3}
	})
	try := func(name, address string) string {
		_, _, err := p.SignIn(t.Context(), identity.Credentials{Username: name, Password: "x", Address: address})
		return code(err)
	}
	for i := range 5 {
		if c := try(fmt.Sprintf("u%d", i), "10.0.0.1"); c != "identity.wrong_password" {
			t.Errorf("attempt %d: %s", i, c)
		}
	}
	if c := try("other", "10.0.0.1"); c != "request.too_many" {
		t.Errorf("sixth from one address: %s", c)
	}
	for i := range 3 {
		_ = try("Lan", fmt.Sprintf("10.0.1.%d", i))
	}
	if c := try("lan ", "10.0.1.9"); c != "request.too_many" {
		t.Errorf("fourth of one name: %s", c)
	}
	p.pass(time.Minute)
	if c := try("other", "10.0.0.1"); c != "identity.wrong_password" {
		t.Errorf("a minute later: %s", c)
	}
}

func TestAUserHasOnlySoManySessions(t *testing.T) {
	policy := identity.DefaultPolicy()
	policy.Sessions = 2
	p := open(t, storetest.SQLite(t, nil), func(o *identity.Options) { o.Policy = &policy })
	p.person("lan", access.Duty)
	var tokens []string
	for range 3 {
		p.pass(20 * time.Second)
		tokens = append(tokens, p.mustSignIn("lan"))
	}
	if p.valid(tokens[0]) || !p.valid(tokens[1]) || !p.valid(tokens[2]) {
		t.Errorf("valid: %v %v %v, want the oldest to give way", p.valid(tokens[0]), p.valid(tokens[1]), p.valid(tokens[2]))
	}
}

func TestForeignTokensAreRefusedWithoutTheRecords(t *testing.T) {
	db := storetest.SQLite(t, nil)
	p := open(t, db)
	p.person("lan", access.Duty)
	token := p.mustSignIn("lan")
	other := token[:len(token)-1] + "0"
	if token == other {
		other = token[:len(token)-1] + "1"
	}
	if p.valid(other) {
		t.Error("another token is valid")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"", "x", "iocs_", strings.Repeat("a", 57), "iocs_\x00"} {
		if p.valid(s) {
			t.Errorf("%q is valid", s)
		}
	}
	if p.valid(token) {
		t.Error("valid although it was never looked up and the records are gone")
	}
}
