package source

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/connector"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

// Create adds a source and returns it, secrets hidden, with its token. This
// is the only time that the token can be seen.
func (r *Registry) Create(ctx context.Context, actor access.Actor, d Draft) (Source, string, error) {
	if err := access.Require(actor, access.SourceEdit, access.Scope{Source: d.ID}); err != nil {
		return Source{}, "", err
	}
	s := Source{
		ID: d.ID, Name: strings.TrimSpace(vi.NFC(d.Name)), Kind: d.Kind, Config: object(d.Config), Mapping: d.Mapping,
		Enabled: d.Enabled, Unit: d.Unit, Provenance: d.Provenance, Shift: d.Shift, Rhythm: d.Rhythm,
	}
	if s.Provenance == "" {
		s.Provenance = Real
	}
	if s.ID == "" {
		s.ID = r.freeID(slug(vi.Fold(s.Name)))
	}
	if err := r.check(&s); err != nil {
		return Source{}, "", err
	}
	token := newSecret("ioc_")
	s.tokenHash, s.TokenHint = hash(token), token[len(token)-4:]
	err := r.write(ctx, actor, func(tx *store.Tx) error {
		s.Created, s.Changed = tx.Now, tx.Now
		if err := insertSource(tx, &s); err != nil {
			if store.IsUnique(err) {
				return errExists.With("id", s.ID)
			}
			return fmt.Errorf("insert source %s: %w", s.ID, err)
		}
		tx.Emit(r.event("created", nil, &s, "source "+s.Name+" created"))
		tx.After(func() { r.committed(&s) })
		return nil
	})
	if err != nil {
		return Source{}, "", err
	}
	return r.Masked(s), token, nil
}

// Update changes a source and returns it, secrets hidden.
func (r *Registry) Update(ctx context.Context, actor access.Actor, id string, p Patch) (Source, error) {
	return r.edit(ctx, actor, id, "updated", func(s *Source) error {
		set(&s.Enabled, p.Enabled)
		set(&s.Unit, p.Unit)
		set(&s.Provenance, p.Provenance)
		set(&s.Shift, p.Shift)
		set(&s.Rhythm, p.Rhythm)
		set(&s.Mapping, p.Mapping)
		if p.Name != nil {
			s.Name = strings.TrimSpace(vi.NFC(*p.Name))
		}
		if p.Config != nil {
			if !json.Valid(object(*p.Config)) {
				return errInvalid.With().At("config", errJSON.With())
			}
			s.Config = r.unmasked(s.Kind, object(*p.Config), s.Config)
		}
		return r.check(s)
	})
}

// Ensure makes the source with the draft's id be as the draft says: it is
// created, updated or, when nothing differs, left alone.
func (r *Registry) Ensure(ctx context.Context, actor access.Actor, d Draft) (Source, error) {
	s, ok := r.Get(d.ID)
	if !ok {
		s, _, err := r.Create(ctx, actor, d)
		return s, err
	}
	if d.Provenance == "" {
		d.Provenance = Real
	}
	config := object(d.Config)
	same := s.Name == strings.TrimSpace(vi.NFC(d.Name)) && s.Enabled == d.Enabled && s.Unit == d.Unit && s.Provenance == d.Provenance &&
		s.Shift == d.Shift && s.Rhythm == d.Rhythm && bytes.Equal(s.Config, config) && bytes.Equal(s.Mapping, d.Mapping)
	if same {
		return r.Masked(s), nil
	}
	return r.Update(ctx, actor, d.ID, Patch{
		Name: &d.Name, Config: &config, Mapping: &d.Mapping, Enabled: &d.Enabled, Unit: &d.Unit,
		Provenance: &d.Provenance, Shift: &d.Shift, Rhythm: &d.Rhythm,
	})
}

