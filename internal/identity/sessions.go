package identity

import (
	"context"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
)

var errNoSession = fault.Define(fault.NotFound, "identity.no_session", "there is no such session", "không có phiên đăng nhập này")

// Session is one place where somebody is signed in.
type Session struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen" doc:"last use, to the minute"`
	Address string    `json:"address"`
	Agent   string    `json:"agent"`
	Current bool      `json:"current" doc:"the one that asks"`
	Method  string    `json:"method" doc:"password, password+totp, passkey, oidc:<provider> …"`
}

// OwnSessions are the open sessions of the actor; token is the one that asks.
func (s *Service) OwnSessions(ctx context.Context, actor access.Actor, token string) ([]Session, error) {
	if err := signedIn(actor); err != nil {
		return nil, err
	}
	return s.sessions(ctx, actor.ID, sessionID(token))
}

// Sessions are the open sessions of somebody. It needs user.view.
func (s *Service) Sessions(ctx context.Context, actor access.Actor, userID string) ([]Session, error) {
	if _, err := s.other(ctx, actor, access.UserView, userID); err != nil {
		return nil, err
	}
	return s.sessions(ctx, userID, "")
}

func (s *Service) sessions(ctx context.Context, userID, current string) ([]Session, error) {
	var rows []session
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		rows, err = listSessions(tx, userID)
		return err
	})
	out, now := []Session{}, s.now()
	for _, r := range rows {
		if s.alive(r.created, r.seen, now) {
			out = append(out, Session{ID: r.id, Created: r.created, Seen: r.seen, Address: r.address, Agent: r.agent, Current: r.id == current, Method: r.method})
		}
	}
	return out, err
}

// EndOwnSession ends one session of the actor.
func (s *Service) EndOwnSession(ctx context.Context, actor access.Actor, id string) error {
	if err := signedIn(actor); err != nil {
		return err
	}
	return s.db.Write(ctx, actor, func(tx *store.Tx) error {
		ses, found, err := findSession(tx, id)
		if err != nil {
			return err
		}
		if !found || ses.userID != actor.ID {
			return errNoSession.With()
		}
		if err := deleteSession(tx, id); err != nil {
			return err
		}
		s.ended(tx, actor.ID, "kết thúc một phiên đăng nhập của mình")
		return nil
	})
}

// EndSessions signs somebody out everywhere. It needs user.edit.
func (s *Service) EndSessions(ctx context.Context, actor access.Actor, userID string) error {
	u, err := s.other(ctx, actor, access.UserEdit, userID)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, actor, func(tx *store.Tx) error {
		if err := deleteSessions(tx, userID, ""); err != nil {
			return err
		}
		s.ended(tx, userID, "kết thúc mọi phiên đăng nhập của "+u.Username)
		return nil
	})
}

func (s *Service) ended(tx *store.Tx, userID, summary string) {
	tx.Emit(store.Event{Subject: "ioc.identity.sessions_ended." + userID, Entity: "user", EntityID: userID, Summary: summary})
	tx.After(s.cache.clear)
}

var errPersonal = fault.Define(fault.Forbidden, "identity.not_by_token", "only a person who is signed in may do this, not a token or a view", "chỉ người đã đăng nhập mới làm được việc này, không dùng mã API hay chế độ xem như")

// signedIn refuses visitors, and tokens and views of somebody else: what
// protects an account is for its owner at the keyboard.
func signedIn(a access.Actor) error {
	switch {
	case !a.Known() || a.IsSystem():
		return errSignedOut.With()
	case a.Only != nil || a.ReadOnly:
		return errPersonal.With()
	}
	return nil
}

// other reads the account of somebody else whom the actor may see; to change
// it the actor must also stand above it.
func (s *Service) other(ctx context.Context, actor access.Actor, p access.Permission, id string) (u User, err error) {
	if err := access.Require(actor, p, access.Scope{}); err != nil {
		return u, err
	}
	err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if u, err = s.person(tx, actor, id); err == nil && p != access.UserView {
			err = s.commands(actor, &u)
		}
		return err
	})
	return u, err
}

var errNotYet = fault.Define(fault.Forbidden, "identity.not_yet", "first change the password, or set up the second factor that your role needs", "trước hết hãy đổi mật khẩu hoặc thiết lập xác thực hai lớp mà vai trò yêu cầu")

// admitted refuses somebody whose session may do nothing yet: what he holds is
// not his to lend or to order before he has shown who he is.
func admitted(a access.Actor, u *User) error {
	if len(a.Grants) == 0 && len(a.Roles) == 0 && len(u.held) > 0 {
		return errNotYet.With()
	}
	return nil
}
