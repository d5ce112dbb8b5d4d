package identity

import (
	"context"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

var (
	errSignedOut = fault.Define(fault.Unauthenticated, "identity.signed_out", "sign in first", "cần đăng nhập")
	errUnused    = fault.Define(fault.Forbidden, "identity.unused", "this account was not used for more than {days} days and is closed; an administrator can open it again",
		"tài khoản không dùng quá {days} ngày nên đã bị đóng; quản trị viên có thể mở lại")
)

// tokenPrefix tells a session's token from a source's without a look into the
// records: sources knock ten thousand times a second.
const tokenPrefix = "iocs_"

const tokenBytes = 32

// sessionID is what the records keep of a token.
func sessionID(token string) string { return digest(token) }

// Credentials are what somebody signs in with, and from where.
type Credentials struct {
	Username, Password string
	Address, Agent     string // of the caller, for the trail
	Browser            string // the secret in the browser's cookie, to which the second step is bound; "": a program
}

// SignIn opens a session with a password alone and returns its token; an
// account with a second factor is refused. A wrong name, a wrong password and
// a disabled account give the same fault after the same work.
func (s *Service) SignIn(ctx context.Context, c Credentials) (token string, u User, err error) {
	c.Browser = ""
	step, err := s.BeginSignIn(ctx, c)
	return step.Token, step.User, err
}

// BeginSignIn checks a password. It opens a session, or asks for the second
// factor that the account has.
func (s *Service) BeginSignIn(ctx context.Context, c Credentials) (Step, error) {
	u, f, err := s.checkPassword(ctx, c)
	if err != nil {
		return Step{}, err
	}
	if f.some() {
		if c.Browser == "" {
			return Step{}, errSecond.With()
		}
		return s.secondTicket(ctx, &u, f, "password", c.Browser)
	}
	hash := u.password
	return s.open(ctx, opening{user: u, method: "password", address: c.Address, agent: c.Agent,
		check: func(tx *store.Tx, fresh *User) error {
			// Between looking and now the account may have changed.
			f, err := factorOf(tx, fresh.ID)
			if err == nil && (fresh.password != hash || f.some()) {
				err = errWrong.With()
			}
			return err
		}})
}

func (s *Service) checkPassword(ctx context.Context, c Credentials) (u User, f SecondFactor, err error) {
	now := s.now()
	key := guardKey(c.Username)
	if err := s.byAddress.Take(c.Address, now, 1); err != nil {
		return u, f, err
	}
	if err := s.byName.Take(key, now, 1); err != nil {
		return u, f, err
	}
	var found bool
	var g guard
	err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if err := s.freshen(tx); err != nil {
			return err
		}
		if g, err = findGuard(tx, key); err != nil {
			return err
		}
		if name := normalUsername(c.Username); usernameForm.MatchString(name) {
			if u, found, err = findUsername(tx, name); err == nil && found {
				f, err = factorOf(tx, u.ID)
			}
		}
		return err
	})
	if err != nil {
		return User{}, f, err
	}
	if err := g.locked(now, s.policy()); err != nil {
		return User{}, f, err
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
		return User{}, f, err
	}
	if !right || !found || u.Disabled {
		if err := s.fail(ctx, access.Nobody(), key, known, c.Address, ""); err != nil {
			return User{}, f, err
		}
		return User{}, f, errWrong.With()
	}
	return u, f, nil
}

// opening is a session about to be opened.
type opening struct {
	user           User
	method         string // "password", "password+totp", "passkey", "oidc:<id>" …
	second         bool   // a second factor was shown
	passkey        bool   // guesses of others do not lock a key out
	address, agent string
	check          func(tx *store.Tx, fresh *User) error // in the transaction; nil: nothing more
}

// open writes the session down. Between looking and now the name may have
// been locked by others who guess, or the account changed.
func (s *Service) open(ctx context.Context, o opening) (Step, error) {
	token := tokenPrefix + uid.Secret(tokenBytes)
	step := Step{Token: token, User: o.user}
	u := &step.User
	err := s.db.Write(ctx, access.Actor{ID: u.ID, Name: u.Name, Unit: u.Unit}, func(tx *store.Tx) error {
		now, key := s.now(), guardKey(u.Username)
		g, err := findGuard(tx, key)
		if err != nil {
			return err
		}
		if err := g.locked(now, s.policy()); err != nil && !o.passkey {
			return err
		}
		fresh, found, err := findUser(tx, u.ID)
		if err != nil {
			return err
		}
		if !found || fresh.Disabled {
			return errWrong.With()
		}
		if o.check != nil {
			if err := o.check(tx, &fresh); err != nil {
				return err
			}
		}
		if err := s.fill(tx, &fresh); err != nil {
			return err
		}
		if err := s.inUse(tx, &fresh, now); err != nil {
			return err
		}
		*u = fresh
		u.LastSignIn, u.Invited = now, false
		if _, err := tx.Exec("update user_account set last_sign_in = $2, invited = 0 where id = $1", u.ID, now); err != nil {
			return err
		}
		if err := deleteGuard(tx, key); err != nil {
			return err
		}
		ses := session{id: sessionID(token), userID: u.ID, created: now, seen: now, address: clip(o.address), agent: clip(o.agent), method: o.method, second: o.second}
		if err := insertSession(tx, ses, s.policy()); err != nil {
			return err
		}
		s.ready(u, &ses)
		tx.Emit(store.Event{
			Subject: "ioc.identity.signed_in." + u.ID, Entity: "user", EntityID: u.ID,
			After: signIn{Address: clip(o.address), Agent: clip(o.agent), Method: o.method}, Summary: "đăng nhập " + u.Username,
		})
		return nil
	})
	if err != nil {
		return Step{}, err
	}
	return step, nil
}

type signIn struct {
	Address string `json:"address"`
	Agent   string `json:"agent"`
	Method  string `json:"method"`
}

// inUse refuses an account that nobody used for too long. What an
// administrator changed of it, its password too, counts as use; the last
// administrator who could sign in is let in.
func (s *Service) inUse(tx *store.Tx, u *User, now time.Time) error {
	p := s.policy()
	if p.Unused <= 0 || !u.unused(now, p.Unused) {
		return nil
	}
	others, err := usedAdmins(tx, u.ID, now, p.Unused)
	if err != nil {
		return err
	}
	if others == 0 && slices.Contains(u.Roles, access.Admin) {
		return nil
	}
	return errUnused.With("days", int(p.Unused.Hours()/24))
}

func (u *User) unused(now time.Time, limit time.Duration) bool {
	last := u.LastSignIn
	for _, t := range []time.Time{u.Created, u.Changed} {
		if t.After(last) {
			last = t
		}
	}
	return now.Sub(last) > limit
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
	return s.db.Write(ctx, access.Actor{ID: u.ID, Name: u.Name, Unit: u.Unit}, func(tx *store.Tx) error {
		if err := deleteSession(tx, id); err != nil {
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
