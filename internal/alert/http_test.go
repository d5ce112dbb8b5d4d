package alert_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/alert"
	"openioc.org/ioc/internal/httpapi"
)

// serve opens the routes of a desk to the people of the tests, each known by
// his id.
func serve(t testing.TB, d *desk) (*desk, string) {
	api, srv := httpapi.NewTestAPI(func(_ context.Context, token string) (access.Actor, bool) {
		for _, a := range []access.Actor{officer, officer2, leader, haiChau, haiVan, {ID: "citizen", Roles: []access.Role{access.Citizen}}} {
			if a.ID == token {
				return a, true
			}
		}
		return access.Actor{}, false
	})
	t.Cleanup(srv.Close)
	d.Routes(api)
	return d, srv.URL
}

func call(t testing.TB, base, who, method, path, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, base+path, bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("X-IOC-CSRF", "1")
	req.Header.Set("Authorization", "Bearer "+who)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(raw)
}

type object map[string]any

func (o object) at(t testing.TB, path string) any {
	t.Helper()
	var v any = map[string]any(o)
	for _, p := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[p]
		case []any:
			var i int
			if _, err := fmt.Sscan(p, &i); err != nil || i >= len(x) {
				t.Fatalf("%s: no element %s in %v", path, p, x)
			}
			v = x[i]
		default:
			t.Fatalf("%s: nothing at %s", path, p)
		}
	}
	return v
}

func parse(t testing.TB, body string) object {
	t.Helper()
	var o object
	if err := json.Unmarshal([]byte(body), &o); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return o
}

func TestHTTP_Journey(t *testing.T) {
	d, base := serve(t, one(t))
	d.fact(condition("T1", 3, start))
	code, body := call(t, base, "u-duty", "GET", "/api/v1/alerts?severity=3,4&state=new&open=true&suppressed=false&q=NGAP+t1&sort=severity&limit=10", "")
	page := parse(t, body)
	if code != 200 || page.at(t, "total") != 1.0 || page.at(t, "counts.by_severity.3") != 1.0 || page.at(t, "alerts.0.group_size") != 1.0 ||
		page.at(t, "alerts.0.times.late") == nil || page.at(t, "next") != "" {
		t.Fatalf("%d %s", code, body)
	}
	id := page.at(t, "alerts.0.id").(string)
	step := func(who, body string, want int) object {
		t.Helper()
		code, got := call(t, base, who, "POST", "/api/v1/alerts/"+id+"/steps", body)
		if code != want {
			t.Fatalf("%s: %d %s", body, code, got)
		}
		return parse(t, got)
	}
	if a := step("u-duty", `{"step":"acknowledge","version":1}`, 200); a.at(t, "state") != "acknowledged" || a.at(t, "assignee") != "Trực ban" {
		t.Errorf("%v", a)
	}
	if p := step("u-duty2", `{"step":"acknowledge","version":1}`, 409); p.at(t, "code") != "alert.changed" || !strings.Contains(p.at(t, "detail").(string), "Trực ban đã tiếp nhận") {
		t.Errorf("%v", p)
	}
	step("u-duty", `{"step":"verify","version":2}`, 422)
	step("u-duty", `{"step":"verify"}`, 422)
	step("u-unit", `{"step":"accept","version":2}`, 409)
	step("u-other", `{"step":"accept","version":2}`, 404)
	step("u-leader", `{"step":"close","version":2}`, 403)
	step("citizen", `{"step":"close","version":2}`, 403)
	step("nobody", `{"step":"close","version":2}`, 401)
	step("u-duty", `{"step":"dispatch","version":2,"unit":"20242","comment":"khẩn"}`, 200)
	code, body = call(t, base, "u-unit", "GET", "/api/v1/alerts/"+id, "")
	det := parse(t, body)
	if code != 200 || det.at(t, "evidence.intact") != true || det.at(t, "timeline.0.step") != "raise" || det.at(t, "timeline.2.data.unit_name") != "Đơn vị 20242" ||
		fmt.Sprint(det.at(t, "allowed")) != "[accept return start finish comment]" || det.at(t, "alert.viewers") != nil {
		t.Errorf("%d %s", code, body)
	}
	code, body = call(t, base, "u-unit", "POST", "/api/v1/alerts/"+id+"/viewing", "")
	if code != 200 || parse(t, body).at(t, "viewers.0.name") != "Phường Hải Châu" {
		t.Errorf("%d %s", code, body)
	}
	if _, body = call(t, base, "u-duty", "GET", "/api/v1/alerts/"+id, ""); parse(t, body).at(t, "alert.viewers.0.id") != "u-unit" {
		t.Error(body)
	}
	d.clk.Set(after(41 * time.Second))
	if _, body = call(t, base, "u-duty", "POST", "/api/v1/alerts/"+id+"/viewing", ""); len(parse(t, body).at(t, "viewers").([]any)) != 1 {
		t.Errorf("who left is still seen: %s", body)
	}
	code, body = call(t, base, "u-duty", "POST", "/api/v1/alerts", `{"title":"Cây đổ","severity":2,"service":"flood","area":"20194"}`)
	if code != 201 || parse(t, body).at(t, "kind") != "manual" || parse(t, body).at(t, "title.en") != "Cây đổ" {
		t.Errorf("%d %s", code, body)
	}
	code, body = call(t, base, "u-duty", "POST", "/api/v1/alerts/steps", `{"ids":["`+id+`","x"],"step":"comment","comment":"cùng một đợt"}`)
	if got := parse(t, body); code != 200 || len(got.at(t, "done").([]any)) != 1 || got.at(t, "failed.0.code") != "alert.not_found" {
		t.Errorf("%d %s", code, body)
	}
	code, body = call(t, base, "u-duty", "GET", "/api/v1/alerts/summary", "")
	if s := parse(t, body); code != 200 || s.at(t, "open.3") != 1.0 || s.at(t, "unacknowledged") != 1.0 || s.at(t, "budget.state") == "" {
		t.Errorf("%d %s", code, body)
	}
	code, body = call(t, base, "u-duty", "GET", "/api/v1/alerts/budget?hours=8", "")
	if b := parse(t, body); code != 200 || b.at(t, "alerts") != 2.0 || len(b.at(t, "series").([]any)) != 48 || b.at(t, "noisiest.0.name.vi") != "Ngập sâu" {
		t.Errorf("%d %s", code, body)
	}
}

