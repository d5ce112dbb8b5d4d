// Package figure is the contract of the fourth word, the indicator: a figure
// with its definition, numerator and denominator where it has one, period,
// scope, as-of time and the way down to its records. A service registers
// indicators; dashboards and reports read them without knowing the service.
package figure

import (
	"context"
	"sync"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
)

// Indicator is a figure that can be computed for a scope at an instant.
type Indicator struct {
	ID         string // "flood.rain_max_3h"
	Service    string
	Title      msg.Text
	Definition msg.Text // how it is computed, in words
	Unit       string   // UCUM, "" for a count
	Good       string   // which way is better: "up", "down", "" neither
	Permission access.Permission
	Tile       int // order on the overview, 0 not there
	Compute    func(ctx context.Context, scope Scope, at time.Time) (Figure, error)
}

// Scope narrows an indicator; empty fields mean all.
type Scope struct {
	Unit  string // administrative unit code
	Thing string
}

// Figure is an indicator's value. Value is nil when there is no data, and Why
// says why; nobody shows 0 then.
type Figure struct {
	Indicator   string     `json:"indicator"`
	Value       *float64   `json:"value"`
	Unit        string     `json:"unit"`
	Numerator   *float64   `json:"numerator,omitempty"`
	Denominator *float64   `json:"denominator,omitempty"`
	From        *time.Time `json:"from,omitempty"` // period, where it has one
	AsOf        time.Time  `json:"as_of"`
	Previous    *float64   `json:"previous,omitempty"` // the same period before
	PreviousAt  *time.Time `json:"previous_at,omitempty"`
	Trend       []Point    `json:"trend,omitempty"`
	State       string     `json:"state,omitempty"`
	Severity    int        `json:"severity"`
	Estimated   bool       `json:"estimated,omitempty"`
	Subject     string     `json:"subject,omitempty"` // whose value it is: "Suối Đá"
	Note        *msg.Text  `json:"note,omitempty"`    // "31/82 trạm > 30 mm/h"
	Why         *msg.Text  `json:"why,omitempty"`
	Link        string     `json:"link"` // address in the UI of the records behind it
	Data        string     `json:"data"` // SensorThings or API address of the observations behind it
}

// Point is one value of a trend.
type Point struct {
	T time.Time `json:"t"`
	V *float64  `json:"v"`
}

// Registry holds the indicators of all services.
type Registry struct {
	mu   sync.RWMutex
	list []*Indicator
}

var errUnknown = fault.Define(fault.NotFound, "indicator.unknown", "there is no indicator {indicator}", "không có chỉ số {indicator}")

// Add registers indicators; app calls it once per service.
func (r *Registry) Add(is ...*Indicator) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, is...)
}

// All returns the indicators that actor may see, in the order they were added.
func (r *Registry) All(actor access.Actor) []*Indicator {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := []*Indicator{}
	for _, i := range r.list {
		if actor.Can(i.Permission, access.Scope{Service: i.Service}) {
			out = append(out, i)
		}
	}
	return out
}

// Get returns one indicator if actor may see it.
func (r *Registry) Get(actor access.Actor, id string) (*Indicator, error) {
	if !actor.Known() { // a stranger is not told what exists
		return nil, access.Require(actor, access.LayerView, access.Scope{})
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, i := range r.list {
		if i.ID == id {
			return i, access.Require(actor, i.Permission, access.Scope{Service: i.Service})
		}
	}
	return nil, errUnknown.With("indicator", id)
}
