package feed

import (
	"encoding/json"
	"sort"
	"strconv"
	"strings"
	"time"

	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/decode"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/mapping"
	"openioc.org/ioc/internal/personal"
)

var (
	errNoMessage = fault.Define(fault.Invalid, "casefeed.no_message", "there is no message with MaHoSo in it", "không thấy bản tin nào có MaHoSo")
	errMessages  = fault.Define(fault.TooLarge, "casefeed.messages", "more than {limit} messages at a time", "quá {limit} bản tin một lần")
)

// maxMessages is how many national messages come in one request.
const maxMessages = 10_000

// national reads DongBoHoSoMC and CapNhatTienDoHoSoMC (domain notes §2.3): one
// object, a list of them, or either inside an envelope of whatever names. Only
// MaHoSo makes an object a message.
func national(raw []byte) ([]map[string]any, error) {
	doc, err := decode.Decode(raw, decode.Options{Name: sniffName(raw)})
	if err != nil {
		return nil, err
	}
	var out []map[string]any
	var walk func(v any, depth int) bool
	walk = func(v any, depth int) bool {
		if depth > 8 || len(out) > maxMessages {
			return len(out) <= maxMessages
		}
		switch x := v.(type) {
		case map[string]any:
			if _, ok := pick(x, "MaHoSo"); ok {
				out = append(out, x)
				return true
			}
			keys := make([]string, 0, len(x))
			for k := range x {
				keys = append(keys, k)
			}
			sort.Strings(keys)
			for _, k := range keys {
				if !walk(x[k], depth+1) {
					return false
				}
			}
		case []any:
			for _, y := range x {
				if !walk(y, depth+1) {
					return false
				}
			}
		case string: // an envelope that holds its message as text
			if t := strings.TrimSpace(x); len(t) > 10 && (t[0] == '{' || t[0] == '[') && strings.Contains(t, "MaHoSo") {
				if inner, err := decode.Decode([]byte(t), decode.Options{Format: decode.JSON}); err == nil {
					return walk(inner.Root, depth+1)
				}
			}
		}
		return true
	}
	walk(doc.Root, 0)
	switch {
	case len(out) > maxMessages:
		return nil, errMessages.With("limit", maxMessages)
	case len(out) == 0:
		return nil, errNoMessage.With()
	}
	return out, nil
}

func sniffName(raw []byte) string {
	if strings.HasPrefix(strings.TrimSpace(string(raw[:min(len(raw), 64)])), "<") {
		return "message.xml"
	}
	return "message.json"
}

// pick finds a field by its exact name, else whatever its case.
func pick(m map[string]any, name string) (any, bool) {
	if v, ok := m[name]; ok {
		return v, true
	}
	for k, v := range m {
		if strings.EqualFold(k, name) {
			return v, true
		}
	}
	return nil, false
}

// vietnam: national messages carry no zone, theirs is known.
var vietnam, _ = mapping.Zone("")

// message reads the fields of one message.
type message struct {
	m     map[string]any
	notes []string
}

func (x *message) text(name string) string {
	v, _ := pick(x.m, name)
	s, ok := mapping.Text(v)
	if s = strings.TrimSpace(s); !ok || s == "" || strings.EqualFold(s, "null") {
		return ""
	}
	return clipBytes(textCell(s), maxText)
}

func (x *message) optional(name string) *string {
	if s := x.text(name); s != "" {
		return &s
	}
	return nil
}

// time reads yyyyMMddHHmmss, and what systems send instead of it.
func (x *message) time(name string) time.Time {
	v, _ := pick(x.m, name)
	if s, ok := v.(string); ok {
		if s = strings.TrimSpace(s); noDate(s) {
			return time.Time{}
		}
		if len(s) == 8 && strings.Trim(s, "0123456789") == "" { // a day alone
			s += "000000"
		}
		v = s
	}
	if v == nil || v == 0 {
		return time.Time{}
	}
	if n, ok := v.(int); ok && n >= 19000101 && n <= 22991231 {
		v = strconv.Itoa(n) + "000000"
	}
	t, f := mapping.Time(v, "", vietnam)
	if f != nil {
		code := "bad_time:"
		if s, ok := v.(string); ok && noSuchDay(s) {
			code = "no_such_day:"
		}
		x.notes = append(x.notes, code+name)
		return time.Time{}
	}
	return t
}

func (x *message) optionalTime(name string) *time.Time {
	if t := x.time(name); !t.IsZero() {
		return &t
	}
	return nil
}

func (x *message) list(name string) []map[string]any {
	v, _ := pick(x.m, name)
	var out []map[string]any
	switch l := v.(type) {
	case []any:
		for _, y := range l {
			if m, ok := y.(map[string]any); ok {
				out = append(out, m)
			}
		}
	case map[string]any: // XML and careless JSON: one is no list
		if inner, ok := l["item"]; ok && len(l) == 1 {
			return (&message{m: map[string]any{name: inner}}).list(name)
		}
		out = append(out, l)
	}
	return out
}

