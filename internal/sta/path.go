package sta

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"openioc.org/ioc/internal/fault"
)

var (
	errPath     = fault.Define(fault.NotFound, "sta.path", "position {position}: there is no {what} here", "vị trí {position}: không có {what} ở đây")
	errNoEntity = fault.Define(fault.NotFound, "sta.not_found", "there is no {entity} {id}", "không có {entity} {id}")
)

// maxSegments is the longest chain of navigations in an address.
const maxSegments = 12

// step is one segment of an address: Things('x') is {name: Things, key: x}.
type step struct {
	name   string
	key    string
	hasKey bool
	at     int // character of the address where it begins, from 1
}

// parsePath cuts what stands behind the service root into steps.
func parsePath(path string) ([]step, error) {
	var out []step
	at := 1
	for rest := strings.Trim(path, "/"); rest != ""; {
		if len(out) == maxSegments {
			return nil, errPath.With("position", at, "what", fmt.Sprintf("%d.", maxSegments+1))
		}
		s := step{at: at}
		n := strings.IndexAny(rest, "/(")
		if n < 0 {
			n = len(rest)
		}
		s.name = rest[:n]
		used := n
		if n < len(rest) && rest[n] == '(' {
			key, length, ok := parseKey(rest[n:])
			if !ok {
				return nil, errPath.With("position", at+utf8.RuneCountInString(rest[:n]), "what", "key")
			}
			s.key, s.hasKey = key, true
			used += length
		}
		if used < len(rest) && rest[used] != '/' {
			return nil, errPath.With("position", at+utf8.RuneCountInString(rest[:used]), "what", "/")
		}
		if s.name == "" {
			return nil, errPath.With("position", at, "what", "entity")
		}
		at += utf8.RuneCountInString(rest[:used]) + 1
		rest = strings.TrimPrefix(rest[used:], "/")
		out = append(out, s)
	}
	return out, nil
}

// parseKey reads ('id') or (id); a quote inside is doubled.
func parseKey(s string) (key string, length int, ok bool) {
	if len(s) < 3 {
		return "", 0, false
	}
	if s[1] != '\'' {
		i := strings.IndexByte(s, ')')
		return s[1:max(i, 1)], i + 1, i > 1
	}
	var b strings.Builder
	for i := 2; i < len(s); i++ {
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		if i+1 < len(s) && s[i+1] == ')' {
			return b.String(), i + 2, b.Len() > 0
		}
		return "", 0, false
	}
	return "", 0, false
}

// target is what an address leads to.
type target struct {
	typ    *entity
	single bool
	value  any   // the entity, when single
	list   []any // the members of a collection, unless scope holds them
	scope  *scope

	parentType *entity // what the last navigation started from
	parent     any
	nav        *navigation

	self  string // the address below the root
	prop  *property
	inner []string // steps into a JSON property
	raw   bool     // /$value
	ref   bool     // /$ref
}

// resolve walks an address.
func (r *run) resolve(steps []step) (*target, error) {
	e := r.s.model.set(steps[0].name)
	if e == nil {
		return nil, errPath.With("position", steps[0].at, "what", steps[0].name)
	}
	t := &target{typ: e, self: e.set}
	if err := r.fill(t); err != nil {
		return nil, err
	}
	if err := r.key(t, steps[0]); err != nil {
		return nil, err
	}
	for i := 1; i < len(steps); i++ {
		if done, err := r.walk(t, steps, i); err != nil || done {
			return t, err
		}
	}
	return t, nil
}

// walk takes one step; done means that the rest of the steps was read too.
func (r *run) walk(t *target, steps []step, i int) (done bool, err error) {
	s := steps[i]
	last := i == len(steps)-1
	none := errPath.With("position", s.at, "what", s.name)
	if s.name == "$ref" && last && !s.hasKey {
		t.ref = true
		return true, nil
	}
	if !t.single {
		return false, none
	}
	if n := t.typ.nav(s.name); n != nil {
		if err := r.navigate(t, n); err != nil {
			return false, err
		}
		return false, r.key(t, s)
	}
	name := s.name
	if name == "id" {
		name = "@iot.id"
	}
	p := t.typ.prop(name)
	if p == nil || s.hasKey {
		return false, none
	}
	t.prop = p
	for _, s := range steps[i+1:] {
		if s.name == "$value" && !s.hasKey && !t.raw {
			t.raw = true
			continue
		}
		if p.class != anything || s.hasKey || t.raw {
			return false, errPath.With("position", s.at, "what", s.name)
		}
		t.inner = append(t.inner, s.name)
	}
	return true, nil
}

func (r *run) navigate(t *target, n *navigation) error {
	parent := t.value
	t.parentType, t.parent, t.nav = t.typ, parent, n
	t.typ, t.self = n.to, t.typ.set+quoteID(t.typ.id(parent))+"/"+n.name
	t.single, t.value, t.list, t.scope = false, nil, nil, nil
	if n.scope != nil {
		sc, err := n.scope(r, parent)
		t.scope = &sc
		return err
	}
	t.list = n.get(r, parent)
	if n.many {
		return nil
	}
	if len(t.list) == 0 {
		return errNoEntity.With("entity", n.to.name, "id", t.self)
	}
	t.single, t.value, t.list = true, t.list[0], nil
	return nil
}

// fill makes t the whole set of its entities.
func (r *run) fill(t *target) error {
	m := r.s.model
	switch t.typ {
	case m.things:
		t.list = anys(r.snap.Things())
	case m.locations:
		t.list = anys(r.snap.Locations())
	case m.history:
		t.list = anys(r.snap.History())
	case m.datastreams:
		t.list = anys(r.snap.Datastreams())
	case m.sensors:
		t.list = anys(r.snap.Sensors())
	case m.properties:
		t.list = anys(r.snap.ObservedProperties())
	case m.features:
		t.list = anys(r.snap.Features())
	case m.observations:
		t.scope = &scope{streams: r.snap.Datastreams()}
	}
	return nil
}

// key picks one member of a collection.
func (r *run) key(t *target, s step) error {
	if !s.hasKey {
		return nil
	}
	none := errNoEntity.With("entity", t.typ.name, "id", s.key)
	if t.single {
		return none
	}
	if t.scope != nil {
		return r.observationKey(t, s.key)
	}
	for _, v := range t.list {
		if t.typ.id(v) == s.key {
			t.single, t.value, t.list = true, v, nil
			t.self = t.typ.set + quoteID(s.key)
			return nil
		}
	}
	return none
}

func (r *run) observationKey(t *target, key string) error {
	none := errNoEntity.With("entity", t.typ.name, "id", key)
	id, ms, ok := splitID(key)
	if !ok {
		return none
	}
	var narrowed scope
	for _, d := range t.scope.streams {
		if d.ID == id {
			narrowed.streams = append(narrowed.streams, d)
		}
	}
	for _, s := range t.scope.single {
		for _, at := range s.times {
			if s.stream.ID == id && at.UnixMilli() == ms {
				narrowed.single = append(narrowed.single, instants{s.stream, []time.Time{at}})
			}
		}
	}
	return r.oneObservation(t, narrowed, bounds{ms, ms}, none)
}

func (r *run) oneObservation(t *target, sc scope, b bounds, none error) error {
	var found *observation
	err := r.each(sc, &b, false, func(o *observation) (bool, error) {
		found = o
		return false, nil
	})
	if err != nil {
		return err
	}
	if found == nil {
		return none
	}
	t.single, t.value, t.scope = true, found, nil
	t.self = t.typ.set + quoteID(found.id())
	return nil
}
