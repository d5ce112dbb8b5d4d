package casework

import (
	"fmt"
	"math/rand/v2"
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/personal"
)

// made is a file that is being made up.
type made struct {
	d      *demo
	r      *rand.Rand
	code   string
	events []Event
}

func (m *made) tell(at time.Time, p Patch) {
	yes := true
	p.Synthetic = &yes
	for _, t := range []**time.Time{&p.Received, &p.Due, &p.Finished, &p.Returned} {
		if *t != nil {
			*t = ref((*t).UTC().Truncate(time.Second))
		}
	}
	m.events = append(m.events, Event{System: DemoSystem, Key: fmt.Sprintf("%s:%d", m.code, len(m.events)+1), Code: m.code, At: at.UTC().Truncate(time.Second), Patch: p})
}

// file is the whole life of the n-th file of a day.
func (d *demo) file(r *rand.Rand, day time.Time, n int) []Event {
	unit, index, what := d.place(r)
	m := &made{d: d, r: r, code: fmt.Sprintf("H17.%02d-%s-%04d", index+1, day.In(caltime.Zone).Format("060102"), n+1)}
	if index >= 99 {
		m.code = fmt.Sprintf("H17.%03d-%s-%04d", index+1, day.In(caltime.Zone).Format("060102"), n+1)
	}
	staff := d.officers(unit.Code)
	officer := staff[r.IntN(len(staff))]
	if accounts := d.staff[unit.Code]; len(accounts) > 0 && r.IntN(2) == 0 {
		officer = one(r, accounts)
	}
	channel := Direct
	switch x := r.IntN(100); {
	case x < 74 || !d.cal.IsWorkday(day):
		channel = Online
	case x < 77:
		channel = Post
	}
	kind := "person"
	if what.field.code == "DN" || what.field.code == "MT" || what.field.code == "KD" && r.IntN(3) == 0 {
		kind = "business"
	}
	word := unit.Code
	if r.IntN(400) == 0 { // a word that nobody has explained yet
		word = "Tổ tiếp nhận lưu động " + fmt.Sprint(1+r.IntN(3))
	}
	received := officeTime(r, day)
	first := Patch{
		Procedure: &what.code, ProcedureName: &what.procedure.name, Field: &what.field.code, FieldName: &what.field.name, Channel: &channel, Unit: &word, UnitName: &unit.Name,
		ApplicantKind: &kind, ApplicantName: ref(personal.Name(demoPerson(r))), ApplicantPhone: ref(personal.Phone(fmt.Sprintf("0900%06d", r.IntN(1000000)))), ApplicantPaper: ref(personal.Paper(fmt.Sprintf("048000%06d", r.IntN(1000000)))),
	}
	if channel == Online && (r.IntN(8) == 0 || !d.cal.IsWorkday(day)) { // sent outside office hours, accepted when there is somebody
		sent := day.Add(time.Duration(r.IntN(24*60)) * time.Minute)
		p := first
		p.State = ref("1")
		m.tell(sent, p)
		received = d.cal.AddHours(sent, time.Duration(5+r.IntN(120))*time.Minute)
		first = Patch{Officer: &officer.User}
		if r.IntN(60) == 0 {
			m.tell(received, Patch{State: ref("3"), Officer: &officer.User, OfficerName: &officer.Name, Step: &Step{Name: "Tiếp nhận", Comment: "Không thuộc thẩm quyền"}})
			return m.events
		}
	}
	due := d.cal.AddDays(received, what.procedure.days)
	first.State, first.Received, first.Due, first.Officer, first.OfficerName = ref("2"), &received, &due, &officer.User, &officer.Name
	first.Step = &Step{Name: "Tiếp nhận", Department: "Bộ phận Một cửa", From: received}
	if r.IntN(150) == 0 { // a source that miscounts the term
		wrong := d.cal.AddDays(received, what.procedure.days+2)
		first.Due = &wrong
	}
	m.tell(received, first)
	m.work(received, *first.Due, what, officer)
	return m.events
}

func ref[T any](v T) *T { return &v }

// officeTime is an instant in office hours, most of them in the morning.
func officeTime(r *rand.Rand, day time.Time) time.Time {
	if r.IntN(100) < 62 {
		return day.Add(7*time.Hour + 30*time.Minute + time.Duration(r.IntN(239))*time.Minute + time.Duration(r.IntN(60))*time.Second)
	}
	return day.Add(13*time.Hour + time.Duration(r.IntN(235))*time.Minute + time.Duration(r.IntN(60))*time.Second)
}

// work makes what happens between reception and result.
func (m *made) work(received, due time.Time, what pick, officer DemoOfficer) {
	r, cal := m.r, m.d.cal
	term := max(cal.Between(received, due), time.Hour)
	at := func(share float64) time.Time { return cal.AddHours(received, time.Duration(share*float64(term))) }
	m.tell(at(0.08+0.2*r.Float64()), Patch{State: ref("4"), Step: &Step{Name: "Thẩm định", Department: "Bộ phận chuyên môn", OfficerName: officer.Name}})
	share := 0.35 + 0.6*r.Float64()
	switch x := r.IntN(1000); {
	case x < 55: // papers are missing: the clock stands, the date moves
		asked := at(0.3)
		answered := cal.AddHours(asked, time.Duration(4+r.IntN(44))*time.Hour)
		moved := cal.AddHours(due, cal.Between(asked, answered))
		text := one(r, demoAsks)
		m.tell(asked, Patch{State: ref([]string{"5", "6"}[r.IntN(2)]), Supplement: &Supplement{By: officer.Name, Text: text, Asked: asked.UTC(), DueBefore: due.UTC()}})
		if r.IntN(12) == 0 {
			m.tell(answered, Patch{State: ref("7"), Step: &Step{Name: "Rút hồ sơ"}})
			return
		}
		m.tell(answered, Patch{State: ref("4"), Due: ref(moved), Supplement: &Supplement{By: officer.Name, Text: text, Asked: asked.UTC(), Answered: answered.UTC(), DueBefore: due.UTC(), DueAfter: moved.UTC()}})
		received, due = answered, moved
		term = max(cal.Between(received, due), time.Hour)
		share = 0.2 + 0.7*r.Float64()
	case x < 61:
		m.tell(at(0.5), Patch{State: ref("7"), Step: &Step{Name: "Rút hồ sơ"}})
		return
	case x < 65:
		m.tell(at(0.6), Patch{State: ref("8"), Step: &Step{Name: "Dừng xử lý", Comment: "Không đủ điều kiện giải quyết"}})
		return
	}
	end := at(share)
	if r.Float64() < m.d.lateness(received) {
		end = cal.AddHours(due, time.Duration(2+r.IntN(38))*time.Hour)
		if r.IntN(3) > 0 { // most apologise in time
			letter := cal.Back(due, time.Duration(1+r.IntN(8))*time.Hour)
			m.tell(letter, Patch{Apology: &Apology{Number: fmt.Sprintf("%d/XL", 1+r.IntN(400)), Reason: one(r, demoWhys), At: letter.UTC()}})
		}
	}
	copied := r.IntN(1000) < 905
	m.tell(end, Patch{State: ref("9"), Finished: ref(end), Digitized: &copied, Step: &Step{Name: "Trình ký", Department: "Lãnh đạo đơn vị"}})
	if what.procedure.days > 1 || r.IntN(2) == 0 {
		handed := cal.AddHours(end, time.Duration(1+r.IntN(12))*time.Hour)
		m.tell(handed, Patch{State: ref("10"), Returned: ref(handed), Step: &Step{Name: "Trả kết quả", Department: "Bộ phận Một cửa"}})
	}
}
