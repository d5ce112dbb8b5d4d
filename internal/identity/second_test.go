package identity_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/identity"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

// strict is the policy of a city: administrators need a second factor.
func strict(o *identity.Options) {
	p := identity.DefaultPolicy()
	o.Policy = &p
}

func (p *place) begin(username string) (identity.Step, error) {
	return p.BeginSignIn(p.t.Context(), identity.Credentials{Username: username, Password: good, Address: "10.0.0.7", Agent: "test", Browser: "firefox"})
}

func (p *place) finish(ticket, code string) (identity.Step, error) {
	return p.FinishSignIn(p.t.Context(), identity.Proof{Ticket: ticket, Code: code, Browser: "firefox", Address: "10.0.0.7", Agent: "test"})
}

// enrol sets up an authenticator and returns its secret and recovery codes.
func (p *place) enrol(token string) (secret []byte, recovery []string) {
	p.t.Helper()
	ctx, a := p.t.Context(), p.actor(token)
	e, err := p.BeginTOTP(ctx, a, token)
	if err != nil {
		p.t.Fatal(err)
	}
	if secret, err = identity.Base32.DecodeString(e.Secret); err != nil {
		p.t.Fatal(err)
	}
	if recovery, err = p.ConfirmTOTP(ctx, a, token, p.code(secret)); err != nil {
		p.t.Fatal(err)
	}
	return secret, recovery
}

func (p *place) code(secret []byte) string {
	return identity.CodeOfStep(secret, identity.StepOf(p.clk.Now()))
}

func TestAnAdministratorMustEnrolFirst(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := open(t, db, strict)
		p.person("root", access.Admin)
		other := p.mustSignIn("root")
		token, u, err := p.signIn("root", good)
		if err != nil || !u.MustEnrol {
			t.Fatalf("%+v %v", u, err)
		}
		if a := p.actor(token); a.Can(access.UserView, access.Scope{}) || a.Can(access.LayerView, access.Scope{}) {
			t.Error("may do something before enrolling")
		}
		if _, err := p.SetAway(t.Context(), p.actor(token), &identity.Away{Until: p.clk.Now().Add(time.Hour)}); code(err) != "identity.not_yet" {
			t.Errorf("orders something before enrolling: %v", err)
		}
		sec, err := p.Security(t.Context(), p.actor(token), token)
		if err != nil || !sec.MustEnrol || sec.TOTP || sec.SecondFactor != identity.NoFactor {
			t.Errorf("%+v %v", sec, err)
		}
		secret, recovery := p.enrol(token)
		if len(recovery) != 10 {
			t.Errorf("%d recovery codes", len(recovery))
		}
		if !p.actor(token).Can(access.UserEdit, access.Scope{}) {
			t.Error("may do nothing after enrolling")
		}
		if p.valid(other) {
			t.Error("a session without the second factor goes on")
		}
		if _, err := p.BeginTOTP(t.Context(), p.actor(token), token); code(err) != "identity.totp_there" {
			t.Errorf("a second authenticator: %v", err)
		}
		if err := p.RemoveTOTP(t.Context(), p.actor(token), token, good); code(err) != "identity.factor_needed" {
			t.Errorf("the last factor goes: %v", err)
		}
		if _, _, err := p.signIn("root", good); code(err) != "identity.second_needed" {
			t.Errorf("the password alone: %v", err)
		}
		p.pass(time.Minute)
		step, err := p.begin("root")
		if err != nil || step.Token != "" || strings.Join(step.Second.Methods, " ") != "totp recovery" {
			t.Fatalf("%+v %v", step, err)
		}
		if step, err = p.finish(step.Second.Ticket, p.code(secret)); err != nil || !p.actor(step.Token).Can(access.UserEdit, access.Scope{}) {
			t.Errorf("%+v %v", step, err)
		}
	})
}

