// Package live fans changes out to browsers as server-sent events: a snapshot
// first, then deltas, resumable by sequence. A reader that cannot keep up is
// cut off and comes back by itself with its last id; it is never waited for.
package live

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/uid"
)

const (
	keep   = 2048 // deltas kept for those who come back
	buffer = 256  // deltas a slow reader may be behind
)

// Hub holds the topics and their readers.
type Hub struct {
	mu      sync.Mutex
	epoch   string // changes with each start: ids of another life are not ours
	seq     uint64
	ring    []message
	readers map[*reader]struct{}
	topics  map[string]topic
	closed  bool
}

type topic struct {
	permission access.Permission
	snapshot   func(ctx context.Context) (any, error)
}

type message struct {
	seq   uint64
	topic string
	event string
	data  json.RawMessage
	who   func(access.Actor) bool // nil: everybody who may read the topic
}

// to reports whether the reader may get the message.
func (m *message) to(r *reader) bool { return r.topics[m.topic] && (m.who == nil || m.who(r.actor)) }

type reader struct {
	actor  access.Actor
	topics map[string]bool
	ch     chan message
}

var (
	errTopic  = fault.Define(fault.NotFound, "live.unknown_topic", "there is no live topic {topic}", "không có luồng {topic}")
	errClosed = fault.Define(fault.Unavailable, "live.closed", "the server is stopping", "máy chủ đang dừng")
)

// New returns an empty hub.
func New() *Hub {
	return &Hub{epoch: uid.Secret(16)[:8], readers: map[*reader]struct{}{}, topics: map[string]topic{}}
}

// Topic declares a topic, who may read it and what a reader gets first;
// snapshot may be nil where deltas alone make sense.
func (h *Hub) Topic(name string, p access.Permission, snapshot func(ctx context.Context) (any, error)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.topics[name] = topic{permission: p, snapshot: snapshot}
}

// Publish sends v to the readers of topicName as a delta.
func (h *Hub) Publish(topicName string, v any) error { return h.PublishTo(topicName, v, nil) }

// PublishTo is Publish for those readers only of whom who says so: what
// concerns one unit or one person. who is called with the hub locked and must
// return at once; nil lets everybody have it.
func (h *Hub) PublishTo(topicName string, v any, who func(access.Actor) bool) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("publish %s: %w", topicName, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seq++
	m := message{seq: h.seq, topic: topicName, event: "delta", data: data, who: who}
	if len(h.ring) == keep {
		copy(h.ring, h.ring[1:])
		h.ring = h.ring[:keep-1]
	}
	h.ring = append(h.ring, m)
	for r := range h.readers {
		if !m.to(r) {
			continue
		}
		select {
		case r.ch <- m:
		default:
			h.drop(r)
		}
	}
	return nil
}

// Readers counts the connected readers.
func (h *Hub) Readers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.readers)
}

// Close lets every reader go.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for r := range h.readers {
		h.drop(r)
	}
}

func (h *Hub) drop(r *reader) {
	if _, ok := h.readers[r]; ok {
		delete(h.readers, r)
		close(r.ch)
	}
}

// join registers a reader and says what it must be sent before the channel's
// deltas: the deltas it missed, or snapshots of the topics in fresh.
func (h *Hub) join(actor access.Actor, names []string, lastID string) (r *reader, missed []message, fresh map[string]topic, at uint64, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, nil, nil, 0, errClosed.With()
	}
	if len(names) == 0 {
		if err := access.Require(actor, access.LayerView, access.Scope{}); err != nil {
			return nil, nil, nil, 0, err
		}
		return nil, nil, nil, 0, errTopic.With("topic", "")
	}
	r = &reader{actor: actor, topics: map[string]bool{}, ch: make(chan message, buffer)}
	fresh = map[string]topic{}
	for _, n := range names {
		t, ok := h.topics[n]
		if !ok {
			return nil, nil, nil, 0, errTopic.With("topic", n)
		}
		if err := access.Require(actor, t.permission, access.Scope{}); err != nil {
			return nil, nil, nil, 0, err
		}
		r.topics[n] = true
		fresh[n] = t
	}
	h.readers[r] = struct{}{}
	if after, ok := h.parse(lastID); ok && len(h.ring) > 0 && after+1 >= h.ring[0].seq && after <= h.seq {
		for _, m := range h.ring {
			if m.seq > after && m.to(r) {
				missed = append(missed, m)
			}
		}
		fresh = nil
	}
	return r, missed, fresh, h.seq, nil
}

func (h *Hub) parse(id string) (uint64, bool) {
	epoch, n, ok := strings.Cut(id, "-")
	if !ok || epoch != h.epoch {
		return 0, false
	}
	seq, err := strconv.ParseUint(n, 10, 64)
	return seq, err == nil
}

func (h *Hub) leave(r *reader) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(r)
}
