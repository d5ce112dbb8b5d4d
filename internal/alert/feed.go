package alert

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/live"
)

// The live topics.
const (
	topicAlerts   = "alerts"
	topicPresence = "presence"
)

const (
	// beat is the least time between two messages to the browsers: one alert
	// is shown at once, a storm in at most twenty batches a second.
	beat = 50 * time.Millisecond
	// mostBatch bounds one message; more follows in the next.
	mostBatch = 250
)

// delta is one message of the topic "alerts".
type delta struct {
	Kind   string            `json:"kind"` // the step, "raised" for a new one, or "batch"
	Alert  json.RawMessage   `json:"alert,omitempty"`
	Alerts []json.RawMessage `json:"alerts,omitempty"`
}

// feed gathers what changed and shows it to the browsers. People of a unit
// get what is theirs only.
type feed struct {
	hub  *live.Hub
	wake chan struct{}

	mu      sync.Mutex
	last    time.Time // when something was last published
	waiting []change
	at      map[string]int // where an alert waits
}

type change struct {
	verb  Verb
	alert Alert
}

func newFeed(hub *live.Hub) *feed {
	return &feed{hub: hub, wake: make(chan struct{}, 1), at: map[string]int{}}
}

// add shows a change: at once when it has been quiet, else with the next
// batch. Of one alert only the newest state waits.
func (f *feed) add(verb Verb, a Alert) {
	if f.hub == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if i, ok := f.at[a.ID]; ok {
		if f.waiting[i].verb != Raise { // still new to the browsers
			f.waiting[i].verb = verb
		}
		f.waiting[i].alert = a
		return
	}
	f.at[a.ID] = len(f.waiting)
	f.waiting = append(f.waiting, change{verb, a})
	// The wall's time: it is the browsers that must not be flooded.
	if now := time.Now(); now.Sub(f.last) >= beat {
		f.flush(now)
		return
	}
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// flush publishes what waits; the lock is held.
func (f *feed) flush(now time.Time) {
	n := min(len(f.waiting), mostBatch)
	if n == 0 {
		return
	}
	f.last = now
	batch := f.waiting[:n]
	f.waiting = append([]change(nil), f.waiting[n:]...)
	clear(f.at)
	for i := range f.waiting {
		f.at[f.waiting[i].alert.ID] = i
	}
	docs := make([]json.RawMessage, n)
	scopes := map[access.Scope][]int{}
	for i := range batch {
		a := &batch[i].alert
		doc, err := a.document()
		if err != nil {
			continue
		}
		docs[i] = withSize(doc, max(1, a.GroupSize))
		scopes[a.scope()] = append(scopes[a.scope()], i)
	}
	var all []int
	for i := range batch {
		if !batch[i].alert.Direct {
			all = append(all, i)
		}
	}
	if len(all) > 0 {
		f.publish(batch, docs, all, ofTheCity)
	}
	for scope, which := range scopes { // whoever is limited gets each alert once, with those of the same scope
		f.publish(batch, docs, which, func(a access.Actor) bool {
			r := a.Reach(access.AlertView)
			return !r.Everywhere() && r.Covers(scope)
		})
	}
}

func (f *feed) publish(batch []change, docs []json.RawMessage, which []int, who func(access.Actor) bool) {
	d := delta{Kind: "batch"}
	if len(which) == 1 {
		d = delta{Kind: string(batch[which[0]].verb), Alert: docs[which[0]]}
		if d.Kind == string(Raise) {
			d.Kind = "raised"
		}
	} else {
		for _, i := range which {
			d.Alerts = append(d.Alerts, docs[i])
		}
	}
	_ = f.hub.PublishTo(topicAlerts, d, who) // fails only when JSON does, and docs are JSON
}

// run publishes what waited for its beat, until ctx ends.
func (f *feed) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.wake:
		}
		for {
			f.mu.Lock()
			left := len(f.waiting)
			pauseFor := beat - time.Since(f.last)
			if left > 0 && pauseFor <= 0 {
				f.flush(time.Now())
				left = len(f.waiting)
				pauseFor = beat
			}
			f.mu.Unlock()
			if left == 0 {
				break
			}
			pause(ctx, pauseFor)
			if ctx.Err() != nil {
				return
			}
		}
	}
}
