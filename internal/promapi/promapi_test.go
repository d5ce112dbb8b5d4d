package promapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/catalog"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/promapi"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/series/seriestest"
	"openioc.org/ioc/internal/store/storetest"
)

// Rain of 18/10/2020, 00:00 to 23:00 local time, mm in the hour: the real
// gauges Kiến Giang and Lệ Thủy (FSMaRT 2022, Nhật Lệ basin).
var (
	kienGiang = []float64{2.6, 23.4, 10.4, 8.2, 5.2, 0.2, 2.4, 6.8, 1.6, 0.0, 1.4, 0.8, 12.0, 0.2, 21.0, 53.4, 59.8, 3.6, 7.2, 24.4, 11.0, 9.8, 4.2, 6.0}
	leThuy    = []float64{1.4, 8.8, 2.6, 8.8, 10.4, 11.2, 8.4, 3.2, 12.2, 25.2, 15.8, 24.8, 4.4, 3.6, 0.0, 10.4, 2.6, 5.6, 8.2, 4.4, 6.0, 12.2, 7.0, 36.4}
)

var midnight = time.Date(2020, 10, 17, 17, 0, 0, 0, time.UTC) // 18/10 00:00 in Đà Nẵng

type house struct {
	t      *testing.T
	server *httptest.Server
	series *series.DB
}

func newHouse(t *testing.T) *house {
	t.Helper()
	ctx := context.Background()
	h := &house{t: t, series: seriestest.Open(t)}
	clk := clock.Manual(midnight.Add(23*time.Hour + 30*time.Minute))
	log := slog.New(slog.DiscardHandler)
	c, err := catalog.New(storetest.SQLite(t, clk), h.series, log)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Load(ctx); err != nil {
		t.Fatal(err)
	}
	gauge := func(id, name string, ds ...sensing.Datastream) catalog.Station {
		return catalog.Station{Thing: sensing.Thing{ID: id, Name: name, Properties: map[string]any{"kind": "rain"}}, Lon: 106.7, Lat: 17.1,
			Sensors: []sensing.Sensor{{ID: "gauge", Name: "Thùng đo mưa", EncodingType: "text/html"}}, Datastreams: ds}
	}
	ds := func(id, property, symbol string, rhythm time.Duration) sensing.Datastream {
		return sensing.Datastream{ID: id, Name: id, SensorID: "gauge", ObservedPropertyID: property, Unit: sensing.UnitOfMeasurement{Symbol: symbol},
			SourceID: "nhat-le", Resolution: 0.1, Rhythm: rhythm}
	}
	if err := c.Apply(ctx, access.System("test"),
		gauge("kien-giang", "Kiến Giang", ds("kien-giang.rain", sensing.Rain, "mm", time.Hour)),
		gauge("le-thuy", "Lệ Thủy", ds("le-thuy.rain", sensing.Rain, "mm", time.Hour), ds("le-thuy.level", sensing.WaterLevel, "m", 6*time.Hour)),
	); err != nil {
		t.Fatal(err)
	}
	var all []series.Sample
	for i := range kienGiang {
		at := midnight.Add(time.Duration(i) * time.Hour).UnixMilli()
		all = append(all, series.Sample{ID: "kien-giang.rain", T: at, V: kienGiang[i], Received: at}, series.Sample{ID: "le-thuy.rain", T: at, V: leThuy[i], Received: at})
		if i%6 == 0 {
			all = append(all, series.Sample{ID: "le-thuy.level", T: at, V: 3 + float64(i)/10, Received: at})
		}
	}
	if res, err := h.series.Append(ctx, all); err != nil || res.Stored != len(all) {
		t.Fatal(res, err)
	}
	s := promapi.New(promapi.Options{Series: h.series, Catalog: c, Clock: clk, Logger: log, Version: "test"})
	h.server = httptest.NewServer(httpapi.Chain(s, httpapi.Options{Authenticate: func(_ context.Context, token string) (access.Actor, bool) {
		role := access.Role(token)
		return access.Actor{ID: token, Roles: []access.Role{role}}, role == access.Duty || role == access.Citizen
	}}))
	t.Cleanup(h.server.Close)
	return h
}

type answer struct {
	Status, ErrorType, Error, Code string
	Position                       int
	Warnings                       []string
	Data                           json.RawMessage
}

func (h *house) do(token, method, path string, form url.Values) (int, answer) {
	h.t.Helper()
	target, body := h.server.URL+promapi.Prefix+path, ""
	if method == http.MethodPost {
		body = form.Encode()
	} else if len(form) > 0 {
		target += "?" + form.Encode()
	}
	req, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept-Language", "en")
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	var a answer
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		h.t.Fatalf("%s %s: %v", method, path, err)
	}
	return res.StatusCode, a
}

func form(kv ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		v.Add(kv[i], kv[i+1])
	}
	return v
}