func TestTheSecondStep(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		p.person("lan", access.Duty)
		secret, recovery := p.enrol(p.mustSignIn("lan"))
		ticket := func() string {
			t.Helper()
			step, err := p.begin("lan")
			if err != nil {
				t.Fatal(err)
			}
			return step.Second.Ticket
		}
		// The code that confirmed was used; the next one works once.
		if _, err := p.finish(ticket(), p.code(secret)); code(err) != "identity.wrong_code" {
			t.Errorf("the code of the enrolment: %v", err)
		}
		p.pass(time.Minute)
		first, second := ticket(), ticket()
		if _, err := p.finish(first, p.code(secret)); err != nil {
			t.Error(err)
		}
		if _, err := p.finish(second, p.code(secret)); code(err) != "identity.wrong_code" {
			t.Errorf("the same code again: %v", err)
		}
		p.pass(time.Minute)
		if _, err := p.finish(first, p.code(secret)); code(err) != "identity.ticket" {
			t.Errorf("the same ticket again: %v", err)
		}
		for name, proof := range map[string]identity.Proof{
			"another browser": {Ticket: ticket(), Code: p.code(secret), Browser: "chrome"},
			"no browser":      {Ticket: ticket(), Code: p.code(secret)},
			"made up":         {Ticket: "x", Code: p.code(secret), Browser: "firefox"},
		} {
			if _, err := p.FinishSignIn(t.Context(), proof); code(err) != "identity.ticket" {
				t.Errorf("%s: %v", name, err)
			}
		}
		late := ticket()
		p.pass(5*time.Minute + time.Second)
		if _, err := p.finish(late, p.code(secret)); code(err) != "identity.ticket" {
			t.Errorf("too late: %v", err)
		}
		// Recovery codes, once each.
		proof := identity.Proof{Ticket: ticket(), Recovery: strings.ToUpper(recovery[3]), Browser: "firefox"}
		step, err := p.FinishSignIn(t.Context(), proof)
		if err != nil {
			t.Fatal(err)
		}
		proof.Ticket = ticket()
		if _, err := p.FinishSignIn(t.Context(), proof); code(err) != "identity.wrong_code" {
			t.Errorf("spent: %v", err)
		}
		sec, err := p.Security(t.Context(), p.actor(step.Token), step.Token)
		if err != nil || sec.RecoveryLeft != 9 || !sec.TOTP || sec.MustEnrol {
			t.Errorf("%+v %v", sec, err)
		}
		fresh, err := p.NewRecovery(t.Context(), p.actor(step.Token), step.Token)
		if err != nil || len(fresh) != 10 {
			t.Fatal(err)
		}
		proof = identity.Proof{Ticket: ticket(), Recovery: recovery[4], Browser: "firefox"}
		if _, err := p.FinishSignIn(t.Context(), proof); code(err) != "identity.wrong_code" {
			t.Errorf("an old code: %v", err)
		}
		// The authenticator goes with the password only.
		if err := p.RemoveTOTP(t.Context(), p.actor(step.Token), step.Token, "wrong"); fields(err) != "password:wrong_old_password" {
			t.Errorf("%v", err)
		}
		if err := p.RemoveTOTP(t.Context(), p.actor(step.Token), step.Token, good); err != nil {
			t.Error(err)
		}
		if _, _, err := p.signIn("lan", good); err != nil {
			t.Errorf("after the authenticator went: %v", err)
		}
	})
}

func TestGuessedCodesLockTheName(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		p.person("lan", access.Duty)
		secret, _ := p.enrol(p.mustSignIn("lan"))
		p.pass(time.Minute)
		step, err := p.begin("lan")
		if err != nil {
			t.Fatal(err)
		}
		for range 4 {
			if _, err := p.finish(step.Second.Ticket, "000000"); code(err) != "identity.wrong_code" {
				t.Errorf("%v", err)
			}
		}
		// The right password does not forget the wrong codes.
		if step, err = p.begin("lan"); err != nil {
			t.Fatal(err)
		}
		_, _ = p.finish(step.Second.Ticket, "000000")
		if _, err := p.finish(step.Second.Ticket, p.code(secret)); code(err) != "identity.locked" || fault.KindOf(err) != fault.TooMany {
			t.Errorf("after five: %v", err)
		}
		if _, err := p.begin("lan"); code(err) != "identity.locked" {
			t.Errorf("the password after five: %v", err)
		}
	})
}

func TestAPasswordChangeEndsTheSecondStep(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		lan := p.person("lan", access.Duty)
		secret, _ := p.enrol(p.mustSignIn("lan"))
		p.pass(time.Minute)
		step, err := p.begin("lan")
		if err != nil {
			t.Fatal(err)
		}
		if err := p.SetPassword(t.Context(), root, lan.ID, "Núi-Thần-2028"); err != nil {
			t.Fatal(err)
		}
		if _, err := p.finish(step.Second.Ticket, p.code(secret)); code(err) != "identity.ticket" {
			t.Errorf("%v", err)
		}
	})
}

