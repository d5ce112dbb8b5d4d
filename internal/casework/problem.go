package casework

import (
	"slices"
	"strings"

	"openioc.org/ioc/internal/msg"
)

// problem lists something once.
func (c *Case) problem(code, field string) {
	if !slices.ContainsFunc(c.Problems, func(p Problem) bool { return p.Code == code && p.Field == field }) {
		c.Problems = append(c.Problems, Problem{Code: code, Field: field, Text: problemText(code, field)})
	}
}

// judge lists what does not fit together.
func (f *folding) judge(proc Procedure) {
	if f.CodeForm == OtherForm {
		f.problem("code_form", "code")
	}
	if f.UnitRaw != "" && f.Unit == "" {
		f.problem("unknown_unit", f.UnitRaw)
	}
	if f.Officer != "" && !f.officerKnown {
		f.problem("unknown_officer", f.Officer)
	}
	if f.Procedure != "" && proc.Code != f.Procedure {
		f.problem("unknown_procedure", f.Procedure)
	}
	if proc.Code == f.Procedure && proc.RetiredAt != nil && f.ReceivedAt != nil && !f.ReceivedAt.Before(*proc.RetiredAt) {
		f.problem("procedure_retired", "procedure")
	}
	if f.ReceivedAt != nil {
		if f.DueGiven != nil && endOfDay(*f.DueGiven).Before(*f.ReceivedAt) {
			f.problem("due_before_received", "due_given")
		}
		if f.FinishedAt != nil && f.FinishedAt.Before(*f.ReceivedAt) {
			f.problem("end_before_start", "finished_at")
		}
	}
	if f.FinishedAt != nil && f.ReturnedAt != nil && f.ReturnedAt.Before(*f.FinishedAt) {
		f.problem("returned_before_finished", "returned_at")
	}
}

var problemTexts = map[string]msg.Text{
	"code_form":                {Vi: "Mã hồ sơ không đúng mẫu", En: "The code has an unknown form"},
	"duplicate_code":           {Vi: "Mã hồ sơ có ở hai hệ thống", En: "Two systems have a file of this code"},
	"contradictory_message":    {Vi: "Cùng một thông điệp, nội dung khác nhau", En: "One message came with two contents"},
	"unknown_state":            {Vi: "Chưa rõ trạng thái “{field}”", En: "Nobody has said what the state “{field}” means"},
	"unknown_unit":             {Vi: "Chưa rõ đơn vị “{field}”", En: "Nobody has said which unit “{field}” is"},
	"unknown_officer":          {Vi: "Chưa rõ cán bộ “{field}”", En: "Nobody has said who “{field}” is"},
	"unknown_procedure":        {Vi: "Thủ tục {field} chưa có trong danh mục", En: "The procedure {field} is not in the list"},
	"procedure_retired":        {Vi: "Tiếp nhận theo thủ tục đã bãi bỏ", En: "Received under a procedure that had been removed"},
	"due_before_received":      {Vi: "Ngày hẹn trả trước ngày tiếp nhận", En: "Due before it was received"},
	"due_without_time":         {Vi: "Hẹn trả chỉ có ngày: tính đến hết ngày", En: "The due date has no time of day: the end of the day counts"},
	"end_before_start":         {Vi: "Kết thúc trước khi tiếp nhận", En: "Finished before it was received"},
	"returned_before_finished": {Vi: "Trả kết quả trước khi giải quyết xong", En: "Handed out before it was finished"},
	"finished_in_future":       {Vi: "Thời điểm kết thúc ở tương lai", En: "The end lies in the future"},
	"time_in_future":           {Vi: "Thông điệp ghi thời điểm ở tương lai: xếp theo lúc nhận", En: "The message is dated in the future: ordered by its arrival"},
	"promised_twice":           {Vi: "Hẹn lại quá một lần (NĐ 61/2018 Điều 19)", En: "Promised again more than once (Decree 61/2018, Art. 19)"},
	"zone_assumed":             {Vi: "Thời gian không có múi giờ: lấy giờ Việt Nam", En: "A time had no zone: that of Vietnam was taken"},
	"bad_time":                 {Vi: "Thời gian không đọc được: {field}", En: "A time could not be read: {field}"},
	"bad_value":                {Vi: "Giá trị không đọc được: {field}", En: "A value could not be read: {field}"},
	"no_such_day":              {Vi: "Ngày không có trong lịch: {field}", En: "There is no such day: {field}"},
}

func problemText(code, field string) msg.Text {
	t, ok := problemTexts[code]
	if !ok {
		return msg.Text{Vi: code + " " + field, En: code + " " + field}
	}
	return msg.Text{Vi: strings.ReplaceAll(t.Vi, "{field}", field), En: strings.ReplaceAll(t.En, "{field}", field)}
}
