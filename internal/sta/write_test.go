package sta_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/sensing"
	"openioc.org/ioc/internal/sta"
)

// post creates as the administrator and wants 201.
func (c *city) post(path, body string) any {
	c.t.Helper()
	status, h, v := c.do("admin", "POST", path, body)
	if status != http.StatusCreated {
		c.t.Fatalf("POST %s: %d %v", path, status, compact(v))
	}
	if l := h.Get("Location"); l != "" && l != at(v, "@iot.selfLink") {
		c.t.Errorf("POST %s: Location %s, selfLink %v", path, l, at(v, "@iot.selfLink"))
	}
	return v
}

const deepThing = `{
	"@iot.id": "nam-o", "name": "Nam Ô", "description": "Trạm cầu Nam Ô", "properties": {"kind": "river"},
	"Locations": [{"@iot.id": "nam-o-bridge", "name": "Cầu Nam Ô", "description": "", "encodingType": "application/vnd.geo+json",
		"location": {"type": "Point", "coordinates": [108.13, 16.12]}}],
	"Datastreams": [{
		"@iot.id": "nam-o.salt", "name": "Độ mặn", "description": "", "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
		"unitOfMeasurement": {"name": "gram trên lít", "symbol": "g/L", "definition": "https://ucum.org"},
		"properties": {"source": "lab", "key": "S1", "resolution": 0.1, "rhythm_seconds": 600, "depth": "1 m"},
		"ObservedProperty": {"@iot.id": "salinity", "name": "Độ mặn", "description": "", "definition": "https://example.org/salinity"},
		"Sensor": {"name": "YSI", "description": "", "encodingType": "application/pdf", "metadata": "https://example.org/ysi.pdf"},
		"Observations": [{"phenomenonTime": "2020-10-19T01:00:00Z", "result": 12.3}, {"phenomenonTime": "2020-10-19T02:00:00Z", "result": 12.5}]
	}]
}`

func TestCreate_DeepInsert(t *testing.T) {
	c := newCity(t)
	c.post("/Things", deepThing)
	v := c.get("/Things('nam-o')?$expand=Locations,HistoricalLocations,Datastreams($expand=Sensor,ObservedProperty,Observations)")
	for _, q := range []struct {
		path []any
		want string
	}{
		{[]any{"properties", "kind"}, "river"},
		{[]any{"Locations", 0, "@iot.id"}, "nam-o-bridge"},
		{[]any{"HistoricalLocations", 0, "time"}, "2020-10-19T12:00:00Z"},
		{[]any{"Datastreams", 0, "ObservedProperty", "@iot.id"}, "salinity"},
		{[]any{"Datastreams", 0, "Sensor", "name"}, "YSI"},
		{[]any{"Datastreams", 0, "unitOfMeasurement", "symbol"}, "g/L"},
		{[]any{"Datastreams", 0, "properties", "depth"}, "1 m"},
		{[]any{"Datastreams", 0, "properties", "rhythm_seconds"}, "600"},
		{[]any{"Datastreams", 0, "Observations", 1, "result"}, "12.5"},
	} {
		if got := fmt.Sprint(at(v, q.path...)); got != q.want {
			t.Errorf("%v is %s, want %s", q.path, got, q.want)
		}
	}
	if d, ok := c.catalog.BySource("lab", "S1"); !ok || d.Resolution != 0.1 || d.Rhythm != 10*time.Minute {
		t.Errorf("the datastream of source lab: %+v", d)
	}
}

func TestCreate_IsAllOrNothing(t *testing.T) {
	c := newCity(t)
	broken := strings.Replace(deepThing, `"definition": "https://example.org/salinity"`, `"definition": ""`, 1)
	status, _, v := c.do("admin", "POST", "/Things", broken)
	if status != 422 || at(v, "errors", 0, "path") != "Datastreams[0]/ObservedProperty/definition" {
		t.Fatalf("%d %s", status, compact(v))
	}
	if got := ids(c.get("/Things")) + " " + ids(c.get("/Locations")); strings.Contains(got, "nam-o") {
		t.Errorf("half of it is there: %s", got)
	}
}

