package identity

import (
	"context"
	"slices"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
)

var (
	errWarnCity      = fault.Define(fault.Invalid, "identity.warn_whole_city", "reaches the whole city", "có phạm vi toàn thành phố")
	errWarnNothing   = fault.Define(fault.Invalid, "identity.warn_nothing_new", "gives nothing that the person has not already", "không thêm quyền nào so với hiện có")
	errWarnDuties    = fault.Define(fault.Invalid, "identity.warn_separation", "keeps the system and decides in it: the two belong apart", "vừa quản trị hệ thống vừa xử lý nghiệp vụ: cần tách bạch")
	errWarnLeft      = fault.Define(fault.Invalid, "identity.warn_nothing_left", "leaves the person without any right", "người này sẽ không còn quyền nào")
	errWarnPersonal  = fault.Define(fault.Invalid, "identity.warn_personal", "lets the person see personal data", "cho phép xem dữ liệu cá nhân")
	errWarnSensitive = fault.Define(fault.Invalid, "identity.warn_sensitive", "reaches sensitive personal data", "tiếp cận dữ liệu cá nhân nhạy cảm")
	errWarnLent      = fault.Define(fault.Invalid, "identity.warn_lent", "ends {count} delegations too", "đồng thời chấm dứt {count} ủy quyền")
)

// Change is a permission that a proposal gives or takes, and where.
type Change struct {
	Permission access.Permission `json:"permission"`
	Where      msg.Text          `json:"where"`
}

// Diff is what a proposed change of somebody's grants comes to.
type Diff struct {
	Gained, Lost []Change
	Kept         int            // permissions that stay, if not everywhere
	Refused      []*fault.Error // why it cannot be done, by the check of Give and Take
	Warnings     []*fault.Error
}

// Diff says what would change if a person were given and taken grants; it
// changes nothing. It needs grant.edit, and that the person is seen.
func (s *Service) Diff(ctx context.Context, actor access.Actor, user string, add []GrantDraft, remove []string) (d Diff, err error) {
	if err := access.Require(actor, access.GrantEdit, access.Scope{}); err != nil {
		return Diff{}, err
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		now := s.now()
		u, err := s.person(tx, actor, user)
		if err != nil {
			return err
		}
		after := []access.Grant{}
		for i := range u.Posts {
			if g := &u.Posts[i]; g.inForce(now) && !slices.Contains(remove, g.ID) {
				after = append(after, g.access(s.units, now))
			}
		}
		for _, draft := range add {
			draft.Reason = "xem trước thay đổi" // not asked for yet
			g, err := s.grantOf(draft, now, ceilingOf(actor))
			if f, is := fault.As(err); is {
				for _, fd := range f.Fields {
					d.Refused = append(d.Refused, fd.Err)
				}
			} else {
				d.Refused = append(d.Refused, s.checkGive(actor, &u, &g, now)...)
			}
			ag := g.access(s.units, now)
			d.Warnings = append(d.Warnings, warnOf(ag, u.held)...)
			after = append(after, ag)
		}
		if err := s.refusedToTake(tx, actor, &u, remove, now, &d); err != nil {
			return err
		}
		d.Gained, d.Lost, d.Kept = s.beyond(after, u.held), s.beyond(u.held, after), kept(u.held, after)
		d.Warnings = append(d.Warnings, warnOfAll(u.held, after)...)
		d.Refused, d.Warnings = once(d.Refused), once(d.Warnings)
		return nil
	})
	return d, err
}

// refusedToTake names why grants cannot be taken, and what goes with them.
func (s *Service) refusedToTake(tx *store.Tx, actor access.Actor, u *User, remove []string, now time.Time, d *Diff) error {
	for _, id := range remove {
		i := slices.IndexFunc(u.Posts, func(g Grant) bool { return g.ID == id })
		if i < 0 {
			d.Refused = append(d.Refused, errNoGrant.With("id", id))
			continue
		}
		d.Refused = append(d.Refused, s.checkTake(actor, u, &u.Posts[i], now)...)
	}
	lent, err := lentOf(tx, now, remove...)
	if err != nil {
		return err
	}
	if len(lent) > 0 {
		d.Warnings = append(d.Warnings, errWarnLent.With("count", len(lent)))
	}
	err = s.keepAnAdmin(tx, u, func(g *Grant) bool { return !slices.Contains(remove, g.ID) })
	if f, is := fault.As(err); is {
		d.Refused, err = append(d.Refused, f), nil
	}
	return err
}

// once drops what is said twice.
func once(fs []*fault.Error) (out []*fault.Error) {
	seen := map[string]bool{}
	for _, f := range fs {
		if key := f.Error(); !seen[key] {
			seen[key] = true
			out = append(out, f)
		}
	}
	return out
}

