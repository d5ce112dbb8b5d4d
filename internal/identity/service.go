package identity

import (
	"context"
	"embed"
	"log/slog"
	"math"
	"net/http"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

var errNoUser = fault.Define(fault.NotFound, "identity.no_user", "there is no account {id}", "không có tài khoản {id}")

// Options are what New needs; the zero value of each but Store is usable.
type Options struct {
	Store    *store.DB
	Clock    *clock.Clock // of sessions and locks; nil is the machine's, also in a replay
	Logger   *slog.Logger // nil discards
	Policy   *Policy      // nil: DefaultPolicy
	Argon2   *Argon2      // nil: DefaultArgon2; tests take a cheap one
	Units    Units        // the organisation; nil: every unit is there and stands alone
	Attempts *Attempts    // nil: DefaultAttempts

	// SecretKey seals the second factors' secrets (32 bytes or more, kept
	// outside the database: SecretKeyFile); nil: no TOTP can be set up.
	SecretKey []byte
	Issuer    string       // shown by authenticators and passkeys; "": IOC
	PublicURL string       // under which people open the pages; "": as the request says
	Providers []Provider   // of single sign-on
	HTTP      *http.Client // to the providers; nil: one with a time limit

	SecureCookie bool // mark the cookie Secure also where we serve plain HTTP behind a proxy
	// Extra fills the part of GET session that is not identity's.
	Extra func(ctx context.Context) SessionExtra
}

// Attempts limits how often sign-in may be tried, before any work is done.
type Attempts struct {
	AddressPerSecond float64 // a whole office may share one address
	AddressBurst     int
	NamePerSecond    float64
	NameBurst        int
}

// DefaultAttempts lets an office of hundreds sign in at eight o'clock.
func DefaultAttempts() Attempts {
	return Attempts{AddressPerSecond: 2, AddressBurst: 100, NamePerSecond: 1, NameBurst: 30}
}

// Service is the accounts and sessions of a city, safe for concurrent use.
type Service struct {
	db     *store.DB
	clock  *clock.Clock
	log    *slog.Logger
	hasher *hasher
	dummy  string // a hash no password fits, for names that do not exist
	units  Units
	secure bool
	extra  func(context.Context) SessionExtra

	byAddress, byName *httpapi.Limiter
	cache             *cache
	security          // what authenticate.go, second.go and their neighbours keep
}

// New makes the tables and the service. There are no accounts yet: see
// EnsureFirstAdmin and EnsureDemoUsers.
func New(ctx context.Context, o Options) (*Service, error) {
	s := &Service{
		db: o.Store, clock: o.Clock, log: o.Logger,
		units: o.Units, secure: o.SecureCookie, extra: o.Extra, cache: newCache(),
	}
	if s.units == nil {
		s.units = lone{}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	price := DefaultArgon2()
	if o.Argon2 != nil {
		price = *o.Argon2
	}
	s.hasher = newHasher(price)
	// Made without hashing, so that a start costs nothing: the key is all
	// zeroes, which no password gives.
	s.dummy = formatHash(storedHash{price, make([]byte, saltBytes), make([]byte, keyBytes)})
	attempts := DefaultAttempts()
	if o.Attempts != nil {
		attempts = *o.Attempts
	}
	s.byAddress = httpapi.NewLimiter(attempts.AddressPerSecond, attempts.AddressBurst)
	s.byName = httpapi.NewLimiter(attempts.NamePerSecond, attempts.NameBurst)
	if err := s.db.Migrate(ctx, "identity", migrations); err != nil {
		return nil, err
	}
	if err := s.fillSearch(ctx); err != nil {
		return nil, err
	}
	if err := s.openSecurity(ctx, o); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Service) now() time.Time { return s.clock.Now().Truncate(time.Microsecond) }

// UnitsChanged is told when the tree of units is another: reaches are resolved
// anew at the next request.
func (s *Service) UnitsChanged() { s.cache.clear() }

// Users lists the accounts inside the actor's reach of user.view, by user
// name.
func (s *Service) Users(ctx context.Context, actor access.Actor) ([]User, error) {
	page, err := s.People(ctx, actor, People{})
	return page.Users, err
}

// PeoplePage is a part of a list of accounts.
type PeoplePage struct {
	Users []User
	Next  string // for People.After; "" at the end
	Total int
}

// People lists accounts by user name, those inside the actor's reach of
// user.view. Without a limit it gives all.
func (s *Service) People(ctx context.Context, actor access.Actor, f People) (page PeoplePage, err error) {
	if err := access.Require(actor, access.UserView, access.Scope{}); err != nil {
		return PeoplePage{}, err
	}
	limit := math.MaxInt32
	if f.Limit > 0 {
		limit = f.Limit
	}
	err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
		var args []any
		where := f.where(s.units, actor.Reach(access.UserView), s.now(), &args)
		if page.Total, err = countPeople(tx, where, args); err != nil {
			return err
		}
		if page.Users, err = pageOfPeople(tx, where, args, f.After, limit); err != nil {
			return err
		}
		if len(page.Users) == limit {
			page.Next = page.Users[limit-1].Username
		}
		us := make([]*User, len(page.Users))
		for i := range page.Users {
			us[i] = &page.Users[i]
		}
		return s.fill(tx, us...)
	})
	return page, err
}

// Person returns an account inside the actor's reach of user.view, or his
// own.
func (s *Service) Person(ctx context.Context, actor access.Actor, id string) (u User, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
		u, err = s.person(tx, actor, id)
		return err
	})
	return u, err
}

// Me returns the account of a signed-in person; while he looks through
// somebody else's eyes there is none of his own to show.
func (s *Service) Me(ctx context.Context, actor access.Actor) (User, error) {
	if actor.Real != "" {
		return User{}, errViewing.With()
	}
	u, found, err := s.user(ctx, actor.ID)
	if err != nil {
		return User{}, err
	}
	if !found || u.Disabled {
		return User{}, errSignedOut.With()
	}
	u.MustChange = u.MustChange || s.expired(&u)
	return u, nil
}

func (s *Service) user(ctx context.Context, id string) (u User, found bool, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		u, found, err = s.load(tx, id)
		return err
	})
	return u, found, err
}

// expired reports whether the password is older than the policy allows.
func (s *Service) expired(u *User) bool {
	return s.policy().MaxAge > 0 && s.now().Sub(u.passwordAt) > s.policy().MaxAge
}
