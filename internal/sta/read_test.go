package sta_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestRoot(t *testing.T) {
	c := newCity(t)
	v := c.get("")
	if got := ids(v, "name"); got != "Things Locations HistoricalLocations Datastreams Sensors Observations ObservedProperties FeaturesOfInterest" {
		t.Errorf("sets: %s", got)
	}
	if got := fmt.Sprint(at(v, "value", 0, "url")); got != c.server.URL+"/sta/v1.1/Things" {
		t.Errorf("url %s", got)
	}
	list, _ := at(v, "serverSettings", "conformance").([]any)
	if len(list) < 10 || !strings.HasPrefix(fmt.Sprint(list[0]), "http://www.opengis.net/spec/iot_sensing/1.1/req/") {
		t.Errorf("conformance %v", list)
	}
	if got := c.get("/"); compact(got) != compact(v) {
		t.Error("a slash at the end makes a difference")
	}
}

// TestFilter asks each set with a filter and lists the ids that must come.
func TestFilter(t *testing.T) {
	c := newCity(t)
	const all = "dong-hoi hai-chau le-thuy"
	for _, q := range []struct{ path, want string }{
		{"/Things", all},
		{"/Things?$filter=name eq 'Lệ Thủy'", "le-thuy"},
		{"/Things?$filter=id eq 'hai-chau'", "hai-chau"},
		{"/Things?$filter=@iot.id ne 'hai-chau'", "dong-hoi le-thuy"},
		{"/Things?$filter=properties/kind eq 'river'", "dong-hoi le-thuy"},
		{"/Things?$filter=properties/none eq null", all},
		{"/Things?$filter=properties/kind ne null and not (properties/kind eq 'river')", "hai-chau"},
		{"/Things?$filter=not properties/kind eq 'river'", "hai-chau"},
		{"/Things?$filter=name eq 'Lệ Thủy' or name eq 'Đồng Hới' and false", "le-thuy"},
		{"/Things?$filter=(name eq 'Lệ Thủy' or name eq 'Đồng Hới') and true", "dong-hoi le-thuy"},
		{"/Things?$filter=id in ('le-thuy','hai-chau')", "hai-chau le-thuy"},
		{"/Things?$filter=name eq 'a''b'", ""},

		{"/Things?$filter=substringof('Thủy', name)", "le-thuy"},
		{"/Things?$filter=contains(name, 'ải')", "hai-chau"},
		{"/Things?$filter=startswith(name, 'Đ')", "dong-hoi"},
		{"/Things?$filter=endswith(description, 'Thủy')", "le-thuy"},
		{"/Things?$filter=length(name) eq 7", "le-thuy"},
		{"/Things?$filter=indexof(name, 'ệ') eq 1", "le-thuy"},
		{"/Things?$filter=indexof(name, 'zz') eq -1", all},
		{"/Things?$filter=substring(name, 3) eq 'Thủy'", "le-thuy"},
		{"/Things?$filter=substring(name, 0, 4) eq 'Đồng'", "dong-hoi"},
		{"/Things?$filter=tolower(name) eq 'lệ thủy'", "le-thuy"},
		{"/Things?$filter=toupper(name) eq 'LỆ THỦY'", "le-thuy"},
		{"/Things?$filter=trim(concat(concat(' ', id), ' ')) eq 'le-thuy'", "le-thuy"},

		{"/Things?$filter=Datastreams/id eq 'le-thuy.rain'", "le-thuy"},
		{"/Things?$filter=Datastreams/unitOfMeasurement/symbol eq 'mm'", "le-thuy"},
		{"/Things?$filter=Datastreams/ObservedProperty/id eq 'flood_depth'", "hai-chau"},
		{"/Things?$filter=Datastreams/Observations/result gt 4.8", "le-thuy"},
		{"/Things?$filter=startswith(Datastreams/name, 'dong')", "dong-hoi"},
		{"/Datastreams?$filter=Thing/name eq 'Lệ Thủy'", "le-thuy.level le-thuy.rain le-thuy.sky"},
		{"/Datastreams?$filter=Thing/properties/code eq 'LE-THUY' and unitOfMeasurement/symbol eq 'mm'", "le-thuy.rain"},
		{"/Datastreams?$filter=Thing/Locations/name eq 'Đồng Hới'", "dong-hoi.level"},
		{"/Datastreams?$filter=properties/source eq 'kttv' and properties/rhythm_seconds eq 3600 and properties/resolution lt 0.1 and ObservedProperty/id eq 'rain'", "le-thuy.rain le-thuy.sky"},
		{"/Locations?$filter=Things/Datastreams/id eq 'hai-chau.depth'", "hai-chau"},
		{"/Sensors?$filter=Datastreams/Thing/properties/code eq 'HAI-CHAU'", "radar"},
		{"/ObservedProperties?$filter=Datastreams/Thing/properties/kind eq 'tower'", "flood_depth"},
		{"/FeaturesOfInterest?$filter=name eq 'Lệ Thủy'", "le-thuy"},

		{"/Locations?$filter=st_within(location, geography'POLYGON((106 17, 107 17, 107 18, 106 18, 106 17))')", "dong-hoi le-thuy"},
		{"/Things?$filter=st_within(Locations/location, geography'POLYGON((106 17, 107 17, 107 18, 106 18, 106 17))')", "dong-hoi le-thuy"},
		{"/FeaturesOfInterest?$filter=st_within(feature, geography'SRID=4326;POLYGON((106 17, 107 17, 107 18, 106 18, 106 17))')", "dong-hoi le-thuy"},
		{"/Datastreams?$filter=st_within(observedArea, geography'POLYGON((108 16, 109 16, 109 17, 108 17, 108 16))')", "hai-chau.depth"},
		{"/Locations?$filter=geo.distance(location, geography'POINT(108.22 16.06)') lt 0.001", "hai-chau"},
		{"/Locations?$filter=geo.distance(location, geography'POINT(106.62 17.21)') gt 0.2 and geo.distance(location, geography'POINT(106.62 17.21)') lt 0.3", "dong-hoi"},
		{"/Locations?$filter=geo.intersects(location, geography'LINESTRING(106.62 17, 106.62 18)')", "dong-hoi"},
		{"/Locations?$filter=st_disjoint(location, geography'POLYGON((106 17, 107 17, 107 18, 106 18, 106 17))')", "hai-chau"},
		{"/Locations?$filter=st_equals(location, geography'POINT(108.22 16.06)')", "hai-chau"},
		{"/Locations?$filter=geo.length(geography'LINESTRING(0 0, 3 4)') eq 5", all},

		{"/Things?$filter=1 add 2 mul 3 eq 7 and (1 add 2) mul 3 eq 9 and 7 mod 4 eq 3 and 7 div 2 eq 3.5 and 2 sub 3 eq -1", all},
		{"/Things?$filter=-(2) lt -1 and - 3 eq -3", all},
		{"/Things?$filter=1 div 0 eq null", all},
		{"/Things?$filter=round(2.5) eq 3 and floor(2.9) eq 2 and ceiling(2.1) eq 3", all},
		{"/Things?$filter=now() gt 2020-10-19T11:59:59Z and now() lt 2020-10-19T12:00:01Z", all},
		{"/Things?$filter=now() sub duration'PT12H' eq 2020-10-19T00:00:00Z", all},
		{"/Things?$filter=2020-10-19T06:00:00Z sub 2020-10-19T00:00:00Z eq duration'PT6H'", all},
		{"/Things?$filter=2020-10-19T06:00:00+07:00 eq 2020-10-18T23:00:00Z", all},
		{"/Things?$filter=2020-10-19T06:00:00%2B07:00 eq 2020-10-18T23:00:00Z", all},
		{"/Things?$filter=mindatetime() lt now() and maxdatetime() gt now()", all},
		{"/Things?$filter=now() lt 2020-10-20T00:00:00Z/2020-10-21T00:00:00Z", all},
		{"/Things?$filter=year(now()) eq 2020 and month(now()) eq 10 and day(now()) eq 19 and hour(now()) eq 12 and minute(now()) eq 0 and second(now()) eq 0 and fractionalseconds(now()) eq 0 and totaloffsetminutes(now()) eq 0", all},
		{"/Things?$filter=date(now()) eq 2020-10-19 and time(now()) eq 12:00:00", all},
		{"/HistoricalLocations?$filter=Thing/id eq 'le-thuy' and time le now()&$select=time", "<nil>"},
	} {
		if got := ids(c.get(q.path)); got != q.want {
			t.Errorf("%s\n got %s\nwant %s", q.path, got, q.want)
		}
	}
}

