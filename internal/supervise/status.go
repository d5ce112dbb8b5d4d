package supervise

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
)

// State is what a connector is doing.
type State string

// The states.
const (
	Off           State = "off"           // the source is switched off or is not run by a connector
	Starting      State = "starting"      // about to run
	Running       State = "running"       // at work; LastError may still tell of its last attempt
	Waiting       State = "waiting"       // failed, to be started again
	Misconfigured State = "misconfigured" // will not start before the source is changed
)

// Status is how the connector of a source is doing.
type Status struct {
	State     State
	LastError *fault.Error // nil when the last attempt went well
	ErrorAt   time.Time
	LastOK    time.Time // when an attempt last went well
	Note      *msg.Text // something worth knowing that is no failure
	NoteAt    time.Time
	Restarts  int
	Readings  int // handed over since this connector was made

	oks int
}

// Failing reports whether a person should look at it.
func (s Status) Failing() bool { return s.LastError != nil || s.State == Misconfigured }

// Status tells how the connector of a source is doing.
func (s *Supervisor) Status(source string) Status {
	s.mu.Lock()
	r := s.runners[source]
	s.mu.Unlock()
	if r == nil {
		return Status{State: Off}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

func (r *runner) set(f func(*Status)) {
	r.mu.Lock()
	f(&r.status)
	up := 0.0
	if r.status.State == Running && r.status.LastError == nil {
		up = 1
	}
	r.mu.Unlock()
	r.s.metrics.up.WithLabelValues(r.src.ID).Set(up)
}

func (r *runner) fail(err error) {
	f, now := readable(err), r.s.o.Clock.Now()
	r.set(func(st *Status) { st.LastError, st.ErrorAt = f, now })
}

func (r *runner) ok(now time.Time) {
	r.set(func(st *Status) { st.LastError, st.LastOK, st.oks = nil, now, st.oks+1 })
}

func (r *runner) oks() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status.oks
}

type metrics struct {
	up       *prometheus.GaugeVec
	restarts *prometheus.CounterVec
	readings *prometheus.CounterVec
	unread   *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	by := []string{"source"}
	m := &metrics{
		up:       prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "ioc_connector_up", Help: "1 while the connector of a source runs and its last attempt went well."}, by),
		restarts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ioc_connector_restarts_total", Help: "Failures of a source's connector."}, by),
		readings: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ioc_connector_readings_total", Help: "Readings that connectors handed over."}, by),
		unread:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ioc_connector_unread_total", Help: "Pieces of messages that could not be read."}, by),
	}
	if reg != nil {
		reg.MustRegister(m.up, m.restarts, m.readings, m.unread)
	}
	return m
}

// forget drops a source that is gone.
func (m *metrics) forget(source string) {
	m.up.DeleteLabelValues(source)
}
