package outbox

import (
	"encoding/json"
	"fmt"
	"time"

	"openioc.org/ioc/internal/store"
)

// MaxFact is the greatest message made, in bytes. A fact above it travels
// without Before and After and says so: it must not stop those behind it.
const MaxFact = 1 << 20

// Fact is an event as it travels on the bus.
type Fact struct {
	ID       string          `json:"id"`
	At       time.Time       `json:"at"`
	Actor    Actor           `json:"actor"`
	Subject  string          `json:"subject"`
	Entity   string          `json:"entity"`
	EntityID string          `json:"entity_id"`
	Before   json.RawMessage `json:"before,omitempty"`
	After    json.RawMessage `json:"after,omitempty"`
	Summary  string          `json:"summary"`
	Omitted  bool            `json:"omitted,omitempty"` // before and after were too large to send
}

// Actor is who caused a fact.
type Actor struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	Unit string `json:"unit,omitempty"`
}

// encode makes the message of an event.
func encode(e store.Event) (string, error) {
	f := Fact{
		ID: e.ID, At: e.At, Actor: Actor{ID: e.Actor.ID, Name: e.Actor.Name, Unit: e.Actor.Unit},
		Subject: e.Subject, Entity: e.Entity, EntityID: e.EntityID, Summary: e.Summary,
	}
	for _, side := range []struct {
		from any
		to   *json.RawMessage
	}{{e.Before, &f.Before}, {e.After, &f.After}} {
		if side.from == nil {
			continue
		}
		raw, err := json.Marshal(side.from)
		if err != nil {
			return "", fmt.Errorf("marshal %s: %w", e.Entity, err)
		}
		*side.to = raw
	}
	if len(f.Before)+len(f.After) > MaxFact-4096 {
		f.Before, f.After, f.Omitted = nil, nil, true
	}
	data, err := json.Marshal(f)
	return string(data), err
}