func TestCreate_ThroughAnAddress(t *testing.T) {
	c := newCity(t)
	c.post("/Things('hai-chau')/Datastreams", `{"@iot.id":"hai-chau.rain","name":"Mưa","description":"","unitOfMeasurement":{"symbol":"mm"},
		"observationType":"http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement","Sensor":{"@iot.id":"radar"},"ObservedProperty":{"@iot.id":"rain"}}`)
	if got := ids(c.get("/Things('hai-chau')/Datastreams")); got != "hai-chau.depth hai-chau.rain" {
		t.Errorf("datastreams %s", got)
	}
	c.post("/Things('hai-chau')/Locations", `{"@iot.id":"new-place","name":"Nơi mới","description":"","encodingType":"application/geo+json","location":{"type":"Point","coordinates":[108.23,16.07]}}`)
	if got := ids(c.get("/Things('hai-chau')/Locations")) + "," + ids(c.get("/Things('hai-chau')/HistoricalLocations?$expand=Locations"), "time"); got != "new-place,2020-10-19T12:00:00Z 2020-10-19T12:00:00Z" {
		t.Errorf("places %s", got)
	}
	c.post("/Locations('new-place')/Things", `{"@iot.id":"cam","name":"Camera","description":""}`)
	if got := ids(c.get("/Locations('new-place')/Things")); got != "cam hai-chau" {
		t.Errorf("things at the place %s", got)
	}
	c.post("/HistoricalLocations", `{"time":"2019-01-01T00:00:00+07:00","Thing":{"@iot.id":"cam"},"Locations":[{"@iot.id":"le-thuy"}]}`)
	if got := ids(c.get("/Things('cam')/HistoricalLocations"), "time"); got != "2018-12-31T17:00:00Z 2020-10-19T12:00:00Z" {
		t.Errorf("history %s", got)
	}
}

func TestCreate_Observation(t *testing.T) {
	c := newCity(t)
	const path = "/Datastreams('le-thuy.level')/Observations"
	v := c.post(path, `{"phenomenonTime":"2020-10-19T17:00:00+07:00","result":4.1,"resultQuality":["estimated"],"parameters":{"a":1}}`)
	if at(v, "@iot.id") != "le-thuy.level@1603101600000" || at(v, "result") != 4.1 {
		t.Errorf("answered %s", compact(v))
	}
	v = c.get(path + "?$orderby=phenomenonTime desc&$top=1")
	if compact(at(v, "value", 0, "result")) != "4.1" || compact(at(v, "value", 0, "resultQuality")) != `["estimated"]` {
		t.Errorf("newest %s", compact(v))
	}
	v = c.post("/Observations", `{"result":4.05,"Datastream":{"@iot.id":"le-thuy.level"},"FeatureOfInterest":{"@iot.id":"le-thuy"}}`)
	if at(v, "phenomenonTime") != "2020-10-19T12:00:00Z" {
		t.Errorf("without a time it is of %v", at(v, "phenomenonTime"))
	}
	c.post("/Observations", `{"result":"nắng","phenomenonTime":"2020-10-19T11:00:00Z","Datastream":{"@iot.id":"le-thuy.sky"}}`)
	if got := ids(c.get("/Datastreams('le-thuy.sky')/Observations?$orderby=phenomenonTime desc&$top=1"), "result"); got != "nắng" {
		t.Errorf("the sky is %s", got)
	}
	c.post(path, `{"phenomenonTime":"2020-10-19T10:30:00Z","result":4.0,"FeatureOfInterest":{"@iot.id":"flood-mark","name":"Vết lũ","description":"","encodingType":"application/geo+json","feature":{"type":"Point","coordinates":[106.8,17.2]}}}`)
	if got := ids(c.get("/FeaturesOfInterest('flood-mark')/Observations"), "result"); got != "4" {
		t.Errorf("observations about the flood mark: %s", got)
	}
	if got := fmt.Sprint(at(c.get("/Observations('le-thuy.level@1603103400000')/FeatureOfInterest"), "name")); got != "Vết lũ" {
		t.Errorf("the observation is about %s", got)
	}
}

