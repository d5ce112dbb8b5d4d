package station_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/blob"
	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/series"
	"openioc.org/ioc/internal/source"
	"openioc.org/ioc/internal/station"
)

var (
	now   = time.Date(2026, 9, 3, 5, 0, 0, 0, time.UTC) // noon in Đà Nẵng
	shift = 311 * 24 * time.Hour
)

type register struct {
	things  []*sensing.Thing
	streams []*sensing.Datastream
}

func (r *register) Things() []*sensing.Thing { return r.things }
func (r *register) Thing(id string) (*sensing.Thing, bool) {
	for _, t := range r.things {
		if t.ID == id {
			return t, true
		}
	}
	return nil, false
}
func (r *register) DatastreamsOf(thing string) (out []*sensing.Datastream) {
	for _, d := range r.streams {
		if d.ThingID == thing {
			out = append(out, d)
		}
	}
	return out
}
func (r *register) Datastream(id string) (*sensing.Datastream, bool) {
	for _, d := range r.streams {
		if d.ID == id {
			return d, true
		}
	}
	return nil, false
}
func (r *register) ThingPlace(id string) (float64, float64, string, bool) {
	return 108.2, 16.1, "20263", id != "lost"
}

type senders map[string]source.Source

func (s senders) Get(id string) (source.Source, bool) { v, ok := s[id]; return v, ok }

type fixture struct {
	*station.Service
	db    *series.DB
	files *blob.Store
	url   string
	log   *bytes.Buffer
}

// open makes three stations: a rain gauge with two days of 0.2 mm each ten
// minutes (reconstructed, shifted), a level with hourly readings and a
// correction, and one without readings whose name is a formula.
func open(t *testing.T) *fixture {
	t.Helper()
	reg := &register{
		things: []*sensing.Thing{
			{ID: "gauge-1", Name: "Suối Đá", Properties: map[string]any{"kind": "rain_gauge", "code": "r1"}},
			{ID: "river-1", Name: "Ái Nghĩa", Properties: map[string]any{"kind": "river_station", "river": "Vu Gia"}},
			{ID: "lost", Name: "=HYPERLINK(\"http://evil\")"},
		},
		streams: []*sensing.Datastream{
			{ID: "gauge-1-rain", ThingID: "gauge-1", ObservedPropertyID: sensing.Rain, SourceID: "demo", Resolution: 0.1, Rhythm: 10 * time.Minute, Unit: sensing.UnitOfMeasurement{Symbol: "mm"}},
			{ID: "river-1-level", ThingID: "river-1", ObservedPropertyID: sensing.WaterLevel, SourceID: "real", Resolution: 0.01, Rhythm: time.Hour, Unit: sensing.UnitOfMeasurement{Symbol: "m"}},
			{ID: "lost-level", ThingID: "lost", ObservedPropertyID: sensing.WaterLevel, Resolution: 0.01, Unit: sensing.UnitOfMeasurement{Symbol: "m"}},
		},
	}
	f := &fixture{log: &bytes.Buffer{}}
	var err error
	if f.db, err = series.Open(series.Options{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.db.Close() })
	var batch []series.Sample
	for _, d := range reg.streams {
		if err := f.db.Define(series.Meta{ID: d.ID, Metric: d.ObservedPropertyID, Resolution: d.Resolution}); err != nil {
			t.Fatal(err)
		}
	}
	for at := now.Add(-48*time.Hour + 10*time.Minute); !at.After(now); at = at.Add(10 * time.Minute) {
		batch = append(batch, series.Sample{ID: "gauge-1-rain", T: at.UnixMilli(), V: 0.2, Flags: sensing.Estimated, Received: at.UnixMilli()})
	}
	for i := range 48 {
		at := now.Add(-time.Duration(47-i) * time.Hour)
		batch = append(batch, series.Sample{ID: "river-1-level", T: at.UnixMilli(), V: float64(i) / 10, Received: at.UnixMilli() + 90_000})
	}
	batch = append(batch, series.Sample{ID: "lost-level", T: now.Add(-time.Hour).UnixMilli(), V: -0.5, Received: now.Add(-time.Hour).UnixMilli()})
	if res, err := f.db.Append(t.Context(), batch); err != nil || res.Stored != len(batch) {
		t.Fatalf("%+v %v", res, err)
	}
	hour := now.Add(-time.Hour).UnixMilli()
	f.db.Correct("river-1-level", []series.Correction{{From: hour, To: hour, Value: 9}, {From: now.UnixMilli(), To: now.UnixMilli(), Exclude: true}})

	if f.files, err = blob.Open(blob.Options{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.files.Close() })
	f.Service, err = station.New(station.Options{
		Catalog: reg, Series: f.db, Files: f.files, Clock: clock.Manual(now),
		Sources:  senders{"demo": {ID: "demo", Name: "Đà Nẵng 10/2025", Provenance: source.Reconstructed}, "real": {ID: "real", Name: "Đài", Provenance: source.Real}},
		UnitName: func(code string) string { return map[string]string{"20263": "Sơn Trà"}[code] },
		Thresholds: func(thing, _ string, _ time.Time) []sensing.Threshold {
			if thing != "river-1" {
				return nil
			}
			return []sensing.Threshold{{Level: 3, Value: 9}}
		},
		Original: func(id string, t time.Time) (time.Time, bool) { return t.Add(-shift), id == "demo" },
	})
	if err != nil {
		t.Fatal(err)
	}
	api, srv := httpapi.NewTestAPI(func(_ context.Context, token string) (access.Actor, bool) {
		role, name, _ := strings.Cut(token, ":")
		return access.Actor{ID: role + name, Roles: []access.Role{access.Role(role)}}, true
	})
	t.Cleanup(srv.Close)
	f.Routes(api)
	f.url = srv.URL + "/api/v1"
	return f
}

