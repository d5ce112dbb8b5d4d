package casework

import (
	"context"
	"fmt"
	"strconv"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/store"
)

// UnitsChanged writes who answers now for the files of units that have
// dissolved, or have come back; app calls it at the start, daily and after the
// tree has changed.
func (s *Service) UnitsChanged(ctx context.Context) error {
	type pair struct{ origin, unit string }
	var wrong []pair
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		got, err := store.All(tx, func(scan store.Scan) (p pair, err error) { return p, scan(&p.origin, &p.unit) },
			"select distinct unit_origin, unit from case_file where unit_origin <> ''")
		for _, p := range got {
			if s.answering(p.origin, tx.Now) != p.unit {
				wrong = append(wrong, p)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, p := range wrong {
		for {
			n := 0
			err := s.db.Write(ctx, access.System("cases"), func(tx *store.Tx) error {
				befores, err := store.All(tx, scanFile, selectFile+"where unit_origin = $1 and unit = $2 order by n limit "+strconv.Itoa(refoldAtOnce), p.origin, p.unit)
				if n = len(befores); err != nil || n == 0 {
					return err
				}
				to := s.answering(p.origin, tx.Now)
				if to == p.unit {
					n = 0
					return nil
				}
				var changed []*Case
				for _, b := range befores {
					c := *b
					c.Unit = to
					changed = append(changed, &c)
				}
				if err := putFiles(tx, changed); err != nil {
					return err
				}
				tx.Emit(store.Event{Subject: "ioc.case.succeeded." + p.origin, Entity: "unit", EntityID: p.origin, Before: map[string]any{"unit": p.unit}, After: map[string]any{"unit": to, "cases": n},
					Summary: fmt.Sprintf("Chuyển %d hồ sơ của %s cho %s", n, p.origin, to)})
				return s.announce(tx, befores, changed)
			})
			if err != nil {
				return err
			}
			if n == 0 {
				break
			}
		}
	}
	return nil
}