func TestCreate_QuarantinedIsNotCreated(t *testing.T) {
	c := newCity(t)
	c.sta.Accept = func(context.Context, access.Actor, string, []sensing.Reading) ([]error, error) {
		return []error{sta.ErrQuarantined.With()}, nil
	}
	status, h, v := c.do("admin", "POST", "/Datastreams('le-thuy.level')/Observations", `{"result":4.1,"phenomenonTime":"2099-01-01T00:00:00Z"}`)
	if status != http.StatusAccepted || at(v, "code") != "sta.quarantined" || h.Get("Location") != "" {
		t.Errorf("%d %s", status, compact(v))
	}
	if err := c.sta.CreateObservation(context.Background(), tokens["device"], "le-thuy.level", []byte(`{"result":4.1}`)); err != nil {
		t.Errorf("a device is asked to send again: %v", err)
	}
}

func TestCreate_DataArray(t *testing.T) {
	c := newCity(t)
	v := c.post("/CreateObservations", `[
		{"Datastream":{"@iot.id":"le-thuy.level"},"components":["phenomenonTime","result","FeatureOfInterest/id"],"dataArray@iot.count":2,
		 "dataArray":[["2020-10-19T10:00:00Z",4.2,"le-thuy"],["2020-10-19T11:00:00Z","high","le-thuy"]]},
		{"Datastream":{"@iot.id":"dong-hoi.level"},"components":["phenomenonTime","result"],"dataArray":[["2020-10-19T10:00:00Z",2.5],["only one"]]}]`)
	list, _ := v.([]any)
	if len(list) != 4 || list[0] != c.server.URL+"/sta/v1.1/Observations('le-thuy.level@1603101600000')" ||
		!strings.HasPrefix(fmt.Sprint(list[1]), "error: sta.body") || !strings.HasPrefix(fmt.Sprint(list[2]), "http") || !strings.HasPrefix(fmt.Sprint(list[3]), "error") {
		t.Fatalf("answered %s", compact(v))
	}
	if got := ids(c.get("/Observations?$filter=phenomenonTime ge 2020-10-19T10:00:00Z"), "result"); got != "2.5 4.2" {
		t.Errorf("stored %s", got)
	}
}

func TestBadBody(t *testing.T) {
	c := newCity(t)
	const obs = "/Datastreams('le-thuy.level')/Observations"
	for _, q := range []struct {
		path, body string
		status     int
		code, at   string
	}{
		{"/Things", `{"name":`, 400, "sta.json", ""},
		{"/Things", ``, 400, "sta.json", ""},
		{"/Things", strings.Repeat(`{"a":`, 100_000), 400, "sta.json", ""},
		{"/Things", strings.Repeat(`[`, 100_000), 400, "sta.json", ""},
		{"/Things", `"` + strings.Repeat("a", 11<<20), 413, "request.too_large", ""},
		{"/Things", `[]`, 422, "sta.body", ""},
		{"/Things", `{"name":5}`, 422, "sta.body", "name"},
		{"/Things", `{"name":"a","nmae":"b"}`, 422, "sta.body", "nmae"},
		{"/Things", `{"description":"b"}`, 422, "catalog.invalid", "name"},
		{"/Things", `{"name":"a","properties":[]}`, 422, "sta.body", "properties"},
		{"/Things", `{"name":"a","Locations":[{"@iot.id":"nowhere"}]}`, 422, "catalog.invalid", "Locations"},
		{"/Things", `{"@iot.id":"le-thuy","name":"a"}`, 409, "catalog.exists", ""},
		{"/Things", `{"@iot.id":"a'; drop table thing","name":"a"}`, 422, "catalog.invalid", "@iot.id"},
		{"/Locations", `{"name":"a","encodingType":"application/geo+json","location":{"type":"Point","coordinates":[200,16]}}`, 422, "catalog.invalid", "location"},
		{"/Datastreams", `{"name":"a","Thing":{"@iot.id":"none"},"Sensor":{"@iot.id":"radar"},"ObservedProperty":{"@iot.id":"rain"}}`, 422, "catalog.invalid", "Thing"},
		{"/Datastreams", `{"name":"a","properties":{"resolution":"fine"}}`, 422, "sta.body", "properties/resolution"},
		{obs, `{"result":"high"}`, 422, "sta.body", "result"},
		{obs, `{}`, 422, "sta.body", "result"},
		{obs, `{"result":NaN}`, 400, "sta.json", ""},
		{obs, `{"result":1,"phenomenonTime":"yesterday"}`, 422, "sta.body", "phenomenonTime"},
		{"/Observations", `{"result":1}`, 422, "sta.body", "Datastream"},
		{"/Observations", `{"result":1,"Datastream":{"@iot.id":"none"}}`, 422, "sta.body", "Datastream"},
		{"/Things('le-thuy')", `{"name":"a"}`, 400, "sta.method", ""},
		{"/CreateObservations", `{}`, 400, "sta.field", ""},
	} {
		status, _, v := c.do("admin", "POST", q.path, q.body)
		if status != q.status || at(v, "code") != q.code || (q.at != "" && at(v, "errors", 0, "path") != q.at) {
			t.Errorf("POST %s %.80s\n got %d %s", q.path, q.body, status, compact(v))
		}
	}
	if got := ids(c.get("/Things")); got != "dong-hoi hai-chau le-thuy" {
		t.Errorf("things now: %s", got)
	}
}

