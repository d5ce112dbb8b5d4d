// Package layer is the first of the four words that every service speaks: a
// layer is a set of features on the map at an instant, with a list twin. A
// service registers its layers; the map, the lists and the GeoJSON export
// read them without knowing the service.
package layer

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
)

// Layer describes a layer and how to get its features.
type Layer struct {
	ID         string // "rain", "flood-depth", "units"
	Service    string // "flood"
	Title      msg.Text
	Geometry   string            // "point" or "polygon"
	Permission access.Permission // needed to see it
	On         bool              // shown when the map opens
	Columns    []Column          // of the list twin, in order; each names a key of Feature.Props, or name, value, as_of, state, unit_name
	Legend     []LegendItem
	// Features returns the layer as it was at the instant at. Values are in
	// the layer's unit; a feature without data has a nil Value and a Why.
	Features func(ctx context.Context, at time.Time) ([]Feature, error)
}

// Column is one column of the list twin.
type Column struct {
	Key   string   `json:"key"`
	Title msg.Text `json:"title"`
	Kind  string   `json:"kind"` // text, number, time, state
	Unit  string   `json:"unit,omitempty"`
}

// LegendItem explains one state.
type LegendItem struct {
	State    string   `json:"state"`
	Title    msg.Text `json:"title"`
	Severity int      `json:"severity"`
	Color    string   `json:"color"` // a token name of the UI: "rain-3", "depth-2", "level-1", "muted"
}

// Feature is one thing on the map.
type Feature struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Lon        float64         `json:"lon"`
	Lat        float64         `json:"lat"`
	Geometry   json.RawMessage `json:"geometry,omitempty"`   // polygons only; points use Lon, Lat
	Thing      string          `json:"thing,omitempty"`      // SensorThings Thing id
	Datastream string          `json:"datastream,omitempty"` // the datastream of Value
	UnitCode   string          `json:"unit_code,omitempty"`  // administrative unit (ward) code
	UnitName   string          `json:"unit_name,omitempty"`
	Value      *float64        `json:"value"`
	Unit       string          `json:"unit,omitempty"` // UCUM
	AsOf       *time.Time      `json:"as_of"`
	Original   *time.Time      `json:"original_time,omitempty"` // of replayed data: when it really happened
	State      string          `json:"state"`                   // a LegendItem's state
	Severity   int             `json:"severity"`                // 0 none, 1 thông tin, 2 chú ý, 3 cảnh báo, 4 khẩn cấp
	Stale      bool            `json:"stale,omitempty"`
	Estimated  bool            `json:"estimated,omitempty"`
	Flags      []string        `json:"flags,omitempty"`
	Phrase     *msg.Text       `json:"phrase,omitempty"` // "10,14 m, trên BĐ3 1,14 m"
	Why        *msg.Text       `json:"why,omitempty"`    // why there is no value
	Props      map[string]any  `json:"props,omitempty"`
}

// Registry holds the layers of all services.
type Registry struct {
	mu     sync.RWMutex
	layers []*Layer
}

var errUnknown = fault.Define(fault.NotFound, "layer.unknown", "there is no layer {layer}", "không có lớp {layer}")

// Add registers layers; app calls it once per service.
func (r *Registry) Add(ls ...*Layer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.layers = append(r.layers, ls...)
}

// All returns the layers that actor may see, in the order they were added.
func (r *Registry) All(actor access.Actor) []*Layer {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := []*Layer{}
	for _, l := range r.layers {
		if actor.Can(l.Permission, access.Scope{Service: l.Service}) {
			out = append(out, l)
		}
	}
	return out
}

// Get returns one layer if actor may see it.
func (r *Registry) Get(actor access.Actor, id string) (*Layer, error) {
	if !actor.Known() { // a stranger is not told what exists
		return nil, access.Require(actor, access.LayerView, access.Scope{})
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, l := range r.layers {
		if l.ID == id {
			return l, access.Require(actor, l.Permission, access.Scope{Service: l.Service})
		}
	}
	return nil, errUnknown.With("layer", id)
}
