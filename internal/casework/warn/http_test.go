package warn_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/casework/warn"
	"openioc.org/ioc/internal/httpapi"
)

var actors = map[string]access.Actor{
	"chief": {ID: "c1", Name: "Lãnh đạo IOC", Roles: []access.Role{access.IOCLeader}}, "admin": {ID: "a1", Roles: []access.Role{access.Admin}},
	"unit": {ID: "u1", Roles: []access.Role{access.UnitLeader}, Unit: "20242"}, "other": {ID: "u2", Roles: []access.Role{access.UnitLeader}, Unit: "20257"},
	"citizen": {ID: "x1", Roles: []access.Role{access.Citizen}},
}

func (r *room) serve() func(who, method, path, body string) (int, string) {
	r.t.Helper()
	api, srv := httpapi.NewTestAPI(func(_ context.Context, token string) (access.Actor, bool) { a, ok := actors[token]; return a, ok })
	r.t.Cleanup(srv.Close)
	r.Routes(api)
	return func(who, method, path, body string) (int, string) {
		r.t.Helper()
		req, err := http.NewRequest(method, srv.URL+"/api/v1"+path, bytes.NewBufferString(body))
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
}

const settingsBody = `{"window":{"mode":"working_hours","hours":8},"digests":["13:30","07:30"],"overdue_repeat_hours":24,"escalate":[{"after_hours":24,"level":2},{"after_hours":72,"level":3}],"apology_after_hours":0,"enabled":true,"from":"2026-03-01","source":"QĐ 12/QĐ-UBND"}`

func TestRoutes(t *testing.T) {
	each(t, "2026-03-02 08:00", func(t *testing.T, r *room) {
		do := r.serve()
		r.told(code, received("2026-03-10 17:00"))
		r.mapped()
		r.until("2026-03-09 18:00")
		var p warn.Page
		get := func(who, query string) warn.Page {
			p = warn.Page{}
			_, body := do(who, "GET", "/cases/warnings"+query, "")
			if err := json.Unmarshal([]byte(body), &p); err != nil {
				t.Fatal(err, body)
			}
			return p
		}
		if get("unit", ""); len(p.Warnings) != 1 || p.Counts.NearDue != 1 || p.Counts.Open != 1 || p.Warnings[0].Class != "near_due" || p.Warnings[0].Unit != "20242" ||
			p.Warnings[0].OfficerName != "Lê Thị Bình" || len(p.Warnings[0].Told) != 1 || p.Warnings[0].Code != code || p.Warnings[0].Fingerprint != "case-near-due:1:1" {
			t.Errorf("the unit sees %+v", p)
		}
		for _, c := range []struct {
			who, method, path, body string
			want                    int
		}{
			{"", "GET", "/cases/warnings", "", 401}, {"citizen", "GET", "/cases/warnings", "", 403}, {"admin", "GET", "/cases/warnings", "", 403},
			{"unit", "GET", "/cases/warnings", "", 200}, {"unit", "GET", "/cases/warnings?state=none", "", 422}, {"unit", "GET", "/cases/warnings?rule=other", "", 422},
			{"", "GET", "/cases/warnings/settings", "", 401}, {"unit", "GET", "/cases/warnings/settings", "", 200}, {"unit", "PUT", "/cases/warnings/settings", settingsBody, 403},
			{"admin", "PUT", "/cases/warnings/settings", settingsBody, 403}, {"chief", "PUT", "/cases/warnings/settings", settingsBody, 200},
			{"chief", "PUT", "/cases/warnings/settings", strings.Replace(settingsBody, "working_hours", "moon", 1), 422},
			{"chief", "PUT", "/cases/warnings/settings", strings.Replace(settingsBody, `"hours":8`, `"hours":0`, 1), 422},
			{"chief", "PUT", "/cases/warnings/settings", strings.Replace(settingsBody, `"13:30"`, `"25:30"`, 1), 422},
			{"chief", "PUT", "/cases/warnings/settings", strings.Replace(settingsBody, `"level":3`, `"level":2`, 1), 422},
			{"chief", "PUT", "/cases/warnings/settings", strings.Replace(settingsBody, `"2026-03-01"`, `"01/03/2026"`, 1), 422},
			{"chief", "PUT", "/cases/warnings/settings", strings.Replace(settingsBody, `"2026-03-01"`, `null`, 1), 422},
			{"chief", "PUT", "/cases/warnings/settings", strings.Replace(settingsBody, `QĐ 12/QĐ-UBND`, ` `, 1), 422},
			{"", "GET", "/cases/digests", "", 401}, {"unit", "GET", "/cases/digests", "", 200}, {"unit", "GET", "/cases/digests?limit=0", "", 422},
			{"", "GET", "/public/cases/" + code, "", 200}, {"", "GET", "/public/cases/none", "", 404},
		} {
			if got, body := do(c.who, c.method, c.path, c.body); got != c.want {
				t.Errorf("%s %s %s: %d, want %d: %s", c.who, c.method, c.path, got, c.want, body)
			}
		}
		if get("other", "?state=all"); len(p.Warnings) != 0 || p.Counts.Open != 0 {
			t.Errorf("another unit sees %+v", p)
		}
		for query, want := range map[string]int{"?unit=20242": 1, "?unit=20257": 0, "?officer=u-binh": 1, "?officer=cb1": 1, "?officer=cb2": 0, "?rule=case-near-due": 1, "?rule=case-overdue": 0} {
			if get("chief", query); len(p.Warnings) != want {
				t.Errorf("%s gives %+v", query, p.Warnings)
			}
		}
		r.sweep() // the settings of the test: 8 working hours
		if get("unit", "?state=all"); len(p.Warnings) != 1 || p.Warnings[0].OverAt == nil || p.Warnings[0].Why != "window" || p.Warnings[0].Class != "in_time" {
			t.Errorf("after the window was narrowed: %+v", p)
		}
	})
}

func TestLookUp(t *testing.T) {
	each(t, "2026-03-02 08:00", func(t *testing.T, r *room) {
		r.Quick()
		do := r.serve()
		r.told(code, received("2026-03-10 17:00"))
		r.told("000.00.19.H17-260302-0012", received("2026-03-10 17:00"))
		r.told("Hs/2026-a7", received("2026-03-10 17:00"))
		look := func(code string) (int, string) {
			r.clk.Set(r.clk.Now().Add(time.Minute)) // the limit is another test
			return do("", "GET", "/public/cases/"+url.PathEscape(code), "")
		}
		for typed, want := range map[string]string{
			code: code, " h17.19 - 260302 - 0012 ": code, "h17.19–260302–0012": code, "000.00.19.h17-260302-0012": "000.00.19.H17-260302-0012",
			"Hs/2026-a7": "Hs/2026-a7", "H17.19-260302-00 12": code, "H17.19-260302-0013": "", "'": "", "%": "", " ": "", strings.Repeat("H", 150): "",
		} {
			status, body := look(typed)
			if want == "" {
				if status != 404 || !strings.Contains(body, "case.not_found") {
					t.Errorf("%q: %d %s", typed, status, body)
				}
				continue
			}
			var p map[string]any
			if err := json.Unmarshal([]byte(body), &p); err != nil || p["code"] != want || p["applicant"] != "N*** V** A*" || p["class"] != "in_time" || p["unit_name"] != "Phường Hải Châu" {
				t.Errorf("%q: %d %s", typed, status, body)
			}
			if strings.Contains(body, "Nguyễn") || strings.Contains(body, "Bình") || strings.Contains(body, "cb1") {
				t.Errorf("%q tells of people: %s", typed, body)
			}
		}
	})
}

func TestLookUp_IsLimitedPerAddress(t *testing.T) {
	each(t, "2026-03-02 08:00", func(t *testing.T, r *room) {
		r.Quick()
		ok, refused := 0, 0
		for range 15 {
			_, err := r.LookUp(t.Context(), "192.0.2.1", "none")
			if strings.Contains(err.Error(), "not_found") {
				ok++
			} else {
				refused++
			}
		}
		if ok != 10 || refused != 5 {
			t.Errorf("%d were answered, %d refused", ok, refused)
		}
		if _, err := r.LookUp(t.Context(), "192.0.2.2", "none"); !strings.Contains(err.Error(), "not_found") {
			t.Errorf("another address: %v", err)
		}
		r.clk.Set(r.clk.Now().Add(10 * time.Second))
		if _, err := r.LookUp(t.Context(), "192.0.2.1", "none"); !strings.Contains(err.Error(), "not_found") {
			t.Errorf("later: %v", err)
		}
	})
}

func TestLookUp_TakesTheSameTime(t *testing.T) {
	each(t, "2026-03-02 08:00", func(t *testing.T, r *room) {
		r.told(code, received("2026-03-10 17:00"))
		for _, c := range []string{code, "none", strings.Repeat("x", 150)} {
			begin := time.Now()
			_, _ = r.LookUp(t.Context(), c, c)
			if d := time.Since(begin); d < 60*time.Millisecond {
				t.Errorf("%q was answered in %v", c, d)
			}
		}
	})
}

func FuzzSpellings(f *testing.F) {
	for _, s := range []string{code, " h17.19 – 260302-0012", "\xff\x00", "", "đ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, x := range warn.Spellings(s) {
			if x == "" || len(x) > 200 || strings.ContainsAny(x, " \t\r\n\x00") {
				t.Errorf("%q is looked for as %q", s, x)
			}
		}
	})
}
