package identity_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/identity"
	"openioc.org/ioc/internal/personal"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

// issuer is a provider of the tests that can be told to lie.
type issuer struct {
	t     *testing.T
	key   *rsa.PrivateKey
	srv   *httptest.Server
	down  atomic.Bool
	asked atomic.Int32

	claims func(map[string]any) // changes what the token says
	info   map[string]any       // of the user info
	sign   *rsa.PrivateKey      // nil: key
	nonce  string
	p      *place
	method string // what came of PKCE
}

func newIssuer(t *testing.T) *issuer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, key: key, info: map[string]any{"sub": "s-1"}, claims: func(map[string]any) {}}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		i.asked.Add(1)
		if i.down.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		i.json(w, map[string]any{"issuer": i.srv.URL, "authorization_endpoint": i.srv.URL + "/auth", "token_endpoint": i.srv.URL + "/token",
			"jwks_uri": i.srv.URL + "/keys", "userinfo_endpoint": i.srv.URL + "/me", "id_token_signing_alg_values_supported": []string{"RS256"}})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		i.json(w, map[string]any{"keys": []any{map[string]any{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "k",
			"n": b64.EncodeToString(key.N.Bytes()), "e": b64.EncodeToString(big.NewInt(int64(key.E)).Bytes())}}})
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		if r.FormValue("code") != "right" || b64.EncodeToString(sum[:]) != i.method {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
			return
		}
		now := i.p.clk.Now()
		c := map[string]any{"iss": i.srv.URL, "sub": "s-1", "aud": "ioc", "nonce": i.nonce, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
		i.claims(c)
		i.json(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": i.jwt(c)})
	})
	mux.HandleFunc("/me", func(w http.ResponseWriter, _ *http.Request) { i.json(w, i.info) })
	i.srv = httptest.NewServer(mux)
	t.Cleanup(i.srv.Close)
	return i
}

func (i *issuer) json(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (i *issuer) jwt(c map[string]any) string {
	body, _ := json.Marshal(c)
	text := b64.EncodeToString([]byte(`{"alg":"RS256","kid":"k"}`)) + "." + b64.EncodeToString(body)
	sum := sha256.Sum256([]byte(text))
	key := i.key
	if i.sign != nil {
		key = i.sign
	}
	sig, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		i.t.Error(err)
	}
	return text + "." + b64.EncodeToString(sig)
}

func (i *issuer) provider() identity.Provider {
	return identity.Provider{ID: "city", Name: "Cổng thành phố", Issuer: i.srv.URL, ClientID: "ioc", ClientSecret: "s", MatchBy: "email"}
}

// meet opens a place whose people come from the issuer.
func (i *issuer) meet(db *store.DB, change ...func(*identity.Provider)) *place {
	i.t.Helper()
	provider := i.provider()
	for _, f := range change {
		f(&provider)
	}
	i.p = open(i.t, db, func(o *identity.Options) { o.Providers = []identity.Provider{provider} })
	return i.p
}

// leave begins the journey and returns its state.
func (i *issuer) leave(back string) string {
	i.t.Helper()
	to, err := i.p.BeginOIDC(i.t.Context(), "city", back, "firefox", site, "10.0.0.7")
	if err != nil {
		i.t.Fatal(err)
	}
	u, err := url.Parse(to)
	if err != nil {
		i.t.Fatal(err)
	}
	q := u.Query()
	if !strings.HasPrefix(to, i.srv.URL+"/auth?") || q.Get("code_challenge_method") != "S256" || q.Get("response_type") != "code" ||
		q.Get("redirect_uri") != site+"/api/v1/session/oidc/city/callback" || q.Get("scope") != "openid profile email" {
		i.t.Errorf("sent to %s", to)
	}
	i.nonce, i.method = q.Get("nonce"), q.Get("code_challenge")
	return q.Get("state")
}

func (i *issuer) back(a identity.Answer) (identity.Step, string, error) {
	if a.Browser == "" {
		a.Browser = "firefox"
	}
	return i.p.FinishOIDC(i.t.Context(), "city", a)
}

// journey goes there and back.
func (i *issuer) journey() (identity.Step, error) {
	i.t.Helper()
	step, _, err := i.back(identity.Answer{State: i.leave("/"), Code: "right"})
	return step, err
}

func (p *place) mailOf(u identity.User, mail string) {
	p.t.Helper()
	m := personal.Email(mail)
	if _, err := p.PatchUser(p.t.Context(), root, u.ID, identity.Patch{Email: &m}); err != nil {
		p.t.Fatal(err)
	}
}

