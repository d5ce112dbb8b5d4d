package workcal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
	"openioc.org/ioc/internal/workcal"
)

var (
	admin    = access.Actor{ID: "a1", Name: "Quản trị", Roles: []access.Role{access.Admin}}
	officer  = access.Actor{ID: "o1", Roles: []access.Role{access.Officer}, Unit: "20242"}
	security = access.Actor{ID: "s1", Roles: []access.Role{access.Security}}
	actors   = map[string]access.Actor{"admin": admin, "officer": officer, "security": security}
)

type room struct {
	*workcal.Service
	t    *testing.T
	base string
	seen *[]store.Event
}

func each(t *testing.T, test func(t *testing.T, r room)) {
	clk := clock.Manual(at("2026-03-10 09:00"))
	storetest.EachAt(t, clk, func(t *testing.T, db *store.DB) {
		var seen []store.Event
		db.OnEmit(func(_ *store.Tx, e store.Event) error { seen = append(seen, e); return nil })
		s, err := workcal.New(t.Context(), workcal.Options{Store: db, Clock: clk})
		if err != nil {
			t.Fatal(err)
		}
		api, srv := httpapi.NewTestAPI(func(_ context.Context, token string) (access.Actor, bool) { a, ok := actors[token]; return a, ok })
		t.Cleanup(srv.Close)
		s.Routes(api)
		test(t, room{s, t, srv.URL + "/api/v1", &seen})
	})
}

