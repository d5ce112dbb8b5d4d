package rule

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/store"
)

// farthest is how far back a start reads at most, however long the program
// was dead.
const farthest = 7 * 24 * time.Hour

// newsMargin is how long before the cursor a change found at a start is still
// news: what came while the program died.
const newsMargin = 10 * time.Minute

// picture is what the records hold for the runner.
type picture struct {
	live   map[string]inForce
	known  map[string]bool // whose state was established
	states map[stateKey]*state
	cursor time.Time
}

func (r *runner) picture(ctx context.Context, states bool) (picture, error) {
	p := picture{live: map[string]inForce{}, known: map[string]bool{}, states: map[stateKey]*state{}}
	err := r.s.o.Store.Read(ctx, func(tx *store.Tx) error {
		books, err := allBooks(tx)
		if err != nil {
			return err
		}
		for _, b := range books {
			v := b.live()
			if v == nil || !b.record.Enabled || b.record.Retired {
				continue
			}
			program, bad := compiled(v.Rule, v.Version, v.Definition)
			if len(bad) > 0 { // what is in force was checked; a newer program may know better
				r.log.Error("a rule in force cannot be applied", "rule", v.Rule, "version", v.Version, "err", refusal(bad))
				continue
			}
			p.live[v.Rule] = inForce{v.Version, v.Definition, program}
			p.known[v.Rule] = b.record.Warmed == v.Version
		}
		if !states {
			return nil
		}
		if p.cursor, err = readCursor(tx); err != nil {
			return err
		}
		list, err := readKept(tx)
		for _, k := range list {
			st, err := readState(k)
			if err != nil {
				return err
			}
			p.states[st.key()] = st
		}
		return err
	})
	return p, err
}

func programs(rules map[string]inForce) []*eval.Program {
	out := make([]*eval.Program, 0, len(rules))
	for _, id := range slices.Sorted(maps.Keys(rules)) {
		out = append(out, rules[id].program)
	}
	return out
}

// start makes the engine and brings it from the last changes that are written
// to now: what happened meanwhile is told as if the program had been there.
func (r *runner) start(ctx context.Context) error {
	p, err := r.picture(ctx, true)
	if err != nil {
		return err
	}
	r.began, r.tidied = r.s.o.Clock.Now(), false
	r.rules, r.states, r.differ = p.live, p.states, map[stateKey]bool{}
	fresh, patience := map[string]int{}, time.Duration(0)
	for id, f := range p.live {
		patience = max(patience, f.patience())
		if !p.known[id] {
			fresh[id] = f.version
		}
	}
	to := r.upTo(true, !p.cursor.IsZero())
	from := r.from(to, p.cursor, patience, len(fresh) > 0)
	before := eval.State{At: from.UnixMilli()}
	for _, st := range r.sorted() {
		f, ok := r.rules[st.Rule]
		switch {
		case !ok:
			st.rest(st.At)
		case st.Severity > 0 || !st.At.Before(from):
			before.Machines = append(before.Machines, resumed(st.machine, from.UnixMilli()))
			st.Version = f.version
		}
		r.compare(st)
	}
	r.engine = eval.New(programs(r.rules), r.world.env())
	r.engine.Restore(before)
	found, err := r.engine.Warm(ctx, from, to)
	if err != nil {
		return fmt.Errorf("read what happened since %s: %w", from.Format(time.RFC3339), err)
	}
	r.warmed, r.saved = to, p.cursor
	if r.s.o.EventTime && !p.cursor.IsZero() {
		r.mu.Lock()
		r.newest = to
		r.mu.Unlock()
	}
	since := to
	if !p.cursor.IsZero() {
		since = p.cursor
	}
	return r.takeOver(ctx, found, fresh, since, to)
}

// from is how far back a start reads: to where every change was surely
// written, and for rules that are new to the horizon.
func (r *runner) from(to, cursor time.Time, patience time.Duration, fresh bool) time.Time {
	from := to.Add(-horizon)
	if known := cursor.Add(-r.slack() - patience); !cursor.IsZero() && (known.Before(from) || !fresh) {
		from = known
	}
	if oldest := to.Add(-farthest); from.Before(oldest) {
		from = oldest
	}
	if from.After(to) {
		from = to
	}
	return from
}

// upTo is the time up to which the past is read: now; in a replay, which
// brings everything by itself, the newest reading seen, and at a start after a
// death the newest that is stored.
func (r *runner) upTo(starting, before bool) time.Time {
	if !r.s.o.EventTime {
		return r.s.o.Clock.Now()
	}
	r.mu.Lock()
	newest := r.newest
	r.mu.Unlock()
	if starting && before {
		for _, d := range r.s.o.Catalog.Datastreams() {
			if p, ok := r.s.o.Series.Last(d.ID); ok && p.T > newest.UnixMilli() {
				newest = time.UnixMilli(p.T).UTC()
			}
		}
	}
	if newest.IsZero() {
		return r.s.opened
	}
	return newest
}

