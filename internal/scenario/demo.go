package scenario

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
)

// Series tells what is stored.
type Series interface {
	Raw(ctx context.Context, id string, from, to time.Time) ([]series.Point, error)
	Range(ctx context.Context, id string, from, to time.Time) ([]series.Point, error)
	Last(id string) (series.Point, bool)
}

// DemoOptions are what a Demo needs.
type DemoOptions struct {
	Scenarios []*Scenario
	Register  Register
	Sources   Sources
	Units     Units
	Sink      connector.Sink
	Series    Series
	Clock     *clock.Clock
	Logger    *slog.Logger
	History   time.Duration // before now; 0 is 14 days
	// Progress is told how much of the history is there; may be nil.
	Progress func(done, total int)
}

// Demo plays scenarios as if their floods happened now: shifted in time, in a
// loop, with history behind them. The shift is kept in the source, so that a
// demo that is started again goes on where the clock is.
type Demo struct {
	o DemoOptions

	mu    sync.RWMutex
	shift map[string]time.Duration
}

const (
	defaultHistory = 14 * 24 * time.Hour
	firstPart      = 3 * time.Hour // what the map needs first
	chunk          = 12_000        // readings a batch
	tick           = time.Second
)

// NewDemo makes a demo; Install and Run start it.
func NewDemo(o DemoOptions) *Demo {
	if o.History == 0 {
		o.History = defaultHistory
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Demo{o: o, shift: map[string]time.Duration{}}
}

// Install registers sources and stations and settles the shifts.
func (d *Demo) Install(ctx context.Context) error {
	now := d.o.Clock.Now()
	for _, s := range d.o.Scenarios {
		shift := s.FirstShift(now)
		if src, ok := d.o.Sources.Get(s.ID); ok && src.Kind == SourceKind {
			shift = s.ShiftAt(src.Shift, now)
		}
		if err := s.Install(ctx, d.o.Register, d.o.Sources, d.o.Units, shift); err != nil {
			return err
		}
		d.mu.Lock()
		d.shift[s.ID] = shift
		d.mu.Unlock()
	}
	return nil
}

// Run fills the history, newest hours first, and plays on until ctx ends.
// Install must have succeeded.
func (d *Demo) Run(ctx context.Context) error {
	now := d.o.Clock.Now()
	if err := d.fill(ctx, now.Add(-firstPart), now, nil); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return d.play(ctx, now) })
	g.Go(func() error { return d.backfill(ctx, now.Add(-firstPart)) })
	return g.Wait()
}

// backfill goes back from until day by day.
func (d *Demo) backfill(ctx context.Context, until time.Time) error {
	total := 0
	for _, s := range d.o.Scenarios {
		total += int(float64(s.size()) * d.o.History.Hours() / s.Period().Hours())
	}
	done := 0
	oldest := until.Add(firstPart - d.o.History)
	for to := until; to.After(oldest); {
		from := to.Add(-24 * time.Hour)
		if from.Before(oldest) {
			from = oldest
		}
		err := d.fill(ctx, from, to, func(n int) {
			done += n
			if d.o.Progress != nil {
				d.o.Progress(min(done, total), total)
			}
		})
		if err != nil {
			return err
		}
		to = from
	}
	if d.o.Progress != nil {
		d.o.Progress(total, total)
	}
	return nil
}

// fill stores what is missing of [from, to); a slice that is whole costs one
// look at the series and nothing else.
func (d *Demo) fill(ctx context.Context, from, to time.Time, tell func(n int)) error {
	for _, s := range d.o.Scenarios {
		missing, whole, err := d.missing(ctx, s, from, to)
		if err != nil {
			return err
		}
		if tell != nil {
			tell(whole)
		}
		for len(missing) > 0 {
			n := min(chunk, len(missing))
			if err := d.send(ctx, s, missing[:n]); err != nil {
				return err
			}
			if tell != nil {
				tell(n)
			}
			missing = missing[n:]
		}
	}
	return nil
}

