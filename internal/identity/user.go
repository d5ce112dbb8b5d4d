package identity

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/personal"
	"openioc.org/ioc/internal/vi"
)

// User is an account, without its secrets.
type User struct {
	ID           string         `json:"id"`
	Username     string         `json:"username"`
	Name         string         `json:"name"`
	Title        string         `json:"title"`
	Email        personal.Email `json:"email" doc:"masked"`
	Phone        personal.Phone `json:"phone" doc:"masked"`
	Role         access.Role    `json:"role" doc:"of the main post, the oldest of one's own; empty when none is in force"`
	Roles        []access.Role  `json:"roles" doc:"of all grants in force"`
	Unit         string         `json:"unit" doc:"of the main post, empty for the whole city"`
	UnitName     string         `json:"unit_name"`
	Disabled     bool           `json:"disabled"`
	Invited      bool           `json:"invited" doc:"has not set a password yet"`
	External     bool           `json:"external" doc:"signs in elsewhere"`
	MustChange   bool           `json:"must_change" doc:"may do nothing but change the password"`
	MustEnrol    bool           `json:"must_enrol" doc:"may do nothing but set up a second factor"`
	SecondFactor SecondFactor   `json:"second_factor" enum:"none,totp,passkey,both"`
	Away         *Away          `json:"away"`
	Posts        []Grant        `json:"posts" doc:"the grants in force and those to come"`
	Created      time.Time      `json:"created"`
	Changed      time.Time      `json:"changed"`
	LastSignIn   time.Time      `json:"last_sign_in,omitzero"`

	password   string // PHC string
	passwordAt time.Time
	home       string         // unit of the account in the records: the office of somebody of the whole city
	held       []access.Grant // in force, resolved by settle; nil until then: nothing
	changes    time.Time      // when held changes next, zero never
}

// Assignable are the roles a person can have.
func Assignable() []access.Role {
	return []access.Role{access.Admin, access.Leader, access.IOCLeader, access.Duty, access.UnitLeader, access.Unit, access.Officer,
		access.Analyst, access.Security, access.DataAdmin, access.Citizen}
}

// actor is who the user is to the rest of the program: what settle found in
// force. Until a password that must be changed is changed, and a second factor
// that must be there is there, nothing is allowed.
func (u *User) actor() access.Actor {
	a := access.Actor{ID: u.ID, Name: u.Name, Unit: u.Unit, Grants: []access.Grant{}}
	if !u.MustChange && !u.MustEnrol && u.held != nil {
		a.Roles, a.Grants = u.Roles, u.held
	}
	return a
}

// permissionsOf are what the actor may do somewhere, sorted.
func permissionsOf(a access.Actor) []access.Permission {
	ps := []access.Permission{}
	table := access.RolePermissions()
	for _, g := range a.Held() {
		for _, p := range table[g.Role] {
			if a.Can(p, access.Scope{}) {
				ps = append(ps, p)
			}
		}
	}
	slices.Sort(ps)
	return slices.Compact(ps)
}

var (
	errUser     = fault.Define(fault.Invalid, "identity.invalid", "the account is not valid", "tài khoản không hợp lệ")
	errUsername = fault.Define(fault.Invalid, "identity.username", "2 to 64 of a–z, 0–9, dot, dash, underscore; a letter or digit first", "2 đến 64 ký tự a–z, 0–9, dấu chấm, gạch ngang, gạch dưới; bắt đầu bằng chữ hoặc số")
	errName     = fault.Define(fault.Invalid, "identity.name", "1 to 200 characters", "1 đến 200 ký tự")
	errRole     = fault.Define(fault.Invalid, "identity.role", "there is no role {role} for people", "không có vai trò {role} cho người dùng")
	errTitle    = fault.Define(fault.Invalid, "identity.title", "at most 200 characters", "nhiều nhất 200 ký tự")
	errEmail    = fault.Define(fault.Invalid, "identity.email", "not an e-mail address", "không phải địa chỉ thư điện tử")
	errPhone    = fault.Define(fault.Invalid, "identity.phone", "not a telephone number", "không phải số điện thoại")
	errUnit     = fault.Define(fault.Invalid, "identity.unit", "no unit has the code {unit}", "không có đơn vị mã {unit}")
)

var usernameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,63}$`)

// normalUsername is how a name is stored and looked for: sign-in does not
// distinguish capitals.
func normalUsername(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// phoneForm is a number as people write it.
var phoneForm = regexp.MustCompile(`^\+?[0-9][0-9 .()-]{5,23}$`)

// check normalises and checks who the person is; what the person may do is
// checked with the grants.
func (u *User) check() error {
	u.Username, u.Name, u.Title = normalUsername(u.Username), vi.NFC(strings.TrimSpace(u.Name)), vi.NFC(strings.TrimSpace(u.Title))
	u.Email, u.Phone = personal.Email(strings.TrimSpace(u.Email.Reveal())), personal.Phone(strings.TrimSpace(u.Phone.Reveal()))
	e := errUser.With()
	if !usernameForm.MatchString(u.Username) {
		e.At("username", errUsername.With())
	}
	if n := utf8.RuneCountInString(u.Name); n < 1 || n > 200 {
		e.At("name", errName.With())
	}
	if utf8.RuneCountInString(u.Title) > 200 {
		e.At("title", errTitle.With())
	}
	if m := u.Email.Reveal(); m != "" {
		if a, err := mail.ParseAddress(m); err != nil || a.Address != m || len(m) > 254 {
			e.At("email", errEmail.With())
		}
	}
	if p := u.Phone.Reveal(); p != "" && !phoneForm.MatchString(p) {
		e.At("phone", errPhone.With())
	}
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}

// searchText is what a search looks into.
func (u *User) searchText() string {
	return vi.Fold(u.Username + " " + u.Name + " " + u.Title)
}
