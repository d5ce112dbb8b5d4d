package casework

import (
	"context"
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/vi"
)

// mostOfPerson is the most files that one key may have: what has more is no
// person, but the telephone of an office.
const mostOfPerson = 5000

var (
	errNoKey     = fault.Define(fault.Unavailable, "case.subject_off", "personal data cannot be found: the program was started without a subject key", "chưa tra cứu được dữ liệu cá nhân: hệ thống chạy không có khoá tra cứu")
	errFilling   = fault.Define(fault.Unavailable, "case.subject_filling", "the index of persons is still being made; try again in a few minutes", "chỉ mục tra cứu đang được lập, hãy thử lại sau vài phút")
	errNoPerson  = fault.Define(fault.TooLarge, "case.subject_many", "more than {most} files: this names no single person", "hơn {most} hồ sơ: không phải của một người")
	errLegalBase = fault.Define(fault.Invalid, "case.legal_basis", "name the legal basis, in 3 to 500 letters", "cần nêu căn cứ pháp lý, từ 3 đến 500 ký tự")
	errLongText  = fault.Define(fault.Invalid, "case.long_reason", "at most {most} letters", "tối đa {most} ký tự")
)

// Rejected is who keeps rows that became no file, personal data and all.
type Rejected interface {
	// FindRejected lists rows that hold a person.
	FindRejected(tx *store.Tx, p Subject, limit int) ([]RejectedRow, error)
	// EraseRejected empties rows that hold a person, except those that name one
	// of the files.
	EraseRejected(tx *store.Tx, p Subject, files []string) (erased, kept int, err error)
	// ExpireRejected removes up to limit rows that are older.
	ExpireRejected(tx *store.Tx, before time.Time, limit int) (int, error)
}

// RejectedRow is such a row, as it came.
type RejectedRow struct {
	System     string    `json:"system"`
	SystemName string    `json:"system_name"`
	At         time.Time `json:"at"`
	Place      string    `json:"place" doc:"line, key or index"`
	Raw        string    `json:"raw" doc:"as it came, unmasked"`
}

// KeepRejected says who keeps rejected rows; call it before the first request.
func (s *Service) KeepRejected(r Rejected) { s.rejected = r }

// SubjectData is everything kept of one person, for handing over to them.
type SubjectData struct {
	Subject  Subject       `json:"subject"`
	At       time.Time     `json:"at"`
	Count    int           `json:"count" doc:"of files"`
	Persons  int           `json:"persons" doc:"different people that the files name by paper, else by name: more than one means that the key is shared"`
	Files    []SubjectFile `json:"files"`
	Rejected []RejectedRow `json:"rejected" doc:"rows of sources that became no file and hold the key"`
}

// SubjectFile is what one file keeps of the person, unmasked.
type SubjectFile struct {
	ID            string     `json:"id"`
	Code          string     `json:"code"`
	System        string     `json:"system"`
	SystemName    string     `json:"system_name"`
	ProcedureName string     `json:"procedure_name"`
	FieldName     string     `json:"field_name"`
	Channel       Channel    `json:"channel"`
	UnitName      string     `json:"unit_name"`
	State         State      `json:"state"`
	StateName     msg.Text   `json:"state_name"`
	ReceivedAt    *time.Time `json:"received_at"`
	Due           *time.Time `json:"due"`
	FinishedAt    *time.Time `json:"finished_at"`
	ReturnedAt    *time.Time `json:"returned_at"`
	Synthetic     bool       `json:"synthetic"`
	Applicant     Revealed   `json:"applicant"`
	Told          []Told     `json:"told" doc:"what the source said of the applicant, and when"`
	Kept          *Kept      `json:"kept" doc:"why it cannot be erased now; null: it can"`
}

// Told is what one message said of the applicant.
type Told struct {
	At time.Time `json:"at"`
	Revealed
}

// Kept is why the applicant of a file stays.
type Kept struct {
	Reason string     `json:"reason" enum:"open,retention,unconfirmed"`
	Text   msg.Text   `json:"text"`
	Until  *time.Time `json:"until" doc:"retention: until then"`
	Legal  string     `json:"legal"`
}

// subjectMay asks for the permission, which concerns the whole city; who looks
// through somebody else's eyes may not.
func (s *Service) subjectMay(actor access.Actor) error {
	if err := access.RequireEverywhere(actor, access.PersonalEdit); err != nil {
		return err
	}
	if actor.ReadOnly {
		return access.ErrReadOnly.With()
	}
	return access.Require(actor, access.PersonalEdit, access.Scope{Unit: access.NoUnit, Sensitivity: access.Personal})
}

// asked checks what every request about a person needs.
func (s *Service) asked(actor access.Actor, reason string) (string, error) {
	if err := s.subjectMay(actor); err != nil {
		return "", err
	}
	if s.subjects == nil {
		return "", errNoKey.With()
	}
	reason = strings.TrimSpace(vi.NFC(reason))
	if n := len([]rune(reason)); n < 5 {
		return "", errReason.With().At("reason", errReason.With())
	} else if n > 500 {
		return "", errLongText.With("most", 500).At("reason", errLongText.With("most", 500))
	}
	return reason, nil
}

