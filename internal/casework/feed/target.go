package feed

import (
	"strings"
	"time"

	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/personal"
	"openioc.org/ioc/internal/vi"
)

// target is a field of an event that a mapping can fill.
type target struct {
	Name     string
	Title    msg.Text
	Kind     string // text, time, flag
	Personal bool

	text func(e *draft, s string)
	time func(e *draft, t time.Time)
	// names are what columns of that meaning are called, folded; the first
	// are the surest.
	names []string
}

// draft is an event in the making.
type draft struct {
	casework.Event
	key        string
	step       casework.Step
	supplement casework.Supplement
	apology    casework.Apology
}

// finish hangs the parts that were filled on the event.
func (d *draft) finish() {
	if d.step != (casework.Step{}) {
		s := d.step
		d.Step = &s
	}
	if d.supplement != (casework.Supplement{}) {
		s := d.supplement
		d.Supplement = &s
	}
	if d.apology != (casework.Apology{}) {
		a := d.apology
		d.Apology = &a
	}
}

func text(name, vi, en string, set func(*draft, string), names ...string) target {
	return target{Name: name, Title: msg.Text{Vi: vi, En: en}, Kind: "text", text: set, names: names}
}

func own(name, vi, en string, set func(*draft, string), names ...string) target {
	t := text(name, vi, en, set, names...)
	t.Personal = true
	return t
}

func instant(name, vi, en string, set func(*draft, time.Time), names ...string) target {
	return target{Name: name, Title: msg.Text{Vi: vi, En: en}, Kind: "time", time: set, names: names}
}

