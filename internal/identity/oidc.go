package identity

import (
	"net/http"
	"time"

	"openioc.org/ioc/internal/access"
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
	// here; ClaimRoles gives it the first role whose key is among the values
	// of the claims roles and groups.
	AutoCreate bool
	ClaimRoles map[string]access.Role

	// SecondFactor says that the provider asks for a second factor itself, so
	// that we need not.
	SecondFactor bool
}

type provider struct {
	Provider
}

func openProviders(list []Provider) ([]*provider, error) {
	var out []*provider
	for _, p := range list {
		out = append(out, &provider{Provider: p})
	}
	return out, nil
}

func providerClient() *http.Client { return &http.Client{Timeout: 10 * time.Second} }
