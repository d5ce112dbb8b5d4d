package mapping

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/fault"
)

var received = time.Date(2026, 11, 23, 3, 35, 0, 0, time.UTC)

func read(t *testing.T, m Mapping, raw string) Output {
	t.Helper()
	p, err := Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	return p.Read([]byte(raw), Meta{Source: "s1", Topic: "tram/431068/level", Received: received})
}

// show writes the readings one a line, then the codes of what was unread.
func show(o Output) string {
	var b strings.Builder
	for _, r := range o.Readings {
		fmt.Fprintf(&b, "%s %s %v%s %s%s\n", r.Datastream, r.Time.Format("2006-01-02T15:04:05Z"), r.Value, r.Text, r.Unit, r.Quality)
	}
	for _, u := range o.Unread {
		fmt.Fprintf(&b, "! %s\n", u.Err.Code)
	}
	return b.String()
}

func TestProgram_Read(t *testing.T) {
	city := Mapping{Records: "data", Where: "deletedAt == nil", Field: Field{Datastream: `code + "/rain"`, Value: "depth", Unit: `"mm"`}}
	for name, c := range map[string]struct {
		m    Mapping
		raw  string
		want string
	}{
		"list in an object, time of receipt": {city,
			`{"data":[{"code":"R1","depth":1.5},{"code":"R2","depth":2,"deletedAt":"2026-01-01"}],"total":2}`,
			"R1/rain 2026-11-23T03:35:00Z 1.5 mm\n"},
		"null value makes no reading": {city, `{"data":[{"code":"R1","depth":null}]}`, ""},
		"one broken record spoils itself": {city, `{"data":[{"code":"R1","depth":"x"},{"code":"R2","depth":"0,4"}]}`,
			"R2/rain 2026-11-23T03:35:00Z 0.4 mm\n! mapping.value\n"},
		"record without key": {city, `{"data":[{"depth":1}]}`, "! mapping.eval\n"},
		"list is not there":  {city, `{"items":[]}`, "! mapping.no_records\n"},
		"empty list":         {city, `{"data":[]}`, ""},
		"field named like a function": {Mapping{Field: Field{Datastream: "number", Value: "count + len(values)"}},
			`{"number":"0905","count":3,"values":[1,2]}`, "0905 2026-11-23T03:35:00Z 5 \n"},
		"field named with spaces": {Mapping{Field: Field{Datastream: `record["Mã trạm"]`, Value: `field(record, "muc nuoc")`}},
			`{"Mã trạm":"A","Mực nước":1.2}`, "A 2026-11-23T03:35:00Z 1.2 \n"},
		"several readings of one record": {Mapping{Time: "ts", Fields: []Field{
			{Datastream: `id + "/t"`, Value: "temp"}, {Datastream: `id + "/h"`, Value: "hum", If: "hum > 0"},
		}}, `[{"id":"a","ts":1795404900,"temp":30.5,"hum":80},{"id":"b","ts":1795404900000,"temp":29,"hum":0}]`,
			"a/t 2026-11-23T03:35:00Z 30.5 \na/h 2026-11-23T03:35:00Z 80 \nb/t 2026-11-23T03:35:00Z 29 \n"},
		"local time without zone": {Mapping{Time: `time(t, "HH:mm dd/MM/yyyy")`, Field: Field{Datastream: `"x"`, Value: "v"}},
			`{"t":"10:35 23/11/2026","v":1}`, "x 2026-11-23T03:35:00Z 1 \n"},
		"another zone": {Mapping{Zone: "UTC", Time: "t", Field: Field{Datastream: `"x"`, Value: "v"}},
			`{"t":"2026-11-23 03:35:00","v":1}`, "x 2026-11-23T03:35:00Z 1 \n"},
		"time missing where one is mapped": {Mapping{Time: "t", Field: Field{Datastream: `"x"`, Value: "v"}}, `{"v":1}`, "! mapping.no_time\n"},
		"time is nonsense":                 {Mapping{Time: "time(t)", Field: Field{Datastream: `"x"`, Value: "v"}}, `{"t":"soon","v":1}`, "! mapping.time\n"},
		"infinite value":                   {Mapping{Field: Field{Datastream: `"x"`, Value: "v / 0"}}, `{"v":1}`, "! mapping.not_finite\n"},
		"text result":                      {Mapping{Field: Field{Datastream: `"x"`, Text: "state"}}, `{"state":"Mở"}`, "x 2026-11-23T03:35:00Z 0Mở \n"},
		"key from the topic":               {Mapping{Field: Field{Datastream: `meta.levels[1] + "/" + meta.levels[2]`, Value: "value"}}, `7,5`, "431068/level 2026-11-23T03:35:00Z 7.5 \n"},
		"bytes of a LoRaWAN frame": {Mapping{Field: Field{Datastream: `"x"`, Value: `signed(be(base64(data), 1, 2), 16) / 100`}},
			`{"data":"Af84"}`, "x 2026-11-23T03:35:00Z -2 \n"},
		"csv with decimal comma": {Mapping{Format: "csv", Time: "gio", Field: Field{Datastream: "tram", Value: "muc", Unit: `"m"`}},
			"tram;gio;muc\r\nA;23/11/2026 10:35;1,25\r\nB;23/11/2026 10:35\r\n", "A 2026-11-23T03:35:00Z 1.25 m\n! decode.csv_width\n"},
		"large identifiers keep their digits": {Mapping{Field: Field{Datastream: "id", Value: "v"}},
			`{"id":12345678901234567890,"v":1}`, "12345678901234567890 2026-11-23T03:35:00Z 1 \n"},
		"broken message": {city, `{"data":[`, "! decode.json\n"},
		"loop without end": {Mapping{Field: Field{Datastream: `"x"`, Value: `let a = 1..5000; sum(a, sum(a, #))`}},
			`{"v":1}`, "! mapping.budget\n"},
		"texts are put together": {Mapping{Field: Field{Datastream: `upper(id) + "-" + join([id, text(v)], "/") + replace(id, "a", "bb")`, Value: `1 + v + number("2,5")`}},
			`{"id":"ab","v":1}`, "AB-ab/1bbb 2026-11-23T03:35:00Z 4.5 \n"},
		"text that doubles": {Mapping{Field: Field{Datastream: `"x"`, Value: `let a = s+s+s+s+s+s+s+s+s+s; let b = a+a+a+a+a+a+a+a+a+a; let c = b+b+b+b+b+b+b+b+b+b; let d = c+c+c+c+c+c+c+c+c+c; let e = d+d+d+d+d+d+d+d+d+d; let f = e+e+e+e+e+e+e+e+e+e; let g = f+f+f+f+f+f+f+f+f+f; len(g)`}},
			`{"s":"0123456789"}`, "! mapping.budget\n"},
		"text that a list makes":  {Mapping{Field: Field{Datastream: `"x"`, Value: `len(map(1..10000, upper(s)))`}}, `{"s":"` + strings.Repeat("x", 10_000) + `"}`, "! mapping.budget\n"},
		"text that is joined":     {Mapping{Field: Field{Datastream: `"x"`, Value: `len(join(map(1..10000, s), s))`}}, `{"s":"` + strings.Repeat("x", 10_000) + `"}`, "! mapping.budget\n"},
		"text that is replaced":   {Mapping{Field: Field{Datastream: `"x"`, Value: `len(replace(s, "x", s))`}}, `{"s":"` + strings.Repeat("x", 10_000) + `"}`, "! mapping.budget\n"},
		"bytes that are unpacked": {Mapping{Field: Field{Datastream: `"x"`, Value: `len(map(1..10000, base64(s)))`}}, `{"s":"` + strings.Repeat("x", 10_000) + `"}`, "! mapping.budget\n"},
		"memory without end":      {Mapping{Field: Field{Datastream: `"x"`, Value: `len(map(1..10000000, #))`}}, `{"v":1}`, "! mapping.eval\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := show(read(t, c.m, c.raw)); got != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

func TestParse_NoMappingReadsOwnFormat(t *testing.T) {
	p, err := Parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ raw, file, want string }{
		{`{"datastream":"a","time":"2026-11-23T10:35:00+07:00","value":1.5,"quality":"estimated"}`, "", "a 2026-11-23T03:35:00Z 1.5 estimated\n"},
		{"{\"datastream\":\"a\",\"value\":1}\n{\"datastream\":\"b\",\"value\":2}\n", "", "a 2026-11-23T03:35:00Z 1 \nb 2026-11-23T03:35:00Z 2 \n"},
		{`[{"datastream":"a","value":1}]`, "", "a 2026-11-23T03:35:00Z 1 \n"},
		{`{"datastream":"a"}`, "", "! mapping.no_value\n"},
		{`abc`, "", "! decode.number\n"},
		{`7.5`, "", "level 2026-11-23T03:35:00Z 7.5 \n"},
		{"COD\t41,8\tmg/L\t20261123103500\t00\r\n", "DN_KCN_NT1_20261123103500.txt", "NT1/COD 2026-11-23T03:35:00Z 41.8 mg/L00\n"},
	} {
		got := show(p.Read([]byte(c.raw), Meta{Datastream: "level", File: c.file, Received: received}))
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.raw, got, c.want)
		}
	}
}