// values lists what an instant query found, "datastream=value".
func (h *house) values(query, at string) string {
	h.t.Helper()
	status, a := h.do("duty", "POST", "/query", form("query", query, "time", at))
	if status != 200 || a.Status != "success" {
		h.t.Fatalf("%s: %d %+v", query, status, a)
	}
	var data struct {
		ResultType string
		Result     json.RawMessage
	}
	if err := json.Unmarshal(a.Data, &data); err != nil {
		h.t.Fatal(err)
	}
	if data.ResultType != "vector" {
		return data.ResultType + string(data.Result)
	}
	var list []struct {
		Metric map[string]string
		Value  [2]any
	}
	if err := json.Unmarshal(data.Result, &list); err != nil {
		h.t.Fatal(err)
	}
	var out []string
	for _, s := range list {
		out = append(out, strings.TrimPrefix(fmt.Sprintf("%s=%v", s.Metric["datastream"], s.Value[1]), "="))
	}
	return strings.Join(out, " ")
}

func TestQuery_KnownAnswers(t *testing.T) {
	h := newHouse(t)
	const end = "2020-10-18T23:00:00+07:00"
	for _, q := range []struct{ query, at, want string }{
		// The day's rain, summed by hand from the file: 275.6 and 233.6 mm.
		{"round(sum_over_time(rain[24h]), 0.1)", end, "kien-giang.rain=275.6 le-thuy.rain=233.6"},
		{"round(sum(sum_over_time(rain[24h])), 0.1)", end, "509.2"},
		{"max_over_time(rain[1d])", end, "kien-giang.rain=59.8 le-thuy.rain=36.4"},
		{`count_over_time(rain{name="Kiến Giang"}[3h])`, end, "kien-giang.rain=3"},
		{`round(sum_over_time(rain{thing="le-thuy"}[3h]), 0.1)`, end, "le-thuy.rain=55.6"},
		{`topk(1, sum_over_time(rain[6h]))`, end, "le-thuy.rain=74.2"},
		{`round(avg_over_time(rain{unit="mm",source="nhat-le"}[2h]) * 10)`, "2020-10-18T16:30:00+07:00", "kien-giang.rain=566 le-thuy.rain=65"},
		{"rain", end, "kien-giang.rain=6 le-thuy.rain=36.4"},
		{"rain > 10", end, "le-thuy.rain=36.4"},
		{"rain offset 7h", end, "kien-giang.rain=59.8 le-thuy.rain=2.6"},
		{"rain @ 1602954000", end, "kien-giang.rain=2.6 le-thuy.rain=1.4"},
		{"1 + 1", end, `scalar[1603036800,"2"]`},
		{`"chữ"`, end, `string[1603036800,"chữ"]`},
		// An hourly gauge answers for 2.5 hours, one of every six for 15.
		{"rain", "2020-10-19T01:29:00+07:00", "kien-giang.rain=6 le-thuy.rain=36.4"},
		{"rain", "2020-10-19T01:31:00+07:00", ""},
		{"water_level", "2020-10-19T08:59:00+07:00", "le-thuy.level=4.8"},
		{"water_level", "2020-10-19T09:01:00+07:00", ""},
		// rate is of counters; of hourly sums it is only arithmetic.
		{`deriv(water_level[12h]) * 3600`, end, "le-thuy.level=0.1"},
	} {
		got := h.values(q.query, q.at)
		if got != q.want && !close(got, q.want) {
			t.Errorf("%s at %s\n got %s\nwant %s", q.query, q.at, got, q.want)
		}
	}
}

// close forgives the last digits of one floating-point value.
func close(got, want string) bool {
	a, x, ok1 := strings.Cut(got, "=")
	b, y, ok2 := strings.Cut(want, "=")
	var f, g float64
	n1, _ := fmt.Sscanf(x, "%g", &f)
	n2, _ := fmt.Sscanf(y, "%g", &g)
	return ok1 && ok2 && a == b && n1 == 1 && n2 == 1 && f-g < 1e-9 && g-f < 1e-9
}