func TestObservations(t *testing.T) {
	c := newCity(t)
	const lt = "/Datastreams('le-thuy.level')/Observations"
	for _, q := range []struct{ path, want string }{
		{lt, "3.1 3.45 3.9 4.2 4.55 4.8 4.88 4.87 4.7 4.4"},
		{lt + "?$top=2", "3.1 3.45"},
		{lt + "?$top=2&$skip=3", "4.2 4.55"},
		{lt + "?$orderby=phenomenonTime desc&$top=1", "4.4"},
		{lt + "?$orderby=phenomenonTime desc&$top=3&$skip=1", "4.7 4.87 4.88"},
		{lt + "?$orderby=result desc&$top=2", "4.88 4.87"},
		{lt + "?$orderby=resultQuality desc,result&$top=2", "4.2 3.1"},
		{lt + "?$filter=result gt 4.5 and result le 4.8", "4.55 4.8 4.7"},
		{lt + "?$filter=result gt 4.5&$orderby=phenomenonTime desc", "4.7 4.87 4.88 4.8 4.55"},
		{lt + "?$filter=phenomenonTime ge 2020-10-19T06:00:00Z", "4.88 4.87 4.7 4.4"},
		{lt + "?$filter=phenomenonTime gt 2020-10-19T06:00:00Z and phenomenonTime lt 2020-10-19T09:00:00Z", "4.87 4.7"},
		{lt + "?$filter=2020-10-19T06:00:00Z eq phenomenonTime", "4.88"},
		{lt + "?$filter=phenomenonTime eq '2020-10-19T13:00:00+07:00'", "4.88"},
		{lt + "?$filter=phenomenonTime ge 2020-10-19T08:00:00.000Z or result lt 3.2", "3.1 4.7 4.4"},
		{lt + "?$filter=phenomenonTime gt 2020-10-18T20:00:00Z/2020-10-19T07:30:00Z", "4.7 4.4"},
		{lt + "?$filter=hour(phenomenonTime) eq 6", "4.88"},
		{lt + "?$filter=phenomenonTime gt now() sub duration'PT5H'", "4.7 4.4"},
		{lt + "?$filter=resultTime sub phenomenonTime eq duration'PT2M'&$top=1", "3.1"},
		{lt + "?$filter=resultQuality eq 'estimated'", "4.2"},
		{lt + "?$filter=resultQuality eq null&$top=3&$skip=2", "3.9 4.55 4.8"},
		{lt + "?$filter=result sub 0.1 gt 4.75", "4.88 4.87"},
		{lt + "?$filter=FeatureOfInterest/id eq 'le-thuy' and result eq 3.1", "3.1"},
		{lt + "?$filter=FeatureOfInterest/id eq 'hai-chau'", ""},
		{"/Observations?$filter=Datastream/id eq 'dong-hoi.level'&$top=3", "1 1.1 1.2"},
		{"/Observations?$filter=Datastream/Thing/name eq 'Đồng Hới' and result ge 1.8", "1.8 1.9"},
		{"/Observations?$filter=Datastream/ObservedProperty/id eq 'water_level'&$orderby=phenomenonTime desc&$top=4", "1.9 4.4 1.8 4.7"},
		{"/Observations?$filter=id eq 'le-thuy.level@1603087200000'", "4.88"},
		{"/Observations?$orderby=result desc&$top=2&$filter=Datastream/unitOfMeasurement/symbol eq 'm'", "4.88 4.87"},
		{"/Datastreams('le-thuy.sky')/Observations", "mưa rất to tạnh"},
		{"/Datastreams('le-thuy.sky')/Observations?$orderby=phenomenonTime desc&$filter=contains(result, 'mưa')", "mưa rất to"},
		{"/Observations?$filter=result eq 'tạnh'", "tạnh"},
		{"/FeaturesOfInterest('dong-hoi')/Observations?$top=2", "1 1.1"},
		{"/Things('le-thuy')/Datastreams('le-thuy.rain')/Observations?$filter=result gt 2", "3 3"},
		{"/Datastreams('hai-chau.depth')/Observations", ""},
	} {
		if got := ids(c.get(q.path), "result"); got != q.want {
			t.Errorf("%s\n got %s\nwant %s", q.path, got, q.want)
		}
	}
	v := c.get("/Observations('le-thuy.level@1603076400000')")
	want := `{"@iot.id":"le-thuy.level@1603076400000","@iot.selfLink":"` + c.server.URL + `/sta/v1.1/Observations('le-thuy.level@1603076400000')",` +
		`"Datastream@iot.navigationLink":"` + c.server.URL + `/sta/v1.1/Observations('le-thuy.level@1603076400000')/Datastream",` +
		`"FeatureOfInterest@iot.navigationLink":"` + c.server.URL + `/sta/v1.1/Observations('le-thuy.level@1603076400000')/FeatureOfInterest",` +
		`"phenomenonTime":"2020-10-19T03:00:00Z","result":4.2,"resultQuality":["estimated","late"],"resultTime":"2020-10-19T03:02:00Z"}`
	if got := compact(v); got != want {
		t.Errorf("one observation\n got %s\nwant %s", got, want)
	}
}

