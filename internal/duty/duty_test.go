package duty_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/city"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/duty"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/notify"
	"openioc.org/ioc/internal/org"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

var (
	lead    = access.Actor{ID: "d1", Name: "Trực Một", Roles: []access.Role{access.Duty}}
	officer = access.Actor{ID: "d2", Name: "Trực Hai", Roles: []access.Role{access.Duty}}
	keeper  = access.Actor{ID: "k1", Name: "Quản trị", Roles: []access.Role{access.Admin}}
	chief   = access.Actor{ID: "c1", Name: "Lãnh đạo IOC", Roles: []access.Role{access.IOCLeader}}
	focal   = access.Actor{ID: "u1", Name: "Đầu mối Hải Châu", Roles: []access.Role{access.Unit}, Unit: "20242"}
	noon    = time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC) // 12:00 in Đà Nẵng
)

var everybody = []duty.Person{
	{User: "d1", Name: "Trực Một", Role: access.Duty}, {User: "d2", Name: "Trực Hai", Role: access.Duty}, {User: "d3", Name: "Trực Ba", Role: access.Duty},
	{User: "c1", Name: "Lãnh đạo IOC", Role: access.IOCLeader}, {User: "l1", Name: "Chủ tịch", Role: access.Leader},
	{User: "u1", Name: "Đầu mối Hải Châu", Role: access.Unit, Unit: "20242"}, {User: "u2", Name: "Chủ tịch phường Hải Châu", Role: access.UnitLeader, Unit: "20242"},
	{User: "n1", Name: "Đầu mối Sở NN&MT", Role: access.Unit, Unit: "snnmt"}, {User: "x1", Name: "Công dân", Role: access.Citizen},
}

var danang = sync.OnceValues(city.Load)

type room struct {
	*duty.Service
	t      *testing.T
	db     *store.DB
	clk    *clock.Clock
	notify *notify.Service
	org    *org.Service
	people []duty.Person
	facts  []store.Event
}

func each(t *testing.T, test func(t *testing.T, r *room)) {
	storetest.EachOptions(t, func(t *testing.T, o store.Options) {
		o.Clock = clock.Manual(noon)
		db, err := store.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		r := &room{t: t, db: db, clk: o.Clock, people: everybody}
		if r.notify, err = notify.New(t.Context(), notify.Options{Store: db, Clock: o.Clock}); err != nil {
			t.Fatal(err)
		}
		where, err := danang()
		if err != nil {
			t.Fatal(err)
		}
		r.org, err = org.New(t.Context(), org.Options{Store: db, City: where, Clock: o.Clock})
		if err != nil {
			t.Fatal(err)
		}
		r.Service, err = duty.New(t.Context(), duty.Options{Store: db, Notify: r.notify, Org: r.org, Clock: o.Clock,
			People: func(context.Context) ([]duty.Person, error) { return r.people, nil },
			Open: func(context.Context) (duty.OpenWork, error) {
				return duty.OpenWork{Alerts: 2, Items: []duty.OpenItem{{Kind: "alert", ID: "a", Number: "CB-1", Title: "Ngập", Severity: 3, State: "new"}}}, nil
			}})
		if err != nil {
			t.Fatal(err)
		}
		db.OnEmit(func(_ *store.Tx, e store.Event) error { r.facts = append(r.facts, e); return nil })
		test(t, r)
	})
}