// filled refuses while older files are not in the index yet: an answer that
// leaves some out would be wrong.
func (s *Service) filled(tx *store.Tx) error {
	st, _, err := readSubjectState(tx)
	if err == nil && !st.done {
		err = errFilling.With()
	}
	return err
}

// ofPerson are the files of a person.
func (s *Service) ofPerson(tx *store.Tx, p Subject) ([]int64, []*Case, error) {
	if err := s.filled(tx); err != nil {
		return nil, nil, err
	}
	ns, err := numbersOf(tx, s.subjects.subject(p), mostOfPerson+1)
	if err != nil {
		return nil, nil, err
	}
	if len(ns) > mostOfPerson {
		return nil, nil, errNoPerson.With("most", mostOfPerson)
	}
	cs, err := filesOf(tx, ns)
	return ns, cs, err
}

// FindSubject returns everything kept of a person, unmasked, on record.
func (s *Service) FindSubject(ctx context.Context, actor access.Actor, p Subject, reason string) (SubjectData, error) {
	d := SubjectData{Subject: p, Files: []SubjectFile{}, Rejected: []RejectedRow{}}
	reason, err := s.asked(actor, reason)
	if err != nil {
		return d, err
	}
	if err := s.db.Read(ctx, func(tx *store.Tx) error { return s.collect(tx, p, &d) }); err != nil {
		return d, err
	}
	hash := s.subjects.subject(p)
	err = s.db.Write(ctx, actor, func(tx *store.Tx) error {
		tx.Emit(store.Event{Subject: "ioc.case.subject_exported." + hash, Entity: "case_subject", EntityID: hash,
			After:   map[string]any{"by": p.Kind, "files": d.Count, "rejected": len(d.Rejected), "reason": p.hide(reason)},
			Summary: "Xuất dữ liệu cá nhân của một người: " + strconv.Itoa(d.Count) + " hồ sơ"})
		return nil
	})
	if err != nil { // nothing is shown without its trace
		return SubjectData{}, err
	}
	return d, nil
}

// collect reads all that is kept of a person.
func (s *Service) collect(tx *store.Tx, p Subject, d *SubjectData) error {
	d.At = tx.Now
	ns, cs, err := s.ofPerson(tx, p)
	if err != nil {
		return err
	}
	past, err := eventsOf(tx, ns, false)
	if err != nil {
		return err
	}
	rule, err := retentionAt(tx, ApplicantData, tx.Now)
	if err != nil {
		return err
	}
	for _, c := range cs {
		s.present(c, tx.Now, s.WindowNow(), tx.Now)
		d.Files = append(d.Files, subjectFile(c, past[c.number()], p, keeps(c, rule, tx.Now)))
	}
	d.Count, d.Persons = len(d.Files), persons(cs)
	if s.rejected == nil {
		return nil
	}
	rows, err := s.rejected.FindRejected(tx, p, mostOfPerson)
	for _, r := range rows {
		r.SystemName = s.SystemName(r.System)
		d.Rejected = append(d.Rejected, r)
	}
	return err
}

// persons counts the people that files name: by paper, and by name where no
// paper goes with it anywhere.
func persons(cs []*Case) int {
	papers, named, names := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, c := range cs {
		name := vi.Fold(c.Applicant.Name.Reveal())
		if v := normalised(ByPaper, c.Applicant.Paper.Reveal()); len(v) > 0 {
			papers[v[0]], named[name] = true, true
		} else {
			names[name] = true
		}
	}
	n := len(papers)
	for name := range names {
		if !named[name] {
			n++
		}
	}
	return n
}

func subjectFile(c *Case, evs []Event, p Subject, kept *Kept) SubjectFile {
	f := SubjectFile{
		ID: c.ID, Code: c.Code, System: c.System, SystemName: c.SystemName, ProcedureName: c.ProcedureName, FieldName: c.FieldName, Channel: c.Channel, UnitName: c.UnitName,
		State: c.State, StateName: c.StateName, ReceivedAt: c.ReceivedAt, Due: c.Due, FinishedAt: c.FinishedAt, ReturnedAt: c.ReturnedAt, Synthetic: c.Synthetic,
		Applicant: revealed(c.Applicant.Kind, c.Applicant.person()), Told: []Told{}, Kept: kept,
	}
	for _, e := range ordered(evs, Words{}) {
		w := e.person()
		if w == (person{}) {
			continue
		}
		said := map[string]string{ByPaper: w.Paper, ByPhone: w.Phone, ByEmail: w.Email}[p.Kind]
		if said != "" && !p.is(said) { // before it was put right: somebody else's
			continue
		}
		kind := ""
		set(&kind, e.ApplicantKind)
		f.Told = append(f.Told, Told{At: e.when, Revealed: revealed(kind, w)})
	}
	return f
}

func revealed(kind string, w person) Revealed {
	return Revealed{Kind: kind, Name: w.Name, Phone: w.Phone, Paper: w.Paper, Email: w.Email, Address: w.Address}
}
