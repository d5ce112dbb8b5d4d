package feed

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/casework/wabotest"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store/storetest"
)

func TestSuggest(t *testing.T) {
	for column, want := range map[string]string{
		"NGAY_TIEP_NHAN": "received", "ngày hẹn trả": "due", "case:deadline": "due", "Ngày hẹn trả kết quả": "due", "case:concept:name": "code", "concept:name": "step_name",
		"MaHoSo": "code", "Mã hồ sơ": "code", "SoHoSo": "code", "TrangThaiHoSo": "state", "trang_thai": "state", "NgayKetThucXuLy": "finished", "case:enddate": "finished",
		"case:enddate_planned": "planned", "case:startdate": "received", "time:timestamp": "at", "ngay_cap_nhat": "at", "updated_at": "at", "MaTTHC": "procedure", "TenTTHC": "procedure_name",
		"DonViXuLy": "unit", "case:department": "unit", "case:responsible": "officer", "org:resource": "step_officer", "KenhThucHien": "channel", "case:channel": "channel",
		"ChuHoSo": "applicant_name", "HoTen": "applicant_name", "SoCCCD": "applicant_paper", "DIEN_THOAI": "applicant_phone", "e-mail": "applicant_email", "dia_chi": "applicant_address",
		"NgayTra": "returned", "concept:instance": "key", "xyz": "", "lifecycle:transition": "", "NgayHenTraMoi": "supplement_due_after", "Hạn xử lý": "due", "closed_dt": "finished",
	} {
		if got := suggest(column); got != want {
			t.Errorf("%s: %q, want %q", column, got, want)
		}
	}
	header, _ := wabotest.Rows(t)
	got := Suggest(header)
	for column, want := range map[string]string{
		"case:concept:name": "code", "case:deadline": "due", "case:enddate": "finished", "case:enddate_planned": "planned", "case:startdate": "received", "case:channel": "channel",
		"case:department": "unit", "case:responsible": "officer", "concept:name": "step_name", "time:timestamp": "at", "org:group": "step_department", "org:resource": "step_officer", "concept:instance": "key",
	} {
		if got[column] != want {
			t.Errorf("%s: %q, want %q", column, got[column], want)
		}
	}
	// Of two columns that mean one field the surer has it.
	two := Suggest([]string{"due", "NGAY_HEN_TRA"})
	if two["NGAY_HEN_TRA"] != "due" || two["due"] != "" {
		t.Error(two)
	}
}

func program1(t testing.TB, mapping string) *program {
	t.Helper()
	p, err := parseMapping(json.RawMessage(mapping))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTimes(t *testing.T) {
	for _, c := range []struct {
		in     any
		layout string
		want   string // RFC 3339 in Vietnam, "" none, "!" refused
		bare   bool
	}{
		{"2026-03-02 08:00:00", "", "2026-03-02T08:00:00+07:00", true},
		{"2026-03-02T08:00:00+07:00", "", "2026-03-02T08:00:00+07:00", false},
		{"2011-12-06 13:41:31.788000+01:00", "", "2011-12-06T19:41:31.788+07:00", false},
		{"2026-03-02T01:00:00Z", "", "2026-03-02T08:00:00+07:00", false},
		{"2026-03-02 01:00:00 -0700", "", "2026-03-02T15:00:00+07:00", false},
		{"2026-03-02T15:04:05-0500", "", "2026-03-03T03:04:05+07:00", false},
		{"02/03/2026 08:00", "", "2026-03-02T08:00:00+07:00", true},
		{"15:04 2-1-2026", "", "2026-01-02T15:04:00+07:00", true},
		{"2/3/2026", "", "2026-03-02T00:00:00+07:00", true},
		{"20260302080000", "", "2026-03-02T08:00:00+07:00", true},
		{20260302080000, "", "2026-03-02T08:00:00+07:00", true},
		{1772413200, "", "2026-03-02T08:00:00+07:00", false},
		{1772413200000, "ms", "2026-03-02T08:00:00+07:00", false},
		{"1772413200", "", "2026-03-02T08:00:00+07:00", false},
		{"03-02-26", "MM-dd-yy", "2026-03-02T00:00:00+07:00", true},
		{"29/02/2024", "", "2024-02-29T00:00:00+07:00", true},
		{"29/02/2025", "", "!casefeed.no_such_day", false}, {"2025-02-29 08:00:00", "", "!casefeed.no_such_day", false}, {"31/04/2026", "", "!casefeed.no_such_day", false},
		{"20250229080000", "", "!casefeed.no_such_day", false},
		{"hôm qua", "", "!mapping.time", false}, {"32/01/2026", "", "!mapping.time", false},
		{"", "", "", false}, {nil, "", "", false}, {"NULL", "", "", false}, {"0000-00-00 00:00:00", "", "", false}, {"9999-12-31", "", "", false}, {"1900-01-01T00:00:00", "", "", false}, {0, "", "", false},
		{time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC), "", "2026-03-02T08:00:00+07:00", false},
	} {
		p := program1(t, `{"code": {"column": "c"}}`)
		r := p.reader(System{}, nil, "", time.Time{})
		got, bare, f := r.time(c.in, c.layout)
		switch {
		case strings.HasPrefix(c.want, "!"):
			if f == nil || f.Code != c.want[1:] {
				t.Errorf("%v: %v, %v; want %s", c.in, got, f, c.want)
			}
		case f != nil:
			t.Errorf("%v: %v", c.in, f)
		case c.want == "":
			if !got.IsZero() {
				t.Errorf("%v: %v", c.in, got)
			}
		case got.In(vietnam).Format(time.RFC3339Nano) != c.want || bare != c.bare:
			t.Errorf("%v: %s bare %v, want %s %v", c.in, got.In(vietnam).Format(time.RFC3339Nano), bare, c.want, c.bare)
		}
	}
}