func (r *room) ask(q duty.Query) (a duty.Address, users string) {
	r.t.Helper()
	err := r.db.Read(r.t.Context(), func(tx *store.Tx) (err error) {
		a, err = r.Recipients(tx, q)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	var us []string
	for _, p := range a.To {
		us = append(us, p.User)
	}
	return a, strings.Join(us, " ")
}

func (r *room) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func day(d int) time.Time { return time.Date(2026, 11, 23+d, 0, 0, 0, 0, caltime.Zone) }

func (r *room) plan() []duty.Shift {
	r.t.Helper()
	shifts, err := r.Plan(r.t.Context(), chief, day(0), day(2), duty.ThreeShifts, []string{"d1", "d2", "d3"})
	r.must(err)
	return shifts
}

func TestWhoIsAddressed(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.plan() // d1 06–14, d2 14–22, d3 22–06
		for name, x := range map[string]struct {
			q           duty.Query
			unit, users string
			why         string
		}{
			"focal of the ward":             {duty.Query{Service: "flood", Area: "20242"}, "20242", "u1", "Phường Hải Châu"},
			"leader of the ward":            {duty.Query{Service: "flood", Area: "20242", Level: 2}, "20242", "u2", "lãnh đạo"},
			"shift lead and leaders":        {duty.Query{Service: "flood", Area: "20242", Level: 3}, "20242", "d1 c1", "ca trực IOC"},
			"city leaders":                  {duty.Query{Service: "flood", Area: "20242", Level: 4}, "20242", "l1", "lãnh đạo thành phố"},
			"ward without people":           {duty.Query{Service: "flood", Area: "20194"}, "20194", "d1", "chưa có người nhận"},
			"its leader neither":            {duty.Query{Service: "flood", Area: "20194", Level: 2}, "20194", "d1 c1", "chưa có người nhận"},
			"no ward":                       {duty.Query{Service: "flood"}, "thoatnuoc", "d1", "Thoát nước"},
			"a river":                       {duty.Query{Service: "river", Area: "20242"}, "cctl", "n1", "cán bộ đầu mối của Sở Nông nghiệp"},
			"a sensor":                      {duty.Query{Service: "sensor", Area: "20242"}, "ioc", "d1", "ca trực IOC"},
			"a service nobody has":          {duty.Query{Service: "ufo", Area: "20242"}, "ioc", "d1", "chưa phân công"},
			"a unit that never was":         {duty.Query{Unit: "atlantis"}, "ioc", "d1", "không có đơn vị mã atlantis"},
			"an old ward":                   {duty.Query{Service: "flood", Area: "20227-2025"}, "20242", "u1", "kế thừa"},
			"an old department":             {duty.Query{Unit: "stnmt"}, "snnmt", "n1", "đã kết thúc hoạt động từ 01/03/2025, chuyển cho đơn vị kế thừa Sở Nông nghiệp"},
			"the IOC and then its leaders":  {duty.Query{Unit: "ioc", Level: 2}, "ioc", "d1 c1", "lãnh đạo IOC"},
			"a level above the last":        {duty.Query{Unit: "ioc", Level: 9}, "ioc", "l1", ""},
			"a level below the first":       {duty.Query{Unit: "20242", Level: -1}, "20242", "u1", ""},
			"an area that nobody has heard": {duty.Query{Service: "flood", Area: "99999"}, "thoatnuoc", "d1", ""},
		} {
			a, users := r.ask(x.q)
			if a.Unit != x.unit || users != x.users || !strings.Contains(a.Why.Vi, x.why) || a.UnitName == "" || a.Why.En == "" {
				t.Errorf("%s: %s (%s) to %q because %q / %q; want %s to %q because %q", name, a.Unit, a.UnitName, users, a.Why.Vi, a.Why.En, x.unit, x.users, x.why)
			}
		}
	})
}

func TestNeverNobody(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		if _, users := r.ask(duty.Query{Service: "flood"}); users != "d1 d2 d3" {
			t.Errorf("without a roster: %q", users)
		}
		r.people = []duty.Person{{User: "a1", Name: "Quản trị", Role: access.Admin}}
		r.clk.Set(noon.Add(time.Minute)) // the list of people is believed for ten seconds
		for level := 1; level <= 4; level++ {
			if _, users := r.ask(duty.Query{Service: "flood", Area: "20242", Level: level}); users != "a1" {
				t.Errorf("level %d of a city with one account: %q", level, users)
			}
		}
	})
}

func TestADissolvedUnitGoesToItsSuccessor(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.plan()
		r.must(r.SetResponsibilitiesFor("air", "urenco"))
		if a, _ := r.ask(duty.Query{Service: "air"}); a.Unit != "urenco" {
			t.Fatal(a.Unit)
		}
		_, err := r.SetUnit(t.Context(), keeper, duty.Unit{Code: "urenco", Name: "URENCO", NameEn: "URENCO", Kind: "utility", ValidTo: noon.Add(-time.Hour), Successor: "snnmt"})
		r.must(err)
		a, users := r.ask(duty.Query{Service: "air"})
		if a.Unit != "snnmt" || users != "n1" || !strings.Contains(a.Why.Vi, "URENCO đã kết thúc hoạt động") {
			t.Fatalf("%s %s %s", a.Unit, users, a.Why.Vi)
		}
		// A circle of successors is refused; who has no heir leaves its work to the IOC.
		_, err = r.SetUnit(t.Context(), keeper, duty.Unit{Code: "dawaco", Name: "Dawaco", Kind: "utility", ValidTo: noon.Add(-time.Hour), Successor: "urenco"})
		r.must(err)
		_, err = r.SetUnit(t.Context(), keeper, duty.Unit{Code: "urenco", Name: "URENCO", Kind: "utility", ValidTo: noon.Add(-time.Hour), Successor: "dawaco"})
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("a circle: %v", err)
		}
		_, err = r.SetUnit(t.Context(), keeper, duty.Unit{Code: "urenco", Name: "URENCO", Kind: "utility", ValidTo: noon.Add(-time.Hour)})
		r.must(err)
		if a, users := r.ask(duty.Query{Unit: "urenco"}); a.Unit != "ioc" || users != "d1" {
			t.Errorf("%s %s", a.Unit, users)
		}
	})
}

