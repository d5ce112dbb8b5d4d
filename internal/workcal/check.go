package workcal

import (
	"strings"
	"time"

	"openioc.org/ioc/internal/fault"
)

var (
	errDay     = fault.Define(fault.Invalid, "workcal.day", "the day cannot be kept like this", "ngày này chưa hợp lệ")
	errDate    = fault.Define(fault.Invalid, "workcal.date", "a date is written 2026-04-27, between {first} and {last}", "ngày viết dạng 2026-04-27, từ năm {first} đến {last}")
	errKind    = fault.Define(fault.Invalid, "workcal.kind", "a day is a workday, weekend, holiday, compensation or makeup", "loại ngày là workday, weekend, holiday, compensation hoặc makeup")
	errMakeup  = fault.Define(fault.Invalid, "workcal.makeup", "work is made up for on a Saturday or Sunday", "ngày làm bù phải là thứ Bảy hoặc Chủ nhật")
	errName    = fault.Define(fault.Invalid, "workcal.name", "say what day it is, in at most 200 letters", "cần tên của ngày, nhiều nhất 200 ký tự")
	errStatus  = fault.Define(fault.Invalid, "workcal.status", "a row is confirmed or unconfirmed", "trạng thái là confirmed hoặc unconfirmed")
	errSource  = fault.Define(fault.Invalid, "workcal.source", "say who decided it (decree, notice), in 3 to 500 letters", "cần ghi căn cứ (quyết định, thông báo), từ 3 đến 500 ký tự")
	errHours   = fault.Define(fault.Invalid, "workcal.hours", "the office hours cannot be kept like this", "giờ làm việc chưa hợp lệ")
	errPeriods = fault.Define(fault.Invalid, "workcal.periods", "office hours are one to six stretches like 07:30 to 11:30, one after the other", "giờ làm việc gồm một đến sáu khoảng như 07:30 đến 11:30, nối tiếp nhau")
	errNoRow   = fault.Define(fault.NotFound, "workcal.no_row", "the city has no row of its own for {date}", "thành phố chưa có dòng riêng cho ngày {date}")
	errMany    = fault.Define(fault.Conflict, "workcal.too_many_hours", "there are {max} changes of office hours already", "đã có {max} lần đổi giờ làm việc")
	errLong    = fault.Define(fault.Invalid, "workcal.long_term", "a term of at most {max} days is shown", "chỉ xem được thời hạn nhiều nhất {max} ngày")
)

// check says what is wrong with a row.
func (d *Day) check() error {
	bad := errDay.With()
	if y := d.Date.Year(); d.Date.IsZero() || y < firstYear || y > lastYear {
		bad.At("date", wrongDate())
	}
	switch weekend := weekday(dayNumber(d.Date)) >= 5; {
	case kindTitles[d.Kind].Vi == "":
		bad.At("kind", errKind.With())
	case d.Kind == Makeup && !weekend:
		bad.At("kind", errMakeup.With())
	}
	if n := len([]rune(d.Name.Vi)); n < 1 || n > 200 || len([]rune(d.Name.En)) > 200 {
		bad.At("name", errName.With())
	}
	if d.Status != Confirmed && d.Status != Unconfirmed {
		bad.At("status", errStatus.With())
	}
	checkSource(bad, d.Source)
	return wrong(bad)
}

func wrongDate() *fault.Error { return errDate.With("first", firstYear, "last", lastYear) }

func checkSource(bad *fault.Error, source string) {
	if n := len([]rune(source)); n < 3 || n > 500 {
		bad.At("source", errSource.With())
	}
}

func wrong(bad *fault.Error) error {
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// readPeriods reads [["07:30","11:30"],["13:00","17:00"]].
func readPeriods(pairs [][]string) ([]Period, error) {
	if len(pairs) < 1 || len(pairs) > 6 {
		return nil, errPeriods.With()
	}
	var out []Period
	var last time.Duration = -1
	for _, p := range pairs {
		if len(p) != 2 {
			return nil, errPeriods.With()
		}
		from, ok1 := ReadClock(p[0])
		to, ok2 := ReadClock(p[1])
		if !ok1 || !ok2 || from <= last || to <= from {
			return nil, errPeriods.With()
		}
		out, last = append(out, Period{from, to}), to
	}
	return out, nil
}

// ReadClock reads a time of day, "24:00" the end of it.
func ReadClock(s string) (time.Duration, bool) {
	if s == "24:00" {
		return 24 * time.Hour, true
	}
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != 5 {
		return 0, false
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, true
}

func tidy(s string) string { return strings.Join(strings.Fields(s), " ") }