func TestPatch(t *testing.T) {
	c := newCity(t)
	patch := func(path, body string) any {
		t.Helper()
		status, _, v := c.do("admin", "PATCH", path, body)
		if status != 200 {
			t.Fatalf("PATCH %s: %d %s", path, status, compact(v))
		}
		return v
	}
	v := patch("/Things('le-thuy')", `{"name":"Lệ Thủy (mới)"}`)
	if at(v, "name") != "Lệ Thủy (mới)" || at(v, "description") != "Trạm Lệ Thủy" || at(v, "properties", "kind") != "river" {
		t.Errorf("the thing is %s", compact(v))
	}
	patch("/Things('le-thuy')", `{"Locations":[{"@iot.id":"dong-hoi"}]}`)
	if got := ids(c.get("/Things('le-thuy')/Locations")); got != "dong-hoi" {
		t.Errorf("it is at %s", got)
	}
	// What GET gives can be sent back.
	whole := compact(c.get("/Datastreams('le-thuy.rain')"))
	if got := compact(patch("/Datastreams('le-thuy.rain')", whole)); got != whole {
		t.Errorf("sent back\n%s\nbecame\n%s", whole, got)
	}
	patch("/Datastreams('le-thuy.rain')", `{"ObservedProperty":{"@iot.id":"water_level"},"unitOfMeasurement":{"symbol":"cm"}}`)
	if v := c.get("/Datastreams('le-thuy.rain')?$expand=ObservedProperty($select=id)&$select=unitOfMeasurement"); at(v, "ObservedProperty", "@iot.id") != "water_level" || at(v, "unitOfMeasurement", "symbol") != "cm" {
		t.Errorf("the datastream is %s", compact(v))
	}
	if status, _, v := c.do("admin", "PATCH", "/Datastreams('le-thuy.level')", `{"properties":{"resolution":0.5}}`); status != 409 || at(v, "code") != "catalog.resolution_fixed" {
		t.Errorf("another resolution: %d %s", status, compact(v))
	}
	if status, _, v := c.do("admin", "PATCH", "/FeaturesOfInterest('hai-chau')", `{"name":"x"}`); status != 409 || at(v, "code") != "sta.feature_of_location" {
		t.Errorf("the place of a thing: %d %s", status, compact(v))
	}
}

func TestObservation_PatchAndDeleteAreCorrections(t *testing.T) {
	c := newCity(t)
	const peak = "/Observations('le-thuy.level@1603087200000')"
	status, _, v := c.do("duty", "PATCH", peak, `{"result":4.9,"parameters":{"reason":"đọc lại thước"}}`)
	if status != 200 || at(v, "result") != 4.9 || compact(at(v, "resultQuality")) != `["corrected"]` {
		t.Fatalf("%d %s", status, compact(v))
	}
	if status, _, v := c.do("duty", "DELETE", "/Observations('le-thuy.level@1603090800000')", ""); status != 200 {
		t.Fatalf("%d %s", status, compact(v))
	}
	if got := ids(c.get("/Datastreams('le-thuy.level')/Observations?$filter=result gt 4.75"), "result"); got != "4.8 4.9" {
		t.Errorf("readers see %s", got)
	}
	list, err := c.catalog.Corrections(context.Background(), "le-thuy.level")
	if err != nil || len(list) != 2 || list[0].Reason != "đọc lại thước" || list[0].ActorName != "Trực ban" || !list[1].Exclude {
		t.Errorf("corrections %+v %v", list, err)
	}
}