// missing lists the readings of [from, to) that are not stored, and counts
// those that are.
func (d *Demo) missing(ctx context.Context, s *Scenario, from, to time.Time) (out []sensing.Reading, stored int, err error) {
	all := s.Loop(d.shiftOf(s.ID), from, to)
	have := map[string]map[int64]bool{}
	for _, st := range s.Stations {
		if last, ok := d.o.Series.Last(st.Datastream); !ok || last.T < from.UnixMilli() {
			continue
		}
		ps, err := d.o.Series.Raw(ctx, st.Datastream, from, to)
		if err != nil {
			return nil, 0, fmt.Errorf("look for %s: %w", st.Datastream, err)
		}
		if len(ps) == 0 {
			continue
		}
		ts := make(map[int64]bool, len(ps))
		for _, p := range ps {
			ts[p.T] = true
		}
		have[st.Datastream] = ts
	}
	if len(have) == 0 {
		return all, 0, nil
	}
	for _, r := range all {
		if have[r.Datastream][r.Time.UnixMilli()] {
			stored++
			continue
		}
		out = append(out, r)
	}
	return out, stored, nil
}

func (d *Demo) send(ctx context.Context, s *Scenario, rs []sensing.Reading) error {
	res, err := d.o.Sink.Accept(ctx, connector.Batch{Source: s.ID, Readings: rs, Received: d.o.Clock.Now(), Prompt: true})
	if err != nil {
		return fmt.Errorf("play %s: %w", s.ID, err)
	}
	if n := len(res.Rejected) + res.Quarantined; n > 0 {
		d.o.Logger.Warn("readings of a scenario were refused", "scenario", s.ID, "count", n)
	}
	return nil
}

// play sends each reading when its time comes.
func (d *Demo) play(ctx context.Context, from time.Time) error {
	for {
		if err := d.o.Clock.Sleep(ctx, tick); err != nil {
			return nil // ctx ended
		}
		now := d.o.Clock.Now()
		for _, s := range d.o.Scenarios {
			if err := d.follow(ctx, s, now); err != nil {
				return err
			}
			if rs := s.Loop(d.shiftOf(s.ID), from, now); len(rs) > 0 {
				if err := d.send(ctx, s, rs); err != nil {
					if ctx.Err() != nil {
						return nil
					}
					return err
				}
			}
		}
		from = now
	}
}

// follow keeps the shift in the source right when a loop begins anew.
func (d *Demo) follow(ctx context.Context, s *Scenario, now time.Time) error {
	shift := s.ShiftAt(d.shiftOf(s.ID), now)
	if shift == d.shiftOf(s.ID) {
		return nil
	}
	if err := s.Install(ctx, d.o.Register, d.o.Sources, d.o.Units, shift); err != nil {
		return err
	}
	d.mu.Lock()
	d.shift[s.ID] = shift
	d.mu.Unlock()
	return nil
}

func (d *Demo) shiftOf(id string) time.Duration {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.shift[id]
}

// Original tells when an observation of a source really happened; ok is false
// for sources that are no scenario of this demo. A nil Demo knows none.
func (d *Demo) Original(sourceID string, t time.Time) (original time.Time, ok bool) {
	if d == nil {
		return time.Time{}, false
	}
	for _, s := range d.o.Scenarios {
		if s.ID == sourceID {
			return s.Original(d.shiftOf(s.ID), t), true
		}
	}
	return time.Time{}, false
}

// Feed tells people what a scenario shows.
type Feed struct {
	Source       string    `json:"source"`
	Title        msg.Text  `json:"title"`
	Note         msg.Text  `json:"note"`
	Provenance   string    `json:"provenance"`
	ShiftSeconds int64     `json:"shift_seconds"`
	OriginalNow  time.Time `json:"original_now"`
}

// Feeds lists what is played at now. A nil Demo plays nothing.
func (d *Demo) Feeds(now time.Time) []Feed {
	out := []Feed{}
	if d == nil {
		return out
	}
	for _, s := range d.o.Scenarios {
		shift := d.shiftOf(s.ID)
		out = append(out, Feed{
			Source: s.ID, Title: s.Title, Note: s.Note, Provenance: s.Provenance,
			ShiftSeconds: int64(s.ShiftAt(shift, now) / time.Second), OriginalNow: s.Original(shift, now),
		})
	}
	return out
}

// size counts the readings of one loop.
func (s *Scenario) size() int {
	n := 0
	for _, tr := range s.tracks {
		n += len(tr)
	}
	return n
}
