package flood_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/flood"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/scenario"
	"openioc.org/ioc/internal/sensing"
)

func (c *city) serve(t testing.TB) string {
	api, srv := httpapi.NewTestAPI(func(_ context.Context, token string) (access.Actor, bool) {
		return access.Actor{ID: token, Roles: []access.Role{access.Role(token)}}, true
	})
	t.Cleanup(srv.Close)
	c.Routes(api)
	return srv.URL + "/api/v1/flood/summary"
}

func fetch(t testing.TB, url, token string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, b
}

func TestSummaryOverHTTP(t *testing.T) {
	c := play(t, scenario.NhatLe2020, local(2020, time.October, 19, 7, 20))
	url := c.serve(t)
	status, b := fetch(t, url, "citizen")
	var sum flood.Summary
	if err := json.Unmarshal(b, &sum); err != nil || status != 200 {
		t.Fatalf("%d %v %s", status, err, b)
	}
	if len(sum.Rain) != 3 || len(sum.Rivers) != 5 || !sum.MetDayStart.Equal(local(2020, time.October, 18, 19, 0)) {
		t.Errorf("%+v", sum)
	}
	var shape map[string][]map[string]any
	_ = json.Unmarshal(b, &shape)
	if v, there := shape["rain"][0]["m10"]; !there || v != nil {
		t.Errorf("a figure without data must be null, not %v (there: %v)", v, there)
	}
	if status, b := fetch(t, url+"?at=2020-10-08T16:00:00Z", "citizen"); status != 200 || json.Unmarshal(b, &sum) != nil || !sum.At.Equal(local(2020, time.October, 8, 23, 0)) {
		t.Errorf("a past instant: %d %s", status, sum.At)
	}
	if status, _ := fetch(t, url+"?at=gestern", "citizen"); status != 422 {
		t.Errorf("a bad instant: %d", status)
	}
	if status, _ := fetch(t, url, "anonymous"); status != 401 && status != 403 {
		t.Errorf("a visitor: %d", status)
	}
}

// BenchmarkSummaryOverHTTP is the whole request, with nothing remembered from
// the one before; .../past asks for instants of the last seven days.
func BenchmarkSummaryOverHTTP(b *testing.B) {
	now := local(2025, time.October, 29, 18, 3)
	c := play(b, scenario.DaNang202510, now)
	url := c.serve(b)
	ds := c.s.Stations[0].Datastream
	b.Run("live", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			c.Observe([]sensing.Observation{{Datastream: ds, Time: now.Add(time.Duration(i) * time.Millisecond)}})
			fetch(b, url, "duty")
		}
	})
	b.Run("past", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			fetch(b, url+"?at="+now.Add(-time.Duration(i%10_000)*time.Minute).UTC().Format(time.RFC3339), "duty")
		}
	})
	b.Run("older", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			fetch(b, url+"?at="+now.Add(-8*24*time.Hour-time.Duration(i)*time.Second).UTC().Format(time.RFC3339), "duty")
		}
	})
}

func BenchmarkWarm(b *testing.B) {
	c := play(b, scenario.DaNang202510, local(2025, time.October, 29, 18, 3))
	for b.Loop() {
		if err := c.Warm(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
