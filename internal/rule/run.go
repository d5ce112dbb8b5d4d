package rule

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/store"
)

const (
	// onTheWay is what a reading may need from its station to us before time
	// is taken to have passed without it.
	onTheWay = 2 * time.Second
	// staleAfter is how old a change may be and still be told as it happens;
	// older ones (history that is read in) only make up the state.
	staleAfter = 12 * time.Hour
	// horizon is how far back a rule looks when it is switched on.
	horizon = 48 * time.Hour
	// saveEvery is how often the time that is dealt with is written down.
	saveEvery = 10 * time.Second
	// restFor is how many times as long as a take-over lasted the runner works
	// before the next one, so that a thousand stations entered one by one, or a
	// thousand rules, do not keep it from the readings.
	restFor = 3
	// look is how often deadlines are looked after when no reading comes.
	look = 200 * time.Millisecond
)

// runner applies the rules in force. Everything but the buffer and the counts
// belongs to the goroutine of Run.
type runner struct {
	s     *Service
	world *world
	meter *meter
	log   *slog.Logger
	actor access.Actor

	mu      sync.Mutex
	samples []eval.Sample // stored, not evaluated
	offers  []offer
	since   time.Time // when the oldest of them came, zero: none wait
	stale   bool      // the rules or the register changed
	finish  []finish
	firing  map[string]int // rule → series
	wake    chan struct{}

	newest time.Time // greatest event time seen

	engine *eval.Engine
	rules  map[string]inForce
	states map[stateKey]*state
	differ map[stateKey]bool // whose severity is not what was told
	seen   map[string]int64  // newest event time of each series, Unix ms
	began  time.Time         // when the engine was made
	taken  time.Time         // machine's time of the last take-over's end
	took   time.Duration     // how long it lasted
	tidied bool              // virtual series that did not come again are forgotten
	warmed time.Time         // up to here the series were read at the start
	saved  time.Time         // cursor on disk
	asked  time.Time         // when differences that wait were looked at last
}

// inForce is a rule that is applied.
type inForce struct {
	version    int
	definition Definition
	program    *eval.Program
}

type offer struct {
	series eval.Series
	at     time.Time
	value  float64
}

// finish asks the runner to go on to an instant and say when all is written.
type finish struct {
	at   time.Time
	done chan error
}

func newRunner(s *Service) (*runner, error) {
	r := &runner{
		s: s, world: newWorld(s), log: s.o.Logger, actor: access.System("rule"), wake: make(chan struct{}, 1), stale: true,
		firing: map[string]int{}, rules: map[string]inForce{}, states: map[stateKey]*state{}, differ: map[stateKey]bool{}, seen: map[string]int64{},
	}
	var err error
	r.meter, err = newMeter(r, s.o.Registerer)
	return r, err
}

// Observe takes in observations that were stored; the pipeline calls it after
// each commit. It returns at once.
func (s *Service) Observe(obs []sensing.Observation) {
	if len(obs) == 0 {
		return
	}
	r := s.runner
	r.mu.Lock()
	if r.since.IsZero() {
		r.since = s.o.Clock.Now()
	}
	for _, o := range obs {
		r.samples = append(r.samples, eval.Sample{ID: o.Datastream, T: o.Time.UnixMilli(), V: o.Value, Flags: o.Flags, Received: o.Received.UnixMilli()})
	}
	r.mu.Unlock()
	r.poke()
}

// Offer takes in a value of a record, a position or an event as a virtual
// series: rules select it by metric and labels like any other. It returns at
// once.
func (s *Service) Offer(metric string, labels map[string]string, at time.Time, value float64) {
	r := s.runner
	r.mu.Lock()
	r.offers = append(r.offers, offer{eval.Series{Metric: metric, Labels: maps.Clone(labels)}, at, value})
	r.mu.Unlock()
	r.poke()
}

// Changed says that the register of stations changed: the rules look again at
// what they select.
func (s *Service) Changed() {
	s.runner.world.forget()
	s.runner.reload()
}

func (r *runner) poke() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// reload makes the runner take over what is in force now.
func (r *runner) reload() {
	r.mu.Lock()
	r.stale = true
	r.mu.Unlock()
	r.poke()
}

// active counts the series that each rule fires for.
func (r *runner) active() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.firing)
}

// instant is the time that rules are judged at: the clock's, or in a replay
// that of the newest reading.
func (s *Service) instant() time.Time {
	if !s.o.EventTime {
		return s.o.Clock.Now()
	}
	r := s.runner
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.newest.IsZero() {
		return s.o.Clock.Now()
	}
	return r.newest
}

// Run applies the rules in force until ctx ends. What it could not do, it
// tries again: only the end of ctx ends it.
func (s *Service) Run(ctx context.Context) error {
	r := s.runner
	if s.o.Series == nil {
		return fmt.Errorf("rule needs a series and a catalog to run")
	}
	if s.o.Sources != nil {
		go s.watchSources(ctx)
	}
	if !r.persist(ctx, "rules not started", r.start) {
		return nil
	}
	for ctx.Err() == nil {
		r.turn(ctx)
		r.wait(ctx)
	}
	return nil
}

