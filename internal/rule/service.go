package rule

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Catalog is what the service asks the register of stations.
type Catalog interface {
	Datastreams() []*sensing.Datastream
	Datastream(id string) (*sensing.Datastream, bool)
	Thing(id string) (*sensing.Thing, bool)
	ThingPlace(thing string) (lon, lat float64, unitCode string, ok bool)
}

// Incident is what people confirmed to have happened, for measuring a rule.
type Incident struct {
	ID       string
	Service  string
	Area     string // code of the unit it lay in, "" unknown
	Things   []string
	From, To time.Time // To zero: not over yet
}

// Verdicts counts what people said of a rule's alerts.
type Verdicts struct {
	Right, Wrong, Duplicate int
}

// SourceState is how long a source has been silent.
type SourceState struct {
	ID, Name string
	Unit     string  // that answers for it
	Silence  float64 // seconds since its last reading
}

// Options are what a Service needs.
type Options struct {
	Store *store.DB
	// Series and Catalog are what the rules look at. Without them the service
	// keeps rules and cannot be Run, as the terminal's commands want it.
	Series  *series.DB
	Catalog Catalog

	// Thresholds gives the dated levels of a datastream, ascending; rules may
	// name them instead of numbers. Nil: there are none.
	Thresholds func(thing, property string, at time.Time) []sensing.Threshold
	// UnitName gives the name of an administrative unit, "" if unknown.
	UnitName func(code string) string
	// UnitKnown reports whether a unit exists; nil knows none and asks nothing.
	UnitKnown func(code string) bool
	// Services are the services that a rule may belong to; nil: flood alone.
	Services []string
	// SOPKnown reports whether a procedure exists; nil asks nothing.
	SOPKnown func(id string) bool
	// Unit tells who would have been addressed: the unit responsible for a
	// service in an area at an instant. Nil: nobody is counted.
	Unit func(service, area string, at time.Time) (unit, name string)
	// Confirmed lists the incidents that people confirmed, for precision and
	// recall of a back-test. Nil: they are not reckoned.
	Confirmed func(ctx context.Context, from, to time.Time) ([]Incident, error)
	// Verdicts counts what people said of the alerts of each rule. Nil: none.
	Verdicts func(ctx context.Context) (map[string]Verdicts, error)
	// Sources lists the sources that are on, once a minute. Nil: none are
	// watched.
	Sources func() []SourceState
	// Provenance tells where the values of a source come from (source.Real,
	// source.Reconstructed, source.Simulated). Nil: all are real.
	Provenance func(source string) string

	Clock *clock.Clock
	// EventTime makes the engine go by the times of the readings alone, as a
	// replay wants it: it never looks at the clock, and Finish brings it to
	// the end.
	EventTime  bool
	Logger     *slog.Logger
	Registerer prometheus.Registerer
}

// noStations is the register of a service that only keeps rules.
type noStations struct{}

func (noStations) Datastreams() []*sensing.Datastream            { return nil }
func (noStations) Datastream(string) (*sensing.Datastream, bool) { return nil, false }
func (noStations) Thing(string) (*sensing.Thing, bool)           { return nil, false }
func (noStations) ThingPlace(string) (lon, lat float64, unit string, ok bool) {
	return 0, 0, "", false
}

// Service keeps the rules and applies them. Its methods are safe for
// concurrent use.
type Service struct {
	o      Options
	runner *runner
	tests  *backtests
	opened time.Time

	mu      sync.Mutex
	changed []func()
}

// New makes the service and its tables; Run applies the rules.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Store == nil {
		return nil, fmt.Errorf("rule needs a store")
	}
	if o.Series == nil || o.Catalog == nil {
		o.Series, o.Catalog = nil, noStations{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Thresholds == nil {
		o.Thresholds = func(string, string, time.Time) []sensing.Threshold { return nil }
	}
	if o.UnitName == nil {
		o.UnitName = func(string) string { return "" }
	}
	if o.Provenance == nil {
		o.Provenance = func(string) string { return "" }
	}
	if o.Services == nil {
		o.Services = []string{"flood"}
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := o.Store.Migrate(ctx, "rule", files); err != nil {
		return nil, err
	}
	s := &Service{o: o, tests: newBacktests(), opened: o.Clock.Now()}
	if s.runner, err = newRunner(s); err != nil {
		return nil, err
	}
	return s, nil
}

// OnChange calls f after each change of the rules. f must return soon.
func (s *Service) OnChange(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed = append(s.changed, f)
}

// write runs f on a rule in one transaction, saves it and tells the trail.
func (s *Service) write(ctx context.Context, actor access.Actor, id, verb string, f func(tx *store.Tx, b *book) error) (View, error) {
	var after View
	err := s.o.Store.Write(ctx, actor, func(tx *store.Tx) error {
		b, err := openBook(tx, id)
		if err != nil {
			return err
		}
		var before any
		if b.found && len(b.versions) > 0 {
			before = viewOf(b.record, b.latest(), b.live())
		}
		if err := f(tx, b); err != nil {
			return err
		}
		if err := b.save(tx); err != nil {
			return err
		}
		after = viewOf(b.record, b.latest(), b.live())
		tx.Emit(store.Event{
			Subject: "ioc.rule." + verb + "." + id, Entity: "rule", EntityID: id, Before: before, After: after,
			Summary: summary(verb, after),
		})
		tx.After(s.tell)
		return nil
	})
	if err != nil {
		return View{}, err
	}
	return s.dress(ctx, []View{after})[0], nil
}

// tell says that the rules changed: to the runner, which takes over what is
// in force now, and to whoever listens.
func (s *Service) tell() {
	s.runner.reload()
	s.mu.Lock()
	fs := s.changed
	s.mu.Unlock()
	for _, f := range fs {
		f()
	}
}