func TestObservations_TellTheirOriginalTime(t *testing.T) {
	c := newCity(t)
	c.sta.Original = func(source string, t time.Time) (time.Time, bool) {
		return t.Add(-24 * time.Hour), source == "kttv" && t.Hour() < 6
	}
	v := c.get("/Datastreams('le-thuy.level')/Observations?$filter=parameters/original_time eq '2020-10-18T05:00:00Z' or hour(phenomenonTime) eq 6")
	if got := compact(at(v, "value", 0, "parameters")) + compact(at(v, "value", 1, "parameters")); got != `{"original_time":"2020-10-18T05:00:00Z"}null` {
		t.Errorf("parameters %s", got)
	}
}

// TestPath walks addresses; want is the answer as JSON or text.
func TestPath(t *testing.T) {
	c := newCity(t)
	root := c.server.URL + "/sta/v1.1"
	for _, q := range []struct{ path, want string }{
		{"/Things('le-thuy')/name", `{"name":"Lệ Thủy"}`},
		{"/Things('le-thuy')/name/$value", `"Lệ Thủy"`},
		{"/Things('le-thuy')/properties/kind", `{"kind":"river"}`},
		{"/Things('le-thuy')/properties/kind/$value", `"river"`},
		{"/Things('le-thuy')/id", `{"@iot.id":"le-thuy"}`},
		{"/Datastreams('le-thuy.rain')/unitOfMeasurement/symbol/$value", `"mm"`},
		{"/Locations('le-thuy')/location", `{"location":{"coordinates":[106.79,17.21],"type":"Point"}}`},
		{"/Observations('le-thuy.level@1603087200000')/result/$value", `"4.88"`},
		{"/Observations('le-thuy.level@1603087200000')/phenomenonTime/$value", `"2020-10-19T06:00:00Z"`},
		{"/Observations('le-thuy.level@1603087200000')/validTime", `""`},
		{"/Things('le-thuy')?$select=name", `{"name":"Lệ Thủy"}`},
		{"/Things('le-thuy')?$select=id,Datastreams", `{"@iot.id":"le-thuy","Datastreams@iot.navigationLink":"` + root + `/Things('le-thuy')/Datastreams"}`},
		{"/Datastreams('le-thuy.level')/Thing?$select=name", `{"name":"Lệ Thủy"}`},
		{"/Observations('le-thuy.level@1603087200000')/Datastream/Thing/Locations('le-thuy')?$select=name", `{"name":"Lệ Thủy"}`},
		{"/Observations('le-thuy.level@1603087200000')/FeatureOfInterest?$select=name,feature", `{"feature":{"coordinates":[106.79,17.21],"type":"Point"},"name":"Lệ Thủy"}`},
		{"/Things('le-thuy')/Locations/$ref", `{"value":[{"@iot.selfLink":"` + root + `/Locations('le-thuy')"}]}`},
		{"/Datastreams('le-thuy.rain')/Thing/$ref", `{"@iot.selfLink":"` + root + `/Things('le-thuy')"}`},
		{"/Datastreams('le-thuy.level')?$select=phenomenonTime,observedArea", `{"observedArea":{"coordinates":[106.79,17.21],"type":"Point"},"phenomenonTime":"2020-10-19T00:00:00Z/2020-10-19T09:00:00Z"}`},
		{"/Datastreams('hai-chau.depth')?$select=phenomenonTime", `{"phenomenonTime":null}`},
		{"/Things(le-thuy)?$select=id", `{"@iot.id":"le-thuy"}`},
		{"/Things?$top=1&$count=true&$select=id", `{"@iot.count":3,"@iot.nextLink":"` + root + `/Things?$top=1&$count=true&$select=id&$skip=1","value":[{"@iot.id":"dong-hoi"}]}`},
		{"/Things?$top=0&$count=true", `{"@iot.count":3,"value":[]}`},
		{"/Things?$orderby=properties/kind desc,name&$select=id", `{"value":[{"@iot.id":"hai-chau"},{"@iot.id":"le-thuy"},{"@iot.id":"dong-hoi"}]}`},
		{"/Datastreams('le-thuy.level')/Observations?$count=true&$top=1&$filter=result gt 4&$select=result", `{"@iot.count":7,"@iot.nextLink":"` + root + `/Datastreams('le-thuy.level')/Observations?$count=true&$top=1&$filter=result+gt+4&$select=result&$skip=1","value":[{"result":4.2}]}`},
		{"/Things('dong-hoi')?$select=id&$expand=Datastreams($select=id;$expand=ObservedProperty($select=id),Observations($select=result;$orderby=result desc;$top=2;$count=true))",
			`{"@iot.id":"dong-hoi","Datastreams":[{"@iot.id":"dong-hoi.level","Observations":[{"result":1.9},{"result":1.8}],"Observations@iot.count":10,"Observations@iot.nextLink":"` +
				root + `/Datastreams('dong-hoi.level')/Observations?$select=result&$orderby=result+desc&$top=2&$count=true&$skip=2","ObservedProperty":{"@iot.id":"water_level"}}]}`},
		{"/Things?$filter=id eq 'le-thuy'&$select=id&$expand=Datastreams/Sensor,Datastreams($select=id;$filter=unitOfMeasurement/symbol eq 'mm'),Locations/Things",
			`{"value":[{"@iot.id":"le-thuy","Datastreams":[{"@iot.id":"le-thuy.rain","Sensor":` + compact(c.get("/Sensors('radar')")) + `}],"Locations":[` +
				strings.Replace(compact(c.get("/Locations('le-thuy')")), `"Things@iot.navigationLink":"`+root+`/Locations('le-thuy')/Things"`, `"Things":[`+compact(c.get("/Things('le-thuy')"))+`]`, 1) + `]}]}`},
		{"/Datastreams('le-thuy.level')/Observations?$top=2&$resultFormat=dataArray&$select=phenomenonTime,result",
			`{"@iot.nextLink":"` + root + `/Datastreams('le-thuy.level')/Observations?$top=2&$resultFormat=dataArray&$select=phenomenonTime,result&$skiptoken=1603069200000","value":[{"Datastream@iot.navigationLink":"` + root +
				`/Datastreams('le-thuy.level')","components":["phenomenonTime","result"],"dataArray":[["2020-10-19T00:00:00Z",3.1],["2020-10-19T01:00:00Z",3.45]],"dataArray@iot.count":2}]}`},
	} {
		got := strings.NewReplacer("%27", "'", "%24", "$", "%2C", ",", `\u0026`, "&").Replace(compact(c.get(q.path)))
		if got != strings.NewReplacer(`\u0026`, "&").Replace(q.want) {
			t.Errorf("%s\n got %s\nwant %s", q.path, got, q.want)
		}
	}
}