func TestHTTP_Pages(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		_, base := serve(t, d)
		d.pour(storm(25, start))
		for _, sort := range []string{"severity", "raised"} {
			seen, cursor, last := map[string]bool{}, "", 9.0
			for {
				code, body := call(t, base, "u-duty", "GET", "/api/v1/alerts?limit=10&sort="+sort+"&cursor="+cursor, "")
				if code != 200 {
					t.Fatal(body)
				}
				p := parse(t, body)
				for _, x := range p.at(t, "alerts").([]any) {
					a := x.(map[string]any)
					seen[a["id"].(string)] = true
					if sort == "severity" {
						if a["severity"].(float64) > last {
							t.Error("not in order")
						}
						last = a["severity"].(float64)
					}
				}
				if p.at(t, "total") != 25.0 {
					t.Errorf("total %v", p.at(t, "total"))
				}
				if cursor = p.at(t, "next").(string); cursor == "" {
					break
				}
			}
			if len(seen) != 25 {
				t.Errorf("%s: %d of 25", sort, len(seen))
			}
		}
		for _, bad := range []string{"cursor=xx", "sort=name", "limit=10001", "severity=5", "state=gone"} {
			if code, body := call(t, base, "u-duty", "GET", "/api/v1/alerts?"+bad, ""); code < 400 || code >= 500 {
				t.Errorf("%s: %d %s", bad, code, body)
			}
		}
	})
}

