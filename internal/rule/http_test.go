package rule_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/rule"
	"openioc.org/ioc/internal/store/storetest"
)

// client calls the API as somebody.
type client struct {
	t    *testing.T
	url  string
	body string
	got  map[string]any
}

func serve(t *testing.T, s *rule.Service) *client {
	t.Helper()
	who := map[string]access.Actor{
		"officer": officer, "head": head, "citizen": citizen,
		"admin":  {ID: "u4", Name: "Quản trị", Roles: []access.Role{access.Admin}},
		"unit":   {ID: "u5", Name: "Phường", Roles: []access.Role{access.Unit}, Unit: "20242"},
		"leader": {ID: "u6", Name: "Chủ tịch", Roles: []access.Role{access.Leader}},
	}
	api, srv := httpapi.NewTestAPI(func(_ context.Context, token string) (access.Actor, bool) {
		a, ok := who[token]
		return a, ok
	})
	t.Cleanup(srv.Close)
	s.Routes(api)
	return &client{t: t, url: srv.URL + "/api/v1/rules"}
}

func (c *client) call(as, method, path, body string) int {
	c.t.Helper()
	req, err := http.NewRequest(method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if strings.HasPrefix(path, "/import") {
		req.Header.Set("Content-Type", "application/yaml")
	}
	req.Header.Set("Accept-Language", "en")
	if as != "" {
		req.Header.Set("Authorization", "Bearer "+as)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	c.body, c.got = string(raw), nil
	_ = json.Unmarshal(raw, &c.got) // YAML and Markdown are looked at as text
	return res.StatusCode
}

const draft = `{"name":{"vi":"Ngập","en":"Flood"},"service":"flood","kind":"threshold","expr":"","where":{"property":"flood_depth"},
	"window_seconds":0,"every_seconds":60,"for_seconds":0,"keep_firing_seconds":0,"levels":[{"severity":3,"raise":">= 0.3","clear":""}],
	"guard":null,"message":{"title":{"vi":"{name} ngập {value} {unit}","en":""},"text":{"vi":"","en":""}},"unit":"","sop":"","runbook":"","labels":{}}`

func TestRoutes_Permissions(t *testing.T) {
	s := open(t, options(t, storetest.SQLite(t, nil), nil))
	c := serve(t, s)
	if status := c.call("officer", "POST", "", strings.Replace(draft, `{"name"`, `{"id":"deep","name"`, 1)); status != 201 {
		t.Fatalf("%d %s", status, c.body)
	}
	span := `{"draft":` + draft + `,"from":"2026-10-28T00:00:00Z","to":"2026-10-29T00:00:00Z"}`
	for _, x := range []struct {
		method, path, body string
		may                string // who of admin, leader, head, officer, unit, citizen
	}{
		{"GET", "", "", "admin leader head officer"},
		{"GET", "/deep", "", "admin leader head officer"},
		{"GET", "/deep/versions", "", "admin leader head officer"},
		{"GET", "/deep/why?thing=tower-a", "", "admin leader head officer"},
		{"GET", "/export", "", "admin leader head officer"},
		{"POST", "/check", draft, "head officer"},
		{"PUT", "/deep", draft, "head officer"},
		{"POST", "/backtests", span, "head officer"},
		{"POST", "/import", "rules: []", "head officer"},
		{"POST", "/deep/approve", "{}", "head"},
		{"POST", "/deep/reject", `{"reason":"x"}`, "head"},
		{"POST", "/deep/enable", `{"enabled":true}`, "head"},
	} {
		for _, as := range []string{"admin", "leader", "head", "officer", "unit", "citizen"} {
			status := c.call(as, x.method, x.path, x.body)
			may := strings.Contains(x.may, as)
			if denied := status == 403 && c.got["code"] == "access.denied"; denied == may {
				t.Errorf("%s %s as %s: %d %s", x.method, x.path, as, status, c.body)
			}
		}
		if status := c.call("", x.method, x.path, x.body); status != 401 {
			t.Errorf("%s %s without signing in: %d", x.method, x.path, status)
		}
	}
}

func TestRoutes_LifeOfARule(t *testing.T) {
	clk := clock.Manual(start.Add(2 * time.Hour))
	o := options(t, storetest.SQLite(t, clk), clk)
	storeReadings(t, o.Series, flood()...)
	s := open(t, o)
	if err := s.ApplyShipped(t.Context(), access.System("setup")); err != nil {
		t.Fatal(err)
	}
	c := serve(t, s)
	step := func(as, method, path, body string, status int, want ...string) {
		t.Helper()
		if got := c.call(as, method, path, body); got != status {
			t.Errorf("%s %s as %s: %d %s, want %d", method, path, as, got, c.body, status)
		}
		for _, w := range want {
			if !strings.Contains(c.body, w) {
				t.Errorf("%s %s: %s lacks %s", method, path, c.body, w)
			}
		}
	}
	step("officer", "POST", "/check", draft, 200, `"ok":true`, `"selects":4`, `"promql":"flood_depth"`, `"thing":"tower-a","name":"Tháp A"`, `"would_fire_now":0`, `"errors":[]`)
	step("officer", "POST", "/check", `{"name":{"vi":"a","en":""},"kind":"promql","expr":"sum_over_tme(rain[1h])","levels":[{"severity":3,"raise":30}],"message":{"title":{"vi":"a","en":""},"text":{"vi":"","en":""}}}`,
		200, `"ok":false`, `"position":1`, `did you mean sum_over_time?`)
	step("officer", "POST", "", draft, 201, `"id":"ngap"`, `"state":"draft"`, `"where":{"property":"flood_depth"}`, `"guard":null`, `"reviewer":null`)
	step("officer", "POST", "/ngap/submit", "", 200, `"state":"review"`)
	step("head", "POST", "/ngap/approve", `{"version":1}`, 200, `"state":"live"`, `"live_version":1`)
	step("officer", "PUT", "/ngap", strings.Replace(draft, "0.3", "0.2", 1), 200, `"version":2`, `"live_version":1`)
	step("officer", "GET", "/ngap/versions", "", 200, `"version":2`, `"version":1`)
	step("officer", "GET", "/ngap/why?thing=tower-a&at=2026-10-28T00:40:00Z", "", 200, `"fired":true`, `"value":0.55`, `"raise":"`)
	step("officer", "GET", "/ngap/why?thing=gauge-a&at=2026-10-28T00:40:00Z", "", 404, "rule.not_selected")
	step("officer", "GET", "/street-flood/runbook", "", 200, "# Ngập đường")
	step("unit", "GET", "/tower-frozen/runbook", "", 200, "# Cảm biến")
	step("citizen", "GET", "/street-flood/runbook", "", 403)
	step("officer", "GET", "/ngap/runbook", "", 404, "rule.no_runbook")
	step("officer", "GET", "/export?ids=ngap", "", 200, "rule: ngap", "property: flood_depth")
	exported := c.body
	step("officer", "POST", "/import", exported, 200, `"updated":["ngap"]`) // its newest version differs
	step("officer", "POST", "/import", exported, 200, `"unchanged":["ngap"]`)
	step("officer", "POST", "/import", "rules:\n  - rule: x\n    nmae: {vi: a}\n", 422, "line 3", "rule.yaml")
	step("officer", "POST", "/import", strings.Replace(exported, "ngap", "Ngập", 1), 422, "rule.id_format")
	step("head", "POST", "/ngap/enable", `{"enabled":false}`, 422, "rule.reason_missing")
	step("head", "POST", "/ngap/enable", `{"enabled":false,"reason":"thử"}`, 200, `"enabled":false`)
	step("head", "DELETE", "/ngap", "", 204)
	step("officer", "GET", "", "", 200, "rain-intensity", `"shipped":true`)
	if strings.Contains(c.body, `"ngap"`) {
		t.Error("a withdrawn rule is listed")
	}
}

func TestRoutes_Backtest(t *testing.T) {
	clk := clock.Manual(start.Add(2 * time.Hour))
	o := options(t, storetest.SQLite(t, clk), clk)
	o.Unit = func(service, area string, _ time.Time) (string, string) {
		return "ward-" + area, "Phường " + service
	}
	o.Confirmed = func(context.Context, time.Time, time.Time) ([]rule.Incident, error) {
		return []rule.Incident{
			{ID: "i1", Service: "flood", Things: []string{"tower-a"}, From: start.Add(time.Hour), To: start.Add(2 * time.Hour)},
			{ID: "i2", Service: "flood", Area: "20999", From: start, To: start.Add(time.Hour)},
		}, nil
	}
	storeReadings(t, o.Series, flood()...)
	s := open(t, o)
	force(t, s, "deep", deep())
	c := serve(t, s)
	wait := func(id string) string {
		t.Helper()
		until(t, "the back-test ends", func() bool {
			return c.call("officer", "GET", "/backtests/"+id, "") == 200 && c.got["state"] != "running"
		})
		return c.body
	}
	begin := func(body string) string {
		t.Helper()
		if status := c.call("officer", "POST", "/backtests", body); status != 202 {
			t.Fatalf("%d %s", status, c.body)
		}
		id, _ := c.got["id"].(string)
		return id
	}
	const span = `"from":"2026-10-28T00:00:00Z","to":"2026-10-28T02:00:00Z"`
	got := wait(begin(`{"rule":"deep",` + span + `}`))
	for _, want := range []string{`"state":"done"`, `"thing":"tower-a"`, `"severity":4`, `"peak":0.6`, `"total":1`, `"day":"2026-10-28","n":1,"severity":4`,
		`"unit":"ward-20242","unit_name":"Phường flood","n":2`, `"confirmed":2,"hit":1,"precision":1,"recall":0.5`, `"compare":null`, `"area_name":"Phường Hải Châu"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
	got = wait(begin(`{"rule":"deep","draft":` + strings.Replace(draft, ">= 0.3", ">= 9", 1) + `,"compare":true,` + span + `}`))
	if !strings.Contains(got, `"compare":{"version":1,"firings":1,"same":0,"only_new":0,"only_old":1}`) || !strings.Contains(got, `"firings":[]`) {
		t.Errorf("compared: %s", got)
	}
	if status := c.call("head", "GET", "/backtests/"+c.got["id"].(string), ""); status != 404 {
		t.Errorf("another's back-test: %d", status)
	}
	for body, want := range map[string]int{
		`{` + span + `}`: 400,
		`{"rule":"deep","from":"2026-10-28T00:00:00Z","to":"2026-10-28T00:00:00Z"}`: 422,
		`{"rule":"deep","version":7,` + span + `}`:                                  404,
		`{"draft":` + strings.Replace(draft, ">= 0.3", "~ 3", 1) + `,` + span + `}`: 422,
		`{"rule":"deep","from":"2006-10-28T00:00:00Z","to":"2026-10-28T00:00:00Z"}`: 422,
	} {
		if status := c.call("officer", "POST", "/backtests", body); status != want {
			t.Errorf("%s: %d %s, want %d", body, status, c.body, want)
		}
	}
	id := begin(`{"rule":"deep","from":"2024-10-28T00:00:00Z","to":"2026-10-28T02:00:00Z"}`)
	if status := c.call("officer", "DELETE", "/backtests/"+id, ""); status != 204 {
		t.Errorf("cancel: %d", status)
	}
}
