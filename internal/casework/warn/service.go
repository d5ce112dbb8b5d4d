package warn

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/duty"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/workcal"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options are what New needs.
type Options struct {
	Store    *store.DB
	Cases    *casework.Service
	Calendar func() *workcal.Calendar
	Notify   *notify.Service // nil: nobody is told
	// Recipients says who of a unit is to be told (duty.Service.Recipients);
	// nil: only officers whose account is known.
	Recipients func(tx *store.Tx, q duty.Query) (duty.Address, error)
	// Subtree is a unit and all below, for filters; nil: the unit alone.
	Subtree func(code string, at time.Time) []string
	// Alerts finds the alerts of conditions: ids by fingerprint; nil knows none.
	Alerts func(ctx context.Context, fingerprints []string) (map[string]string, error)
	Clock  *clock.Clock
	Logger *slog.Logger // nil discards
}

// Service warns.
type Service struct {
	db       *store.DB
	cases    *casework.Service
	calendar func() *workcal.Calendar
	o        Options
	clock    *clock.Clock
	log      *slog.Logger
	settings atomic.Pointer[[]Settings]
	wake     chan struct{}
	limit    *httpapi.Limiter
	floor    time.Duration // the least time a look-up takes

	mu     sync.Mutex
	staged staged
}

// staged are the changes of the transaction at work, until its end.
type staged struct {
	tx    *store.Tx
	files []staging
}

type staging struct {
	after *casework.Case
	fresh bool
}

// New makes the tables and hangs itself on the changes of files; make it
// before the first of them.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Store == nil || o.Cases == nil || o.Calendar == nil {
		return nil, errors.New("warn needs records, files and a calendar")
	}
	s := &Service{db: o.Store, cases: o.Cases, calendar: o.Calendar, o: o, clock: o.Clock, log: o.Logger,
		wake: make(chan struct{}, 1), limit: httpapi.NewLimiter(0.5, 10), floor: lookupFloor}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.db.Migrate(ctx, "case_warn", migrations); err != nil {
		return nil, err
	}
	if err := s.db.Read(ctx, func(tx *store.Tx) error {
		all, err := listSettings(tx)
		s.settings.Store(&all)
		return err
	}); err != nil {
		return nil, err
	}
	s.cases.OnChange(s.onChange)
	s.db.OnEmit(func(tx *store.Tx, _ store.Event) error { return s.flush(tx) })
	return s, nil
}

// Wake makes Run look at once.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

const (
	// atOnce bounds what one transaction does, so that others get their turn.
	atOnce = 200
	// look is how long Run sleeps at most: another program on the same records
	// may have made something due.
	look = 20 * time.Second
	// breath is the least time between two rounds.
	breath = 50 * time.Millisecond
)

// Run does what is due until ctx ends, and then returns nil. What fails is
// tried again: what is due is a row, and stays one until it is done.
func (s *Service) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		next, err := s.Sweep(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Error("warnings of files", "err", err)
			next = s.clock.Now().Add(5 * time.Second)
		}
		s.rest(ctx, next)
	}
	return nil
}

// rest waits until next on the service's clock, until something new may be
// due, or for a while.
func (s *Service) rest(ctx context.Context, next time.Time) {
	if clock.System().Sleep(ctx, breath) != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, look)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-s.wake:
			cancel()
		case <-ctx.Done():
		}
	}()
	if next.IsZero() {
		<-ctx.Done()
	} else {
		_ = s.clock.SleepUntil(ctx, next)
	}
	cancel()
	<-done
}
