package duty

import (
	"context"
	"slices"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

// Listed is a person of the phone book, with what may be seen of how to reach
// them.
type Listed struct {
	Person
	UnitName     string
	Phone, Email string // masked
}

var errNoPerson = fault.Define(fault.NotFound, "duty.no_person", "there is no person {user}", "không có người dùng {user}")

// People is the phone book: everybody of the units and of the IOC, numbers
// masked. People of a unit see their own unit and the IOC.
func (s *Service) People(ctx context.Context, actor access.Actor) (out []Listed, err error) {
	if err := access.Require(actor, access.DutyView, access.Scope{}); err != nil {
		return nil, err
	}
	all, reach := s.everybody(ctx), actor.Reach(access.DutyView)
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		us := s.units()
		for _, p := range all {
			if p.Role == access.Citizen || p.Role == access.Device || p.Unit != "" && !reach.Covers(access.Scope{Unit: p.Unit}) {
				continue
			}
			l := Listed{Person: p}
			if u, ok := us.find(p.Unit, tx.Now); ok {
				l.UnitName = u.Name
			} else if standsDuty(p) {
				ioc, _ := us.find(IOC, tx.Now)
				l.UnitName = ioc.Name
			}
			c, err := s.notify.Contacts(tx, []string{p.User})
			if err != nil {
				return err
			}
			l.Phone, l.Email = notify.MaskPhone(c[p.User].Phone), notify.MaskEmail(c[p.User].Email)
			out = append(out, l)
		}
		return nil
	})
	slices.SortStableFunc(out, func(a, b Listed) int { return vi.Compare(a.Name, b.Name) })
	return out, err
}

// Contact shows the number and address of a person to who keeps the duty
// book. That it was seen, by whom and why, is in the audit trail.
func (s *Service) Contact(ctx context.Context, actor access.Actor, user, reason string) (phone, email string, err error) {
	if err := access.Require(actor, access.DutyLog, access.Scope{}); err != nil {
		return "", "", err
	}
	reason = tidy(reason)
	if n := len([]rune(reason)); n < 3 || n > 500 {
		return "", "", errEntry.With().At("reason", errReason.With())
	}
	all := s.everybody(ctx)
	i := slices.IndexFunc(all, func(p Person) bool { return p.User == user })
	if i < 0 || !actor.Can(access.DutyLog, access.Scope{Unit: all[i].Unit}) {
		return "", "", errNoPerson.With("user", user)
	}
	name := all[i].Name
	err = s.db.Write(ctx, actor, func(tx *store.Tx) error {
		c, err := s.notify.Contacts(tx, []string{user})
		if err != nil {
			return err
		}
		phone, email = c[user].Phone, c[user].Email
		tx.Emit(store.Event{Subject: "ioc.duty.contact_seen." + user, Entity: "contact", EntityID: user,
			After: map[string]string{"user": user, "reason": reason}, Summary: "Xem số điện thoại của " + name + ": " + reason})
		return nil
	})
	if err != nil {
		return "", "", err
	}
	return phone, email, nil
}