// SetResponsibilitiesFor puts one row before the others.
func (r *room) SetResponsibilitiesFor(service, unit string) error {
	rs, err := r.Responsibilities(r.t.Context(), chief)
	if err != nil {
		return err
	}
	kept := []duty.Responsibility{{Service: service, Unit: unit}}
	for _, x := range rs {
		if x.Service != service {
			kept = append(kept, x)
		}
	}
	_, err = r.SetResponsibilities(r.t.Context(), chief, kept)
	return err
}

func TestResponsibilitiesAreChecked(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		may, june := day(-200), day(-160)
		for name, rs := range map[string][]duty.Responsibility{
			"unit":    {{Service: "flood", Unit: "nobody"}},
			"area":    {{Service: "flood", Area: "99999", Unit: "ioc"}},
			"overlap": {{Service: "flood", Unit: "ioc"}, {Service: "flood", Unit: "sxd", From: &may}},
			"span":    {{Service: "flood", Unit: "ioc", From: &june, To: &may}},
		} {
			if _, err := r.SetResponsibilities(t.Context(), chief, rs); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err := r.SetResponsibilities(t.Context(), chief, []duty.Responsibility{
			{Service: "flood", Unit: "ioc", To: &june}, {Service: "flood", Unit: "sxd", From: &june}, {Service: "flood", Area: "20242", Unit: "catp"}})
		r.must(err)
		if a, _ := r.ask(duty.Query{Service: "flood"}); a.Unit != "sxd" {
			t.Error(a.Unit)
		}
		if a, _ := r.ask(duty.Query{Service: "flood", Area: "20242"}); a.Unit != "catp" {
			t.Error(a.Unit)
		}
		if _, err := r.SetResponsibilities(t.Context(), lead, nil); fault.KindOf(err) != fault.Forbidden {
			t.Error(err)
		}
	})
}

func TestSubstitution(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		first := r.plan()[0]
		for _, reason := range []string{"", "ốm"} {
			if _, err := r.Substitute(t.Context(), lead, first.ID, "d2", "d1", reason); fault.KindOf(err) != fault.Invalid {
				t.Errorf("reason %q: %v", reason, err)
			}
		}
		if _, err := r.Substitute(t.Context(), lead, first.ID, "d2", "d3", "không có trong ca"); fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
		if _, err := r.Substitute(t.Context(), lead, first.ID, "u1", "d1", "người của phường"); fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
		sh, err := r.Substitute(t.Context(), lead, first.ID, "d2", "d1", "ốm đột xuất")
		r.must(err)
		if o := sh.People[0]; o.User != "d2" || o.SubstituteFor != "d1" || o.SubstituteForName != "Trực Một" || o.Post != duty.PostLead {
			t.Fatalf("%+v", o)
		}
		a, users := r.ask(duty.Query{Unit: "ioc"})
		if users != "d2" || !strings.Contains(a.Why.Vi, "Trực Hai trực thay Trực Một") {
			t.Errorf("%s %s", users, a.Why.Vi)
		}
		// The substitute is replaced too; then the first comes after all.
		sh, err = r.Substitute(t.Context(), lead, first.ID, "d3", "d2", "bận việc gấp")
		r.must(err)
		if o := sh.People[0]; o.User != "d3" || o.SubstituteFor != "d1" {
			t.Errorf("%+v", o)
		}
		sh, err = r.Substitute(t.Context(), lead, first.ID, "d1", "d3", "đã khoẻ lại")
		r.must(err)
		if o := sh.People[0]; o.User != "d1" || o.SubstituteFor != "" {
			t.Errorf("%+v", o)
		}
		r.clk.Set(noon.Add(3 * time.Hour))
		if _, err := r.Substitute(t.Context(), lead, first.ID, "d2", "d1", "ca đã xong"); fault.KindOf(err) != fault.Conflict {
			t.Error(err)
		}
	})
}

