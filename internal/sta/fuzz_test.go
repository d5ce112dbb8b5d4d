package sta_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"openioc.org/ioc/internal/httpapi"
	"openioc.org/ioc/internal/sta"
)

// ask serves one request without a network. Whatever it asks must be answered
// with what was found or with what is wrong with the question.
func ask(t *testing.T, c *city, path, rawQuery string) {
	t.Helper()
	req := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: path, RawQuery: rawQuery}, Host: "ioc.example", Header: http.Header{}}
	w := httptest.NewRecorder()
	c.sta.ServeHTTP(w, req.WithContext(httpapi.WithActor(t.Context(), tokens["duty"])))
	if w.Code >= 500 {
		t.Fatalf("%s?%s: %d %s", path, rawQuery, w.Code, w.Body)
	}
	if w.Code >= 400 && !strings.Contains(w.Body.String(), `"code":"sta.`) {
		t.Fatalf("%s?%s: %d without a code of ours: %s", path, rawQuery, w.Code, w.Body)
	}
}

func FuzzFilter(f *testing.F) {
	c := newCity(f)
	for _, s := range []string{
		"name eq 'Lệ Thủy'", "not (properties/kind eq 'river') or id in ('a','b')", "Datastreams/Observations/result gt 4.8",
		"st_within(Locations/location, geography'POLYGON((106 17, 107 17, 107 18, 106 18, 106 17))')",
		"geo.distance(location, geography'POINT(108.22 16.06)') lt 0.001", "now() sub duration'PT12H' lt 2020-10-19T00:00:00Z",
		"phenomenonTime gt 2020-10-19T00:00:00Z/2020-10-20T00:00:00Z and result mul 2 ge -3e5", "substringof('a''b', tolower(name))",
		"date(phenomenonTime) eq 2020-10-19 and time(phenomenonTime) lt 12:00:00", "((((1", "'", "a/b/c/d eq null", "1 div 0 eq -(-(1))",
		"st_crosses(feature, geography'LINESTRING(0 0,1 1)') or st_overlaps(feature, geography'MULTIPOINT(1 1,2 2)')", "resultQuality eq 'estimated'",
		"substring(name, 1e300, -1e300) eq ''", "length(result) in ()", "indexof(name,'') eq 0 and concat(id,id) ne id",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, filter string) {
		for _, set := range []string{"/Things", "/Locations", "/Datastreams", "/FeaturesOfInterest", "/Datastreams('le-thuy.level')/Observations", "/Datastreams('le-thuy.sky')/Observations"} {
			ask(t, c, sta.Prefix+set, "$filter="+url.QueryEscape(filter))
		}
	})
}

func FuzzExpand(f *testing.F) {
	c := newCity(f)
	for _, s := range []string{
		"Datastreams", "Datastreams/Observations,Locations", "Datastreams($select=id;$expand=Observations($orderby=phenomenonTime desc;$top=1))",
		"Datastreams($filter=name eq 'a;b)(' ; $count=true)", "Locations/HistoricalLocations/Thing($select=name),Locations", "Datastreams($skip=1;$top=0)",
		"Datastreams(", "Datastreams()", "Datastreams($expand=Thing($expand=Datastreams($expand=Thing($expand=Datastreams))))", ",", "Datastreams/", "Datastreams($orderby=)",
	} {
		f.Add(s, "name desc,id", "name")
	}
	f.Fuzz(func(t *testing.T, expand, orderBy, selected string) {
		ask(t, c, sta.Prefix+"/Things", "$expand="+url.QueryEscape(expand))
		ask(t, c, sta.Prefix+"/Things", "$orderby="+url.QueryEscape(orderBy)+"&$select="+url.QueryEscape(selected))
		ask(t, c, sta.Prefix+"/Observations", "$orderby="+url.QueryEscape(orderBy)+"&$top=3")
	})
}

func FuzzAddress(f *testing.F) {
	c := newCity(f)
	for _, s := range [][2]string{
		{"/Things('le-thuy')/Datastreams('le-thuy.level')/Observations", "$top=1"}, {"/Things('le''thuy')/name/$value", ""}, {"/Things(1)/$ref", "$select=id"},
		{"/Observations('le-thuy.level@1603065600000')/Datastream/Thing", ""}, {"/Datastreams('le-thuy.level')/unitOfMeasurement/symbol/$value", ""},
		{"/Observations('a@-9223372036854775808')", ""}, {"/Things('", "%"}, {"//", "$skiptoken=9223372036854775807"}, {"/Things('a')('b')", ";;&&=="},
		{"/Datastreams('le-thuy.level')/Observations", "$skiptoken=-9223372036854775808&$top=2"},
		{"/Datastreams('le-thuy.level')/Observations", "$resultFormat=dataArray&$count=true&$orderby=result"}, {"/FeaturesOfInterest('le-thuy')/Observations/$ref", ""},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, path, query string) {
		ask(t, c, sta.Prefix+path, query)
		sta.ParseCreateTopic("v1.1" + path)
	})
}

// FuzzBody posts whatever to every set; the register must stay readable.
func FuzzBody(f *testing.F) {
	c := newCity(f)
	for _, s := range []string{
		deepThing, `{"name":"a","Locations":[{"@iot.id":"le-thuy"}]}`, `{"result":1,"Datastream":{"@iot.id":"le-thuy.level"}}`, `[{"Datastream":{"@iot.id":"le-thuy.level"},"components":["result"],"dataArray":[[1],[]]}]`,
		`{"name":"n","encodingType":"application/geo+json","location":{"type":"GeometryCollection","geometries":[]}}`, `{"@iot.id":1e9,"name":null,"properties":null}`,
		`{"time":"x","Thing":{},"Locations":[{}]}`, "\ufeff{}", `{"name":{"name":{}}}`, `{"result":{"a":[1]},"Datastream":{"@iot.id":"le-thuy.sky"},"phenomenonTime":"a/2020-10-19T00:00:00Z"}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, set := range []string{"/Things", "/Locations", "/Datastreams", "/Sensors", "/ObservedProperties", "/FeaturesOfInterest", "/HistoricalLocations", "/Observations", "/CreateObservations"} {
			req := httptest.NewRequest(http.MethodPost, sta.Prefix+set, strings.NewReader(body))
			w := httptest.NewRecorder()
			c.sta.ServeHTTP(w, req.WithContext(httpapi.WithActor(t.Context(), tokens["admin"])))
			if w.Code >= 500 {
				t.Fatalf("%s %s: %d %s", set, body, w.Code, w.Body)
			}
		}
		ask(t, c, sta.Prefix+"/Things", "$expand=Locations,Datastreams&$top=5")
	})
}