func TestSignInThroughAProvider(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		i := newIssuer(t)
		p := i.meet(db)
		lan := p.person("lan", access.Duty)
		p.mailOf(lan, "Lan@danang.example")
		if _, err := i.journey(); code(err) != "identity.stranger" {
			t.Errorf("without an address: %v", err)
		}
		i.info = map[string]any{"sub": "s-1", "email": "lan@danang.example", "email_verified": false}
		if _, err := i.journey(); code(err) != "identity.stranger" {
			t.Errorf("an address nobody checked: %v", err)
		}
		i.info["email_verified"] = true
		state := i.leave("/cases?class=overdue")
		step, back, err := i.back(identity.Answer{State: state, Code: "right", Issuer: i.srv.URL})
		if err != nil || back != "/cases?class=overdue" || p.actor(step.Token).ID != lan.ID {
			t.Fatalf("%+v %s %v", step, back, err)
		}
		if _, _, err := i.back(identity.Answer{State: state, Code: "right"}); code(err) != "identity.ticket" {
			t.Errorf("the state again: %v", err)
		}
		// Tied to the subject from now on: the address there no longer counts.
		i.info = map[string]any{"sub": "s-1", "email": "other@danang.example", "email_verified": true}
		if step, err := i.journey(); err != nil || p.actor(step.Token).ID != lan.ID {
			t.Errorf("under another address: %v", err)
		}
		// Nor does somebody who gets it there become her here.
		i.info = map[string]any{"sub": "s-2", "email": "lan@danang.example", "email_verified": true}
		i.claims = func(c map[string]any) { c["sub"] = "s-2" }
		if _, err := i.journey(); code(err) != "identity.stranger" {
			t.Errorf("somebody else with her address: %v", err)
		}
		i.claims = func(map[string]any) {}
		i.info = map[string]any{"sub": "s-1"}
		off := true
		if _, err := p.PatchUser(t.Context(), root, lan.ID, identity.Patch{Disabled: &off}); err != nil {
			t.Fatal(err)
		}
		if _, err := i.journey(); code(err) != "identity.closed" {
			t.Errorf("closed: %v", err)
		}
	})
}

