// Package supervise runs a connector for each enabled source: it starts and
// stops them as the register of sources changes, starts those that fail again
// with growing pauses, and knows how each is doing. A connector that panics
// fails like any other.
package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/mapping"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/retry"
	"openioc.org/ioc/templates"
)

// Source is what the supervisor knows of a source.
type Source struct {
	ID      string
	Kind    string
	Config  json.RawMessage
	Mapping json.RawMessage
	Enabled bool
}

// Options are what the supervisor needs. Kinds, Sources and Sink must be set.
type Options struct {
	Kinds   []connector.Kind
	Sources func() []Source // every source; asked at start and after Changed
	Sink    connector.Sink
	Dir     string // each source keeps its state in a folder below
	Guard   *connector.Guard
	Roots   []string // folders that file sources may read; the first holds their drop folders

	// Preview says what would become of readings; nil shows them as they are.
	Preview   func(ctx context.Context, b connector.Batch) ([]PreviewRow, error)
	Templates []templates.Template
	// Register takes the stations that a message speaks of; nil only shows them.
	Register Register
	// Unit finds the administrative unit of a place; may be nil.
	Unit func(lon, lat float64) (code, name string, ok bool)

	Clock      *clock.Clock
	Logger     *slog.Logger
	Registerer prometheus.Registerer
	FirstPause time.Duration // before the second start; 0 is 1 s
}

// Supervisor runs the connectors.
type Supervisor struct {
	o       Options
	metrics *metrics
	changed chan struct{}

	mu       sync.Mutex
	runners  map[string]*runner
	programs map[string]*mapping.Program // compiled mappings of this version of the register
	version  int
}

var (
	errPanic  = fault.Define(fault.Internal, "supervise.panic", "the connector broke down; it is started again", "bộ kết nối gặp lỗi bên trong, đang được chạy lại")
	errKind   = fault.Define(fault.Invalid, "supervise.kind", "there is no connector {kind}; the nearest is {nearest}", "không có bộ kết nối {kind}; gần nhất là {nearest}")
	errFailed = fault.Define(fault.Unavailable, "supervise.failed", "the connector failed: {detail}", "bộ kết nối lỗi: {detail}")
	errEnded  = fault.Define(fault.Unavailable, "supervise.ended", "the connector ended by itself", "bộ kết nối tự dừng")
)

// New makes a supervisor; Run starts it.
func New(o Options) *Supervisor {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.FirstPause <= 0 {
		o.FirstPause = time.Second
	}
	return &Supervisor{o: o, metrics: newMetrics(o.Registerer), changed: make(chan struct{}, 1), runners: map[string]*runner{}, programs: map[string]*mapping.Program{}}
}

