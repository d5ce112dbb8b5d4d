package casework

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/audit"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/personal"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
	"openioc.org/ioc/internal/workcal"
)

var (
	admin   = access.Actor{ID: "ad", Name: "Quản trị", Roles: []access.Role{access.Admin}}
	someKey = []byte("0123456789abcdef0123456789abcdef")
)

// audited are the records that have their trail: a program starts again on
// those that a test wrote before.
var audited = map[*store.DB]bool{}

const why = "Công dân đề nghị"

func keyedRoom(t *testing.T, db *store.DB, clk *clock.Clock, key []byte) *room {
	t.Helper()
	if !audited[db] {
		audited[db] = true
		if _, err := audit.New(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	s, err := New(context.WithoutCancel(t.Context()), Options{Store: db, Clock: clk, Calendar: func() *workcal.Calendar { return calendar }, SubjectKey: key,
		Unit: func(code string, _ time.Time) (Unit, bool) { u, ok := units[code]; return u, ok }})
	if err != nil {
		t.Fatal(err)
	}
	r := &room{s, t, db, clk}
	r.fill()
	return r
}

func (r *room) fill() {
	r.t.Helper()
	for more := true; more; {
		var err error
		if more, err = r.fillSome(r.t.Context()); err != nil {
			r.t.Fatal(err)
		}
	}
}

func eachKeyed(t *testing.T, test func(t *testing.T, r *room)) {
	storetest.EachOptions(t, func(t *testing.T, o store.Options) { // a clock each: it never goes back
		o.Clock = clock.Manual(morning)
		db, err := store.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		test(t, keyedRoom(t, db, o.Clock, someKey))
	})
}

// person makes the messages of a file: received, and ended if end says when.
func filed(system, code, end, name, paper, phone, email string) []Event {
	e := opened(code, "2026-01-05 08:00", "2026-01-12 17:00", "20242")
	e.System = system
	e.Key = "1"
	e.ApplicantName, e.ApplicantPaper, e.ApplicantPhone, e.ApplicantEmail = ptr(personal.Name(name)), ptr(personal.Paper(paper)), ptr(personal.Phone(phone)), ptr(personal.Email(email))
	e.ApplicantKind = ptr("person")
	e.Supplement = &Supplement{Text: "Đã gọi " + name + " số " + phone, Asked: local("2026-01-06 08:00"), Answered: local("2026-01-07 08:00")}
	e.Raw = json.RawMessage(`{"note":"gặp ` + name + `","so":` + strings.TrimLeft(strings.ReplaceAll(phone, " ", ""), "+0") + `}`)
	evs := []Event{e}
	if end != "" {
		f := of(code, end, Patch{State: ptr("9"), Finished: ptr(local(end)), ApplicantName: ptr(personal.Name(name))})
		f.System, f.Key = system, "2"
		evs = append(evs, f)
	}
	return evs
}

func (r *room) retain(kind string, months int, status string) {
	r.t.Helper()
	if _, err := r.PutRetentions(r.t.Context(), admin, []Retention{{Kind: kind, Months: months, From: "2020-01-01", Legal: "QĐ 12/QĐ-UBND", Status: status}}); err != nil {
		r.t.Fatal(err)
	}
}

func subject(t *testing.T, paper, phone, email string) Subject {
	t.Helper()
	p, err := NewSubject(paper, phone, email)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (r *room) find(p Subject) SubjectData {
	r.t.Helper()
	d, err := r.FindSubject(r.t.Context(), admin, p, why)
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

func codes(d SubjectData) (out []string) {
	for _, f := range d.Files {
		out = append(out, f.System+" "+f.Code)
	}
	slices.Sort(out)
	return out
}

// dump is every text that the tables of files and the audit hold.
func (r *room) dump() string {
	r.t.Helper()
	var b strings.Builder
	err := r.db.Read(r.t.Context(), func(tx *store.Tx) error {
		for _, q := range []string{"select applicant || ' ' || doc from case_file", "select said || ' ' || who || ' ' || raw from case_event",
			"select case_n || ' ' || hash from case_subject", "select case_n || ' ' || hash from case_erased"} {
			rows, err := store.All(tx, func(scan store.Scan) (s string, err error) { return s, scan(&s) }, q)
			if err != nil {
				return err
			}
			b.WriteString(strings.Join(rows, "\n"))
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return b.String()
}

func (r *room) trail(like string) (out []string) {
	r.t.Helper()
	if err := r.db.Read(r.t.Context(), func(tx *store.Tx) (err error) {
		out, err = store.All(tx, func(scan store.Scan) (s string, err error) { return s, scan(&s) }, "select summary || ' ' || coalesce(after, '') || ' ' || subject from audit_entry where subject like $1", like)
		return err
	}); err != nil {
		r.t.Fatal(err)
	}
	return out
}

// figures are what lists and boards say, without what is personal.
func (r *room) figures() (out []any) {
	r.t.Helper()
	p, err := r.List(r.t.Context(), leader, Filter{Sort: "received"})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, c := range p.Cases {
		x := *c
		x.Applicant = Applicant{}
		for _, d := range x.Deadlines {
			d.Reason = ""
		}
		x.Pauses, x.Deadlines = nil, nil
		out = append(out, x)
	}
	lines, err := r.Lines(r.t.Context(), 0, 1000)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, l := range lines {
		for i := range l.Dues {
			l.Dues[i].Reason = ""
		}
		out = append(out, l)
	}
	return append(out, p.Total)
}

func TestSubjectIsFoundExactly(t *testing.T) {
	eachKeyed(t, func(t *testing.T, r *room) {
		r.take(filed("a", codeA, "2026-01-09 08:00", "Nguyễn Văn An", "048 123 456 123", "0905123456", "An@Ex.vn")...)
		r.take(filed("b", codeB, "", "NGUYỄN VĂN AN", "048123456123", "+84 905 123 456", "")...)
		r.take(filed("a", codeC, "", "Lê Thị Bình", "048123456124", "0905123457", "")...)
		for _, c := range []struct{ paper, phone, email, want string }{
			{"048123456123", "", "", "[a " + codeA + " b " + codeB + "]"},
			{"", "84905123456", "", "[a " + codeA + " b " + codeB + "]"},
			{"", "", " an@ex.VN", "[a " + codeA + "]"},
			{"", "0905123457", "", "[a " + codeC + "]"},
			{"048123456999", "", "", "[]"},
			{"04812345612", "", "", "[]"},
		} {
			if got := fmt.Sprint(codes(r.find(subject(t, c.paper, c.phone, c.email)))); got != c.want {
				t.Errorf("%v: %s", c, got)
			}
		}
		d := r.find(subject(t, "048123456123", "", ""))
		if f := d.Files[0]; d.Persons != 1 || f.Applicant.Phone != "0905123456" || f.Applicant.Email != "An@Ex.vn" || len(f.Told) != 2 || f.Told[0].Paper != "048 123 456 123" || f.Kept == nil {
			t.Errorf("%+v", d)
		}
		// The paper was another's: put right, it is found by the new one alone.
		fix := of(codeC, "2026-01-08 08:00", Patch{ApplicantPaper: ptr(personal.Paper("048123456123")), ApplicantName: ptr(personal.Name("Nguyễn Văn An"))})
		r.take(fix)
		if got := r.find(subject(t, "048123456124", "", "")); got.Count != 0 {
			t.Errorf("by the old paper: %v", codes(got))
		}
		if got := r.find(subject(t, "048123456123", "", "")); got.Count != 3 || len(got.Files[2].Told) != 1 {
			t.Errorf("by the new one: %+v", got.Files)
		}
		for _, line := range r.trail("ioc.case.subject_exported.%") {
			if strings.Contains(line, "0481234") || strings.Contains(line, "90512") || !strings.Contains(line, `"files"`) {
				t.Error(line)
			}
		}
		if _, err := r.FindSubject(t.Context(), admin, subject(t, "", "0905123456", ""), "Anh An 0905.123.456 đề nghị"); err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(r.trail("ioc.case.subject_exported.%"), "\n"); !strings.Contains(all, "Anh An *** đề nghị") {
			t.Error(all)
		}
	})
}

func TestEraseKeepsWhatItMust(t *testing.T) {
	eachKeyed(t, func(t *testing.T, r *room) {
		first := filed("a", codeA, "2026-01-09 08:00", "Nguyễn Văn An", "048123456123", "0905123456", "an@ex.vn")
		r.take(first...)
		r.take(filed("b", codeB, "", "Nguyễn Văn An", "048123456123", "0905123456", "")...)
		r.take(filed("b", codeC, "2026-03-09 08:00", "Nguyễn Văn An", "048123456123", "", "")...)
		p := subject(t, "048123456123", "", "")
		erase := func() Erased {
			t.Helper()
			e, err := r.EraseSubject(t.Context(), admin, p, why, "Luật 91/2025/QH15, Điều 14")
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		if e := erase(); e.Erased != 0 || len(e.Kept) != 3 || e.Kept[0].Reason != "unconfirmed" || e.Kept[1].Reason != "open" {
			t.Errorf("what nobody confirmed goes by nothing: %+v", e)
		}
		r.retain(ApplicantData, 1, Confirmed)
		before := r.figures()
		e := erase()
		if e.Erased != 1 || len(e.Kept) != 2 || e.Kept[0].Reason != "open" || e.Kept[1].Reason != "retention" || !e.Kept[1].Until.Equal(local("2026-04-09 08:00")) || e.Kept[1].Legal != "QĐ 12/QĐ-UBND" {
			t.Errorf("%+v", e)
		}
		if after := r.figures(); !reflect.DeepEqual(before, after) {
			t.Errorf("figures differ:\n%+v\n%+v", before, after)
		}
		if e := erase(); e.Erased != 0 || len(e.Kept) != 2 {
			t.Errorf("once more: %+v", e)
		}
		if d := r.find(p); d.Count != 2 {
			t.Errorf("still found: %v", codes(d))
		}
		gone := func() {
			t.Helper()
			c := r.byCode(codeA)
			if c.Applicant.held() || c.Applicant.Kind != "person" || c.State != Finished {
				t.Errorf("%+v", c)
			}
			if err := r.db.Read(t.Context(), func(tx *store.Tx) error {
				texts, err := store.All(tx, func(scan store.Scan) (s string, err error) { return s, scan(&s) },
					"select said || who || raw from case_event e join case_file f on f.n = e.case_n where f.code = $1 union all select applicant || doc from case_file where code = $1", codeA)
				for _, s := range texts {
					for _, v := range []string{"Nguyễn", "048123456123", "905123456", "an@ex.vn"} {
						if strings.Contains(s, v) {
							t.Errorf("%s holds %s", s, v)
						}
					}
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		gone()
		// The source says it all again, word for word and in a new message.
		version := r.byCode(codeA).Version
		if rep := r.take(first...); rep.New != 0 || rep.Repeated != 2 {
			t.Errorf("%+v", rep)
		}
		gone()
		again := of(codeA, "2026-03-10 08:00", Patch{State: ptr("10"), ApplicantName: ptr(personal.Name("NGUYEN VAN AN")), ApplicantPhone: ptr(personal.Phone("0905 123 456"))})
		again.Key = "3"
		r.take(again)
		if c := r.byCode(codeA); c.Version != version+1 || c.Applicant.held() || c.State != Returned {
			t.Errorf("%+v", c)
		}
		if strings.Contains(r.dump(), "NGUYEN VAN AN") {
			t.Error("the data came back")
		}
		// Somebody else, by paper, is no secret of the one who was erased.
		other := of(codeA, "2026-03-10 08:30", Patch{ApplicantName: ptr(personal.Name("Trần Văn Khác")), ApplicantPaper: ptr(personal.Paper("048999999999"))})
		other.Key = "4"
		r.take(other)
		if d := r.find(subject(t, "048999999999", "", "")); d.Count != 1 {
			t.Errorf("%v", codes(d))
		}
		// What words mean changes: folding again brings nothing back.
		if err := r.Refold(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.refold(t.Context(), system, []int64{1, 2, 3}); err != nil {
			t.Fatal(err)
		}
		if c := r.byCode(codeA); c.Applicant.Name.Reveal() != "Trần Văn Khác" {
			t.Errorf("%+v", c.Applicant)
		}
		trail := r.trail("ioc.case.subject_erased.%")
		if len(trail) != 3 || strings.Contains(strings.Join(trail, ""), "048123") || !strings.Contains(trail[1], "Luật 91") {
			t.Errorf("%q", trail)
		}
	})
}

func TestKeyLostOrLate(t *testing.T) {
	clk := clock.Manual(morning)
	storetest.EachAt(t, clk, func(t *testing.T, db *store.DB) {
		none := keyedRoom(t, db, clk, nil)
		evs := filed("a", codeA, "2026-01-09 08:00", "Nguyễn Văn An", "048123456123", "0905123456", "")
		none.take(evs...)
		p := subject(t, "048123456123", "", "")
		if _, err := none.FindSubject(t.Context(), admin, p, why); !fault.Is(err, errNoKey) || fault.KindOf(err) != fault.Unavailable {
			t.Error(err)
		}
		if _, err := none.EraseSubject(t.Context(), admin, p, why, "Luật"); !fault.Is(err, errNoKey) {
			t.Error(err)
		}
		// With a key, older files are filled in; until then nobody is told half.
		s, err := New(t.Context(), Options{Store: db, Clock: clk, Calendar: func() *workcal.Calendar { return calendar }, SubjectKey: someKey})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.FindSubject(t.Context(), admin, p, why); !fault.Is(err, errFilling) {
			t.Error(err)
		}
		r := keyedRoom(t, db, clk, someKey)
		r.retain(ApplicantData, 0, Confirmed)
		if d := r.find(p); d.Count != 1 {
			t.Errorf("%+v", d)
		}
		if e, err := r.EraseSubject(t.Context(), admin, p, why, "Luật"); err != nil || e.Erased != 1 {
			t.Errorf("%+v %v", e, err)
		}
		// Another key knows nobody: what was erased stays so.
		for _, key := range [][]byte{[]byte("another key of 32 bytes, at least"), nil} {
			r = keyedRoom(t, db, clk, key)
			e := of(codeA, "2026-03-01 08:00", Patch{ApplicantPaper: ptr(personal.Paper("048123456123"))})
			e.Key = fmt.Sprint("k", len(key))
			r.take(e)
			if r.byCode(codeA).Applicant.held() {
				t.Error("came back under another key")
			}
		}
		if _, err := New(t.Context(), Options{Store: db, Clock: clk, Calendar: func() *workcal.Calendar { return calendar }, SubjectKey: []byte("short")}); err == nil {
			t.Error("a short key is taken")
		}
	})
}

func TestExpire(t *testing.T) {
	eachKeyed(t, func(t *testing.T, r *room) {
		var evs []Event
		for i := range eraseAtOnce + 3 {
			evs = append(evs, filed("a", fmt.Sprintf("H17.19-260105-%04d", i), "2026-01-09 08:00", "Nguyễn Văn An", "048123456123", "", "")...)
		}
		r.take(evs...)
		r.take(filed("a", codeA, "2026-03-08 08:00", "Lê Thị Bình", "048123456124", "", "")...)
		r.take(filed("a", codeB, "", "Lê Thị Mở", "048123456125", "", "")...)
		held := func() (n int) {
			if err := r.db.Read(t.Context(), func(tx *store.Tx) error {
				return tx.QueryRow("select count(*) from case_file where applicant <> ''").Scan(&n)
			}); err != nil {
				t.Fatal(err)
			}
			return n
		}
		sweep := func(want int) {
			t.Helper()
			if err := r.Expire(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := held(); got != want {
				t.Errorf("%s: %d hold an applicant, want %d", r.clk.Now(), got, want)
			}
		}
		all := eraseAtOnce + 5
		sweep(all) // unconfirmed
		r.retain(ApplicantData, 3, Confirmed)
		sweep(all) // all inside
		r.clk.Set(local("2026-04-09 07:59"))
		sweep(all)
		r.clk.Set(local("2026-04-09 08:00"))
		before := r.figures()
		sweep(2)
		if trail := r.trail("ioc.case.applicants_expired.%"); len(trail) != 2 { // one a batch
			t.Errorf("%q", trail)
		}
		if after := r.figures(); !reflect.DeepEqual(before, after) {
			t.Error("figures differ")
		}
		sweep(2)
		if len(r.trail("ioc.case.applicants_expired.%")) != 2 {
			t.Error("a sweep of nothing left a trace")
		}
		r.clk.Set(local("2026-06-08 08:00"))
		sweep(1) // the open one stays, however old
		r.clk.Set(local("2046-06-08 08:00"))
		sweep(1)
	})
}

// A clock that was moved back to when a shorter retention held erases nothing
// more.
func TestClockMovedBack(t *testing.T) {
	dir := clock.Manual(local("2026-06-01 08:00"))
	db := storetest.SQLite(t, dir)
	r := keyedRoom(t, db, dir, someKey)
	r.take(filed("a", codeA, "2026-02-02 08:00", "Lê Thị Bình", "048123456124", "", "")...)
	if _, err := r.PutRetentions(t.Context(), admin, []Retention{
		{Kind: ApplicantData, Months: 1, From: "2020-01-01", Legal: "cũ rồi", Status: Confirmed},
		{Kind: ApplicantData, Months: 60, From: "2026-05-01", Legal: "mới", Status: Confirmed},
	}); err != nil {
		t.Fatal(err)
	}
	if err := r.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	back := Retention{}
	if err := db.Read(t.Context(), func(tx *store.Tx) error {
		rows, err := readRetention(tx)
		back = strictest(rows, ApplicantData, local("2026-04-01 08:00"), local("2026-06-01 08:00"))
		return err
	}); err != nil || back.Months != 60 {
		t.Errorf("%+v %v", back, err)
	}
	if r.byCode(codeA).Applicant.Name == "" {
		t.Error("erased")
	}
}

func TestRetentionEdges(t *testing.T) {
	for _, c := range []struct {
		ended, over string
		months      int
	}{
		{"2026-01-31 10:00", "2026-03-01 00:00", 1}, {"2026-01-28 10:00", "2026-02-28 10:00", 1}, {"2024-02-29 10:00", "2025-03-01 00:00", 12},
		{"2026-01-31 10:00", "2026-01-31 10:00", 0}, {"2025-12-15 10:00", "2026-12-15 10:00", 12},
	} {
		if got := (Retention{Months: c.months}).over(local(c.ended)); !got.Equal(local(c.over)) {
			t.Errorf("%+v: %s", c, got)
		}
	}
	for months := range 14 { // the sweep's query and the single answer agree
		r := Retention{Months: months}
		for d := range 800 {
			ended := local("2024-01-01 13:00").Add(time.Duration(d) * 24 * time.Hour)
			for _, off := range []time.Duration{-time.Microsecond, 0, 36 * time.Hour} {
				now := r.over(ended).Add(off)
				if by := !ended.After(r.cut(now)); by != r.past(ended, now) {
					t.Fatalf("%d months, ended %s, now %s: query %v", months, ended, now, by)
				}
			}
		}
	}
}

func TestPersonalRoutes(t *testing.T) {
	clk := clock.Manual(morning)
	r := keyedRoom(t, storetest.SQLite(t, clk), clk, someKey)
	r.take(filed("a", codeA, "2026-01-09 08:00", "Nguyễn Văn An", "048123456123", "0905123456", "")...)
	narrow := admin
	narrow.ID, narrow.Grants = "n1", []access.Grant{{Role: access.Admin, Unit: "20242", Units: []string{"20242"}, Ceiling: access.Personal}}
	low := admin
	low.ID, low.Grants = "n2", []access.Grant{{Role: access.Admin, Ceiling: access.Internal}}
	eyes := admin
	eyes.ReadOnly = true
	actors := map[string]access.Actor{"admin": admin, "leader": leader, "officer": officer, "head": iocHead, "citizen": citizen, "narrow": narrow, "low": low, "eyes": eyes}
	call := r.serve(actors)
	const q = "&reason=C%C3%B4ng+d%C3%A2n+%C4%91%E1%BB%81+ngh%E1%BB%8B"
	for _, as := range []string{"leader", "officer", "head", "citizen", "narrow", "low", "eyes"} {
		a := call(403, as, "GET", "/cases/subject?paper=048123456123"+q, "")
		b := call(403, as, "GET", "/cases/subject?paper=048000000000"+q, "")
		c := call(403, as, "POST", "/cases/subject/erase", `{"paper":"x","reason":"","legal_basis":""}`)
		call(403, as, "POST", "/cases/subject", `{"paper":"048123456123","reason":"Công dân đề nghị"}`)
		if a["detail"] != b["detail"] || a["code"] != c["code"] {
			t.Errorf("%s learns something: %v %v %v", as, a, b, c)
		}
		if as != "low" && as != "eyes" {
			call(403, as, "GET", "/personal/retention", "")
			call(403, as, "PUT", "/personal/retention", `{"kinds":[]}`)
		}
	}
	call(401, "nobody", "GET", "/cases/subject?paper=048123456123"+q, "")
	call(422, "admin", "GET", "/cases/subject?paper=048123456123", "")
	call(400, "admin", "GET", "/cases/subject?paper=048123456123&phone=0905123456"+q, "")
	call(422, "admin", "GET", "/cases/subject?paper=abc"+q, "")
	if d := call(200, "admin", "GET", "/cases/subject?paper=048123456123"+q, ""); d["count"] != 1.0 || d["files"].([]any)[0].(map[string]any)["applicant"].(map[string]any)["name"] != "Nguyễn Văn An" {
		t.Errorf("%v", d)
	}
	if d := call(200, "admin", "POST", "/cases/subject", `{"paper":"048000000000","reason":"Công dân đề nghị"}`); d["count"] != 0.0 {
		t.Errorf("%v", d)
	}
	call(422, "admin", "POST", "/cases/subject/erase", `{"paper":"048123456123","reason":"Công dân đề nghị","legal_basis":""}`)
	rows := call(200, "admin", "GET", "/personal/retention", "")["kinds"].([]any)
	if len(rows) != 2 || rows[0].(map[string]any)["status"] != "unconfirmed" || rows[0].(map[string]any)["in_force"] != true {
		t.Errorf("%v", rows)
	}
	call(422, "admin", "PUT", "/personal/retention", `{"kinds":[{"kind":"case_applicant","months":-1,"from":"2026-13-01","legal":"","status":"confirmed"}]}`)
	call(200, "admin", "PUT", "/personal/retention", `{"kinds":[{"kind":"case_applicant","months":1,"from":"2026-01-01","legal":"QĐ 1/QĐ-UBND","status":"confirmed"}]}`)
	if e := call(200, "admin", "POST", "/cases/subject/erase", `{"phone":"+84905123456","reason":"Công dân đề nghị","legal_basis":"Luật 91/2025/QH15"}`); e["erased"] != 1.0 {
		t.Errorf("%v", e)
	}
}

// Run fills the index and sweeps by itself.
func TestRunTends(t *testing.T) {
	clk := clock.Manual(morning)
	db := storetest.SQLite(t, clk)
	none := keyedRoom(t, db, clk, nil)
	none.take(filed("a", codeA, "2026-01-09 08:00", "Nguyễn Văn An", "048123456123", "", "")...)
	none.retain(ApplicantData, 1, Confirmed)
	s, err := New(t.Context(), Options{Store: db, Clock: clk, Calendar: func() *workcal.Calendar { return calendar }, SubjectKey: someKey})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := withStop(t)
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	deadline := time.Now().Add(10 * time.Second)
	for {
		cs, err := s.ByCode(t.Context(), codeA)
		if err != nil {
			t.Fatal(err)
		}
		if !cs[0].Applicant.held() {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("not swept")
		}
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestSubjectIn(t *testing.T) {
	phone, paper, email := Subject{ByPhone, "0905123456"}, Subject{ByPaper, "048123456123"}, Subject{ByEmail, "an@ex.vn"}
	for _, c := range []struct {
		p    Subject
		text string
		want bool
	}{
		{phone, "gọi +84 905.123.456 gấp", true}, {phone, "905123456", true}, {phone, "CCCD 048123456123, ĐT 0905123456", true}, {phone, "0905123457", false}, {phone, "10905123456", false},
		{paper, "số 048 123 456 123 cấp 2021", true}, {paper, "CCCD:048123456123;0905123456", true}, {paper, "0481234561234", false},
		{email, "Thư: An@Ex.vn.", true}, {email, "<an@ex.vn>", true}, {email, "han@ex.vn", false}, {email, "an@ex.vn.com", false},
	} {
		if c.p.In(c.text) != c.want {
			t.Errorf("%s in %q: %v", c.p.Kind, c.text, !c.want)
		}
		if c.want && c.p.In(c.p.hide(c.text)) {
			t.Errorf("hidden: %q", c.p.hide(c.text))
		}
	}
}

func FuzzNormalise(f *testing.F) {
	for _, s := range []string{"", "048 123 456 123", "+84 (0) 905.123.456", "0084905123456", "905123456", "0905123456/0912345678", "An@Ex.vn", "０９０５１２３４５６", "İ@ß.vn", "\xff@a.b", "0400123456-001", strings.Repeat("9", 600)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, kind := range []string{ByPaper, ByPhone, ByEmail} {
			for _, v := range normalised(kind, s) {
				if !utf8.ValidString(v) || v == "" {
					t.Errorf("%s of %q: %q", kind, s, v)
				}
				if again := normalised(kind, v); len(again) != 1 || again[0] != v {
					t.Errorf("%s of %q is %q, then %q", kind, s, v, again)
				}
				p := Subject{kind, v}
				if !p.In(s) {
					t.Errorf("%s %q is not in %q", kind, v, s)
				}
				if p.In(p.hide(s)) {
					t.Errorf("%s %q is not hidden in %q", kind, v, s)
				}
			}
		}
	})
}
