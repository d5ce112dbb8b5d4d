package identity

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

// maxPasskeys bounds the keys of one account.
const maxPasskeys = 20

var (
	errPasskey     = fault.Define(fault.Unauthenticated, "identity.passkey_refused", "the passkey was not accepted", "passkey không được chấp nhận")
	errPasskeyHost = fault.Define(fault.Conflict, "identity.passkey_host", "browsers know passkeys only under a host name, not under {host}; open the pages under their name", "trình duyệt chỉ dùng passkey với tên miền, không dùng với {host}; hãy mở trang bằng tên miền")
	errPasskeyNew  = fault.Define(fault.Invalid, "identity.passkey_new", "the passkey could not be added", "không thêm được passkey")
	errPasskeyForm = fault.Define(fault.Invalid, "identity.passkey_form", "not an answer of a browser to these options, or of another time or place", "không phải câu trả lời của trình duyệt cho lần thiết lập này")
	errPasskeyName = fault.Define(fault.Invalid, "identity.passkey_name", "1 to 100 characters", "1 đến 100 ký tự")
	errPasskeyMany = fault.Define(fault.Conflict, "identity.passkey_many", "{max} passkeys are enough; take one away first", "đã đủ {max} passkey; hãy gỡ bớt")
	errNoPasskey   = fault.Define(fault.NotFound, "identity.no_passkey", "there is no such passkey", "không có passkey này")
)

// Passkey is a key of somebody's device.
type Passkey struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	Created  time.Time  `json:"created"`
	LastUsed *time.Time `json:"last_used"`
}

// holder is an account as the ceremony sees it.
type holder struct {
	user *User
	keys []webauthn.Credential
}

func (h *holder) WebAuthnID() []byte                         { return []byte(h.user.ID) }
func (h *holder) WebAuthnName() string                       { return h.user.Username }
func (h *holder) WebAuthnDisplayName() string                { return h.user.Name }
func (h *holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

// holderOf reads an account's keys of one host.
func holderOf(tx *store.Tx, u *User, rp string) (*holder, error) {
	rows, err := passkeysOf(tx, u.ID)
	h := &holder{user: u}
	for _, r := range rows {
		if r.rp == rp {
			h.keys = append(h.keys, r.credential)
		}
	}
	return h, err
}

// relyingParty is us, as a browser that came to base sees us.
func (s *Service) relyingParty(base string) (*webauthn.WebAuthn, error) {
	u, err := url.Parse(base)
	if err != nil || u.Hostname() == "" {
		return nil, errPasskeyHost.With("host", base)
	}
	host := strings.ToLower(u.Hostname())
	if net.ParseIP(host) != nil {
		return nil, errPasskeyHost.With("host", host)
	}
	required := true
	rp, err := webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: s.issuer, RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: &required, ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
	})
	if err != nil {
		return nil, errPasskeyHost.With("host", host).Because(err)
	}
	return rp, nil
}

