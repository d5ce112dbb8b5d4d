package warn

import (
	"context"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/store"
)

// onChange puts a file aside until the transaction is about to commit: a batch
// of thousands is then looked at with few statements.
func (s *Service) onChange(tx *store.Tx, before, after *casework.Case) error {
	if !relevant(before, after) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.staged.tx != tx { // whatever is left there was rolled back
		s.staged = staged{tx: tx}
	}
	s.staged.files = append(s.staged.files, staging{after, before == nil})
	return nil
}

// flush looks at the files that the transaction changed. It runs with the
// first event of the transaction, whose facts it adds to; there is always one,
// for a change without an event does not commit.
func (s *Service) flush(tx *store.Tx) error {
	s.mu.Lock()
	if s.staged.tx != tx {
		s.mu.Unlock()
		return nil
	}
	files := s.staged.files
	s.staged = staged{}
	s.mu.Unlock()
	if len(files) == 0 {
		return nil
	}
	var known []string
	last := make(map[string]int, len(files)) // a file may have changed twice
	for i, f := range files {
		last[f.after.ID] = i
		if !f.fresh {
			known = append(known, f.after.ID)
		}
	}
	rows, err := findWatches(tx, known)
	if err != nil {
		return err
	}
	t := s.turn(tx)
	for i, f := range files {
		if last[f.after.ID] != i {
			continue
		}
		w, ok := rows[f.after.ID]
		if !ok {
			w = watch{id: f.after.ID}
		}
		if err := t.change(w, f.after); err != nil {
			return err
		}
	}
	return t.finish()
}

// turn is the work of one transaction: rows looked at, messages gathered.
type turn struct {
	s    *Service
	tx   *store.Tx
	set  Settings
	win  casework.Window
	put  []watch
	told bool // something begins at once
	say  sayings
}

func (s *Service) turn(tx *store.Tx) *turn {
	set := s.settingsAt(tx.Now)
	return &turn{s: s, tx: tx, set: set, win: s.windowOf(set)}
}

// change is what a change of a file means: conditions that are over end now,
// those that begin are left to the sweep.
func (t *turn) change(w watch, c *casework.Case) error {
	old := w
	s := stand(c, t.tx.Now)
	if err := t.settle(&w, c, s); err != nil {
		return err
	}
	if w.active != 0 {
		if err := t.move(&w, c); err != nil {
			return err
		}
	}
	w.next = t.next(&w, s)
	if s.holds(t.tx.Now, t.set, t.win)&^w.active != 0 {
		w.next, t.told = t.tx.Now, true
	}
	return t.keep(old, w, s)
}

// move follows a file to another officer or unit: its alerts are ended, and
// the sweep begins them again where it lies now.
func (t *turn) move(w *watch, c *casework.Case) error {
	unit, err := warnedUnit(t.tx, c.ID)
	if err != nil {
		return err
	}
	if unit == c.Unit {
		return setOfficer(t.tx, c)
	}
	for i := range rules {
		if r := &rules[i]; w.active&r.bit != 0 {
			if err := t.end(w, c, r, "unit"); err != nil {
				return err
			}
		}
	}
	return nil
}

// visit is what a sweep does with a row: conditions end and begin, what stays
// overdue climbs.
func (t *turn) visit(w watch, c *casework.Case) error {
	old := w
	s := stand(c, t.tx.Now)
	if err := t.settle(&w, c, s); err != nil {
		return err
	}
	holds := s.holds(t.tx.Now, t.set, t.win)
	for i := range rules {
		if r := &rules[i]; holds&r.bit != 0 && w.active&r.bit == 0 {
			if err := t.begin(&w, c, r); err != nil {
				return err
			}
		}
	}
	t.climb(&w, c, s)
	w.next = t.next(&w, s)
	return t.keep(old, w, s)
}

// settle ends what holds no more, and takes a new date over.
func (t *turn) settle(w *watch, c *casework.Case, s standing) error {
	why := ""
	switch {
	case w.active == 0:
	case s.over:
		why = "ended"
	case !s.running:
		why = "paused"
	case !s.due.Equal(w.due):
		why = "new_date"
	case !t.set.Enabled:
		why = "off"
	}
	holds := s.holds(t.tx.Now, t.set, t.win)
	for i := range rules {
		r := &rules[i]
		if w.active&r.bit == 0 || why == "" && holds&r.bit != 0 {
			continue
		}
		reason := why
		if reason == "" {
			reason = map[bool]string{true: "apology", false: "window"}[r.bit == apologyBit]
			if r.bit == nearBit && holds&overdueBit != 0 {
				reason = "overdue"
			}
		}
		if err := t.end(w, c, r, reason); err != nil {
			return err
		}
	}
	if why == "paused" {
		w.round, w.level, w.remind = w.round+1, 0, time.Time{}
	}
	if !s.due.IsZero() && !s.due.Equal(w.due) { // the number alone may change when a late message is put in before
		w.due, w.version, w.round, w.level, w.remind = s.due, s.version, 0, 0, time.Time{}
	}
	return nil
}

