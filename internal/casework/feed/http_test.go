package feed

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/store/storetest"
)

func TestRoutes(t *testing.T) {
	r := newRoom(t, storetest.SQLite(t, nil), nil)
	api, srv := httpapi.NewTestAPI(func(_ context.Context, token string) (access.Actor, bool) {
		a, ok := map[string]access.Actor{"data": dataAdmin, "leader": leader, "officer": officer}[token]
		return a, ok
	})
	defer srv.Close()
	r.Routes(api)
	call := func(as, method, path, body string, into any) int {
		t.Helper()
		req, err := http.NewRequest(method, srv.URL+"/api/v1/cases"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if strings.Contains(path, "/upload") {
			req.Header.Set("Content-Type", "application/octet-stream")
		}
		if as != "" {
			req.Header.Set("Authorization", "Bearer "+as)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), "s3cret") || strings.Contains(string(raw), "Văn An") {
			t.Errorf("%s %s shows what it must not: %s", method, path, raw)
		}
		if into != nil && res.StatusCode < 300 {
			if err := json.Unmarshal(raw, into); err != nil {
				t.Fatalf("%s %s: %v: %s", method, path, err, raw)
			}
		} else if res.StatusCode >= 400 && into != nil {
			t.Logf("%s %s: %d %s", method, path, res.StatusCode, raw)
		}
		return res.StatusCode
	}
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/systems", ""}, {"POST", "/systems", `{"kind": "push", "name": "x"}`}, {"GET", "/systems/x", ""}, {"PATCH", "/systems/x", `{}`}, {"DELETE", "/systems/x", ""}, {"POST", "/systems/x/token", ""},
		{"POST", "/systems/x/run", ""}, {"POST", "/systems/x/upload?name=a.csv", "a"}, {"POST", "/systems/preview", `{"kind": "file", "text": "a,b\n1,2"}`}, {"GET", "/systems/kinds", ""}, {"GET", "/rejected", ""},
		{"POST", "/rejected/retry", `{"system": "x"}`}, {"GET", "/words", ""}, {"PUT", "/words", `{"system": "x", "kind": "state", "word": "a", "meaning": "paused"}`},
	} {
		if c.path == "/systems/kinds" {
			continue // a description without data
		}
		if code := call("officer", c.method, c.path, c.body, nil); code != http.StatusForbidden {
			t.Errorf("officer %s %s: %d", c.method, c.path, code)
		}
		if code := call("", c.method, c.path, c.body, nil); code != http.StatusUnauthorized {
			t.Errorf("nobody %s %s: %d", c.method, c.path, code)
		}
	}
	var sys struct {
		ID, Name, State, Token, Error string
		Config                        map[string]any
		TokenHint                     string `json:"token_hint"`
		LagSeconds                    *float64
		Events, Cases, Rejected       int
	}
	body := `{"kind": "sql", "name": "Một cửa Sở Xây dựng", "enabled": false, "config": {"driver": "sqlserver", "host": "10.0.0.7", "database": "mc", "username": "ioc", "password": "s3cret", "query": "select * from dbo.HoSo", "watermark": "NgayCapNhat", "key": "ID"}, "mapping": {"code": {"column": "MaHoSo"}}}`
	if code := call("data", "POST", "/systems", body, &sys); code != http.StatusCreated || sys.ID != "mot-cua-so-xay-dung" || sys.State != "off" || sys.Config["password"] != "***" || sys.Token != "" {
		t.Errorf("%d %+v", code, sys)
	}
	if code := call("data", "POST", "/systems", strings.Replace(body, "select *", "delete", 1), nil); code != http.StatusUnprocessableEntity {
		t.Errorf("a query that deletes: %d", code)
	}
	if code := call("data", "POST", "/systems/mot-cua-so-xay-dung/run", "", nil); code != http.StatusConflict {
		t.Errorf("run of one that is off: %d", code)
	}
	if code := call("data", "POST", "/systems", `{"id": "hc", "kind": "push", "name": "Một cửa Hải Châu"}`, &sys); code != http.StatusCreated || !strings.HasPrefix(sys.Token, "mc_") || sys.TokenHint == "" {
		t.Errorf("%d %+v", code, sys)
	}
	token := sys.Token
	var report struct{ Rows, Events, New, Opened, Rejected int }
	if code := call(token, "POST", "/systems/hc/push", dongBo, &report); code != http.StatusOK || report.New != 2 || report.Opened != 1 {
		t.Errorf("%d %+v", code, report)
	}
	if code := call("data", "POST", "/systems/hc/push", dongBo, nil); code != http.StatusUnauthorized {
		t.Errorf("a person's token is no system's: %d", code)
	}
	if code := call("", "POST", "/systems/none/push", dongBo, nil); code != http.StatusUnauthorized {
		t.Errorf("%d", code)
	}
	if code := call("data", "POST", "/systems", `{"id": "tep", "kind": "file", "name": "Tệp", "mapping": {"code": {"column": "ma"}, "applicant_name": {"column": "ten"}, "unit": {"column": "dv"}}}`, nil); code != http.StatusCreated {
		t.Errorf("%d", code)
	}
	if code := call("data", "POST", "/systems/tep/upload?name=a.csv", "ma,ten,dv\nA-1,Nguyễn Văn An,hai chau\n,Nguyễn Văn An,x\n", &report); code != http.StatusOK || report.New != 1 || report.Rejected != 1 {
		t.Errorf("%d %+v", code, report)
	}
	var rejected struct {
		Rejected []struct {
			ID, Row, Error string
			Raw            map[string]string
		}
	}
	if code := call("data", "GET", "/rejected?system=tep", "", &rejected); code != http.StatusOK || len(rejected.Rejected) != 1 || rejected.Rejected[0].Raw["ten"] == "" {
		t.Errorf("%d %+v", code, rejected)
	}
	if code := call("data", "POST", "/rejected/retry", `{"ids": ["`+rejected.Rejected[0].ID+`"]}`, &report); code != http.StatusOK || report.Rejected != 1 {
		t.Errorf("%d %+v", code, report)
	}
	var words struct {
		Words []struct {
			System, Kind, Word, Meaning string
			N                           int
			Suggestions                 []struct{ Meaning, Name string }
		}
	}
	if code := call("data", "GET", "/words?kind=unit&unmapped=true", "", &words); code != http.StatusOK || len(words.Words) != 2 {
		t.Errorf("%d %+v", code, words)
	}
	for _, w := range words.Words {
		if w.Word == "hai chau" && (w.N != 1 || len(w.Suggestions) == 0 || w.Suggestions[0].Meaning != "20242") {
			t.Errorf("%+v", w)
		}
	}
	if code := call("data", "PUT", "/words", `{"system": "tep", "kind": "unit", "word": "hai chau", "meaning": "20242"}`, nil); code != http.StatusNoContent {
		t.Errorf("%d", code)
	}
	var preview struct {
		Columns []struct{ Name, Example, Suggestion string }
		Events  []map[string]any
		Errors  []struct {
			Row   int
			Field string
		}
	}
	if code := call("data", "POST", "/systems/preview", `{"kind": "file", "text": "MA_HO_SO,CHU_HO_SO\nA,Nguyễn Văn An\n", "mapping": {"code": {"column": "MA_HO_SO"}, "due": {"expr": "1 +"}}}`, &preview); code != http.StatusOK ||
		preview.Columns[1].Suggestion != "code" || len(preview.Errors) != 1 || preview.Errors[0].Field != "due.expr" {
		t.Errorf("%d %+v", code, preview)
	}
	var list struct{ Systems []map[string]any }
	if code := call("data", "GET", "/systems", "", &list); code != http.StatusOK || len(list.Systems) != 3 {
		t.Errorf("%d %+v", code, list)
	}
	if code := call("data", "DELETE", "/systems/tep", "", nil); code != http.StatusNoContent {
		t.Errorf("%d", code)
	}
	if code := call("data", "GET", "/systems/tep", "", nil); code != http.StatusNotFound {
		t.Errorf("%d", code)
	}
	if code := call("data", "GET", "/systems/kinds", "", nil); code != http.StatusOK {
		t.Errorf("%d", code)
	}
}