func passkeyID(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// enrolTicket is the one ceremony that a session may have open.
func enrolTicket(token string) string { return digest("enrol:" + token) }

// BeginPasskey returns what navigator.credentials.create wants.
func (s *Service) BeginPasskey(ctx context.Context, actor access.Actor, token, base string) (options *protocol.CredentialCreation, err error) {
	if err := signedIn(actor); err != nil {
		return nil, err
	}
	rp, err := s.relyingParty(base)
	if err != nil {
		return nil, err
	}
	err = s.db.Housekeep(ctx, func(tx *store.Tx) error {
		u, _, err := s.owner(tx, actor, token)
		if err != nil {
			return err
		}
		h, err := holderOf(tx, &u, rp.Config.RPID)
		if err != nil {
			return err
		}
		if len(h.keys) >= maxPasskeys {
			return errPasskeyMany.With("max", maxPasskeys)
		}
		var known []protocol.CredentialDescriptor
		for i := range h.keys {
			known = append(known, h.keys[i].Descriptor())
		}
		var ceremony *webauthn.SessionData
		if options, ceremony, err = rp.BeginRegistration(h, webauthn.WithExclusions(known)); err != nil {
			return err
		}
		return s.issueAs(tx, enrolTicket(token), ticketEnrol, u.ID, token, ceremony)
	})
	return options, err
}

// FinishPasskey adds the key that navigator.credentials.create made. It
// returns recovery codes when there are none yet.
func (s *Service) FinishPasskey(ctx context.Context, actor access.Actor, token, base, name string, credential json.RawMessage) (key Passkey, recovery []string, err error) {
	if err := signedIn(actor); err != nil {
		return key, nil, err
	}
	name = vi.NFC(strings.TrimSpace(name))
	if n := utf8.RuneCountInString(name); n < 1 || n > 100 {
		return key, nil, errPasskeyNew.With().At("name", errPasskeyName.With())
	}
	rp, err := s.relyingParty(base)
	if err != nil {
		return key, nil, err
	}
	answer, err := protocol.ParseCredentialCreationResponseBytes(credential)
	if err != nil {
		return key, nil, errPasskeyNew.With().At("credential", errPasskeyForm.With()).Because(err)
	}
	err = s.db.Write(ctx, actor, func(tx *store.Tx) error {
		var ceremony webauthn.SessionData
		t, err := s.presentAs(tx, enrolTicket(token), ticketEnrol, token, &ceremony)
		if err != nil {
			return err
		}
		if ok, err := useTicket(tx, t.id); err != nil || !ok {
			return orElse(err, errTicket)
		}
		u, ses, err := s.owner(tx, actor, token)
		if err != nil {
			return err
		}
		h, err := holderOf(tx, &u, rp.Config.RPID)
		if err != nil {
			return err
		}
		made, err := rp.CreateCredential(h, ceremony, answer)
		if err != nil {
			return errPasskeyNew.With().At("credential", errPasskeyForm.With()).Because(err)
		}
		key = Passkey{ID: passkeyID(made.ID), Name: name, Created: s.now()}
		if err := insertPasskey(tx, passkeyRow{Passkey: key, userID: u.ID, rp: rp.Config.RPID, credential: *made}); err != nil {
			return err
		}
		recovery, err = s.enrolled(tx, &u, &ses, "passkey")
		e := factorEvent("passkey_added", &u, "thêm passkey của ")
		e.After = key
		tx.Emit(e)
		return err
	})
	if store.IsUnique(err) {
		err = errPasskeyNew.With().At("credential", errPasskeyForm.With()).Because(err)
	}
	return key, recovery, err
}

// RemovePasskey takes a key away. A second factor that the role needs stays.
func (s *Service) RemovePasskey(ctx context.Context, actor access.Actor, token, id string) error {
	if err := signedIn(actor); err != nil {
		return err
	}
	return s.db.Write(ctx, actor, func(tx *store.Tx) error {
		u, _, err := s.owner(tx, actor, token)
		if err != nil {
			return err
		}
		keys, err := listPasskeys(tx, u.ID)
		if err != nil {
			return err
		}
		if ok, err := deletePasskey(tx, u.ID, id); err != nil || !ok {
			return orElse(err, errNoPasskey)
		}
		tx.Emit(factorEvent("passkey_removed", &u, "gỡ passkey của "))
		return s.lose(tx, &u, factor(u.SecondFactor.totp(), len(keys) > 1))
	})
}

// ChallengeSecond returns what navigator.credentials.get wants, for the second
// step with a passkey.
func (s *Service) ChallengeSecond(ctx context.Context, ticket, browser, base string) (options *protocol.CredentialAssertion, err error) {
	rp, err := s.relyingParty(base)
	if err != nil {
		return nil, err
	}
	err = s.db.Housekeep(ctx, func(tx *store.Tx) error {
		var half halfway
		t, err := s.present(tx, ticket, ticketSecond, browser, &half)
		if err != nil {
			return err
		}
		u, found, err := findUser(tx, t.userID)
		if err != nil || !found {
			return orElse(err, errTicket)
		}
		h, err := holderOf(tx, &u, rp.Config.RPID)
		if err != nil {
			return err
		}
		if len(h.keys) == 0 {
			return errNoPasskey.With()
		}
		var ceremony *webauthn.SessionData
		if options, ceremony, err = rp.BeginLogin(h); err != nil {
			return err
		}
		if half.Challenge, err = json.Marshal(ceremony); err != nil {
			return err
		}
		plain, err := json.Marshal(half)
		if err != nil {
			return err
		}
		t.data = s.tickets.seal(t.id, plain)
		return saveTicket(tx, t)
	})
	return options, err
}

// passkeyProof checks an answer in the second step.
func (s *Service) passkeyProof(p Proof, half halfway) (func(*store.Tx, *User) error, error) {
	rp, err := s.relyingParty(p.Base)
	if err != nil {
		return nil, err
	}
	answer, err := protocol.ParseCredentialRequestResponseBytes(p.Credential)
	if err != nil {
		return nil, errPasskey.With().Because(err)
	}
	var ceremony webauthn.SessionData
	if len(half.Challenge) == 0 || json.Unmarshal(half.Challenge, &ceremony) != nil {
		return nil, errTicket.With()
	}
	return func(tx *store.Tx, u *User) error {
		h, err := holderOf(tx, u, rp.Config.RPID)
		if err != nil {
			return err
		}
		used, err := rp.ValidateLogin(h, ceremony, answer)
		return s.keyUsed(tx, used, err)
	}, nil
}

// keyUsed notes the use of a key. A counter that went back is a copy of the
// key.
func (s *Service) keyUsed(tx *store.Tx, used *webauthn.Credential, err error) error {
	if err != nil {
		return errPasskey.With().Because(err)
	}
	if used.Authenticator.CloneWarning {
		return errPasskey.With()
	}
	return savePasskeyUse(tx, passkeyID(used.ID), used, s.now())
}

// BeginPasskeySignIn returns what navigator.credentials.get wants for somebody
// who gives no name, and the ticket that goes with it.
func (s *Service) BeginPasskeySignIn(ctx context.Context, browser, base, address string) (ticket string, options *protocol.CredentialAssertion, err error) {
	if err := s.byAddress.Take(address, s.now(), 1); err != nil {
		return "", nil, err
	}
	rp, err := s.relyingParty(base)
	if err != nil {
		return "", nil, err
	}
	options, ceremony, err := rp.BeginDiscoverableLogin()
	if err != nil {
		return "", nil, err
	}
	err = s.db.Housekeep(ctx, func(tx *store.Tx) error {
		ticket, err = s.issue(tx, ticketPasskey, "", browser, ceremony)
		return err
	})
	return ticket, options, err
}

// FinishPasskeySignIn opens a session for the owner of a key. A key with its
// owner's finger or PIN is two factors in one.
func (s *Service) FinishPasskeySignIn(ctx context.Context, p Proof) (Step, error) {
	if err := s.byAddress.Take(p.Address, s.now(), 1); err != nil {
		return Step{}, err
	}
	rp, err := s.relyingParty(p.Base)
	if err != nil {
		return Step{}, err
	}
	answer, err := protocol.ParseCredentialRequestResponseBytes(p.Credential)
	if err != nil {
		return Step{}, errPasskey.With().Because(err)
	}
	var ceremony webauthn.SessionData
	var t ticketRow
	var u User
	var known bool
	err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if t, err = s.present(tx, p.Ticket, ticketPasskey, p.Browser, &ceremony); err != nil {
			return err
		}
		if handle := string(answer.Response.UserHandle); len(handle) <= 64 && utf8.ValidString(handle) && !strings.ContainsRune(handle, 0) {
			u, known, err = findUser(tx, handle)
		}
		return err
	})
	if err != nil {
		return Step{}, err
	}
	if !known {
		return Step{}, errPasskey.With()
	}
	step, err := s.open(ctx, opening{user: u, method: "passkey", second: true, passkey: true, address: p.Address, agent: p.Agent,
		check: func(tx *store.Tx, fresh *User) error {
			if ok, err := useTicket(tx, t.id); err != nil || !ok {
				return orElse(err, errTicket)
			}
			h, err := holderOf(tx, fresh, rp.Config.RPID)
			if err != nil {
				return err
			}
			_, used, err := rp.ValidatePasskeyLogin(func(_, _ []byte) (webauthn.User, error) { return h, nil }, ceremony, answer)
			return s.keyUsed(tx, used, err)
		}})
	if fault.Is(err, errPasskey) { // not counted against the name: anybody can send rubbish under its handle
		s.log.Warn("passkey refused", "user", u.Username, "address", p.Address, "error", err)
	}
	return step, err
}
