package identity

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
)

// SecondFactor is what an account shows beside its password.
type SecondFactor string

// The second factors.
const (
	NoFactor      SecondFactor = "none"
	TOTPFactor    SecondFactor = "totp"
	PasskeyFactor SecondFactor = "passkey"
	BothFactors   SecondFactor = "both"
)

func factor(totp, passkey bool) SecondFactor {
	switch {
	case totp && passkey:
		return BothFactors
	case totp:
		return TOTPFactor
	case passkey:
		return PasskeyFactor
	}
	return NoFactor
}

func (f SecondFactor) some() bool    { return f != NoFactor && f != "" }
func (f SecondFactor) totp() bool    { return f == TOTPFactor || f == BothFactors }
func (f SecondFactor) passkey() bool { return f == PasskeyFactor || f == BothFactors }

// methods are the ways to show it, as the sign-in page offers them.
func (f SecondFactor) methods() []string {
	var out []string
	if f.totp() {
		out = append(out, "totp")
	}
	if f.passkey() {
		out = append(out, "passkey")
	}
	return append(out, "recovery")
}

var (
	errSecond = fault.Define(fault.Unauthenticated, "identity.second_needed", "this account needs a second factor: sign in with a browser, or use an API token",
		"tài khoản này cần yếu tố xác thực thứ hai: đăng nhập bằng trình duyệt, hoặc dùng mã API")
	errCode     = fault.Define(fault.Unauthenticated, "identity.wrong_code", "the code is wrong or was used already", "mã không đúng hoặc đã dùng")
	errProof    = fault.Define(fault.Invalid, "identity.no_proof", "a code, a recovery code or a passkey is missing", "thiếu mã xác thực, mã dự phòng hoặc passkey")
	errClock    = fault.Define(fault.Unauthenticated, "identity.clock_back", "the clock of this computer was moved back; use a recovery code or a passkey", "đồng hồ của máy chủ bị chỉnh lùi; hãy dùng mã dự phòng hoặc passkey")
	errUnsealed = fault.Define(fault.Unavailable, "identity.no_key", "the secret key of second factors is missing or another one; use a recovery code or tell the operator", "thiếu hoặc sai khóa bí mật của xác thực hai lớp; hãy dùng mã dự phòng hoặc báo quản trị hệ thống")
)

// Needs reports whether the holder of one of the roles must show a second
// factor.
func (p *Policy) needsSecond(roles []access.Role) bool {
	return slices.ContainsFunc(roles, func(r access.Role) bool { return slices.Contains(p.SecondFactor, r) })
}

// Step is how far signing in has come: a session's token, or a ticket for the
// second factor.
type Step struct {
	Token  string
	User   User
	Second *Second
}

// Second is what is missing.
type Second struct {
	Ticket  string   `json:"ticket" doc:"for POST session/second, within five minutes and from this browser"`
	Methods []string `json:"methods" doc:"totp, passkey, recovery"`
}

// halfway is what the ticket of the second step remembers of the first.
type halfway struct {
	Method     string          `json:"method"`
	PasswordAt time.Time       `json:"password_at"` // another password since then ends the step
	Challenge  json.RawMessage `json:"challenge,omitempty"`
}

// secondTicket asks for the second factor.
func (s *Service) secondTicket(ctx context.Context, u *User, f SecondFactor, method, browser string) (Step, error) {
	step := Step{Second: &Second{Methods: f.methods()}}
	err := s.db.Housekeep(ctx, func(tx *store.Tx) (err error) {
		step.Second.Ticket, err = s.issue(tx, ticketSecond, u.ID, browser, halfway{Method: method, PasswordAt: u.passwordAt})
		return err
	})
	return step, err
}

// Proof is what somebody shows in the second step; one of Code, Recovery and
// Credential.
type Proof struct {
	Ticket, Browser string
	Code, Recovery  string
	Credential      json.RawMessage // of navigator.credentials.get
	Base            string          // address of the pages
	Address, Agent  string
}

// FinishSignIn opens the session that the first step promised. A wrong proof
// counts like a wrong password.
func (s *Service) FinishSignIn(ctx context.Context, p Proof) (Step, error) {
	if err := s.byAddress.Take(p.Address, s.now(), 1); err != nil {
		return Step{}, err
	}
	var half halfway
	var t ticketRow
	var u User
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if t, err = s.present(tx, p.Ticket, ticketSecond, p.Browser, &half); err != nil {
			return err
		}
		var found bool
		if u, found, err = findUser(tx, t.userID); err == nil && !found {
			err = errTicket.With()
		}
		return err
	})
	if err != nil {
		return Step{}, err
	}
	if err := s.byName.Take(guardKey(u.Username), s.now(), 1); err != nil {
		return Step{}, err
	}
	method, check, err := s.prover(p, half)
	if err != nil {
		return Step{}, err
	}
	step, err := s.open(ctx, opening{
		user: u, method: half.Method + "+" + method, second: true, address: p.Address, agent: p.Agent,
		check: func(tx *store.Tx, fresh *User) error {
			if !fresh.passwordAt.Equal(half.PasswordAt) {
				return errTicket.With()
			}
			if ok, err := useTicket(tx, t.id); err != nil || !ok {
				return orElse(err, errTicket)
			}
			return check(tx, fresh)
		},
	})
	if fault.Is(err, errCode) || fault.Is(err, errPasskey) {
		if err := s.failSecond(ctx, &u, p.Address); err != nil {
			return Step{}, err
		}
	}
	return step, err
}

func orElse(err error, def *fault.Def) error {
	if err != nil {
		return err
	}
	return def.With()
}

// prover is the check of a proof, to be run in the transaction that opens the
// session.
func (s *Service) prover(p Proof, half halfway) (method string, check func(*store.Tx, *User) error, err error) {
	switch {
	case len(p.Credential) > 0:
		check, err = s.passkeyProof(p, half)
		return "passkey", check, err
	case p.Code != "":
		return "totp", func(tx *store.Tx, u *User) error { return s.spendCode(tx, u.ID, p.Code) }, nil
	case p.Recovery != "":
		return "recovery", func(tx *store.Tx, u *User) error {
			ok, err := useRecovery(tx, u.ID, recoveryHash(u.ID, p.Recovery))
			if err != nil || ok {
				return err
			}
			return errCode.With()
		}, nil
	}
	return "", nil, errProof.With()
}

// spendCode accepts a one-time code, once.
func (s *Service) spendCode(tx *store.Tx, userID, code string) error {
	row, found, err := findTOTP(tx, userID)
	if err != nil {
		return err
	}
	if !found || !row.confirmed {
		return errCode.With()
	}
	secret, err := s.unseal(userID, row.secret)
	if err != nil {
		return err
	}
	now := s.now()
	step, ok := totpMatch(secret, now, code)
	if !ok {
		return errCode.With()
	}
	if row.lastStep > totpStep(now)+totpSkew {
		return errClock.With()
	}
	if ok, err = useStep(tx, userID, step); err != nil || ok {
		return err
	}
	return errCode.With()
}

func (s *Service) unseal(userID, sealed string) ([]byte, error) {
	if s.secrets == nil {
		return nil, errUnsealed.With()
	}
	secret, err := s.secrets.open("totp:"+userID, sealed)
	if err != nil {
		return nil, errUnsealed.With().Because(err)
	}
	return secret, nil
}

func (s *Service) failSecond(ctx context.Context, u *User, address string) error {
	return s.fail(ctx, access.Nobody(), guardKey(u.Username), u, address, "second")
}
