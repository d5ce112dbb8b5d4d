package identity

import (
	"context"
	"slices"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

var errPermission = fault.Define(fault.Invalid, "identity.permission", "there is no permission {permission}", "không có quyền {permission}")

// Seer is somebody who may do what was asked for, and the grants that say so.
type Seer struct {
	User User
	Why  []Grant
}

// Who lists the people who may do p in a scope now, and why. It needs
// user.view; who does not answer for the unit asked for learns only of the
// people he sees.
func (s *Service) Who(ctx context.Context, actor access.Actor, p access.Permission, scope access.Scope) (out []Seer, err error) {
	if err := access.Require(actor, access.UserView, access.Scope{}); err != nil {
		return nil, err
	}
	if _, known := permissionNames[p]; !known {
		return nil, errPermission.With("permission", string(p))
	}
	var us []User
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		if us, err = listUsers(tx); err != nil {
			return err
		}
		ptrs := make([]*User, len(us))
		for i := range us {
			ptrs[i] = &us[i]
		}
		return s.fill(tx, ptrs...)
	})
	if err != nil {
		return nil, err
	}
	reach := actor.Reach(access.UserView)
	all := reaches(reach, "") || scope.Unit != "" && reaches(reach, scope.Unit) || scope.Area != "" && reaches(reach, scope.Area)
	table := access.RolePermissions()
	for i := range us {
		u := &us[i]
		if u.Disabled || u.Invited || !all && !sees(actor, u) {
			continue
		}
		seer := Seer{User: *u}
		for _, g := range u.held {
			if slices.Contains(table[g.Role], p) && (access.Reach{g.Bound()}).Covers(scope) {
				j := slices.IndexFunc(u.Posts, func(k Grant) bool { return k.ID == g.ID })
				seer.Why = append(seer.Why, u.Posts[j])
			}
		}
		if len(seer.Why) > 0 {
			out = append(out, seer)
		}
	}
	slices.SortStableFunc(out, func(a, b Seer) int { return vi.Compare(a.User.Name, b.User.Name) })
	return out, nil
}
