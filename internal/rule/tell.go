package rule

import (
	"context"
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
