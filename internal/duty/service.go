package duty

import (
	"context"
	"embed"
	"log/slog"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/org"
	"openioc.org/ioc/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options are what New needs.
type Options struct {
	Store  *store.DB
	Notify *notify.Service
	Org    *org.Service                                // the units
	People func(ctx context.Context) ([]Person, error) // the accounts that may sign in; asked at most each ten seconds
	Open   func(ctx context.Context) (OpenWork, error) // what is not finished, for hand-overs; nil: nothing
	Clock  *clock.Clock                                // of the cache of people and the sweep; nil is the machine's
	Logger *slog.Logger                                // nil discards
}

// OpenWork is what a shift leaves to the next unfinished.
type OpenWork struct {
	Alerts    int        `json:"alerts"`
	Incidents int        `json:"incidents"`
	Tasks     int        `json:"tasks"`
	Items     []OpenItem `json:"items,omitempty"` // the gravest, at most 100
}

// OpenItem is one of them.
type OpenItem struct {
	Kind     string `json:"kind" enum:"alert,incident,task"`
	ID       string `json:"id"`
	Number   string `json:"number"`
	Title    string `json:"title"`
	Severity int    `json:"severity"`
	State    string `json:"state"`
}

// Service answers who, and keeps the roster and the duty book.
type Service struct {
	db     *store.DB
	notify *notify.Service
	org    *org.Service
	people func(ctx context.Context) ([]Person, error)
	open   func(ctx context.Context) (OpenWork, error)
	clock  *clock.Clock
	log    *slog.Logger

	known cache[[]Person]
}

// New makes the tables, seeds the responsibilities and hands units of old
// records over to org.
func New(ctx context.Context, o Options) (*Service, error) {
	s := &Service{db: o.Store, notify: o.Notify, org: o.Org, people: o.People, open: o.Open, clock: o.Clock, log: o.Logger}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.people == nil {
		s.people = func(context.Context) ([]Person, error) { return nil, nil }
	}
	if s.open == nil {
		s.open = func(context.Context) (OpenWork, error) { return OpenWork{}, nil }
	}
	if err := s.db.Migrate(ctx, "duty", migrations); err != nil {
		return nil, err
	}
	if err := s.db.Keep(ctx, s.seed); err != nil {
		return nil, err
	}
	return s, s.db.Write(ctx, access.System("duty"), s.adopt)
}

// peopleFor is how long the list of accounts is believed.
const peopleFor = 10 * time.Second

// everybody returns the accounts. When they cannot be read, those known last
// are better than nobody.
func (s *Service) everybody(ctx context.Context) []Person {
	ps, err := s.known.get(s.clock.Now(), peopleFor, func() ([]Person, error) { return s.people(ctx) })
	if err != nil {
		s.log.Warn("the accounts cannot be read; those known last are addressed", "err", err)
	}
	if len(ps) == 0 { // asked before the first account was made
		s.known.forget()
	}
	return ps
}