func TestParse_MendedPieceIsReadAlone(t *testing.T) {
	p, err := Compile(Mapping{Records: "data", Field: Field{Datastream: "code", Value: "depth"}})
	if err != nil {
		t.Fatal(err)
	}
	out := p.Read([]byte(`{"data":[{"code":"a","depth":"x"}]}`), Meta{Received: received})
	if len(out.Unread) != 1 {
		t.Fatalf("unread %d, want 1", len(out.Unread))
	}
	mended := strings.Replace(out.Unread[0].Raw, `"x"`, `"0,5"`, 1)
	if got := show(p.Read([]byte(mended), Meta{Received: received, Piece: true})); got != "a 2026-11-23T03:35:00Z 0.5 \n" {
		t.Errorf("got %q", got)
	}
}

func TestCompile_NamesPositionOfEveryError(t *testing.T) {
	_, err := Parse(json.RawMessage(`{"records":"data[","fields":[{"datastream":"code","value":"depth +"},{"datastream":"x","value":"nothere(1)"}]}`))
	f, ok := fault.As(err)
	if !ok || len(f.Fields) != 3 {
		t.Fatalf("got %v", err)
	}
	for i, want := range []struct {
		path     string
		position int
	}{{"records", 5}, {"fields[0].value", 7}, {"fields[1].value", 1}} {
		got := f.Fields[i]
		if got.Path != want.path || got.Err.Code != "mapping.syntax" || got.Err.Args["position"] != want.position {
			t.Errorf("%d: %s %s %v, want %s at %d", i, got.Path, got.Err.Code, got.Err.Args, want.path, want.position)
		}
	}
}

