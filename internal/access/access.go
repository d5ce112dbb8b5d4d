// Package access says who may do what where. It knows no store and no HTTP:
// identity builds an Actor, service methods ask Can once, stores push the
// scope into SQL. What is not granted is refused.
package access

import (
	"slices"

	"openioc.org/ioc/internal/fault"
)

// Role is a named set of permissions.
type Role string

// The roles that ship (domain notes §8.4); Anonymous is a visitor.
const (
	Admin      Role = "admin"       // quản trị hệ thống; no business approval
	Leader     Role = "leader"      // lãnh đạo thành phố
	IOCLeader  Role = "ioc_leader"  // lãnh đạo IOC
	Duty       Role = "duty"        // trưởng ca, trực ban IOC
	UnitLeader Role = "unit_leader" // lãnh đạo đơn vị
	Unit       Role = "unit"        // cán bộ đầu mối đơn vị
	Citizen    Role = "citizen"     // công dân
	Device     Role = "device"      // a source's token: may only ingest for its source
	Anonymous  Role = "anonymous"
)

// Permission is one thing an actor may do, "<subject>.<verb>".
type Permission string

// The permissions; routes and docs list them.
const (
	LayerView       Permission = "layer.view"       // map layers, indicators, stations, public figures
	ObservationView Permission = "observation.view" // raw observations, SensorThings, PromQL
	ObservationEdit Permission = "observation.edit" // corrections
	ExportData      Permission = "data.export"
	CatalogEdit     Permission = "catalog.edit" // SensorThings create, update, delete
	SourceView      Permission = "source.view"
	SourceEdit      Permission = "source.edit" // connect, map, switch on and off, dead letters
	Ingest          Permission = "ingest.write"
	UserView        Permission = "user.view"
	UserEdit        Permission = "user.edit"
	AuditView       Permission = "audit.view"

	AlertView      Permission = "alert.view"
	AlertHandle    Permission = "alert.handle"  // raise, acknowledge, verify, dispatch, check, close
	AlertAnswer    Permission = "alert.answer"  // as the unit addressed: accept, return, work, finish
	AlertSilence   Permission = "alert.silence" // silences, maintenance, inhibition, grouping, times
	RuleView       Permission = "rule.view"
	RuleEdit       Permission = "rule.edit"    // draft, back-test, submit
	RuleApprove    Permission = "rule.approve" // put into force, switch off
	IncidentView   Permission = "incident.view"
	IncidentHandle Permission = "incident.handle" // open, confirm, lead, tasks, close
	TaskAnswer     Permission = "task.answer"     // as the unit charged: accept, return, progress, finish
	DirectiveGive  Permission = "directive.give"  // chỉ đạo: a task from any place
	DutyView       Permission = "duty.view"
	DutyLog        Permission = "duty.log"  // sổ trực ban, hand-over
	DutyEdit       Permission = "duty.edit" // roster, responsibilities
	NotifyView     Permission = "notify.view"
	NotifyEdit     Permission = "notify.edit" // channels and their gateways
)

var rolePermissions = map[Role][]Permission{
	Admin: {LayerView, ObservationView, ObservationEdit, ExportData, CatalogEdit, SourceView, SourceEdit, UserView, UserEdit, AuditView,
		AlertView, RuleView, IncidentView, DutyView, NotifyView, NotifyEdit},
	Leader: {LayerView, ObservationView, ExportData, SourceView,
		AlertView, RuleView, IncidentView, DirectiveGive, DutyView},
	IOCLeader: {LayerView, ObservationView, ExportData, SourceView, AuditView,
		AlertView, AlertHandle, AlertSilence, RuleView, RuleEdit, RuleApprove, IncidentView, IncidentHandle, DirectiveGive,
		DutyView, DutyLog, DutyEdit, NotifyView},
	Duty: {LayerView, ObservationView, ObservationEdit, ExportData, SourceView, SourceEdit,
		AlertView, AlertHandle, AlertSilence, RuleView, RuleEdit, IncidentView, IncidentHandle, DutyView, DutyLog, NotifyView},
	UnitLeader: {LayerView, ObservationView, ExportData, SourceView, AlertView, AlertAnswer, IncidentView, TaskAnswer, DutyView},
	Unit:       {LayerView, ObservationView, ExportData, SourceView, AlertView, AlertAnswer, IncidentView, TaskAnswer, DutyView},
	Citizen:    {LayerView},
	Device:     {Ingest},
	Anonymous:  nil,
}

// RolePermissions returns a copy of the table of what each role may do.
func RolePermissions() map[Role][]Permission {
	out := make(map[Role][]Permission, len(rolePermissions))
	for r, ps := range rolePermissions {
		out[r] = slices.Clone(ps)
	}
	return out
}

// Scope is where a permission is asked for; an empty field means "anywhere".
type Scope struct {
	Unit    string // unit code, a subtree root
	Service string // "flood"
	Source  string // source id
}

// Actor is who acts: a person, a device's token or the program itself.
type Actor struct {
	ID     string // user id, "source:<id>", "system:<name>"
	Name   string // shown in trails
	Roles  []Role
	Unit   string // code of the actor's unit, "" for the whole city
	Source string // set for Device actors: the one source it may write
	system bool
}

// System is the program acting by itself, named for the trail.
func System(name string) Actor {
	return Actor{ID: "system:" + name, Name: name, system: true}
}

// Nobody is a visitor who has not signed in.
func Nobody() Actor { return Actor{ID: "anonymous", Roles: []Role{Anonymous}} }

// IsSystem reports whether the program itself acts.
func (a Actor) IsSystem() bool { return a.system }

// Known reports whether the actor has signed in or is the program.
func (a Actor) Known() bool { return a.system || (a.ID != "" && a.ID != "anonymous") }

// Has reports whether the actor holds the role.
func (a Actor) Has(r Role) bool { return slices.Contains(a.Roles, r) }

// Limit is the unit to which everything the actor may see of alerts, incidents
// and tasks is limited; "" is the whole city. Lists filter by it in SQL, and
// what lies outside is not found.
func (a Actor) Limit() string {
	if a.system || a.Has(Admin) || a.Has(Leader) || a.Has(IOCLeader) || a.Has(Duty) {
		return ""
	}
	if a.Unit == "" {
		return NoUnit
	}
	return a.Unit
}

// NoUnit is the limit of somebody of a unit whose account names none: nothing.
const NoUnit = "-"

// Can reports whether the actor may do p in s. A device only writes its own
// source; a user of a unit has the role's permissions for the whole city in
// this version, unit subtrees come with the unit model.
func (a Actor) Can(p Permission, s Scope) bool {
	if a.system {
		return true
	}
	if a.Source != "" && s.Source != "" && a.Source != s.Source {
		return false
	}
	for _, r := range a.Roles {
		if slices.Contains(rolePermissions[r], p) {
			return true
		}
	}
	return false
}

var (
	errSignIn = fault.Define(fault.Unauthenticated, "access.sign_in", "sign in first", "cần đăng nhập")
	errDenied = fault.Define(fault.Forbidden, "access.denied", "you may not do this: it needs the permission {permission}", "không đủ quyền: cần quyền {permission}")
)

// Require returns nil when the actor may do p in s, else the fault that says
// so: sign in first, or the permission that is missing.
func Require(a Actor, p Permission, s Scope) error {
	switch {
	case a.Can(p, s):
		return nil
	case !a.Known():
		return errSignIn.With()
	}
	return errDenied.With("permission", string(p))
}
