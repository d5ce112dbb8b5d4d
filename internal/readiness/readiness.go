package readiness

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/ingest"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/source"
)

// Catalog lists the datastreams.
type Catalog interface {
	Datastreams() []*sensing.Datastream
}

// Runner is how the connector of a source does.
type Runner struct {
	Running   bool
	LastError msg.Text // of the last attempt, empty if it went well
	Restarts  int
	Note      msg.Text // worth knowing and no failure: the same file came twice
}

// Options are what a Service is made of.
type Options struct {
	Sources *source.Registry
	Ingest  *ingest.Pipeline
	Catalog Catalog
	Series  *series.DB
	Clock   *clock.Clock
	Logger  *slog.Logger
	// Runner tells how the connector of a source does; false where nothing
	// runs for it (it sends by itself). May be nil.
	Runner func(source string) (Runner, bool)
}

// Service reports on sources. Its methods are safe for concurrent use.
type Service struct {
	o Options

	mu     sync.Mutex
	tracks map[string]*tracked
}

// tracked is a track with the rhythm that it was set up for.
type tracked struct {
	track
	rhythm time.Duration
	seen   map[int64]bool // the newest instants that were loaded, which the writer may announce once more
}

// New makes a Service that listens to the writer; call it before the writer
// runs.
func New(o Options) (*Service, error) {
	if o.Sources == nil || o.Ingest == nil || o.Catalog == nil || o.Series == nil {
		return nil, fmt.Errorf("readiness needs sources, ingest, catalog and series")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{o: o, tracks: map[string]*tracked{}}
	o.Ingest.OnStored(s.observe)
	return s, nil
}

// Warm reads the last seven days of every datastream, so that the first one
// who asks does not wait. It may run beside everything else.
func (s *Service) Warm(ctx context.Context) error {
	for _, ds := range s.o.Catalog.Datastreams() {
		if err := s.with(ctx, ds, func(*track) {}); err != nil {
			return err
		}
	}
	return nil
}

// observe carries the tracks on.
func (s *Service) observe(obs []sensing.Observation) {
	for i := range obs {
		o := &obs[i]
		s.mu.Lock()
		t := s.tracks[o.Datastream]
		s.mu.Unlock()
		if t == nil {
			continue // will be read from the series when somebody asks
		}
		t.mu.Lock()
		if ms := o.Time.UnixMilli(); t.loaded && !t.seen[ms] {
			t.add(series.Point{T: ms, V: o.Value, Flags: o.Flags, Received: o.Received.UnixMilli()})
		}
		t.mu.Unlock()
	}
}

// again is how much of what was loaded the writer may be about to announce.
const again = 10 * time.Minute

// with calls f with the track of a datastream, loaded and locked.
func (s *Service) with(ctx context.Context, ds *sensing.Datastream, f func(*track)) error {
	s.mu.Lock()
	t := s.tracks[ds.ID]
	if t == nil {
		t = &tracked{}
		s.tracks[ds.ID] = t
	}
	s.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	wanted := ds.Rhythm
	if wanted == 0 {
		wanted = steady(t.rhythm, t.track.rhythm())
	}
	if !t.loaded || t.rhythm != wanted {
		if err := s.load(ctx, ds, t); err != nil {
			return fmt.Errorf("read the last days of %s: %w", ds.ID, err)
		}
	}
	f(&t.track)
	return nil
}

// steady keeps a rhythm that was seen before as long as the one seen now is
// within a fifth of it, so that tracks are not read again at every whim.
func steady(before, now time.Duration) time.Duration {
	if d := now - before; before > 0 && (now == 0 || max(d, -d) <= before/5) {
		return before
	}
	return now
}

// load reads the window from the series; the caller holds the track's lock.
func (s *Service) load(ctx context.Context, ds *sensing.Datastream, t *tracked) error {
	now := s.o.Clock.Now()
	from := now.Add(-window)
	fresh := tracked{seen: map[int64]bool{}, rhythm: ds.Rhythm}
	if _, ok := s.o.Series.Meta(ds.ID); ok { // results that are no numbers have no series
		points, err := s.o.Series.Raw(ctx, ds.ID, from, now.Add(time.Hour))
		if err != nil {
			return err
		}
		if len(points) == 0 {
			if last, ok := s.o.Series.Last(ds.ID); ok { // silent for longer than the window
				points, fresh.older = append(points, last), true
			}
		} else if _, fresh.older, err = s.o.Series.At(ctx, ds.ID, from.Add(-time.Millisecond), 400*24*time.Hour); err != nil {
			return err
		}
		if fresh.rhythm == 0 {
			var probe track
			for _, p := range points[max(0, len(points)-recent):] {
				probe.instants.add(p.T)
			}
			fresh.rhythm = probe.rhythm()
		}
		fresh.setSlot(fresh.rhythm)
		for _, p := range points {
			fresh.add(p)
			if p.T > now.Add(-again).UnixMilli() {
				fresh.seen[p.T] = true
			}
		}
	}
	t.last, t.has, t.first, t.older = fresh.last, fresh.has, fresh.first, fresh.older
	t.instants, t.delays, t.hours = fresh.instants, fresh.delays, fresh.hours
	t.slot, t.slots, t.newest = fresh.slot, fresh.slots, fresh.newest
	t.rhythm, t.seen, t.loaded = fresh.rhythm, fresh.seen, true
	return nil
}

// Overview sums up all sources that are switched on.
type Overview struct {
	Total  int `json:"total"`
	Live   int `json:"live"`
	Late   int `json:"late"`
	Silent int `json:"silent"`
	// LagSeconds is the median of how long the last readings of the live
	// sources were under way; nil without one.
	LagSeconds *float64 `json:"lag_seconds"`
}

// Overview tells at a glance how the sources do. It needs no permission of
// its own: it names nobody.
func (s *Service) Overview(ctx context.Context) (Overview, error) {
	reports, err := s.reports(ctx)
	if err != nil {
		return Overview{}, err
	}
	var o Overview
	var lags []float64
	for _, r := range reports {
		switch r.Status.State {
		case Off:
			continue
		case Live:
			o.Live++
		case Late:
			o.Late++
		default:
			o.Silent++
		}
		o.Total++
		if r.ClockSkewSeconds != nil && r.Status.State == Live {
			lags = append(lags, *r.ClockSkewSeconds)
		}
	}
	o.LagSeconds = median(lags)
	return o, nil
}

// List reports on every source that actor may see.
func (s *Service) List(ctx context.Context, actor access.Actor) ([]SourceReport, error) {
	if err := access.Require(actor, access.SourceView, access.Scope{}); err != nil {
		return nil, err
	}
	return s.reports(ctx)
}

func (s *Service) reports(ctx context.Context) ([]SourceReport, error) {
	bySource := map[string][]*sensing.Datastream{}
	for _, ds := range s.o.Catalog.Datastreams() {
		bySource[ds.SourceID] = append(bySource[ds.SourceID], ds)
	}
	out := []SourceReport{}
	for _, src := range s.o.Sources.All() {
		r, _, err := s.report(ctx, src, bySource[src.ID])
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}