func TestPlansDoNotOverlap(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.plan()
		if _, err := r.Plan(t.Context(), chief, day(1), day(5), duty.RoundTheClock, []string{"d1"}); fault.KindOf(err) != fault.Conflict {
			t.Errorf("%v", err)
		}
		_, err := r.Plan(t.Context(), chief, day(2).Add(6*time.Hour), day(5), duty.DayOnCall, []string{"d1", "c1"})
		r.must(err)
		for name, x := range map[string]struct {
			from, to time.Time
			pattern  string
			users    []string
		}{
			"backwards": {day(9), day(8), duty.ThreeShifts, []string{"d1"}}, "ten years": {day(9), day(3650), duty.ThreeShifts, []string{"d1"}},
			"pattern": {day(9), day(10), "when_it_suits", []string{"d1"}}, "nobody": {day(9), day(10), duty.ThreeShifts, nil},
			"a citizen": {day(9), day(10), duty.ThreeShifts, []string{"x1"}}, "twice": {day(9), day(10), duty.ThreeShifts, []string{"d1", "d1"}},
		} {
			if _, err := r.Plan(t.Context(), chief, x.from, x.to, x.pattern, x.users); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := r.Plan(t.Context(), lead, day(9), day(10), duty.ThreeShifts, []string{"d1"}); fault.KindOf(err) != fault.Forbidden {
			t.Error(err)
		}
		late := duty.ShiftDraft{From: day(0).Add(13 * time.Hour), To: day(0).Add(15 * time.Hour)}
		late.People = append(late.People, struct {
			User string `json:"user"`
			Post string `json:"post" enum:"lead,officer,on_call"`
		}{"d1", duty.PostLead})
		if _, err := r.AddShift(t.Context(), chief, late); fault.KindOf(err) != fault.Conflict {
			t.Error(err)
		}
	})
}

// Whatever is planned, at each instant at most one shift holds, without gaps,
// and each has its people.
func TestPlanProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.SampledFrom([]string{duty.ThreeShifts, duty.DayOnCall, duty.RoundTheClock}).Draw(t, "pattern")
		from := noon.Add(time.Duration(rapid.IntRange(-5000, 5000).Draw(t, "minutes")) * time.Minute)
		to := from.Add(time.Duration(rapid.IntRange(1, 20*24*60).Draw(t, "length")) * time.Minute)
		var people []duty.Person
		for i := range rapid.IntRange(1, 12).Draw(t, "people") {
			people = append(people, duty.Person{User: string(rune('a' + i)), Role: access.Duty})
		}
		shifts := duty.PlanOf(from, to, pattern, people)
		for i, s := range shifts {
			if s.From.Before(from) || !s.From.Before(to) || !s.From.Before(s.To) || len(s.People) == 0 {
				t.Fatalf("shift %d: %v–%v of %v–%v with %d", i, s.From, s.To, from, to, len(s.People))
			}
			seen := map[string]bool{}
			for _, o := range s.People {
				if seen[o.User] {
					t.Fatalf("%s twice on a shift", o.User)
				}
				seen[o.User] = true
			}
			if i > 0 && !shifts[i-1].To.Equal(s.From) {
				t.Fatalf("%v does not follow %v", s.From, shifts[i-1].To)
			}
		}
	})
}

