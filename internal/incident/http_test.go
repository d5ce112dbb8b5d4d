package incident_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/store/storetest"
)

func TestHTTP(t *testing.T) {
	clk := clock.Manual(start)
	r := newRoom(t, storetest.SQLite(t, clk), clk)
	actors := map[string]access.Actor{"duty": officer, "leader": leader, "unit": focal, "other": stranger, "citizen": {ID: "c", Roles: []access.Role{access.Citizen}}}
	api, srv := httpapi.NewTestAPI(func(_ context.Context, token string) (access.Actor, bool) {
		a, ok := actors[token]
		return a, ok
	})
	defer srv.Close()
	r.Routes(api)
	r.files.Routes(api)

	raw := func(as, method, path string, body string) (*http.Response, []byte) {
		t.Helper()
		req, err := http.NewRequest(method, srv.URL+"/api/v1"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+as)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, b
	}
	type object = map[string]any
	call := func(want int, as, method, path, body string) object {
		t.Helper()
		res, b := raw(as, method, path, body)
		out := object{}
		if err := json.Unmarshal(b, &out); err != nil {
			t.Fatalf("%s %s: %s", method, path, b)
		}
		if res.StatusCode != want {
			t.Fatalf("%s %s as %s: %d %s", method, path, as, res.StatusCode, b)
		}
		return out
	}

	call(403, "citizen", "GET", "/incidents", "")
	call(401, "nobody", "GET", "/incidents", "")
	call(403, "unit", "POST", "/incidents", `{"title":"x","service":"flood","severity":3,"alerts":[]}`)
	bad := call(422, "duty", "POST", "/incidents", `{"title":" ","service":"flood","severity":9,"alerts":null,"lon":1}`)
	if len(bad["errors"].([]any)) != 3 {
		t.Errorf("%v", bad)
	}
	i := call(201, "duty", "POST", "/incidents", `{"title":"=cmd|' /C calc'!A0 <script>alert(1)</script>","text":"<b>x</b>","service":"flood","severity":3,"alerts":[],"lead_unit":"20242","sop":"flood-street","lon":108.2,"lat":16.06}`)
	id := i["id"].(string)
	for _, key := range []string{"number", "version", "state", "helping_units", "alerts", "sop_title", "sop_done", "tasks_open", "opened_by", "acknowledged_at", "seconds_to_dispatch", "merged_into", "proof_required", "proposal_why", "messages", "attachments", "estimated"} {
		if _, ok := i[key]; !ok {
			t.Errorf("an incident has no %s", key)
		}
	}
	if l := call(200, "unit", "GET", "/incidents?state=open&severity=3,4&q=CALC", ""); l["total"] != 1.0 || l["next"] != "" {
		t.Errorf("%v", l)
	}
	if l := call(200, "duty", "GET", "/incidents?severity=x", ""); l["total"] != 0.0 {
		t.Errorf("%v", l)
	}
	call(404, "other", "GET", "/incidents/"+id, "")
	call(404, "duty", "GET", "/incidents/nothing", "")
	call(404, "other", "GET", "/incidents/"+id+"/export?format=html", "")

	k := call(201, "duty", "POST", "/tasks", fmt.Sprintf(`{"kind":"task","incident":%q,"title":"Cắm biển","unit":"20242","due":%q}`, id, start.Add(2*time.Hour).Format(time.RFC3339)))
	kid := k["id"].(string)
	call(422, "leader", "POST", "/tasks", `{"kind":"directive","title":"x","unit":"20242","due":"2020-01-01T00:00:00Z"}`)
	call(403, "unit", "POST", "/tasks", `{"kind":"directive","title":"x","unit":"20242","due":"2027-01-01T00:00:00Z"}`)
	got := call(200, "unit", "POST", "/tasks/"+kid+"/steps", `{"step":"return","version":1,"reason":"không đủ người"}`)
	if got["state"] != "returned" || got["standing"] != "waiting" {
		t.Errorf("%v", got)
	}
	if e := call(409, "unit", "POST", "/tasks/"+kid+"/steps", `{"step":"accept","version":1}`); e["code"] != "task.changed" || !strings.Contains(e["detail"].(string), "Cán bộ Hải Châu đã trả lại") {
		t.Errorf("%v", e)
	}
	call(200, "duty", "POST", "/tasks/"+kid+"/steps", `{"step":"cancel","version":2,"comment":"thôi"}`)
	if b := call(200, "unit", "GET", "/tasks/board", ""); len(b["units"].([]any)) != 1 {
		t.Errorf("%v", b)
	}
	call(201, "unit", "POST", "/incidents/"+id+"/messages", `{"text":"-1+1 đang cắm biển"}`)
	if st := call(200, "unit", "POST", "/incidents/"+id+"/sop/1", `{"state":"done","comment":"45 cm"}`); len(st["steps"].([]any)) != 7 {
		t.Errorf("%v", st)
	}
	call(404, "unit", "POST", "/incidents/"+id+"/sop/99", `{"state":"done"}`)
	d := call(200, "unit", "GET", "/incidents/"+id, "")
	if len(d["timeline"].([]any)) < 6 || len(d["messages"].([]any)) != 1 || len(d["tasks"].([]any)) != 1 || len(d["allowed"].([]any)) != 0 {
		t.Errorf("%v", d)
	}
	i = d["incident"].(object)
	version := int(i["version"].(float64))
	step := func(want int, s string) object {
		t.Helper()
		return call(want, "duty", "POST", "/incidents/"+id+"/steps", fmt.Sprintf(s, version))
	}
	if e := step(400, `{"step":"close","version":%d}`); e["code"] != "incident.proof_missing_step" {
		t.Errorf("%v", e)
	}
	i = step(200, `{"step":"resolve","version":%d}`)
	if e := step(409, `{"step":"resolve","version":%d}`); e["code"] != "incident.changed" {
		t.Errorf("%v", e)
	}

	res, page := raw("duty", "GET", "/incidents/"+id+"/export?format=html", "")
	csp := res.Header.Get("Content-Security-Policy")
	if res.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(csp, "style-src 'sha256-") || strings.Contains(csp, "unsafe") {
		t.Errorf("%v", res.Header)
	}
	if bytes.Contains(page, []byte("<script")) || bytes.Contains(page, []byte("<b>x")) || !bytes.Contains(page, []byte("Phường Hải Châu")) || !bytes.Contains(page, []byte("không đủ người")) {
		t.Errorf("%s", page)
	}
	_, style, _ := bytes.Cut(page, []byte("<style>"))
	style, _, _ = bytes.Cut(style, []byte("</style>"))
	if sum := sha256.Sum256(style); !strings.Contains(csp, base64.StdEncoding.EncodeToString(sum[:])) {
		t.Errorf("the policy does not name the style sheet:\n%s\n%s", csp, style)
	}
	_, table := raw("duty", "GET", "/incidents/"+id+"/export?format=csv", "")
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(table, []byte("\ufeff")))).ReadAll()
	if err != nil || len(rows) < 8 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@") {
				t.Errorf("a formula: %q", cell)
			}
		}
	}
	all := call(200, "duty", "GET", "/incidents/"+id+"/export?format=json", "")
	if all["exported_by"] != "Trực ban" || len(all["timeline"].([]any)) != len(rows)-1 {
		t.Errorf("%v", all)
	}

	if l := call(200, "duty", "GET", "/sops", ""); len(l["sops"].([]any)) != 5 {
		t.Errorf("%v", l)
	}
	p := call(200, "duty", "GET", "/sops/tree-fallen", "")
	p["proof_to_close"] = false
	body, _ := json.Marshal(p)
	if p = call(200, "duty", "PUT", "/sops/tree-fallen", string(body)); p["version"] != 2.0 {
		t.Errorf("%v", p)
	}
	call(409, "duty", "PUT", "/sops/tree-fallen", string(body))
	call(403, "unit", "PUT", "/sops/tree-fallen", string(body))
	call(422, "duty", "PUT", "/sops/x", `{"title":{"vi":"","en":""},"service":"","steps":[]}`)
	call(200, "duty", "PUT", "/incidents/"+id+"/sop", `{"sop":"flood-river"}`)
	call(404, "duty", "PUT", "/incidents/"+id+"/sop", `{"sop":"nothing"}`)

	ls := r.Layers()
	seen := func(a access.Actor) int {
		fs, err := ls[0].Features(httpapi.WithActor(t.Context(), a), clk.Now())
		if err != nil {
			t.Fatal(err)
		}
		return len(fs)
	}
	if seen(officer) != 1 || seen(stranger) != 0 || seen(focal) != 1 {
		t.Errorf("on the map: %d, %d, %d", seen(officer), seen(stranger), seen(focal))
	}
}
