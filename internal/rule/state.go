package rule

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/store"
)

// stateKey is one rule on one series.
type stateKey struct{ rule, series string }

// state is what is known of it: the machine after its last change, and what
// was told last.
type state struct {
	kept
	machine eval.Machine
	told    alertevent.Condition // zero: nothing yet
}

func (st *state) key() stateKey { return stateKey{st.Rule, st.Series} }

// differs reports whether the world was told something else than what is.
func (st *state) differs() bool { return int(st.told.Severity) != st.Severity }

// apply takes over a change.
func (st *state) apply(t *eval.Transition) {
	st.machine = t.Machine
	st.Rule, st.Series, st.Version = t.Rule, t.Series.ID, t.Version
	st.Severity, st.At = int(t.To), t.At
	if t.To > 0 {
		st.Since = t.Since
	}
}

// rest makes it a state of nothing, as when its rule is gone.
func (st *state) rest(at time.Time) {
	st.Severity, st.machine = 0, eval.Machine{Rule: st.Rule, Series: st.Series, At: at.UnixMilli()}
	if at.After(st.At) {
		st.At = at
	}
}

func (st *state) write(tx *store.Tx) error {
	snapshot, err := json.Marshal(st.machine)
	if err != nil {
		return err
	}
	told := st.told
	told.Evidence = nil // the fact has it
	raw, err := json.Marshal(told)
	if err != nil {
		return err
	}
	st.Snapshot, st.Told = string(snapshot), string(raw)
	return putKept(tx, st.kept)
}

func readState(k kept) (*state, error) {
	st := &state{kept: k}
	if err := json.Unmarshal([]byte(k.Snapshot), &st.machine); err != nil {
		return nil, fmt.Errorf("state of rule %s on %s: %w", k.Rule, k.Series, err)
	}
	if err := json.Unmarshal([]byte(k.Told), &st.told); err != nil {
		return nil, fmt.Errorf("condition of rule %s on %s: %w", k.Rule, k.Series, err)
	}
	return st, nil
}

func (r *runner) sorted() []*state {
	out := slices.Collect(maps.Values(r.states))
	slices.SortFunc(out, func(a, b *state) int {
		if c := strings.Compare(a.Rule, b.Rule); c != 0 {
			return c
		}
		return strings.Compare(a.Series, b.Series)
	})
	return out
}

// compare notes whether the world must still be told of a state.
func (r *runner) compare(st *state) {
	if st.differs() {
		r.differ[st.key()] = true
	} else {
		delete(r.differ, st.key())
	}
}

// count publishes how many series each rule fires for.
func (r *runner) count() {
	n := map[string]int{}
	for _, st := range r.states {
		if st.Severity > 0 {
			n[st.Rule]++
		}
	}
	r.mu.Lock()
	r.firing = n
	r.mu.Unlock()
}

func (r *runner) write(ctx context.Context, part []eval.Transition, now time.Time) error {
	after := map[stateKey]*state{} // the records may refuse: memory follows them
	err := r.s.o.Store.Write(ctx, r.actor, func(tx *store.Tx) error {
		for i := range part {
			t := &part[i]
			f, ok := r.rules[t.Rule]
			if !ok {
				continue
			}
			key := stateKey{t.Rule, t.Series.ID}
			st := after[key]
			if st == nil {
				st = &state{}
				if known := r.states[key]; known != nil {
					*st = *known
				}
				after[key] = st
			}
			st.apply(t)
			if st.differs() && r.fresh(t.At, now) {
				r.say(tx, st, f, sight{t.Series, t.To, t.Since, t.At, t.Value, t.Estimated, t.Trace})
			}
		}
		for _, st := range after {
			if err := st.write(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for key, st := range after {
		r.states[key] = st
		r.compare(st)
	}
	return nil
}
