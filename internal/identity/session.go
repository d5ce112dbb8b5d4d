package identity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

var errSignedOut = fault.Define(fault.Unauthenticated, "identity.signed_out", "sign in first", "cần đăng nhập")

// tokenPrefix tells a session's token from a source's without a look into the
// records: sources knock ten thousand times a second.
const tokenPrefix = "iocs_"

const tokenBytes = 32

// sessionID is what the records keep of a token.
func sessionID(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Credentials are what somebody signs in with, and from where.
type Credentials struct {
	Username, Password string
	Address, Agent     string // of the caller, for the trail
}

// SignIn opens a session and returns its token. A wrong name, a wrong
// password and a disabled account give the same fault after the same work.
func (s *Service) SignIn(ctx context.Context, c Credentials) (token string, u User, err error) {
	now := s.now()
	key := guardKey(c.Username)
	if err := s.byAddress.Take(c.Address, now, 1); err != nil {
		return "", User{}, err
	}
	if err := s.byName.Take(key, now, 1); err != nil {
		return "", User{}, err
	}
	var found bool
	var g guard
	err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if g, err = findGuard(tx, key); err != nil {
			return err
		}
		if name := normalUsername(c.Username); usernameForm.MatchString(name) {
			u, found, err = findUsername(tx, name)
		}
		return err
	})
	if err != nil {
		return "", User{}, err
	}
	if err := g.locked(now); err != nil {
		return "", User{}, err
	}
	known := &u
	if !found {
		known, u.password = nil, s.dummy
	}
	password := c.Password
	if len(password) > maxPassword {
		password = "" // never right, and the same work
	}
	right, err := s.hasher.verify(ctx, password, u.password)
	if err != nil {
		return "", User{}, err
	}
	if !right || !found || u.Disabled {
		if err := s.fail(ctx, access.Nobody(), key, known, c.Address); err != nil {
			return "", User{}, err
		}
		return "", User{}, errWrong.With()
	}
	token = tokenPrefix + uid.Secret(tokenBytes)
	if err := s.open(ctx, &u, token, c, key); err != nil {
		return "", User{}, err
	}
	return token, u, nil
}

// open writes the session down. Between looking and now the name may have
// been locked by others who guess, or the account changed.
func (s *Service) open(ctx context.Context, u *User, token string, c Credentials, key string) error {
	hash := u.password
	return s.db.Write(ctx, u.actor(), func(tx *store.Tx) error {
		now := s.now()
		g, err := findGuard(tx, key)
		if err != nil {
			return err
		}
		if err := g.locked(now); err != nil {
			return err
		}
		fresh, found, err := findUser(tx, u.ID)
		if err != nil {
			return err
		}
		if !found || fresh.Disabled || fresh.password != hash {
			return errWrong.With()
		}
		if err := s.fill(tx, &fresh); err != nil {
			return err
		}
		*u = fresh
		u.LastSignIn, u.MustChange = now, u.MustChange || s.expired(u)
		if _, err := tx.Exec("update user_account set last_sign_in = $2 where id = $1", u.ID, now); err != nil {
			return err
		}
		if err := deleteGuard(tx, key); err != nil {
			return err
		}
		err = insertSession(tx, session{id: sessionID(token), userID: u.ID, created: now, seen: now, address: clip(c.Address), agent: clip(c.Agent)}, s.policy())
		if err != nil {
			return err
		}
		tx.Emit(store.Event{
			Subject: "ioc.identity.signed_in." + u.ID, Entity: "user", EntityID: u.ID,
			After: signIn{Address: clip(c.Address), Agent: clip(c.Agent)}, Summary: "đăng nhập " + u.Username,
		})
		return nil
	})
}

type signIn struct {
	Address string `json:"address"`
	Agent   string `json:"agent"`
}

// clip makes what a stranger sent fit for the records.
func clip(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "")
	}
	return s
}

// SignOut ends the session of a token; one that is over already is no fault.
func (s *Service) SignOut(ctx context.Context, token string) error {
	if !isSessionToken(token) {
		return nil
	}
	id := sessionID(token)
	var u User
	var found bool
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		ses, is, err := findSession(tx, id)
		if err != nil || !is {
			return err
		}
		u, found, err = findUser(tx, ses.userID)
		return err
	})
	if err != nil || !found {
		return err
	}
	return s.db.Write(ctx, u.actor(), func(tx *store.Tx) error {
		if _, err := tx.Exec("delete from user_session where id = $1", id); err != nil {
			return err
		}
		tx.Emit(store.Event{Subject: "ioc.identity.signed_out." + u.ID, Entity: "user", EntityID: u.ID, Summary: "đăng xuất " + u.Username})
		tx.After(s.cache.clear)
		return nil
	})
}

func isSessionToken(token string) bool {
	return len(token) == len(tokenPrefix)+52 && strings.HasPrefix(token, tokenPrefix) // 32 bytes in base 32
}