func FuzzTimes(f *testing.F) {
	for _, s := range []string{"2026-03-02 08:00:00", "29/02/2025", "20260302080000", "2026-03-02T08:00:00+07:00", "15:04 2-1-2026", "0000-00-00", "1772413200", "-", ":-", "1:2-3456", "x"} {
		f.Add(s, "")
		f.Add(s, "dd/MM/yyyy")
	}
	p, err := parseMapping(json.RawMessage(`{"code": {"column": "c"}}`))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s, layout string) {
		r := p.reader(System{}, nil, "", time.Time{})
		got, bare, bad := r.time(s, layout)
		if bad != nil && (!got.IsZero() || bad.Error() == "") {
			t.Errorf("%q: %v and %v", s, got, bad)
		}
		if bad == nil && !got.IsZero() && (got.Year() < 1899 || got.Year() > 2300) {
			t.Errorf("%q: %v", s, got)
		}
		if got.IsZero() && bare {
			t.Errorf("%q: no time and no zone", s)
		}
	})
}

func TestMappingFaults(t *testing.T) {
	_, err := parseMapping(json.RawMessage(`{"code": {"column": "a"}, "recieved": {"column": "b"}}`))
	if f, ok := fault.As(err); !ok || len(f.Fields) != 1 || f.Fields[0].Path != "recieved" || !strings.Contains(f.Fields[0].Err.Error(), "received") {
		t.Errorf("%v", err)
	}
	_, err = parseMapping(json.RawMessage(`{"due": {"column": "a", "expr": "b"}, "received": {"expr": "1 +"}, "constants": {"state": "2", "stat": "x", "planned": "never"}, "state": {"column": "s"}, "zone": "Mars/Base", "where": "nope("}`))
	f, ok := fault.As(err)
	if !ok {
		t.Fatal(err)
	}
	var paths []string
	for _, x := range f.Fields {
		paths = append(paths, x.Path)
	}
	slices.Sort(paths)
	if got, want := strings.Join(paths, " "), "code constants.planned constants.stat due received.expr state where zone"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if p, err := parseMapping(json.RawMessage(`{}`)); p != nil || err != nil {
		t.Error(p, err)
	}
}

