package identity

import (
	"cmp"
	"context"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/personal"
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
	Title          string
	Email          personal.Email
	Phone          personal.Phone
	Role           access.Role
	Unit           string     // of an administrator: where he sits
	Until          *time.Time // of the role
	Reason         string     // of the role; "" says that the account was made
	Password       string     // must be changed at the first sign-in
}

// CreateUser makes an account with its first role. It needs user.edit, and to
// be able to give the role.
func (s *Service) CreateUser(ctx context.Context, actor access.Actor, d Draft) (User, error) {
	if err := access.Require(actor, access.UserEdit, access.Scope{Unit: d.Unit}); err != nil {
		return User{}, err
	}
	return s.create(ctx, actor, d, true)
}

func (s *Service) create(ctx context.Context, actor access.Actor, d Draft, mustChange bool) (User, error) {
	u, g, err := s.draft(actor, d)
	err = together(err, s.policy().check("password", u.Username, d.Password))
	if err != nil {
		return User{}, err
	}
	u.MustChange = mustChange
	if u.password, err = s.hasher.hash(ctx, d.Password); err != nil {
		return User{}, err
	}
	return u, s.add(ctx, actor, &u, &g, "created", nil)
}

// draft is the account and the grant that a draft makes, checked but for the
// password.
func (s *Service) draft(actor access.Actor, d Draft) (User, Grant, error) {
	now := s.now()
	u := User{
		ID: uid.New(now), Username: d.Username, Name: d.Name, Title: d.Title, Email: d.Email, Phone: d.Phone, Role: d.Role, SecondFactor: "none",
		Created: now, Changed: now, passwordAt: now, home: strings.TrimSpace(d.Unit),
	}
	err := u.check()
	unit := u.home
	if d.Role == access.Admin {
		unit = ""
		if u.home != "" {
			if f := s.unitFault(u.home, now); f != nil {
				err = together(err, errUser.With().At("unit", f))
			}
		}
	}
	g, bad := s.grantOf(GrantDraft{Role: d.Role, Unit: unit, Until: d.Until, Reason: cmp.Or(d.Reason, "tạo tài khoản")}, now, ceilingOf(actor))
	if err = together(err, bad); err != nil {
		return u, g, err
	}
	if refused := s.checkGive(actor, &u, &g, now); len(refused) > 0 {
		return u, g, refused[0]
	}
	return u, g, nil
}

// together names the faults of several checks at once.
func together(first, second error) error {
	a, isA := fault.As(first)
	b, isB := fault.As(second)
	if isA && isB {
		a.Fields = append(a.Fields, b.Fields...)
		return a
	}
	return cmp.Or(first, second)
}

// add writes a new account down with its first grant, and what else belongs
// to it.
func (s *Service) add(ctx context.Context, actor access.Actor, u *User, g *Grant, verb string, also func(*store.Tx) error) error {
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		if err := s.insert(tx, actor, u, g, verb); err != nil || also == nil {
			return err
		}
		return also(tx)
	})
	if store.IsUnique(err) {
		return errTaken.With("username", u.Username).Because(err)
	}
	return err
}

// insert is add in a transaction; g may be nil: an account that may do nothing
// yet.
func (s *Service) insert(tx *store.Tx, actor access.Actor, u *User, g *Grant, verb string) error {
	if err := insertUser(tx, *u); err != nil {
		return err
	}
	if err := rememberPassword(tx, u.ID, u.password, u.passwordAt, s.policy().History); err != nil {
		return err
	}
	if g != nil {
		g.ID, g.User, g.UserName, g.GivenBy = uid.New(u.Created), u.ID, u.Name, by(actor)
		if err := insertGrant(tx, g); err != nil {
			return err
		}
	}
	if err := s.fill(tx, u); err != nil {
		return err
	}
	tx.Emit(store.Event{Subject: "ioc.identity." + verb + "." + u.ID, Entity: "user", EntityID: u.ID, After: *u, Summary: verbs[verb] + u.Username})
	return nil
}

var verbs = map[string]string{"created": "tạo tài khoản ", "invited": "mời "}

// Patch changes the fields that are not nil. Role and Unit are those of the
// main post: the present one is revoked and another given.
type Patch struct {
	Name     *string
	Title    *string
	Email    *personal.Email
	Phone    *personal.Phone
	Role     *access.Role
	Unit     *string
	Disabled *bool
	Reason   string
}

// PatchUser changes an account; disabling ends its sessions and what it lent
// to others. It needs user.edit wherever the account may do something.
func (s *Service) PatchUser(ctx context.Context, actor access.Actor, id string, p Patch) (User, error) {
	if err := access.Require(actor, access.UserEdit, access.Scope{}); err != nil {
		return User{}, err
	}
	var u User
	err := s.db.Write(ctx, actor, func(tx *store.Tx) (err error) {
		u, err = s.patch(tx, actor, id, p)
		return err
	})
	return u, err
}

