package identity

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/personal"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/uid"
)

// maxPeople is how many people one import may hold, maxPeopleText how long it
// may be: it is one transaction, and others wait for it.
const (
	maxPeople     = 2000
	maxPeopleText = 4 << 20
)

var (
	errPeopleForm   = fault.Define(fault.Invalid, "identity.import_form", "cannot be read: {detail}", "không đọc được: {detail}")
	errPeopleMany   = fault.Define(fault.Invalid, "identity.import_many", "more than {max} people; send them in parts", "quá {max} người; hãy chia nhỏ")
	errPeopleLong   = fault.Define(fault.TooLarge, "identity.import_long", "longer than {max} bytes; send it in parts", "dài quá {max} byte; hãy chia nhỏ")
	errPeopleTwice  = fault.Define(fault.Invalid, "identity.import_twice", "{username} is there already, in line {line}", "{username} đã có ở dòng {line}")
	errPeopleColumn = fault.Define(fault.Invalid, "identity.import_column", "the column {column} is missing", "thiếu cột {column}")
	errPeopleBool   = fault.Define(fault.Invalid, "identity.import_active", "true or false (có, không)", "phải là có hoặc không (true, false)")
	errPeopleKind   = fault.Define(fault.Invalid, "identity.import_kind", "not a SCIM 2.0 list of users (ListResponse)", "không phải danh sách người dùng SCIM 2.0 (ListResponse)")
	errPeopleFormat = fault.Define(fault.Invalid, "identity.import_format", "the format is scim or csv", "định dạng là scim hoặc csv")
)

// importRow is a line of an import; a nil field was not said.
type importRow struct {
	line                                  int
	username                              string
	name, title, email, phone, role, unit *string
	active                                *bool
}

// ImportFault is what is wrong in a line.
type ImportFault struct {
	Line  int
	Field string
	Err   *fault.Error
}

// ImportReport says what an import did, or would do.
type ImportReport struct {
	Created, Updated, Disabled, Unchanged int
	Faults                                []ImportFault
}

// fault notes what is wrong in a line; fields are named one by one.
func (r *ImportReport) fault(line int, field string, err error) bool {
	f, ok := fault.As(err)
	if !ok {
		return false
	}
	if len(f.Fields) == 0 {
		r.Faults = append(r.Faults, ImportFault{line, field, f})
	}
	for _, fd := range f.Fields {
		r.Faults = append(r.Faults, ImportFault{line, fd.Path, fd.Err})
	}
	return true
}

// errRollback ends a transaction that was only to try.
var errRollback = errors.New("identity: nothing is to be kept")

// ImportPeople makes and changes the accounts of a list of people: a SCIM 2.0
// ListResponse or CSV. Who is not named there stays as he is, and the actor is
// never touched. With a fault in any line, or for a preview, nothing is
// written. New people come as invited: they have no password, and sign in
// through a provider or with a link. It needs user.edit, and what giving each
// role needs.
func (s *Service) ImportPeople(ctx context.Context, actor access.Actor, format, text string, preview bool) (ImportReport, error) {
	if err := access.Require(actor, access.UserEdit, access.Scope{}); err != nil {
		return ImportReport{}, err
	}
	if len(text) > maxPeopleText {
		return ImportReport{}, errPeopleLong.With("max", maxPeopleText)
	}
	var rows []importRow
	var report ImportReport
	switch format {
	case "scim":
		rows, report.Faults = readSCIM(text)
	case "csv":
		rows, report.Faults = readPeopleCSV(text)
	default:
		return report, errPeopleFormat.With()
	}
	seen := map[string]int{}
	for _, r := range rows {
		if first, twice := seen[r.username]; twice {
			report.fault(r.line, "username", errPeopleTwice.With("username", r.username, "line", first))
		}
		seen[r.username] = cmp.Or(seen[r.username], r.line)
	}
	err := s.db.Write(ctx, actor, func(tx *store.Tx) error {
		for _, r := range rows {
			// What a row did before its fault goes with all the rest.
			if err := s.importPerson(tx, actor, r, &report); err != nil && !report.fault(r.line, "", err) {
				return err
			}
		}
		if preview || len(report.Faults) > 0 || report.Created+report.Updated+report.Disabled == 0 {
			return errRollback
		}
		return nil
	})
	if err != nil && !errors.Is(err, errRollback) {
		return ImportReport{}, err
	}
	slices.SortStableFunc(report.Faults, func(a, b ImportFault) int { return cmp.Compare(a.Line, b.Line) })
	if len(report.Faults) > 0 && !preview {
		report = ImportReport{Faults: report.Faults}
	}
	return report, nil
}

