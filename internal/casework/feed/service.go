package feed

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options are what New needs.
type Options struct {
	Store *store.DB
	Cases *casework.Service
	// Guard says where systems may be reached; nil allows public addresses only.
	Guard *connector.Guard
	// Roots are the folders of this machine that may be watched; the first
	// holds the drop folders of systems that name none.
	Roots []string
	// Choices are what a word of a kind may mean: casework.UnitWord the units
	// in force, casework.OfficerWord the accounts that the actor may know of.
	// Nil suggests none; states and procedures are known without it.
	Choices func(ctx context.Context, actor access.Actor, kind string) ([]Choice, error)
	Clock   *clock.Clock // nil is the system's
	Logger  *slog.Logger // nil discards
}

// Service keeps the one-stop systems and reads them. Safe for concurrent use.
type Service struct {
	db    *store.DB
	cases *casework.Service
	guard *connector.Guard
	roots []string
	clock *clock.Clock
	log   *slog.Logger

	choices func(ctx context.Context, actor access.Actor, kind string) ([]Choice, error)

	changed chan struct{} // a system was made, changed or deleted

	mu      sync.Mutex
	rounds  map[string]*sync.Mutex // one round of a system at a time
	running map[string]bool
	workers map[string]*worker
	waiting map[string]map[string]sighting // files that have to stand still
}

// New makes the tables; Run reads the systems.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Store == nil || o.Cases == nil {
		return nil, errors.New("casework/feed needs records and casework")
	}
	s := &Service{
		db: o.Store, cases: o.Cases, guard: o.Guard, roots: o.Roots, clock: o.Clock, log: o.Logger, choices: o.Choices,
		changed: make(chan struct{}, 1), rounds: map[string]*sync.Mutex{}, running: map[string]bool{}, workers: map[string]*worker{}, waiting: map[string]map[string]sighting{},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.db.Migrate(ctx, "casework_feed", migrations); err != nil {
		return nil, err
	}
	o.Cases.KeepRejected(s)
	return s, nil
}

// Masked is a system as it may be shown: its secrets read ***.
func Masked(s System) System {
	if k, ok := kindOf(s.Kind); ok {
		s.Config = k.Redact(s.Config)
	}
	s.tokenHash = ""
	return s
}

// Draft is a system to be made.
type Draft struct {
	ID, Name, Kind  string
	Config, Mapping json.RawMessage
	Enabled         bool
	Every           time.Duration
	Synthetic       bool
}

// Patch changes a system; nil leaves as it is.
type Patch struct {
	Name            *string
	Config, Mapping *json.RawMessage
	Enabled         *bool
	Every           *time.Duration
	Synthetic       *bool
	Restart         bool // read everything again from the start
}

// Create connects a system. The token is shown this once; only systems that
// send have one.
func (s *Service) Create(ctx context.Context, actor access.Actor, d Draft) (System, string, error) {
	if err := access.Require(actor, access.CaseConnect, access.Scope{}); err != nil {
		return System{}, "", err
	}
	sys := System{
		ID: d.ID, Name: strings.TrimSpace(d.Name), Kind: d.Kind, Config: object(d.Config), Mapping: object(d.Mapping), Enabled: d.Enabled, Every: d.Every,
		Synthetic: d.Synthetic, State: StateNever,
	}
	if sys.Every == 0 {
		sys.Every = usualEvery
	}
	given := sys.ID != ""
	if !given {
		sys.ID = idFrom(sys.Name)
	}
	if err := sys.check(); err != nil {
		return System{}, "", err
	}
	token := ""
	if sys.Kind == KindPush {
		token = sys.renewToken()
	}
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		for n := 2; ; n++ {
			_, taken, err := findSystem(tx, sys.ID)
			if err != nil {
				return err
			}
			if !taken {
				break
			}
			if given || n > 99 {
				return errTaken.With("id", sys.ID)
			}
			sys.ID = idFrom(sys.Name) + "-" + string(rune('0'+n/10)) + string(rune('0'+n%10))
		}
		sys.Created, sys.Changed = tx.Now, tx.Now
		if err := insertSystem(tx, &sys); err != nil {
			return err
		}
		if err := s.name(tx, &sys); err != nil {
			return err
		}
		tx.Emit(event("system_created", nil, &sys, "Kết nối hệ thống một cửa "+sys.Name))
		tx.After(s.wake)
		return nil
	})
	if err != nil {
		return System{}, "", err
	}
	return s.shown(sys), token, nil
}

// Update changes a system. Secrets that read *** stay as they are.
func (s *Service) Update(ctx context.Context, actor access.Actor, id string, p Patch) (System, error) {
	return s.edit(ctx, actor, id, "system_changed", "Sửa kết nối ", func(sys *System) error {
		set(&sys.Name, p.Name)
		sys.Name = strings.TrimSpace(sys.Name)
		if p.Config != nil {
			sys.Config = object(*p.Config)
			if k, ok := kindOf(sys.Kind); ok {
				sys.Config = k.Restore(sys.Config, sys.kept)
			}
		}
		if p.Mapping != nil {
			sys.Mapping = object(*p.Mapping)
		}
		set(&sys.Enabled, p.Enabled)
		set(&sys.Every, p.Every)
		set(&sys.Synthetic, p.Synthetic)
		if p.Restart {
			sys.mark, sys.Shown = mark{}, ""
		}
		return sys.check()
	})
}

// RotateToken gives a system that sends a new token; the old one ends.
func (s *Service) RotateToken(ctx context.Context, actor access.Actor, id string) (System, string, error) {
	token := ""
	sys, err := s.edit(ctx, actor, id, "system_token", "Cấp token mới cho ", func(sys *System) error {
		if sys.Kind != KindPush {
			return errNoToken.With("name", sys.Name)
		}
		token = sys.renewToken()
		return nil
	})
	if err != nil {
		return System{}, "", err
	}
	return sys, token, nil
}

