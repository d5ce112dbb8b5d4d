package workcal

import (
	"strconv"
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/msg"
)

// Step is a day of a term and why it counts, or not.
type Step struct {
	Date   string   `json:"date"`
	Counts bool     `json:"counts"`
	Why    msg.Text `json:"why"`
}

// Term is a due date with how it came about.
type Term struct {
	HDue       time.Time  `json:"h_due" doc:"counted in office time"`
	DDue       *time.Time `json:"d_due" doc:"counted in days; null for a number of hours that is no number of days"`
	ReceivedAs time.Time  `json:"received_as" doc:"from when it counts"`
	Days       []Step     `json:"days"`
}

// Compute counts a term of n days, or of n hours, and says why each day on the
// way counts.
func (c *Calendar) Compute(received time.Time, n int, hours bool) Term {
	office := time.Duration(n) * 8 * time.Hour
	days := n
	if hours {
		office, days = time.Duration(n)*time.Hour, n/8
	}
	received = bound(received)
	t := Term{HDue: c.AddHours(received, office), ReceivedAs: c.Reception(received)}
	last := t.HDue
	if !hours || n%8 == 0 {
		due := c.AddDays(received, days)
		t.DDue = &due
		if due.After(last) {
			last = due
		}
	}
	counted := dayNumber(c.reception(received))
	rows := map[int64]dayRow{}
	for y := received.In(caltime.Zone).Year(); y <= last.In(caltime.Zone).Year(); y++ {
		for _, r := range c.rows(y) {
			rows[r.number] = r
		}
	}
	nth := 0
	for d := dayNumber(received); d <= dayNumber(last); d++ {
		s := Step{Date: instant(d, 0).Format(time.DateOnly)}
		k, r := c.day(d), rows[d]
		switch {
		case d == counted:
			s.Why = msg.Text{Vi: "ngày tiếp nhận, không tính vào thời hạn theo ngày", En: "the day of reception, not counted in days"}
			if d == dayNumber(received) && !t.ReceivedAs.Equal(received) && dayNumber(t.ReceivedAs) == d {
				s.Why = join(s.Why, msg.Text{Vi: "ngoài giờ, tính từ " + t.ReceivedAs.Format("15:04"), En: "out of hours, counted from " + t.ReceivedAs.Format("15:04")})
			}
		case d < counted && k.works:
			s.Why = msg.Text{Vi: "tiếp nhận ngoài giờ làm việc, tính là tiếp nhận khi mở cửa " + caltime.FormatVi(t.ReceivedAs),
				En: "received out of hours: counts as received when the office opens, " + caltime.FormatEn(t.ReceivedAs)}
		case k.works:
			nth++
			s.Counts = true
			s.Why = msg.Text{Vi: "ngày làm việc thứ " + strconv.Itoa(nth), En: "working day " + strconv.Itoa(nth)}
			if k.kind == Makeup {
				s.Why = join(s.Why, r.Name)
			}
			if r.Date != (time.Time{}) && !r.Kind.Works() {
				s.Why = join(s.Why, msg.Text{Vi: r.Name.Vi + ": chưa xác nhận, chưa tính là ngày nghỉ", En: r.Name.En + ": not confirmed, not yet a day off"})
			}
		default:
			s.Why = k.kind.Title()
			if r.Name.Vi != "" && r.holds == r.Kind {
				s.Why = join(s.Why, r.Name)
				if r.Status == Unconfirmed {
					s.Why = join(s.Why, msg.Text{Vi: "theo luật, lịch nghỉ của năm chưa công bố", En: "by law; the decree of the year is not known yet"})
				}
			}
			if d == dayNumber(received) {
				s.Why = join(s.Why, msg.Text{Vi: "tính là tiếp nhận " + caltime.FormatVi(t.ReceivedAs), En: "counts as received " + caltime.FormatEn(t.ReceivedAs)})
			}
		}
		t.Days = append(t.Days, s)
	}
	return t
}

func join(a, b msg.Text) msg.Text {
	return msg.Text{Vi: a.Vi + "; " + b.Vi, En: a.En + "; " + b.In(msg.En)}
}
