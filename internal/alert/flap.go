package alert

import (
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/store"
)

// within keeps the activations that count for flapping.
func within(times []int64, now time.Time, f FlapSettings) []int64 {
	from := store.Micros(now) - int64(f.WindowSeconds)*1e6
	kept := times[:0]
	for _, t := range times {
		if t > from {
			kept = append(kept, t)
		}
	}
	if most := max(f.Changes, 1); len(kept) > most {
		kept = kept[len(kept)-most:]
	}
	return kept
}

func holdUntil(now time.Time, f FlapSettings) time.Time {
	return now.Add(time.Duration(f.HoldSeconds) * time.Second)
}

// startFlap holds an alert whose condition came too often: it is told once
// more and then stays as it is until the condition has been steady for a
// while.
func (s *Service) startFlap(tx *store.Tx, cfg *config, mem *condition, a Alert) error {
	f := cfg.settings.Flap
	if f.Changes <= 0 || len(mem.activations) < f.Changes || a.ID == "" || !a.open() {
		return nil
	}
	mem.flapDue = holdUntil(tx.Now, f)
	tx.After(s.nudge)
	_, err := s.change(tx, a, Command{Verb: Flap, Actor: access.System("alert"), Data: map[string]any{"activations": len(mem.activations)}})
	return err
}

// hold remembers what a flapping condition says without telling anybody; only
// what is graver than everything before comes through.
func (s *Service) hold(tx *store.Tx, cfg *config, mem *condition, a Alert, c *alertevent.Condition) error {
	mem.held++
	mem.flapDue = holdUntil(tx.Now, cfg.settings.Flap)
	if c.Severity > a.PeakSeverity {
		if a.SuppressedBy != nil && a.SuppressedBy.Kind == ByFlap {
			var err error
			if a, err = s.endFlap(tx, cfg, mem, a); err != nil {
				return err
			}
		}
		_, err := s.follow(tx, a, c)
		return err
	}
	return nil
}

// endFlap lets an alert go on when its condition has been steady.
func (s *Service) endFlap(tx *store.Tx, cfg *config, mem *condition, a Alert) (Alert, error) {
	quiet := a
	quiet.Flapping = false
	by, err := s.judge(tx, cfg, &quiet)
	if err != nil {
		return a, err
	}
	held := mem.held
	mem.flapDue, mem.held, mem.activations = time.Time{}, 0, nil
	return s.change(tx, a, Command{Verb: Steady, Actor: access.System("alert"), Suppression: by, Data: map[string]any{"held": held}})
}

// steady ends the flapping of a condition whose time is due, and brings the
// alert to what was held back.
func (s *Service) steady(tx *store.Tx, cfg *config, fingerprint string) error {
	mem, ok, err := readCondition(tx, fingerprint)
	if err != nil || !ok {
		return err
	}
	a, ok, err := readAlert(tx, mem.alert)
	if err != nil {
		return err
	}
	if !ok || !a.open() {
		mem.flapDue, mem.held, mem.activations = time.Time{}, 0, nil
		return putCondition(tx, fingerprint, &mem)
	}
	if a, err = s.endFlap(tx, cfg, &mem, a); err != nil {
		return err
	}
	do := Command{Actor: access.System("alert"), At: mem.lastAt, Severity: mem.severity}
	switch {
	case !mem.active && a.Active:
		do.Verb = Resolve
	case mem.active && mem.severity != a.Severity:
		do.Verb = Severity
	}
	if do.Verb != "" {
		if _, err = s.moved(tx, a, do); err != nil {
			return err
		}
	}
	return putCondition(tx, fingerprint, &mem)
}
