package identity

import (
	"context"
	"math"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
)

var (
	errWrong  = fault.Define(fault.Unauthenticated, "identity.wrong_password", "the user name or the password is wrong", "sai tên đăng nhập hoặc mật khẩu")
	errOld    = fault.Define(fault.Invalid, "identity.wrong_old_password", "the old password is wrong", "mật khẩu cũ không đúng")
	errLocked = fault.Define(fault.TooMany, "identity.locked", "too many failed attempts; try again in {minutes} minutes", "đăng nhập sai quá nhiều lần; thử lại sau {minutes} phút")
)

// guardKey is the name under which failures are counted, also those of names
// that do not exist.
func guardKey(username string) string { return digest(normalUsername(username)) }

// locked returns the fault of a name that is locked, else nil.
// A lock longer than any we give was made before the clock was moved back.
func (g guard) locked(now time.Time, p *Policy) error {
	if left := g.lockedUntil.Sub(now); left > 0 && left <= p.LockFor+drift {
		return errLocked.With("minutes", int(math.Ceil(left.Minutes())))
	}
	return nil
}

// failed is the guard after one more failure.
func (g guard) failed(now time.Time, p *Policy) guard {
	if now.Sub(g.since) > p.LockFor {
		g = guard{since: now}
	}
	g.failures++
	if p.LockAfter > 0 && g.failures >= p.LockAfter {
		g.lockedUntil = now.Add(p.LockFor)
	}
	return g
}

// fail counts a failure against a name and writes it down. u is nil when the
// name is of nobody: then it is not written, people type passwords there.
func (s *Service) fail(ctx context.Context, actor access.Actor, key string, u *User, address, step string) error {
	now := s.now()
	return s.db.Write(ctx, actor, func(tx *store.Tx) error {
		g, err := findGuard(tx, key)
		if err != nil {
			return err
		}
		if g.locked(now, s.policy()) == nil {
			g = g.failed(now, s.policy())
		}
		if err := saveGuard(tx, key, g, now.Add(-2*s.policy().LockFor)); err != nil {
			return err
		}
		id, name := "unknown", "tên không tồn tại"
		if u != nil {
			id, name = u.ID, u.Username
		}
		tx.Emit(store.Event{
			Subject: "ioc.identity.sign_in_failed." + id, Entity: "user", EntityID: id,
			After:   failure{Address: address, Failures: g.failures, Locked: g.locked(now, s.policy()) != nil, Step: step},
			Summary: "đăng nhập không thành công: " + name,
		})
		return nil
	})
}

type failure struct {
	Address  string `json:"address"`
	Failures int    `json:"failures"`
	Locked   bool   `json:"locked"`
	Step     string `json:"step,omitempty"` // "second": the password was right
}

// prove checks the old password of somebody signed in.
func (s *Service) prove(ctx context.Context, actor access.Actor, u User, old, field string) error {
	key := guardKey(u.Username)
	var g guard
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		g, err = findGuard(tx, key)
		return err
	})
	if err != nil {
		return err
	}
	if err := g.locked(s.now(), s.policy()); err != nil {
		return err
	}
	ok := len(old) <= maxPassword
	if ok {
		if ok, err = s.hasher.verify(ctx, old, u.password); err != nil {
			return err
		}
	}
	if !ok {
		if err := s.fail(ctx, actor, key, &u, "", "old password"); err != nil {
			return err
		}
		return errPassword.With().At(field, errOld.With())
	}
	return nil
}
