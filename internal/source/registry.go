package source

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"log/slog"
	"sort"
	"sync"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

//go:embed migrations
var migrations embed.FS

// Registry holds the sources. Its methods are safe for concurrent use.
type Registry struct {
	// Kinds finds a connector kind: its config is checked by it and its
	// secrets are known from it. Set before the first call; nil knows no
	// kinds, then secrets are told by the names of their keys.
	Kinds func(name string) (connector.Kind, bool)

	db  *store.DB
	log *slog.Logger

	editing sync.Mutex // held by whoever changes something, until the maps show it

	mu        sync.RWMutex
	byID      map[string]*Source // values are never changed in place
	byToken   map[[32]byte]*Source
	devices   map[string]*Device
	listeners []func()
}

// New makes a registry over db; Load fills it.
func New(db *store.DB, log *slog.Logger) (*Registry, error) {
	if db == nil {
		return nil, fmt.Errorf("source registry needs a store")
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Registry{db: db, log: log, byID: map[string]*Source{}, byToken: map[[32]byte]*Source{}, devices: map[string]*Device{}}, nil
}

// Load migrates the tables and reads them.
func (r *Registry) Load(ctx context.Context) error {
	if err := r.db.Migrate(ctx, "source", migrations); err != nil {
		return err
	}
	return r.db.Read(ctx, func(tx *store.Tx) error {
		sources, err := readSources(tx)
		if err != nil {
			return err
		}
		devices, err := readDevices(tx)
		if err != nil {
			return err
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		clear(r.byID)
		clear(r.byToken)
		clear(r.devices)
		for i := range sources {
			r.keep(&sources[i])
		}
		for i := range devices {
			r.devices[devices[i].Username] = &devices[i]
		}
		return nil
	})
}

// keep puts s into the maps; the caller holds the lock.
func (r *Registry) keep(s *Source) {
	r.drop(s.ID)
	r.byID[s.ID] = s
	if h, ok := parseHash(s.tokenHash); ok {
		r.byToken[h] = s
	}
}

func (r *Registry) drop(id string) {
	if old, ok := r.byID[id]; ok {
		delete(r.byID, id)
		if h, ok := parseHash(old.tokenHash); ok {
			delete(r.byToken, h)
		}
	}
}

// OnChange calls f after each change of a source or a device.
func (r *Registry) OnChange(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listeners = append(r.listeners, f)
}

// write runs f in a transaction, one change at a time, so that what Get says
// inside f is the newest state; then it tells the listeners.
func (r *Registry) write(ctx context.Context, actor access.Actor, f func(tx *store.Tx) error) error {
	r.editing.Lock()
	err := r.db.Write(ctx, actor, f)
	r.editing.Unlock()
	if err != nil {
		return err
	}
	r.mu.RLock()
	fs := r.listeners
	r.mu.RUnlock()
	for _, f := range fs {
		f()
	}
	return nil
}

// Get returns a source with its secrets, for those who run it.
func (r *Registry) Get(id string) (Source, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	s, ok := r.byID[id]
	if !ok {
		return Source{}, false
	}
	return *s, true
}

// All returns every source with its secrets, in Vietnamese order of names,
// for those who run them.
func (r *Registry) All() []Source {
	r.mu.RLock()
	out := make([]Source, 0, len(r.byID))
	for _, s := range r.byID {
		out = append(out, *s)
	}
	r.mu.RUnlock()
	sort.Slice(out, func(i, j int) bool {
		a, b := vi.SortKey(out[i].Name), vi.SortKey(out[j].Name)
		return a < b || (a == b && out[i].ID < out[j].ID)
	})
	return out
}

// List returns the sources that actor may see, secrets hidden.
func (r *Registry) List(_ context.Context, actor access.Actor) ([]Source, error) {
	if err := access.Require(actor, access.SourceView, access.Scope{}); err != nil {
		return nil, err
	}
	all := r.All()
	for i := range all {
		all[i] = r.Masked(all[i])
	}
	return all, nil
}

// Masked returns s with the secrets of its config replaced by ***.
func (r *Registry) Masked(s Source) Source {
	if k, ok := r.kind(s.Kind); ok {
		s.Config = k.Redact(s.Config)
	} else {
		s.Config = maskByName(s.Config)
	}
	return s
}

// unmasked returns the edited config with every *** replaced by what was kept.
func (r *Registry) unmasked(kind string, edited, kept json.RawMessage) json.RawMessage {
	if k, ok := r.kind(kind); ok {
		return k.Restore(edited, kept)
	}
	return restoreByName(edited, kept)
}

func (r *Registry) kind(name string) (connector.Kind, bool) {
	if r.Kinds == nil {
		return connector.Kind{}, false
	}
	return r.Kinds(name)
}