func TestDutyBook(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		first := r.plan()[0]
		e, err := r.Write(t.Context(), lead, duty.LogDraft{Source: "Điện thoại", Content: "Ngập tại đường Mẹ Suốt", Action: "Báo phường Hoà Khánh", Result: "Đã cử người"})
		r.must(err)
		if e.N != 1 || e.Shift != first.ID || e.Officer.Name != "Trực Một" {
			t.Fatalf("%+v", e)
		}
		_, err = r.Write(t.Context(), lead, duty.LogDraft{Source: "Ca trực", Content: "Không có gì mới"})
		r.must(err)
		fix, err := r.Write(t.Context(), officer, duty.LogDraft{Source: "Điện thoại", Content: "Địa điểm đúng: đường Khe Cạn", Corrects: e.ID})
		r.must(err)
		if fix.N != 3 || fix.Corrects == nil || *fix.Corrects != e.ID {
			t.Errorf("%+v", fix)
		}
		future := noon.Add(time.Hour)
		for name, d := range map[string]duty.LogDraft{
			"empty": {}, "future": {Source: "x", Content: "y", Time: &future}, "corrects nothing": {Source: "x", Content: "y", Corrects: "none"},
		} {
			if _, err := r.Write(t.Context(), lead, d); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		for q, want := range map[string]int{"me suot": 1, "MẸ SUỐT": 1, "khe can": 1, "dien thoai": 2, "": 3, "100%": 0, "_": 0} {
			es, err := r.Log(t.Context(), lead, duty.LogFilter{Query: q, Limit: 10})
			if err != nil || len(es) != want {
				t.Errorf("%q: %d entries, %v", q, len(es), err)
			}
		}
		// The number begins again with the year, the local one.
		r.clk.Set(time.Date(2026, 12, 31, 17, 0, 0, 0, time.UTC))
		e, err = r.Write(t.Context(), lead, duty.LogDraft{Source: "Ca trực", Content: "Năm mới"})
		r.must(err)
		if e.N != 1 {
			t.Errorf("first entry of the year is %d", e.N)
		}
		if _, err := r.Log(t.Context(), focal, duty.LogFilter{Limit: 1}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a ward reads the book: %v", err)
		}
	})
}

func TestHandover(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		shifts := r.plan()
		h, err := r.HandOver(t.Context(), lead, shifts[0].ID, "Theo dõi Mẹ Suốt")
		r.must(err)
		if h.Open.Alerts != 2 || len(h.Open.Items) != 1 || h.ToShift != shifts[1].ID {
			t.Fatalf("%+v", h)
		}
		if _, err := r.HandOver(t.Context(), lead, shifts[0].ID, "lần nữa"); fault.KindOf(err) != fault.Conflict {
			t.Errorf("two hand-overs of one shift wait: %v", err)
		}
		n, err := r.Now(t.Context(), lead)
		r.must(err)
		if n.Shift == nil || n.Shift.ID != shifts[0].ID || n.Next == nil || n.Next.ID != shifts[1].ID || n.Handover == nil || n.Open.Alerts != 2 {
			t.Fatalf("%+v", n)
		}
		if n, err = r.Now(t.Context(), focal); err != nil || n.Handover != nil {
			t.Error("a ward reads a hand-over")
		}
		if _, err := r.Accept(t.Context(), lead, h.ID, ""); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("who goes accepts: %v", err)
		}
		inbox := func() int {
			_, n, err := r.notify.Inbox(t.Context(), officer, false, 10)
			r.must(err)
			return n
		}
		r.must(r.Remind(t.Context()))
		r.clk.Set(shifts[1].From.Add(14 * time.Minute))
		r.must(r.Remind(t.Context()))
		if inbox() != 0 {
			t.Error("reminded too early")
		}
		r.clk.Set(shifts[1].From.Add(16 * time.Minute))
		r.must(r.Remind(t.Context()))
		r.must(r.Remind(t.Context()))
		if inbox() != 1 {
			t.Errorf("reminded %d times", inbox())
		}
		h, err = r.Accept(t.Context(), officer, h.ID, "Đã nhận đủ")
		r.must(err)
		if h.AcceptedBy == nil || h.AcceptedBy.ID != "d2" || h.Comment != "Đã nhận đủ" {
			t.Errorf("%+v", h)
		}
		if _, err := r.Accept(t.Context(), chief, h.ID, ""); fault.KindOf(err) != fault.Conflict {
			t.Errorf("accepted twice: %v", err)
		}
	})
}

func TestNumbersAreShownForAReasonOnly(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		_, err := r.notify.SetMe(t.Context(), focal, notify.Contact{Phone: "0905123456", Email: "hc@danang.example"})
		r.must(err)
		ps, err := r.People(t.Context(), lead)
		r.must(err)
		found := false
		for _, p := range ps {
			if p.User == "u1" {
				found = p.Phone == "090***3456" && p.Email == "h***@danang.example" && p.UnitName == "Phường Hải Châu"
			}
			if p.User == "x1" {
				t.Error("a citizen is in the phone book")
			}
		}
		if !found {
			t.Errorf("%+v", ps)
		}
		if _, _, err := r.Contact(t.Context(), lead, "u1", ""); fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
		if _, _, err := r.Contact(t.Context(), focal, "u2", "tò mò"); fault.KindOf(err) != fault.Forbidden {
			t.Error(err)
		}
		phone, _, err := r.Contact(t.Context(), lead, "u1", "Gọi về điểm ngập Mẹ Suốt")
		r.must(err)
		last := r.facts[len(r.facts)-1]
		if phone != "+84905123456" || last.Subject != "ioc.duty.contact_seen.u1" || !strings.Contains(last.Summary, "Gọi về điểm ngập") || strings.Contains(last.Summary, "905") {
			t.Errorf("%s %+v", phone, last)
		}
	})
}

