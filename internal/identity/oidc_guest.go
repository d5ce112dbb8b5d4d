package identity

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/personal"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
	"openioc.org/ioc/internal/vi"
)

// claims are what a provider says of somebody.
type claims struct {
	issuer, subject string
	all             map[string]json.RawMessage
}

// text is a claim that is a text; "" when it is none.
func (c *claims) text(name string) string {
	var v string
	if json.Unmarshal(c.all[name], &v) != nil {
		return ""
	}
	return clip(strings.TrimSpace(v))
}

// list is a claim that is a text or a list of texts.
func (c *claims) list(name string) []string {
	var v []string
	if json.Unmarshal(c.all[name], &v) != nil {
		if one := c.text(name); one != "" {
			return []string{one}
		}
	}
	return v
}

// email is the address, when the provider has checked it.
func (c *claims) email() string {
	var verified bool
	if json.Unmarshal(c.all["email_verified"], &verified) != nil {
		verified = c.text("email_verified") == "true" // some send it as a text
	}
	if !verified {
		return ""
	}
	return c.text("email")
}

// called is how the provider calls somebody, for a message to this person.
func (c *claims) called() string {
	for _, name := range []string{"preferred_username", "email", "name"} {
		if v := c.text(name); v != "" {
			return v
		}
	}
	return clip(c.subject)
}

// guest finds the account of somebody a provider vouches for, or makes one.
func (s *Service) guest(ctx context.Context, p *provider, c *claims) (User, error) {
	u, known, err := s.linked(ctx, c)
	if err != nil || known {
		return u, err
	}
	stranger := errStranger.With("name", p.Name, "who", c.called())
	err = s.db.Write(ctx, access.System("oidc:"+p.ID), func(tx *store.Tx) error {
		found, err := s.match(tx, p, c)
		switch {
		case err != nil:
			return err
		case found != "":
			// Somebody who got the address or name of another at the provider
			// does not become the other here.
			n, err := countLinks(tx, c.issuer, found)
			if err != nil {
				return err
			}
			if n > 0 {
				return stranger
			}
		case p.AutoCreate:
			if found, err = s.register(tx, p, c); err != nil {
				return err
			}
		default:
			return stranger
		}
		if err := insertLink(tx, c.issuer, c.subject, found, s.now()); err != nil {
			return err
		}
		if u, _, err = s.load(tx, found); err != nil {
			return err
		}
		tx.Emit(store.Event{Subject: "ioc.identity.linked." + u.ID, Entity: "user", EntityID: u.ID, After: map[string]string{"provider": p.ID},
			Summary: "liên kết tài khoản " + u.Username + " với " + p.Name})
		return nil
	})
	if store.IsUnique(err) { // twice at once: the other one made it
		if u, known, err = s.linked(ctx, c); err == nil && !known {
			err = stranger
		}
	}
	return u, err
}

// linked reads the account that a provider's subject was tied to before.
func (s *Service) linked(ctx context.Context, c *claims) (u User, known bool, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		id, err := findLink(tx, c.issuer, c.subject)
		if err != nil || id == "" {
			return err
		}
		u, known, err = s.load(tx, id)
		return err
	})
	return u, known, err
}

// match finds the account as the operator said; two that fit are none.
func (s *Service) match(tx *store.Tx, p *provider, c *claims) (string, error) {
	switch p.MatchBy {
	case "email":
		if mail := c.email(); mail != "" {
			return findEmail(tx, mail)
		}
		return "", nil
	case "username":
		return findByUsername(tx, c.text("preferred_username"))
	}
	return findByUsername(tx, c.text(p.Claim))
}

func findByUsername(tx *store.Tx, name string) (string, error) {
	if name = normalUsername(name); !usernameForm.MatchString(name) {
		return "", nil
	}
	u, found, err := findUsername(tx, name)
	if err != nil || !found {
		return "", err
	}
	return u.ID, nil
}

// register makes an account for somebody new. It has no password, so that only
// the provider lets it in, and no grant but those the operator tied to groups.
func (s *Service) register(tx *store.Tx, p *provider, c *claims) (string, error) {
	now := s.now()
	u := User{ID: uid.New(now), Username: usernameOf(c), Name: c.text("name"), Email: personal.Email(c.email()), Created: now, Changed: now, password: s.dummy, passwordAt: now}
	if u.Name == "" {
		u.Name = c.called()
	}
	if u.check() != nil { // an address we would not take from a person either
		u.Email = ""
		if err := u.check(); err != nil {
			return "", err
		}
	}
	base := u.Username
	for n := 2; ; n++ {
		_, taken, err := findUsername(tx, u.Username)
		if err != nil {
			return "", err
		}
		if !taken {
			break
		}
		suffix := "-" + strconv.Itoa(n)
		u.Username = base[:min(len(base), 64-len(suffix))] + suffix
	}
	if err := s.insert(tx, tx.Actor, &u, nil, "created"); err != nil {
		return "", err
	}
	for _, role := range p.roles(c) {
		g := Grant{Role: role, Ceiling: ceilingWord(access.RoleCeiling(role)), From: now, Reason: "theo nhóm của người dùng ở " + p.Name}
		if err := s.grant(tx, &u, &g); err != nil {
			return "", err
		}
	}
	return u.ID, nil
}

// roles are those that the operator tied to the groups of somebody.
func (p *provider) roles(c *claims) []access.Role {
	var out []access.Role
	for _, value := range append(c.list("roles"), c.list("groups")...) {
		if role, ok := p.ClaimRoles[value]; ok && !slices.Contains(out, role) {
			out = append(out, role)
		}
	}
	return out
}

// usernameOf makes a user name of what the provider calls somebody.
func usernameOf(c *claims) string {
	name, _, _ := strings.Cut(c.called(), "@")
	name = strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			return r
		case r == ' ':
			return '.'
		}
		return -1
	}, vi.Fold(name)), "._-")
	if len(name) > 64 {
		name = name[:64]
	}
	if !usernameForm.MatchString(name) {
		return "sso-" + digest(c.issuer + " " + c.subject)[:12]
	}
	return name
}
