package access_test

import (
	"testing"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
)

func actor(r ...access.Role) access.Actor { return access.Actor{ID: "u1", Roles: r} }

func TestDefaultIsDeny(t *testing.T) {
	for _, p := range []access.Permission{access.LayerView, access.UserEdit, access.Ingest, "made.up"} {
		if access.Nobody().Can(p, access.Scope{}) || actor().Can(p, access.Scope{}) || actor("made-up").Can(p, access.Scope{}) {
			t.Errorf("%s is granted to somebody without a role", p)
		}
	}
}

func TestRoles(t *testing.T) {
	for _, c := range []struct {
		role access.Role
		p    access.Permission
		want bool
	}{
		{access.Admin, access.UserEdit, true}, {access.Duty, access.UserEdit, false}, {access.Duty, access.SourceEdit, true},
		{access.Leader, access.SourceEdit, false}, {access.Leader, access.ExportData, true}, {access.Citizen, access.ObservationView, false},
		{access.Citizen, access.LayerView, true}, {access.Device, access.Ingest, true}, {access.Admin, access.Ingest, false},
	} {
		if got := actor(c.role).Can(c.p, access.Scope{}); got != c.want {
			t.Errorf("%s %s: %v", c.role, c.p, got)
		}
	}
}

func TestDeviceWritesItsOwnSourceOnly(t *testing.T) {
	d := access.Actor{ID: "source:a", Roles: []access.Role{access.Device}, Source: "a"}
	if !d.Can(access.Ingest, access.Scope{Source: "a"}) || d.Can(access.Ingest, access.Scope{Source: "b"}) {
		t.Fatal("a device's token reaches another source")
	}
}

func TestRequireSaysWhatIsMissing(t *testing.T) {
	if k := fault.KindOf(access.Require(access.Nobody(), access.LayerView, access.Scope{})); k != fault.Unauthenticated {
		t.Errorf("nobody: %v", k)
	}
	if k := fault.KindOf(access.Require(actor(access.Citizen), access.UserView, access.Scope{})); k != fault.Forbidden {
		t.Errorf("citizen: %v", k)
	}
	if err := access.Require(access.System("test"), access.UserEdit, access.Scope{}); err != nil {
		t.Errorf("system: %v", err)
	}
}

func TestTableIsACopy(t *testing.T) {
	access.RolePermissions()[access.Citizen][0] = access.UserEdit
	if actor(access.Citizen).Can(access.UserEdit, access.Scope{}) {
		t.Fatal("the caller changed the table")
	}
}
