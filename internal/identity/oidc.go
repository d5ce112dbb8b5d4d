package identity

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

// Provider is a place that knows the people already (OpenID Connect).
type Provider struct {
	ID           string // in addresses: a–z, 0–9, dash
	Name         string // on the button
	Issuer       string // https://…, as in its discovery document
	ClientID     string
	ClientSecret string   // "": a public client, PKCE alone
	Scopes       []string // beside openid; nil: profile, email

	// MatchBy finds the account of somebody who comes for the first time:
	// "email" (verified there), "username" (preferred_username) or "claim"
	// (the claim named Claim holds the user name). From then on the provider's
	// own subject counts, whatever the person is called there.
	MatchBy string
	Claim   string

	// AutoCreate makes an account, without any grant, for people unknown
	// here; ClaimRoles gives it the roles of the whole city whose keys are
	// among the values of the claims roles and groups.
	AutoCreate bool
	ClaimRoles map[string]access.Role

	// SecondFactor says that the provider asks for a second factor itself, so
	// that we need not.
	SecondFactor bool
}

// providerPatience is how long a provider that did not answer is left alone.
const providerPatience = 30 * time.Second

var (
	errNoProvider   = fault.Define(fault.NotFound, "identity.no_provider", "there is no sign-in service {id}", "không có dịch vụ đăng nhập {id}")
	errProvider     = fault.Define(fault.Unavailable, "identity.provider_down", "the sign-in service {name} does not answer; sign in with a password, or try again later", "dịch vụ đăng nhập {name} không phản hồi; hãy đăng nhập bằng mật khẩu hoặc thử lại sau")
	errProviderSays = fault.Define(fault.Unauthenticated, "identity.provider_refused", "the sign-in service {name} did not sign you in ({reason})", "dịch vụ đăng nhập {name} không cho đăng nhập ({reason})")
	errProviderWord = fault.Define(fault.Unauthenticated, "identity.provider_word", "what the sign-in service {name} said could not be believed; try again, and tell the operator if it happens again", "không xác minh được trả lời của dịch vụ đăng nhập {name}; hãy thử lại và báo quản trị nếu còn gặp")
	errStranger     = fault.Define(fault.Forbidden, "identity.stranger", "{name} knows you as {who}, but there is no account for you here; ask an administrator for one", "{name} nhận ra {who}, nhưng ở đây chưa có tài khoản tương ứng; hãy đề nghị quản trị viên cấp")
	errClosed       = fault.Define(fault.Forbidden, "identity.closed", "your account is closed; ask an administrator", "tài khoản của bạn đã bị khóa; hãy liên hệ quản trị viên")
)

// provider is one with what was learned of it.
type provider struct {
	Provider
	mu    sync.Mutex
	found *oidc.Provider
	retry time.Time // not to be asked before
}

var providerID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

