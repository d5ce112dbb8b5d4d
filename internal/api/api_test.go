package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/api"
	"openioc.org/ioc/internal/city"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/msg"
)

func TestSearchAndUnits(t *testing.T) {
	c, err := city.Load()
	if err != nil {
		t.Fatal(err)
	}
	s := api.New(c, clock.Manual(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)), func(context.Context, access.Actor) []api.Place {
		return []api.Place{
			{Kind: "station", ID: "rain-suoi-da", Title: "Suối Đá", Subtitle: msg.Text{Vi: "trạm mưa", En: "rain gauge"}, Lon: 108.2, Lat: 16.1, HasPlace: true, Link: "/station/rain-suoi-da"},
			{Kind: "station", ID: "wl-431032", Title: "Tháp Hải Châu 2", Link: "/station/wl-431032"},
		}
	})
	h, srv := httpapi.NewTestAPI(func(_ context.Context, token string) (access.Actor, bool) {
		return access.Actor{ID: "u", Roles: []access.Role{access.Role(token)}}, true
	})
	defer srv.Close()
	s.Routes(h)
	get := func(token, path string, out any) int {
		t.Helper()
		req, _ := http.NewRequest("GET", srv.URL+path, nil)
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Accept-Language", "en")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if err := json.NewDecoder(res.Body).Decode(out); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode
	}
	type results struct{ Results []api.Result }
	for q, want := range map[string]api.Result{
		"suoi da":       {Kind: "station", Title: "Suối Đá", Subtitle: "rain gauge"},
		"SUỐI":          {Kind: "station", Title: "Suối Đá", Subtitle: "rain gauge"},
		"hai chau":      {Kind: "unit", Title: "Phường Hải Châu"},
		"Hoà Cường":     {Kind: "unit", Title: "Phường Hòa Cường"},
		"431032":        {Kind: "station", Title: "Tháp Hải Châu 2"},
		"thuan phuoc":   {Kind: "old_unit", Title: "Phường Thuận Phước", Subtitle: "now Phường Hải Châu"},
		"no such place": {},
	} {
		var got results
		if status := get("citizen", "/api/v1/search?q="+url.QueryEscape(q), &got); status != 200 {
			t.Fatalf("%s: %d", q, status)
		}
		first := api.Result{}
		if len(got.Results) > 0 {
			first = api.Result{Kind: got.Results[0].Kind, Title: got.Results[0].Title, Subtitle: got.Results[0].Subtitle}
		}
		if first != want {
			t.Errorf("%s: got %+v of %d, want %+v", q, first, len(got.Results), want)
		}
	}
	var units struct{ Units []api.Unit }
	if status := get("citizen", "/api/v1/units", &units); status != 200 {
		t.Fatal(status)
	}
	kinds := map[string]int{}
	for _, u := range units.Units {
		kinds[u.Kind]++
	}
	if kinds["ward"] != 23 || kinds["commune"] != 70 || kinds["special_zone"] != 1 {
		t.Errorf("units in force: %v", kinds)
	}
	var p httpapi.ProblemDetail
	if status := get("anonymous", "/api/v1/search?q=a", &p); status != 403 || p.Code != "access.denied" {
		t.Errorf("without a role: %d %+v", status, p)
	}
}