func (f *fixture) do(t *testing.T, method, path, token, body string) (int, []byte, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, f.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, b, res.Header
}

func (f *fixture) get(t *testing.T, path, token string, want int, into any) {
	t.Helper()
	status, b, _ := f.do(t, http.MethodGet, path, token, "")
	if status != want {
		t.Fatalf("GET %s: %d %s", path, status, b)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatalf("GET %s: %v: %s", path, err, b)
	}
}

func TestStations(t *testing.T) {
	f := open(t)
	var list struct{ Stations []station.Station }
	f.get(t, "/stations", "citizen", 200, &list)
	if len(list.Stations) != 3 || list.Stations[1].Name != "Ái Nghĩa" || list.Stations[2].Name != "Suối Đá" {
		t.Errorf("order: %+v", list.Stations)
	}
	for q, want := range map[string]int{"suoi%20da": 1, "SUỐI": 1, "son%20tra": 2, "vu%20gia": 1, "r1": 1, "nowhere": 0} {
		if f.get(t, "/stations?q="+q, "citizen", 200, &list); len(list.Stations) != want {
			t.Errorf("%s finds %d, want %d", q, len(list.Stations), want)
		}
	}
	var st station.Station
	f.get(t, "/stations/gauge-1", "duty", 200, &st)
	d := st.Datastreams[0]
	if d.Last == nil || d.Last.V != 0.2 || d.Last.Flags[0] != "estimated" || d.Provenance != "reconstructed" || !d.Last.Original.Equal(now.Add(-shift)) || d.ShiftSeconds != shift.Seconds() {
		t.Errorf("%+v %+v", d, d.Last)
	}
	f.get(t, "/stations/river-1", "duty", 200, &st)
	if len(st.Datastreams[0].Thresholds) != 1 || st.UnitName != "Sơn Trà" {
		t.Errorf("%+v", st)
	}
	var p httpapi.ProblemDetail
	f.get(t, "/stations/none", "duty", 404, &p)
	f.get(t, "/stations", "", 401, &p)
}