// TestNextLink follows the links until the end and must see everything once.
func TestNextLink(t *testing.T) {
	c := newCity(t)
	for _, start := range []string{
		"/Datastreams('le-thuy.level')/Observations?$top=3",
		"/Datastreams('le-thuy.level')/Observations?$top=3&$orderby=phenomenonTime desc",
		"/Datastreams('le-thuy.level')/Observations?$top=3&$count=true",
		"/Datastreams('le-thuy.level')/Observations?$top=4&$orderby=result",
		"/Observations?$top=7",
		"/Observations?$top=7&$orderby=phenomenonTime desc",
		"/Things?$top=2",
	} {
		want := ids(c.get(strings.Replace(start, "$top=", "$top=10", 1)))
		var got []string
		next := start
		for n := 0; next != "" && n < 50; n++ {
			v := c.get(next)
			got = append(got, strings.Fields(ids(v))...)
			next, _ = at(v, "@iot.nextLink").(string)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s\n got %s\nwant %s", start, strings.Join(got, " "), want)
		}
	}
}

// TestBadQuestion: each answer names what is wrong and where.
func TestBadQuestion(t *testing.T) {
	c := newCity(t)
	deep := strings.Repeat("(", 100) + "true" + strings.Repeat(")", 100)
	for _, q := range []struct {
		path   string
		status int
		code   string
		says   string
	}{
		{"/Things?$filter=name eq", 400, "sta.filter_syntax", "position 8:"},
		{"/Things?$filter=name eq 'Lệ", 400, "sta.filter_syntax", "position 9: the quote"},
		{"/Things?$filter=name like 'a'", 400, "sta.filter_syntax", `position 6: found "like"`},
		{"/Things?$filter=name eq 'Đồng Hới' %26%26 true", 400, "sta.filter_syntax", "position 20:"},
		{"/Things?$filter=(name eq 'a'", 400, "sta.filter_syntax", `")" is wanted`},
		{"/Things?$filter=name eq 'a')", 400, "sta.filter_syntax", "position 12:"},
		{"/Things?$filter=naem eq 'a'", 400, "sta.filter_syntax", "position 1: Thing has no property naem; it has id, name"},
		{"/Things?$filter=Datastreams eq 1", 400, "sta.filter_syntax", "position 1: Datastreams leads to entities"},
		{"/Things?$filter=Datastreams/nme eq 'a'", 400, "sta.filter_syntax", "position 13: Datastream has no property"},
		{"/Things?$filter=name", 400, "sta.filter_syntax", "a condition is wanted"},
		{"/Things?$filter=name gt 5", 400, "sta.filter_syntax", "a text cannot be compared with a number"},
		{"/Things?$filter=soundex(name) eq 'a'", 400, "sta.filter_syntax", "position 1: there is no function soundex"},
		{"/Things?$filter=length(name, 1) eq 2", 400, "sta.filter_syntax", "length takes 1 arguments, not 2"},
		{"/Things?$filter=length(1) eq 2", 400, "sta.filter_syntax", "position 8: length wants a text"},
		{"/Things?$filter=1 add name eq 2", 400, "sta.filter_syntax", "add cannot join"},
		{"/Things?$filter=" + deep, 400, "sta.filter_syntax", "nested deeper than 64"},
		{"/Things?$filter=" + strings.Repeat("not ", 100) + "true", 400, "sta.filter_syntax", "nested deeper"},
		{"/Things?$filter=" + strings.Repeat("a", 20000), 400, "sta.option", "longer than"},
		{"/Locations?$filter=st_within(location, geography'POLYGON((106 17')", 400, "sta.filter_syntax", "position 31: not a geography"},
		{"/Locations?$filter=st_relate(location, location, 'T')", 400, "sta.filter_syntax", "st_relate is not available"},
		{"/Observations?$filter=phenomenonTime gt 2020-99-99T00:00:00Z", 400, "sta.filter_syntax", "position 19:"},
		{"/Observations?$filter=phenomenonTime gt 2020-10-19T00:00:00Zfoo", 400, "sta.filter_syntax", "position 39:"},
		{"/Observations?$filter=phenomenonTime gt now() sub duration'1 day'", 400, "sta.filter_syntax", "not a duration"},
		{"/Things?$orderby=nme", 400, "sta.orderby_syntax", "position 1:"},
		{"/Things?$orderby=name down", 400, "sta.orderby_syntax", "position 6:"},
		{"/Things?$select=name,nme", 400, "sta.select_syntax", `position 6: found "nme"`},
		{"/Things?$expand=Datastream", 400, "sta.expand_syntax", "one of Datastreams, Locations, HistoricalLocations"},
		{"/Things?$expand=Datastreams($filter=name eq)", 400, "sta.filter_syntax", "$expand, position 28:"},
		{"/Things?$expand=Datastreams($limit=1)", 400, "sta.expand_syntax", "position 13:"},
		{"/Things?$expand=Datastreams($top=1", 400, "sta.expand_syntax", `")" is wanted`},
		{"/Datastreams?$expand=Thing($top=1)", 400, "sta.expand_syntax", "takes only $select and $expand"},
		{"/Things?$expand=" + strings.Repeat("Datastreams($expand=Thing($expand=", 5) + "Locations", 400, "sta.expand_syntax", "deeper than 6"},
		{"/Things?$top=-1", 400, "sta.paging_syntax", "a whole number"},
		{"/Things?$top=1.5", 400, "sta.paging_syntax", "a whole number"},
		{"/Things?$count=maybe", 400, "sta.paging_syntax", "true or false"},
		{"/Things?$sort=name", 400, "sta.option", "$sort: there is no such option"},
		{"/Things?$top=1&$top=2", 400, "sta.option", "$top: given twice"},
		{"/Things?$resultFormat=dataArray", 400, "sta.option", "for Observations"},
		{"/Things('le-thuy')?$top=1", 400, "sta.option", "takes only"},
		{"/Things?$filter=%ZZ", 400, "sta.option", "percent"},
		{"/Things('none')", 404, "sta.not_found", "Thing none"},
		{"/Things('dong-hoi')/Datastreams('le-thuy.rain')", 404, "sta.not_found", "Datastream le-thuy.rain"},
		{"/Observations('le-thuy.level@5')", 404, "sta.not_found", ""},
		{"/Observations('nonsense')", 404, "sta.not_found", ""},
		{"/Nothings", 404, "sta.path", "position 1: there is no Nothings"},
		{"/Things('le-thuy')/Nothing", 404, "sta.path", "position 19: there is no Nothing"},
		{"/Things('le-thuy", 404, "sta.path", "position 7"},
		{"/Things('le-thuy')x", 404, "sta.path", "position 18"},
		{"/Things/Datastreams", 404, "sta.path", "position 8"},
		{"/Things('le-thuy')/name/deep", 404, "sta.path", "deep"},
		{"/Things('le-thuy')" + strings.Repeat("/Datastreams('le-thuy.rain')/Thing", 9), 404, "sta.path", ""},
	} {
		status, _, v := c.do("duty", "GET", q.path, "")
		if status != q.status || at(v, "code") != q.code || !strings.Contains(fmt.Sprint(at(v, "detail")), q.says) {
			t.Errorf("%.120s\n got %d %v", q.path, status, compact(v))
		}
	}
}

