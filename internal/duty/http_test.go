package duty_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/duty"
	"openioc.org/ioc/internal/httpapi"
)

type caller struct {
	t    *testing.T
	base string
}

var actors = map[string]access.Actor{
	"lead": lead, "officer": officer, "chief": chief, "focal": focal,
	"admin": {ID: "a1", Roles: []access.Role{access.Admin}}, "citizen": {ID: "x1", Roles: []access.Role{access.Citizen}},
}

func serve(t *testing.T, r *room) caller {
	api, srv := httpapi.NewTestAPI(func(_ context.Context, token string) (access.Actor, bool) { a, ok := actors[token]; return a, ok })
	t.Cleanup(srv.Close)
	r.Routes(api)
	return caller{t, srv.URL + "/api/v1/duty"}
}

func (c caller) do(who, method, path, body string) (int, http.Header, string) {
	c.t.Helper()
	req, err := http.NewRequest(method, c.base+path, bytes.NewBufferString(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if who != "" {
		req.Header.Set("Authorization", "Bearer "+who)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(b)
}

func TestWhoMay(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		c := serve(t, r)
		span := "?from=2026-11-23T00:00:00Z&to=2026-11-24T00:00:00Z"
		plan := `{"from":"2026-11-23T00:00:00+07:00","to":"2026-11-25T00:00:00+07:00","pattern":"three_shifts","people":["d1","d2"]}`
		for _, x := range []struct {
			who, method, path, body string
			want                    int
		}{
			{"", "GET", "/now", "", 401}, {"citizen", "GET", "/now", "", 403}, {"focal", "GET", "/now", "", 200},
			{"lead", "POST", "/plan", plan, 403}, {"chief", "POST", "/plan", plan, 201}, {"chief", "POST", "/plan", plan, 409},
			{"chief", "POST", "/plan", `{"from":"2026-12-23T00:00:00Z","to":"2026-12-20T00:00:00Z","pattern":"three_shifts","people":["d1"]}`, 422},
			{"focal", "GET", "/shifts" + span, "", 200}, {"focal", "GET", "/log", "", 403}, {"admin", "GET", "/log", "", 200}, {"admin", "POST", "/log", `{"source":"a","content":"b"}`, 403},
			{"lead", "POST", "/log", `{"source":"Ca trực","content":"=HYPERLINK(\"http://x\")","corrects":null,"alert":null}`, 201}, {"lead", "POST", "/log", `{"source":"","content":""}`, 422},
			{"focal", "GET", "/log/export" + span, "", 403}, {"lead", "GET", "/log/export" + span + "&format=html", "", 200}, {"lead", "GET", "/log/export" + span + "&format=pdf", "", 422},
			{"lead", "POST", "/handovers", `{"shift":"none","notes":""}`, 404}, {"focal", "GET", "/handovers", "", 403}, {"lead", "GET", "/handovers", "", 200},
			{"lead", "POST", "/handovers/none/accept", `{}`, 404}, {"lead", "PUT", "/responsibilities", `{"responsibilities":[]}`, 403}, {"focal", "GET", "/responsibilities", "", 200},
			{"focal", "GET", "/address?service=flood&area=20242&level=9", "", 422}, {"citizen", "GET", "/address", "", 403}, {"focal", "GET", "/people", "", 200},
			{"lead", "GET", "/people/u1/contact", "", 422}, {"lead", "GET", "/people/nobody/contact?reason=goi+khan", "", 404}, {"admin", "PUT", "/units/20242", `{"code":"20242","name":"x","name_en":"","kind":"ward","parent":"","valid_from":null,"valid_to":null,"successor":""}`, 422}, {"chief", "PUT", "/units/20242", `{"code":"20242","name":"x","name_en":"","kind":"ward","parent":"","valid_from":null,"valid_to":null,"successor":""}`, 403},
			{"lead", "POST", "/shifts/none/substitute", `{"user":"d2","for":"d1","reason":"ốm nặng"}`, 404}, {"chief", "DELETE", "/shifts/none", "", 404},
		} {
			if status, _, body := c.do(x.who, x.method, x.path, x.body); status != x.want {
				t.Errorf("%s %s %s: %d, want %d: %s", x.who, x.method, x.path, status, x.want, body)
			}
		}
		_, _, body := c.do("focal", "GET", "/address?service=flood&area=20242", "")
		var a struct {
			Unit, UnitName string `json:"-"`
			To             []struct{ User, Post string }
			Why            struct{ Vi, En string }
		}
		if err := json.Unmarshal([]byte(body), &a); err != nil || len(a.To) != 1 || a.To[0].User != "u1" || a.Why.Vi == "" {
			t.Errorf("%v %s", err, body)
		}
		if _, _, body := c.do("focal", "GET", "/units", ""); strings.Count(body, `"code"`) < 130 {
			t.Errorf("%d units", strings.Count(body, `"code"`))
		}
	})
}

// What somebody said is neither a formula for Excel nor a tag for a browser.
func TestBookOutside(t *testing.T) {
	each(t, func(t *testing.T, r *room) {
		c := serve(t, r)
		for i, content := range []string{"=1+1", "<script>alert(1)</script>", "Dòng một\nDòng hai; \"nháy\", phẩy"} {
			_, err := r.Write(t.Context(), lead, duty.LogDraft{Source: fmt.Sprintf("Nguồn %d", i), Content: content})
			r.must(err)
			r.clk.Set(noon.Add(time.Duration(i+1) * time.Second))
		}
		span := "?from=2026-11-23T00:00:00Z&to=2026-11-24T00:00:00Z"
		_, h, body := c.do("lead", "GET", "/log/export"+span, "")
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\uFEFF"))).ReadAll()
		if err != nil || len(rows) != 4 || rows[1][3] != "'=1+1" || !strings.HasPrefix(rows[3][3], "Dòng một\n") || rows[1][1] != "12:00 23/11/2026" || !strings.Contains(h.Get("Content-Disposition"), "so-truc-ban") {
			t.Errorf("%v %q", err, rows)
		}
		_, h, body = c.do("lead", "GET", "/log/export"+span+"&format=html", "")
		if strings.Contains(body, "<script>") || !strings.Contains(body, "SỔ TRỰC BAN") || !strings.Contains(body, "TRUNG TÂM GIÁM SÁT") || strings.Contains(h.Get("Content-Security-Policy"), "script-src") {
			t.Errorf("%v %s", h, body)
		}
	})
}