func TestParse_UnknownKeyNamesTheNearest(t *testing.T) {
	_, err := Parse(json.RawMessage(`{"record":"data","datastream":"a","value":"b"}`))
	f, ok := fault.As(err)
	if !ok || len(f.Fields) != 1 || f.Fields[0].Err.Args["nearest"] != "records" {
		t.Fatalf("got %v", err)
	}
}

func TestFunctions_ExamplesCompile(t *testing.T) {
	for _, f := range Functions() {
		if _, ft := compile(f.Example, vietnam); ft != nil {
			t.Errorf("%s: %s: %v", f.Name, f.Example, ft)
		}
		if f.Help.Vi == "" || f.Help.En == "" {
			t.Errorf("%s: help is missing", f.Name)
		}
	}
}

func TestDescribe_PathsWorkAsExpressions(t *testing.T) {
	var root any
	if err := json.Unmarshal([]byte(`{"status":1,"data":[{"id":"a","in":2,"Mực nước":1.5,"location":{"coordinates":[108.2,16.1]}}]}`), &root); err != nil {
		t.Fatal(err)
	}
	lists, fields := Describe(root, "")
	if len(lists) != 1 || lists[0].Path != "data" || lists[0].Len != 1 {
		t.Fatalf("lists %v", lists)
	}
	var paths []string
	for _, f := range fields {
		paths = append(paths, f.Path)
		m := Mapping{Records: "data", Field: Field{Datastream: `"x"`, Value: "len([" + f.Path + "])", If: f.Path + " != nil"}}
		p, err := Compile(m)
		if err != nil {
			t.Errorf("%s: %v", f.Path, err)
			continue
		}
		b, _ := json.Marshal(root)
		if out := p.Read(b, Meta{Received: received}); len(out.Readings) != 1 {
			t.Errorf("%s: %s", f.Path, show(out))
		}
	}
	if got, want := strings.Join(paths, " "), `Mực nước`; !strings.Contains(got, want) {
		t.Errorf("paths %s", got)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("data", "code", "depth", "ts", []byte(`{"data":[{"code":"a","depth":1,"ts":1795404900}]}`))
	f.Add("", "number", "number(x)", "time(t)", []byte(`[{"number":1,"x":"7,21","t":"20261123103500"}]`))
	f.Add("filter(root, .a)", "meta.levels[0]", "be(base64(d),0,2)", "receivedAt", []byte(`{"d":"AAEC"}`))
	f.Add("", "c1", "c2", "c3", []byte("a;1,5;23/11/2026 10:35\nb;2"))
	f.Add("", "let a = 1; a", "sum(map(1..9, #))", "", []byte("7,5"))
	f.Fuzz(func(t *testing.T, records, datastream, value, when string, raw []byte) {
		p, err := Compile(Mapping{Records: records, Time: when, Field: Field{Datastream: datastream, Value: value, Unit: value, If: records}})
		if err != nil {
			if _, ok := fault.As(err); !ok {
				t.Fatalf("not a fault: %v", err)
			}
			return
		}
		out := p.Read(raw, Meta{Received: received})
		for _, r := range out.Readings {
			if r.Datastream == "" || r.Value != r.Value || r.Time.Year() < 1 {
				t.Fatalf("impossible reading %+v", r)
			}
		}
		for _, u := range out.Unread {
			if u.Err == nil {
				t.Fatal("unread without a reason")
			}
		}
	})
}

func BenchmarkRead_OneReading(b *testing.B) {
	p, err := Parse(nil)
	if err != nil {
		b.Fatal(err)
	}
	raw := []byte(`{"datastream":"a","time":"2026-11-23T03:35:00Z","value":1.5}`)
	for b.Loop() {
		if len(p.Read(raw, Meta{Received: received}).Readings) != 1 {
			b.Fatal("no reading")
		}
	}
}
