package sta_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/series/seriestest"
	"openioc.org/ioc/internal/sta"
	"openioc.org/ioc/internal/store/storetest"
)

// bigCity has as many stations as Đà Nẵng, 175, each with 30 days of one
// reading every ten minutes: 756,000 observations.
func bigCity(b *testing.B) *city {
	b.Helper()
	ctx := context.Background()
	c := &city{t: b, series: seriestest.Open(b)}
	clk := clock.Manual(noon)
	var err error
	if c.catalog, err = catalog.New(storetest.SQLite(b, clk), c.series, slog.New(slog.DiscardHandler)); err != nil {
		b.Fatal(err)
	}
	if err := c.catalog.Load(ctx); err != nil {
		b.Fatal(err)
	}
	var stations []catalog.Station
	for i := range 175 {
		id := fmt.Sprintf("st-%03d", i)
		stations = append(stations, station(id, "Trạm "+id, "river", 108+float64(i)/1000, 16, stream(id+".level", sensing.WaterLevel, "m")))
	}
	if err := c.catalog.Apply(ctx, access.System("bench"), stations...); err != nil {
		b.Fatal(err)
	}
	for at := noon.Add(-30 * 24 * time.Hour); at.Before(noon); at = at.Add(10 * time.Minute) {
		batch := make([]series.Sample, len(stations))
		for i := range batch {
			batch[i] = series.Sample{ID: fmt.Sprintf("st-%03d.level", i), T: at.UnixMilli(), V: float64((at.Minute()+i)%300) / 100, Received: at.UnixMilli()}
		}
		c.append(batch...)
	}
	c.sta = sta.New(c.catalog, c.series, clk, slog.New(slog.DiscardHandler))
	return c
}

func BenchmarkGet(b *testing.B) {
	c := bigCity(b)
	for name, query := range map[string]string{
		"NewestOfEveryDatastream": "/Datastreams?$top=175&$expand=Observations($orderby=phenomenonTime desc;$top=1)",
		"NewestOfEveryThing":      "/Things?$top=175&$expand=Locations,Datastreams($expand=ObservedProperty,Observations($orderby=phenomenonTime desc;$top=1))",
		"Day":                     "/Datastreams('st-007.level')/Observations?$top=1000&$filter=phenomenonTime ge 2020-10-18T12:00:00Z&$select=phenomenonTime,result",
		"CountOfMonth":            "/Datastreams('st-007.level')/Observations?$top=0&$count=true",
		"ResultFilterOverAll":     "/Observations?$filter=result gt 2.98 and phenomenonTime ge 2020-10-17T00:00:00Z&$top=1000",
		"EveryObservation":        "/Observations?$filter=result gt 100",
		"ThingsThatEverHad":       "/Things?$filter=Datastreams/Observations/result gt 100&$select=id",
		"ThingsWithin":            "/Things?$filter=st_within(Locations/location, geography'POLYGON((108 15, 108.1 15, 108.1 17, 108 17, 108 15))')&$select=id",
	} {
		b.Run(name, func(b *testing.B) {
			path, raw, _ := strings.Cut(sta.Prefix+query, "?")
			raw = strings.ReplaceAll(raw, " ", "%20")
			for b.Loop() {
				req := httptest.NewRequest(http.MethodGet, "http://ioc.example/", nil)
				req.URL.Path, req.URL.RawQuery = path, raw
				w := httptest.NewRecorder()
				c.sta.ServeHTTP(w, req.WithContext(httpapi.WithActor(b.Context(), tokens["duty"])))
				if w.Code != 200 {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}