// RotateToken gives the source a new token and returns it; the old one is
// worth nothing from this moment.
func (r *Registry) RotateToken(ctx context.Context, actor access.Actor, id string) (string, error) {
	token := newSecret("ioc_")
	_, err := r.edit(ctx, actor, id, "token_rotated", func(s *Source) error {
		s.tokenHash, s.TokenHint = hash(token), token[len(token)-4:]
		return nil
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// Delete removes a source and its devices. Its datastreams and what they
// hold stay.
func (r *Registry) Delete(ctx context.Context, actor access.Actor, id string) error {
	if err := access.Require(actor, access.SourceEdit, access.Scope{Source: id}); err != nil {
		return err
	}
	return r.write(ctx, actor, func(tx *store.Tx) error {
		s, ok := r.Get(id)
		if !ok {
			return errNotFound.With("id", id)
		}
		if err := deleteSource(tx, id); err != nil {
			return fmt.Errorf("delete source %s: %w", id, err)
		}
		tx.Emit(r.event("deleted", &s, nil, "source "+s.Name+" deleted"))
		tx.After(func() {
			r.mu.Lock()
			r.drop(id)
			for name, d := range r.devices {
				if d.Source == id {
					delete(r.devices, name)
				}
			}
			r.mu.Unlock()
		})
		return nil
	})
}

func (r *Registry) edit(ctx context.Context, actor access.Actor, id, verb string, change func(*Source) error) (Source, error) {
	if err := access.Require(actor, access.SourceEdit, access.Scope{Source: id}); err != nil {
		return Source{}, err
	}
	var after Source
	err := r.write(ctx, actor, func(tx *store.Tx) error {
		before, ok := r.Get(id)
		if !ok {
			return errNotFound.With("id", id)
		}
		after = before
		if err := change(&after); err != nil {
			return err
		}
		after.Changed = tx.Now
		if err := updateSource(tx, &after); err != nil {
			return fmt.Errorf("update source %s: %w", id, err)
		}
		tx.Emit(r.event(verb, &before, &after, "source "+after.Name+" "+strings.ReplaceAll(verb, "_", " ")))
		tx.After(func() { r.committed(&after) })
		return nil
	})
	if err != nil {
		return Source{}, err
	}
	return r.Masked(after), nil
}

func (r *Registry) committed(s *Source) {
	kept := *s
	r.mu.Lock()
	r.keep(&kept)
	r.mu.Unlock()
}

// check asks the source and its connector kind.
func (r *Registry) check(s *Source) error {
	bad := s.check()
	if k, ok := r.kind(s.Kind); ok {
		if bad == nil && !k.Passive() {
			_, err := k.New(s.Config, connector.Deps{Source: s.ID, Mapping: s.Mapping})
			return err
		}
	} else if r.Kinds != nil && s.Kind != "" {
		if bad == nil {
			bad = errInvalid.With()
		}
		bad.At("kind", errKind.With("kind", s.Kind))
	}
	return orNil(bad)
}

// orNil keeps a nil *fault.Error from becoming an error that is not nil.
func orNil(e *fault.Error) error {
	if e == nil {
		return nil
	}
	return e
}

func (r *Registry) freeID(base string) string {
	if base == "" {
		base = "source"
	}
	for n := 1; ; n++ {
		id := base
		if n > 1 {
			id = fmt.Sprintf("%s-%d", base, n)
		}
		if _, taken := r.Get(id); !taken {
			return id
		}
	}
}

func (r *Registry) event(verb string, before, after *Source, summary string) store.Event {
	e := store.Event{Entity: "source", Summary: summary}
	if before != nil {
		e.EntityID, e.Before = before.ID, viewOf(r.Masked(*before))
	}
	if after != nil {
		e.EntityID, e.After = after.ID, viewOf(r.Masked(*after))
	}
	e.Subject = "ioc.source." + verb + "." + e.EntityID
	return e
}

// SourceView is a source as programs and trails see it.
type SourceView struct {
	ID            string          `json:"id"`
	Name          string          `json:"name"`
	Kind          string          `json:"kind"`
	Config        json.RawMessage `json:"config"`
	Mapping       json.RawMessage `json:"mapping,omitempty"`
	Enabled       bool            `json:"enabled"`
	Unit          string          `json:"unit,omitempty"`
	Provenance    string          `json:"provenance"`
	ShiftSeconds  float64         `json:"shift_seconds"`
	RhythmSeconds float64         `json:"rhythm_seconds"`
	TokenHint     string          `json:"token_hint"`
	Created       time.Time       `json:"created"`
	Changed       time.Time       `json:"changed"`
}

// viewOf expects secrets to be hidden already.
func viewOf(s Source) SourceView {
	v := SourceView{
		ID: s.ID, Name: s.Name, Kind: s.Kind, Config: s.Config, Mapping: s.Mapping, Enabled: s.Enabled, Unit: s.Unit,
		Provenance: s.Provenance, ShiftSeconds: s.Shift.Seconds(), RhythmSeconds: s.Rhythm.Seconds(),
		TokenHint: s.TokenHint, Created: s.Created, Changed: s.Changed,
	}
	if len(v.Mapping) == 0 {
		v.Mapping = nil
	}
	return v
}

func set[T any](field *T, v *T) {
	if v != nil {
		*field = *v
	}
}

func object(cfg json.RawMessage) json.RawMessage {
	if len(bytes.TrimSpace(cfg)) == 0 || string(cfg) == "null" {
		return json.RawMessage("{}")
	}
	return cfg
}
