// Package connector is the contract between the outside world and the road of
// readings. A Kind describes one sort of connector; a Connector brings
// readings; a Sink takes them in. Each kind lives in a folder of its own below
// this one, the table of them in connector/all, and supervise runs them.
package connector

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/sensing"
)

// Kind describes one sort of connector.
type Kind struct {
	Name    string   // as in source.kind: "http_pull"
	Title   msg.Text // "Gọi API theo lịch" / "HTTP pull"
	Summary msg.Text // one sentence for the list
	Readme  string   // go:embed README.md, Vietnamese first; shown in the UI

	// Config returns a pointer to a new config that holds its defaults.
	Config func() any
	// Probes says that its connectors are Probers.
	Probes bool
	// Sample is a config that works once its addresses are filled in.
	Sample json.RawMessage

	// New checks the config and compiles the mapping; it opens nothing. It is
	// nil for a kind that is not started by the supervisor: a scenario.
	New func(cfg json.RawMessage, d Deps) (Connector, error)
}

// Passive reports whether nothing of this kind is to be started per source.
func (k Kind) Passive() bool { return k.New == nil }

// Connector brings readings from outside.
type Connector interface {
	// Run works until ctx ends and returns nil then. Any other return is a
	// failure: the supervisor waits and calls Run again.
	Run(ctx context.Context, sink Sink) error
}

// Idle is the Connector of kinds that another part of the program carries for
// all their sources at once: the MQTT broker, the ingest endpoint.
type Idle struct{}

// Run waits for the end.
func (Idle) Run(ctx context.Context, _ Sink) error {
	<-ctx.Done()
	return nil
}

// Prober is a Connector that can fetch one message without taking it in: the
// "live sample" button.
type Prober interface {
	Sample(ctx context.Context) (Sample, error)
}

// Sample is one message as it came.
type Sample struct {
	Raw         []byte
	ContentType string
	Name        string // topic or file name, where there is one
	At          time.Time
}

// Sink takes readings into the system.
type Sink interface {
	// Accept returns nil once the batch is on disk; only then may the source
	// be told. It keeps no reference to the batch.
	Accept(ctx context.Context, b Batch) (Result, error)
}

// SinkFunc is a function as a Sink.
type SinkFunc func(ctx context.Context, b Batch) (Result, error)

// Accept calls f.
func (f SinkFunc) Accept(ctx context.Context, b Batch) (Result, error) { return f(ctx, b) }

// Batch is what one message held.
type Batch struct {
	Source   string
	Readings []sensing.Reading
	Unread   []Unread // pieces that could not be read; they become dead letters
	Received time.Time
	Actor    access.Actor // zero: the system, for this source
	// Prompt says that each reading was received at its own time, whatever
	// Received says: a recorded flood that is played again. Such readings are
	// never late.
	Prompt bool
}

// Unread is a piece of a message that no reading could be made of. Raw is a
// small document of the same format (a CSV piece brings its header along), so
// that a person can mend it and read it again.
type Unread struct {
	Raw string
	Err *fault.Error
}

// Result says what became of a batch.
type Result struct {
	Accepted    int
	Duplicate   int
	Quarantined int
	Rejected    []Rejection
}

// Rejection is a reading that was refused, and why.
type Rejection struct {
	Index int // in Batch.Readings
	Err   *fault.Error
}

// Deps is what a connector gets from the program.
type Deps struct {
	Source  string          // id of the source
	Mapping json.RawMessage // the source's mapping, empty for IOC's own format
	Logger  *slog.Logger
	Clock   *clock.Clock
	Dir     string   // the source's own folder for state; "" keeps none (trial run)
	Guard   *Guard   // where connections may go; nil allows public addresses only
	Roots   []string // folders of this machine that file sources may read

	// Report tells how the last attempt went, while Run goes on: nil for
	// well. May be nil.
	Report func(err error)
	// Note tells people something that is no failure ("the same file came
	// again"). May be nil.
	Note func(text msg.Text)
}

// Log returns the logger, never nil.
func (d Deps) Log() *slog.Logger {
	if d.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return d.Logger
}

// Tell calls Report if there is one.
func (d Deps) Tell(err error) {
	if d.Report != nil {
		d.Report(err)
	}
}

// Say calls Note if there is one.
func (d Deps) Say(text msg.Text) {
	if d.Note != nil {
		d.Note(text)
	}
}