// targets are all fields, in the order the form shows them.
var targets = []target{
	text("code", "Mã hồ sơ", "File code", func(d *draft, s string) { d.Code = s },
		"ma ho so", "so ho so", "mahoso", "so bien nhan", "ma bien nhan", "case concept name", "case id", "file code", "case code", "code", "ma hs", "so hs"),
	instant("at", "Thời điểm sự kiện", "When it happened", func(d *draft, t time.Time) { d.At = t },
		"ngay cap nhat", "thoi diem cap nhat", "thoi diem xu ly", "time timestamp", "timestamp", "updated at", "last modified", "modified", "event time", "thoi gian"),
	text("key", "Khoá của bản ghi", "Key of the record", func(d *draft, s string) { d.key = s },
		"concept instance", "id ban ghi", "ma ban ghi", "message id", "event id"),
	text("state", "Trạng thái", "State", func(d *draft, s string) { d.State = &s },
		"trang thai ho so", "trang thai", "tinh trang", "status", "state", "case status"),
	text("procedure", "Mã thủ tục", "Procedure code", func(d *draft, s string) { d.Procedure = &s },
		"ma tthc", "ma thu tuc", "procedure code", "ma thu tuc hanh chinh", "procedure"),
	text("procedure_name", "Tên thủ tục", "Procedure name", func(d *draft, s string) { d.ProcedureName = &s },
		"ten tthc", "ten thu tuc", "procedure name", "thu tuc", "ten thu tuc hanh chinh"),
	text("field", "Mã lĩnh vực", "Field code", func(d *draft, s string) { d.Field = &s }, "ma linh vuc", "field code"),
	text("field_name", "Tên lĩnh vực", "Field name", func(d *draft, s string) { d.FieldName = &s }, "ten linh vuc", "linh vuc", "field name"),
	text("channel", "Kênh nộp", "Channel", func(d *draft, s string) { c := channelOf(s); d.Channel = &c },
		"kenh thuc hien", "hinh thuc nop", "kenh nop", "kenh", "case channel", "channel", "hinh thuc tiep nhan"),
	text("unit", "Mã đơn vị xử lý", "Unit", func(d *draft, s string) { d.Unit = &s },
		"don vi xu ly", "ma don vi", "co quan giai quyet", "ma co quan", "case department", "unit", "department", "don vi", "co quan"),
	text("unit_name", "Tên đơn vị xử lý", "Unit name", func(d *draft, s string) { d.UnitName = &s }, "ten don vi", "ten co quan", "unit name", "department name"),
	text("officer", "Cán bộ thụ lý", "Officer", func(d *draft, s string) { d.Officer = &s },
		"can bo thu ly", "ma can bo", "can bo xu ly", "nguoi xu ly", "case responsible", "responsible", "officer", "nguoi thu ly", "tai khoan xu ly"),
	text("officer_name", "Tên cán bộ thụ lý", "Officer's name", func(d *draft, s string) { d.OfficerName = &s }, "ten can bo", "ho ten can bo", "officer name"),
	instant("received", "Ngày tiếp nhận", "Received", func(d *draft, t time.Time) { d.Received = &t },
		"ngay tiep nhan", "thoi diem tiep nhan", "case startdate", "ngay nhan", "received at", "received", "start date", "startdate", "ngay nop", "ngay tao"),
	instant("due", "Ngày hẹn trả", "Due", func(d *draft, t time.Time) { d.Due = &t },
		"ngay hen tra", "han xu ly", "case deadline", "ngay hen", "han tra", "deadline", "due date", "due", "target dt", "thoi han", "han giai quyet"),
	instant("planned", "Ngày dự kiến xong", "Planned end", func(d *draft, t time.Time) { d.Planned = &t },
		"ngay du kien", "du kien hoan thanh", "case enddate planned", "planned end", "enddate planned"),
	instant("finished", "Ngày kết thúc xử lý", "Finished", func(d *draft, t time.Time) { d.Finished = &t },
		"ngay ket thuc xu ly", "ngay co ket qua", "ngay hoan thanh", "ngay xu ly xong", "case enddate", "finished at", "closed at", "end date", "enddate", "closed dt", "ngay ket thuc"),
	instant("returned", "Ngày trả kết quả", "Returned", func(d *draft, t time.Time) { d.Returned = &t },
		"ngay tra ket qua", "ngay tra", "ngay tra thuc te", "returned at", "returned"),
	text("due_reason", "Lý do đổi hạn", "Reason of a new date", func(d *draft, s string) { d.DueReason = &s }, "ly do gia han", "ly do doi han", "due reason"),
	{Name: "digitized", Title: msg.Text{Vi: "Đã số hoá kết quả", En: "Result digitized"}, Kind: "flag", text: func(d *draft, s string) {
		if b, ok := flagOf(s); ok {
			d.Digitized = &b
		}
	}, names: []string{"so hoa", "da so hoa", "so hoa ket qua", "ket qua dien tu", "digitized"}},
	own("applicant_name", "Chủ hồ sơ", "Applicant", func(d *draft, s string) { n := personal.Name(s); d.ApplicantName = &n },
		"chu ho so", "nguoi nop", "ho ten", "ten nguoi nop", "ten to chuc ca nhan", "ten chu ho so", "ho va ten", "applicant name", "applicant", "nguoi yeu cau"),
	text("applicant_kind", "Loại đối tượng", "Kind of applicant", func(d *draft, s string) { k := applicantKind(s); d.ApplicantKind = &k }, "loai doi tuong", "doi tuong", "applicant kind"),
	own("applicant_paper", "Số giấy tờ", "Number of paper", func(d *draft, s string) { n := personal.Paper(s); d.ApplicantPaper = &n },
		"ma doi tuong", "so cccd", "cccd", "cmnd", "so cmnd", "so giay to", "ma so thue", "so dinh danh", "mst", "tax code", "identity number"),
	own("applicant_phone", "Điện thoại", "Phone", func(d *draft, s string) { n := personal.Phone(s); d.ApplicantPhone = &n },
		"so dien thoai", "dien thoai", "sdt", "di dong", "phone", "mobile"),
	own("applicant_email", "Thư điện tử", "E-mail", func(d *draft, s string) { n := personal.Email(s); d.ApplicantEmail = &n }, "email", "thu dien tu", "e mail"),
	own("applicant_address", "Địa chỉ", "Address", func(d *draft, s string) { n := personal.Address(s); d.ApplicantAddress = &n },
		"dia chi", "dia chi nguoi nop", "noi o", "dia chi thuong tru", "address", "thuong tru"),
	text("step_name", "Bước xử lý", "Step", func(d *draft, s string) { d.step.Name = s }, "buoc xu ly", "ten buoc", "concept name", "step", "activity", "cong viec"),
	text("step_department", "Phòng ban của bước", "Department of the step", func(d *draft, s string) { d.step.Department = s }, "phong ban xu ly", "phong ban", "org group"),
	text("step_officer", "Người làm bước", "Officer of the step", func(d *draft, s string) { d.step.Officer = s }, "org resource", "nguoi thuc hien", "resource"),
	text("step_officer_name", "Tên người làm bước", "Name of the step's officer", func(d *draft, s string) { d.step.OfficerName = s }, "ten nguoi thuc hien"),
	instant("step_from", "Bước bắt đầu", "Step began", func(d *draft, t time.Time) { d.step.From = t }, "ngay bat dau", "step start", "bat dau buoc"),
	instant("step_until", "Bước xong", "Step ended", func(d *draft, t time.Time) { d.step.Until = t }, "step end", "ket thuc buoc"),
	instant("step_due", "Hạn của bước", "Step due", func(d *draft, t time.Time) { d.step.Due = t }, "ngay ket thuc theo quy dinh", "han buoc", "step due"),
	text("step_comment", "Nội dung xử lý", "Comment of the step", func(d *draft, s string) { d.step.Comment = s }, "noi dung xu ly", "y kien xu ly", "comment", "ghi chu"),
	text("supplement_by", "Người yêu cầu bổ sung", "Who asked for papers", func(d *draft, s string) { d.supplement.By = s }, "nguoi yeu cau bo sung"),
	text("supplement_text", "Nội dung bổ sung", "Papers asked for", func(d *draft, s string) { d.supplement.Text = s }, "noi dung bo sung"),
	instant("supplement_asked", "Ngày yêu cầu bổ sung", "Papers asked on", func(d *draft, t time.Time) { d.supplement.Asked = t }, "ngay bo sung", "ngay yeu cau bo sung"),
	instant("supplement_answered", "Ngày nhận bổ sung", "Papers came on", func(d *draft, t time.Time) { d.supplement.Answered = t }, "ngay tiep nhan bo sung", "ngay nhan bo sung"),
	instant("supplement_due_before", "Hẹn trả trước bổ sung", "Due before", func(d *draft, t time.Time) { d.supplement.DueBefore = t }, "ngay hen tra truoc"),
	instant("supplement_due_after", "Hẹn trả sau bổ sung", "Due after", func(d *draft, t time.Time) { d.supplement.DueAfter = t }, "ngay hen tra moi"),
	text("apology_number", "Số thư xin lỗi", "Apology letter", func(d *draft, s string) { d.apology.Number = s }, "so thu xin loi", "so van ban xin loi"),
	text("apology_reason", "Lý do xin lỗi", "Reason of the apology", func(d *draft, s string) { d.apology.Reason = s }, "ly do tre han", "ly do xin loi"),
	instant("apology_at", "Ngày xin lỗi", "Apology on", func(d *draft, t time.Time) { d.apology.At = t }, "ngay xin loi"),
	instant("apology_due", "Hẹn trả lại", "New date promised", func(d *draft, t time.Time) { d.apology.Due = t }, "ngay hen tra lai", "ngay hen lai"),
}