func (r room) do(who, method, path, body string) (int, string) {
	r.t.Helper()
	req, err := http.NewRequest(method, r.base+path, bytes.NewBufferString(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if who != "" {
		req.Header.Set("Authorization", "Bearer "+who)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func TestRoutes(t *testing.T) {
	each(t, func(t *testing.T, r room) {
		day := `{"kind":"holiday","name":{"vi":"Ngày Văn hóa Việt Nam","en":"Culture Day"},"status":"confirmed","source":"Luật 01/2026"}`
		hours := `{"from":"2026-06-01","periods":[["07:00","11:00"],["13:30","17:30"]],"source":"QĐ 12/QĐ-UBND"}`
		for _, c := range []struct {
			who, method, path, body string
			want                    int
		}{
			{"", "GET", "/calendar?year=2026", "", 401}, {"security", "GET", "/calendar?year=2026", "", 200}, {"officer", "GET", "/calendar", "", 200},
			{"officer", "GET", "/calendar?year=1900", "", 422},
			{"officer", "PUT", "/calendar/days/2026-11-24", day, 403}, {"", "PUT", "/calendar/days/2026-11-24", day, 401}, {"admin", "PUT", "/calendar/days/2026-11-24", day, 200},
			{"admin", "PUT", "/calendar/days/2026-02-29", day, 422}, {"admin", "PUT", "/calendar/days/1850-01-01", day, 422}, {"admin", "PUT", "/calendar/days/tomorrow", day, 422},
			{"admin", "PUT", "/calendar/days/2026-03-11", strings.Replace(day, `"holiday"`, `"makeup"`, 1), 422},
			{"admin", "PUT", "/calendar/days/2026-03-11", strings.Replace(day, `Luật 01/2026`, ` `, 1), 422},
			{"officer", "DELETE", "/calendar/days/2026-11-24", "", 403}, {"admin", "DELETE", "/calendar/days/2026-11-25", "", 404},
			{"officer", "PUT", "/calendar/hours", hours, 403}, {"admin", "PUT", "/calendar/hours", hours, 200},
			{"admin", "PUT", "/calendar/hours", strings.Replace(hours, "11:00", "14:00", 1), 422}, {"admin", "PUT", "/calendar/hours", strings.Replace(hours, "2026-06-01", "mai", 1), 422},
			{"admin", "PUT", "/calendar/hours", strings.Replace(hours, `[["07:00","11:00"],["13:30","17:30"]]`, "[]", 1), 422},
			{"officer", "GET", "/calendar/compute?received=2026-02-12T09:00:00%2B07:00&n=5", "", 200}, {"", "GET", "/calendar/compute?received=2026-02-12T09:00:00Z&n=5", "", 401},
			{"officer", "GET", "/calendar/compute?received=2026-02-12T09:00:00Z&n=401", "", 400}, {"officer", "GET", "/calendar/compute?received=0001-01-01T00:00:00Z&n=1", "", 200},
			{"officer", "GET", "/calendar/compute?received=hôm%20nay&n=1", "", 422}, {"", "GET", "/calendar.ics?year=2026", "", 200},
		} {
			if got, body := r.do(c.who, c.method, c.path, c.body); got != c.want {
				t.Errorf("%s %s %s: %d, want %d: %s", c.who, c.method, c.path, got, c.want, body)
			}
		}
		if r.Calendar().IsWorkday(at("2026-11-24")) {
			t.Error("24/11 is confirmed and still worked on")
		}
		if got := r.Calendar().AddDays(at("2026-06-02 08:00"), 1); !got.Equal(at("2026-06-03 17:30")) {
			t.Errorf("with the new hours a day ends %s", show(got))
		}
		if got := r.Calendar().AddDays(at("2026-05-26 08:00"), 1); !got.Equal(at("2026-05-27 17:00")) {
			t.Errorf("before the new hours a day ends %s", show(got))
		}
		if code, _ := r.do("admin", "DELETE", "/calendar/days/2026-11-24", ""); code != 200 || !r.Calendar().IsWorkday(at("2026-11-24")) {
			t.Error("the row is gone, and what ships does not hold again")
		}
		if len(*r.seen) != 3 || (*r.seen)[0].Subject != "ioc.calendar.day_set.2026-11-24" || (*r.seen)[2].Before == nil {
			t.Errorf("facts %+v", *r.seen)
		}
	})
}

func TestCalendar_SurvivesARestart(t *testing.T) {
	storetest.EachOptions(t, func(t *testing.T, o store.Options) {
		for range 2 {
			db, err := store.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			s, err := workcal.New(t.Context(), workcal.Options{Store: db})
			if err != nil {
				t.Fatal(err)
			}
			told := 0
			s.OnChange(func(c *workcal.Calendar) { told++ })
			if err := s.SetDay(t.Context(), admin, workcal.Day{Date: at("2026-10-20"), Kind: workcal.Holiday, Name: msg.Text{Vi: "Bão"}, Status: workcal.Confirmed, Source: "Công điện"}); err != nil || told != 1 {
				t.Fatal(err, told)
			}
			if s.Calendar().IsWorkday(at("2026-10-20")) {
				t.Error("the storm day is worked on")
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestYear(t *testing.T) {
	y := shipped.Year(2026)
	if len(y.Days) != 365 || len(shipped.Year(2024).Days) != 366 {
		t.Fatalf("%d days", len(y.Days))
	}
	// 261 days from Monday to Friday, 13 of them off, 2 Saturdays worked.
	if y.Counts != (workcal.PageCounts{Workdays: 250, Holidays: 14, Makeup: 2}) {
		t.Errorf("counts %+v", y.Counts)
	}
	for _, want := range []workcal.PageDay{
		{Date: "2026-02-17", Weekday: 2, Kind: workcal.Holiday, Name: msg.Text{Vi: "Tết Nguyên đán", En: "Lunar New Year"}, Lunar: "1/1", Status: workcal.Confirmed},
		{Date: "2026-08-22", Weekday: 6, Kind: workcal.Makeup, Name: msg.Text{Vi: "Làm bù cho 31/08", En: "Working day swapped with 31/08"}, Lunar: "10/7", Status: workcal.Confirmed, Works: true},
		{Date: "2026-11-24", Weekday: 2, Kind: workcal.Holiday, Name: msg.Text{Vi: "Ngày Văn hóa Việt Nam", En: "Vietnamese Culture Day"}, Lunar: "16/10", Status: workcal.Unconfirmed, Works: true},
		{Date: "2026-03-14", Weekday: 6, Kind: workcal.Weekend, Lunar: "26/1", Status: workcal.Confirmed},
	} {
		for _, d := range y.Days {
			if d.Date != want.Date {
				continue
			}
			if hasSource := d.Source != ""; hasSource != (want.Kind != workcal.Weekend) {
				t.Errorf("%s has the source %q", d.Date, d.Source)
			}
			if d.Source = ""; d != want {
				t.Errorf("%+v, want %+v", d, want)
			}
		}
	}
}

func TestCompute_SaysWhy(t *testing.T) {
	term := shipped.Compute(at("2026-01-08 10:00"), 2, false)
	if !term.HDue.Equal(at("2026-01-10 10:00")) || !term.DDue.Equal(at("2026-01-10 17:00")) || !term.ReceivedAs.Equal(at("2026-01-08 10:00")) {
		t.Errorf("%+v", term)
	}
	want := []workcal.Step{
		{Date: "2026-01-08", Why: msg.Text{Vi: "ngày tiếp nhận, không tính vào thời hạn theo ngày", En: "the day of reception, not counted in days"}},
		{Date: "2026-01-09", Counts: true, Why: msg.Text{Vi: "ngày làm việc thứ 1", En: "working day 1"}},
		{Date: "2026-01-10", Counts: true, Why: msg.Text{Vi: "ngày làm việc thứ 2; Làm bù cho 02/01", En: "working day 2; Working day swapped with 02/01"}},
	}
	for i := range want {
		if i >= len(term.Days) || term.Days[i] != want[i] {
			t.Fatalf("days %+v", term.Days)
		}
	}
	for _, c := range []struct {
		received string
		n        int
		hours    bool
		day      int
		vi       string
	}{
		{"2026-03-14 08:00", 1, false, 0, "Cuối tuần; tính là tiếp nhận 07:30 16/03/2026"},
		{"2026-03-13 19:00", 1, false, 0, "tiếp nhận ngoài giờ làm việc, tính là tiếp nhận khi mở cửa 07:30 16/03/2026"},
		{"2026-03-13 12:00", 1, false, 0, "ngày tiếp nhận, không tính vào thời hạn theo ngày; ngoài giờ, tính từ 13:00"},
		{"2026-11-23 09:00", 1, false, 1, "ngày làm việc thứ 1; Ngày Văn hóa Việt Nam: chưa xác nhận, chưa tính là ngày nghỉ"},
		{"2027-04-15 09:00", 1, false, 1, "Ngày lễ; Giỗ Tổ Hùng Vương; theo luật, lịch nghỉ của năm chưa công bố"},
		{"2026-04-24 09:00", 12, true, 3, "Nghỉ bù; Nghỉ bù Giỗ Tổ Hùng Vương"},
	} {
		term := shipped.Compute(at(c.received), c.n, c.hours)
		if len(term.Days) <= c.day || term.Days[c.day].Why.Vi != c.vi {
			t.Errorf("%s + %d: %+v", c.received, c.n, term.Days)
		}
		if c.hours && term.DDue != nil {
			t.Errorf("12 hours are no days, and are due %v", term.DDue)
		}
	}
}

func TestICS(t *testing.T) {
	b := workcal.NewCalendar([]workcal.Day{{Date: at("2026-10-20"), Kind: workcal.Holiday, Status: workcal.Confirmed, Source: `Công điện; số 5, "bão"` + "\n" + `C:\x`,
		Name: msg.Text{Vi: strings.Repeat("Nghỉ tránh bão số mười hai, ", 6)}}}, nil).ICS(2026, msg.Vi, at("2026-03-10 09:00"))
	lines := strings.Split(string(b), "\r\n")
	if lines[0] != "BEGIN:VCALENDAR" || lines[len(lines)-2] != "END:VCALENDAR" || lines[len(lines)-1] != "" {
		t.Fatalf("%q", lines)
	}
	uids := map[string]bool{}
	for _, l := range lines {
		if len(l) > 75 || !utf8.ValidString(l) || strings.ContainsAny(l, "\r\n") {
			t.Errorf("the line %q", l)
		}
		if strings.HasPrefix(l, "UID:") {
			if uids[l] {
				t.Errorf("%s twice", l)
			}
			uids[l] = true
		}
	}
	whole := strings.ReplaceAll(string(b), "\r\n ", "")
	for _, want := range []string{
		"UID:20260217@workcal.openioc.org\r\nDTSTAMP:20260310T020000Z\r\nDTSTART;VALUE=DATE:20260217\r\nDTEND;VALUE=DATE:20260218\r\nSUMMARY:Tết Nguyên đán\r\n",
		"SUMMARY:Ngày Văn hóa Việt Nam (chưa xác nhận)\r\n", "STATUS:TENTATIVE", `Công điện\; số 5\, "bão"\nC:\\x`, `SUMMARY:Nghỉ tránh bão số mười hai\, Nghỉ`,
	} {
		if !strings.Contains(whole, want) {
			t.Errorf("no %q in\n%s", want, whole)
		}
	}
	if len(uids) != 18 {
		t.Errorf("%d events", len(uids))
	}
	if n := bytes.Count(b, []byte("BEGIN:VEVENT")); n != bytes.Count(b, []byte("END:VEVENT")) || n != len(uids) {
		t.Errorf("%d events begin", n)
	}
}

func FuzzICS(f *testing.F) {
	f.Add("Tết", "nguồn")
	f.Add("a\r\nEND:VCALENDAR", "\xff;,\\")
	f.Fuzz(func(t *testing.T, name, source string) {
		b := workcal.NewCalendar([]workcal.Day{{Date: at("2026-10-20"), Kind: workcal.Holiday, Status: workcal.Confirmed, Name: msg.Text{Vi: name}, Source: source}}, nil).
			ICS(2026, msg.Vi, time.Unix(0, 0))
		if n := strings.Count(strings.ReplaceAll(string(b), "\r\n ", ""), "\r\nEND:VCALENDAR"); n != 1 {
			t.Errorf("the file ends %d times", n)
		}
	})
}

func TestJSON_HasTheAgreedShape(t *testing.T) {
	b, err := json.Marshal(shipped.Year(2026))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"hours":[{"from":null,"periods":[["07:30","11:30"],["13:00","17:00"]]`, `"date":"2026-01-01","weekday":4,"kind":"holiday","name":{"vi":"Tết Dương lịch","en":"New Year's Day"},"lunar":"13/11","status":"confirmed"`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s", want)
		}
	}
}
