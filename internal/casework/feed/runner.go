package feed

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/retry"
	"openioc.org/ioc/internal/store"
)

// worker reads one system for as long as it is as it was.
type worker struct {
	version time.Time
	cancel  context.CancelFunc
	done    chan struct{}
	now     chan struct{} // a round is wanted at once
}

// Run reads the systems until ctx ends: a goroutine for each that is enabled
// and has to be asked. It returns when all have stopped.
func (s *Service) Run(ctx context.Context) error {
	pause := retry.Backoff{First: time.Second, Max: time.Minute}
	for {
		err := s.reconcile(ctx)
		if ctx.Err() == nil && err != nil {
			s.log.Warn("one-stop systems cannot be listed", "err", err)
			if pause.Wait(ctx) == nil {
				continue
			}
		}
		pause.Reset()
		select {
		case <-s.changed:
		case <-ctx.Done():
			s.mu.Lock()
			all := s.workers
			s.workers = map[string]*worker{}
			s.mu.Unlock()
			for _, w := range all {
				w.cancel()
				<-w.done
			}
			return nil
		}
	}
}

// reconcile makes what runs match the systems.
func (s *Service) reconcile(ctx context.Context) error {
	var list []System
	if err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = listSystems(tx)
		return err
	}); err != nil {
		return err
	}
	want := map[string]System{}
	for _, x := range list {
		if x.Enabled && pulled(x.Kind) {
			want[x.ID] = x
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, w := range s.workers {
		if x, ok := want[id]; !ok || !x.Changed.Equal(w.version) {
			w.cancel()
			delete(s.workers, id)
		}
	}
	for id, x := range want {
		if s.workers[id] != nil {
			continue
		}
		w := &worker{version: x.Changed, done: make(chan struct{}), now: make(chan struct{}, 1)}
		var wctx context.Context
		wctx, w.cancel = context.WithCancel(ctx)
		s.workers[id] = w
		go s.work(wctx, w, x)
	}
	return nil
}

// work runs round after round. A round that fails is tried again after
// growing pauses, at most as long as the usual one or five minutes.
func (s *Service) work(ctx context.Context, w *worker, x System) {
	defer close(w.done)
	pause := retry.Backoff{First: 2 * time.Second, Max: max(x.Every, 5*time.Minute)}
	for ctx.Err() == nil {
		_, err := s.Round(ctx, x.ID)
		if ctx.Err() != nil {
			return
		}
		wait := x.Every
		if err != nil {
			wait = pause.Next()
			s.log.Warn("one-stop system not read", "system", x.ID, "err", err, "next", wait)
		} else {
			pause.Reset()
		}
		sleep, wake := context.WithCancel(ctx)
		finished := make(chan struct{})
		go func() {
			defer close(finished)
			select {
			case <-w.now:
				wake()
			case <-sleep.Done():
			}
		}()
		_ = s.clock.Sleep(sleep, wait) // woken early, or over: the next round either way
		wake()
		<-finished
	}
}

// hold waits for the system's turn: one round or file of it at a time.
func (s *Service) hold(id string) (release func()) {
	s.mu.Lock()
	m := s.rounds[id]
	if m == nil {
		m = &sync.Mutex{}
		s.rounds[id] = m
	}
	s.mu.Unlock()
	m.Lock()
	s.mu.Lock()
	s.running[id] = true
	s.mu.Unlock()
	return func() {
		s.mu.Lock()
		delete(s.running, id)
		s.mu.Unlock()
		m.Unlock()
	}
}

var errDisabled = fault.Define(fault.Conflict, "casefeed.disabled", "{name} is switched off or is not asked", "{name} đang tắt hoặc không thuộc loại được đọc định kỳ")

// RunNow asks for a round at once and returns without waiting for its end.
func (s *Service) RunNow(ctx context.Context, actor access.Actor, id string) (System, error) {
	sys, err := s.System(ctx, actor, id)
	if err != nil {
		return System{}, err
	}
	if !sys.Enabled || !pulled(sys.Kind) {
		return System{}, errDisabled.With("name", sys.Name)
	}
	s.mu.Lock()
	w := s.workers[id]
	s.mu.Unlock()
	if w != nil {
		select {
		case w.now <- struct{}{}:
		default: // one is wanted already
		}
	} else {
		s.wake()
	}
	sys.State = StateRunning
	return sys, nil
}

// source gives the rows of a round page by page.
type source interface {
	page(ctx context.Context, m mark) (batch, error)
	close()
}

// Round reads a system once, as far as it goes, and keeps how that went. A
// panic in it is a failure like another.
func (s *Service) Round(ctx context.Context, id string) (out Outcome, err error) {
	defer s.hold(id)()
	behind := false
	func() {
		defer func() {
			if p := recover(); p != nil {
				s.log.Error("reading a one-stop system panicked", "system", id, "panic", p, "stack", string(debug.Stack()))
				err = errPanic.With().Because(fmt.Errorf("panic: %v", p))
			}
		}()
		out, behind, err = s.round(ctx, id)
	}()
	if ctx.Err() != nil {
		return out, err // switched off or at the end: neither well nor wrong
	}
	keep := s.db.Housekeep(ctx, func(tx *store.Tx) error { return ended(tx, id, troubleOf(err), behind) })
	if err == nil {
		err = keep
	}
	return out, err
}

func (s *Service) round(ctx context.Context, id string) (total Outcome, behind bool, err error) {
	sys, err := s.find(ctx, id)
	if err != nil {
		return total, false, err
	}
	cfg, err := parseConfig(sys.Kind, sys.Config)
	if err != nil {
		return total, false, err
	}
	p, err := parseMapping(sys.Mapping)
	if err != nil {
		return total, false, err
	}
	if p == nil {
		return total, false, errUnmapped.With()
	}
	var src source
	switch c := cfg.(type) {
	case *SQLConfig:
		if src, err = newSQL(c, s.guard, s.clock.Now); err != nil {
			return total, false, err
		}
	case *RESTConfig:
		src = newREST(c, p.m, s.guard)
	case *FileConfig:
		total, err = s.watch(ctx, &sys, c)
		return total, false, err
	default:
		return total, false, errDisabled.With("name", sys.Name)
	}
	defer src.close()
	for {
		b, err := src.page(ctx, sys.mark)
		if err != nil {
			return total, behind, err
		}
		ts, rejected, left := p.read(sys, b, s.clock.Now())
		out, err := s.take(ctx, sys.actor(), &sys, ts, rejected, &b.next)
		out.Rows, out.Left = len(b.rows), left
		total.add(out)
		if err != nil {
			return total, true, err
		}
		sys.mark, behind = b.next, b.more
		if !b.more {
			return total, false, nil
		}
	}
}