var targetNamed = func() map[string]*target {
	out := map[string]*target{}
	for i := range targets {
		out[targets[i].Name] = &targets[i]
	}
	return out
}()

// channelOf reads the national code or the usual names.
func channelOf(s string) casework.Channel {
	switch f := vi.Fold(strings.TrimSpace(s)); {
	case f == "1", strings.Contains(f, "truc tiep"), f == "direct", f == "desk", f == "counter", strings.Contains(f, "mot cua"):
		return casework.Direct
	case f == "2", strings.Contains(f, "truc tuyen"), f == "online", f == "internet", f == "web", f == "e-mail", f == "email", strings.Contains(f, "dvc"):
		return casework.Online
	case f == "3", strings.Contains(f, "buu chinh"), strings.Contains(f, "buu dien"), f == "post", f == "bcci":
		return casework.Post
	}
	return casework.UnknownChannel
}

func applicantKind(s string) string {
	switch f := vi.Fold(strings.TrimSpace(s)); {
	case f == "1", strings.Contains(f, "ca nhan"), strings.Contains(f, "cong dan"), f == "person":
		return "person"
	case f == "2", strings.Contains(f, "doanh nghiep"), f == "business", f == "dn":
		return "business"
	case f == "3", strings.Contains(f, "to chuc"), strings.Contains(f, "co quan"), f == "organisation", f == "organization":
		return "organisation"
	}
	return s
}

func flagOf(s string) (value, ok bool) {
	switch vi.Fold(strings.TrimSpace(s)) {
	case "1", "true", "t", "x", "y", "yes", "co", "da so hoa", "roi":
		return true, true
	case "0", "false", "f", "n", "no", "khong", "chua":
		return false, true
	}
	return false, false
}