// Finish lets a replay end: it waits until all that is stored up to at was
// evaluated, lets the time go on to at, and returns when every change is
// written.
func (s *Service) Finish(ctx context.Context, at time.Time) error {
	f := finish{at, make(chan error, 1)}
	s.runner.mu.Lock()
	s.runner.finish = append(s.runner.finish, f)
	s.runner.mu.Unlock()
	s.runner.poke()
	select {
	case err := <-f.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// persist runs f until it succeeds, with pauses that grow; false when ctx
// ended before.
func (r *runner) persist(ctx context.Context, what string, f func(ctx context.Context) error) bool {
	pause := 50 * time.Millisecond
	for {
		err := f(ctx)
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		r.log.Error(what+", trying again", "err", err)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
		pause = min(2*pause, 10*time.Second)
	}
}

// wait returns when there is something to do.
func (r *runner) wait(ctx context.Context) {
	if r.s.o.EventTime {
		select {
		case <-ctx.Done():
		case <-r.wake:
		case <-r.retry():
		}
		return
	}
	timer := time.NewTimer(look)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-r.wake:
	case <-timer.C:
	}
}

// retry looks again soon while somebody waits for the end of a replay.
func (r *runner) retry() <-chan time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.finish) == 0 {
		return nil
	}
	return time.After(10 * time.Millisecond)
}

// take empties the buffer.
func (r *runner) take() (samples []eval.Sample, offers []offer, stale bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	samples, offers, stale = r.samples, r.offers, r.stale
	r.samples, r.offers, r.stale, r.since = nil, nil, false, time.Time{}
	return samples, offers, stale
}

// turn evaluates what came since the last one, and what was due meanwhile.
func (r *runner) turn(ctx context.Context) {
	samples, offers, stale := r.take()
	switch {
	case !stale:
	case !r.s.o.EventTime && time.Since(r.taken) < restFor*r.took: // what is stored meanwhile, the take-over reads
		r.mu.Lock()
		r.stale = true
		r.mu.Unlock()
	default:
		began := time.Now()
		if !r.persist(ctx, "rules not taken over", r.swap) {
			return
		}
		r.taken, r.took = time.Now(), time.Since(began)
	}
	var found []eval.Transition
	if len(samples) > 0 {
		r.note(samples)
		found = append(found, r.engine.Observe(samples)...)
	}
	for _, o := range offers {
		found = append(found, r.offered(o)...)
	}
	now := r.now()
	if !r.tell(ctx, found, now) {
		return
	}
	r.meter.evaluated(len(samples) + len(offers))
	if !r.advance(ctx, now) {
		return
	}
	r.forget()
	r.settle(ctx, now)
	r.saveCursor(ctx, now, false)
	r.finishUp(ctx)
}

// advance lets time pass up to now.
func (r *runner) advance(ctx context.Context, now time.Time) bool {
	if now.IsZero() {
		return true
	}
	var found []eval.Transition
	ok := r.persist(ctx, "rules not evaluated", func(ctx context.Context) (err error) {
		more, err := r.engine.Advance(ctx, now)
		found = append(found, more...)
		return err
	})
	return ok && r.tell(ctx, found, now)
}

// now is the time up to which all observations have come.
func (r *runner) now() time.Time {
	if !r.s.o.EventTime {
		return r.s.o.Clock.Now().Add(-onTheWay)
	}
	if r.newest.IsZero() {
		return time.Time{}
	}
	return r.newest.Add(-time.Millisecond) // others may have a reading of the same instant
}

// note remembers how far each series has come.
func (r *runner) note(samples []eval.Sample) {
	greatest := int64(0)
	for _, x := range samples {
		r.seen[x.ID] = max(r.seen[x.ID], x.T)
		greatest = max(greatest, x.T)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := time.UnixMilli(greatest); t.After(r.newest) {
		r.newest = t
	}
}

// offered gives a value of a virtual series to the engine.
func (r *runner) offered(o offer) []eval.Transition {
	found := r.engine.Offer(o.series.Metric, o.series.Labels, o.at, o.value)
	s := o.series
	s.ID = virtualID(s.Metric, s.Labels)
	s.Unit = o.series.Labels["unit"]
	t := o.at.UnixMilli()
	r.seen[s.ID] = max(r.seen[s.ID], t)
	r.world.keep(s, series.Point{T: t, V: o.value, Received: t})
	return found
}

// finishUp answers those who wait for the end of a replay, once everything
// that is stored has been seen.
func (r *runner) finishUp(ctx context.Context) {
	r.mu.Lock()
	waiting, busy := r.finish, len(r.samples)+len(r.offers) > 0 || r.stale
	r.mu.Unlock()
	if len(waiting) == 0 || busy {
		return
	}
	for _, f := range waiting {
		if !r.caughtUp(f.at) {
			return
		}
	}
	for _, f := range waiting {
		if !r.advance(ctx, f.at) {
			return // ctx ended; Finish's own context does too
		}
		r.settle(ctx, f.at)
		r.saveCursor(ctx, f.at, true)
		f.done <- nil
	}
	r.mu.Lock()
	r.finish = r.finish[len(waiting):]
	r.mu.Unlock()
}

// caughtUp reports whether the newest reading of every series up to at was
// evaluated.
func (r *runner) caughtUp(at time.Time) bool {
	for _, d := range r.s.o.Catalog.Datastreams() {
		last, ok := r.s.o.Series.Last(d.ID)
		if ok && last.T <= at.UnixMilli() && last.T > r.seen[d.ID] && last.T > r.warmed.UnixMilli() {
			return false
		}
	}
	return true
}

// saveCursor writes down the time up to which every change is written.
func (r *runner) saveCursor(ctx context.Context, at time.Time, must bool) {
	if at.IsZero() || !at.After(r.saved) || !must && at.Sub(r.saved) < saveEvery {
		return
	}
	err := r.s.o.Store.Housekeep(ctx, func(tx *store.Tx) error { return markCursor(tx, at) })
	if err != nil { // the older one only makes the next start read more
		r.log.Warn("time of the rules not saved", "err", err)
		return
	}
	r.saved = at
}
