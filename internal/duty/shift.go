package duty

import (
	"slices"
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
)

// The posts of a shift.
const (
	PostLead    = "lead"    // trưởng ca
	PostOfficer = "officer" // trực ban
	PostOnCall  = "on_call" // trực gọi
)

// The patterns of a plan.
const (
	ThreeShifts   = "three_shifts"    // 06–14–22–06
	DayOnCall     = "day_on_call"     // 07:30–17:00, on call until the next morning
	RoundTheClock = "round_the_clock" // 06–18–06, in disaster mode
)

// Shift is a span of time with the people at their posts.
type Shift struct {
	ID      string    `json:"id"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Name    msg.Text  `json:"name"`
	Pattern string    `json:"pattern"`
	Demo    bool      `json:"demo"`
	People  []OnDuty  `json:"people"`
}

// OnDuty is one person of a shift. Where somebody stands in, User is who
// comes and SubstituteFor who does not.
type OnDuty struct {
	User              string `json:"user"`
	Name              string `json:"name"`
	Post              string `json:"post" enum:"lead,officer,on_call"`
	SubstituteFor     string `json:"substitute_for,omitempty"`
	SubstituteForName string `json:"substitute_for_name,omitempty"`
	Reason            string `json:"reason,omitempty"`
}

// substitution says that somebody comes in the place of somebody.
type substitution struct{ absent, user, name, reason string }

// present applies the substitutions, in their order, to who was planned. A
// substitute may be substituted again; the one first planned stays named.
func present(planned []OnDuty, subs []substitution) []OnDuty {
	out := slices.Clone(planned)
	for _, s := range subs {
		for i := range out {
			if o := &out[i]; o.User == s.absent {
				if o.SubstituteFor == "" {
					o.SubstituteFor, o.SubstituteForName = o.User, o.Name
				}
				o.User, o.Name, o.Reason = s.user, s.name, s.reason
				if o.User == o.SubstituteFor { // who was absent came after all
					o.SubstituteFor, o.SubstituteForName, o.Reason = "", "", ""
				}
				break
			}
		}
	}
	return out
}

type slot struct {
	fromMinute, toMinute int // of the local day; above 1440: of the next
	name                 msg.Text
	post                 string // of the first of the team
}

var patterns = map[string][]slot{
	ThreeShifts: {
		{6 * 60, 14 * 60, msg.Text{Vi: "Ca sáng 06–14", En: "Morning shift 06–14"}, PostLead},
		{14 * 60, 22 * 60, msg.Text{Vi: "Ca chiều 14–22", En: "Afternoon shift 14–22"}, PostLead},
		{22 * 60, 30 * 60, msg.Text{Vi: "Ca đêm 22–06", En: "Night shift 22–06"}, PostLead},
	},
	DayOnCall: {
		{7*60 + 30, 17 * 60, msg.Text{Vi: "Giờ hành chính", En: "Office hours"}, PostLead},
		{17 * 60, 31*60 + 30, msg.Text{Vi: "Trực gọi ngoài giờ", En: "On call"}, PostOnCall},
	},
	RoundTheClock: {
		{6 * 60, 18 * 60, msg.Text{Vi: "Ca ngày 06–18", En: "Day shift 06–18"}, PostLead},
		{18 * 60, 30 * 60, msg.Text{Vi: "Ca đêm 18–06", En: "Night shift 18–06"}, PostLead},
	},
}

var (
	errPlan    = fault.Define(fault.Invalid, "duty.plan", "the plan is not complete", "kế hoạch trực chưa hợp lệ")
	errPattern = fault.Define(fault.Invalid, "duty.pattern", "use three_shifts, day_on_call or round_the_clock", "chọn three_shifts, day_on_call hoặc round_the_clock")
	errSpan    = fault.Define(fault.Invalid, "duty.span", "the end must come after the beginning, at most {days} days later", "thời điểm cuối phải sau thời điểm đầu, không quá {days} ngày")
	errNobody  = fault.Define(fault.Invalid, "duty.nobody", "name at least one person", "cần ít nhất một người")
	errPerson  = fault.Define(fault.Invalid, "duty.person", "there is no account {user} that can stand duty", "không có tài khoản {user} để xếp trực")
	errTwice   = fault.Define(fault.Invalid, "duty.twice", "{user} is named twice", "{user} được nêu hai lần")
	errPost    = fault.Define(fault.Invalid, "duty.post", "use lead, officer or on_call", "chọn lead, officer hoặc on_call")
	errOverlap = fault.Define(fault.Conflict, "duty.overlap", "the shift {name} of {from} is in that time already", "đã có {name} từ {from} trong khoảng thời gian này")
)

const (
	mostPlanned = 366 * 24 * time.Hour
	mostShift   = 48 * time.Hour
)

// plan makes the shifts whose beginning lies in [from, to): teams take turns.
// With enough people for two teams and more per day a team is two, a lead and
// an officer; else one. Shifts never overlap.
func plan(from, to time.Time, pattern string, people []Person) []Shift {
	slots := patterns[pattern]
	if len(slots) == 0 || len(people) == 0 {
		return nil
	}
	size := 1
	if len(people) >= 2*len(slots) {
		size = 2
	}
	teams := len(people) / size
	var out []Shift
	first := caltime.Day(from)
	for day := 0; ; day++ {
		for _, s := range slots {
			begin := minuteOf(first, day, s.fromMinute)
			if !begin.Before(to) {
				return out
			}
			if begin.Before(from) {
				continue
			}
			shift := Shift{From: begin, To: minuteOf(first, day, s.toMinute), Name: s.name, Pattern: pattern}
			team := len(out) % teams
			for i := range size {
				p := people[team*size+i]
				post := s.post
				if i > 0 && post == PostLead {
					post = PostOfficer
				}
				shift.People = append(shift.People, OnDuty{User: p.User, Name: p.Name, Post: post})
			}
			out = append(out, shift)
		}
	}
}

// minuteOf is a minute of the local day that lies so many days after day.
func minuteOf(day time.Time, days, minute int) time.Time {
	l := day.In(caltime.Zone)
	return time.Date(l.Year(), l.Month(), l.Day()+days, 0, minute, 0, 0, caltime.Zone).UTC()
}
