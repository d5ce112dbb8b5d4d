package notify

import (
	"context"
	"slices"
	"sync"
	"time"

	"openioc.org/ioc/internal/store"
)

const (
	// atOnce is how many deliveries of one channel are on their way at a time;
	// one while it fails, so that a gateway in trouble is not stormed.
	atOnce = 4
	// look finds what another program on the same database has queued, and
	// what has waited too long.
	look = 15 * time.Second
	// firstPause and lastPause are between looks that fail.
	firstPause, lastPause = 100 * time.Millisecond, 10 * time.Second
)

// runner is one Run at work.
type runner struct {
	s        *Service
	wg       sync.WaitGroup
	mu       sync.Mutex
	flying   map[string]int         // channel → on their way
	failing  map[string]bool        // channel → its last attempt failed
	sent     map[string][]time.Time // channel → attempts of the last minute
	inFlight map[string]bool        // deliveries whose sender is alive
}

// Run sends what is due until ctx ends; it waits for what is on its way and
// returns nil.
func (s *Service) Run(ctx context.Context) error {
	r := &runner{s: s, flying: map[string]int{}, failing: map[string]bool{}, sent: map[string][]time.Time{}, inFlight: map[string]bool{}}
	defer r.wg.Wait()
	for pause := firstPause; ; {
		next, err := r.round(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			s.log.Warn("deliveries wait for the records", "pause", pause, "err", err)
			next = s.now().Add(pause)
			pause = min(2*pause, lastPause)
		} else {
			pause = firstPause
		}
		s.wait(ctx, next)
		if ctx.Err() != nil {
			return nil
		}
	}
}

// wait sleeps until the clock shows next, or somebody wakes us.
func (s *Service) wait(ctx context.Context, next time.Time) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-s.wake:
			cancel()
		case <-ctx.Done():
		}
	}()
	_ = s.clock.SleepUntil(ctx, next) // whatever ends it, the caller looks again
}

// round claims what is due, sets it on its way and says when to look again.
func (r *runner) round(ctx context.Context) (next time.Time, err error) {
	s := r.s
	now := s.now()
	next = now.Add(look)
	var late []parcel
	var work []flight
	var waiting map[string]time.Time
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		channels, err := listChannels(tx)
		if err != nil {
			return err
		}
		waiting = map[string]time.Time{}
		for _, ch := range channels {
			if ch.Enabled && ch.Kind != InApp {
				if waiting[ch.ID], err = nextDue(tx, ch.ID); err != nil {
					return err
				}
			}
		}
		late, err = overdue(tx, now)
		return err
	})
	if err != nil {
		return next, err
	}
	for _, p := range late {
		trouble := p.lastError
		if trouble == "" {
			trouble = troubleOff
		}
		if err := s.giveUp(ctx, p, trouble); err != nil {
			return next, err
		}
	}
	ready := false
	for _, at := range waiting {
		if at.IsZero() {
			continue
		}
		if at.After(now) {
			next = earlier(next, at)
		} else {
			ready = true
		}
	}
	if !ready {
		return next, nil
	}
	err = s.db.Housekeep(ctx, func(tx *store.Tx) error {
		work = nil
		channels, err := listChannels(tx)
		if err != nil {
			return err
		}
		for _, ch := range channels {
			if at := waiting[ch.ID]; !ch.Enabled || ch.Kind == InApp || at.IsZero() || at.After(now) {
				continue
			}
			mine, again, err := r.claim(tx, ch, now)
			work, next = append(work, mine...), earlier(next, again)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		for _, f := range work { // not committed: nobody sends them
			r.landed(f.ch.ID, f.l.id, nil, false)
		}
		return next, err
	}
	for _, f := range work {
		r.wg.Go(func() { r.fly(ctx, f) })
	}
	return next, nil
}

func earlier(a, b time.Time) time.Time {
	if !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// flight is a letter with the channel that carries it.
type flight struct {
	ch Channel
	l  letter
}

// claim takes what a channel may send now, and folds into digests what waited
// for the same person. It returns when the channel may send again.
func (r *runner) claim(tx *store.Tx, ch Channel, now time.Time) (out []flight, again time.Time, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	free := atOnce
	if r.failing[ch.ID] {
		free = 1
	}
	free -= r.flying[ch.ID]
	allowed, again := r.allowance(ch, now)
	if allowed == 0 {
		return nil, again, hold(tx, ch.ID, now)
	}
	if free <= 0 {
		return nil, time.Time{}, nil // whoever lands wakes us
	}
	ps, err := due(tx, ch.ID, now, free+len(r.inFlight))
	if err != nil {
		return nil, again, err
	}
	// An attempt that is over in time, and the two writes around it.
	lease := now.Add(2*r.s.timeout + 10*time.Second)
	folded := map[string]bool{}
	for _, p := range ps {
		to := p.user + "\x00" + p.address
		if len(out) == min(free, allowed) || r.inFlight[p.id] || folded[to] && p.held && p.attempts == 0 {
			continue
		}
		if p.held && p.attempts == 0 && ch.Kind != Webhook {
			if _, err := fold(tx, p); err != nil {
				return out, again, err
			}
			folded[to] = true
		}
		if err := claim(tx, p.id, lease); err != nil {
			return out, again, err
		}
		notes, err := notesOf(tx, p.id)
		if err != nil {
			return out, again, err
		}
		p.attempts++
		r.flying[ch.ID]++
		r.inFlight[p.id] = true
		if ch.RatePerMinute > 0 {
			r.sent[ch.ID] = append(r.sent[ch.ID], now)
		}
		out = append(out, flight{ch, r.s.write(p, notes)})
	}
	if len(ps) > len(out) && ch.RatePerMinute > 0 && len(out) == allowed {
		if err := hold(tx, ch.ID, now); err != nil {
			return out, again, err
		}
	}
	return out, again, nil
}

// allowance is how many the channel's rate lets go now, and when the next one
// may when none may.
func (r *runner) allowance(ch Channel, now time.Time) (int, time.Time) {
	if ch.RatePerMinute <= 0 {
		return atOnce, time.Time{}
	}
	last := slices.DeleteFunc(r.sent[ch.ID], func(t time.Time) bool { return !t.After(now.Add(-time.Minute)) })
	r.sent[ch.ID] = last
	if left := ch.RatePerMinute - len(last); left > 0 {
		return left, time.Time{}
	}
	return 0, last[len(last)-ch.RatePerMinute].Add(time.Minute)
}

// fly sends one letter and writes down how it went.
func (r *runner) fly(ctx context.Context, f flight) {
	s := r.s
	err := s.transmit(ctx, f.ch, f.l)
	if ctx.Err() != nil {
		// Stopping: what was sent is marked, what was cut off goes out again.
		if err != nil {
			r.landed(f.ch.ID, f.l.id, nil, false)
			return
		}
	}
	if werr := s.settle(context.WithoutCancel(ctx), f.l.parcel, err); werr != nil {
		s.log.Error("the end of a delivery could not be written; it goes out again", "delivery", f.l.id, "err", werr)
	}
	if err != nil {
		s.log.Warn("a delivery failed", "delivery", f.l.id, "channel", f.ch.Name, "attempt", f.l.attempts, "err", reveal(err))
	}
	r.landed(f.ch.ID, f.l.id, err, true)
	s.Wake()
}

func (r *runner) landed(channel, delivery string, failed error, tried bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flying[channel]--
	delete(r.inFlight, delivery)
	if tried {
		r.failing[channel] = failed != nil && !isPermanent(failed)
	}
}
