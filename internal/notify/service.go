package notify

import (
	"context"
	"embed"
	"log/slog"
	"time"

	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options are what New needs; all but Store may be left out.
type Options struct {
	Store   *store.DB
	Clock   *clock.Clock                       // of attempts and pauses; nil is the machine's, also in a replay
	Guard   *connector.Guard                   // where deliveries may go; nil: public addresses only
	BaseURL string                             // public address of the UI, for links: "https://ioc.danang.gov.vn"
	Publish func(topic string, data any) error // live.Hub.Publish; topic "inbox"
	Logger  *slog.Logger                       // nil discards
}

// Service queues messages and sends deliveries; it is safe for concurrent use.
type Service struct {
	db      *store.DB
	clock   *clock.Clock
	guard   *connector.Guard
	base    string
	publish func(topic string, data any) error
	log     *slog.Logger
	wake    chan struct{}
}

// New makes the tables. Nothing is sent before Run.
func New(ctx context.Context, o Options) (*Service, error) {
	s := &Service{db: o.Store, clock: o.Clock, guard: o.Guard, base: o.BaseURL, publish: o.Publish, log: o.Logger, wake: make(chan struct{}, 1)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.publish == nil {
		s.publish = func(string, any) error { return nil }
	}
	return s, s.db.Migrate(ctx, "notify", migrations)
}

func (s *Service) now() time.Time { return s.clock.Now().Truncate(time.Microsecond) }

// Wake makes Run look for due deliveries at once.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