func TestEvents(t *testing.T) {
	p := program1(t, `{"code": {"column": "Mã hồ sơ"}, "received": {"column": "ngay_tiep_nhan"}, "due": {"column": "HEN"}, "state": {"expr": "fold(tt) contains \"xong\" ? \"9\" : \"4\""},
		"channel": {"column": "kenh"}, "applicant_name": {"column": "Ho ten"}, "applicant_kind": {"column": "loai"}, "digitized": {"column": "so hoa"}, "unit": {"column": "don vi.ma"},
		"constants": {"procedure": "1.004964"}, "where": "tt != \"nháp\""}`)
	r := p.reader(System{ID: "mc", Synthetic: true}, nil, "", local("2026-03-10 09:00"))
	rec := map[string]any{
		"MA HO SO": " H17.19-260302-0001 ", "Ngày tiếp nhận": "02/03/2026 08:00", "HEN": "30/02/2026", "tt": "Đã XONG", "kenh": "Trực tuyến", "Ho ten": "Nguyễn Văn An", "loai": "Cá nhân",
		"so hoa": "có", "don vi": map[string]any{"ma": "HC"}, "SDT nguoi nop": "0905123456", "ghi chu": "0905123456", "x": 12.0,
	}
	ev, keep, cells, f := r.event(rec, 0)
	if f != nil || !keep {
		t.Fatal(f, keep)
	}
	if ev.Code != "H17.19-260302-0001" || !ev.Received.Equal(local("2026-03-02 08:00")) || ev.Due != nil || *ev.State != "9" || *ev.Channel != casework.Online || *ev.ApplicantKind != "person" ||
		!*ev.Digitized || *ev.Unit != "HC" || *ev.Procedure != "1.004964" || !*ev.Synthetic || ev.ApplicantName.Reveal() != "Nguyễn Văn An" {
		t.Errorf("%+v", said(ev))
	}
	if len(cells) != 1 || cells[0].field != "due" || !slices.Equal(ev.Notes, []string{"no_such_day:due", "zone_assumed"}) {
		t.Errorf("%v %v", cells, ev.Notes)
	}
	if raw := string(ev.Raw); strings.Contains(raw, "Nguyễn") || strings.Contains(raw, "0905123456") || !strings.Contains(raw, "XONG") {
		t.Errorf("raw: %s", raw)
	}
	if _, keep, _, _ := r.event(map[string]any{"Mã hồ sơ": "a", "tt": "nháp"}, 1); keep {
		t.Error("the condition leaves drafts out")
	}
	if _, _, _, f := r.event(map[string]any{"Mã hồ sơ": " ", "tt": "x"}, 2); f == nil || f.Code != "casefeed.no_code" {
		t.Error(f)
	}
	// A zone that somebody named is nothing to ask about.
	p = program1(t, `{"code": {"column": "c"}, "received": {"column": "r"}, "zone": "UTC"}`)
	ev, _, _, _ = p.reader(System{ID: "mc"}, nil, "", time.Time{}).event(map[string]any{"c": "x", "r": "2026-03-02 08:00"}, 0)
	if !ev.Received.Equal(local("2026-03-02 15:00")) || ev.Notes != nil {
		t.Errorf("%+v", said(ev))
	}
}

func TestPreview(t *testing.T) {
	r := newRoom(t, storetest.SQLite(t, nil), nil)
	text := "Mã hồ sơ;Ngày tiếp nhận;Ngày hẹn trả;Chủ hồ sơ;Số điện thoại\nH17.19-260302-0001;02/03/2026 08:00;09/03/2026 17:00;Nguyễn Văn An;0905123456\nH17.19-260302-0002;29/02/2026;x;Trần Thị B;\n;1/3/2026;;;\nlẻ;1\n"
	p, err := r.Preview(t.Context(), dataAdmin, Trial{Kind: KindFile, Text: text})
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]any{}
	for _, c := range p.Columns {
		if c.Suggestion != "" {
			m[c.Suggestion] = map[string]string{"column": c.Name}
		}
	}
	if len(m) != 5 || len(p.Events) != 0 {
		t.Fatalf("%+v", p.Columns)
	}
	p, err = r.Preview(t.Context(), dataAdmin, Trial{Kind: KindFile, Text: text, Mapping: toJSON(t, m)})
	if err != nil {
		t.Fatal(err)
	}
	var errs []string
	for _, e := range p.Errors {
		errs = append(errs, fmt.Sprintf("%d %s %s", e.Row, e.Field, e.Err.Code))
	}
	want := []string{"2 received casefeed.no_such_day", "2 due mapping.time", "3 code casefeed.no_code", "4  decode.csv_width"}
	if !slices.Equal(errs, want) {
		t.Errorf("%q, want %q", errs, want)
	}
	if len(p.Events) != 2 || p.Events[0]["due"].(time.Time).UTC() != local("2026-03-09 17:00").UTC() {
		t.Errorf("%v", p.Events)
	}
	shown := string(toJSON(t, p.Rows)) + string(toJSON(t, p.Events)) + string(toJSON(t, p.Columns))
	for _, secret := range []string{"Văn", "0905123456", "Trần"} {
		if strings.Contains(shown, secret) {
			t.Errorf("%s is shown: %s", secret, shown)
		}
	}
	if _, err := r.Preview(t.Context(), leader, Trial{Kind: KindFile, Text: text}); fault.KindOf(err) != fault.Forbidden {
		t.Error(err)
	}
	if _, err := r.Preview(t.Context(), dataAdmin, Trial{Kind: KindFile}); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}