// TestInjection: what looks like SQL is a text like any other.
func TestInjection(t *testing.T) {
	c := newCity(t)
	before := compact(c.get("/Things?$expand=Datastreams"))
	for _, evil := range []string{
		`'; drop table thing; --`, `' or '1'='1`, `") union select * from correction --`, `\'; delete from datastream`, "x'||(select 1)||'", "%", "_", "$1",
	} {
		quoted := strings.ReplaceAll(strings.NewReplacer("'", "''", "%", "%25", "&", "%26", "#", "%23", ";", "%3B", "+", "%2B").Replace(evil), " ", "%20")
		for _, path := range []string{
			"/Things?$filter=name eq '" + quoted + "'",
			"/Things?$filter=properties/kind eq '" + quoted + "' or substringof('" + quoted + "', description)",
			"/Datastreams('le-thuy.sky')/Observations?$filter=result eq '" + quoted + "' and phenomenonTime gt 2020-01-01T00:00:00Z",
			"/Observations?$filter=Datastream/id eq '" + quoted + "'",
		} {
			if got := ids(c.get(path)); got != "" {
				t.Errorf("%s found %s", path, got)
			}
		}
		status, _, _ := c.do("duty", "GET", "/Things('"+quoted+"')", "")
		if status != 404 && status != 400 {
			t.Errorf("an id of %s answered %d", evil, status)
		}
		for _, raw := range []string{"/Things?$filter=name eq '" + evil, "/Things?$orderby=" + evil, "/Things?$select=" + evil, "/Things?$top=" + evil} {
			if status, _, v := c.do("duty", "GET", strings.NewReplacer("%", "%25", "#", "%23").Replace(raw), ""); status >= 500 {
				t.Errorf("%s answered %d %v", raw, status, v)
			}
		}
	}
	if after := compact(c.get("/Things?$expand=Datastreams")); after != before {
		t.Error("the register changed")
	}
}