var errNoToken = fault.Define(fault.Invalid, "casefeed.no_token", "{name} does not send, so it has no token", "{name} không gửi bản tin nên không có token")

// Delete forgets a system and its rejected rows. Its files stay.
func (s *Service) Delete(ctx context.Context, actor access.Actor, id string) error {
	if err := access.Require(actor, access.CaseConnect, access.Scope{}); err != nil {
		return err
	}
	return s.db.Write(ctx, actor, func(tx *store.Tx) error {
		sys, ok, err := findSystem(tx, id)
		if err != nil {
			return err
		}
		if !ok {
			return errNotFound.With("id", id)
		}
		if err := deleteSystem(tx, id); err != nil {
			return err
		}
		tx.Emit(event("system_deleted", &sys, nil, "Xoá kết nối "+sys.Name))
		tx.After(s.wake)
		return nil
	})
}

// Systems lists the systems, their secrets hidden.
func (s *Service) Systems(ctx context.Context, actor access.Actor) ([]System, error) {
	if err := access.Require(actor, access.CaseConnect, access.Scope{}); err != nil {
		return nil, err
	}
	var out []System
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		out, err = listSystems(tx)
		return err
	})
	for i := range out {
		out[i] = s.shown(out[i])
	}
	return out, err
}

// System is one of them.
func (s *Service) System(ctx context.Context, actor access.Actor, id string) (System, error) {
	if err := access.Require(actor, access.CaseConnect, access.Scope{}); err != nil {
		return System{}, err
	}
	sys, err := s.find(ctx, id)
	if err != nil {
		return System{}, err
	}
	return s.shown(sys), nil
}

func (s *Service) find(ctx context.Context, id string) (sys System, err error) {
	ok := false
	err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
		sys, ok, err = findSystem(tx, id)
		return err
	})
	if err == nil && !ok {
		err = errNotFound.With("id", id)
	}
	return sys, err
}

// shown hides secrets and adds what only the runner knows.
func (s *Service) shown(sys System) System {
	sys = Masked(sys)
	s.mu.Lock()
	running := s.running[sys.ID]
	s.mu.Unlock()
	switch {
	case running:
		sys.State = StateRunning
	case !sys.Enabled:
		sys.State = StateOff
	}
	return sys
}

func (s *Service) edit(ctx context.Context, actor access.Actor, id, verb, summary string, change func(*System) error) (System, error) {
	if err := access.Require(actor, access.CaseConnect, access.Scope{}); err != nil {
		return System{}, err
	}
	var after System
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		before, ok, err := findSystem(tx, id)
		if err != nil {
			return err
		}
		if !ok {
			return errNotFound.With("id", id)
		}
		after = before
		after.kept = slices.Clone(before.Config)
		if err := change(&after); err != nil {
			return err
		}
		after.Changed = tx.Now
		if !after.Changed.After(before.Changed) { // a version, also within one instant
			after.Changed = before.Changed.Add(time.Microsecond)
		}
		if err := updateSystem(tx, &after); err != nil {
			return err
		}
		if after.Name != before.Name || after.Synthetic != before.Synthetic {
			if err := s.name(tx, &after); err != nil {
				return err
			}
		}
		tx.Emit(event(verb, &before, &after, summary+after.Name))
		tx.After(s.wake)
		return nil
	})
	if err != nil {
		return System{}, err
	}
	return s.shown(after), nil
}

// name tells casework what the system is called.
func (s *Service) name(tx *store.Tx, sys *System) error {
	return s.cases.NameSystem(tx, sys.ID, sys.Name, sys.Synthetic)
}

func (s *Service) wake() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// actor is who imports for a system.
func (sys *System) actor() access.Actor { return access.System("casework-feed:" + sys.ID) }

func (sys *System) renewToken() string {
	token := "mc_" + uid.Secret(20)
	h := sha256.Sum256([]byte(token))
	sys.tokenHash, sys.TokenHint = hex.EncodeToString(h[:]), token[:7]+"…"
	return token
}

// holds reports whether token is the system's; its time tells nothing.
func (sys *System) holds(token string) bool {
	h := sha256.Sum256([]byte(token))
	return sys.tokenHash != "" && subtle.ConstantTimeCompare([]byte(hex.EncodeToString(h[:])), []byte(sys.tokenHash)) == 1
}

// trace is a system as the audit keeps it.
type trace struct {
	Name      string          `json:"name"`
	Kind      string          `json:"kind"`
	Config    json.RawMessage `json:"config"`
	Mapping   json.RawMessage `json:"mapping"`
	Enabled   bool            `json:"enabled"`
	Every     float64         `json:"every_seconds"`
	Synthetic bool            `json:"synthetic"`
	TokenHint string          `json:"token_hint"`
	Mark      string          `json:"mark"`
}

func traceOf(s *System) any {
	m := Masked(*s)
	return trace{Name: m.Name, Kind: m.Kind, Config: m.Config, Mapping: m.Mapping, Enabled: m.Enabled, Every: m.Every.Seconds(), Synthetic: m.Synthetic, TokenHint: m.TokenHint, Mark: m.Shown}
}

func event(verb string, before, after *System, summary string) store.Event {
	e := store.Event{Entity: "case_system", Summary: summary}
	if before != nil {
		e.EntityID, e.Before = before.ID, traceOf(before)
	}
	if after != nil {
		e.EntityID, e.After = after.ID, traceOf(after)
	}
	e.Subject = "ioc.case." + verb + "." + e.EntityID
	return e
}

func set[T any](field *T, v *T) {
	if v != nil {
		*field = *v
	}
}
