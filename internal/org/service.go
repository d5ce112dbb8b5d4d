package org

import (
	"context"
	"embed"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/city"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options are what New needs.
type Options struct {
	Store *store.DB
	City  *city.City // the wards, the old districts and their successors; nil: agencies only
	// People counts the accounts of each unit; nil: none are known.
	People func(ctx context.Context) (map[string]int, error)
	// Work counts what is open at some units, as far as the actor may see it;
	// nil: nothing.
	Work   func(ctx context.Context, actor access.Actor, units []string) (Work, error)
	Clock  *clock.Clock
	Logger *slog.Logger // nil discards
}

// Work is what is open at a unit and below it; nil is what the actor may not
// see, or what nobody counts.
type Work struct {
	Alerts *int `json:"alerts"`
	Tasks  *int `json:"tasks"`
	Cases  *int `json:"cases"`
}

// Service keeps the units.
type Service struct {
	db      *store.DB
	shipped *Tree
	people  func(ctx context.Context) (map[string]int, error)
	work    func(ctx context.Context, actor access.Actor, units []string) (Work, error)
	clock   *clock.Clock
	log     *slog.Logger

	tree   atomic.Pointer[Tree]
	mu     sync.Mutex // one reading of the tree at a time
	onTurn []func(*Tree)
}

// New makes the table and reads the tree.
func New(ctx context.Context, o Options) (*Service, error) {
	s := &Service{db: o.Store, people: o.People, work: o.Work, clock: o.Clock, log: o.Logger}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	lives, alias, err := shipped(o.City)
	if err != nil {
		return nil, err
	}
	s.shipped = newTree(lives, alias)
	if err := s.db.Migrate(ctx, "org", migrations); err != nil {
		return nil, err
	}
	return s, s.renew(ctx)
}

// Tree is the picture of now: read at the last change, or at most a minute
// ago. It is never nil and never waits.
func (s *Service) Tree() *Tree { return s.tree.Load() }

// renewEvery is how long a change of another program on the same database may
// stay unseen.
const renewEvery = time.Minute

// Run renews the tree each minute until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := s.renew(ctx); err != nil && ctx.Err() == nil {
				s.log.Warn("the units cannot be read; those known last are believed", "err", err)
			}
		}
	}
}

// OnTurn calls f with each new tree after something changed in it; set it
// before the service is used.
func (s *Service) OnTurn(f func(*Tree)) { s.onTurn = append(s.onTurn, f) }

func (s *Service) renew(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lives map[string][]Unit
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		lives, err = listLives(tx)
		return err
	})
	if err != nil {
		return err
	}
	next := s.shipped.with(lives)
	if old := s.tree.Load(); old != nil && maps.EqualFunc(old.lives, next.lives, sameLives) {
		return nil // what was worked out of it stays
	}
	s.tree.Store(next)
	for _, f := range s.onTurn {
		f(next)
	}
	return nil
}

// read is the tree as a transaction sees it.
func (s *Service) read(tx *store.Tx) (*Tree, error) {
	lives, err := listLives(tx)
	if err != nil {
		return nil, err
	}
	return s.shipped.with(lives), nil
}
