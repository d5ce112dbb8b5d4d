package app

import (
	"context"
	"sync"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/live"
	"openioc.org/ioc/internal/sensing"
)

const (
	obsEvery     = 200 * time.Millisecond // how often new observations go out to screens
	changedEvery = 2 * time.Second        // how often screens are told to ask again for figures
)

// liveObs is one observation on the wire: only what a moving map needs.
type liveObs struct {
	Datastream string  `json:"ds"`
	Thing      string  `json:"thing"`
	T          int64   `json:"t"` // unix ms
	V          float64 `json:"v"`
	Flags      uint32  `json:"f"`
}

// fanout tells browsers what was stored. Between two ticks only the newest
// observation of each datastream is kept, so that a screen costs the same at
// ten and at ten thousand observations a second.
type fanout struct {
	hub   *live.Hub
	thing func(datastream string) string

	mu      sync.Mutex
	newest  map[string]liveObs
	changed bool
}

func newFanout(hub *live.Hub, thing func(string) string) *fanout {
	f := &fanout{hub: hub, thing: thing, newest: map[string]liveObs{}}
	hub.Topic("observations", access.LayerView, nil)
	hub.Topic("flood", access.LayerView, nil)
	hub.Topic("figures", access.LayerView, nil)
	hub.Topic("sources", access.SourceView, nil)
	return f
}

// stored is called by ingest after observations reached the series.
func (f *fanout) stored(obs []sensing.Observation) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.changed = true
	for i := range obs {
		t := obs[i].Time.UnixMilli()
		if old, ok := f.newest[obs[i].Datastream]; ok && old.T > t {
			continue
		}
		f.newest[obs[i].Datastream] = liveObs{Datastream: obs[i].Datastream, T: t, V: obs[i].Value, Flags: uint32(obs[i].Flags)}
	}
}

func (f *fanout) take() []liveObs {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]liveObs, 0, len(f.newest))
	for id, o := range f.newest {
		o.Thing = f.thing(id)
		out = append(out, o)
	}
	clear(f.newest)
	return out
}

func (f *fanout) takeChanged() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.changed
	f.changed = false
	return c
}

// run publishes until ctx ends.
func (f *fanout) run(ctx context.Context) error {
	obs, changed := time.NewTicker(obsEvery), time.NewTicker(changedEvery)
	defer obs.Stop()
	defer changed.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-obs.C:
			if batch := f.take(); len(batch) > 0 {
				if err := f.hub.Publish("observations", map[string]any{"obs": batch}); err != nil {
					return err
				}
			}
		case <-changed.C:
			if !f.takeChanged() {
				continue
			}
			for _, topic := range []string{"flood", "figures", "sources"} {
				if err := f.hub.Publish(topic, map[string]bool{"changed": true}); err != nil {
					return err
				}
			}
		}
	}
}