func TestAnAdministratorResetsALostFactor(t *testing.T) {
	each(t, func(t *testing.T, p *place) {
		lan := p.person("lan", access.Duty)
		token := p.mustSignIn("lan")
		p.enrol(token)
		if err := p.ResetSecondFactor(t.Context(), p.actor(token), lan.ID); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("by oneself: %v", err)
		}
		boss := p.person("boss", access.Admin)
		if err := p.ResetSecondFactor(t.Context(), p.actor(p.mustSignIn("boss")), boss.ID); code(err) != "identity.own_reset" {
			t.Errorf("an administrator his own: %v", err)
		}
		if err := p.ResetSecondFactorOf(t.Context(), root, "nobody"); code(err) != "identity.no_user" {
			t.Errorf("%v", err)
		}
		if err := p.ResetSecondFactorOf(t.Context(), root, "Lan"); err != nil {
			t.Fatal(err)
		}
		if p.valid(token) {
			t.Error("the session goes on")
		}
		if _, _, err := p.signIn("lan", good); err != nil {
			t.Error(err)
		}
	})
}

// Scaled clocks may be set back, unlike the tests' usual one.
func movable(t *testing.T, db *store.DB, change ...func(*identity.Options)) *place {
	clk := clock.Scaled(time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC), 1e-9)
	p := open(t, db, append(change, func(o *identity.Options) { o.Clock = clk })...)
	p.clk = clk
	return p
}

func TestTheClockMovedBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := movable(t, db)
		p.person("lan", access.Duty)
		first := p.mustSignIn("lan")
		p.enrol(first)
		p.pass(6 * time.Hour)
		p.pass(-5 * time.Minute) // as people correct a clock
		if p.valid(first) {
			t.Error("idle for six hours and valid")
		}
		p.person("minh", access.Duty)
		secret, recovery := p.enrol(p.mustSignIn("minh"))
		token := p.mustSignIn2("minh", secret)
		for range 5 {
			_, _, _ = p.signIn("nobody", "wrong")
		}
		p.pass(-48 * time.Hour)
		if p.valid(token) {
			t.Error("a session from the future is valid")
		}
		if _, _, err := p.signIn("nobody", "wrong"); code(err) != "identity.wrong_password" {
			t.Errorf("a lock from the future: %v", err)
		}
		step, err := p.begin("minh")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.finish(step.Second.Ticket, p.code(secret)); code(err) != "identity.clock_back" {
			t.Errorf("a code of a day that was: %v", err)
		}
		proof := identity.Proof{Ticket: step.Second.Ticket, Recovery: recovery[0], Browser: "firefox"}
		step, err = p.FinishSignIn(t.Context(), proof)
		if err != nil || !p.valid(step.Token) {
			t.Errorf("%v", err)
		}
		// Back a little: the session goes on, and still ends when it is idle.
		p.pass(-90 * time.Second)
		if !p.valid(step.Token) {
			t.Error("a small correction ends a session")
		}
		p.pass(20 * time.Minute)
		if p.valid(step.Token) {
			t.Error("idle and valid")
		}
	})
}

// mustSignIn2 signs in with both factors.
func (p *place) mustSignIn2(username string, secret []byte) string {
	p.t.Helper()
	p.pass(time.Minute)
	step, err := p.begin(username)
	if err != nil {
		p.t.Fatal(err)
	}
	if step, err = p.finish(step.Second.Ticket, p.code(secret)); err != nil {
		p.t.Fatal(err)
	}
	return step.Token
}

func TestWithoutAKeyNothingIsSealed(t *testing.T) {
	db := storetest.SQLite(t, nil)
	p := open(t, db)
	p.person("lan", access.Duty)
	secret, recovery := p.enrol(p.mustSignIn("lan"))
	for name, key := range map[string][]byte{"lost": nil, "another": []byte(strings.Repeat("z", 32))} {
		p.pass(time.Minute)
		service, err := identity.New(t.Context(), identity.Options{Store: db, Clock: p.clk, SecretKey: key, Argon2: &identity.Argon2{Memory: 64, Passes: 1, Threads: 1}})
		if err != nil {
			t.Fatal(err)
		}
		q := &place{Service: service, t: t, clk: p.clk}
		step, err := q.begin("lan")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := q.finish(step.Second.Ticket, q.code(secret)); code(err) != "identity.no_key" {
			t.Errorf("%s: %v", name, err)
		}
		proof := identity.Proof{Ticket: step.Second.Ticket, Recovery: recovery[len(name)], Browser: "firefox"}
		if step, err = q.FinishSignIn(t.Context(), proof); err != nil {
			t.Errorf("%s, recovery: %v", name, err)
		}
	}
}

