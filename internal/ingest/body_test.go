package ingest

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/sensing"
)

type readBody struct {
	readings []sensing.Reading
	bad      map[int]string
}

func readAll(s string) (out readBody, err error) {
	r, err := newBodyReader(s)
	if err != nil {
		return out, err
	}
	out.bad = map[int]string{}
	for {
		reading, bad, done, err := r.next()
		if err != nil {
			return out, err
		}
		if done {
			return out, nil
		}
		if bad != nil {
			out.bad[len(out.readings)] = bad.Code
		}
		out.readings = append(out.readings, reading)
	}
}

func TestBody_Reads(t *testing.T) {
	at := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
	one := sensing.Reading{Datastream: "431068", Time: at, Value: 0.19}
	for name, c := range map[string]struct {
		body string
		want []sensing.Reading
		bad  map[int]string
	}{
		"object":           {`{"datastream":"431068","time":"2026-11-23T05:00:00Z","value":0.19}`, []sensing.Reading{one}, nil},
		"array":            {` [ {"value":0.19,"time":"2026-11-23T12:00:00+07:00","datastream":"431068"} , {"datastream":"431068","time":"2026-11-23T05:00:00.000Z","value":1.9e-1} ] `, []sensing.Reading{one, one}, nil},
		"empty array":      {` [ ] `, nil, nil},
		"lines":            {"{\"datastream\":\"431068\",\"time\":\"2026-11-23T05:00:00Z\",\"value\":0.19}\r\n\n{\"datastream\":\"431068\",\"time\":\"2026-11-23T05:00:00Z\",\"value\":0.19}\n", []sensing.Reading{one, one}, nil},
		"byte order mark":  {"\ufeff{\"datastream\":\"431068\",\"time\":\"2026-11-23T05:00:00Z\",\"value\":0.19}", []sensing.Reading{one}, nil},
		"decimal comma":    {`{"datastream":"431068","time":"2026-11-23T05:00:00Z","value":"0,19"}`, []sensing.Reading{one}, nil},
		"number as name":   {`{"datastream":431068,"time":"2026-11-23T05:00:00Z","value":0.19}`, []sensing.Reading{one}, nil},
		"unknown fields":   {`{"x":{"a":[1,{"b":null}],"c":"}"},"datastream":"431068","y":[],"time":"2026-11-23T05:00:00Z","z":{},"value":0.19}`, []sensing.Reading{one}, nil},
		"escapes":          {`{"datastream":"4310\u0036\u0038","time":"2026-11-23T05:00:00Z","value":0.19,"no\"te":"a\\"}`, []sensing.Reading{one}, nil},
		"all fields":       {`{"datastream":"a","time":"2026-11-23T05:00:00Z","value":-1,"unit":"cm","quality":1}`, []sensing.Reading{{Datastream: "a", Time: at, Value: -1, Unit: "cm", Quality: "1"}}, nil},
		"nulls are absent": {`{"datastream":"a","time":"2026-11-23T05:00:00Z","value":2,"unit":null,"quality":null}`, []sensing.Reading{{Datastream: "a", Time: at, Value: 2}}, nil},
		"too great":        {`{"datastream":"a","time":"2026-11-23T05:00:00Z","value":1e999}`, []sensing.Reading{{Datastream: "a", Time: at, Value: math.Inf(1)}}, nil},
		"text":             {`{"datastream":"a","time":"2026-11-23T05:00:00Z","value":"mở cửa"}`, []sensing.Reading{{Datastream: "a", Time: at, Text: "mở cửa"}}, nil},
		"year 1":           {`{"datastream":"a","time":"0001-01-01T00:00:00Z","value":1}`, []sensing.Reading{{Datastream: "a", Value: 1}}, nil},
		"faults of single ones": {
			`[1, "x", null, [[]], {"datastream":"a","time":"2026-11-23T05:00:00Z"}, {"time":"2026-11-23T05:00:00Z","value":1}, {"datastream":"a","value":1},
			  {"datastream":"a","time":"23/11/2026","value":1}, {"datastream":"a","time":1700000000,"value":1}, {"datastream":"a","time":"2026-11-23T05:00:00Z","value":true},
			  {"datastream":["a"],"time":"2026-11-23T05:00:00Z","value":1}, {"datastream":"a","time":"2026-02-30T05:00:00Z","value":1}, {"datastream":"a","time":"2026-11-23T05:00:00Z","value":" "}]`,
			make([]sensing.Reading, 13),
			map[int]string{0: "ingest.not_an_object", 1: "ingest.not_an_object", 2: "ingest.not_an_object", 3: "ingest.not_an_object", 4: "ingest.value_missing", 5: "ingest.datastream_missing",
				6: "ingest.time_missing", 7: "ingest.time_format", 8: "ingest.time_format", 9: "ingest.value_format", 10: "ingest.field_type", 11: "ingest.time_format", 12: "ingest.value_missing"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readAll(c.body)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.readings) != len(c.want) {
				t.Fatalf("%d readings, want %d", len(got.readings), len(c.want))
			}
			for i, want := range c.want {
				if got.bad[i] != c.bad[i] {
					t.Errorf("reading %d: fault %q, want %q", i, got.bad[i], c.bad[i])
				}
				r := got.readings[i]
				if r.Raw == "" || !strings.Contains(c.body, r.Raw) {
					t.Errorf("reading %d: raw %q", i, r.Raw)
				}
				if r.Raw = ""; c.bad[i] == "" && r != want {
					t.Errorf("reading %d: %+v, want %+v", i, r, want)
				}
			}
		})
	}
	for _, v := range []string{"NaN", "Infinity", "-Infinity"} {
		got, err := readAll(`{"datastream":"a","time":"2026-11-23T05:00:00Z","value":` + v + `}`)
		if err != nil || !math.IsNaN(got.readings[0].Value) {
			t.Errorf("%s: %+v %v", v, got, err)
		}
	}
}

