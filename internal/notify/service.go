package notify

import (
	"context"
	"crypto/x509"
	"embed"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options are what New needs; all but Store may be left out.
type Options struct {
	Store   *store.DB
	Clock   *clock.Clock     // of attempts and pauses; nil is the machine's, also in a replay
	Guard   *connector.Guard // where deliveries may go; nil: public addresses only
	BaseURL string           // public address of the UI, for links: "https://ioc.danang.gov.vn"
	Timeout time.Duration    // of one attempt; 0 is ten seconds
	Logger  *slog.Logger     // nil discards
	// Publish tells browsers of a change (live.Hub.PublishTo); the topic is
	// "inbox", the data {"user": …}. Nil tells nobody.
	Publish func(topic string, data any, who func(access.Actor) bool) error
}

// Service queues messages and sends deliveries; it is safe for concurrent use.
type Service struct {
	db      *store.DB
	clock   *clock.Clock
	guard   *connector.Guard
	base    string
	timeout time.Duration
	publish func(topic string, data any, who func(access.Actor) bool) error
	log     *slog.Logger
	wake    chan struct{}
	client  *http.Client
	roots   *x509.CertPool // of mail servers; nil is the machine's

	mu   sync.Mutex // keys
	keys keys
}

var system = access.System("notify")

// New makes the tables and the two channels that need no settings: in the
// app, and push to browsers. Nothing is sent before Run.
func New(ctx context.Context, o Options) (*Service, error) {
	s := &Service{db: o.Store, clock: o.Clock, guard: o.Guard, base: o.BaseURL, timeout: o.Timeout, publish: o.Publish, log: o.Logger, wake: make(chan struct{}, 1)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.timeout <= 0 {
		s.timeout = 10 * time.Second
	}
	if s.publish == nil {
		s.publish = func(string, any, func(access.Actor) bool) error { return nil }
	}
	s.client = s.guard.Client(s.timeout)
	if err := s.db.Migrate(ctx, "notify", migrations); err != nil {
		return nil, err
	}
	return s, s.seed(ctx)
}

// seed makes the channels that every city has.
func (s *Service) seed(ctx context.Context) error {
	return s.db.Keep(ctx, func(tx *store.Tx) error {
		for _, c := range []Channel{
			{ID: InApp, Kind: InApp, Name: "Trong ứng dụng", Enabled: true, MinSeverity: 1, Config: []byte("{}")},
			{ID: WebPush, Kind: WebPush, Name: "Thông báo đẩy của trình duyệt", Enabled: true, MinSeverity: 1, Config: []byte("{}")},
		} {
			if _, there, err := findChannel(tx, c.ID); err != nil || there {
				return err
			}
			c.Topics, c.Units, c.Created, c.Changed = []string{}, []string{}, tx.Now, tx.Now
			if err := saveChannel(tx, c); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) now() time.Time { return s.clock.Now().Truncate(time.Microsecond) }

// Wake makes Run look for due deliveries at once.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// tellInbox tells the browsers of a person that the inbox changed.
func (s *Service) tellInbox(user string) {
	err := s.publish("inbox", map[string]string{"user": user}, func(a access.Actor) bool { return a.ID == user })
	if err != nil {
		s.log.Warn("a change of an inbox could not be published", "err", err)
	}
}
