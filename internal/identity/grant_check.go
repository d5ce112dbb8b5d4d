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

var (
	errGrant     = fault.Define(fault.Invalid, "identity.grant", "the grant is not valid", "quyền được giao không hợp lệ")
	errNeedsUnit = fault.Define(fault.Invalid, "identity.grant_needs_unit", "the role {role} holds in a unit: name one", "vai trò {role} phải gắn với một đơn vị")
	errAdminUnit = fault.Define(fault.Invalid, "identity.grant_admin_unit", "an administrator is one of the whole city", "quản trị hệ thống là của toàn thành phố, không gắn với đơn vị")
	errUnitEnded = fault.Define(fault.Invalid, "identity.unit_ended", "the unit {unit} is not in force then", "đơn vị {unit} không còn (hoặc chưa) hoạt động vào lúc đó")
	errArea      = fault.Define(fault.Invalid, "identity.grant_area", "there is no area {area}", "không có địa bàn mã {area}")
	errService   = fault.Define(fault.Invalid, "identity.grant_service", "{service} is not the name of a service", "{service} không phải tên dịch vụ")
	errCeiling   = fault.Define(fault.Invalid, "identity.grant_ceiling", "{ceiling} is none of public, internal, personal, sensitive, or above what the role may reach", "mức {ceiling} không có hoặc cao hơn mức của vai trò")
	errUntil     = fault.Define(fault.Invalid, "identity.grant_until", "must be later than the beginning and than now", "phải sau lúc bắt đầu và sau hiện tại")
	errReason    = fault.Define(fault.Invalid, "identity.reason", "say why, in 3 to 500 characters", "nêu lý do, 3 đến 500 ký tự")

	errSelf       = fault.Define(fault.Forbidden, "identity.own_grant", "nobody changes his own rights: another administrator does", "không ai tự thay đổi quyền của mình: phải do quản trị viên khác")
	errMayNotGive = fault.Define(fault.Forbidden, "identity.may_not_give", "you may not give or take the role {role}", "không được giao hoặc thu hồi vai trò {role}")
	errBeyondUnit = fault.Define(fault.Forbidden, "identity.beyond_unit", "beyond the units you answer for", "vượt ngoài phạm vi đơn vị của người giao")
	errBeyondArea = fault.Define(fault.Forbidden, "identity.beyond_area", "beyond the areas you answer for", "vượt ngoài địa bàn của người giao")
	errBeyondSvc  = fault.Define(fault.Forbidden, "identity.beyond_service", "beyond the services you answer for", "vượt ngoài lĩnh vực của người giao")
	errBeyondCeil = fault.Define(fault.Forbidden, "identity.beyond_ceiling", "above the sensitivity you reach yourself", "cao hơn mức nhạy cảm của người giao")
	errBeyondTime = fault.Define(fault.Forbidden, "identity.beyond_time", "lasts longer than what was lent to you", "kéo dài quá thời hạn được ủy quyền")
	errOff        = fault.Define(fault.Conflict, "identity.disabled", "the account {username} is disabled", "tài khoản {username} đã bị khóa")
)

// GrantDraft is a grant that somebody wants to give.
type GrantDraft struct {
	Role     access.Role
	Unit     string
	Areas    []string
	Services []string
	Ceiling  string     // "" what the role reaches
	From     *time.Time // nil or past: now
	Until    *time.Time
	Reason   string
}

var serviceForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)

