package alert

import (
	"context"
	"slices"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
)

var (
	errNotFound = fault.Define(fault.NotFound, "alert.not_found", "there is no such alert", "không có cảnh báo này")
	errOpenTwin = fault.Define(fault.Conflict, "alert.open_already", "the same condition is open as {number}; go on there", "hiện tượng này đang mở ở cảnh báo {number}; hãy xử lý ở đó")
	errFiles    = fault.Define(fault.Invalid, "alert.attachments", "files cannot be attached here", "chưa thể đính kèm tệp ở đây")
	errBulk     = fault.Define(fault.Invalid, "alert.bulk", "name 1 to {limit} alerts", "chọn từ 1 đến {limit} cảnh báo")
)

// mostBulk bounds a step done with many alerts at once.
const mostBulk = 2000

// visible reads an alert that the actor may see; what lies outside his reach
// does not exist for him.
func visible(tx *store.Tx, actor access.Actor, id string) (Alert, error) {
	a, ok, err := readAlert(tx, id)
	if err != nil {
		return a, err
	}
	if !ok || !actor.Reach(access.AlertView).Covers(a.scope()) {
		return Alert{}, errNotFound.With()
	}
	return a, nil
}

func (s *Service) checkFiles(tx *store.Tx, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	if s.opt.Check == nil {
		return errFiles.With()
	}
	_, err := s.opt.Check(tx, ids)
	return err
}

// Do is one step of a person. The alert's unit is told of a dispatch.
func (s *Service) Do(ctx context.Context, actor access.Actor, id string, c Command) (Alert, error) {
	if err := access.Require(actor, access.AlertView, access.Scope{}); err != nil {
		return Alert{}, err
	}
	c.Actor = actor
	var after Alert
	err := s.db.Write(ctx, actor, func(tx *store.Tx) (err error) {
		if after, err = s.do(tx, id, c); err != nil {
			return err
		}
		return s.afterDo(tx, c.Verb, []Alert{after})
	})
	return after, err
}

func (s *Service) do(tx *store.Tx, id string, c Command) (Alert, error) {
	a, err := visible(tx, c.Actor, id)
	if err != nil {
		return a, err
	}
	if c.Verb == Dispatch {
		if c.Unit == "" {
			c.Unit = a.Unit
		}
		c.Unit = s.inForce(tx, c.Unit)
		c.UnitName = s.unitName(c.Unit, tx.Now)
	}
	if c.Verb == Verify && c.Verdict == VerdictDuplicate && c.DuplicateOf != "" {
		if _, err := visible(tx, c.Actor, c.DuplicateOf); err != nil {
			return a, errStep.With().At("duplicate_of", errTwin.With())
		}
	}
	// Judged before anything is written: what Apply refuses leaves the
	// transaction fit to go on.
	cfg, err := s.current(tx)
	if err != nil {
		return a, err
	}
	c.Limit = cfg.settings.limit(a.Severity, tx.Now)
	if _, _, err := Apply(a, c, tx.Now); err != nil {
		return a, err
	}
	if c.Verb == Reopen {
		number, twin, err := store.One(tx, func(scan store.Scan) (n string, err error) { return n, scan(&n) },
			"select number from alert where fingerprint = $1 and open = 1", a.fingerprint)
		if err != nil {
			return a, err
		}
		if twin {
			return a, errOpenTwin.With("number", number)
		}
	}
	if err := s.checkFiles(tx, c.Attachments); err != nil {
		return a, err
	}
	after, err := s.change(tx, a, c)
	if err != nil || c.Verb != Reopen {
		return after, err
	}
	if _, err := tx.Mark("update alert_condition set alert = $2 where fingerprint = $1", a.fingerprint, a.ID); err != nil {
		return after, err
	}
	if err := s.enter(tx, cfg, &after); err != nil {
		return after, err
	}
	return s.judgeAgain(tx, cfg, after)
}

// afterDo tells those who have to know of a person's step.
func (s *Service) afterDo(tx *store.Tx, verb Verb, done []Alert) error {
	switch {
	case len(done) == 0:
	case verb == Dispatch:
		return s.tellUnits(tx, done)
	case verb == Escalate:
		byLevel := map[int][]Alert{}
		for _, a := range done {
			byLevel[a.Escalation.Level] = append(byLevel[a.Escalation.Level], a)
		}
		for level := 1; level <= topLevel; level++ {
			if as := byLevel[level]; len(as) > 0 {
				if err := s.tellLate(tx, as[0].Unit, level, as); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Failed is an alert with which a bulk step could not be done.
type Failed struct {
	ID  string
	Err error
}

// DoAll does one step with many alerts; where it cannot be done it says why,
// and the others go on.
func (s *Service) DoAll(ctx context.Context, actor access.Actor, ids []string, c Command) (done []string, failed []Failed, err error) {
	if err := access.Require(actor, access.AlertView, access.Scope{}); err != nil {
		return nil, nil, err
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) == 0 || len(ids) > mostBulk {
		return nil, nil, errBulk.With("limit", mostBulk)
	}
	c.Actor, c.Version = actor, 0
	for chunk := range slices.Chunk(ids, 200) {
		var ok []string
		var bad []Failed
		err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
			ok, bad = nil, nil
			var after []Alert
			for _, id := range chunk {
				a, err := s.do(tx, id, c)
				if _, known := fault.As(err); err != nil && known && fault.KindOf(err) != fault.Internal && fault.KindOf(err) != fault.Unavailable {
					bad = append(bad, Failed{ID: id, Err: err})
					continue
				}
				if err != nil {
					return err
				}
				ok, after = append(ok, id), append(after, a)
			}
			return s.afterDo(tx, c.Verb, after)
		})
		if err != nil {
			return done, failed, err
		}
		done, failed = append(done, ok...), append(failed, bad...)
	}
	return done, failed, nil
}
