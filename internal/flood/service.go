package flood

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
)

// Catalog is what the service asks the register of stations.
type Catalog interface {
	Datastreams() []*sensing.Datastream
	Thing(id string) (*sensing.Thing, bool)
	ThingPlace(thing string) (lon, lat float64, unitCode string, ok bool)
}

// Series is where past observations are read, corrections applied.
type Series interface {
	Range(ctx context.Context, id string, from, to time.Time) ([]series.Point, error)
}

// Unit is an administrative unit.
type Unit struct {
	Code, Name string
	Lon, Lat   float64
	Geometry   json.RawMessage // GeoJSON
}

// Options are what a Service needs.
type Options struct {
	Catalog Catalog
	Series  Series
	// Units lists the administrative units that existed at an instant; nil
	// means the city has none.
	Units func(at time.Time) []Unit
	// Original tells when a replayed observation of a source really
	// happened; ok is false for a source that is not shifted. May be nil.
	Original func(source string, t time.Time) (original time.Time, ok bool)
	Clock    *clock.Clock
	Logger   *slog.Logger
}

// How much the memory holds: enough for the time slider of 7 days, the same
// period a day before, and for rain the event before that.
const (
	slider      = 7 * 24 * time.Hour
	rainMemory  = slider + eventLookback + 26*time.Hour
	levelMemory = slider + 50*time.Hour
)

// Service is the flood watch. Its methods are safe for concurrent use.
type Service struct {
	opt    Options
	tables *tables

	mu        sync.Mutex
	stale     bool // the catalog changed
	stations  []*station
	byStream  map[string]*history
	version   uint64 // grows with every change
	warm      bool
	memo      [16]memo
	memoNext  int
	listeners []func()

	wake chan struct{}
}

type memo struct {
	version uint64
	at      int64
	sum     *Summary
}

// station is a datastream of one of the four properties, with its thing.
type station struct {
	thing, name, kind  string
	unitCode, unitName string
	river, network     string
	lon, lat           float64
	placed             bool
	stream, property   string
	source             string
	rhythm             time.Duration
	history            *history
	near               []near // other gauges of rain, nearest first
}

type near struct {
	index int // in the list of stations
	km    float64
}

// New makes the service; it fails when a table of data/ cannot be read.
func New(o Options) (*Service, error) {
	if o.Catalog == nil || o.Series == nil {
		return nil, fmt.Errorf("flood needs a catalog and a series")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Units == nil {
		o.Units = func(time.Time) []Unit { return nil }
	}
	t, err := loadTables(files)
	if err != nil {
		return nil, err
	}
	return &Service{opt: o, tables: t, stale: true, byStream: map[string]*history{}, wake: make(chan struct{}, 1)}, nil
}

// OnChange calls f after observations or the catalog changed what the service
// says. f must return soon.
func (s *Service) OnChange(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners = append(s.listeners, f)
}

// Observe takes in observations that were stored; the pipeline calls it after
// each commit.
func (s *Service) Observe(obs []sensing.Observation) {
	s.mu.Lock()
	s.refresh()
	changed := false
	for _, o := range obs {
		if h := s.byStream[o.Datastream]; h != nil {
			h.add(point{o.Time.UnixMilli(), o.Value, o.Flags})
			changed = true
		}
	}
	if changed {
		s.version++
	}
	s.mu.Unlock()
	if changed {
		s.tell()
	}
}

// Changed says that the catalog changed: stations, places or corrections. The
// service reads all of it again, in Run.
func (s *Service) Changed() {
	s.mu.Lock()
	s.stale = true
	s.version++
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Service) tell() {
	s.mu.Lock()
	fs := s.listeners
	s.mu.Unlock()
	for _, f := range fs {
		f()
	}
}

// Run warms the memory and reads it again after each change of the catalog,
// until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	for {
		if err := s.Warm(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			s.opt.Logger.Warn("flood memory not read, trying again at the next change", "error", err)
		}
		s.tell()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.wake:
		}
	}
}

// Warm reads the newest days of every station from the series.
func (s *Service) Warm(ctx context.Context) error {
	now := s.opt.Clock.Now()
	s.mu.Lock()
	s.refresh()
	list := s.stations
	s.mu.Unlock()
	for _, st := range list {
		s.mu.Lock()
		st.history.watch()
		s.mu.Unlock()
		pts, err := s.read(ctx, st, now.Add(-st.memory()), now.Add(time.Hour))
		if err != nil {
			return err
		}
		s.mu.Lock()
		st.history.replace(pts)
		s.version++
		s.mu.Unlock()
	}
	s.mu.Lock()
	s.warm = true
	s.mu.Unlock()
	return nil
}

func (s *Service) read(ctx context.Context, st *station, from, to time.Time) ([]point, error) {
	ps, err := s.opt.Series.Range(ctx, st.stream, from, to)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", st.stream, err)
	}
	pts := make([]point, len(ps), len(ps)+64)
	for i, p := range ps {
		pts[i] = point{p.T, p.V, p.Flags}
	}
	return pts, nil
}

func (st *station) memory() time.Duration {
	if st.property == sensing.Rain {
		return rainMemory
	}
	return levelMemory
}