// Changed says that the register of sources changed. It does not wait.
func (s *Supervisor) Changed() {
	s.mu.Lock()
	clear(s.programs)
	s.version++
	s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// Run starts and stops connectors until ctx ends; it returns when all have
// stopped.
func (s *Supervisor) Run(ctx context.Context) error {
	for {
		s.reconcile(ctx)
		select {
		case <-s.changed:
		case <-ctx.Done():
			s.mu.Lock()
			all := s.runners
			s.mu.Unlock()
			for _, r := range all {
				<-r.done
			}
			return nil
		}
	}
}

// reconcile makes what runs match the register.
func (s *Supervisor) reconcile(ctx context.Context) {
	want := map[string]Source{}
	for _, src := range s.o.Sources() {
		if k, ok := s.kind(src.Kind); src.Enabled && (!ok || !k.Passive()) {
			want[src.ID] = src
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, r := range s.runners {
		if src, ok := want[id]; !ok || !r.src.same(src) {
			r.cancel()
			if !ok {
				delete(s.runners, id)
				s.metrics.forget(id)
			}
		}
	}
	for id, src := range want {
		old := s.runners[id]
		if old != nil && old.src.same(src) {
			continue
		}
		r := &runner{s: s, src: src, done: make(chan struct{}), status: Status{State: Starting}}
		var rctx context.Context
		rctx, r.cancel = context.WithCancel(ctx)
		var before <-chan struct{}
		if old != nil {
			before = old.done // two of one source must not share its state
		}
		s.runners[id] = r
		go r.run(rctx, before)
	}
}

func (a Source) same(b Source) bool {
	return a.Kind == b.Kind && string(a.Config) == string(b.Config) && string(a.Mapping) == string(b.Mapping)
}

func (s *Supervisor) kind(name string) (connector.Kind, bool) {
	for _, k := range s.o.Kinds {
		if k.Name == name {
			return k, true
		}
	}
	return connector.Kind{}, false
}

func (s *Supervisor) findKind(name string) (connector.Kind, error) {
	if k, ok := s.kind(name); ok {
		return k, nil
	}
	var names []string
	for _, k := range s.o.Kinds {
		names = append(names, k.Name)
	}
	return connector.Kind{}, errKind.With("kind", name, "nearest", connector.Nearest(name, names))
}

// deps are what a connector of src gets; dir "" keeps no state.
func (s *Supervisor) deps(src Source, dir string) connector.Deps {
	return connector.Deps{
		Source: src.ID, Mapping: src.Mapping, Logger: s.o.Logger.With("connector", src.Kind), Clock: s.o.Clock,
		Dir: dir, Guard: s.o.Guard, Roots: s.o.Roots,
	}
}

// runner runs the connector of one source.
type runner struct {
	s      *Supervisor
	src    Source
	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	status Status
}

func (r *runner) run(ctx context.Context, before <-chan struct{}) {
	defer close(r.done)
	if before != nil {
		<-before
	}
	c, err := r.make()
	if err != nil {
		r.fail(err) // only a change of the source can help
		r.set(func(st *Status) { st.State = Misconfigured })
		return
	}
	pause := retry.Backoff{First: r.s.o.FirstPause, Max: time.Minute}
	for ctx.Err() == nil {
		r.set(func(st *Status) { st.State = Running })
		oks := r.oks()
		err := r.once(ctx, c)
		if ctx.Err() != nil {
			break
		}
		if err == nil {
			err = errEnded.With()
		}
		r.fail(err)
		r.set(func(st *Status) { st.State, st.Restarts = Waiting, st.Restarts+1 })
		r.s.metrics.restarts.WithLabelValues(r.src.ID).Inc()
		r.s.o.Logger.Warn("connector failed", "source", r.src.ID, "err", err)
		if r.oks() != oks { // it had worked
			pause.Reset()
		}
		if pause.Wait(ctx) != nil {
			break
		}
	}
}

// make builds the connector and its folder.
func (r *runner) make() (connector.Connector, error) {
	k, err := r.s.findKind(r.src.Kind)
	if err != nil {
		return nil, err
	}
	dir := ""
	if r.s.o.Dir != "" {
		// Source ids are safe as names; this holds it.
		dir = filepath.Join(r.s.o.Dir, filepath.Base(filepath.Clean("/"+r.src.ID)))
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return nil, fmt.Errorf("state folder of %s: %w", r.src.ID, err)
		}
	}
	d := r.s.deps(r.src, dir)
	d.Report = func(err error) {
		if err != nil {
			r.fail(err)
		} else {
			r.ok(r.s.o.Clock.Now())
		}
	}
	d.Note = func(text msg.Text) {
		now := r.s.o.Clock.Now()
		r.set(func(st *Status) { st.Note, st.NoteAt = &text, now })
	}
	return k.New(r.src.Config, d)
}

// once is one Run; a panic in it is a failure.
func (r *runner) once(ctx context.Context, c connector.Connector) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.s.o.Logger.Error("connector panicked", "source", r.src.ID, "panic", p, "stack", string(debug.Stack()))
			err = errPanic.With().Because(fmt.Errorf("panic: %v", p))
		}
	}()
	return c.Run(ctx, connector.SinkFunc(r.accept))
}

func (r *runner) accept(ctx context.Context, b connector.Batch) (connector.Result, error) {
	b.Source = r.src.ID // a connector speaks for its own source only
	res, err := r.s.o.Sink.Accept(ctx, b)
	if err != nil {
		return res, err
	}
	r.s.metrics.readings.WithLabelValues(r.src.ID).Add(float64(len(b.Readings)))
	r.s.metrics.unread.WithLabelValues(r.src.ID).Add(float64(len(b.Unread)))
	r.set(func(st *Status) { st.Readings += len(b.Readings) })
	r.ok(r.s.o.Clock.Now())
	return res, nil
}

// fault turns any error into one that people can read.
func readable(err error) *fault.Error {
	if f, ok := fault.As(err); ok {
		return f
	}
	detail := err.Error()
	if errors.Is(err, context.DeadlineExceeded) {
		detail = "timeout"
	}
	if len(detail) > 300 {
		detail = strings.ToValidUTF8(detail[:300], "") + "…"
	}
	return errFailed.With("detail", detail).Because(err)
}