// openProviders checks what the operator wrote; nobody is asked anything yet,
// so that a provider that is down does not keep us from starting.
func openProviders(list []Provider) ([]*provider, error) {
	var out []*provider
	for _, p := range list {
		issuer, err := url.Parse(p.Issuer)
		switch {
		case !providerID.MatchString(p.ID):
			return nil, fmt.Errorf("identity: provider %q: the id is a–z, 0–9 and dashes, 32 characters at most", p.ID)
		case slices.ContainsFunc(out, func(o *provider) bool { return o.ID == p.ID }):
			return nil, fmt.Errorf("identity: provider %s is named twice", p.ID)
		case err != nil || issuer.Host == "" || issuer.Scheme != "https" && !(issuer.Scheme == "http" && loopback(issuer.Hostname())):
			return nil, fmt.Errorf("identity: provider %s: the issuer must be an https:// address", p.ID)
		case p.ClientID == "":
			return nil, fmt.Errorf("identity: provider %s: client_id is missing", p.ID)
		case p.MatchBy != "email" && p.MatchBy != "username" && (p.MatchBy != "claim" || p.Claim == ""):
			return nil, fmt.Errorf("identity: provider %s: match_by is email, username, or claim with the claim's name", p.ID)
		}
		for value, role := range p.ClaimRoles {
			// A role without its unit reaches nowhere, and who keeps the
			// system is not for others to say.
			if role == access.Admin || !access.CityWide(role) || !slices.Contains(Assignable(), role) {
				return nil, fmt.Errorf("identity: provider %s: %q cannot give the role %q", p.ID, value, role)
			}
		}
		if p.Name == "" {
			p.Name = p.ID
		}
		if p.Scopes == nil {
			p.Scopes = []string{oidc.ScopeProfile, oidc.ScopeEmail}
		}
		out = append(out, &provider{Provider: p})
	}
	return out, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// providerClient gives up on a provider that is slow, sends too much, or sends
// us somewhere else.
func providerClient() *http.Client {
	return &http.Client{
		Timeout: 10 * time.Second, Transport: bounded{http.DefaultTransport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type bounded struct{ next http.RoundTripper }

// RoundTrip cuts an answer that is too large for what providers say.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.next.RoundTrip(r)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, 1<<20), res.Body}
	}
	return res, err
}

func (s *Service) provider(id string) (*provider, error) {
	for _, p := range s.providers {
		if p.ID == id {
			return p, nil
		}
	}
	return nil, errNoProvider.With("id", id)
}

// discover asks the provider for its addresses and keys, the first time.
func (s *Service) discover(ctx context.Context, p *provider) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	if wait := p.retry.Sub(s.now()); wait > 0 && wait <= providerPatience {
		return nil, errProvider.With("name", p.Name)
	}
	// Who comes next needs the answer too, also when this caller goes away.
	ctx, cancel := context.WithTimeout(oidc.ClientContext(context.WithoutCancel(ctx), s.http), 10*time.Second)
	defer cancel()
	found, err := oidc.NewProvider(ctx, p.Issuer)
	if err != nil {
		s.log.Error("sign-in service not found", "provider", p.ID, "issuer", p.Issuer, "error", err)
		p.retry = s.now().Add(providerPatience)
		return nil, errProvider.With("name", p.Name).Because(err)
	}
	p.found = found
	return found, nil
}

// journey is what we remember of somebody who is at a provider.
type journey struct {
	Provider string `json:"provider"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	Redirect string `json:"redirect"`
	Return   string `json:"return"`
}

func (p *provider) config(found *oidc.Provider, redirect string) *oauth2.Config {
	return &oauth2.Config{ClientID: p.ClientID, ClientSecret: p.ClientSecret, Endpoint: found.Endpoint(), RedirectURL: redirect,
		Scopes: append([]string{oidc.ScopeOpenID}, p.Scopes...)}
}

// BeginOIDC returns the address of a provider to which the browser goes.
func (s *Service) BeginOIDC(ctx context.Context, id, back, browser, base, address string) (string, error) {
	p, err := s.provider(id)
	if err != nil {
		return "", err
	}
	if err := s.byAddress.Take(address, s.now(), 1); err != nil {
		return "", err
	}
	found, err := s.discover(ctx, p)
	if err != nil {
		return "", err
	}
	j := journey{Provider: p.ID, Nonce: uid.Secret(tokenBytes), Verifier: oauth2.GenerateVerifier(), Redirect: base + "/api/v1/session/oidc/" + p.ID + "/callback", Return: local(back)}
	var state string
	err = s.db.Housekeep(ctx, func(tx *store.Tx) error {
		state, err = s.issue(tx, ticketOIDC, "", browser, j)
		return err
	})
	if err != nil {
		return "", err
	}
	return p.config(found, j.Redirect).AuthCodeURL(state, oidc.Nonce(j.Nonce), oauth2.S256ChallengeOption(j.Verifier)), nil
}

// Answer is what a provider sends the browser back with.
type Answer struct {
	State, Code, Issuer string
	Error               string
	Browser             string
	Address, Agent      string
}

// FinishOIDC opens a session for somebody whom the provider vouches for, or
// asks for the second factor of the account; back is where the browser goes.
func (s *Service) FinishOIDC(ctx context.Context, id string, a Answer) (step Step, back string, err error) {
	p, err := s.provider(id)
	if err != nil {
		return step, "", err
	}
	if err := s.byAddress.Take(a.Address, s.now(), 1); err != nil {
		return step, "", err
	}
	var j journey
	err = s.db.Housekeep(ctx, func(tx *store.Tx) error {
		t, err := s.present(tx, a.State, ticketOIDC, a.Browser, &j)
		if err != nil {
			return err
		}
		if ok, err := useTicket(tx, t.id); err != nil || !ok { // before anything is asked: a state works once
			return orElse(err, errTicket)
		}
		return nil
	})
	if err != nil {
		return step, "", err
	}
	if j.Provider != p.ID || a.Issuer != "" && a.Issuer != p.Issuer {
		return step, "", errProviderWord.With("name", p.Name)
	}
	if a.Error != "" || a.Code == "" {
		return step, "", errProviderSays.With("name", p.Name, "reason", clip(a.Error))
	}
	who, err := s.vouched(ctx, p, a.Code, &j)
	if err != nil {
		return step, "", err
	}
	u, err := s.guest(ctx, p, who)
	if err != nil {
		return step, "", err
	}
	if step, err = s.welcome(ctx, p, &u, a); fault.Is(err, errWrong) {
		err = errClosed.With()
	}
	return step, j.Return, err
}

func (s *Service) welcome(ctx context.Context, p *provider, u *User, a Answer) (Step, error) {
	if u.Disabled {
		return Step{}, errClosed.With()
	}
	if u.SecondFactor.some() && !p.SecondFactor {
		return s.secondTicket(ctx, u, u.SecondFactor, "oidc:"+p.ID, a.Browser)
	}
	return s.open(ctx, opening{user: *u, method: "oidc:" + p.ID, second: p.SecondFactor, passkey: true, address: a.Address, agent: a.Agent})
}

// vouched exchanges the code for the provider's word, and checks it.
func (s *Service) vouched(ctx context.Context, p *provider, code string, j *journey) (*claims, error) {
	found, err := s.discover(ctx, p)
	if err != nil {
		return nil, err
	}
	ctx = oidc.ClientContext(ctx, s.http)
	token, err := p.config(found, j.Redirect).Exchange(ctx, code, oauth2.VerifierOption(j.Verifier))
	if err != nil {
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) {
			return nil, errProviderSays.With("name", p.Name, "reason", clip(refused.ErrorCode)).Because(err)
		}
		return nil, errProvider.With("name", p.Name).Because(err)
	}
	doubt := func(err error) error {
		s.log.Warn("sign-in service not believed", "provider", p.ID, "error", err)
		return errProviderWord.With("name", p.Name).Because(err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return nil, doubt(errors.New("no id_token"))
	}
	word, err := found.Verifier(&oidc.Config{ClientID: p.ClientID, Now: s.now}).Verify(ctx, raw)
	if err != nil {
		return nil, doubt(err)
	}
	if subtle.ConstantTimeCompare([]byte(word.Nonce), []byte(j.Nonce)) != 1 {
		return nil, doubt(errors.New("another nonce"))
	}
	if word.Subject == "" || word.IssuedAt.After(s.now().Add(5*time.Minute)) {
		return nil, doubt(errors.New("no subject, or issued in the future"))
	}
	all := map[string]json.RawMessage{}
	if err := word.Claims(&all); err != nil {
		return nil, doubt(err)
	}
	c := &claims{issuer: p.Issuer, subject: word.Subject, all: all}
	if azp := c.text("azp"); azp != "" && azp != p.ClientID || azp == "" && len(word.Audience) > 1 {
		return nil, doubt(errors.New("meant for another client"))
	}
	if found.UserInfoEndpoint() != "" {
		info, err := found.UserInfo(ctx, oauth2.StaticTokenSource(token))
		if err != nil {
			return nil, errProvider.With("name", p.Name).Because(err)
		}
		more := map[string]json.RawMessage{}
		if err := info.Claims(&more); err != nil || info.Subject != word.Subject {
			return nil, doubt(errors.New("the user info is of somebody else"))
		}
		for name, v := range more {
			if _, said := all[name]; !said { // what is signed counts more
				all[name] = v
			}
		}
	}
	return c, nil
}
