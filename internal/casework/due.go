package casework

import (
	"fmt"
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/workcal"
)

// workday is one day of work of officials.
const workday = 8 * time.Hour

// term adds the term of a procedure to an instant.
func (p *Procedure) term(cal *workcal.Calendar, from time.Time) (time.Time, bool) {
	switch {
	case p.Hours != nil && *p.Hours > 0:
		return cal.AddHours(from, time.Duration(*p.Hours*float64(time.Hour))), true
	case p.Days == nil || *p.Days <= 0:
		return time.Time{}, false
	case p.Method == ByHour:
		return cal.AddHours(from, time.Duration(*p.Days)*workday), true
	}
	return cal.AddDays(from, *p.Days), true
}

// rest adds to an instant what was left of the term when it was paused.
func (p *Procedure) rest(cal *workcal.Calendar, due, paused, resumed time.Time) time.Time {
	if !due.After(paused) {
		return due // nothing was left
	}
	if p.Hours != nil || p.Method == ByHour {
		return cal.AddHours(resumed, cal.Between(paused, due))
	}
	n := 0
	for day := caltime.Day(paused).AddDate(0, 0, 1); !day.After(due); day = day.AddDate(0, 0, 1) {
		if cal.IsWorkday(day) {
			n++
		}
	}
	if n == 0 {
		return cal.AddHours(resumed, cal.Between(paused, due))
	}
	return cal.AddDays(resumed, n)
}

// compute finds the date by the procedure's term, beside the given one, and
// the date that counts.
func (f *folding) compute(proc Procedure) {
	var computed []Deadline
	if f.cal != nil && f.ReceivedAt != nil && proc.Code != "" && proc.Code == f.Procedure {
		if due, ok := proc.term(f.cal, *f.ReceivedAt); ok {
			add := func(due, from time.Time, reason string) {
				computed = append(computed, Deadline{Due: due.UTC(), From: from.UTC(), Kind: ComputedDue, Reason: reason, By: proc.Source})
			}
			add(due, *f.ReceivedAt, proc.says())
			for _, p := range f.Pauses {
				if p.To == nil {
					continue
				}
				reason := fmt.Sprintf("Tạm dừng %s – %s, %s", caltime.FormatVi(p.From), caltime.FormatVi(*p.To), map[bool]string{true: "tính lại từ đầu", false: "tính tiếp"}[proc.Clock == ResetRule])
				next := due
				if proc.Clock == ResetRule {
					next, _ = proc.term(f.cal, *p.To)
				} else {
					next = proc.rest(f.cal, due, p.From, *p.To)
				}
				if !next.Equal(due) {
					due = next
					add(due, *p.To, reason)
				}
			}
		}
	}
	if n := len(computed); n > 0 {
		due := computed[n-1].Due
		f.DueComputed = &due
	}
	if len(f.Deadlines) == 0 {
		for i := range computed {
			computed[i].Version = i + 1
		}
	} else if f.DueComputed != nil {
		f.DueDiffers = differs(f.Deadlines, *f.DueComputed, proc)
	}
	f.Deadlines = append(f.Deadlines, computed...)
	asked := time.Unix(1<<40, 0) // the newest version; a file that has ended keeps that of its end
	if n := len(f.Turns); f.State.Clock() == Ended && n > 0 {
		asked = f.endedAt(f.Turns[n-1].At)
	}
	if d := f.DueAt(asked); d != nil {
		due := d.Due
		f.Due, f.DueVersion = &due, d.Version
	}
}

// differs compares the date that the source gave last – an apology is no
// matter of computing – by the day, or where the term is in hours by the
// minute.
func differs(given []Deadline, computed time.Time, proc Procedure) bool {
	for i := len(given) - 1; i >= 0; i-- {
		if given[i].Kind == ApologyDue {
			continue
		}
		if proc.Hours != nil || proc.Method == ByHour {
			d := given[i].Due.Sub(computed)
			return d <= -time.Minute || d >= time.Minute
		}
		return !caltime.Day(given[i].Due).Equal(caltime.Day(computed))
	}
	return false
}

// says is the term in words.
func (p *Procedure) says() string {
	if p.Hours != nil {
		return fmt.Sprintf("Thời hạn %g giờ làm việc", *p.Hours)
	}
	return fmt.Sprintf("Thời hạn %d ngày làm việc", *p.Days)
}