func TestHTTP_SilencesAndSettings(t *testing.T) {
	d, base := serve(t, one(t))
	d.fact(condition("T1", 3, start))
	code, body := call(t, base, "u-duty", "POST", "/api/v1/silences/preview", `{"matchers":[{"label":"thing","op":"=","value":"T1"}]}`)
	if code != 200 || parse(t, body).at(t, "count") != 1.0 {
		t.Errorf("%d %s", code, body)
	}
	to := after(time.Hour).Format(time.RFC3339)
	code, body = call(t, base, "u-duty", "POST", "/api/v1/silences", `{"kind":"maintenance","matchers":[{"label":"thing","op":"=","value":"T1"}],"to":"`+to+`","reason":"thay pin"}`)
	q := parse(t, body)
	if code != 201 || q.at(t, "state") != "active" || q.at(t, "matches") != 1.0 || q.at(t, "by.name") != "Trực ban" {
		t.Fatalf("%d %s", code, body)
	}
	if a := d.only(); a.SuppressedBy == nil || *a.SuppressedBy != (alert.Suppression{Kind: "maintenance", ID: q.at(t, "id").(string), Title: "thay pin"}) {
		t.Errorf("%+v", a.SuppressedBy)
	}
	for _, bad := range []string{
		`{"matchers":[],"to":"` + to + `","reason":"x"}`, `{"matchers":[{"label":"thing","op":"=~","value":".*"}],"to":"` + to + `","reason":"x"}`,
		`{"matchers":[{"label":"thing","op":"=~","value":"("}],"to":"` + to + `","reason":"x"}`, `{"matchers":[{"label":"thing","op":"=","value":"x"}],"to":"2020-01-01T00:00:00Z","reason":"x"}`,
		`{"matchers":[{"label":"thing","op":"=","value":"x"}],"to":"` + to + `"}`,
	} {
		if code, body := call(t, base, "u-duty", "POST", "/api/v1/silences", bad); code != 422 {
			t.Errorf("%s: %d %s", bad, code, body)
		}
	}
	if code, _ = call(t, base, "u-unit", "POST", "/api/v1/silences", `{}`); code != 403 {
		t.Errorf("a unit: %d", code)
	}
	if code, body = call(t, base, "u-duty", "DELETE", "/api/v1/silences/"+q.at(t, "id").(string), ""); code != 204 || d.only().SuppressedBy != nil {
		t.Errorf("%d %s", code, body)
	}
	code, body = call(t, base, "u-duty", "GET", "/api/v1/alerts/settings", "")
	if s := parse(t, body); code != 200 || s.at(t, "times.0.acknowledge_minutes") != 5.0 || s.at(t, "grouping.wait_seconds") != 10.0 {
		t.Errorf("%d %s", code, body)
	}
	if code, body = call(t, base, "u-duty", "PUT", "/api/v1/alerts/settings", strings.Replace(body, `"acknowledge_minutes":5`, `"acknowledge_minutes":7`, 1)); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	d.fact(condition("T2", 4, start))
	if a := d.list(alert.Filter{Thing: "T2"})[0]; !a.Times.AcknowledgeBy.Equal(after(7 * time.Minute)) {
		t.Errorf("the new time does not hold: %v", a.Times.AcknowledgeBy)
	}
	if code, body = call(t, base, "u-duty", "PUT", "/api/v1/alerts/settings", `{"grouping":{"by":["a b"],"wait_seconds":1,"interval_seconds":1,"repeat_seconds":0},"flap":{"changes":1,"window_seconds":1,"hold_seconds":1},"budget":{"per_10min":1,"operators":1},"times":[]}`); code != 422 || !strings.Contains(body, "times") {
		t.Errorf("%d %s", code, body)
	}
	code, body = call(t, base, "u-duty", "GET", "/api/v1/alerts/inhibitions", "")
	if i := parse(t, body); code != 200 || i.at(t, "inhibitions.0.equal.0") != "source" {
		t.Errorf("%d %s", code, body)
	}
	if code, body = call(t, base, "u-duty", "PUT", "/api/v1/alerts/inhibitions", body); code != 200 {
		t.Errorf("%d %s", code, body)
	}
}
