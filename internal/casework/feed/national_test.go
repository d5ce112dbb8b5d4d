package feed

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/casework"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

const dongBo = `{"MaHoSo": "H17.19-260302-0012", "MaTTHC": "1.004964", "TenTTHC": "Đăng ký khai sinh", "MaLinhVuc": "HT", "KenhThucHien": "2", "ChuHoSo": "Nguyễn Văn An", "LoaiDoiTuong": "1",
	"MaDoiTuong": "048090001234", "NgayTiepNhan": "20260302080000", "NgayHenTra": "20260309170000", "NgayKetThucXuLy": "", "NgayTra": null, "TrangThaiHoSo": "5", "DonViXuLy": "20242",
	"DanhSachHoSoBoSung": [{"NguoiYeuCauBoSung": "Lê Thị Cúc", "NoiDungBoSung": "Bản sao CCCD", "NgayBoSung": "20260304090000", "NgayTiepNhanBoSung": "20260305100000", "NgayHenTraTruoc": "20260309170000", "NgayHenTraMoi": "20260310170000"}],
	"DanhSachLePhi": [], "TaiLieuNop": [], "DanhSachGiayToKetQua": []}`

const tienDo = `{"MaHoSo": "H17.19-260302-0012", "NguoiXuLy": "Trần Thị Bình", "ChucDanh": "Chuyên viên", "PhongBanXuLy": "Tư pháp", "ThoiDiemXuLy": "20260306090000", "NoiDungXuLy": "Đã thẩm định",
	"TrangThai": "4", "NgayBatDau": "20260305100000", "NgayKetThucTheoQuyDinh": "20260309170000"}`

func TestNationalMessages(t *testing.T) {
	list, err := national([]byte(dongBo))
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	evs, f := eventsOf(list[0], "mc", false, local("2026-03-10 08:00"))
	if f != nil || len(evs) != 2 {
		t.Fatal(evs, f)
	}
	e, s := evs[0], evs[1]
	if e.Code != "H17.19-260302-0012" || *e.Procedure != "1.004964" || *e.ProcedureName != "Đăng ký khai sinh" || *e.Field != "HT" || *e.Channel != casework.Online || e.ApplicantName.Reveal() != "Nguyễn Văn An" ||
		*e.ApplicantKind != "person" || e.ApplicantPaper.Reveal() != "048090001234" || !e.Received.Equal(local("2026-03-02 08:00")) || !e.Due.Equal(local("2026-03-09 17:00")) || e.Finished != nil || e.Returned != nil ||
		*e.State != "5" || *e.Unit != "20242" || !e.At.Equal(local("2026-03-04 09:00")) || len(e.Notes) != 0 {
		t.Errorf("%+v at %v", said(e), e.At)
	}
	if s.Supplement == nil || s.Supplement.By != "Lê Thị Cúc" || !s.Supplement.Asked.Equal(local("2026-03-04 09:00")) || !s.Supplement.Answered.Equal(local("2026-03-05 10:00")) ||
		!s.Supplement.DueAfter.Equal(local("2026-03-10 17:00")) || !s.At.Equal(local("2026-03-05 10:00")) {
		t.Errorf("%+v", s.Supplement)
	}
	if raw := string(e.Raw); strings.Contains(raw, "Nguyễn") || strings.Contains(raw, "048090001234") || !strings.Contains(raw, "TrangThaiHoSo") {
		t.Errorf("raw: %s", raw)
	}
	list, err = national([]byte(tienDo))
	if err != nil {
		t.Fatal(err)
	}
	evs, _ = eventsOf(list[0], "mc", true, local("2026-03-10 08:00"))
	e = evs[0]
	if len(evs) != 1 || !e.At.Equal(local("2026-03-06 09:00")) || *e.State != "4" || e.Step.Department != "Tư pháp" || e.Step.OfficerName != "Trần Thị Bình" || !e.Step.Due.Equal(local("2026-03-09 17:00")) ||
		!e.Step.From.Equal(local("2026-03-05 10:00")) || *e.OfficerName != "Trần Thị Bình" || !*e.Synthetic {
		t.Errorf("%+v", said(e))
	}
	for state, want := range map[string]time.Time{"2": local("2026-03-02 08:00"), "9": local("2026-03-08 10:00"), "10": local("2026-03-08 11:00"), "4": {}} {
		list, err := national(fmt.Appendf(nil, `{"MaHoSo": "a", "NgayTiepNhan": "20260302080000", "NgayKetThucXuLy": "20260308100000", "NgayTra": 20260308110000, "TrangThaiHoSo": %q}`, state))
		if err != nil {
			t.Fatal(err)
		}
		if evs, _ := eventsOf(list[0], "mc", false, time.Time{}); !evs[0].At.Equal(want) {
			t.Errorf("state %s at %v", state, evs[0].At)
		}
	}
}