// eventsOf makes the events of one message: its own, and one for each request
// for papers.
func eventsOf(m map[string]any, system string, synthetic bool, seen time.Time) ([]casework.Event, *fault.Error) {
	x := &message{m: m}
	code := x.text("MaHoSo")
	if code == "" {
		return nil, errRowCode.With()
	}
	e := casework.Event{System: system, Code: code, Seen: seen}
	e.Procedure, e.ProcedureName = x.optional("MaTTHC"), x.optional("TenTTHC")
	e.Field, e.FieldName = x.optional("MaLinhVuc"), x.optional("TenLinhVuc")
	if s := x.text("KenhThucHien"); s != "" {
		c := channelOf(s)
		e.Channel = &c
	}
	e.ApplicantName, e.ApplicantPaper = private[personal.Name](x.text("ChuHoSo")), private[personal.Paper](x.text("MaDoiTuong"))
	e.ApplicantPhone, e.ApplicantEmail = private[personal.Phone](x.text("SoDienThoai")), private[personal.Email](x.text("Email"))
	e.ApplicantAddress = private[personal.Address](x.text("DiaChi"))
	if s := x.text("LoaiDoiTuong"); s != "" {
		k := applicantKind(s)
		e.ApplicantKind = &k
	}
	e.Unit, e.State = x.optional("DonViXuLy"), x.optional("TrangThaiHoSo")
	e.Received, e.Due = x.optionalTime("NgayTiepNhan"), x.optionalTime("NgayHenTra")
	e.Finished, e.Returned = x.optionalTime("NgayKetThucXuLy"), x.optionalTime("NgayTra")
	progress := x.progress(&e)
	e.Notes = x.notes
	if synthetic {
		e.Synthetic = &synthetic
	}
	supplements := x.list("DanhSachHoSoBoSung")
	if !progress {
		e.At = x.when(&e)
	}
	e.Raw = messageRaw(m)
	out := []casework.Event{e}
	for _, s := range supplements {
		out = append(out, supplement(e, s))
	}
	return out, nil
}

func private[T ~string](s string) *T {
	if s == "" {
		return nil
	}
	v := T(s)
	return &v
}

// progress reads what CapNhatTienDoHoSoMC says.
func (x *message) progress(e *casework.Event) bool {
	at := x.time("ThoiDiemXuLy")
	step := casework.Step{
		Name: x.text("ChucDanh"), Department: x.text("PhongBanXuLy"), OfficerName: x.text("NguoiXuLy"), Comment: x.text("NoiDungXuLy"),
		From: x.time("NgayBatDau"), Due: x.time("NgayKetThucTheoQuyDinh"),
	}
	if at.IsZero() && step == (casework.Step{}) {
		return false
	}
	e.At = at
	if step.From.IsZero() {
		step.From = at
	}
	if step.Name == "" {
		step.Name = step.Department
	}
	if step != (casework.Step{}) {
		e.Step = &step
	}
	e.Officer, e.OfficerName = x.optional("NguoiXuLy"), x.optional("NguoiXuLy")
	if s := x.optional("TrangThai"); s != nil {
		e.State = s
	}
	return true
}

// when is the instant of a DongBoHoSoMC, which carries none of its own: the
// one that its state speaks of. Zero, when the state has no date.
func (x *message) when(e *casework.Event) time.Time {
	at := func(t *time.Time) time.Time {
		if t == nil {
			return time.Time{}
		}
		return *t
	}
	for _, name := range []string{"ThoiDiemCapNhat", "NgayCapNhat"} { // some systems add it
		if t := x.time(name); !t.IsZero() {
			return t
		}
	}
	state := ""
	if e.State != nil {
		state = *e.State
	}
	switch state {
	case "2":
		return at(e.Received)
	case "9":
		return at(e.Finished)
	case "10":
		return at(e.Returned)
	case "5":
		last := time.Time{}
		for _, s := range x.list("DanhSachHoSoBoSung") {
			if t := (&message{m: s}).time("NgayBoSung"); t.After(last) {
				last = t
			}
		}
		return last
	}
	return time.Time{}
}

// supplement is one request for papers of a message, at its own time.
func supplement(of casework.Event, m map[string]any) casework.Event {
	x := &message{m: m}
	s := casework.Supplement{
		By: x.text("NguoiYeuCauBoSung"), Text: x.text("NoiDungBoSung"), Asked: x.time("NgayBoSung"), Answered: x.time("NgayTiepNhanBoSung"),
		DueBefore: x.time("NgayHenTraTruoc"), DueAfter: x.time("NgayHenTraMoi"),
	}
	e := casework.Event{System: of.System, Code: of.Code, Seen: of.Seen, At: s.Asked, Notes: x.notes, Raw: messageRaw(m)}
	if !s.Answered.IsZero() {
		e.At = s.Answered
	}
	e.Supplement, e.Synthetic = &s, of.Synthetic
	return e
}

// messageRaw is the message without personal fields.
func messageRaw(m map[string]any) json.RawMessage {
	kept, ok := withoutPersonal(m).(map[string]any)
	if !ok {
		return nil
	}
	for k := range kept { // who works on it is no applicant, but named all the same
		if strings.EqualFold(k, "DanhSachHoSoBoSung") || strings.EqualFold(k, "TaiLieuNop") || strings.EqualFold(k, "DanhSachGiayToKetQua") {
			if b, err := json.Marshal(kept[k]); err != nil || len(b) > 16<<10 {
				delete(kept, k)
			}
		}
	}
	b, err := json.Marshal(kept)
	if err != nil {
		return nil
	}
	return json.RawMessage(textCell(string(b)))
}