func TestBody_RefusesWhole(t *testing.T) {
	for name, c := range map[string]struct{ body, code, index, position string }{
		"empty":         {"", "ingest.body_shape", "", ""},
		"space":         {" \n", "ingest.body_shape", "", ""},
		"number":        {"0.19", "ingest.body_shape", "", ""},
		"word":          {"true", "ingest.body_shape", "", ""},
		"not JSON":      {"hello", "ingest.json", "0", "0"},
		"cut":           {`[{"datastream":"a","time":"2026-11-23T05:00:00Z","value":1},{"data`, "ingest.json", "1", "66"},
		"no comma":      {`[{"value":1}{"value":1}]`, "ingest.json", "1", "12"},
		"second line":   {"{\"value\":1}\n{\"value\":}", "ingest.json", "1", "21"},
		"after array":   {`[] x`, "ingest.json", "0", "3"},
		"single quotes": {`{'value':1}`, "ingest.json", "0", "1"},
		"comma number":  {`{"value":1,5}`, "ingest.json", "0", "11"},
		"leading zero":  {`{"value":01}`, "ingest.json", "0", "10"},
		"bad escape":    {`{"datastream":"\x"}`, "ingest.json", "0", "14"},
		"line in text":  {"{\"datastream\":\"a\nb\"}", "ingest.json", "0", "16"},
		"cp1258":        {"{\"datastream\":\"Tr\xe2\xecn\"}", "ingest.encoding", "", "17"},
		"utf-16":        {"\xff\xfe{\x00", "ingest.encoding", "", "0"},
		"deep array":    {strings.Repeat("[", 100_000), "ingest.too_deep", "", ""},
		"deep field":    {`{"x":` + strings.Repeat(`{"a":`, 100_000), "ingest.too_deep", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readAll(c.body)
			f, ok := fault.As(err)
			if !ok || f.Code != c.code {
				t.Fatalf("got %v, want %s", err, c.code)
			}
			arg := func(k string) string { b, _ := json.Marshal(f.Args[k]); return string(b) }
			if c.index != "" && arg("index") != c.index || c.position != "" && arg("position") != c.position {
				t.Errorf("got %v, want index %s, byte %s", err, c.index, c.position)
			}
		})
	}
}