func TestQueryRange(t *testing.T) {
	h := newHouse(t)
	_, a := h.do("duty", "GET", "/query_range", form("query", `rain{datastream="kien-giang.rain"}`, "start", "2020-10-18T14:00:00+07:00", "end", "2020-10-18T17:00:00+07:00", "step", "1h"))
	want := `{"resultType":"matrix","result":[{"metric":{"__name__":"rain","datastream":"kien-giang.rain","kind":"rain","name":"Kiến Giang","source":"nhat-le","thing":"kien-giang","unit":"mm"},` +
		`"values":[[1603004400,"21"],[1603008000,"53.4"],[1603011600,"59.8"],[1603015200,"3.6"]]}]}`
	if got := string(a.Data); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestLabels(t *testing.T) {
	h := newHouse(t)
	for _, q := range []struct {
		path string
		form url.Values
		want string
	}{
		{"/labels", nil, `["__name__","datastream","kind","name","source","thing","unit"]`},
		{"/labels", form("match[]", `water_level{kind="none"}`), `[]`},
		{"/label/name/values", nil, `["Kiến Giang","Lệ Thủy"]`},
		{"/label/__name__/values", nil, `["rain","water_level"]`},
		{"/label/datastream/values", form("match[]", "water_level", "match[]", `rain{thing="kien-giang"}`), `["kien-giang.rain","le-thuy.level"]`},
		{"/label/name/values", form("limit", "1"), `["Kiến Giang"]`},
		{"/series", form("match[]", `{unit="m"}`), `[{"__name__":"water_level","datastream":"le-thuy.level","kind":"rain","name":"Lệ Thủy","source":"nhat-le","thing":"le-thuy","unit":"m"}]`},
		{"/metadata", form("metric", "rain"), `{"rain":[{"type":"gauge","help":"Lượng mưa: Mưa rơi kể từ lần đo trước (rain fallen since the previous reading), mm","unit":"mm"}]}`},
		{"/format_query", form("query", "sum(rain)by(thing)"), `"sum by (thing) (rain)"`},
		{"/query_exemplars", form("query", "rain"), `[]`},
	} {
		for _, method := range []string{"GET", "POST"} {
			status, a := h.do("duty", method, q.path, q.form)
			if got := string(a.Data); status != 200 || got != q.want {
				t.Errorf("%s %s?%s\n got %d %s %s\nwant %s", method, q.path, q.form.Encode(), status, got, a.Error, q.want)
			}
		}
	}
	if _, a := h.do("duty", "GET", "/status/buildinfo", nil); !strings.Contains(string(a.Data), `"version":"3.`) {
		t.Errorf("build info %s", a.Data)
	}
}

func TestBadQuestion(t *testing.T) {
	h := newHouse(t)
	for _, q := range []struct {
		path     string
		form     url.Values
		status   int
		kind     string
		code     string
		position int
		says     string
	}{
		{"/query", form("query", "sum(rain"), 400, "bad_data", "promapi.bad_query", 9, "unclosed left parenthesis"},
		{"/query", form("query", `rain{name="Lệ Thủy"} +`), 400, "bad_data", "promapi.bad_query", 23, "unexpected end of input"},
		{"/query", form("query", `rain{name="Lệ Thủy"} + 5 5`), 400, "bad_data", "promapi.bad_query", 26, ""},
		{"/query", form("query", "nofunc(rain)"), 400, "bad_data", "promapi.bad_query", 1, "unknown function"},
		{"/query", form("query", "rain[5m]", "time", "x"), 400, "bad_data", "promapi.bad_parameter", 0, "time"},
		{"/query", nil, 400, "bad_data", "promapi.bad_query", 1, ""},
		{"/query", form("query", strings.Repeat("(", 15000)), 400, "bad_data", "promapi.bad_query", 15001, ""},
		{"/query", form("query", strings.Repeat("(", 20000)), 400, "bad_data", "promapi.query_too_long", 0, "16384"},
		{"/series", form("match[]", `rain{name="`+strings.Repeat("x", 20000)+`"}`), 400, "bad_data", "promapi.query_too_long", 0, "match[]"},
		{"/query", form("query", "rain + on(kind) group_left rain"), 422, "execution", "promapi.execution", 0, "many-to-many"},
		{"/query", form("query", "rain", "lookback_delta", "-5m"), 400, "bad_data", "promapi.bad_parameter", 0, "lookback_delta"},
		{"/query_range", form("query", "rain", "start", "0", "end", "10"), 400, "bad_data", "promapi.bad_parameter", 0, "step"},
		{"/query_range", form("query", "rain", "start", "0", "end", "10", "step", "0"), 400, "bad_data", "promapi.bad_parameter", 0, "step"},
		{"/query_range", form("query", "rain", "start", "0", "end", "1603040400", "step", "1"), 400, "bad_data", "promapi.too_many_steps", 0, "11000"},
		{"/query_range", form("query", "rain", "start", "20", "end", "10", "step", "1"), 400, "bad_data", "promapi.bad_parameter", 0, "end"},
		{"/query_range", form("query", "rain[5m]", "start", "0", "end", "10", "step", "1"), 400, "bad_data", "promapi.bad_query", 1, ""},
		{"/series", nil, 400, "bad_data", "promapi.bad_parameter", 0, "match[]"},
		{"/series", form("match[]", "rain{"), 400, "bad_data", "promapi.bad_query", 6, ""},
		{"/nothing", nil, 404, "not_found", "promapi.no_route", 0, "/nothing"},
	} {
		status, a := h.do("duty", "GET", q.path, q.form)
		if status != q.status || a.Status != "error" || a.ErrorType != q.kind || a.Code != q.code || a.Position != q.position || !strings.Contains(a.Error, q.says) {
			t.Errorf("%s?%.60s\n got %d %+v", q.path, q.form.Encode(), status, a)
		}
	}
}

func TestPermission(t *testing.T) {
	h := newHouse(t)
	for token, want := range map[string]int{"duty": 200, "citizen": 403, "nobody": 401} {
		if status, a := h.do(token, "GET", "/query", form("query", "rain")); status != want || (want != 200 && a.Status != "error") {
			t.Errorf("%s: %d %+v", token, status, a)
		}
	}
	if status, a := h.do("duty", "DELETE", "/query", nil); status != 405 {
		t.Errorf("DELETE: %d %+v", status, a)
	}
}
