package duty

import (
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/store"
)

// Responsible says which unit answers for a service in an area at a time.
func (s *Service) Responsible(tx *store.Tx, service, area string, at time.Time) (unit string, why msg.Text, err error) {
	if s.city != nil && area != "" {
		if us := s.city.Successors(area, at); len(us) > 0 {
			return us[0].Code, msg.Text{Vi: "nơi xảy ra thuộc " + us[0].FullName, En: "it lies in " + us[0].NameEn}, nil
		}
	}
	return IOC, msg.Text{Vi: "không có đơn vị phụ trách, chuyển ca trực IOC", En: "no unit answers for it: the shift of the IOC"}, nil
}

// Recipients says who is to be addressed as of tx.Now, and why.
func (s *Service) Recipients(tx *store.Tx, q Query) (Address, error) {
	a := Address{Unit: q.Unit}
	if q.Level < LevelFocal {
		q.Level = LevelFocal
	}
	if a.Unit == "" {
		var err error
		if a.Unit, a.Why, err = s.Responsible(tx, q.Service, q.Area, tx.Now); err != nil {
			return a, err
		}
	}
	for _, p := range s.everybody(tx.Context()) {
		fits := false
		switch q.Level {
		case LevelFocal:
			fits = p.Role == access.Unit && p.Unit == a.Unit
		case LevelLeader:
			fits = p.Role == access.UnitLeader && p.Unit == a.Unit
		case LevelShift:
			fits = p.Role == access.Duty || p.Role == access.IOCLeader
		default:
			fits = p.Role == access.Leader
		}
		if fits {
			a.To = append(a.To, notify.Recipient{User: p.User, Name: p.Name, Unit: p.Unit, Level: q.Level})
		}
	}
	if len(a.To) == 0 {
		for _, p := range s.everybody(tx.Context()) {
			if p.Role == access.Duty {
				a.To = append(a.To, notify.Recipient{User: p.User, Name: p.Name, Unit: p.Unit, Level: LevelShift})
			}
		}
	}
	return a, nil
}
