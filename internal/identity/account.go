package identity

import (
	"context"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

var (
	errTaken     = fault.Define(fault.Conflict, "identity.taken", "the user name {username} is taken", "tên đăng nhập {username} đã có người dùng")
	errLastAdmin = fault.Define(fault.Conflict, "identity.last_admin", "this is the last administrator who can sign in", "đây là quản trị viên cuối cùng còn đăng nhập được")
)

// Draft is a new account.
type Draft struct {
	Username, Name string
	Role           access.Role
	Unit           string
	Password       string // must be changed at the first sign-in
}

// CreateUser makes an account. It needs user.edit.
func (s *Service) CreateUser(ctx context.Context, actor access.Actor, d Draft) (User, error) {
	if err := access.Require(actor, access.UserEdit, access.Scope{}); err != nil {
		return User{}, err
	}
	return s.create(ctx, actor, d, true)
}

func (s *Service) create(ctx context.Context, actor access.Actor, d Draft, mustChange bool) (User, error) {
	now := s.now()
	u := User{
		ID: uid.New(now), Username: d.Username, Name: d.Name, Role: d.Role, Unit: d.Unit,
		MustChange: mustChange, Created: now, Changed: now, passwordAt: now,
	}
	if err := s.checkDraft(&u, d.Password); err != nil {
		return User{}, err
	}
	var err error
	if u.password, err = s.hasher.hash(ctx, d.Password); err != nil {
		return User{}, err
	}
	return u, s.add(ctx, actor, u)
}

// checkDraft names the faults of the account and of its password together.
func (s *Service) checkDraft(u *User, password string) error {
	err := u.check(s.unitExists)
	bad, isFault := fault.As(err)
	weak, isWeak := fault.As(s.policy().check("password", u.Username, password))
	switch {
	case isFault && isWeak:
		bad.Fields = append(bad.Fields, weak.Fields...)
		return bad
	case isWeak:
		return weak
	}
	return err
}

func (s *Service) add(ctx context.Context, actor access.Actor, u User) error {
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		if err := insertUser(tx, u); err != nil {
			return err
		}
		if err := rememberPassword(tx, u.ID, u.password, u.passwordAt, s.policy().History); err != nil {
			return err
		}
		tx.Emit(store.Event{Subject: "ioc.identity.created." + u.ID, Entity: "user", EntityID: u.ID, After: u, Summary: "tạo tài khoản " + u.Username})
		return nil
	})
	if store.IsUnique(err) {
		return errTaken.With("username", u.Username).Because(err)
	}
	return err
}

// Patch changes the fields that are not nil.
type Patch struct {
	Name     *string
	Role     *access.Role
	Unit     *string
	Disabled *bool
}

// PatchUser changes an account; disabling ends its sessions. It needs
// user.edit.
func (s *Service) PatchUser(ctx context.Context, actor access.Actor, id string, p Patch) (User, error) {
	if err := access.Require(actor, access.UserEdit, access.Scope{}); err != nil {
		return User{}, err
	}
	var u User
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		before, found, err := findUser(tx, id)
		if err != nil {
			return err
		}
		if !found {
			return errNoUser.With("id", id)
		}
		u = before
		assign(&u.Name, p.Name)
		assign(&u.Role, p.Role)
		assign(&u.Unit, p.Unit)
		assign(&u.Disabled, p.Disabled)
		if err := u.check(s.unitExists); err != nil {
			return err
		}
		if before.Role == access.Admin && !before.Disabled && (u.Role != access.Admin || u.Disabled) {
			if err := keepAnAdmin(tx, id); err != nil {
				return err
			}
		}
		u.Changed = s.now()
		if err := updateUser(tx, u); err != nil {
			return err
		}
		if u.Disabled {
			if err := deleteSessions(tx, id, ""); err != nil {
				return err
			}
		}
		tx.Emit(store.Event{Subject: "ioc.identity.changed." + id, Entity: "user", EntityID: id, Before: before, After: u, Summary: "sửa tài khoản " + u.Username})
		tx.After(s.cache.clear)
		return nil
	})
	return u, err
}

func assign[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func keepAnAdmin(tx *store.Tx, id string) error {
	n, err := otherAdmins(tx, id)
	if err == nil && n == 0 {
		err = errLastAdmin.With()
	}
	return err
}

// SetPassword gives somebody a password that must be changed at the next
// sign-in; it ends the account's sessions and its lock. It needs user.edit.
func (s *Service) SetPassword(ctx context.Context, actor access.Actor, id, password string) error {
	if err := access.Require(actor, access.UserEdit, access.Scope{}); err != nil {
		return err
	}
	u, found, err := s.user(ctx, id)
	if err != nil {
		return err
	}
	if !found {
		return errNoUser.With("id", id)
	}
	return s.replacePassword(ctx, actor, u, "password", password, true, "")
}

// ChangeOwnPassword changes the password of the actor, who proves to know the
// old one (a wrong one counts like a failed sign-in). The session of token
// goes on, all others end.
func (s *Service) ChangeOwnPassword(ctx context.Context, actor access.Actor, token, old, password string) error {
	u, err := s.Me(ctx, actor)
	if err != nil {
		return err
	}
	if err := s.prove(ctx, actor, u, old); err != nil {
		return err
	}
	return s.replacePassword(ctx, actor, u, "new", password, false, sessionID(token))
}

// replacePassword checks the new password against policy and history and
// stores it; field names it in faults. Hashing is done outside the
// transaction: it takes longer than everything else.
func (s *Service) replacePassword(ctx context.Context, actor access.Actor, u User, field, password string, mustChange bool, keepSession string) error {
	if err := s.policy().check(field, u.Username, password); err != nil {
		return err
	}
	if err := s.checkHistory(ctx, u.ID, field, password); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, actor, func(tx *store.Tx) error {
		if err := setPassword(tx, u.ID, hash, mustChange, s.now(), s.policy().History); err != nil {
			return err
		}
		if err := deleteSessions(tx, u.ID, keepSession); err != nil {
			return err
		}
		if err := deleteGuard(tx, guardKey(u.Username)); err != nil {
			return err
		}
		subject, summary := "ioc.identity.password_changed.", "đổi mật khẩu "
		if mustChange {
			subject, summary = "ioc.identity.password_set.", "đặt lại mật khẩu "
		}
		tx.Emit(store.Event{Subject: subject + u.ID, Entity: "user", EntityID: u.ID, Summary: summary + u.Username})
		tx.After(s.cache.clear)
		return nil
	})
}

func (s *Service) checkHistory(ctx context.Context, id, field, password string) error {
	if s.policy().History <= 0 {
		return nil
	}
	var past []string
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		past, err = pastPasswords(tx, id)
		return err
	})
	if err != nil {
		return err
	}
	for _, phc := range past[:min(len(past), s.policy().History)] {
		same, err := s.hasher.verify(ctx, password, phc)
		if err != nil {
			return err
		}
		if same {
			return errPassword.With().At(field, errReused.With("count", s.policy().History))
		}
	}
	return nil
}

// ResetPassword gives the account of that name a new first password, which
// must be changed at the next sign-in.
func (s *Service) ResetPassword(ctx context.Context, actor access.Actor, username, password string) error {
	var u User
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		var found bool
		if u, found, err = findUsername(tx, username); err == nil && !found {
			err = errNoUser.With("id", username)
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.SetPassword(ctx, actor, u.ID, password)
}