// No secret of a second factor is in the records or the trail.
func TestSecretsOfSecondFactorsAreNotInTheRecords(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := open(t, db)
		p.person("lan", access.Duty)
		secret, recovery := p.enrol(p.mustSignIn("lan"))
		p.mustSignIn2("lan", secret)
		secrets := append(recovery, string(secret), identity.Base32.EncodeToString(secret))
		for _, table := range []string{"user_totp", "user_recovery", "user_ticket", "user_session", "audit_entry"} {
			for _, text := range dump(t, db, table) {
				for _, s := range secrets {
					if strings.Contains(text, s) {
						t.Errorf("%s holds a secret", table)
					}
				}
			}
		}
	})
}

func dump(t *testing.T, db *store.DB, table string) (out []string) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *store.Tx) error {
		rows, err := tx.Query("select * from " + table)
		if err != nil {
			return err
		}
		defer rows.Close()
		columns, _ := rows.Columns()
		for rows.Next() {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(any)
			}
			if err := rows.Scan(values...); err != nil {
				return err
			}
			text, _ := json.Marshal(values)
			out = append(out, string(text))
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// serveOn serves a place over HTTP.
func serveOn(t *testing.T, db *store.DB, change ...func(*identity.Options)) (*place, *browser) {
	t.Helper()
	p := open(t, db, change...)
	api, srv := httpapi.NewTestAPI(p.Authenticate)
	t.Cleanup(srv.Close)
	p.Routes(api)
	return p, newBrowser(t, srv.URL)
}

func TestTheSecondStepOverHTTP(t *testing.T) {
	p, b := serveOn(t, storetest.SQLite(t, nil), strict)
	p.person("root", access.Admin)
	signIn := `{"username":"root","password":"` + good + `"}`
	b.want("POST", "/api/v1/session", signIn, 200, `"must_enrol":true`, `"permissions":[]`)
	b.want("GET", "/api/v1/session", "", 200, `"must_enrol":true`)
	b.want("GET", "/api/v1/users", "", 403)
	b.want("GET", "/api/v1/me/security", "", 200, `"must_enrol":true`, `"second_factor":"none"`, `"passkeys":[]`)
	b.want("POST", "/api/v1/me/totp/confirm", `{"code":"123456"}`, 409, "identity.totp_missing")
	var e identity.Enrolment
	if err := json.Unmarshal([]byte(b.want("POST", "/api/v1/me/totp", "", 200, "otpauth://totp/IOC:root", "svg")), &e); err != nil {
		t.Fatal(err)
	}
	secret, _ := identity.Base32.DecodeString(e.Secret)
	b.want("POST", "/api/v1/me/totp/confirm", `{"code":"xxxxxx"}`, 422, `"path":"code"`)
	b.want("POST", "/api/v1/me/totp/confirm", `{"code":"`+p.code(secret)+`"}`, 200, `"recovery":["`)
	b.want("GET", "/api/v1/session", "", 200, `"must_enrol":false`, "user.edit")
	b.want("GET", "/api/v1/me/sessions", "", 200, `"method":"password+totp"`, `"current":true`)
	b.want("DELETE", "/api/v1/session", "", 204)

	var step struct {
		Token  string
		Second identity.Second
	}
	if err := json.Unmarshal([]byte(b.want("POST", "/api/v1/session", signIn, 200, `"methods":["totp","recovery"]`)), &step); err != nil || step.Token != "" {
		t.Fatal(step, err)
	}
	thief := newBrowser(t, b.base)
	p.pass(time.Minute)
	proof := `{"ticket":"` + step.Second.Ticket + `","code":"` + p.code(secret) + `"}`
	thief.want("POST", "/api/v1/session/second", proof, 401, "identity.ticket")
	b.want("POST", "/api/v1/session/second", `{"ticket":"`+step.Second.Ticket+`"}`, 400, "identity.no_proof")
	b.want("POST", "/api/v1/session/second", proof, 200, `"token":"iocs_`, `"username":"root"`)
	b.want("GET", "/api/v1/users", "", 200)
	if got := len(p.subjects()); got == 0 {
		t.Error("no trail")
	}
}
