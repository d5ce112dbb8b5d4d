package identity

import (
	"slices"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/store"
)

// fill adds to accounts what lies in other tables, and settles what they may
// do now.
func (s *Service) fill(tx *store.Tx, us ...*User) error {
	if len(us) == 0 {
		return nil
	}
	now := s.now()
	var ids []string // everybody's at once, when there are many
	if len(us) <= 200 {
		for _, u := range us {
			ids = append(ids, u.ID)
		}
	}
	gs, err := currentGrants(tx, now, ids...)
	if err != nil {
		return err
	}
	by := map[string][]Grant{}
	for i := range gs {
		s.show(&gs[i], now)
		by[gs[i].User] = append(by[gs[i].User], gs[i])
	}
	for _, u := range us {
		u.Posts = append([]Grant{}, by[u.ID]...)
		s.settle(u, now)
		if err := s.fillAway(tx, u, now); err != nil {
			return err
		}
	}
	return s.fillSecurity(tx, us...)
}

// show fills what a grant says of itself now.
func (s *Service) show(g *Grant, now time.Time) {
	g.InForce = g.inForce(now)
	if g.Unit != "" {
		g.UnitName = s.units.Name(g.Unit)
	}
}

// settle computes from the posts what the account may do at now.
func (s *Service) settle(u *User, now time.Time) {
	u.Roles, u.held, u.changes = []access.Role{}, []access.Grant{}, nextChange(u.Posts, now)
	for i := range u.Posts {
		if g := &u.Posts[i]; g.inForce(now) {
			u.held = append(u.held, g.access(s.units, now))
			if !slices.Contains(u.Roles, g.Role) {
				u.Roles = append(u.Roles, g.Role)
			}
		}
	}
	u.Role, u.Unit = "", u.home
	if m := mainPost(u.Posts, now); m != nil {
		u.Role = m.Role
		if m.Unit != "" {
			u.Unit = m.Unit
		}
	}
	u.UnitName = ""
	if u.Unit != "" {
		u.UnitName = s.units.Name(u.Unit)
	}
}

// load reads an account with all that belongs to it.
func (s *Service) load(tx *store.Tx, id string) (User, bool, error) {
	u, found, err := findUser(tx, id)
	if err == nil && found {
		err = s.fill(tx, &u)
	}
	return u, found, err
}