func TestAProviderIsNotBelievedBlindly(t *testing.T) {
	i := newIssuer(t)
	p := i.meet(storetest.SQLite(t, nil))
	p.mailOf(p.person("lan", access.Duty), "lan@danang.example")
	good := map[string]any{"sub": "s-1", "email": "lan@danang.example", "email_verified": true}
	forged, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, lie := range map[string]func(c map[string]any){
		"wrong nonce":           func(c map[string]any) { c["nonce"] = "x" },
		"no nonce":              func(c map[string]any) { delete(c, "nonce") },
		"wrong audience":        func(c map[string]any) { c["aud"] = "other" },
		"two audiences, no azp": func(c map[string]any) { c["aud"] = []string{"ioc", "other"} },
		"for another client":    func(c map[string]any) { c["azp"] = "other" },
		"wrong issuer":          func(c map[string]any) { c["iss"] = "https://evil.example" },
		"expired":               func(c map[string]any) { c["exp"] = p.clk.Now().Add(-time.Second).Unix() },
		"issued in the future":  func(c map[string]any) { c["iat"] = p.clk.Now().Add(time.Hour).Unix() },
		"no subject":            func(c map[string]any) { delete(c, "sub") },
		"user info of another": func(map[string]any) {
			i.info = map[string]any{"sub": "s-9", "email": "lan@danang.example", "email_verified": true}
		},
		"signed by somebody":     func(map[string]any) { i.sign = forged },
		"says nothing but error": func(c map[string]any) { clear(c) },
	} {
		i.info, i.sign, i.claims = good, nil, lie
		if step, err := i.journey(); code(err) != "identity.provider_word" && name != "user info of another" || err == nil || step.Token != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	i.info, i.sign, i.claims = good, nil, func(map[string]any) {}
	for name, a := range map[string]struct {
		identity.Answer
		want string
	}{
		"wrong code":       {identity.Answer{Code: "wrong"}, "identity.provider_refused"},
		"refused there":    {identity.Answer{Error: "access_denied"}, "identity.provider_refused"},
		"nothing":          {identity.Answer{}, "identity.provider_refused"},
		"another issuer":   {identity.Answer{Code: "right", Issuer: "https://evil.example"}, "identity.provider_word"},
		"another browser":  {identity.Answer{Code: "right", Browser: "chrome"}, "identity.ticket"},
		"a made-up state":  {identity.Answer{Code: "right", State: "x"}, "identity.ticket"},
		"an old journey":   {identity.Answer{Code: "right", Agent: "late"}, "identity.ticket"},
		"another verifier": {identity.Answer{Code: "right", Agent: "pkce"}, "identity.provider_refused"},
	} {
		if a.State == "" {
			a.State = i.leave("/")
		}
		switch a.Agent {
		case "late":
			p.pass(6 * time.Minute)
		case "pkce":
			i.method = "x"
		}
		if _, _, err := i.back(a.Answer); code(err) != a.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := i.journey(); err != nil {
		t.Errorf("after all that: %v", err)
	}
}

func TestSomebodyNewIsMadeWithoutAnyRight(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		i := newIssuer(t)
		p := i.meet(db, func(p *identity.Provider) {
			p.MatchBy, p.AutoCreate, p.ClaimRoles = "username", true, map[string]access.Role{"phan-tich": access.Analyst}
		})
		p.person("lan", access.Duty)
		i.info = map[string]any{"sub": "s-1", "preferred_username": "Trần Văn Đức", "name": "Trần Văn Đức", "groups": []string{"x"}}
		step, err := i.journey()
		if err != nil || step.User.Username != "tran.van.duc" || !step.User.External {
			t.Fatalf("%+v %v", step.User, err)
		}
		for _, perm := range []access.Permission{access.LayerView, access.UserView, access.CaseView} {
			if p.actor(step.Token).Can(perm, access.Scope{}) {
				t.Errorf("may %s", perm)
			}
		}
		if _, _, err := p.signIn("tran.van.duc", ""); code(err) != "identity.wrong_password" {
			t.Errorf("with a password: %v", err)
		}
		// A name that is another's here is matched, or made anew beside it.
		i.claims = func(c map[string]any) { c["sub"] = "s-2" }
		i.info = map[string]any{"sub": "s-2", "preferred_username": "lan"}
		if step, err = i.journey(); err != nil || step.User.Username != "lan" {
			t.Errorf("%+v %v", step.User, err)
		}
		i.claims = func(c map[string]any) { c["sub"] = "s-3" }
		i.info = map[string]any{"sub": "s-3", "preferred_username": "tran van duc", "groups": "phan-tich"}
		if step, err = i.journey(); err != nil || step.User.Username != "tran.van.duc-2" || !p.actor(step.Token).Can(access.CaseView, access.Scope{}) {
			t.Errorf("%+v %v", step.User, err)
		}
		i.claims = func(c map[string]any) { c["sub"] = "😀" }
		i.info = map[string]any{"sub": "😀"}
		if step, err = i.journey(); err != nil || !strings.HasPrefix(step.User.Username, "sso-") {
			t.Errorf("%+v %v", step.User, err)
		}
	})
}

func TestAProviderDoesNotReplaceTheSecondFactor(t *testing.T) {
	for _, trusted := range []bool{false, true} {
		db := storetest.SQLite(t, nil)
		i := newIssuer(t)
		p := i.meet(db, func(p *identity.Provider) { p.MatchBy, p.SecondFactor = "username", trusted })
		p.person("lan", access.Duty)
		secret, _ := p.enrol(p.mustSignIn("lan"))
		i.info = map[string]any{"sub": "s-1", "preferred_username": "lan"}
		p.pass(time.Minute)
		step, err := i.journey()
		if err != nil || (step.Second == nil) != trusted {
			t.Fatalf("trusted %v: %+v %v", trusted, step, err)
		}
		if trusted {
			continue
		}
		if step, err = p.finish(step.Second.Ticket, p.code(secret)); err != nil {
			t.Fatal(err)
		}
		list, err := p.OwnSessions(t.Context(), p.actor(step.Token), step.Token)
		if err != nil || list[0].Method != "oidc:city+totp" {
			t.Errorf("%+v %v", list, err)
		}
	}
}

func TestADeadProviderHarmsNothing(t *testing.T) {
	i := newIssuer(t)
	i.down.Store(true)
	p := i.meet(storetest.SQLite(t, nil), func(p *identity.Provider) { p.MatchBy = "username" })
	p.person("lan", access.Duty)
	p.mustSignIn("lan")
	begin := func() string {
		_, err := p.BeginOIDC(t.Context(), "city", "/", "firefox", site, "10.0.0.7")
		return code(err)
	}
	for range 3 {
		if c := begin(); c != "identity.provider_down" {
			t.Errorf("%s", c)
		}
	}
	if n := i.asked.Load(); n != 1 {
		t.Errorf("asked %d times in a moment", n)
	}
	i.down.Store(false)
	p.pass(31 * time.Second)
	if c := begin(); c != "<nil>" {
		t.Errorf("when it is back: %s", c)
	}
	if _, err := p.BeginOIDC(t.Context(), "other", "/", "firefox", site, "10.0.0.7"); code(err) != "identity.no_provider" {
		t.Errorf("%v", err)
	}
}

