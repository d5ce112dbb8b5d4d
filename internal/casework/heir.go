package casework

import "time"

// Heir is who answers at an instant for what a unit had: itself while it is in
// force, else who took all of it over. Whole is false where that is nobody: it
// went in parts, or nobody knows the unit. A nil unit knows every one.
func Heir(unit func(code string, at time.Time) (Unit, bool), code string, at time.Time) (heir string, whole bool) {
	if code == "" || unit == nil {
		return code, code != ""
	}
	for range 8 { // as many changes as a record can hold; circles end
		u, ok := unit(code, at)
		switch {
		case !ok:
			return code, false
		case u.InForce:
			return code, true
		case len(u.Successors) != 1:
			return code, false
		}
		code = u.Successors[0]
	}
	return code, false
}

func (s *Service) answering(code string, now time.Time) string {
	code, _ = Heir(s.o.Unit, code, now)
	return code
}
