package catalog_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/series/seriestest"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

func TestCorrect(t *testing.T) {
	each(t, func(t *testing.T, c *catalog.Catalog, db *store.DB, s *series.DB) {
		ctx := context.Background()
		if err := c.Apply(ctx, admin, caml()); err != nil {
			t.Fatal(err)
		}
		start := time.Date(2020, 10, 19, 0, 0, 0, 0, time.UTC)
		for i := range 4 {
			at := start.Add(time.Duration(i) * time.Hour)
			if _, err := s.Append(ctx, []series.Sample{{ID: "cam-le.level", T: at.UnixMilli(), V: 9.99, Received: at.UnixMilli()}}); err != nil {
				t.Fatal(err)
			}
		}
		right := 1.5
		for name, k := range map[string]catalog.Correction{
			"no reason":    {From: start, To: start, Value: &right},
			"both":         {From: start, To: start, Value: &right, Exclude: true, Reason: "x"},
			"neither":      {From: start, To: start, Reason: "x"},
			"end before":   {From: start, To: start.Add(-1), Exclude: true, Reason: "x"},
			"no beginning": {To: start, Exclude: true, Reason: "x"},
		} {
			if _, err := c.Correct(ctx, duty, "cam-le.level", k); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		leader := access.Actor{ID: "u3", Roles: []access.Role{access.Leader}}
		if _, err := c.Correct(ctx, leader, "cam-le.level", catalog.Correction{From: start, To: start, Value: &right, Reason: "x"}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a leader corrected: %v", err)
		}
		replaced, err := c.Correct(ctx, duty, "cam-le.level", catalog.Correction{From: start, To: start.Add(time.Hour), Value: &right, Reason: "đo lại"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Correct(ctx, duty, "cam-le.level", catalog.Correction{From: start.Add(3 * time.Hour), To: start.Add(3 * time.Hour), Exclude: true, Reason: "hiệu chuẩn"}); err != nil {
			t.Fatal(err)
		}
		see := func(want ...float64) {
			t.Helper()
			ps, err := s.Range(ctx, "cam-le.level", start, start.Add(24*time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			var got []float64
			for _, p := range ps {
				got = append(got, p.V)
			}
			a, _ := json.Marshal(got)
			b, _ := json.Marshal(want)
			if string(a) != string(b) {
				t.Errorf("readers see %s, want %s", a, b)
			}
		}
		see(1.5, 1.5, 9.99)
		if list, err := open(t, db, s).Corrections(ctx, "cam-le.level"); err != nil || len(list) != 2 || *list[0].Value != 1.5 || list[0].ActorName != "Trực ban" || !list[1].Exclude {
			t.Errorf("kept %+v %v", list, err)
		}
		see(1.5, 1.5, 9.99)
		if err := c.DeleteCorrection(ctx, duty, "cam-le.level", replaced.ID); err != nil {
			t.Fatal(err)
		}
		see(9.99, 9.99, 9.99)
		// Where corrections overlap the later one holds, also within one moment.
		for _, v := range []float64{7, 8, 7, 6, 5} {
			if _, err := c.Correct(ctx, duty, "cam-le.level", catalog.Correction{From: start, To: start, Value: &v, Reason: "đo lại"}); err != nil {
				t.Fatal(err)
			}
		}
		see(5, 9.99, 9.99)
		if err := c.DeleteCorrection(ctx, duty, "cam-le.level", replaced.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("deleted twice: %v", err)
		}
	})
}

func TestCorrections_OverHTTP(t *testing.T) {
	c := open(t, storetest.SQLite(t, nil), seriestest.Open(t))
	if err := c.Apply(context.Background(), admin, caml()); err != nil {
		t.Fatal(err)
	}
	api, srv := httpapi.NewTestAPI(func(_ context.Context, token string) (access.Actor, bool) { return duty, token == "duty" })
	defer srv.Close()
	c.Routes(api)
	call := func(method, path, body string) (int, map[string]any) {
		t.Helper()
		req, err := http.NewRequest(method, srv.URL+"/api/v1/datastreams/"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer duty")
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var v map[string]any
		_ = json.NewDecoder(res.Body).Decode(&v)
		return res.StatusCode, v
	}
	status, made := call("POST", "cam-le.level/corrections", `{"from":"2020-10-19T00:00:00Z","to":"2020-10-19T01:00:00Z","value":1.5,"reason":"đo lại"}`)
	if status != 201 || made["value"] != 1.5 || made["actor_name"] != "Trực ban" {
		t.Fatalf("%d %v", status, made)
	}
	if status, v := call("POST", "cam-le.level/corrections", `{"from":"2020-10-19T00:00:00Z","to":"2020-10-19T01:00:00Z","reason":"x"}`); status != 422 || v["code"] != "catalog.correction" {
		t.Errorf("neither value nor exclude: %d %v", status, v)
	}
	if status, v := call("GET", "cam-le.level/corrections", ""); status != 200 || len(v["corrections"].([]any)) != 1 {
		t.Errorf("list: %d %v", status, v)
	}
	if status, v := call("GET", "none/corrections", ""); status != 404 {
		t.Errorf("of an unknown datastream: %d %v", status, v)
	}
	if status, v := call("DELETE", "cam-le.level/corrections/"+made["id"].(string), ""); status != 204 {
		t.Errorf("delete: %d %v", status, v)
	}
	if _, v := call("GET", "cam-le.level/corrections", ""); len(v["corrections"].([]any)) != 0 {
		t.Errorf("still there: %v", v)
	}
}