func (s *Service) patch(tx *store.Tx, actor access.Actor, id string, p Patch) (User, error) {
	before, err := s.person(tx, actor, id)
	if err != nil {
		return User{}, err
	}
	if err := s.commands(actor, &before); err != nil {
		return User{}, err
	}
	u := before
	assign(&u.Name, p.Name)
	assign(&u.Title, p.Title)
	assign(&u.Email, p.Email)
	assign(&u.Phone, p.Phone)
	assign(&u.Disabled, p.Disabled)
	if err := u.check(); err != nil {
		return u, err
	}
	u.Changed = s.now()
	if u.Disabled && !before.Disabled {
		if err := s.keepAnAdmin(tx, &before, func(*Grant) bool { return false }); err != nil {
			return u, err
		}
		if err := s.leave(tx, &u); err != nil {
			return u, err
		}
	}
	if err := updateUser(tx, u); err != nil {
		return u, err
	}
	if err := s.movePost(tx, actor, &u, p); err != nil {
		return u, err
	}
	tx.Emit(store.Event{Subject: "ioc.identity.changed." + id, Entity: "user", EntityID: id, Before: before, After: u, Summary: "sửa tài khoản " + u.Username})
	tx.After(s.cache.clear)
	return u, nil
}

// leave ends what somebody who is disabled holds open: sessions, tokens, an
// invitation, what was lent to others.
func (s *Service) leave(tx *store.Tx, u *User) error {
	if err := deleteSessions(tx, u.ID, ""); err != nil {
		return err
	}
	if err := deleteInvitations(tx, u.ID); err != nil {
		return err
	}
	tokens, err := listTokens(tx, u.ID)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if t.RevokedAt == nil {
			if err := revokeToken(tx, t.ID, tx.Actor.ID, s.now()); err != nil {
				return err
			}
		}
	}
	var ids []string
	for _, g := range u.Posts {
		ids = append(ids, g.ID)
	}
	lent, err := lentOf(tx, s.now(), ids...)
	if err != nil {
		return err
	}
	for _, g := range lent {
		if err := s.revoke(tx, g, "tài khoản người ủy quyền đã khóa"); err != nil {
			return err
		}
	}
	return nil
}

// movePost puts another main post in the place of the present one. The unit
// of an administrator only says where he sits.
func (s *Service) movePost(tx *store.Tx, actor access.Actor, u *User, p Patch) error {
	if p.Role == nil && p.Unit == nil {
		return nil
	}
	now := s.now()
	main := mainPost(u.Posts, now)
	d := GrantDraft{Reason: cmp.Or(p.Reason, "đổi vị trí công tác")}
	if main != nil {
		d.Role, d.Unit = main.Role, main.Unit
	}
	assign(&d.Role, p.Role)
	assign(&d.Unit, p.Unit)
	d.Unit = strings.TrimSpace(d.Unit)
	if d.Role == access.Admin {
		if p.Unit != nil && d.Unit != u.home {
			if f := s.unitFault(d.Unit, now); f != nil && d.Unit != "" {
				return errUser.With().At("unit", f)
			}
			u.home = d.Unit
			if err := saveMainPost(tx, u.ID, d.Role, u.home); err != nil {
				return err
			}
			s.settle(u, now)
		}
		d.Unit = ""
	}
	if main != nil && main.Role == d.Role && main.Unit == d.Unit {
		return nil
	}
	g, err := s.grantOf(d, now, ceilingOf(actor))
	if err != nil {
		return err
	}
	enabled := *u
	enabled.Disabled = false // the post of somebody who is away for good may be put right
	if refused := s.checkGive(actor, &enabled, &g, now); len(refused) > 0 {
		return refused[0]
	}
	if main != nil {
		if refused := givable(actor, main.access(s.units, now)); len(refused) > 0 {
			return refused[0]
		}
		if err := s.keepAnAdmin(tx, u, func(k *Grant) bool { return k.ID != main.ID }); err != nil {
			return err
		}
		if err := s.revoke(tx, *main, d.Reason); err != nil {
			return err
		}
	}
	return s.grant(tx, u, &g)
}

func assign[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// SetPassword gives somebody a password that must be changed at the next
// sign-in; it ends the account's sessions and its lock. It needs user.edit.
func (s *Service) SetPassword(ctx context.Context, actor access.Actor, id, password string) error {
	if err := access.Require(actor, access.UserEdit, access.Scope{}); err != nil {
		return err
	}
	var u User
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		u, err = s.person(tx, actor, id)
		return err
	})
	if err != nil {
		return err
	}
	if err := s.takesOver(actor, &u); err != nil {
		return err
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
	if err := s.prove(ctx, actor, u, old, "old"); err != nil {
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
	id, err := s.named(ctx, username)
	if err != nil {
		return err
	}
	return s.SetPassword(ctx, actor, id, password)
}

// named is the id of the account of a user name.
func (s *Service) named(ctx context.Context, username string) (id string, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if id, err = findByUsername(tx, username); err == nil && id == "" {
			err = errNoUser.With("id", username)
		}
		return err
	})
	return id, err
}
