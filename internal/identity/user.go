package identity

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/vi"
)

// User is an account, without its secrets.
type User struct {
	ID         string        `json:"id"`
	Username   string        `json:"username"`
	Name       string        `json:"name"`
	Role       access.Role   `json:"role" enum:"admin,leader,ioc_leader,duty,unit_leader,unit,citizen"`
	Roles      []access.Role `json:"roles" doc:"the role again, as a list"`
	Unit       string        `json:"unit" doc:"code of the unit, empty for the whole city"`
	Disabled   bool          `json:"disabled"`
	MustChange bool          `json:"must_change" doc:"may do nothing but change the password"`
	Created    time.Time     `json:"created"`
	Changed    time.Time     `json:"changed"`
	LastSignIn time.Time     `json:"last_sign_in,omitzero"`

	password   string // PHC string
	passwordAt time.Time
}

// Assignable are the roles a person can have.
func Assignable() []access.Role {
	return []access.Role{access.Admin, access.Leader, access.IOCLeader, access.Duty, access.UnitLeader, access.Unit, access.Citizen}
}

// actor is who the user is to the rest of the program. Until a password that
// must be changed is changed, nothing is allowed.
func (u *User) actor() access.Actor {
	a := access.Actor{ID: u.ID, Name: u.Name, Unit: u.Unit}
	if !u.MustChange {
		a.Roles = []access.Role{u.Role}
	}
	return a
}

// permissions are what the actor may do, sorted.
func (u *User) permissions() []access.Permission {
	if u.MustChange {
		return []access.Permission{}
	}
	ps := access.RolePermissions()[u.Role]
	slices.Sort(ps)
	return ps
}

var (
	errUser     = fault.Define(fault.Invalid, "identity.invalid", "the account is not valid", "tài khoản không hợp lệ")
	errUsername = fault.Define(fault.Invalid, "identity.username", "2 to 64 of a–z, 0–9, dot, dash, underscore; a letter or digit first", "2 đến 64 ký tự a–z, 0–9, dấu chấm, gạch ngang, gạch dưới; bắt đầu bằng chữ hoặc số")
	errName     = fault.Define(fault.Invalid, "identity.name", "1 to 200 characters", "1 đến 200 ký tự")
	errRole     = fault.Define(fault.Invalid, "identity.role", "the role {role} is none of admin, leader, duty, unit, citizen", "vai trò {role} không thuộc admin, leader, duty, unit, citizen")
	errUnit     = fault.Define(fault.Invalid, "identity.unit", "no unit has the code {unit}", "không có đơn vị mã {unit}")
)

var usernameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,63}$`)

// normalUsername is how a name is stored and looked for: sign-in does not
// distinguish capitals.
func normalUsername(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// check normalises and checks the fields that an administrator types.
func (u *User) check(unitExists func(code string) bool) error {
	u.Username, u.Name, u.Unit = normalUsername(u.Username), vi.NFC(strings.TrimSpace(u.Name)), strings.TrimSpace(u.Unit)
	u.Roles = []access.Role{u.Role}
	e := errUser.With()
	if !usernameForm.MatchString(u.Username) {
		e.At("username", errUsername.With())
	}
	if n := utf8.RuneCountInString(u.Name); n < 1 || n > 200 {
		e.At("name", errName.With())
	}
	if !slices.Contains(Assignable(), u.Role) {
		e.At("role", errRole.With("role", string(u.Role)))
	}
	if u.Unit != "" && (len(u.Unit) > 64 || unitExists != nil && !unitExists(u.Unit)) {
		e.At("unit", errUnit.With("unit", u.Unit))
	}
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}
