package sta_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
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

var (
	dawn = time.Date(2020, 10, 19, 0, 0, 0, 0, time.UTC)
	noon = dawn.Add(12 * time.Hour)
)

// city is a small one: Lệ Thủy with level and rain, Đồng Hới with level, and a
// tower in Hải Châu that has said nothing yet.
type city struct {
	t       testing.TB
	catalog *catalog.Catalog
	series  *series.DB
	sta     *sta.Service
	server  *httptest.Server
}

var tokens = map[string]access.Actor{
	"admin":   {ID: "u1", Name: "Quản trị", Roles: []access.Role{access.Admin}},
	"duty":    {ID: "u2", Name: "Trực ban", Roles: []access.Role{access.Duty}},
	"citizen": {ID: "u3", Roles: []access.Role{access.Citizen}},
	"device":  {ID: "source:kttv", Roles: []access.Role{access.Device}, Source: "kttv"},
}

func station(id, name, kind string, lon, lat float64, ds ...sensing.Datastream) catalog.Station {
	return catalog.Station{
		Thing: sensing.Thing{ID: id, Name: name, Description: "Trạm " + name, Properties: map[string]any{"kind": kind, "code": strings.ToUpper(id)}},
		Lon:   lon, Lat: lat, Datastreams: ds,
		Sensors: []sensing.Sensor{{ID: "radar", Name: "Radar mực nước", EncodingType: "text/html", Metadata: "https://example.org/radar"}},
	}
}

func stream(id, property, symbol string) sensing.Datastream {
	return sensing.Datastream{ID: id, Name: id, SensorID: "radar", ObservedPropertyID: property, SourceID: "kttv", Key: id,
		Unit: sensing.UnitOfMeasurement{Name: symbol, Symbol: symbol}, Resolution: 0.01, Rhythm: time.Hour}
}