// next is when the row is to be looked at again.
func (t *turn) next(w *watch, s standing) (next time.Time) {
	for _, at := range append(s.turns(t.set, t.win), w.remind) {
		if at.After(t.tx.Now) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}

func (t *turn) keep(old, w watch, s standing) error {
	if s.over && w.told.IsZero() || !w.worth() {
		if w.stored {
			return deleteWatch(t.tx, w.id)
		}
		return nil
	}
	if old != w || !w.stored {
		t.put = append(t.put, w)
	}
	return nil
}

// finish writes what was gathered.
func (t *turn) finish() error {
	if err := putWatches(t.tx, t.put); err != nil {
		return err
	}
	if t.told {
		t.tx.After(t.s.Wake)
	}
	return t.tell()
}

// Sweep does what is due now and says when to come again; zero when nothing
// waits.
func (s *Service) Sweep(ctx context.Context) (next time.Time, err error) {
	for more := true; more && ctx.Err() == nil; {
		if more, err = s.sweepOnce(ctx); err != nil {
			return next, err
		}
	}
	slot, err := s.sweepDigests(ctx)
	if err != nil {
		return next, err
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error { next, err = nextWatch(tx); return err })
	if next.IsZero() || !slot.IsZero() && slot.Before(next) {
		next = slot
	}
	if day := s.nextSettings(); !day.IsZero() && (next.IsZero() || day.Before(next)) {
		next = day
	}
	return next, err
}

// nextSettings is when the next row of settings begins to hold.
func (s *Service) nextSettings() time.Time {
	now := s.clock.Now()
	for _, x := range *s.settings.Load() {
		if x.from.After(now) {
			return x.from
		}
	}
	return time.Time{}
}

// sweepOnce looks at some rows that are due; with other settings or another
// calendar than before it also walks on through all rows.
func (s *Service) sweepOnce(ctx context.Context) (more bool, err error) {
	busy := false
	if err := s.db.Read(ctx, func(tx *store.Tx) error { // most rounds find nothing, and write nothing
		due, err := dueWatches(tx, 1)
		if err != nil {
			return err
		}
		stamp, err := state(tx, "stamp")
		if err != nil {
			return err
		}
		walk, err := state(tx, "walk")
		busy = len(due) > 0 || walk != "" || stamp != s.stamp(s.settingsAt(tx.Now))
		return err
	}); err != nil || !busy {
		return false, err
	}
	err = s.db.Write(ctx, access.System("casework"), func(tx *store.Tx) error {
		t := s.turn(tx)
		rows, err := dueWatches(tx, atOnce)
		if err != nil {
			return err
		}
		more = len(rows) == atOnce
		walked, walking, err := t.walk()
		if err != nil {
			return err
		}
		more = more || walking
		seen := map[string]bool{}
		for _, w := range rows {
			seen[w.id] = true
		}
		for _, w := range walked {
			if !seen[w.id] {
				rows = append(rows, w)
			}
		}
		return t.visitAll(rows)
	})
	return more, err
}

// start marks a walk that is at its beginning: no file has this id.
const start = " "

// walk gives the next rows of a walk through all of them, which begins when
// what they rest on has changed.
func (t *turn) walk() (rows []watch, more bool, err error) {
	stamp, err := state(t.tx, "stamp")
	if err != nil {
		return nil, false, err
	}
	at, err := state(t.tx, "walk")
	if err != nil {
		return nil, false, err
	}
	if now := t.s.stamp(t.set); stamp != now {
		if err := setState(t.tx, "stamp", now); err != nil {
			return nil, false, err
		}
		at = start
	}
	if at == "" {
		return nil, false, nil
	}
	after := at
	if at == start {
		after = ""
	}
	if rows, err = walkWatches(t.tx, after, atOnce); err != nil {
		return nil, false, err
	}
	at = ""
	if len(rows) == atOnce {
		at = rows[len(rows)-1].id
	}
	return rows, at != "", setState(t.tx, "walk", at)
}

func (t *turn) visitAll(rows []watch) error {
	ids := make([]string, len(rows))
	for i, w := range rows {
		ids[i] = w.id
	}
	files := make(map[string]*casework.Case, len(rows))
	got, err := t.s.cases.Files(t.tx, ids...)
	if err != nil {
		return err
	}
	for _, c := range got {
		files[c.ID] = c
	}
	for _, w := range rows {
		c := files[w.id]
		if c == nil {
			if err := deleteWatch(t.tx, w.id); err != nil {
				return err
			}
			continue
		}
		if err := t.visit(w, c); err != nil {
			return err
		}
	}
	return t.finish()
}
