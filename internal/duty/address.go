package duty

import (
	"slices"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/store"
)

// EachWard is the area of a responsibility that each ward has for itself.
const EachWard = "*"

// Responsible says which unit answers for a service in an area at a time: the
// unit named for this very area, else the ward itself where wards answer,
// else the one for the whole city, else the IOC.
func (s *Service) Responsible(tx *store.Tx, service, area string, at time.Time) (unit string, why msg.Text, err error) {
	u, why, err := s.responsible(tx, s.units(), service, area, at)
	return u.Code, why, err
}

func (s *Service) responsible(tx *store.Tx, us units, service, area string, at time.Time) (Unit, msg.Text, error) {
	rs, err := listResponsibilities(tx)
	if err != nil {
		return Unit{}, msg.Text{}, err
	}
	var ward Unit
	var moved msg.Text
	if area != "" {
		if _, known := us.find(area, at); known {
			ward, moved = us.inForce(area, at)
		}
	}
	scopes := []string{""}
	if ward.Code != "" {
		scopes = []string{ward.Code, EachWard, ""}
	}
	for _, wanted := range slices.Compact([]string{service, ""}) {
		for _, scope := range scopes {
			for _, r := range rs {
				if r.Service != wanted || r.Area != scope || !r.in(at) {
					continue
				}
				if scope == EachWard {
					return ward, join(moved, msg.Text{Vi: "nơi xảy ra thuộc " + ward.Name, En: "it lies in " + ward.english()}), nil
				}
				u, ended := us.inForce(r.Unit, at)
				why := msg.Text{Vi: u.Name + " phụ trách toàn thành phố", En: u.english() + " answers for the whole city"}
				if scope != "" {
					why = msg.Text{Vi: u.Name + " phụ trách tại " + ward.Name, En: u.english() + " answers in " + ward.english()}
				}
				return u, join(ended, why), nil
			}
		}
	}
	ioc, why := us.inForce(IOC, at)
	return ioc, join(why, msg.Text{Vi: "chưa phân công đơn vị cho lĩnh vực " + quoted(service) + ", chuyển ca trực IOC",
		En: "no unit is responsible for " + quoted(service) + ": the shift of the IOC"}), nil
}

func quoted(s string) string { return "“" + s + "”" }

// Recipients says who is to be addressed as of tx.Now, and why they. A level
// that has nobody goes on to the next; the answer is empty only when the
// whole program knows nobody at all.
func (s *Service) Recipients(tx *store.Tx, q Query) (Address, error) {
	us := s.units()
	var u Unit
	var why msg.Text
	var err error
	if q.Unit == "" {
		u, why, err = s.responsible(tx, us, q.Service, q.Area, tx.Now)
	} else {
		u, why = us.inForce(q.Unit, tx.Now)
	}
	if err != nil {
		return Address{}, err
	}
	on, err := s.on(tx, tx.Now)
	if err != nil {
		return Address{}, err
	}
	f := finder{us: us, now: tx.Now, people: s.everybody(tx.Context()), on: on}
	to, more := f.find(u, min(max(q.Level, LevelFocal), LevelCity))
	return Address{Unit: u.Code, UnitName: u.Name, To: to, Why: join(why, more)}, nil
}

// finder looks for the people of one question.
type finder struct {
	us     units
	now    time.Time
	people []Person
	on     []OnDuty
}

func (f *finder) find(u Unit, level int) ([]notify.Recipient, msg.Text) {
	if level <= LevelLeader && u.Code != IOC {
		// A unit without people of its own is answered for by the one above.
		var why msg.Text
		for at, steps := u, 0; steps < 5; steps++ {
			if level == LevelFocal {
				if to := f.of(at.Code, access.Unit, LevelFocal); len(to) > 0 {
					return to, join(why, msg.Text{Vi: "cán bộ đầu mối của " + at.Name, En: "focal officers of " + at.english()})
				}
			}
			if to := f.of(at.Code, access.UnitLeader, LevelLeader); len(to) > 0 {
				return to, join(why, msg.Text{Vi: "lãnh đạo " + at.Name, En: "leaders of " + at.english()})
			}
			parent, ok := f.us.find(at.Parent, f.now)
			if !ok || parent.Code == IOC {
				break
			}
			why = join(why, msg.Text{Vi: at.Name + " chưa có người nhận", En: "nobody is registered for " + at.english()})
			at = parent
		}
		if level == LevelLeader {
			level = LevelShift
		}
		to, more := f.shift(level)
		return to, join(msg.Text{Vi: u.Name + " chưa có người nhận, chuyển ca trực IOC", En: "nobody is registered for " + u.english() + ": the shift of the IOC"}, more)
	}
	if level == LevelCity {
		if to := f.role(access.Leader, LevelCity); len(to) > 0 {
			return to, msg.Text{Vi: "lãnh đạo thành phố", En: "city leaders"}
		}
	}
	if level == LevelLeader { // of the IOC itself
		level = LevelShift
	}
	return f.shift(level)
}

// shift is the IOC: everybody on duty, or, from the third level on, who leads
// them and the leaders of the IOC.
func (f *finder) shift(level int) ([]notify.Recipient, msg.Text) {
	var to []notify.Recipient
	why := msg.Text{Vi: "ca trực IOC", En: "the shift of the IOC"}
	for _, o := range f.on {
		if p, known := f.person(o.User); known && (level < LevelShift || o.Post != PostOfficer) {
			to = append(to, recipient(p, LevelShift))
			if o.SubstituteFor != "" {
				why = join(why, msg.Text{Vi: o.Name + " trực thay " + o.SubstituteForName, En: o.Name + " stands in for " + o.SubstituteForName})
			}
		}
	}
	if len(to) == 0 {
		to = f.role(access.Duty, LevelShift)
		why = msg.Text{Vi: "chưa xếp ca trực, gửi mọi cán bộ trực ban", En: "no shift is planned: all duty officers"}
	}
	if level >= LevelShift || len(to) == 0 {
		to = append(to, f.role(access.IOCLeader, LevelShift)...)
		why = join(why, msg.Text{Vi: "lãnh đạo IOC", En: "leaders of the IOC"})
	}
	for _, last := range []access.Role{access.Leader, access.Admin} {
		if len(to) == 0 {
			to = f.role(last, LevelCity)
		}
	}
	return unique(to), why
}

func (f *finder) of(unit string, role access.Role, level int) []notify.Recipient {
	var out []notify.Recipient
	for _, p := range f.people {
		if p.Unit == unit && p.Role == role {
			out = append(out, recipient(p, level))
		}
	}
	return out
}

func (f *finder) role(role access.Role, level int) []notify.Recipient {
	var out []notify.Recipient
	for _, p := range f.people {
		if p.Role == role {
			out = append(out, recipient(p, level))
		}
	}
	return out
}

func (f *finder) person(user string) (Person, bool) {
	for _, p := range f.people {
		if p.User == user {
			return p, true
		}
	}
	return Person{}, false
}

func recipient(p Person, level int) notify.Recipient {
	return notify.Recipient{User: p.User, Name: p.Name, Unit: p.Unit, Level: level}
}

func unique(rs []notify.Recipient) []notify.Recipient {
	seen := map[string]bool{}
	out := rs[:0]
	for _, r := range rs {
		if !seen[r.User] {
			seen[r.User] = true
			out = append(out, r)
		}
	}
	return out
}
