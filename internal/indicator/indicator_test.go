package indicator_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/figure"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/indicator"
	"openioc.org/ioc/internal/layer"
	"openioc.org/ioc/internal/msg"
)

var now = time.Date(2026, 9, 3, 4, 0, 0, 0, time.UTC)

func serve(t *testing.T) string {
	t.Helper()
	var layers layer.Registry
	var figures figure.Registry
	v := 12.5
	layers.Add(
		&layer.Layer{
			ID: "rain", Service: "flood", Title: msg.Text{Vi: "Mưa", En: "Rain"}, Geometry: "point", Permission: access.LayerView,
			Features: func(_ context.Context, at time.Time) ([]layer.Feature, error) {
				return []layer.Feature{
					{ID: "a", Name: "Suối Đá", Lon: 108.26, Lat: 16.1, Value: &v, Unit: "mm", AsOf: &at, State: "light", Props: map[string]any{"h1": 1.5}},
					{ID: "b", Name: "Câm", Lon: 108, Lat: 16, State: "no_data", Why: &msg.Text{Vi: "im", En: "silent"}},
				}, nil
			},
		},
		&layer.Layer{ID: "secret", Permission: access.UserView, Features: func(context.Context, time.Time) ([]layer.Feature, error) { return nil, nil }},
	)
	compute := func(err error) func(context.Context, figure.Scope, time.Time) (figure.Figure, error) {
		return func(_ context.Context, sc figure.Scope, at time.Time) (figure.Figure, error) {
			return figure.Figure{Indicator: "x", Value: &v, AsOf: at, Subject: sc.Unit}, err
		}
	}
	figures.Add(
		&figure.Indicator{ID: "second", Permission: access.LayerView, Tile: 2, Compute: compute(nil)},
		&figure.Indicator{ID: "first", Permission: access.LayerView, Tile: 1, Compute: compute(errors.New("broken"))},
		&figure.Indicator{ID: "apart", Permission: access.LayerView, Compute: compute(nil)},
	)
	s, err := indicator.New(indicator.Options{
		Layers: &layers, Figures: &figures, Clock: clock.Manual(now),
		Feeds: []func(context.Context, time.Time, int) ([]figure.Notice, error){func(_ context.Context, at time.Time, _ int) ([]figure.Notice, error) {
			return []figure.Notice{{At: at.Add(-time.Hour), Kind: "rain"}, {At: at, Kind: "river_alarm"}}, nil
		}},
		Sources: func(context.Context) indicator.SourcesState { return indicator.SourcesState{Total: 2, Live: 1} },
	})
	if err != nil {
		t.Fatal(err)
	}
	api, srv := httpapi.NewTestAPI(func(_ context.Context, token string) (access.Actor, bool) {
		return access.Actor{ID: token, Roles: []access.Role{access.Role(token)}}, true
	})
	t.Cleanup(srv.Close)
	s.Routes(api)
	return srv.URL
}

func get(t *testing.T, url, token string, into any) (status int, kind string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return res.StatusCode, res.Header.Get("Content-Type")
}

func TestLayers(t *testing.T) {
	url := serve(t) + "/api/v1/layers"
	var list struct{ Layers []indicator.LayerView }
	if status, _ := get(t, url, "duty", &list); status != 200 || len(list.Layers) != 1 || *list.Layers[0].Count != 2 {
		t.Errorf("%d %+v", status, list)
	}
	var l indicator.LayerAt
	past := now.Add(-24 * time.Hour)
	status, kind := get(t, url+"/rain?at="+past.Format(time.RFC3339), "duty", &l)
	if status != 200 || !strings.HasPrefix(kind, "application/json") || !l.At.Equal(past) || len(l.Features) != 2 || *l.Features[0].Value != 12.5 {
		t.Errorf("%d %s %+v", status, kind, l)
	}
	var geo struct {
		Type     string
		Features []struct {
			Type       string
			Geometry   struct{ Coordinates [2]float64 }
			Properties map[string]any
		}
	}
	status, kind = get(t, url+"/rain.geojson", "duty", &geo)
	if status != 200 || kind != "application/geo+json" || geo.Type != "FeatureCollection" || geo.Features[0].Geometry.Coordinates != [2]float64{108.26, 16.1} ||
		geo.Features[0].Properties["h1"] != 1.5 || geo.Features[1].Properties["value"] != nil {
		t.Errorf("%d %s %+v", status, kind, geo)
	}
	var p httpapi.ProblemDetail
	for _, c := range []struct {
		path, token string
		status      int
	}{{"/nothing", "duty", 404}, {"/secret", "duty", 403}, {"/rain", "", 401}, {"/rain?at=yesterday", "duty", 422}, {"", "", 401}} {
		if status, kind := get(t, url+c.path, c.token, &p); status != c.status || kind != "application/problem+json" || p.Code == "" {
			t.Errorf("%s as %q: %d %s %+v", c.path, c.token, status, kind, p)
		}
	}
}

func TestIndicatorsAndOverview(t *testing.T) {
	url := serve(t) + "/api/v1"
	var list struct{ Indicators []indicator.IndicatorView }
	if status, _ := get(t, url+"/indicators", "citizen", &list); status != 200 || len(list.Indicators) != 3 {
		t.Errorf("%d %+v", status, list)
	}
	var f figure.Figure
	if status, _ := get(t, url+"/indicators/second?unit=20242", "leader", &f); status != 200 || f.Subject != "20242" || !f.AsOf.Equal(now) {
		t.Errorf("%d %+v", status, f)
	}
	var o indicator.Overview
	if status, _ := get(t, url+"/overview", "leader", &o); status != 200 {
		t.Fatal(status)
	}
	if len(o.Tiles) != 2 || o.Tiles[0].Indicator.ID != "first" || o.Tiles[0].Figure.Value != nil || o.Tiles[0].Figure.Why == nil || *o.Tiles[1].Figure.Value != 12.5 {
		t.Errorf("a broken tile must stay alone: %+v", o.Tiles)
	}
	if len(o.Feed) != 2 || o.Feed[0].Kind != "river_alarm" || o.Sources.Total != 2 {
		t.Errorf("%+v", o)
	}
	var p httpapi.ProblemDetail
	if status, _ := get(t, url+"/overview", "", &p); status != 401 {
		t.Errorf("a visitor: %d", status)
	}
}
