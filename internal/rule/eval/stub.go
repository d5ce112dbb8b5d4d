package eval

import (
	"context"
	"time"
)

func compile(r Rule) (*Program, error) { return nil, nil }

// Engine runs rules live. Its methods are safe for concurrent use.
type Engine struct{}

// New makes an engine; call Restore and Warm before the first Observe.
func New(rules []*Program, env Env) *Engine { return nil }

// SetRules swaps the rules and reads Env.Series again. Machines of rules of
// the same id and version stay; Warm makes the others ready. It returns the
// transitions to none of what fired and is gone.
func (e *Engine) SetRules(rules []*Program) []Transition { return nil }

// Restore takes over what State told, or the Machines of the last
// transitions with the time up to which all was seen.
func (e *Engine) Restore(st State) {}

// State tells what Restore needs.
func (e *Engine) State() State { return State{} }

// Warm reads what windows need and runs what is not seen yet, up to to, for
// all that is not warm; from is the time up to which what has no machine in
// the restored State was seen. It returns the transitions found on the way.
func (e *Engine) Warm(ctx context.Context, from, to time.Time) ([]Transition, error) { return nil, nil }

// Observe takes in observations that are stored already.
func (e *Engine) Observe(batch []Sample) []Transition { return nil }

// Offer takes in a value of a record, a position or an event as a virtual
// series: selectors find it by metric and labels.
func (e *Engine) Offer(metric string, labels map[string]string, t time.Time, v float64) []Transition {
	return nil
}

// Advance lets time pass up to now: deadlines fire at their due instants and
// general expressions are evaluated on their grids. Call it with the time up
// to which observations have arrived, which is the wall clock less what
// messages need on their way.
func (e *Engine) Advance(ctx context.Context, now time.Time) ([]Transition, error) { return nil, nil }

// Next is when Advance has something to do, ok is false for never.
func (e *Engine) Next() (at time.Time, ok bool) { return time.Time{}, false }

// Backtest runs a rule over a stored span. progress may be nil; it is called
// with a share from 0 to 1, by one goroutine at a time.
func Backtest(ctx context.Context, p *Program, env Env, from, to time.Time, progress func(done float64)) (Result, error) {
	return Result{}, nil
}

// Explain gives the trace of a rule on a series at an instant.
func Explain(ctx context.Context, p *Program, env Env, seriesID string, at time.Time) (Trace, error) {
	return Trace{}, nil
}

// Selects lists the series that a rule applies to, by id.
func Selects(p *Program, env Env) []Series { return nil }

// FiresNow lists the series for which the rule would fire at an instant.
func FiresNow(ctx context.Context, p *Program, env Env, at time.Time) ([]Series, error) {
	return nil, nil
}

// Report is what Check finds.
type Report struct {
	PromQL   string
	Selects  []Series
	FiresNow []Series
	Errors   Problems
	Warnings Problems
}

// Check judges a rule before it goes live.
func Check(ctx context.Context, r Rule, env Env, now time.Time) (Report, error) {
	return Report{}, nil
}