func TestChart(t *testing.T) {
	f := open(t)
	span := "?from=" + now.Add(-24*time.Hour).Format(time.RFC3339) + "&to=" + now.Format(time.RFC3339)
	var c station.Chart
	f.get(t, "/datastreams/gauge-1-rain/series"+span, "citizen", 200, &c)
	if c.Agg != "raw" || c.StepSeconds != 0 || len(c.Points) != 145 || !c.Estimated || c.Provenance != "reconstructed" || c.ShiftSeconds != shift.Seconds() || c.FlagsLegend[0] != "estimated" {
		t.Errorf("raw: %s %v, %d points, %+v", c.Agg, c.StepSeconds, len(c.Points), c.FlagsLegend)
	}
	f.get(t, "/datastreams/gauge-1-rain/series"+span+"&points=24", "citizen", 200, &c)
	if c.Agg != "sum" || c.StepSeconds != 3600 || len(c.Points) != 24 || c.Points[5].V != 1.2 || c.Points[5].N != 6 || !c.Estimated {
		t.Errorf("hourly: %s %v, %d points, %+v", c.Agg, c.StepSeconds, len(c.Points), c.Points[5])
	}
	f.get(t, "/datastreams/river-1-level/series"+span+"&points=6", "citizen", 200, &c)
	if c.Agg != "mean" || c.StepSeconds != 6*3600 || c.Estimated {
		t.Errorf("mean: %s %v", c.Agg, c.StepSeconds)
	}
	last := c.Points[len(c.Points)-1]
	if last.Max != 9 || last.Flags&sensing.Corrected == 0 {
		t.Errorf("the correction is not in the chart: %+v", last)
	}
	f.get(t, "/datastreams/river-1-level/series?from=2026-09-01T00:00:00Z&to=2026-09-03T06:00:00Z&agg=raw", "citizen", 200, &c)
	if len(c.Points) != 47 {
		t.Errorf("an excluded reading is drawn: %d points", len(c.Points))
	}
	var p httpapi.ProblemDetail
	f.get(t, "/datastreams/none/series", "duty", 404, &p)
	f.get(t, "/datastreams/river-1-level/series?from=2026-09-03T06:00:00Z&to=2026-09-01T00:00:00Z", "duty", 400, &p)
	f.get(t, "/datastreams/river-1-level/series?agg=magic", "duty", 422, &p)
	f.get(t, "/datastreams/river-1-level/series?from=1900-01-01T00:00:00Z", "duty", 400, &p)
}

func TestTablePagesBackThroughTime(t *testing.T) {
	f := open(t)
	var all []station.Row
	cursor := ""
	for page := range 20 {
		var tb station.Table
		f.get(t, "/datastreams/river-1-level/observations?limit=10"+cursor, "duty", 200, &tb)
		all = append(all, tb.Observations...)
		if tb.Next == "" {
			if page != 4 {
				t.Errorf("%d pages, want 5", page+1)
			}
			break
		}
		cursor = "&cursor=" + tb.Next
	}
	if len(all) != 48 {
		t.Fatalf("%d rows, want 48", len(all))
	}
	for i := 1; i < len(all); i++ {
		if !all[i].T.Before(all[i-1].T) {
			t.Fatalf("row %d is not older than the one before", i)
		}
	}
	if all[0].V != nil || all[0].RawV != 4.7 {
		t.Errorf("excluded: %+v", all[0])
	}
	if *all[1].V != 9 || all[1].RawV != 4.6 || all[1].Flags[0] != "corrected" || all[1].Received.Sub(all[1].T) != 90*time.Second {
		t.Errorf("corrected: %+v", all[1])
	}
	var p httpapi.ProblemDetail
	f.get(t, "/datastreams/river-1-level/observations", "citizen", 403, &p)
}

// readCSV skips the notes and gives the rows by column.
func readCSV(t *testing.T, b []byte) (notes string, rows []map[string]string) {
	t.Helper()
	text, ok := strings.CutPrefix(string(b), "\ufeff")
	if !ok {
		t.Fatal("no byte order mark")
	}
	for strings.HasPrefix(text, "#") {
		line, rest, _ := strings.Cut(text, "\r\n")
		notes, text = notes+line+"\n", rest
	}
	recs, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range recs[1:] {
		m := map[string]string{}
		for i, h := range recs[0] {
			m[h] = r[i]
		}
		rows = append(rows, m)
	}
	return notes, rows
}

