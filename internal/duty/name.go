package duty

import (
	"context"
	"time"

	"openioc.org/ioc/internal/store"
)

// snapshot returns the units for those who ask outside a transaction; it is
// read anew after each change (SetUnit) and at most every minute, for what
// another program on the same database did.
func (s *Service) snapshot(ctx context.Context) units {
	us, err := s.names.get(s.clock.Now(), time.Minute, func() (us units, err error) {
		err = s.db.Read(ctx, func(tx *store.Tx) error {
			us, err = s.units(tx)
			return err
		})
		return us, err
	})
	if err != nil {
		s.log.Warn("the units cannot be read; those known last are named", "err", err)
	}
	return us
}

// Named returns the name of a unit, agency or ward, as of an instant, and
// whether it is in force then; "" for one that is not known.
func (s *Service) Named(code string, at time.Time) (name string, inForce bool) {
	u, ok := s.snapshot(context.Background()).find(code, at)
	if !ok {
		return "", false
	}
	return u.Name, u.In(at)
}

// Successor tells who answers for the work of a unit that is no longer in
// force; false while it is, and for one that is not known.
func (s *Service) Successor(code string, at time.Time) (string, bool) {
	us := s.snapshot(context.Background())
	if u, ok := us.find(code, at); !ok || u.In(at) || u.ValidTo.IsZero() {
		return "", false
	}
	u, _ := us.inForce(code, at)
	return u.Code, u.Code != "" && u.Code != code
}

// PeopleChanged says that accounts came, went or changed: the next question
// reads them anew.
func (s *Service) PeopleChanged() { s.known.forget() }