// tidyList sorts, without doubles and blanks; nil stays what "any" is.
func tidyList(list []string) []string {
	out := []string{}
	for _, v := range list {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// grantOf makes the grant of a draft and names what is wrong with it by
// itself, whoever gives it; maxCeiling is the most a ceiling may be set to.
func (s *Service) grantOf(d GrantDraft, now time.Time, maxCeiling access.Sensitivity) (Grant, error) {
	g := Grant{Role: d.Role, Unit: strings.TrimSpace(d.Unit), Areas: tidyList(d.Areas), Services: tidyList(d.Services), Ceiling: d.Ceiling,
		From: now, Reason: vi.NFC(strings.TrimSpace(d.Reason)), GivenAt: now}
	e := errGrant.With()
	if !slices.Contains(Assignable(), g.Role) {
		e.At("role", errRole.With("role", string(g.Role)))
	}
	if g.Ceiling == "" {
		g.Ceiling = ceilingWord(access.RoleCeiling(g.Role))
	}
	if d.From != nil && d.From.After(now) {
		g.From = d.From.UTC().Truncate(time.Microsecond)
	}
	switch {
	case g.Unit == "" && !access.CityWide(g.Role):
		e.At("unit", errNeedsUnit.With("role", string(g.Role)))
	case g.Unit != "" && g.Role == access.Admin:
		e.At("unit", errAdminUnit.With())
	case g.Unit != "":
		if f := s.unitFault(g.Unit, g.From); f != nil {
			e.At("unit", f)
		}
	}
	for _, a := range g.Areas {
		if len(a) > 64 || !s.units.Exists(a, g.From) && s.units.Name(a) == "" {
			e.At("areas", errArea.With("area", a))
		}
	}
	for _, v := range g.Services {
		if !serviceForm.MatchString(v) {
			e.At("services", errService.With("service", v))
		}
	}
	if limit := max(access.RoleCeiling(g.Role), maxCeiling); !slices.Contains(ceilings, g.Ceiling) || sensitivity(g.Ceiling) > limit ||
		g.Role == access.Citizen && sensitivity(g.Ceiling) > access.Public {
		e.At("ceiling", errCeiling.With("ceiling", g.Ceiling))
	}
	if d.Until != nil {
		until := d.Until.UTC().Truncate(time.Microsecond)
		g.Until = &until
		if !until.After(g.From) || !until.After(now) {
			e.At("until", errUntil.With())
		}
	}
	if f := reasonFault(g.Reason); f != nil {
		e.At("reason", f)
	}
	if len(e.Fields) > 0 {
		return g, e
	}
	return g, nil
}

func reasonFault(reason string) *fault.Error {
	if n := utf8.RuneCountInString(strings.TrimSpace(reason)); n < 3 || n > 500 {
		return errReason.With()
	}
	return nil
}

// unitFault tells a unit that never was from one that is not now.
func (s *Service) unitFault(code string, at time.Time) *fault.Error {
	switch {
	case len(code) > 64:
		return errUnit.With("unit", code)
	case s.units.Exists(code, at):
		return nil
	case s.units.Name(code) != "":
		return errUnitEnded.With("unit", s.units.Name(code))
	}
	return errUnit.With("unit", code)
}

// ceilingOf is the most an actor may set a ceiling to: an administrator of the
// whole city is not held to what he reaches himself.
func ceilingOf(actor access.Actor) access.Sensitivity {
	if isAdmin(actor) {
		return access.Sensitive
	}
	return access.Public
}

// isAdmin reports whether the actor gives roles for the whole city.
func isAdmin(a access.Actor) bool {
	if a.IsSystem() {
		return true
	}
	return a.Can(access.GrantEdit, access.Scope{}) && slices.ContainsFunc(a.Held(), func(g access.Grant) bool {
		return g.Role == access.Admin && g.Units == nil && g.Areas == nil && g.Services == nil
	})
}

// givable names what keeps an actor from giving (or taking) a grant: the
// role, and the box of it that lies in no box of his own. Nothing is nil.
func givable(actor access.Actor, g access.Grant) []*fault.Error {
	if actor.IsSystem() {
		return nil
	}
	if err := access.Require(actor, access.GrantEdit, access.Scope{}); err != nil {
		f, _ := fault.As(err)
		return []*fault.Error{f}
	}
	if actor.Only != nil { // rights are given by people: who stands behind a token could give them to himself
		return []*fault.Error{errMayNotGive.With("role", string(g.Role))}
	}
	var best []*fault.Error
	role := false
	for _, own := range actor.Held() {
		if !slices.Contains(mayGive[own.Role], g.Role) {
			continue
		}
		beyond := outside(g, own)
		if own.For != "" && !own.Until.IsZero() && (g.Until.IsZero() || g.Until.After(own.Until)) {
			beyond = append(beyond, errBeyondTime.With())
		}
		if len(beyond) == 0 {
			return nil
		}
		if !role || len(beyond) < len(best) {
			best = beyond
		}
		role = true
	}
	if !role {
		return []*fault.Error{errMayNotGive.With("role", string(g.Role))}
	}
	return best
}

// outside names the sides on which the box of g lies outside that of own. An
// administrator hands out what he does not reach himself, but for where.
func outside(g, own access.Grant) (beyond []*fault.Error) {
	if own.Units != nil && (g.Unit == "" || !slices.Contains(own.Units, g.Unit)) {
		beyond = append(beyond, errBeyondUnit.With())
	}
	if !within(g.Areas, own.Areas) {
		beyond = append(beyond, errBeyondArea.With())
	}
	if !within(g.Services, own.Services) {
		beyond = append(beyond, errBeyondSvc.With())
	}
	if g.Ceiling > own.Ceiling && own.Role != access.Admin {
		beyond = append(beyond, errBeyondCeil.With())
	}
	return beyond
}

// within reports whether a list lies in another; nil is any.
func within(list, own []string) bool {
	if own == nil {
		return true
	}
	return list != nil && !slices.ContainsFunc(list, func(v string) bool { return !slices.Contains(own, v) })
}

// reaches reports whether a reach covers a unit; "" asks for all of them.
func reaches(r access.Reach, unit string) bool {
	if unit == "" {
		return slices.ContainsFunc(r, func(b access.Bound) bool { return b.Units == nil })
	}
	return r.Covers(access.Scope{Unit: unit})
}

// sees reports whether an account lies in the actor's reach of user.view, or
// is his own.
func sees(actor access.Actor, u *User) bool {
	if actor.ID == u.ID && actor.Real == "" {
		return true
	}
	r := actor.Reach(access.UserView)
	if reaches(r, "") || u.home != "" && reaches(r, u.home) {
		return true
	}
	return slices.ContainsFunc(u.Posts, func(g Grant) bool { return g.Unit != "" && reaches(r, g.Unit) })
}

// commands reports whether the actor may change an account: everything it may
// do must lie where he may change accounts (how sensitive does not matter, as
// in outside), else he could make himself more by its password.
func (s *Service) commands(actor access.Actor, u *User) error {
	r, now := actor.Reach(access.UserEdit), s.now()
	for i := range u.Posts {
		post := u.Posts[i].access(s.units, now)
		post.Ceiling = access.Public
		if len(post.Units) == 0 && post.Units != nil { // reaches nowhere
			continue
		}
		if !slices.ContainsFunc(r, func(b access.Bound) bool {
			return len(outside(post, access.Grant{Units: b.Units, Areas: b.Areas, Services: b.Services})) == 0
		}) {
			return access.Refuse(actor, access.UserEdit)
		}
	}
	return access.Require(actor, access.UserEdit, access.Scope{})
}

// takesOver reports whether the actor may make himself the holder of an
// account, by its password or without its second factor: people do that, for
// whoever holds a token would hold the account too, and all that it may do.
func (s *Service) takesOver(actor access.Actor, u *User) error {
	if actor.Only != nil {
		return errPersonal.With()
	}
	return s.commands(actor, u)
}
