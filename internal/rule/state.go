package rule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/store"
)

// writeAtOnce is how many changes go into one transaction.
const writeAtOnce = 256

// farthest is how far back a start reads at most, however long the program
// was dead.
const farthest = 7 * 24 * time.Hour

// newsMargin is how long before the cursor a change found at a start is still
// news: what came while the program died.
const newsMargin = 10 * time.Minute

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

// tell writes changes in their order, each with its fact, and does not return
// before they are written; false when ctx ended first.
func (r *runner) tell(ctx context.Context, found []eval.Transition, now time.Time) bool {
	for part := range slices.Chunk(found, writeAtOnce) {
		if !r.persist(ctx, "changes of rules not written", func(ctx context.Context) error { return r.write(ctx, part, now) }) {
			return false
		}
	}
	if len(found) > 0 {
		r.count()
	}
	return true
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

// fresh reports whether a change is told as it happens.
func (r *runner) fresh(at, now time.Time) bool {
	return r.s.o.EventTime || now.Sub(at) <= staleAfter
}

// say emits a condition and remembers it; its time never goes back.
func (r *runner) say(tx *store.Tx, st *state, f inForce, x sight) {
	if x.at.Before(st.told.At) {
		x.at = st.told.At
	}
	var c alertevent.Condition
	if x.severity == alertevent.None && st.told.Fingerprint != "" {
		c = over(st.told, x.at, x.trace, x.value)
	} else {
		c = r.s.condition(st.Rule, f.version, &f.definition, x)
	}
	r.emit(tx, st, c)
}

func (r *runner) emit(tx *store.Tx, st *state, c alertevent.Condition) {
	tx.Emit(store.Event{
		Subject: alertevent.SubjectCondition + c.Rule, Entity: "condition", EntityID: c.Fingerprint, After: c, Summary: line(c),
	})
	st.told = c
}

// settle tells what the world does not know yet: what a rule found when it
// was switched on, what one that was switched off had firing, and what was
// read in from history and still holds.
func (r *runner) settle(ctx context.Context, now time.Time) {
	if len(r.differ) == 0 || now.Sub(r.asked) < time.Minute && now.After(r.asked) {
		return
	}
	r.asked = now
	keys := slices.SortedFunc(maps.Keys(r.differ), func(a, b stateKey) int {
		return strings.Compare(a.rule+"\x00"+a.series, b.rule+"\x00"+b.series)
	})
	list := map[string]eval.Series{}
	for _, x := range r.world.series() {
		list[x.ID] = x
	}
	for part := range slices.Chunk(keys, writeAtOnce) {
		sights := map[stateKey]sight{}
		for _, key := range part {
			if x, ok := r.look(ctx, r.states[key], list, now); ok {
				sights[key] = x
			}
		}
		if len(sights) == 0 {
			continue
		}
		if !r.persist(ctx, "conditions not told", func(ctx context.Context) error { return r.writeSights(ctx, part, sights) }) {
			return
		}
	}
}

// forget ends what fires for virtual series that nobody has spoken of since
// the start.
func (r *runner) forget() {
	if r.tidied || r.s.o.Clock.Now().Sub(r.began) < forgotten {
		return
	}
	r.tidied = true
	for key, st := range r.states {
		if st.Severity > 0 && isVirtual(key.series) && !r.world.heard(key.series) {
			st.rest(st.At)
			r.compare(st)
		}
	}
}

// look sees how a state is now; false when that cannot be told.
func (r *runner) look(ctx context.Context, st *state, list map[string]eval.Series, now time.Time) (sight, bool) {
	x := sight{series: list[st.Series], severity: alertevent.Severity(st.Severity), since: st.Since, at: now}
	if x.series.ID == "" {
		x.series = eval.Series{ID: st.Series}
	}
	f, ok := r.rules[st.Rule]
	switch {
	case !ok:
		return x, true
	case x.severity == alertevent.None:
		return x, true
	}
	trace, err := eval.Explain(ctx, f.program, r.world.env(), st.Series, now)
	if err != nil {
		r.log.Warn("a rule could not be explained", "rule", st.Rule, "series", st.Series, "err", err)
		return x, false
	}
	x.trace, x.value = &trace, trace.Value
	for _, p := range trace.Points {
		x.estimated = x.estimated || p.Used && slices.Contains(p.Flags, sensing.Estimated.String())
	}
	return x, true
}

func (r *runner) writeSights(ctx context.Context, keys []stateKey, sights map[stateKey]sight) error {
	var after []*state
	err := r.s.o.Store.Write(ctx, r.actor, func(tx *store.Tx) error {
		after = after[:0]
		for _, key := range keys {
			x, ok := sights[key]
			if !ok {
				continue
			}
			st := *r.states[key]
			f := r.rules[st.Rule]
			if x.severity > 0 && x.at.Before(st.At) {
				x.at = st.At
			}
			r.say(tx, &st, f, x)
			if err := st.write(tx); err != nil {
				return err
			}
			after = append(after, &st)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, st := range after {
		r.states[st.key()] = st
		r.compare(st)
	}
	return nil
}
