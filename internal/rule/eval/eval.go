package eval

import (
	"context"
	"time"

	"github.com/prometheus/prometheus/storage"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
)

// The kinds of rules: what the form of the editor calls them. All but
// KindNeighbours are told by the expression alone; the kind is for people.
const (
	KindThreshold  = "threshold"
	KindSum        = "sum"
	KindRise       = "rise"
	KindSilence    = "silence"
	KindNeighbours = "neighbours"
	KindFlag       = "flag"
	KindPromQL     = "promql"
)

// Rule is what the evaluator must know of a rule. Durations are JSON numbers
// of nanoseconds and YAML texts such as 90s.
type Rule struct {
	ID      string `json:"id" yaml:"rule"`
	Version int    `json:"version,omitempty" yaml:"version,omitempty"`
	Service string `json:"service,omitempty" yaml:"service,omitempty"`
	Kind    string `json:"kind,omitempty" yaml:"kind,omitempty"`
	// Expr is PromQL that yields a value for each series. With KindNeighbours
	// it is that of one station, and the value is the station's own minus the
	// median of its neighbours' (Guard.RadiusKm around, at least Guard.Count of
	// them): below zero there is less than around, above zero more.
	Expr  string            `json:"expr" yaml:"expr"`
	Where map[string]string `json:"where,omitempty" yaml:"where,omitempty"` // labels that each selector must have besides
	Every time.Duration     `json:"every,omitempty" yaml:"every,omitempty"` // grid of a general expression; 0 is a minute
	// For is how long a level's Raise must hold before the level is entered,
	// KeepFiring how long its Clear must hold before it is left.
	For        time.Duration `json:"for,omitempty" yaml:"for,omitempty"`
	KeepFiring time.Duration `json:"keep_firing,omitempty" yaml:"keep_firing,omitempty"`
	Levels     []Level       `json:"levels" yaml:"levels"` // severities ascending
	Guard      *Guard        `json:"guard,omitempty" yaml:"guard,omitempty"`
}

// Severity is the ladder of the city.
type Severity = alertevent.Severity

// Level is one step of the severity ladder. Each step stands for itself: it
// is entered when Raise has held for the rule's For and left when Clear has
// held for its KeepFiring; the severity is that of the highest step entered.
type Level struct {
	Severity alertevent.Severity `json:"severity" yaml:"severity"`
	Raise    Threshold           `json:"raise" yaml:"raise"`
	Clear    Threshold           `json:"clear,omitzero" yaml:"clear,omitempty"` // empty: whenever Raise does not hold
}

// Guard is a second condition, about the stations around: at least Count
// neighbours within RadiusKm whose sum of Property over Window satisfies Op
// Value. With KindNeighbours and no Op it only says who the neighbours are.
type Guard struct {
	Property string        `json:"property" yaml:"property"`
	RadiusKm float64       `json:"radius_km" yaml:"radius_km"`
	Window   time.Duration `json:"window" yaml:"window"`
	Op       string        `json:"op,omitempty" yaml:"op,omitempty"`
	Value    float64       `json:"value" yaml:"value"`
	Count    int           `json:"count" yaml:"count"`
}

// Series is one series that rules may select.
type Series struct {
	ID         string            `json:"id"`     // the datastream
	Metric     string            `json:"metric"` // the observed property
	Labels     map[string]string `json:"labels"` // thing, name, unit_code, source …
	Unit       string            `json:"unit,omitempty"`
	Resolution float64           `json:"-"`
	Rhythm     time.Duration     `json:"-"`
}

// Thing is the thing that the series is about.
func (s *Series) Thing() string { return s.Labels["thing"] }

// Neighbour is a thing near another.
type Neighbour struct {
	Thing string
	Km    float64
}

// Env is the world as rules see it. The functions are called by several
// goroutines at once; any but Series and Scan may be nil.
type Env struct {
	// Series lists all series, in any order.
	Series func() []Series
	// Scan calls f with the points of a series from from to to, both included,
	// ascending, corrections applied: series.DB.Scan.
	Scan func(ctx context.Context, id string, from, to time.Time, f func(series.Point)) error
	// Queryable answers general PromQL.
	Queryable storage.Queryable
	// Thresholds are the named levels of a thing (bd1…bd3 are levels 1–3) as
	// they hold at an instant.
	Thresholds func(thing, property string, at time.Time) []sensing.Threshold
	// Neighbours lists the things within km of another, itself not included,
	// nearest first.
	Neighbours func(thing string, km float64) []Neighbour
}

// Sample is one observation for the engine.
type Sample struct {
	ID       string
	T        int64 // Unix ms, event time
	V        float64
	Flags    sensing.Flags
	Received int64 // Unix ms, 0 is T
}