func (s *Service) importPerson(tx *store.Tx, actor access.Actor, r importRow, report *ImportReport) error {
	if !usernameForm.MatchString(r.username) {
		return errUser.With().At("username", errUsername.With())
	}
	u, found, err := findUsername(tx, r.username)
	switch {
	case err != nil:
		return err
	case !found:
		return s.importNew(tx, actor, r, report)
	case u.ID == actor.ID:
		report.Unchanged++
		return nil
	}
	if err := s.fill(tx, &u); err != nil {
		return err
	}
	p, changed := r.patch(&u)
	if !changed {
		report.Unchanged++
		return nil
	}
	if _, err := s.patch(tx, actor, u.ID, p); err != nil {
		return err
	}
	if p.Disabled != nil && *p.Disabled {
		report.Disabled++
	} else {
		report.Updated++
	}
	return nil
}

// patch is what a line says differently.
func (r importRow) patch(u *User) (p Patch, changed bool) {
	other := func(said *string, is string) bool { return said != nil && *said != is }
	if other(r.name, u.Name) {
		p.Name, changed = r.name, true
	}
	if other(r.title, u.Title) {
		p.Title, changed = r.title, true
	}
	if other(r.email, u.Email.Reveal()) {
		m := personal.Email(*r.email)
		p.Email, changed = &m, true
	}
	if other(r.phone, u.Phone.Reveal()) {
		m := personal.Phone(*r.phone)
		p.Phone, changed = &m, true
	}
	if r.active != nil && *r.active == u.Disabled {
		off := !*r.active
		p.Disabled, changed = &off, true
	}
	// A post is changed, never taken: an empty role or unit says nothing.
	if r.role != nil && *r.role != "" && *r.role != string(u.Role) {
		role := access.Role(*r.role)
		p.Role, changed = &role, true
	}
	if r.unit != nil && *r.unit != "" && *r.unit != u.Unit {
		p.Unit, changed = r.unit, true
	}
	p.Reason = "nhập danh sách người dùng"
	return p, changed
}

func (s *Service) importNew(tx *store.Tx, actor access.Actor, r importRow, report *ImportReport) error {
	if r.active != nil && !*r.active {
		report.Unchanged++ // who has left need not come
		return nil
	}
	said := func(v *string) string {
		if v == nil {
			return ""
		}
		return *v
	}
	now := s.now()
	u := User{ID: uid.New(now), Username: r.username, Name: said(r.name), Title: said(r.title), Email: personal.Email(said(r.email)), Phone: personal.Phone(said(r.phone)),
		Role: access.Role(said(r.role)), Created: now, Changed: now, password: s.dummy, passwordAt: now, Invited: true, home: said(r.unit)}
	err := u.check()
	if err == nil {
		err = access.Require(actor, access.UserEdit, access.Scope{Unit: u.home})
	}
	var g *Grant
	switch {
	case u.Role != "":
		unit := u.home
		if u.Role == access.Admin {
			unit = ""
		}
		draft, bad := s.grantOf(GrantDraft{Role: u.Role, Unit: unit, Reason: "nhập danh sách người dùng"}, now, ceilingOf(actor))
		if err = together(err, bad); err != nil {
			return err
		}
		if refused := s.checkGive(actor, &u, &draft, now); len(refused) > 0 {
			return errUser.With().At("role", refused[0])
		}
		g = &draft
	case u.home != "":
		if f := s.unitFault(u.home, now); f != nil {
			err = together(err, errUser.With().At("unit", f))
		}
	}
	if err != nil {
		return err
	}
	report.Created++
	return s.insert(tx, actor, &u, g, "created")
}
