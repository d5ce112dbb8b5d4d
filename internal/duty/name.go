package duty

import "time"

// Named returns the name of a unit, agency or ward, as of an instant, and
// whether it is in force then; "" for one that is not known.
func (s *Service) Named(code string, at time.Time) (name string, inForce bool) {
	u, ok := s.units().find(code, at)
	if !ok {
		return "", false
	}
	return u.Name, u.In(at)
}

// Successor tells who answers for the work of a unit that is no longer in
// force; false while it is, and for one that is not known.
func (s *Service) Successor(code string, at time.Time) (string, bool) {
	us := s.units()
	if u, ok := us.find(code, at); !ok || u.In(at) || u.ValidTo.IsZero() {
		return "", false
	}
	u, _ := us.inForce(code, at)
	return u.Code, u.Code != "" && u.Code != code
}

// PeopleChanged says that accounts came, went or changed: the next question
// reads them anew.
func (s *Service) PeopleChanged() { s.known.forget() }
