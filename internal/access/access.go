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
	Officer    Role = "officer"     // cán bộ một cửa, thụ lý hồ sơ
	Analyst    Role = "analyst"     // chuyên viên phân tích, giám sát
	Security   Role = "security"    // an toàn thông tin: looks at trails, changes nothing
	DataAdmin  Role = "data_admin"  // quản trị dữ liệu: sources and mappings
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

	UnitView     Permission = "unit.view"  // the tree of units
	UnitEdit     Permission = "unit.edit"  // import, dissolve, succeed
	GrantEdit    Permission = "grant.edit" // give and take roles, below one's own ceiling
	ViewAs       Permission = "session.view_as"
	TokenEdit    Permission = "token.edit"    // API tokens for systems
	CalendarEdit Permission = "calendar.edit" // working days and holidays
	PersonalView Permission = "personal.view" // unmask, with a reason, on record
	PersonalEdit Permission = "personal.edit" // retention; export and erase a person's data
	CaseView     Permission = "case.view"     // hồ sơ, names masked
	CaseEdit     Permission = "case.edit"     // apology letters, digitized results, notes
	CaseMap      Permission = "case.map"      // which units, officers and states the systems' words mean
	CaseConnect  Permission = "case.connect"  // one-stop systems, imports
)

var rolePermissions = map[Role][]Permission{
	Admin: {LayerView, ObservationView, ObservationEdit, ExportData, CatalogEdit, SourceView, SourceEdit, UserView, UserEdit, AuditView,
		AlertView, RuleView, IncidentView, DutyView, NotifyView, NotifyEdit,
		UnitView, UnitEdit, GrantEdit, ViewAs, TokenEdit, CalendarEdit, PersonalEdit, CaseMap, CaseConnect},
	Leader: {LayerView, ObservationView, ExportData, SourceView,
		AlertView, RuleView, IncidentView, DirectiveGive, DutyView, UnitView, CaseView},
	IOCLeader: {LayerView, ObservationView, ExportData, SourceView, AuditView,
		AlertView, AlertHandle, AlertSilence, RuleView, RuleEdit, RuleApprove, IncidentView, IncidentHandle, DirectiveGive,
		DutyView, DutyLog, DutyEdit, NotifyView, UserView, UnitView, GrantEdit, CalendarEdit, PersonalView, CaseView, CaseMap},
	Duty: {LayerView, ObservationView, ObservationEdit, ExportData, SourceView, SourceEdit,
		AlertView, AlertHandle, AlertSilence, RuleView, RuleEdit, IncidentView, IncidentHandle, DutyView, DutyLog, NotifyView,
		UnitView, PersonalView, CaseView},
	UnitLeader: {LayerView, ObservationView, ExportData, SourceView, AlertView, AlertAnswer, IncidentView, TaskAnswer, DutyView,
		UserView, UnitView, GrantEdit, PersonalView, CaseView, CaseEdit},
	Unit: {LayerView, ObservationView, ExportData, SourceView, AlertView, AlertAnswer, IncidentView, TaskAnswer, DutyView,
		UnitView, PersonalView, CaseView, CaseEdit},
	Officer:   {LayerView, AlertView, AlertAnswer, UnitView, PersonalView, CaseView, CaseEdit},
	Analyst:   {LayerView, ObservationView, ExportData, SourceView, AlertView, RuleView, RuleEdit, IncidentView, DutyView, UnitView, CaseView},
	Security:  {AuditView, UserView, UnitView},
	DataAdmin: {LayerView, ObservationView, ObservationEdit, CatalogEdit, SourceView, SourceEdit, UnitView, CaseMap, CaseConnect},
	Citizen:   {LayerView},
	Device:    {Ingest},
	Anonymous: nil,
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
	Unit        string // code of the unit it is addressed to; NoUnit: to none
	Area        string // code of the administrative unit it lies in
	Service     string // "flood"
	Source      string // source id
	Sensitivity Sensitivity
}

// Actor is who acts: a person, a device's token or the program itself.
type Actor struct {
	ID     string // user id, "source:<id>", "system:<name>"
	Name   string // shown in trails
	Roles  []Role
	Unit   string // code of the actor's unit, "" for the whole city
	Source string // set for Device actors: the one source it may write

	Grants   []Grant      // in force now; nil: those of Roles and Unit
	Only     []Permission // of an API token: nothing else; nil: all of the grants
	Address  string       // from where the actor asks, for the trail
	ReadOnly bool         // "xem như": may look, not act
	Real     string       // who it really is, when ReadOnly
	system   bool
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

// What belongs to no unit or to no service has these in its Scope: only those
// whose grant is not limited to units, or to services, reach it.
const (
	NoUnit    = "-"
	NoService = "-"
)

// Of is the scope of a single thing; what is empty there is none.
func Of(unit, area, service string) Scope {
	s := Scope{Unit: unit, Area: area, Service: service}
	if s.Unit == "" {
		s.Unit = NoUnit
	}
	if s.Service == "" {
		s.Service = NoService
	}
	return s
}

// Can reports whether the actor may do p in s. A device only writes its own
// source; an empty scope asks whether p is allowed anywhere at all.
func (a Actor) Can(p Permission, s Scope) bool {
	switch {
	case a.system:
		return true
	case a.Source != "" && s.Source != "" && a.Source != s.Source, !a.lets(p):
		return false
	}
	if a.Grants == nil && s == (Scope{Source: s.Source}) { // the common question, without making grants
		return slices.ContainsFunc(a.Roles, func(r Role) bool { return may(r, p) })
	}
	for _, g := range a.Held() {
		if may(g.Role, p) && g.Bound().covers(s) {
			return true
		}
	}
	return false
}

var (
	errSignIn = fault.Define(fault.Unauthenticated, "access.sign_in", "sign in first", "cần đăng nhập")
	errDenied = fault.Define(fault.Forbidden, "access.denied", "you may not do this: it needs the permission {permission}", "không đủ quyền: cần quyền {permission}")
)

// ErrReadOnly refuses what changes anything to an actor who is ReadOnly; the
// HTTP edge asks for every request.
var ErrReadOnly = fault.Define(fault.Forbidden, "access.read_only", "you look through somebody else's eyes: nothing can be changed", "đang xem như người khác: không thay đổi được gì")

// Require returns nil when the actor may do p in s, else the fault that says
// so: sign in first, or the permission that is missing.
func Require(a Actor, p Permission, s Scope) error {
	if a.Can(p, s) {
		return nil
	}
	return Refuse(a, p)
}

// RequireEverywhere is Require for what concerns the whole city (settings,
// rosters): a grant limited to units, areas or services is not enough.
func RequireEverywhere(a Actor, p Permission) error {
	if a.Reach(p).Everywhere() {
		return nil
	}
	return Refuse(a, p)
}

// Refuse is the fault of an actor who may not do p.
func Refuse(a Actor, p Permission) error {
	if !a.Known() {
		return errSignIn.With()
	}
	return errDenied.With("permission", string(p))
}
