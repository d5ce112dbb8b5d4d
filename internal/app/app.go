// Package app wires the program: New opens every engine and domain in one
// straight function, Run serves until the context ends, and teardown is a
// stack in the reverse order. A newcomer reads setup top to bottom.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/config"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/outbox"
	"openioc.org/ioc/internal/scenario"
)

// Mode is what the program runs.
type Mode int

// The modes.
const (
	Serve  Mode = iota // a real city
	Demo               // Đà Nẵng with two floods shifted to now
	Replay             // one flood on a virtual clock
)

// Options are everything the program needs from outside.
type Options struct {
	Config        config.Config
	Mode          Mode
	Version       string
	Out           io.Writer // what people at the terminal read
	Lang          msg.Lang  // in this language
	Logger        *slog.Logger
	ReadyFile     string // receives one line of JSON when the program answers
	DemoPassword  string // of the demo accounts (Demo, Replay)
	DemoCases     int    // made-up administrative files (Demo); 0 makes none
	AdminPassword string // of the first administrator (Serve); "" generates and prints one
	Scenario      string // Replay
	Speed         float64
	Stay          bool
}

func (o Options) validate() error {
	switch {
	case o.Logger == nil:
		return errors.New("app: Options.Logger is required")
	case o.Out == nil:
		return errors.New("app: Options.Out is required")
	case o.Mode != Serve && o.DemoPassword == "":
		return errors.New("app: Options.DemoPassword is required in demo and replay")
	}
	return nil
}

// App is a running city.
type App struct {
	o     Options
	log   *slog.Logger
	clock *clock.Clock
	reg   *prometheus.Registry
	stops []stop
	parts parts
	fatal chan error

	facts     *outbox.Outbox
	followers []*atomic.Uint64 // up to which fact each has reacted

	scenario    *scenario.Scenario // of a replay
	demo        *scenario.Demo     // of a demo
	finished    chan error         // a replay's end
	address     string             // HTTP, bound
	scheme      string
	mqttAddress string // bound, "" when off
}

type stop struct {
	name string
	f    func() error
}

// onStop registers what undoes the step just done; a failed start rolls back
// through the same stack.
func (a *App) onStop(name string, f func() error) { a.stops = append(a.stops, stop{name, f}) }

// background runs f until the app stops. A return before that ends the
// program: nothing that was started may die unseen.
func (a *App) background(name string, f func(ctx context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := f(ctx); err != nil && ctx.Err() == nil {
			a.fail(fmt.Errorf("%s: %w", name, err))
		}
	}()
	a.onStop(name, func() error {
		cancel()
		select {
		case <-done:
			return nil
		case <-time.After(10 * time.Second):
			return errors.New("did not stop within 10 s")
		}
	})
}

// fail ends the program with the first error given; later ones only follow
// from it.
func (a *App) fail(err error) {
	select {
	case a.fatal <- err:
	default:
	}
}

func (a *App) close() {
	for i := len(a.stops) - 1; i >= 0; i-- {
		if err := a.stops[i].f(); err != nil {
			a.log.Error("stop", "part", a.stops[i].name, "err", err)
		}
	}
	a.stops = nil
}

// Run starts the program and serves until ctx ends or a part fails.
func Run(ctx context.Context, o Options) error {
	if err := o.validate(); err != nil {
		return err
	}
	a := &App{o: o, log: o.Logger, reg: prometheus.NewRegistry(), fatal: make(chan error, 1), finished: make(chan error, 1)}
	if o.Mode == Replay {
		var err error
		if a.scenario, err = scenario.Load(o.Scenario); err != nil {
			return err
		}
		a.clock = a.scenario.ReplayClock(o.Speed)
	}
	defer a.close()
	if err := a.setup(ctx); err != nil {
		return err
	}
	return a.serve(ctx)
}
