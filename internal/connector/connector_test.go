package connector

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/fault"
)

type testConfig struct {
	URL   string            `json:"url" vi:"Địa chỉ" en:"Address" required:"true"`
	Every Duration          `json:"every" vi:"Mỗi" en:"Every"`
	Key   Secret            `json:"key,omitempty" vi:"Khoá" en:"Key"`
	Heads map[string]Secret `json:"heads,omitempty"`
	Steps []struct {
		Name string `json:"name"`
		Pass Secret `json:"pass"`
	} `json:"steps,omitempty"`
	Mode string `json:"mode" enum:"a,b" when:"url=x,y"`
	Port int    `json:"port" min:"1" max:"65535"`
}

var testKind = Kind{Name: "test", Config: func() any { return &testConfig{Every: Duration(time.Minute), Mode: "a"} }}

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		raw  string
		want string // path code [nearest], by field
	}{
		"good":                {`{"url":"x","every":"90s","key":"k"}`, ""},
		"seconds as number":   {`{"every":90}`, ""},
		"empty":               {``, ""},
		"unknown key":         {`{"ulr":"x"}`, "ulr connector.unknown_key url"},
		"every unknown key":   {`{"ports":1,"steps":[{"nam":"x"}]}`, "ports connector.unknown_key port; steps[0].nam connector.unknown_key name"},
		"wrong type":          {`{"port":"x"}`, "port connector.config_type"},
		"bad duration":        {`{"every":"soon"}`, " connector.duration"},
		"broken":              {`{"url":`, " connector.config_syntax"},
		"not an object":       {`[]`, " connector.config_type"},
		"a map has free keys": {`{"heads":{"X-Key":"k"}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := Parse(json.RawMessage(c.raw), testKind.Config())
			var got []string
			if err != nil {
				f, ok := fault.As(err)
				if !ok {
					t.Fatalf("not a fault: %v", err)
				}
				for _, x := range f.Fields {
					s := x.Path + " " + x.Err.Code
					if n, ok := x.Err.Args["nearest"]; ok {
						s += fmt.Sprint(" ", n)
					}
					got = append(got, s)
				}
			}
			if s := strings.Join(got, "; "); s != c.want {
				t.Errorf("got %q, want %q", s, c.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"url":"x","steps":[{"name":"a"}]}`))
	f.Add([]byte(`{"steps":{"a":[{}]},"heads":[]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if err := Parse(raw, testKind.Config()); err != nil {
			if _, ok := fault.As(err); !ok {
				t.Fatalf("not a fault: %v", err)
			}
		}
		testKind.Restore(testKind.Redact(raw), raw)
	})
}

func TestRedactAndRestore(t *testing.T) {
	kept := json.RawMessage(`{"url":"x","key":"s1","heads":{"A":"s2"},"steps":[{"name":"n","pass":"s3"}]}`)
	shown := testKind.Redact(kept)
	for _, s := range []string{"s1", "s2", "s3"} {
		if strings.Contains(string(shown), `"`+s+`"`) {
			t.Errorf("%s shows in %s", s, shown)
		}
	}
	edited := strings.Replace(strings.Replace(string(shown), `"url":"x"`, `"url":"y"`, 1), `"A":"***"`, `"A":"new"`, 1)
	var got testConfig
	if err := Parse(testKind.Restore(json.RawMessage(edited), kept), &got); err != nil {
		t.Fatal(err)
	}
	if got.URL != "y" || got.Key != "s1" || got.Heads["A"] != "new" || got.Steps[0].Pass != "s3" {
		t.Errorf("got %s %s %s %s", got.URL, got.Key.Reveal(), got.Heads["A"].Reveal(), got.Steps[0].Pass.Reveal())
	}
}

func TestSecret_NeverShows(t *testing.T) {
	s := Secret("hunter2")
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", s, "config", testConfig{Key: s})
	b, err := json.Marshal(testConfig{Key: s, Heads: map[string]Secret{"A": s}})
	if err != nil {
		t.Fatal(err)
	}
	all := fmt.Sprintf("%s %v %+v %#v %q %s %s", s, s, testConfig{Key: s}, testConfig{Key: s}, s, b, log.String())
	if strings.Contains(all, "hunter2") {
		t.Errorf("it shows: %s", all)
	}
}

func TestSchema(t *testing.T) {
	s := testKind.Schema()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"order":["url","every","key","heads","steps","mode","port"]`, `"required":["url"]`,
		`"every":{"type":"string","title":{"vi":"Mỗi","en":"Every"},"format":"duration","default":"1m0s"}`,
		`"key":{"type":"string","title":{"vi":"Khoá","en":"Key"},"format":"password"}`,
		`"enum":["a","b"]`, `"when":{"url":"x,y"}`, `"minimum":1,"maximum":65535`,
		`"additionalProperties":{"type":"string","format":"password"}`,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in %s", want, b)
		}
	}
}

func TestGuard_Allows(t *testing.T) {
	g, err := NewGuard([]string{"10.1.0.0/16", "192.168.7.7", "fd00:1::/32"})
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]bool{
		"8.8.8.8": true, "2001:4860:4860::8888": true, "113.160.0.1": true,
		"10.1.2.3": true, "10.2.0.1": false, "192.168.7.7": true, "192.168.7.8": false, "fd00:1::5": true, "fd00:2::5": false,
		"127.0.0.1": false, "127.9.9.9": false, "0.0.0.0": false, "169.254.169.254": false, "172.16.0.1": false, "100.64.0.1": false,
		"198.18.0.1": false, "224.0.0.1": false, "255.255.255.255": false, "240.0.0.1": false,
		"::1": false, "::": false, "fe80::1": false, "fe80::1%eth0": false, "fc00::1": false, "ff02::1": false,
		"::ffff:127.0.0.1": false, "::ffff:8.8.8.8": true, "::ffff:10.1.2.3": true, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "::7f00:1": false,
	} {
		if got := g.Allows(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %v, want %v", addr, got, want)
		}
	}
	var none *Guard
	if none.Allows(netip.MustParseAddr("10.1.2.3")) || !none.Allows(netip.MustParseAddr("8.8.8.8")) {
		t.Error("a nil guard does not allow public addresses only")
	}
	if _, err := NewGuard([]string{"10.0.0.0/33"}); err == nil {
		t.Error("a wrong range was taken")
	}
}

func TestNearest(t *testing.T) {
	if got := Nearest("Topcs", []string{"url", "topics", "username"}); got != "topics" {
		t.Errorf("got %s", got)
	}
}
