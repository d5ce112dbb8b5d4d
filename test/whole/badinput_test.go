package whole

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"openioc.org/ioc/test/harness"
)

func gzipped(t *testing.T, data []byte) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestBadInput_Push posts what no instrument should to the ingest endpoint.
func TestBadInput_Push(t *testing.T) {
	t.Parallel()
	y := newYard(t, "--log-level", "debug")
	bad, err := y.CreateSource("bad", 2, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	minute := 0
	// at is an instant not used before.
	at := func() string {
		minute++
		return time.Now().UTC().Add(-100 * time.Hour).Truncate(time.Hour).Add(time.Duration(minute) * time.Minute).Format(time.RFC3339)
	}
	one := func(extra string) string { return fmt.Sprintf(`{"datastream":"bad-0","time":%q,%s}`, at(), extra) }
	now := time.Now().UTC()
	bomb := bytes.Repeat([]byte(" "), 200<<20)
	zw, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	deep := strings.Repeat("[", 100_000)

	// The whole body is refused and nothing of it is taken.
	for _, c := range []struct {
		name, body string
		headers    []string
		status     int
		code, says string
	}{
		{"empty", "", nil, 400, "ingest.body_shape", "object"},
		{"only space", " \r\n\t ", nil, 400, "ingest.body_shape", ""},
		{"a text", `"hello"`, nil, 400, "ingest.body_shape", ""},
		{"cut off", `[{"datastream":"bad-0","time":`, nil, 400, "ingest.json", "reading 0, byte 30: the body ends too early"},
		{"second broken", `[` + one(`"value":1`) + `,{"datastream" "bad-0"}]`, nil, 400, "ingest.json", "reading 1, byte"},
		{"trailing comma", `[` + one(`"value":1`) + `,]`, nil, 400, "ingest.json", "byte"},
		{"something behind", `[` + one(`"value":1`) + `] x`, nil, 400, "ingest.json", "something follows"},
		{"single quotes", `{'datastream':'bad-0'}`, nil, 400, "ingest.json", "byte 1"},
		{"broken line", one(`"value":1`) + "\n{\"datastream\":\n" + one(`"value":2`), nil, 400, "ingest.json", "reading 1"},
		{"control character", "{\"datastream\":\"bad\x01\"}", nil, 400, "ingest.json", "control character"},
		{"html", "<html><body>502 Bad Gateway</body></html>", nil, 400, "ingest.json", "byte 0"},
		{"100,000 deep", deep, nil, 400, "ingest.too_deep", "byte"},
		{"100,000 deep inside", one(`"value":1,"x":` + deep), nil, 400, "ingest.too_deep", "byte"},
		{"100,000 deep closed", deep + strings.Repeat("]", 100_000), nil, 400, "ingest.too_deep", "byte"},
		{"CP1258", "{\"datastream\":\"C\xe2\xd2m L\xea\xf2\"}", nil, 400, "ingest.encoding", "byte 16"},
		{"UTF-16", "\xff\xfe{\x00}\x00", nil, 400, "ingest.encoding", "byte 0"},
		{"11 MB", `{"x":"` + strings.Repeat("a", 10<<20) + `"}`, nil, 413, "ingest.body_too_large", "10 MiB"},
		{"10 MB of brackets", strings.Repeat("[{", 5_000_000), nil, 400, "ingest.json", ""},
		{"10 MB of quotes", `{"a` + strings.Repeat(`\"`, 4_999_990), nil, 400, "ingest.json", "ends too early"},
		{"gzip that is none", "hello", []string{"Content-Encoding", "gzip"}, 400, "ingest.body_encoding", "gzip"},
		{"gzip cut off", gzipped(t, []byte(one(`"value":1`)))[:40], []string{"Content-Encoding", "gzip"}, 400, "ingest.body_encoding", "gzip"},
		{"gzip bomb", gzipped(t, bomb), []string{"Content-Encoding", "gzip"}, 413, "ingest.body_too_large", "64 MiB"},
		{"zstd bomb", string(zw.EncodeAll(bomb, nil)), []string{"Content-Encoding", "zstd"}, 413, "ingest.body_too_large", "64 MiB"},
		{"zstd that is none", "hello", []string{"Content-Encoding", "zstd"}, 400, "ingest.body_encoding", "zstd"},
		{"brotli", "hello", []string{"Content-Encoding", "br"}, 400, "ingest.body_encoding_unknown", "br"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := y.balanced(t)["bad"]
			a := y.ask(t, "POST", "/api/v1/ingest/bad", bad, c.body, c.headers...)
			if a.Status != c.status || a.Code != c.code || !strings.Contains(a.Detail, c.says) {
				t.Errorf("got %d %s", a.Status, clip(a.Body))
			}
			if len(a.Body) > 4096 {
				t.Errorf("the answer repeats the question: %d bytes", len(a.Body))
			}
			y.goesOn(t)
			if after := y.balanced(t)["bad"]; after.Stored != before.Stored || after.Quarantined != before.Quarantined {
				t.Errorf("something of it was taken: %+v, before %+v", after, before)
			}
		})
	}

	// One reading is refused or kept aside, the one behind it is taken.
	for _, c := range []struct {
		name, reading string
		code, says    string
		quarantined   bool
	}{
		{"number for an object", `1`, "ingest.not_an_object", "", false},
		{"null for an object", `null`, "ingest.not_an_object", "", false},
		{"list for an object", `[]`, "ingest.not_an_object", "", false},
		{"nothing in it", `{}`, "ingest.datastream_missing", "", false},
		{"datastream is an object", `{"datastream":{},"time":"` + at() + `","value":1}`, "ingest.field_type", "datastream", false},
		{"time is a number", `{"datastream":"bad-0","time":1795404900,"value":1}`, "ingest.time_format", "1795404900", false},
		{"time without zone", `{"datastream":"bad-0","time":"2026-11-23T05:00:00","value":1}`, "ingest.time_format", "2026-11-23T05:00:00Z", false},
		{"time of day 25", `{"datastream":"bad-0","time":"2026-11-23T25:00:00Z","value":1}`, "ingest.time_format", "", false},
		{"no time", `{"datastream":"bad-0","value":1}`, "ingest.time_missing", "", false},
		{"no value", one(`"unit":"m"`), "ingest.value_missing", "", false},
		{"null value", one(`"value":null`), "ingest.value_missing", "", false},
		{"value is true", one(`"value":true`), "ingest.value_format", "true", false},
		{"value is a list", one(`"value":[1]`), "ingest.value_format", "[1]", false},
		{"value is a word", one(`"value":"high"`), "ingest.value_not_a_number", "high", false},
		{"thousands and decimals", one(`"value":"1.234,5"`), "ingest.value_not_a_number", "1.234,5", false},
		{"NaN", one(`"value":NaN`), "ingest.value_not_finite", "finite", false},
		{"text NaN", one(`"value":"NaN"`), "ingest.value_not_finite", "finite", false},
		{"Infinity", one(`"value":Infinity`), "ingest.value_not_finite", "finite", false},
		{"-Infinity", one(`"value":-Infinity`), "ingest.value_not_finite", "finite", false},
		{"1e999", one(`"value":1e999`), "ingest.value_not_finite", "finite", false},
		{"unknown datastream", `{"datastream":"nobody","time":"` + at() + `","value":1}`, "ingest.datastream_unknown", "nobody", false},
		{"datastream of another source", `{"datastream":"good-0","time":"` + at() + `","value":1}`, "ingest.datastream_foreign", "good-0", false},
		{"injected datastream", `{"datastream":"x'; drop table thing; --","time":"` + at() + `","value":1}`, "ingest.datastream_unknown", "", false},
		{"NUL in the datastream", `{"datastream":"bad-0\u0000","time":"` + at() + `","value":1}`, "ingest.datastream_unknown", "", false},
		{"kilograms for metres", one(`"value":1,"unit":"kg"`), "ingest.unit_unknown", "kg cannot be converted to m", false},
		{"degrees for metres", one(`"value":1,"unit":"°C"`), "ingest.unit_unknown", "°C", false},
		{"year 1970", `{"datastream":"bad-0","time":"1970-01-01T00:00:00Z","value":1}`, "ingest.time_unset", "1970", false},
		{"year 1", `{"datastream":"bad-0","time":"0001-01-01T00:00:00Z","value":1}`, "ingest.time", "", false},
		{"two years old", `{"datastream":"bad-0","time":"` + now.AddDate(-2, 0, 0).Format(time.RFC3339) + `","value":1}`, "ingest.time_too_old", "400", false},
		{"year 2099", `{"datastream":"bad-0","time":"2099-01-01T00:00:00Z","value":1}`, "ingest.time_future", "2099", true},
		{"in ten minutes", `{"datastream":"bad-0","time":"` + now.Add(10*time.Minute).Format(time.RFC3339) + `","value":1}`, "ingest.time_future", "", true},
		{"a thousand metres of water", one(`"value":100000`), "ingest.value_impossible", "100000 m", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := y.balanced(t)["bad"]
			a := y.ask(t, "POST", "/api/v1/ingest/bad", bad, `[`+c.reading+`,{"datastream":"bad-1","time":"`+at()+`","value":1}]`)
			var res struct {
				Accepted, Duplicate, Quarantined int
				Rejected                         []struct {
					Index        int
					Code, Detail string
				}
			}
			if err := json.Unmarshal([]byte(a.Body), &res); err != nil || a.Status != 200 || res.Accepted != 1 || res.Duplicate != 0 {
				t.Fatalf("got %d %s", a.Status, clip(a.Body))
			}
			if c.quarantined {
				if res.Quarantined != 1 || len(res.Rejected) != 0 {
					t.Errorf("got %s", a.Body)
				}
			} else if len(res.Rejected) != 1 || res.Rejected[0].Index != 0 || !strings.HasPrefix(res.Rejected[0].Code, c.code) || !strings.Contains(res.Rejected[0].Detail, c.says) {
				t.Errorf("got %s", a.Body)
			}
			y.goesOn(t)
			after := y.balanced(t)["bad"]
			if after.Stored != before.Stored+1 || after.Received != before.Received+2 ||
				after.Rejected+after.Quarantined != before.Rejected+before.Quarantined+1 {
				t.Errorf("counted %+v, before %+v", after, before)
			}
			if c.code != "ingest.time" {
				y.letter(t, "bad", c.code, c.says)
			}
		})
	}

	// What looks bad and can be read.
	for name, c := range map[string]struct {
		body, want string
		value      string
	}{
		"BOM":           {"\ufeff" + one(`"value":0.71`), `"accepted":1`, "0.71"},
		"decimal comma": {one(`"value":"0,72"`), `"accepted":1`, "0.72"},
		"centimetres":   {one(`"value":73,"unit":"cm"`), `"accepted":1`, "0.73"},
		"10 MB":         {one(`"value":0.74,"note":"` + strings.Repeat("x", 10_000_000) + `"`), `"accepted":1`, "0.74"},
		"same key":      {one(`"value":9,"value":0.75`), `"accepted":1`, "0.75"},
		"commas parted": {one(`"value":0.76`) + ",\n" + one(`"value":0.77`), `"accepted":2`, "0.77"},
	} {
		t.Run(name, func(t *testing.T) {
			if a := y.ask(t, "POST", "/api/v1/ingest/bad", bad, c.body); a.Status != 200 || !strings.Contains(a.Body, c.want) {
				t.Fatalf("got %d %s", a.Status, clip(a.Body))
			}
			y.balanced(t)
			a := y.ask(t, "GET", "/sta/v1.1/Datastreams('bad-0')/Observations?$top=1&$orderby=phenomenonTime%20desc&$filter=result%20eq%20"+c.value, y.Token, "")
			if !strings.Contains(a.Body, `"result":`+c.value) {
				t.Errorf("%s is not there: %s", c.value, clip(a.Body))
			}
			y.goesOn(t)
		})
	}

	t.Run("duplicate", func(t *testing.T) {
		body := `[` + one(`"value":1`) + `,` + one(`"value":2`) + `]`
		y.ask(t, "POST", "/api/v1/ingest/bad", bad, body)
		before := y.balanced(t)["bad"]
		a := y.ask(t, "POST", "/api/v1/ingest/bad", bad, body)
		if !strings.Contains(a.Body, `"accepted":0,"duplicate":2`) {
			t.Errorf("got %s", a.Body)
		}
		if after := y.balanced(t)["bad"]; after.Stored != before.Stored || after.Duplicate != before.Duplicate+2 {
			t.Errorf("counted %+v, before %+v", after, before)
		}
	})

	t.Run("far too large", func(t *testing.T) {
		// The server answers at 10 MiB and closes; the sender may not get to
		// read that.
		a, err := y.Ask("POST", "/api/v1/ingest/bad", bad, strings.Repeat(" ", 80<<20))
		if err == nil && (a.Status != 413 || a.Code != "ingest.body_too_large") {
			t.Errorf("got %d %s", a.Status, clip(a.Body))
		}
		y.goesOn(t)
	})

	t.Run("tokens", func(t *testing.T) {
		body := one(`"value":1`)
		off := y.ask(t, "PATCH", "/api/v1/sources/bad", y.Token, `{"enabled":false}`)
		if off.Status != 200 {
			t.Fatal(off.Body)
		}
		for _, c := range []struct {
			name, source, token string
			status              int
			code                string
		}{
			{"none", "bad", "", 401, "ingest.token"},
			{"wrong", "bad", bad[:len(bad)-1] + "x", 401, "ingest.token"},
			{"cut", "bad", bad[:10], 401, "ingest.token"},
			{"another source's", "bad", y.good, 403, "ingest.foreign_source"},
			{"source unknown", "nobody", y.good, 403, "ingest.foreign_source"},
			{"a person's", "bad", y.Token, 401, "ingest.token"},
			{"switched off", "bad", bad, 403, "ingest.source_off"},
			{"10 KB of token", "bad", strings.Repeat("a", 10_000), 401, "ingest.token"},
		} {
			if a := y.ask(t, "POST", "/api/v1/ingest/"+c.source, c.token, body); a.Status != c.status || a.Code != c.code {
				t.Errorf("%s: got %d %s", c.name, a.Status, clip(a.Body))
			}
		}
		// A source's token opens nothing else.
		for _, path := range []string{"/api/v1/users", "/api/v1/sources", "/api/v1/session", "/sta/v1.1/Things", "/prometheus/api/v1/query?query=1"} {
			if a := y.ask(t, "GET", path, y.good, ""); a.Status != 401 && a.Status != 403 {
				t.Errorf("a source's token got %d at %s", a.Status, path)
			}
		}
		y.goesOn(t)
	})

	y.balanced(t)
	// One body of 64 MiB, grown by doubling, and garbage as much again.
	if mb := memoryPeak(t, y.City); mb > 768 {
		t.Errorf("bodies of at most 64 MiB took %d MB", mb)
	} else {
		t.Logf("memory peak %d MB", mb)
	}
	if err := y.Stop(); err != nil {
		t.Error(err)
	}
	for _, word := range []string{"panic", "goroutine ", "level=ERROR", bad, y.good, y.Token, harness.Password} {
		if strings.Contains(y.Log.String(), word) {
			t.Errorf("the log holds %q", word)
		}
	}
}
