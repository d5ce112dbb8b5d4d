package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"openioc.org/ioc/internal/store"
)

// Entry is one record of the trail.
type Entry struct {
	Seq      int64           `json:"seq" doc:"1, 2, 3 … without gaps"`
	ID       string          `json:"id" doc:"the event's id, the same as on the bus"`
	At       time.Time       `json:"at"`
	Actor    Actor           `json:"actor"`
	Subject  string          `json:"subject" example:"ioc.source.created.01k"`
	Entity   string          `json:"entity" example:"source"`
	EntityID string          `json:"entity_id"`
	Summary  string          `json:"summary"`
	Before   json.RawMessage `json:"before,omitempty" doc:"what it was; missing when it is new"`
	After    json.RawMessage `json:"after,omitempty" doc:"what it became; missing when it is gone"`
	Previous string          `json:"previous" doc:"hash of the entry before, empty for the first"`
	Hash     string          `json:"hash" doc:"SHA-256 over previous and this entry, hex"`
}

// Actor is who did it.
type Actor struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Unit    string `json:"unit,omitempty"`
	Address string `json:"address,omitempty" doc:"from where: the address of the request"`
}

func entryOf(e store.Event) (Entry, error) {
	before, err := marshal(e.Before)
	if err != nil {
		return Entry{}, fmt.Errorf("marshal %s before: %w", e.Entity, err)
	}
	after, err := marshal(e.After)
	if err != nil {
		return Entry{}, fmt.Errorf("marshal %s after: %w", e.Entity, err)
	}
	return Entry{
		ID: e.ID, At: e.At, Actor: Actor{ID: e.Actor.ID, Name: e.Actor.Name, Unit: e.Actor.Unit, Address: e.Actor.Address},
		Subject: e.Subject, Entity: e.Entity, EntityID: e.EntityID, Summary: e.Summary,
		Before: before, After: after,
	}, nil
}

func marshal(v any) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	return json.Marshal(v)
}

// sum is the hash of an entry: SHA-256 over the hash before it and its fields
// as netstrings ("5:abcde,"), which no two different entries share.
func (e *Entry) sum() string {
	h := sha256.New()
	fields := []string{
		e.Previous, strconv.FormatInt(e.Seq, 10), e.ID, strconv.FormatInt(store.Micros(e.At), 10),
		e.Actor.ID, e.Actor.Name, e.Actor.Unit,
		e.Subject, e.Entity, e.EntityID, e.Summary, string(e.Before), string(e.After),
	}
	if e.Actor.Address != "" { // entries of the time before had none, and keep their hashes
		fields = append(fields, e.Actor.Address)
	}
	for _, field := range fields {
		fmt.Fprintf(h, "%d:%s,", len(field), field)
	}
	return hex.EncodeToString(h.Sum(nil))
}

const columns = "seq, id, at, actor, actor_name, actor_unit, subject, entity, entity_id, summary, before, after, previous, hash, address"

func scanEntry(scan store.Scan) (e Entry, err error) {
	var at int64
	var before, after string
	err = scan(&e.Seq, &e.ID, &at, &e.Actor.ID, &e.Actor.Name, &e.Actor.Unit, &e.Subject, &e.Entity, &e.EntityID,
		&e.Summary, &before, &after, &e.Previous, &e.Hash, &e.Actor.Address)
	e.At = store.FromMicros(at)
	if before != "" {
		e.Before = json.RawMessage(before)
	}
	if after != "" {
		e.After = json.RawMessage(after)
	}
	return e, err
}
