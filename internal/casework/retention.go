package casework

import (
	"slices"
	"time"

	"openioc.org/ioc/internal/caltime"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
)

// Retention is how long a kind of personal data is kept, from a day on.
type Retention struct {
	Kind   string `json:"kind" enum:"case_applicant,case_rejected"`
	Months int    `json:"months" minimum:"0" maximum:"1200" doc:"after the file has ended, the row was kept aside"`
	From   string `json:"from" doc:"the first day: 2026-07-01"`
	Legal  string `json:"legal" maxLength:"1000" doc:"where it is written"`
	Status string `json:"status" enum:"confirmed,unconfirmed" doc:"nothing is erased by an unconfirmed row"`

	InForce bool `json:"in_force,omitempty" readOnly:"true"`
	Shipped bool `json:"shipped,omitempty" readOnly:"true" doc:"nobody has set it"`

	from time.Time
}

// What is retained, and whether somebody has confirmed for how long.
const (
	ApplicantData = "case_applicant" // the applicant of an ended file
	RejectedData  = "case_rejected"  // rows of sources that became no file
	Confirmed     = "confirmed"
	Unconfirmed   = "unconfirmed"
)

// retentionKinds are the kinds in the order pages show them.
var retentionKinds = []string{ApplicantData, RejectedData}

// shippedRetention holds until the city says what does. It is unconfirmed: no
// text of law was found that names the months, so that nothing goes by it.
var shippedRetention = []Retention{
	{Kind: ApplicantData, Months: 120, From: "2000-01-01", Status: Unconfirmed, Legal: "Chưa xác nhận: cần đối chiếu quy định về thời hạn bảo quản hồ sơ thủ tục hành chính"},
	{Kind: RejectedData, Months: 12, From: "2000-01-01", Status: Unconfirmed, Legal: "Chưa xác nhận: bản ghi kỹ thuật, giữ đến khi sửa xong kết nối"},
}

var (
	errRetention  = fault.Define(fault.Invalid, "personal.retention", "the retention cannot be kept like this", "thời hạn lưu giữ chưa hợp lệ")
	errRetained   = fault.Define(fault.Invalid, "personal.kind", "kinds are case_applicant and case_rejected", "loại dữ liệu là case_applicant hoặc case_rejected")
	errMonths     = fault.Define(fault.Invalid, "personal.months", "from 0 to {most} months", "từ 0 đến {most} tháng")
	errFromDay    = fault.Define(fault.Invalid, "personal.from", "say from which day: 2026-07-01", "cần ngày bắt đầu, dạng 2026-07-01")
	errTwice      = fault.Define(fault.Invalid, "personal.twice", "the same kind has two rows of this day", "một loại có hai dòng cùng ngày")
	errLegalText  = fault.Define(fault.Invalid, "personal.legal", "say where it is written, in 3 to 1000 letters", "cần ghi căn cứ, từ 3 đến 1000 ký tự")
	errConfirming = fault.Define(fault.Invalid, "personal.status", "the status is confirmed or unconfirmed", "trạng thái là confirmed hoặc unconfirmed")
	errNoRows     = fault.Define(fault.Invalid, "personal.no_rows", "from 1 to {most} rows", "từ 1 đến {most} dòng")
)

const mostMonths = 1200

var keptTexts = map[string]msg.Text{
	"open":        {Vi: "Hồ sơ đang giải quyết", En: "The file is still open"},
	"retention":   {Vi: "Còn trong thời hạn lưu giữ theo quy định", En: "The law still keeps it"},
	"unconfirmed": {Vi: "Thời hạn lưu giữ chưa được xác nhận", En: "Nobody has confirmed how long the law keeps it"},
}

// check reads the day and lists what is wrong.
func (r *Retention) check(bad *fault.Error, path string) {
	if !slices.Contains(retentionKinds, r.Kind) {
		bad.At(path+".kind", errRetained.With())
	}
	if r.Months < 0 || r.Months > mostMonths {
		bad.At(path+".months", errMonths.With("most", mostMonths))
	}
	from, err := time.ParseInLocation(time.DateOnly, r.From, caltime.Zone)
	if err != nil || from.Year() < 1900 || from.Year() > 2200 {
		bad.At(path+".from", errFromDay.With())
	}
	r.from = from
	if n := len([]rune(r.Legal)); n < 3 || n > 1000 {
		bad.At(path+".legal", errLegalText.With())
	}
	if r.Status != Confirmed && r.Status != Unconfirmed {
		bad.At(path+".status", errConfirming.With())
	}
}

// over is the first instant at which what ended then is retained no longer: a
// day that the month lacks is the first of the next.
func (r Retention) over(ended time.Time) time.Time {
	l := ended.In(caltime.Zone)
	t := time.Date(l.Year(), l.Month()+time.Month(r.Months), l.Day(), l.Hour(), l.Minute(), l.Second(), l.Nanosecond(), caltime.Zone)
	if t.Day() != l.Day() {
		t = time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, caltime.Zone)
	}
	return t.UTC()
}

// past reports whether the retention of what ended then is over.
func (r Retention) past(ended, now time.Time) bool { return !now.Before(r.over(ended)) }

// cut is an instant before which everything that ended is past its retention;
// over is asked of what ended later.
func (r Retention) cut(now time.Time) time.Time {
	l := now.In(caltime.Zone)
	t := time.Date(l.Year(), l.Month()-time.Month(r.Months), l.Day(), l.Hour(), l.Minute(), l.Second(), l.Nanosecond(), caltime.Zone)
	if t.Day() != l.Day() { // the last day of the month before
		t = time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, caltime.Zone).Add(-time.Microsecond)
	}
	return t.UTC()
}

// inForce is the row that holds for a kind at an instant.
func inForce(rows []Retention, kind string, at time.Time) Retention {
	var out Retention
	for _, r := range rows {
		if r.Kind == kind && !r.from.After(at) && (out.Kind == "" || !r.from.Before(out.from)) {
			out = r
		}
	}
	return out
}

// strictest is the row by which a sweep may go: when the clock stands before
// the latest sweep, the longer of the two that held, confirmed both.
func strictest(rows []Retention, kind string, now, seen time.Time) Retention {
	r := inForce(rows, kind, now)
	if seen.After(now) {
		later := inForce(rows, kind, seen)
		if later.Status != Confirmed || r.Status == Confirmed && later.Months > r.Months {
			return later
		}
	}
	return r
}
