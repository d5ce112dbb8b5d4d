package alert

import (
	"context"
	"errors"
	"fmt"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/store"
)

const (
	// atOnce bounds what one transaction does, so that others get their turn.
	atOnce = 1000
	// look finds what another program on the same records has made due.
	look = 5 * time.Second
	// breath is the least time between two rounds: in a storm each batch of
	// conditions wakes Run.
	breath = 50 * time.Millisecond
)

// Run does what is due until ctx ends, and then returns nil. What fails is
// tried again: nothing that is due is ever forgotten, because it is a row.
func (s *Service) Run(ctx context.Context) error {
	go s.feed.run(ctx)
	for ctx.Err() == nil {
		next, err := s.Sweep(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Error("alert timers", "err", err)
			next = s.opt.Clock.Now().Add(time.Second)
		}
		s.expirePresence()
		pause(ctx, breath)
		s.wait(ctx, next)
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// wait sleeps until next on the service's clock, until something new is due,
// or for a while.
func (s *Service) wait(ctx context.Context, next time.Time) {
	ctx, cancel := context.WithTimeout(ctx, look)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-s.wake:
			cancel()
		case <-ctx.Done():
		}
	}()
	if next.IsZero() {
		<-ctx.Done()
	} else {
		_ = s.opt.Clock.SleepUntil(ctx, next)
	}
	cancel()
	<-done
}

// Sweep does everything that is due now and returns when the next is, zero
// when nothing is. What fails does not keep the others from their turn.
func (s *Service) Sweep(ctx context.Context) (next time.Time, err error) {
	if err := s.readdress(ctx); err != nil {
		return next, err
	}
	var failed error
	for _, do := range []func(tx *store.Tx) (bool, error){s.sweepSilences, s.sweepFlaps, s.sweepEscalations, s.sweepGroups} {
		for more := true; more && ctx.Err() == nil; {
			due, err := s.nextDue(ctx)
			if err != nil {
				return next, err
			}
			if due.IsZero() || due.After(s.opt.Clock.Now()) {
				return due, failed
			}
			err = s.db.Write(ctx, access.System("alert"), func(tx *store.Tx) (err error) {
				more, err = do(tx)
				return err
			})
			if err != nil {
				failed, more = errors.Join(failed, err), false
			}
		}
	}
	next, err = s.nextDue(ctx)
	return next, errors.Join(failed, err)
}

// unitsEvery is how often the units of open alerts are looked up anew.
const unitsEvery = time.Hour

// readdress gives the open alerts of a unit that was dissolved to the one that
// took its place. It needs no timer of its own: doing it again changes
// nothing.
func (s *Service) readdress(ctx context.Context) error {
	now := s.opt.Clock.Now()
	if s.opt.Successor == nil || now.Sub(s.unitsSeen) < unitsEvery {
		return nil
	}
	err := s.db.Write(ctx, access.System("alert"), func(tx *store.Tx) error {
		units, err := store.All(tx, func(scan store.Scan) (u string, err error) { return u, scan(&u) },
			"select distinct unit from alert where open = 1 and unit <> ''")
		if err != nil {
			return err
		}
		for _, u := range units {
			next := s.inForce(tx, u)
			if next == u {
				continue
			}
			list, err := readAlerts(tx, "where a.unit = $1 and a.open = 1 order by a.id", u)
			if err != nil {
				return err
			}
			var theirs []Alert
			for _, a := range list {
				after, err := s.change(tx, a, Command{Verb: Readdress, Actor: access.System("alert"), Unit: next, UnitName: s.unitName(next, tx.Now)})
				if err != nil {
					return err
				}
				if after.Times.DispatchedAt != nil {
					theirs = append(theirs, after)
				}
			}
			if err := s.tellUnits(tx, theirs); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.unitsSeen = now
	}
	return err
}

// dues is the earliest due time of all timers.
const dues = `select coalesce(min(due), 0) from (
	select min(due_at) as due from alert where due_at > 0
	union all select min(notify_due) from alert_group where notify_due > 0
	union all select min(flap_due) from alert_condition where flap_due > 0
	union all select min(due_at) from alert_silence where due_at > 0) as d`

func (s *Service) nextDue(ctx context.Context) (next time.Time, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		var due int64
		err := tx.QueryRow(dues).Scan(&due)
		next = store.FromMicros(due)
		return err
	})
	return next, err
}

// sweepSilences judges what a silence that has just begun or ended matches.
func (s *Service) sweepSilences(tx *store.Tx) (bool, error) {
	list, err := readSilences(tx, "where due_at > 0 and due_at <= $1 order by due_at limit 20", tx.Now)
	if err != nil {
		return false, err
	}
	if len(list) > 0 {
		s.stale(tx)
	}
	for i := range list {
		q := &list[i]
		if _, err := tx.Mark("update alert_silence set due_at = $2 where id = $1", q.ID, q.due(tx.Now)); err != nil {
			return false, err
		}
	}
	cfg, err := s.current(tx)
	if err != nil {
		return false, err
	}
	for i := range list {
		if err := s.judgeSilence(tx, cfg, &list[i]); err != nil {
			return false, fmt.Errorf("silence %s: %w", list[i].ID, err)
		}
	}
	return len(list) == 20, nil
}

func (s *Service) sweepFlaps(tx *store.Tx) (bool, error) {
	prints, err := store.All(tx, func(scan store.Scan) (f string, err error) { return f, scan(&f) },
		"select fingerprint from alert_condition where flap_due > 0 and flap_due <= $1 order by flap_due limit $2", tx.Now, atOnce)
	if err != nil {
		return false, err
	}
	cfg, err := s.current(tx)
	if err != nil {
		return false, err
	}
	for _, f := range prints {
		if err := s.steady(tx, cfg, f); err != nil {
			return false, fmt.Errorf("condition %s: %w", f, err)
		}
	}
	return len(prints) == atOnce, nil
}