func TestExportStreamsCSV(t *testing.T) {
	f := open(t)
	span := "&from=" + now.Add(-24*time.Hour).Format(time.RFC3339) + "&to=" + now.Format(time.RFC3339)
	status, b, h := f.do(t, http.MethodGet, "/export?datastreams=gauge-1-rain,river-1-level,lost-level"+span, "leader", "")
	if status != 200 || !strings.HasPrefix(h.Get("Content-Type"), "text/csv") || !strings.Contains(h.Get("Content-Disposition"), "attachment") {
		t.Fatalf("%d %v %s", status, h, b)
	}
	notes, rows := readCSV(t, b)
	if !strings.Contains(notes, "TÁI DỰNG") || !strings.Contains(notes, "dời thời gian") {
		t.Errorf("notes: %s", notes)
	}
	if len(rows) != 144+24+1 {
		t.Errorf("%d rows", len(rows))
	}
	first, last := rows[0], rows[len(rows)-1]
	if first["Thời gian (giờ Việt Nam)"] != "2026-09-02 12:00:00" || first["Thời gian gốc (giờ Việt Nam)"] != "2025-10-26 12:00:00" ||
		first["Giá trị"] != "0.2" || first["Cờ chất lượng"] != "estimated" || first["Nguồn gốc"] != "tái dựng" {
		t.Errorf("%v", first)
	}
	if !strings.HasPrefix(last["Trạm"], "'=") || last["Giá trị"] != "-0.5" {
		t.Errorf("a formula went out: %v", last)
	}
	var p httpapi.ProblemDetail
	f.get(t, "/export?datastreams=gauge-1-rain"+span, "citizen", 403, &p)
	f.get(t, "/export?datastreams=nothing"+span, "leader", 404, &p)
	f.get(t, "/export?datastreams=gauge-1-rain&format=pdf", "leader", 422, &p)
	f.get(t, "/export?datastreams=gauge-1-rain&from=2016-12-31T00:00:00Z", "leader", 413, &p)
}

func TestExportJob(t *testing.T) {
	f := open(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	old, err := f.files.Put(ctx, "export/left-over.csv", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"datastreams":["gauge-1-rain","lost-level"],"from":%q,"to":%q,"format":"xlsx"}`, "2017-01-01T00:00:00Z", now.Add(time.Minute).Format(time.RFC3339))
	status, b, _ := f.do(t, http.MethodPost, "/exports?lang=en", "leader", body)
	var j station.Job
	if err := json.Unmarshal(b, &j); err != nil || status != 202 || j.State != station.Queued {
		t.Fatalf("%d %s %v", status, b, err)
	}
	if status, _, _ := f.do(t, http.MethodGet, "/exports/"+j.ID+"/file", "leader", ""); status != 409 {
		t.Errorf("the file of a waiting job: %d", status)
	}
	var p httpapi.ProblemDetail
	f.get(t, "/exports/"+j.ID, "leader:other", 404, &p)

	go func() { done <- f.Run(ctx) }()
	deadline := time.Now().Add(20 * time.Second)
	for j.State != station.Done {
		if f.get(t, "/exports/"+j.ID, "leader", 200, &j); j.State == station.Failed || time.Now().After(deadline) {
			t.Fatalf("%+v", j)
		}
	}
	if j.Rows != 289 || j.Progress != 1 {
		t.Errorf("%+v", j)
	}
	_, b, h := f.do(t, http.MethodGet, strings.TrimPrefix(j.URL, "/api/v1"), "leader", "")
	x, err := excelize.OpenReader(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("%v (%s)", err, h.Get("Content-Type"))
	}
	defer x.Close()
	rows, err := x.GetRows("Data 1")
	if err != nil || len(rows) != 290 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if rows[289][0] != "=HYPERLINK(\"http://evil\")" || rows[289][4] != "-0.5" {
		t.Errorf("%v", rows[289])
	}
	if formula, err := x.GetCellFormula("Data 1", "A290"); err != nil || formula != "" {
		t.Errorf("a formula went out: %q %v", formula, err)
	}
	about, err := x.GetCellValue("About", "A4")
	if err != nil || !strings.Contains(about, "RECONSTRUCTED") {
		t.Errorf("about: %q %v", about, err)
	}
	if _, _, err := f.files.Get(ctx, old.Key); err == nil {
		t.Error("a file of an earlier run is still there")
	}
	cancel()
	<-done
}

func TestNothingIsExportedTwiceOrForgotten(t *testing.T) {
	f := open(t)
	actor := access.System("test")
	if _, err := f.Export(context.Background(), actor, station.Request{Format: station.CSV, Lang: msg.Vi}); err == nil {
		t.Error("an export of nothing was taken")
	}
	full := false
	for range 200 {
		_, err := f.Export(context.Background(), actor, station.Request{Datastreams: []string{"gauge-1-rain"}, From: now.Add(-time.Hour), To: now, Format: station.CSV})
		if err != nil {
			full = true
			break
		}
	}
	if !full {
		t.Error("the queue has no end")
	}
}