func TestDelete(t *testing.T) {
	c := newCity(t)
	for _, path := range []string{"/Things('le-thuy')", "/Locations('dong-hoi')", "/ObservedProperties('flood_depth')"} {
		if status, _, v := c.do("admin", "DELETE", path, ""); status != 200 {
			t.Fatalf("DELETE %s: %d %v", path, status, v)
		}
		if status, _, _ := c.do("admin", "GET", path, ""); status != 404 {
			t.Errorf("%s is still there", path)
		}
	}
	if got := ids(c.get("/Datastreams")); got != "dong-hoi.level" {
		t.Errorf("datastreams left: %s", got)
	}
	if got := ids(c.get("/Observations?$top=1000&$select=id")); strings.Contains(got, "le-thuy") {
		t.Errorf("observations left: %s", got)
	}
	if status, _, v := c.do("admin", "DELETE", "/Things", ""); status != 400 || at(v, "code") != "sta.method" {
		t.Errorf("all things at once: %d %v", status, v)
	}
}

func TestMQTT(t *testing.T) {
	c := newCity(t)
	for topic, want := range map[string]string{
		"v1.1/Observations": "true ", "v1.1/Datastreams('le-thuy.level')/Observations": "true le-thuy.level", "v1.1/Datastreams(7)/Observations": "true 7",
		"v1.1/Things": "false ", "v1.1/Observations('x@1')": "false ", "v1.1/Datastreams/Observations": "false ", "v1.0/Observations": "false ",
		"v1.1/Datastreams('a')/Observations/x": "false ", "ioc/kttv/x": "false ", "v1.1/Datastreams('a": "false ",
	} {
		ds, ok := sta.ParseCreateTopic(topic)
		if got := fmt.Sprint(ok, " ", ds); got != want {
			t.Errorf("%s: %s, want %s", topic, got, want)
		}
	}
	ctx := context.Background()
	device := tokens["device"]
	if err := c.sta.CreateObservation(ctx, device, "le-thuy.level", []byte(`{"phenomenonTime":"2020-10-19T10:00:00Z","result":4.3}`)); err != nil {
		t.Fatal(err)
	}
	if got := ids(c.get("/Datastreams('le-thuy.level')/Observations?$orderby=phenomenonTime desc&$top=1"), "result"); got != "4.3" {
		t.Errorf("newest %s", got)
	}
	for _, bad := range []string{``, `[]`, `{"result":"x"}`, `4.3`} {
		if err := c.sta.CreateObservation(ctx, device, "le-thuy.level", []byte(bad)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	foreign := access.Actor{ID: "source:other", Roles: []access.Role{access.Device}, Source: "other"}
	if err := c.sta.CreateObservation(ctx, foreign, "le-thuy.level", []byte(`{"result":4.3}`)); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("another source's device: %v", err)
	}
	o := sensing.Observation{Datastream: "le-thuy.level", Time: noon, Value: 4.25, Flags: sensing.Frozen, Received: noon}
	if got := strings.Join(c.sta.Topics(o), " "); got != "v1.1/Observations v1.1/Datastreams('le-thuy.level')/Observations" {
		t.Errorf("topics %s", got)
	}
	if got := string(c.sta.ObservationJSON(ctx, "https://ioc.example", o)); !strings.Contains(got, `"@iot.selfLink":"https://ioc.example/sta/v1.1/Observations('le-thuy.level@1603108800000')"`) || !strings.Contains(got, `"result":4.25`) || !strings.Contains(got, `["frozen"]`) {
		t.Errorf("message %s", got)
	}
}