func TestPermission(t *testing.T) {
	c := newCity(t)
	thing := `{"name":"x","description":"y"}`
	obs := `{"result":1.5,"phenomenonTime":"2020-10-19T10:00:00Z"}`
	const observations = "/Datastreams('le-thuy.level')/Observations"
	for _, q := range []struct {
		token, method, path, body string
		status                    int
	}{
		{"nobody", "GET", "/Things", "", 401},
		{"citizen", "GET", "/Things", "", 403},
		{"device", "GET", "/Things", "", 403},
		{"duty", "GET", "/Things", "", 200},
		{"nobody", "POST", "/Things", thing, 401},
		{"duty", "POST", "/Things", thing, 403},
		{"device", "POST", "/Things", thing, 403},
		{"admin", "POST", "/Things", thing, 201},
		{"citizen", "POST", observations, obs, 403},
		{"duty", "POST", observations, obs, 403},
		{"device", "POST", observations, obs, 201},
		{"device", "DELETE", "/Observations('le-thuy.level@1603069200000')", "", 403},
		{"duty", "DELETE", "/Things('le-thuy')", "", 403},
		{"duty", "DELETE", "/Observations('le-thuy.level@1603062000000')", "", 404},
		{"duty", "DELETE", "/Observations('le-thuy.level@1603065600000')", "", 200},
		{"admin", "PUT", "/Things('le-thuy')", thing, 400},
	} {
		status, _, v := c.do(q.token, q.method, q.path, q.body)
		if status != q.status {
			t.Errorf("%s %s %s: %d %v", q.token, q.method, q.path, status, v)
		}
	}
}