func TestDemo(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.must(r.SeedDemo(t.Context(), noon))
		r.must(r.SeedDemo(t.Context(), noon))
		shifts, err := r.Shifts(t.Context(), lead, day(-2), day(20))
		r.must(err)
		if len(shifts) != 45 || !shifts[0].Demo || !strings.Contains(shifts[0].Name.Vi, "demo") {
			t.Fatalf("%d shifts, %+v", len(shifts), shifts[0])
		}
		if _, users := r.ask(duty.Query{Unit: "ioc"}); !strings.Contains(users, "c1") {
			t.Errorf("on duty: %s", users)
		}
	})
}

// A city that is asked before its first account was made knows it at once
// when it is.
func TestNobodyYetIsNotBelieved(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		r.people = nil
		if _, users := r.ask(duty.Query{Unit: "ioc"}); users != "" {
			t.Fatalf("told %s", users)
		}
		r.people = everybody
		if _, users := r.ask(duty.Query{Unit: "ioc"}); users == "" {
			t.Error("still nobody")
		}
	})
}

// Units have a name and a successor outside of transactions too, at once
// after a change.
func TestNamesFollowChanges(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		if n, in := r.Named("urenco", noon); n == "" || !in {
			t.Fatalf("%q %v", n, in)
		}
		if _, ended := r.Successor("urenco", noon); ended {
			t.Error("a unit in force has a successor")
		}
		_, err := r.SetUnit(t.Context(), keeper, duty.Unit{Code: "urenco", Name: "URENCO cũ", Kind: "utility", ValidTo: noon.Add(-time.Hour), Successor: "snnmt"})
		r.must(err)
		if n, in := r.Named("urenco", noon); n != "URENCO cũ" || in {
			t.Errorf("%q %v", n, in)
		}
		if to, ended := r.Successor("urenco", noon); to != "snnmt" || !ended {
			t.Errorf("%q %v", to, ended)
		}
		if n, _ := r.Named("atlantis", noon); n != "" {
			t.Error(n)
		}
	})
}

// Units that a city had changed before internal/org kept them are handed over
// once, with a trace; those as shipped are not.
func TestUnitsOfOldRecordsAreHandedOver(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		insert := "insert into duty_unit (code, name, name_en, kind, parent, valid_from, valid_to, successor, legal) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
		r.must(r.db.Keep(t.Context(), func(tx *store.Tx) error {
			for _, u := range []duty.Unit{
				{Code: "stp", Name: "Sở Tư pháp", NameEn: "Department of Justice", Kind: "department", Parent: "ubnd"}, // as shipped
				{Code: "urenco", Name: "URENCO cũ", Kind: "utility", ValidTo: noon.Add(-time.Hour), Successor: "sxd"},
				{Code: "own", Name: "Đội của thành phố", Kind: "office", Parent: "ubnd"},
			} {
				if _, err := tx.Exec(insert, u.Code, u.Name, u.NameEn, u.Kind, u.Parent, u.ValidFrom, u.ValidTo, u.Successor, u.Legal); err != nil {
					return err
				}
			}
			return nil
		}))
		for range 2 {
			_, err := duty.New(t.Context(), duty.Options{Store: r.db, Notify: r.notify, Org: r.org, Clock: r.clk})
			r.must(err)
		}
		if n, in := r.Named("urenco", noon); n != "URENCO cũ" || in {
			t.Errorf("%q %v", n, in)
		}
		if to, _ := r.Successor("urenco", noon); to != "sxd" {
			t.Error(to)
		}
		if n, _ := r.Named("own", noon); n == "" {
			t.Error("a unit of the city's own is lost")
		}
		var told []string
		for _, f := range r.facts {
			told = append(told, f.Subject)
		}
		if got := strings.Join(told, " "); got != "ioc.org.changed.own ioc.org.changed.urenco ioc.org.imported.all" {
			t.Error(got)
		}
	})
}
