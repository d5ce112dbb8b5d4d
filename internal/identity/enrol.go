package identity

import (
	"context"
	"crypto/rand"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
)

var (
	errHasTOTP  = fault.Define(fault.Conflict, "identity.totp_there", "an authenticator is set up already; take it away first", "đã thiết lập ứng dụng xác thực; hãy gỡ trước")
	errNoTOTP   = fault.Define(fault.Conflict, "identity.totp_missing", "no authenticator is being set up", "chưa bắt đầu thiết lập ứng dụng xác thực")
	errCodes    = fault.Define(fault.Invalid, "identity.code_field", "the code is wrong", "mã không đúng")
	errConfirm  = fault.Define(fault.Invalid, "identity.confirm", "the code does not fit the new authenticator", "mã không khớp với ứng dụng xác thực mới")
	errNeeded   = fault.Define(fault.Conflict, "identity.factor_needed", "your role needs a second factor: set up another one first", "vai trò của bạn bắt buộc xác thực hai lớp: hãy thiết lập cách khác trước")
	errOwnReset = fault.Define(fault.Conflict, "identity.own_reset", "take your own second factors away one by one, with your password; when they are lost, another administrator resets them", "hãy tự gỡ từng yếu tố bằng mật khẩu; nếu đã mất, quản trị viên khác sẽ đặt lại")
	errNoneYet  = fault.Define(fault.Conflict, "identity.no_factor", "set up an authenticator or a passkey first", "hãy thiết lập ứng dụng xác thực hoặc passkey trước")
)

// Security is what somebody sees of the protection of his own account.
type Security struct {
	SecondFactor SecondFactor `json:"second_factor" enum:"none,totp,passkey,both"`
	TOTP         bool         `json:"totp"`
	Passkeys     []Passkey    `json:"passkeys"`
	RecoveryLeft int          `json:"recovery_left"`
	MustEnrol    bool         `json:"must_enrol" doc:"may do nothing but set up a second factor"`
}

// Security tells the actor how the own account is protected.
func (s *Service) Security(ctx context.Context, actor access.Actor, token string) (out Security, err error) {
	if err := signedIn(actor); err != nil {
		return out, err
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		u, ses, err := s.owner(tx, actor, token)
		if err != nil {
			return err
		}
		out.SecondFactor, out.TOTP, out.MustEnrol = u.SecondFactor, u.SecondFactor.totp(), u.MustEnrol
		if out.Passkeys, err = listPasskeys(tx, ses.userID); err != nil {
			return err
		}
		out.RecoveryLeft, err = countRecovery(tx, ses.userID)
		return err
	})
	return out, err
}

// owner reads the account and the session of somebody signed in.
func (s *Service) owner(tx *store.Tx, actor access.Actor, token string) (u User, ses session, err error) {
	ses, found, err := findSession(tx, sessionID(token))
	if err != nil {
		return u, ses, err
	}
	if !found || ses.userID != actor.ID {
		return u, ses, errSignedOut.With()
	}
	if u, found, err = s.load(tx, ses.userID); err != nil {
		return u, ses, err
	}
	if !found || u.Disabled {
		return u, ses, errSignedOut.With()
	}
	s.ready(&u, &ses)
	return u, ses, nil
}

// Enrolment is what an authenticator needs to know; shown once.
type Enrolment struct {
	Secret string `json:"secret" doc:"base 32, for typing"`
	URI    string `json:"uri"`
	SVG    string `json:"svg" doc:"the URI as a QR code"`
}

// BeginTOTP makes a secret for an authenticator; it counts when ConfirmTOTP
// has seen a code of it.
func (s *Service) BeginTOTP(ctx context.Context, actor access.Actor, token string) (out Enrolment, err error) {
	if err := signedIn(actor); err != nil {
		return out, err
	}
	if s.secrets == nil {
		return out, errUnsealed.With()
	}
	secret := make([]byte, totpBytes)
	_, _ = rand.Read(secret)
	err = s.db.Write(ctx, actor, func(tx *store.Tx) error {
		u, _, err := s.owner(tx, actor, token)
		if err != nil {
			return err
		}
		if u.SecondFactor.totp() {
			return errHasTOTP.With()
		}
		out.Secret, out.URI = base32Plain.EncodeToString(secret), totpURI(s.issuer, u.Username, secret)
		if out.SVG, err = qrSVG(out.URI); err != nil {
			return err
		}
		tx.Emit(factorEvent("totp_begun", &u, "bắt đầu thiết lập ứng dụng xác thực của "))
		return saveTOTP(tx, u.ID, totpRow{secret: s.secrets.seal("totp:"+u.ID, secret), created: s.now()})
	})
	return out, err
}