func newCity(t testing.TB) *city {
	t.Helper()
	ctx := context.Background()
	c := &city{t: t, series: seriestest.Open(t)}
	clk := clock.Manual(noon)
	var err error
	if c.catalog, err = catalog.New(storetest.SQLite(t, clk), c.series, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if err := c.catalog.Load(ctx); err != nil {
		t.Fatal(err)
	}
	sky := stream("le-thuy.sky", sensing.Rain, "")
	sky.ObservationType = catalog.OMCategory
	if err := c.catalog.Apply(ctx, access.System("test"),
		station("dong-hoi", "Đồng Hới", "river", 106.62, 17.47, stream("dong-hoi.level", sensing.WaterLevel, "m")),
		station("hai-chau", "Tháp Hải Châu", "tower", 108.22, 16.06, stream("hai-chau.depth", sensing.FloodDepth, "m")),
		station("le-thuy", "Lệ Thủy", "river", 106.79, 17.21,
			stream("le-thuy.level", sensing.WaterLevel, "m"), stream("le-thuy.rain", sensing.Rain, "mm"), sky),
	); err != nil {
		t.Fatal(err)
	}
	// Hour by hour: Lệ Thủy rises to 4.88 m at 06:00, Đồng Hới by 0.1 m.
	for i, v := range []float64{3.10, 3.45, 3.90, 4.20, 4.55, 4.80, 4.88, 4.87, 4.70, 4.40} {
		at := dawn.Add(time.Duration(i) * time.Hour).UnixMilli()
		f := sensing.Flags(0)
		if i == 3 {
			f = sensing.Estimated | sensing.Late
		}
		c.append(series.Sample{ID: "le-thuy.level", T: at, V: v, Flags: f, Received: at + 120_000},
			series.Sample{ID: "dong-hoi.level", T: at, V: 1 + float64(i)/10, Received: at},
			series.Sample{ID: "le-thuy.rain", T: at, V: float64(i % 4), Received: at})
	}
	if _, err := c.catalog.AppendTexts(ctx, []catalog.TextObservation{
		{Datastream: "le-thuy.sky", Time: dawn, Result: "mưa rất to", Received: dawn},
		{Datastream: "le-thuy.sky", Time: dawn.Add(6 * time.Hour), Result: "tạnh", Received: dawn.Add(6 * time.Hour)},
	}); err != nil {
		t.Fatal(err)
	}
	c.sta = sta.New(c.catalog, c.series, clk, slog.New(slog.DiscardHandler))
	c.sta.Accept = func(ctx context.Context, _ access.Actor, source string, rs []sensing.Reading) ([]error, error) {
		return c.take(ctx, rs)
	}
	c.server = httptest.NewServer(httpapi.Chain(c.sta, httpapi.Options{Authenticate: func(_ context.Context, token string) (access.Actor, bool) {
		a, ok := tokens[token]
		return a, ok
	}}))
	t.Cleanup(c.server.Close)
	return c
}

func (c *city) append(s ...series.Sample) {
	c.t.Helper()
	if res, err := c.series.Append(context.Background(), s); err != nil || res.Stored != len(s) {
		c.t.Fatal(res, err)
	}
}

// take stands for the road: it stores at once.
func (c *city) take(ctx context.Context, rs []sensing.Reading) ([]error, error) {
	for _, r := range rs {
		if r.Text != "" {
			if _, err := c.catalog.AppendTexts(ctx, []catalog.TextObservation{{Datastream: r.Datastream, Time: r.Time, Result: r.Text, Received: noon}}); err != nil {
				return nil, err
			}
			continue
		}
		var f sensing.Flags
		if r.Quality != "" {
			f = sensing.ParseFlag(r.Quality)
		}
		if _, err := c.series.Append(ctx, []series.Sample{{ID: r.Datastream, T: r.Time.UnixMilli(), V: r.Value, Flags: f, Received: noon.UnixMilli()}}); err != nil {
			return nil, err
		}
	}
	return make([]error, len(rs)), nil
}

// do sends a request and decodes the answer.
func (c *city) do(token, method, path, body string) (int, http.Header, any) {
	c.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = c.server.URL + sta.Prefix + path
	}
	base, query, _ := strings.Cut(path, "?")
	base = strings.NewReplacer(" ", "%20").Replace(base)
	// As a browser would: blanks and letters are escaped, ' $ ( ) ; = stay.
	var q strings.Builder
	for _, b := range []byte(query) {
		if b <= ' ' || b >= 0x7f || b == '"' || b == '<' || b == '>' {
			fmt.Fprintf(&q, "%%%02X", b)
		} else {
			q.WriteByte(b)
		}
	}
	req, err := http.NewRequest(method, base, bytes.NewReader([]byte(body)))
	if err != nil {
		c.t.Fatal(err)
	}
	req.URL.RawQuery = q.String()
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept-Language", "en")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if strings.Contains(res.Header.Get("Content-Type"), "json") {
		var v any
		if err := json.Unmarshal(raw, &v); err != nil {
			c.t.Fatalf("%s %s answered %s: %v", method, path, raw, err)
		}
		return res.StatusCode, res.Header, v
	}
	return res.StatusCode, res.Header, string(raw)
}

// get asks as the duty officer and wants 200.
func (c *city) get(path string) any {
	c.t.Helper()
	status, _, v := c.do("duty", "GET", path, "")
	if status != http.StatusOK && status != http.StatusNoContent {
		c.t.Fatalf("GET %s: %d %v", path, status, v)
	}
	return v
}

// at goes into decoded JSON: names and numbers.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

// ids lists the ids of a collection, or the values of another property.
func ids(v any, property ...string) string {
	name := "@iot.id"
	if len(property) > 0 {
		name = property[0]
	}
	list, _ := at(v, "value").([]any)
	out := []string{}
	for _, x := range list {
		out = append(out, fmt.Sprint(at(x, name)))
	}
	return strings.Join(out, " ")
}

func compact(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