func TestNationalEnvelopes(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		n    int
	}{
		"object": {dongBo, 1}, "list": {"[" + dongBo + "," + tienDo + "]", 2}, "lines": {oneLine(dongBo) + "\n" + oneLine(tienDo), 2},
		"envelope": {`{"DongBoHoSoMC": ` + dongBo + `}`, 1}, "lists in envelopes": {`{"header": {"id": 1}, "body": {"DongBoHoSoMC": [` + dongBo + `], "CapNhatTienDoHoSoMC": [` + tienDo + `]}}`, 2},
		"text in an envelope": {`{"data": ` + string(jsonOf(oneLine(dongBo))) + `}`, 1}, "case": {`{"mahoso": "a", "ngaytiepnhan": "20260302080000"}`, 1},
		"xml": {`<DongBoHoSoMC><HoSo><MaHoSo>a</MaHoSo><TrangThaiHoSo>2</TrangThaiHoSo></HoSo><HoSo><MaHoSo>b</MaHoSo></HoSo></DongBoHoSoMC>`, 2},
	} {
		list, err := national([]byte(c.text))
		if err != nil || len(list) != c.n {
			t.Errorf("%s: %d, %v", name, len(list), err)
		}
	}
	for name, text := range map[string]string{"empty": "", "no message": `{"a": [1, 2]}`, "broken": `{"MaHoSo": `, "number": `7`, "deep": strings.Repeat(`{"a":`, 40) + dongBo + strings.Repeat("}", 40)} {
		if _, err := national([]byte(text)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func jsonOf(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// Whatever comes, there is an answer: messages with a code or a fault.
func FuzzNational(f *testing.F) {
	for _, s := range []string{dongBo, tienDo, "[" + dongBo + "]", `{"data": "{\"MaHoSo\": \"a\"}"}`, `{"MaHoSo": {"a": 1}}`, `{"MaHoSo": "a", "NgayTiepNhan": {"x": 1}, "DanhSachHoSoBoSung": "x"}`,
		`{"MaHoSo": 7, "NgayHenTra": "20250229000000", "DanhSachHoSoBoSung": {"item": {"item": [1]}}}`, `<a><MaHoSo>b</MaHoSo></a>`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		list, err := national(raw)
		if err != nil {
			if _, ok := fault.As(err); !ok {
				t.Errorf("%v is no fault", err)
			}
			return
		}
		for _, m := range list {
			evs, bad := eventsOf(m, "mc", false, time.Time{})
			if (bad == nil) != (len(evs) > 0) {
				t.Errorf("%d events and %v", len(evs), bad)
			}
			for _, e := range evs {
				if e.Code == "" || e.Raw != nil && !json.Valid(e.Raw) {
					t.Errorf("%+v", e)
				}
				said(e)
			}
		}
	})
}

func TestPush(t *testing.T) {
	storetest.EachAt(t, clock.Manual(local("2026-03-06 12:00")), func(t *testing.T, db *store.DB) {
		r := newRoom(t, db, clock.Manual(local("2026-03-06 12:00")))
		ctx := t.Context()
		sys, token, err := r.Create(ctx, dataAdmin, Draft{ID: "hue", Name: "Một cửa Hải Châu", Kind: KindPush, Enabled: true})
		if err != nil || !strings.HasPrefix(token, "mc_") || !strings.HasPrefix(token, strings.TrimSuffix(sys.TokenHint, "…")) {
			t.Fatal(sys, token, err)
		}
		out, err := r.Push(ctx, "hue", token, []byte("["+dongBo+","+tienDo+`,{"MaHoSo": "", "ChuHoSo": "Phạm Văn Đồng"}]`))
		if err != nil || out.Rows != 3 || out.New != 3 || out.Opened != 1 || out.Rejected != 1 {
			t.Errorf("%+v, %v", out, err)
		}
		again, err := r.Push(ctx, "hue", token, []byte(dongBo))
		if err != nil || again.New != 0 {
			t.Errorf("%+v, %v", again, err)
		}
		cs := r.all("hue")
		if len(cs) != 1 || cs[0].State != casework.Processing || !cs[0].Due.Equal(local("2026-03-10 17:00")) || !cs[0].DueGiven.Equal(local("2026-03-09 17:00")) || len(cs[0].Pauses) != 1 || cs[0].Step != "Chuyên viên" {
			t.Errorf("%+v", cs[0])
		}
		// Rejected rows are kept, shown masked and can be tried again.
		rs := r.rejected("hue")
		if len(rs) != 1 || rs[0].Code != "casefeed.no_code" || strings.Contains(rs[0].Raw, "Đồng") {
			t.Errorf("%+v", rs)
		}
		if out, err := r.Retry(ctx, dataAdmin, []string{rs[0].ID}, ""); err != nil || out.Rejected != 1 || len(r.rejected("hue")) != 1 {
			t.Errorf("%+v, %v", out, err)
		}
		// A wrong token, another system's and one of no system are answered alike.
		other, otherToken, err := r.Create(ctx, dataAdmin, Draft{Name: "Khác", Kind: KindPush, Enabled: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range [][2]string{{"hue", "x"}, {"hue", ""}, {"hue", otherToken}, {"none", token}, {other.ID, token}} {
			if _, err := r.Push(ctx, c[0], c[1], []byte(dongBo)); !fault.Is(err, errToken) {
				t.Errorf("%v: %v", c, err)
			}
		}
		_, renewed, err := r.RotateToken(ctx, dataAdmin, "hue")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Push(ctx, "hue", token, []byte(dongBo)); !fault.Is(err, errToken) {
			t.Errorf("the old token: %v", err)
		}
		off := false
		if _, err := r.Update(ctx, dataAdmin, "hue", Patch{Enabled: &off}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Push(ctx, "hue", renewed, []byte(dongBo)); !fault.Is(err, errOff) {
			t.Errorf("switched off: %v", err)
		}
		// The token is in no record but as a hash.
		for _, table := range []string{"case_system", "audit_entry", "outbox"} {
			var dump string
			_ = db.Read(ctx, func(tx *store.Tx) error {
				rows, err := tx.Query("select * from " + table)
				if err != nil {
					return err
				}
				defer rows.Close()
				columns, _ := rows.Columns()
				for rows.Next() {
					vals, into := make([]any, len(columns)), make([]any, len(columns))
					for i := range vals {
						into[i] = &vals[i]
					}
					if err := rows.Scan(into...); err != nil {
						return err
					}
					dump += fmt.Sprint(vals)
				}
				return rows.Err()
			})
			if strings.Contains(dump, renewed) || strings.Contains(dump, token) {
				t.Errorf("%s holds a token", table)
			}
		}
	})
}
