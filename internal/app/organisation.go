package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"path/filepath"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/identity"
	"openioc.org/ioc/internal/org"
)

// accounts are the people of the city and how they sign in.
func (a *App) accounts(ctx context.Context) (err error) {
	p, cfg := &a.parts, a.o.Config
	policy := identity.DefaultPolicy()
	policy.Idle, policy.Absolute = time.Duration(cfg.Identity.Idle), time.Duration(cfg.Identity.Absolute)
	policy.SecondFactor = nil
	for _, r := range cfg.Identity.Second {
		policy.SecondFactor = append(policy.SecondFactor, access.Role(r))
	}
	if a.o.Mode != Serve { // everybody may look at the demo, with the password it prints
		policy.SecondFactor, policy.Unused = nil, 0
	}
	key, err := identity.SecretKeyFile(filepath.Join(cfg.Data.Dir, "secret.key"))
	if err != nil {
		return err
	}
	// The files of a person are found by hashes under a key of their own.
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("ioc casework subjects"))
	p.subjectKey = mac.Sum(nil)
	o := identity.Options{
		Store: p.store, Logger: a.log.With("component", "identity"), Policy: &policy, SecureCookie: cfg.Identity.Secure,
		Units: orgUnits{p.org, a.clock.Now}, SecretKey: key, Issuer: p.city.Info().Name + " IOC", PublicURL: cfg.Server.PublicURL,
		Extra: a.sessionExtra,
	}
	if s := cfg.OIDC; s.Issuer != "" {
		o.Providers = []identity.Provider{{
			ID: "sso", Name: s.Name, Issuer: s.Issuer, ClientID: s.ClientID, ClientSecret: s.ClientSecret.Reveal(), Scopes: s.Scopes,
			MatchBy: s.MatchBy, Claim: s.Claim, AutoCreate: s.AutoCreate, SecondFactor: s.SecondFactor,
		}}
	}
	p.identity, err = identity.New(ctx, o)
	return err
}

// orgUnits is the organisation as identity asks for it.
type orgUnits struct {
	org *org.Service
	now func() time.Time
}

func (u orgUnits) Subtree(code string, at time.Time) []string { return u.org.Tree().Subtree(code, at) }

func (u orgUnits) Exists(code string, at time.Time) bool {
	unit, ok := u.org.Tree().Unit(code, at)
	return ok && unit.In(at)
}

func (u orgUnits) Heir(code string, at time.Time) string {
	if heir, ok := u.org.Tree().InForce(code, at); ok && heir.Code != code {
		return heir.Code
	}
	return ""
}

func (u orgUnits) Name(code string) string {
	unit, _ := u.org.Tree().Unit(code, u.now())
	return unit.Name
}

// peopleOf counts the accounts of each unit.
func (a *App) peopleOf(ctx context.Context) (map[string]int, error) {
	users, err := a.parts.identity.Users(ctx, access.System("org"))
	n := map[string]int{}
	for _, u := range users {
		if !u.Disabled {
			n[u.Unit]++
		}
	}
	return n, err
}
