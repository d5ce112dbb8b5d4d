package identity

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"time"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

// ticketLife is how long somebody may take between two steps of signing in.
const ticketLife = 5 * time.Minute

var errTicket = fault.Define(fault.Unauthenticated, "identity.ticket", "this step is over or was begun in another browser; sign in again",
	"bước đăng nhập này đã hết hạn hoặc bắt đầu ở trình duyệt khác; hãy đăng nhập lại")

// The kinds of tickets.
const (
	ticketSecond  = "second"  // the password, or the provider, was right; a second factor is missing
	ticketPasskey = "passkey" // somebody yet unknown signs in with a passkey
	ticketEnrol   = "enrol"   // somebody signed in adds a passkey
	ticketOIDC    = "oidc"    // somebody is at a provider
)

// digest is what the records keep of a secret of many random bits.
func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// issue writes a ticket down, bound to a browser; it returns the ticket.
func (s *Service) issue(tx *store.Tx, kind, userID, browser string, data any) (string, error) {
	ticket := uid.Secret(tokenBytes)
	return ticket, s.issueAs(tx, digest(ticket), kind, userID, browser, data)
}

func (s *Service) issueAs(tx *store.Tx, id, kind, userID, browser string, data any) error {
	plain, err := json.Marshal(data)
	if err != nil {
		return err
	}
	now := s.now()
	return saveTicket(tx, ticketRow{id: id, kind: kind, userID: userID, browser: digest(browser),
		data: s.tickets.seal(id, plain), created: now, expires: now.Add(ticketLife)})
}

// present finds a ticket of a kind and reads what it holds. It must be shown
// by the browser it was given to.
func (s *Service) present(tx *store.Tx, ticket, kind, browser string, data any) (ticketRow, error) {
	return s.presentAs(tx, digest(ticket), kind, browser, data)
}

func (s *Service) presentAs(tx *store.Tx, id, kind, browser string, data any) (ticketRow, error) {
	t, found, err := findTicket(tx, id)
	if err != nil {
		return t, err
	}
	now := s.now()
	if !found || t.kind != kind || browser == "" || subtle.ConstantTimeCompare([]byte(t.browser), []byte(digest(browser))) != 1 ||
		now.After(t.expires) || t.created.After(now.Add(drift)) {
		return t, errTicket.With()
	}
	plain, err := s.tickets.open(id, t.data)
	if err != nil { // of before a restart without a kept key
		return t, errTicket.With().Because(err)
	}
	if err := json.Unmarshal(plain, data); err != nil {
		return t, errTicket.With().Because(err)
	}
	return t, nil
}