// ConfirmTOTP sets the authenticator up. It returns recovery codes when there
// are none yet, and ends the other sessions, which showed no second factor.
func (s *Service) ConfirmTOTP(ctx context.Context, actor access.Actor, token, code string) (recovery []string, err error) {
	if err := signedIn(actor); err != nil {
		return nil, err
	}
	if err := s.codes.Take(actor.ID, s.now(), 1); err != nil {
		return nil, err
	}
	err = s.db.Write(ctx, actor, func(tx *store.Tx) error {
		u, ses, err := s.owner(tx, actor, token)
		if err != nil {
			return err
		}
		row, found, err := findTOTP(tx, u.ID)
		if err != nil {
			return err
		}
		if !found || row.confirmed || s.now().Sub(row.created) > time.Hour {
			return errNoTOTP.With()
		}
		secret, err := s.unseal(u.ID, row.secret)
		if err != nil {
			return err
		}
		step, ok := totpMatch(secret, s.now(), code)
		if !ok {
			return errConfirm.With().At("code", errCodes.With())
		}
		row.confirmed, row.lastStep = true, step
		if err := saveTOTP(tx, u.ID, row); err != nil {
			return err
		}
		recovery, err = s.enrolled(tx, &u, &ses, "totp")
		tx.Emit(factorEvent("totp_added", &u, "thiết lập ứng dụng xác thực của "))
		return err
	})
	return recovery, err
}

// enrolled is what follows every new second factor.
func (s *Service) enrolled(tx *store.Tx, u *User, ses *session, method string) (recovery []string, err error) {
	n, err := countRecovery(tx, u.ID)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		var hashes []string
		recovery, hashes = newRecovery(u.ID)
		if err := saveRecovery(tx, u.ID, hashes); err != nil {
			return nil, err
		}
	}
	if err := raiseSession(tx, ses.id, method); err != nil {
		return nil, err
	}
	if !u.SecondFactor.some() {
		if err := deleteSessions(tx, u.ID, ses.id); err != nil {
			return nil, err
		}
	}
	tx.After(s.cache.clear)
	return recovery, nil
}

// RemoveTOTP takes the authenticator away; the password proves that it is its
// owner who asks. A second factor that the role needs stays.
func (s *Service) RemoveTOTP(ctx context.Context, actor access.Actor, token, password string) error {
	if err := signedIn(actor); err != nil {
		return err
	}
	me, err := s.Me(ctx, actor)
	if err != nil {
		return err
	}
	if err := s.prove(ctx, actor, me, password, "password"); err != nil {
		return err
	}
	return s.db.Write(ctx, actor, func(tx *store.Tx) error {
		u, _, err := s.owner(tx, actor, token)
		if err != nil {
			return err
		}
		if !u.SecondFactor.totp() {
			return errNoTOTP.With()
		}
		if err := s.lose(tx, &u, factor(false, u.SecondFactor.passkey())); err != nil {
			return err
		}
		tx.Emit(factorEvent("totp_removed", &u, "gỡ ứng dụng xác thực của "))
		return deleteTOTP(tx, u.ID)
	})
}

// lose prepares for an account to have only the factor left.
func (s *Service) lose(tx *store.Tx, u *User, left SecondFactor) error {
	tx.After(s.cache.clear)
	if left.some() {
		return nil
	}
	if s.policy().needsSecond(u.Roles) {
		return errNeeded.With()
	}
	return saveRecovery(tx, u.ID, nil)
}

// NewRecovery replaces the recovery codes.
func (s *Service) NewRecovery(ctx context.Context, actor access.Actor, token string) (recovery []string, err error) {
	if err := signedIn(actor); err != nil {
		return nil, err
	}
	err = s.db.Write(ctx, actor, func(tx *store.Tx) error {
		u, ses, err := s.owner(tx, actor, token)
		if err != nil {
			return err
		}
		if !u.SecondFactor.some() || !ses.second {
			return errNoneYet.With()
		}
		var hashes []string
		recovery, hashes = newRecovery(u.ID)
		tx.Emit(factorEvent("recovery_made", &u, "tạo lại mã dự phòng của "))
		return saveRecovery(tx, u.ID, hashes)
	})
	return recovery, err
}

// ResetSecondFactor takes all second factors of somebody who lost them, and
// ends the sessions. It needs user.edit.
func (s *Service) ResetSecondFactor(ctx context.Context, actor access.Actor, userID string) error {
	u, err := s.other(ctx, actor, access.UserEdit, userID)
	if err != nil {
		return err
	}
	if u.ID == actor.ID {
		return errOwnReset.With()
	}
	if err := s.takesOver(actor, &u); err != nil {
		return err
	}
	return s.db.Write(ctx, actor, func(tx *store.Tx) error {
		for _, f := range []func() error{
			func() error { return deleteTOTP(tx, u.ID) },
			func() error { return deletePasskeys(tx, u.ID) },
			func() error { return saveRecovery(tx, u.ID, nil) },
			func() error { return deleteTickets(tx, u.ID) },
			func() error { return deleteSessions(tx, u.ID, "") },
		} {
			if err := f(); err != nil {
				return err
			}
		}
		tx.Emit(factorEvent("second_reset", &u, "xóa xác thực hai lớp của "))
		tx.After(s.cache.clear)
		return nil
	})
}

// ResetSecondFactorOf is ResetSecondFactor for the account of a user name, from
// the terminal.
func (s *Service) ResetSecondFactorOf(ctx context.Context, actor access.Actor, username string) error {
	id, err := s.named(ctx, username)
	if err != nil {
		return err
	}
	return s.ResetSecondFactor(ctx, actor, id)
}

func factorEvent(verb string, u *User, summary string) store.Event {
	return store.Event{Subject: "ioc.identity." + verb + "." + u.ID, Entity: "user", EntityID: u.ID, Summary: summary + u.Username}
}
