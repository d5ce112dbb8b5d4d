package casework

import (
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/store/storetest"
)

func TestHTTP(t *testing.T) {
	clk := clock.Manual(morning)
	r := newRoom(t, storetest.SQLite(t, clk), clk)
	r.take(opened(codeA, "2026-03-02 08:00", "2026-03-09 17:00", "20242"), opened(codeB, "2026-03-02 08:00", "2026-03-09 17:00", "20194"))
	mine, theirs := r.byCode(codeA).ID, r.byCode(codeB).ID
	actors := map[string]access.Actor{"leader": leader, "officer": officer, "head": iocHead, "citizen": citizen}
	call := r.serve(actors)
	c := call(200, "officer", "GET", "/cases/"+mine, "")["case"].(map[string]any)
	for _, key := range strings.Fields("id code code_form system system_name procedure procedure_name field field_name channel applicant unit unit_name unit_raw officer officer_name officer_user state state_raw state_name clock received_at due due_given due_computed due_differs finished_at returned_at class remaining_seconds late_seconds paused_since due_version apology_at digitized synthetic problems step updated_at version") {
		if _, ok := c[key]; !ok {
			t.Errorf("a file has no %s", key)
		}
	}
	if c["class"] != "overdue" || c["late_seconds"] != 57600.0 || c["applicant"].(map[string]any)["phone"] != "090***3456" {
		t.Errorf("%v", c)
	}
	call(404, "officer", "GET", "/cases/"+theirs, "")
	call(404, "officer", "POST", "/cases/"+theirs+"/reveal", `{"reason":"Gọi bổ sung"}`)
	call(422, "officer", "POST", "/cases/"+mine+"/reveal", `{"reason":""}`)
	if a := call(200, "officer", "POST", "/cases/"+mine+"/reveal", `{"reason":"Gọi bổ sung"}`)["applicant"].(map[string]any); a["name"] != "Nguyễn Văn An" {
		t.Errorf("%v", a)
	}
	call(403, "leader", "POST", "/cases/"+mine+"/reveal", `{"reason":"Gọi bổ sung"}`)
	call(403, "leader", "POST", "/cases/"+mine+"/apology", `{"number":"1/XL","reason":"Chờ ý kiến"}`)
	call(422, "officer", "POST", "/cases/"+mine+"/apology", `{"number":"","reason":""}`)
	if c := call(200, "officer", "POST", "/cases/"+mine+"/apology", `{"number":"1/XL","reason":"Chờ ý kiến","due":"`+morning.Add(48*time.Hour).Format(time.RFC3339)+`"}`); c["class"] != "in_time" || c["due_version"] != 2.0 {
		t.Errorf("%v", c)
	}
	call(409, "officer", "POST", "/cases/"+mine+"/digitized", `{"digitized":true}`)
	call(403, "citizen", "GET", "/cases", "")
	call(401, "nobody", "GET", "/cases/"+mine, "")
	call(422, "leader", "GET", "/cases?cursor=x", "")
	call(403, "leader", "PUT", "/cases/procedures/1.004964", `{"name":"Cấp bản sao"}`)
	call(422, "head", "PUT", "/cases/procedures/1.004964", `{"name":"","days":0}`)
	if p := call(200, "head", "PUT", "/cases/procedures/1.004964", `{"name":"Cấp bản sao","days":3,"method":"D"}`); p["clock"] != "pause" {
		t.Errorf("%v", p)
	}
	if got := call(200, "officer", "GET", "/cases/"+mine, "")["case"].(map[string]any); got["due_computed"] == nil || got["due_differs"] != true {
		t.Errorf("%v", got)
	}
}