// beyond is what one set of grants lets do that another does not, by
// permission.
func (s *Service) beyond(one, other []access.Grant) (out []Change) {
	table := access.RolePermissions()
	byPermission := func(gs []access.Grant) map[access.Permission][]access.Grant {
		m := map[access.Permission][]access.Grant{}
		for _, g := range gs {
			for _, p := range table[g.Role] {
				m[p] = append(m[p], g)
			}
		}
		return m
	}
	have, had := byPermission(one), byPermission(other)
	for p, gs := range have {
		for _, g := range gs {
			if slices.ContainsFunc(had[p], func(o access.Grant) bool { return inside(g.Bound(), o.Bound()) }) {
				continue
			}
			c := Change{Permission: p, Where: s.where(g)}
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	slices.SortFunc(out, func(a, b Change) int {
		return strings.Compare(string(a.Permission)+"\x00"+a.Where.Vi, string(b.Permission)+"\x00"+b.Where.Vi)
	})
	return out
}

// kept counts the permissions of one set of grants that another has too.
func kept(one, other []access.Grant) (n int) {
	a, b := access.Actor{ID: "one", Grants: one}, access.Actor{ID: "other", Grants: other}
	for _, p := range permissionsOf(a) {
		if b.Can(p, access.Scope{}) {
			n++
		}
	}
	return n
}

var ceilingNames = []msg.Text{
	{Vi: "dữ liệu công khai", En: "public data"},
	{Vi: "dữ liệu nội bộ", En: "internal data"},
	{Vi: "dữ liệu cá nhân", En: "personal data"},
	{Vi: "dữ liệu cá nhân nhạy cảm", En: "sensitive personal data"},
}

// where says in words where a grant reaches.
func (s *Service) where(g access.Grant) msg.Text {
	t := msg.Text{Vi: "toàn thành phố", En: "the whole city"}
	switch {
	case g.Unit != "":
		name := s.unitName(g.Unit)
		t = msg.Text{Vi: name, En: name}
		if len(g.Units) > 1 {
			t = msg.Text{Vi: name + " và các đơn vị trực thuộc", En: name + " and all below it"}
		}
	case g.Units != nil:
		t = msg.Text{Vi: "không đơn vị nào", En: "no unit"}
	}
	if len(g.Areas) > 0 {
		names := make([]string, len(g.Areas))
		for i, a := range g.Areas {
			names[i] = s.unitName(a)
		}
		list := strings.Join(names, ", ")
		t.Vi, t.En = t.Vi+"; địa bàn "+list, t.En+"; in "+list
	}
	if len(g.Services) > 0 {
		list := strings.Join(g.Services, ", ")
		t.Vi, t.En = t.Vi+"; lĩnh vực "+list, t.En+"; for "+list
	}
	c := ceilingNames[min(max(int(g.Ceiling), 0), len(ceilingNames)-1)]
	t.Vi, t.En = t.Vi+"; đến "+c.Vi, t.En+"; up to "+c.En
	return t
}

func (s *Service) unitName(code string) string {
	if name := s.units.Name(code); name != "" {
		return name
	}
	return code
}

// warnOf says what to think of before giving g to who holds had.
func warnOf(g access.Grant, had []access.Grant) (out []*fault.Error) {
	if g.Units == nil && g.Role != access.Citizen {
		out = append(out, errWarnCity.With())
	}
	if g.Ceiling >= access.Sensitive {
		out = append(out, errWarnSensitive.With())
	}
	if !exceeds(access.Actor{ID: "had", Grants: had}, access.Actor{ID: "new", Grants: []access.Grant{g}}) {
		out = append(out, errWarnNothing.With())
	}
	return out
}

// warnOfAll says what to think of about all that somebody would hold.
func warnOfAll(had, after []access.Grant) (out []*fault.Error) {
	before, now := access.Actor{ID: "before", Grants: had}, access.Actor{ID: "after", Grants: after}
	if len(after) == 0 {
		out = append(out, errWarnLeft.With())
	}
	if now.Can(access.PersonalView, access.Scope{}) && !before.Can(access.PersonalView, access.Scope{}) {
		out = append(out, errWarnPersonal.With())
	}
	keeps := func(g access.Grant) bool {
		return g.Role == access.Admin || g.Role == access.Security || g.Role == access.DataAdmin
	}
	decides := func(g access.Grant) bool {
		return g.Role == access.Leader || g.Role == access.IOCLeader || g.Role == access.Duty || g.Role == access.UnitLeader
	}
	if slices.ContainsFunc(after, keeps) && slices.ContainsFunc(after, decides) {
		out = append(out, errWarnDuties.With())
	}
	return out
}