// Transition is a change of severity of one rule on one series.
type Transition struct {
	Rule      string              `json:"rule"`
	Version   int                 `json:"version"`
	Series    Series              `json:"series"`
	From      alertevent.Severity `json:"from"`
	To        alertevent.Severity `json:"to"`    // 0: the condition is over
	At        time.Time           `json:"at"`    // event time; never goes back for a rule and series
	Since     time.Time           `json:"since"` // when the condition began
	Value     *float64            `json:"value"` // nil: there is none (any more)
	Peak      *float64            `json:"peak"`  // the value farthest on the side of Raise so far
	Threshold Threshold           `json:"threshold"`
	Limit     *float64            `json:"limit"` // the threshold as a number, named levels looked up
	Estimated bool                `json:"estimated"`
	Trace     *Trace              `json:"trace"`
	// Machine is what Restore needs to go on from here; it is to be kept in
	// the transaction that keeps the transition.
	Machine Machine `json:"-"`
}

// Machine is the state of one rule on one series, small enough to be kept at
// each transition.
type Machine struct {
	Rule     string              `json:"rule"`
	Version  int                 `json:"version"`
	Series   string              `json:"series"`
	Severity alertevent.Severity `json:"severity"`
	Since    int64               `json:"since,omitempty"` // Unix ms
	At       int64               `json:"at"`              // event time up to which this is true
	Active   uint8               `json:"active"`          // levels entered, a bit each
	Pending  [4]int64            `json:"pending"`         // since when each level's Raise holds, 0: it does not
	Clearing [4]int64            `json:"clearing"`        // since when each entered level's Clear holds
}

// State is what an engine must keep over a restart: the machines that are not
// at rest, and the time up to which all was seen.
type State struct {
	At       int64     `json:"at"`                 // Unix ms
	Advanced int64     `json:"advanced,omitempty"` // up to where Advance came; 0: as far as At
	Machines []Machine `json:"machines"`
}

// States of a machine in a trace.
const (
	StateInactive = "inactive"
	StatePending  = "pending"
	StateFiring   = "firing"
	StateKeeping  = "keeping" // firing, but Clear holds and KeepFiring is not over
)

// Trace is the evidence of one evaluation: the observations used, each step
// of the ladder with its numbers, and what followed, in words.
type Trace struct {
	Rule          string              `json:"rule"`
	Version       int                 `json:"version"`
	Thing         string              `json:"thing"`
	Datastream    string              `json:"datastream"`
	At            time.Time           `json:"at"`
	Series        map[string]string   `json:"series"`
	Expr          string              `json:"expr"`
	Value         *float64            `json:"value"`
	Unit          string              `json:"unit"`
	Points        []TracePoint        `json:"points"`
	WindowSeconds int64               `json:"window_seconds"`
	Levels        []TraceLevel        `json:"levels"`
	Neighbours    []TraceNeighbour    `json:"neighbours"` // null without guard
	GuardMet      *bool               `json:"guard_met"`
	State         string              `json:"state" enum:"inactive,pending,firing,keeping"`
	Severity      alertevent.Severity `json:"severity"`
	Since         *time.Time          `json:"since"`
	PendingUntil  *time.Time          `json:"pending_until"`
	KeepUntil     *time.Time          `json:"keep_until"`
	Reasons       []msg.Text          `json:"reasons"`
	Fired         bool                `json:"fired"`
}

// TracePoint is an observation the evaluation looked at.
type TracePoint struct {
	T     time.Time `json:"t"`
	V     float64   `json:"v"`
	Flags []string  `json:"flags"`
	Used  bool      `json:"used"`
}

// TraceLevel is a step of the ladder with its thresholds as numbers.
type TraceLevel struct {
	Severity   alertevent.Severity `json:"severity"`
	Raise      string              `json:"raise"`
	RaiseValue *float64            `json:"raise_value"` // null: the named level is not known for this thing
	RaiseMet   bool                `json:"raise_met"`
	Clear      string              `json:"clear"`
	ClearValue *float64            `json:"clear_value"`
	ClearMet   bool                `json:"clear_met"`
}

// TraceNeighbour is a station around and its sum over the guard's window.
type TraceNeighbour struct {
	Thing string   `json:"thing"`
	Name  string   `json:"name"`
	Km    float64  `json:"km"`
	Value *float64 `json:"value"`
}

// Firing is one span of a back-test in which a rule held for a series.
type Firing struct {
	Series    Series              `json:"series"`
	From      time.Time           `json:"from"`
	Since     time.Time           `json:"since"`
	To        *time.Time          `json:"to"`       // null: it goes on at the end
	Severity  alertevent.Severity `json:"severity"` // the highest
	Peak      *float64            `json:"peak"`     // the value farthest on the side of Raise
	Estimated bool                `json:"estimated"`
	Changes   []Change            `json:"changes"`
}

// Change is a change of severity within a firing.
type Change struct {
	At    time.Time           `json:"at"`
	To    alertevent.Severity `json:"to"`
	Value *float64            `json:"value"`
}

// Result is what a back-test found.
type Result struct {
	Firings []Firing `json:"firings"` // by From, then series
	Points  int64    `json:"points"`
	Series  int      `json:"series"`
}
