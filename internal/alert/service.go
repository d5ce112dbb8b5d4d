package alert

import (
	"context"
	"embed"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/attachment"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/duty"
	"openioc.org/ioc/internal/live"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options are what New needs. A function that is nil is not asked: nobody is
// notified, every unit goes by its code, no evidence holds a readiness.
type Options struct {
	Store  *store.DB
	Clock  *clock.Clock // of every timer; nil is the system's
	Wall   *clock.Clock // of presence, which people's browsers beat; nil is the system's
	Hub    *live.Hub    // nil: nobody looks
	Logger *slog.Logger // nil discards

	Notify      func(tx *store.Tx, m notify.Message) error                                                    // notify.Service.Enqueue
	Recipients  func(tx *store.Tx, q duty.Query) (duty.Address, error)                                        // duty.Service.Recipients
	Responsible func(tx *store.Tx, service, area string, at time.Time) (unit string, why msg.Text, err error) // duty.Service.Responsible
	Successor   func(tx *store.Tx, unit string, at time.Time) string                                          // the unit itself while it is in force
	UnitName    func(code string, at time.Time) string
	AreaName    func(code string) string
	AreaAt      func(lon, lat float64, at time.Time) (code string)          // of an alert raised by hand
	Readiness   func(source string) any                                     // as of now, for the evidence
	Check       func(tx *store.Tx, ids []string) ([]attachment.File, error) // attachment.Service.Check
	Files       func(tx *store.Tx, ids []string) ([]attachment.File, error) // attachment.Service.Files
	Deliveries  func(ctx context.Context, alert string) (any, error)        // notify's log of an alert
	Operators   func(ctx context.Context) int                               // on duty now, 0 unknown
}

// Service keeps the alerts.
type Service struct {
	opt  Options
	db   *store.DB
	log  *slog.Logger
	wake chan struct{}

	// The configuration in force, made again by the next writer after a change
	// (writers queue, so that it never misses one that was committed).
	config   atomic.Pointer[config]
	outdated atomic.Bool

	feed      *feed
	presence  *presence
	unitsSeen time.Time // when readdress last looked; Run's alone

	memoMu sync.Mutex
	memo   memo
	rows   rowCache
}

// New makes the tables. Facts come by OnFact, timers run in Run.
func New(ctx context.Context, o Options) (*Service, error) {
	s := &Service{opt: o, db: o.Store, log: o.Logger, wake: make(chan struct{}, 1)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.db.Migrate(ctx, "alert", migrations); err != nil {
		return nil, err
	}
	s.outdated.Store(true)
	s.feed = newFeed(o.Hub)
	s.presence = newPresence(o.Wall)
	if o.Hub != nil {
		o.Hub.Topic(topicAlerts, access.AlertView, nil)
		o.Hub.Topic(topicPresence, access.AlertView, nil)
	}
	return s, nil
}

// config is everything that is decided for all alerts.
type config struct {
	settings    Settings
	inhibitions []Inhibition
	silences    []Silence // those that are not over
}

func loadConfig(tx *store.Tx) (*config, error) {
	c := &config{settings: Defaults(), inhibitions: ShippedInhibitions()}
	if err := readSetting(tx, settingMain, &c.settings); err != nil {
		return nil, fmt.Errorf("alert settings: %w", err)
	}
	if err := readSetting(tx, settingInhibit, &c.inhibitions); err != nil {
		return nil, fmt.Errorf("inhibitions: %w", err)
	}
	if err := compileInhibitions(c.inhibitions); err != nil {
		return nil, err
	}
	var err error
	c.silences, err = readSilences(tx, "where due_at > 0 order by id")
	return c, err
}

// stale makes the next writer read the configuration anew. It is called inside
// the transaction that changes it, which sees its own change at once.
func (s *Service) stale(tx *store.Tx) {
	s.outdated.Store(true)
	s.memoMu.Lock()
	defer s.memoMu.Unlock()
	s.memo = memo{tx: tx, changing: true, units: map[[2]string]string{}}
}

// current is the configuration inside a transaction that writes.
func (s *Service) current(tx *store.Tx) (*config, error) {
	s.memoMu.Lock()
	defer s.memoMu.Unlock()
	if s.memo.tx == tx && s.memo.changing {
		// It may still be rolled back: nobody else gets to see it.
		if s.memo.config == nil {
			c, err := loadConfig(tx)
			if err != nil {
				return nil, err
			}
			s.memo.config = c
		}
		return s.memo.config, nil
	}
	if c := s.config.Load(); c != nil && !s.outdated.Load() {
		return c, nil
	}
	c, err := loadConfig(tx)
	if err != nil {
		return nil, err
	}
	s.config.Store(c)
	s.outdated.Store(false)
	return c, nil
}

// memo keeps answers for the length of one transaction. It holds the
// transaction so that its address is not another's.
type memo struct {
	tx       *store.Tx
	changing bool // this transaction changes the configuration
	config   *config
	units    map[[2]string]string
}

// responsible is the unit that answers for a service in an area.
func (s *Service) responsible(tx *store.Tx, service, area string) (string, error) {
	if s.opt.Responsible == nil {
		return "", nil
	}
	s.memoMu.Lock()
	defer s.memoMu.Unlock()
	if s.memo.tx != tx {
		s.memo = memo{tx: tx, units: map[[2]string]string{}}
	}
	key := [2]string{service, area}
	if u, ok := s.memo.units[key]; ok {
		return u, nil
	}
	unit, _, err := s.opt.Responsible(tx, service, area, tx.Now)
	if err != nil {
		return "", fmt.Errorf("who answers for %s in %s: %w", service, area, err)
	}
	s.memo.units[key] = unit
	return unit, nil
}

// inForce is the unit, or the one that took its place.
func (s *Service) inForce(tx *store.Tx, unit string) string {
	if s.opt.Successor == nil || unit == "" {
		return unit
	}
	if next := s.opt.Successor(tx, unit, tx.Now); next != "" {
		return next
	}
	return unit
}

func (s *Service) unitName(code string, at time.Time) string {
	if code == "" {
		return ""
	}
	if s.opt.UnitName != nil {
		if name := s.opt.UnitName(code, at); name != "" {
			return name
		}
	}
	return code
}

func (s *Service) areaName(code string) string {
	if code == "" {
		return ""
	}
	if s.opt.AreaName != nil {
		if name := s.opt.AreaName(code); name != "" {
			return name
		}
	}
	return code
}

// nudge wakes Run: something is due, perhaps now.
func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// change does one thing with an alert and keeps it: the row, the entry of the
// timeline, the fact, the group's count, the browsers.
func (s *Service) change(tx *store.Tx, before Alert, c Command) (Alert, error) {
	cfg, err := s.current(tx)
	if err != nil {
		return Alert{}, err
	}
	sev := before.Severity
	if c.Verb == Severity || c.Verb == Reactivate {
		sev = c.Severity
	}
	c.Limit = cfg.settings.limit(sev, tx.Now)
	after, step, err := Apply(before, c, tx.Now)
	if err != nil {
		return Alert{}, err
	}
	if tells(&before, &after, c.Verb) {
		if err := s.announce(tx, cfg, &after); err != nil {
			return Alert{}, err
		}
	}
	if before.open() != after.open() {
		if err := s.opened(tx, &before, &after); err != nil {
			return Alert{}, err
		}
	}
	return after, s.keep(tx, &before, &after, &step)
}

// tells reports whether people should hear of a change by itself.
func tells(before, after *Alert, verb Verb) bool {
	if verb == Flap {
		return before.SuppressedBy == nil // once, and then it is held
	}
	if !after.open() || after.SuppressedBy != nil {
		return false
	}
	switch verb {
	case Severity:
		return after.Severity > before.Severity
	case Reactivate:
		return true
	case Release, Steady:
		return after.State == Raised && after.Active && before.SuppressedBy != nil
	}
	return false
}

// keep writes what Apply said.
func (s *Service) keep(tx *store.Tx, before, after *Alert, step *Step) error {
	if err := updateAlert(tx, after); err != nil {
		return err
	}
	if err := insertStep(tx, after.ID, step); err != nil {
		return err
	}
	s.tell(tx, before, after, step, "")
	return nil
}

// tell emits the fact and, after the commit, shows it to the browsers.
func (s *Service) tell(tx *store.Tx, before, after *Alert, step *Step, more string) {
	e := store.Event{
		Subject: "ioc.alert." + string(step.Verb) + "." + after.ID, Entity: "alert", EntityID: after.ID, After: after.fact(),
		Summary: after.Number + " " + step.Verb.Title().Vi + ": " + after.Title.Vi + more,
	}
	if before != nil {
		e.Before = before.fact()
	}
	tx.Emit(e)
	shown := *after
	verb := step.Verb
	tx.After(func() {
		s.feed.add(verb, shown)
		if shown.Escalation.NextAt != nil {
			s.nudge()
		}
	})
}