func TestParseDecimal(t *testing.T) {
	for s, want := range map[string]float64{"1.5": 1.5, "1,5": 1.5, " -0,01 ": -0.01, "12": 12, "1e3": 1000, "+2": 2} {
		if got, ok := parseDecimal(s); !ok || got != want {
			t.Errorf("%q is %v (%v), want %v", s, got, ok, want)
		}
	}
	for _, s := range []string{"", "1.234,5", "1,234.5", "1,2,3", "0x10", "1_000", "a", "--1", "1 000"} {
		if got, ok := parseDecimal(s); ok {
			t.Errorf("%q was read as %v", s, got)
		}
	}
}

// Whatever encoding/json reads as a stream of values is read here, with the
// same values, and what it refuses is refused.
func FuzzBody(f *testing.F) {
	for _, s := range []string{
		`{"datastream":"a","time":"2026-11-23T05:00:00Z","value":0.19,"quality":"good"}`,
		`[{"datastream":"a","time":"2026-11-23T05:00:00Z","value":"1,5"},{"x":[{}]}]`, "{}\n{}", `[1,"\ud83d\ude00"]`, `[[[[`, `{"value":-0.0e-5}`, "\ufeff[]", `{"value":123456789012345678}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, err := readAll(body)
		var want []json.RawMessage
		dec := json.NewDecoder(strings.NewReader(strings.TrimPrefix(body, "\ufeff")))
		var jsonErr error
		for {
			var raw json.RawMessage
			if jsonErr = dec.Decode(&raw); jsonErr != nil {
				break
			}
			want = append(want, raw)
		}
		valid := errors.Is(jsonErr, io.EOF)
		if err == nil && !valid {
			lenient := strings.Contains(body, "NaN") || strings.Contains(body, "Infinity") || strings.Contains(body, ",")
			if !lenient {
				t.Fatalf("took what is not JSON: %q: %v", body, jsonErr)
			}
			return
		}
		if err != nil || len(want) == 0 {
			return
		}
		if len(want) == 1 {
			var array []json.RawMessage
			if json.Unmarshal(want[0], &array) == nil && array != nil {
				want = array
			}
		}
		if len(got.readings) != len(want) {
			t.Fatalf("%d readings, want %d", len(got.readings), len(want))
		}
		for i, r := range got.readings {
			var m map[string]json.RawMessage
			if json.Unmarshal(want[i], &m) != nil {
				continue
			}
			var v float64
			if json.Unmarshal(m["value"], &v) == nil && len(m["value"]) > 0 && m["value"][0] != 'n' && v != r.Value {
				t.Fatalf("value %s read as %v", m["value"], r.Value)
			}
			var at time.Time
			if json.Unmarshal(m["time"], &at) == nil && len(m["time"]) > 0 && m["time"][0] == '"' && got.bad[i] == "" && !at.Equal(r.Time) {
				t.Fatalf("time %s read as %v", m["time"], r.Time)
			}
		}
	})
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2026-11-23T05:00:00Z", "2026-11-23T05:00:00.123456789+07:00", "2024-02-29T23:59:59-00:30", "2026-11-23t05:00:00z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseTime(s)
		want, err := time.Parse(time.RFC3339Nano, s)
		if ok != (err == nil) || (ok && !got.Equal(want)) {
			t.Fatalf("%q: %v %v, time.Parse says %v %v", s, got, ok, want, err)
		}
	})
}

func BenchmarkBody(b *testing.B) {
	line := `{"datastream":"431068","time":"2026-11-23T05:00:00Z","value":0.19,"quality":"good"}`
	body := "[" + strings.TrimSuffix(strings.Repeat(line+",", 1000), ",") + "]"
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		r, err := newBodyReader(body)
		if err != nil {
			b.Fatal(err)
		}
		for {
			_, bad, done, err := r.next()
			if err != nil || bad != nil {
				b.Fatal(err, bad)
			}
			if done {
				break
			}
		}
	}
	b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "readings/s")
}

func BenchmarkBodyEncodingJSON(b *testing.B) {
	line := `{"datastream":"431068","time":"2026-11-23T05:00:00Z","value":0.19,"quality":"good"}`
	body := []byte("[" + strings.TrimSuffix(strings.Repeat(line+",", 1000), ",") + "]")
	for b.Loop() {
		var out []sensing.Reading
		if err := json.Unmarshal(body, &out); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "readings/s")
}