func TestTheWayBackStaysInside(t *testing.T) {
	for path, want := range map[string]string{
		"/": "/", "/cases?class=overdue#x": "/cases?class=overdue#x", "": "/", "cases": "/", "//evil.example": "/", "/\\evil.example": "/", "/\t/evil.example": "/",
		"https://evil.example": "/", "javascript:alert(1)": "/", "/a\r\nSet-Cookie: x": "/", "/%2f/evil.example": "/", "/./": "/./", "/%zz": "/", "/" + strings.Repeat("a", 3000): "/",
		"/tìm?q=hồ sơ": "/tìm?q=hồ sơ",
	} {
		if got := identity.Local(path); got != want {
			t.Errorf("%q: %q", path, got)
		}
	}
}

func TestProvidersAreCheckedAtStart(t *testing.T) {
	db := storetest.SQLite(t, nil)
	for name, spoil := range map[string]func(*identity.Provider){
		"id":        func(p *identity.Provider) { p.ID = "../x" },
		"plain":     func(p *identity.Provider) { p.Issuer = "http://sso.danang.example" },
		"no client": func(p *identity.Provider) { p.ClientID = "" },
		"match":     func(p *identity.Provider) { p.MatchBy = "name" },
		"claim":     func(p *identity.Provider) { p.MatchBy = "claim" },
		"admin":     func(p *identity.Provider) { p.ClaimRoles = map[string]access.Role{"x": access.Admin} },
		"unit role": func(p *identity.Provider) { p.ClaimRoles = map[string]access.Role{"x": access.Officer} },
	} {
		p := identity.Provider{ID: "city", Issuer: "https://sso.danang.example", ClientID: "ioc", MatchBy: "email"}
		spoil(&p)
		if _, err := identity.New(t.Context(), identity.Options{Store: db, Providers: []identity.Provider{p}}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestAJourneyOverHTTP(t *testing.T) {
	i := newIssuer(t)
	provider := i.provider()
	provider.MatchBy = "username"
	p, b := serveOn(t, storetest.SQLite(t, nil), func(o *identity.Options) { o.Providers = []identity.Provider{provider} })
	i.p = p
	p.person("lan", access.Duty)
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	b.want("GET", "/api/v1/session/providers", "", 200, `{"id":"city","name":"Cổng thành phố"}`)
	b.want("GET", "/api/v1/session/oidc/other", "", 404, "<h1>", "identity.no_provider")
	status, header, body := b.do("GET", "/api/v1/session/oidc/city?return=/alerts", "")
	if status != 302 || !strings.Contains(header.Get("Set-Cookie"), "ioc_step=") || !strings.Contains(header.Get("Set-Cookie"), "HttpOnly") {
		t.Fatal(status, header, body)
	}
	u, err := url.Parse(header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	i.nonce, i.method = u.Query().Get("nonce"), u.Query().Get("code_challenge")
	callback := "/api/v1/session/oidc/city/callback?code=right&state=" + u.Query().Get("state")
	newBrowser(t, b.base).want("GET", callback, "", 401, "<h1>", "identity.ticket")
	i.info = map[string]any{"sub": "s-1", "preferred_username": "<script>alert(1)</script>"}
	answer := b.want("GET", callback+"&lang=en", "", 403, "identity.stranger", "&lt;script&gt;", "Back to the sign-in page")
	if strings.Contains(answer, "<script>") {
		t.Error("the page runs what the provider says")
	}
	_, header, _ = b.do("GET", "/api/v1/session/oidc/city?return=//evil.example", "")
	u, _ = url.Parse(header.Get("Location"))
	i.nonce, i.method = u.Query().Get("nonce"), u.Query().Get("code_challenge")
	i.info = map[string]any{"sub": "s-1", "preferred_username": "lan"}
	status, header, body = b.do("GET", "/api/v1/session/oidc/city/callback?code=right&state="+u.Query().Get("state"), "")
	if status != 302 || header.Get("Location") != "/" || !strings.Contains(header.Get("Set-Cookie"), "ioc_session=iocs_") {
		t.Fatal(status, header, body)
	}
	b.want("GET", "/api/v1/session", "", 200, `"username":"lan"`)
}
