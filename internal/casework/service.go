package casework

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/workcal"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Unit is what casework needs to know of a unit; app takes it from the tree.
type Unit struct {
	Code, Name, NameEn, Parent string
	Successors                 []string
	InForce                    bool // at the instant asked for
	Ward                       bool
}

// Options are what New needs.
type Options struct {
	Store    *store.DB
	Calendar func() *workcal.Calendar // as of now; required
	// Unit is the unit of a code in the life that holds at the instant, else
	// the newest; nil knows every unit by its code.
	Unit func(code string, at time.Time) (Unit, bool)
	// Units are the units in force, by name; nil: none are offered.
	Units func(at time.Time) []Unit
	// Subtree is a unit and all below; nil: the unit alone.
	Subtree func(code string, at time.Time) []string
	// User is the account behind an officer's word that names one: its id and
	// name; nil knows none.
	User func(id string) (name string, ok bool)
	// Window says when a file is near its date; nil is 24 hours.
	Window func() Window
	// Publish tells browsers on the topic "cases" (live.Hub.PublishTo); nil
	// tells nobody.
	Publish func(topic string, data any, who func(access.Actor) bool) error
	// SubjectKey keys the hashes by which the files of a person are found, 16
	// bytes at least; nil: nobody's data can be found, exported or erased.
	SubjectKey []byte
	Clock      *clock.Clock // nil is the system's
	Logger     *slog.Logger // nil discards
}

// Service is the files of a city, safe for concurrent use.
type Service struct {
	db    *store.DB
	o     Options
	log   *slog.Logger
	clock *clock.Clock

	hooksMu sync.Mutex
	hooks   []func(tx *store.Tx, before, after *Case) error

	known    atomic.Pointer[knowledge] // words and procedures, as committed
	learning sync.Mutex                // one at a time changes known
	changed  atomic.Int64              // files changed since browsers heard

	subjects *hasher
	rejected Rejected // nil: no rows are kept aside
}

// New makes the tables and reads the words and procedures.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Store == nil || o.Calendar == nil {
		return nil, errors.New("casework needs records and a calendar")
	}
	s := &Service{db: o.Store, o: o, log: o.Logger, clock: o.Clock}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if n := len(o.SubjectKey); n > 0 && n < 16 {
		return nil, errors.New("casework: the subject key is shorter than 16 bytes")
	}
	s.subjects = newHasher(o.SubjectKey)
	if err := s.db.Migrate(ctx, "casework", migrations); err != nil {
		return nil, err
	}
	if err := s.openSubjects(ctx); err != nil {
		return nil, err
	}
	return s, s.db.Read(ctx, func(tx *store.Tx) error { return s.learn(tx) })
}

// OnChange hangs f on every change of a file, inside the transaction of the
// change: before is nil for a file seen for the first time. When f fails,
// nothing is committed. Hang it before the first import.
func (s *Service) OnChange(f func(tx *store.Tx, before, after *Case) error) {
	s.hooksMu.Lock()
	defer s.hooksMu.Unlock()
	s.hooks = append(s.hooks, f)
}

func (s *Service) tell(tx *store.Tx, before, after *Case) error {
	s.hooksMu.Lock()
	hooks := s.hooks
	s.hooksMu.Unlock()
	for _, f := range hooks {
		if err := f(tx, before, after); err != nil {
			return err
		}
	}
	return nil
}

// WindowNow is what counts as near due.
func (s *Service) WindowNow() Window {
	w := Window{Mode: CalendarHours, Hours: 24}
	if s.o.Window != nil {
		w = s.o.Window()
	}
	if w.Calendar == nil {
		w.Calendar = s.o.Calendar()
	}
	return w
}