// slack is how long before the cursor a start reads again, for readings that
// came late and were stored when the program died.
func (r *runner) slack() time.Duration {
	if r.s.o.EventTime {
		return time.Hour
	}
	return staleAfter
}

// patience is how long the rule may wait before it changes.
func (f inForce) patience() time.Duration {
	return seconds(f.definition.ForSeconds) + seconds(f.definition.KeepFiringSeconds)
}

// resumed is a machine as it stands at an instant so long before the cursor
// that whatever was pending then has come to a change since: one before it is
// moved there, at its severity, with nothing pending.
func resumed(m eval.Machine, from int64) eval.Machine {
	if m.At < from {
		m.At, m.Pending, m.Clearing = from, [4]int64{}, [4]int64{}
	}
	return m
}

// swap takes over the rules that are in force now.
func (r *runner) swap(ctx context.Context) error {
	p, err := r.picture(ctx, false)
	if err != nil {
		return err
	}
	fresh := map[string]int{}
	for id, f := range p.live {
		if old, ok := r.rules[id]; !ok || old.version != f.version || !p.known[id] {
			fresh[id] = f.version
		}
	}
	to := r.upTo(false, true)
	r.rules = p.live
	found := r.engine.SetRules(programs(r.rules))
	warm, err := r.engine.Warm(ctx, to.Add(-horizon), to)
	if err != nil { // the engine may be half way: begin again from the records
		return errors.Join(err, r.start(ctx))
	}
	return r.takeOver(ctx, append(found, warm...), fresh, to, to)
}

// takeOver ends a start or a swap. Rules that are new were shown the past
// without a word, and so were the others what was read in from before since;
// what still holds of it, and what rules that are gone leave behind, is told
// once. What happened after since is told in order.
func (r *runner) takeOver(ctx context.Context, found []eval.Transition, fresh map[string]int, since, to time.Time) error {
	touched := map[stateKey]bool{}
	var news []eval.Transition
	for i := range found {
		t := &found[i]
		_, silent := fresh[t.Rule]
		silent = silent || !r.s.o.EventTime && t.At.Before(since.Add(-newsMargin))
		if _, live := r.rules[t.Rule]; live && !silent {
			news = append(news, *t)
			continue
		}
		key := stateKey{t.Rule, t.Series.ID}
		st := r.states[key]
		if st == nil {
			st = &state{}
			r.states[key] = st
		}
		st.apply(t)
		touched[key] = true
	}
	if !r.tell(ctx, news, to) {
		return ctx.Err()
	}
	r.align(touched)
	for key := range touched {
		r.compare(r.states[key])
	}
	if !r.establish(ctx, touched, fresh) {
		return ctx.Err()
	}
	r.asked = time.Time{}
	r.settle(ctx, to)
	r.count()
	return nil
}

// align makes the states what the engine says they are, where rules came,
// went or changed: a severity carried over to a version that does not know it
// ends without a transition.
func (r *runner) align(touched map[stateKey]bool) {
	now := map[stateKey]eval.Machine{}
	for _, m := range r.engine.State().Machines {
		now[stateKey{m.Rule, m.Series}] = m
	}
	for key, st := range r.states {
		f, live := r.rules[key.rule]
		m := now[key]
		switch {
		case live && st.Version != f.version && st.Severity > 0:
			st.Version = f.version
			touched[key] = true
		case !live && st.Severity == 0, live && int(m.Severity) == st.Severity, live && isVirtual(key.series) && !r.world.heard(key.series):
			continue
		}
		if !live {
			m = eval.Machine{}
		}
		st.Severity, st.machine = int(m.Severity), m
		if m.At > 0 {
			st.At = time.UnixMilli(max(m.At, st.At.UnixMilli())).UTC()
		}
		touched[key] = true
	}
}

// establish writes the states that a swap found, without a word.
func (r *runner) establish(ctx context.Context, touched map[stateKey]bool, fresh map[string]int) bool {
	if len(touched)+len(fresh) == 0 {
		return true
	}
	return r.persist(ctx, "state of the rules not written", func(ctx context.Context) error {
		return r.s.o.Store.Housekeep(ctx, func(tx *store.Tx) error {
			for key := range touched {
				if err := r.states[key].write(tx); err != nil {
					return err
				}
			}
			for id, version := range fresh {
				if err := markWarmed(tx, id, version); err != nil {
					return err
				}
			}
			return nil
		})
	})
}
