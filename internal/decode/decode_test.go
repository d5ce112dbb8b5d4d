package decode

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"openioc.org/ioc/internal/fault"
)

var update = flag.Bool("update", false, "rewrite the wanted files of testdata")

// show writes rows as JSON lines, then what was unread with its reason.
func show(t *testing.T, d Document) string {
	t.Helper()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	rows, ok := d.Root.([]any)
	if !ok {
		rows = []any{d.Root}
	}
	for _, r := range rows {
		if err := enc.Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	for _, u := range d.Unread {
		fmt.Fprintf(&b, "! %s %q\n", u.Err, u.Raw)
	}
	return b.String()
}

// TestDecode_Cases reads testdata/<case>/input.* (options.json beside it) and
// compares with want.jsonl, or want.err where the document is refused.
func TestDecode_Cases(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*/input*")
	if err != nil || len(inputs) < 10 {
		t.Fatalf("found %d cases, %v", len(inputs), err)
	}
	for _, in := range inputs {
		dir := filepath.Dir(in)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			raw, err := os.ReadFile(in)
			if err != nil {
				t.Fatal(err)
			}
			o := Options{Name: filepath.Base(in)}
			if b, err := os.ReadFile(filepath.Join(dir, "options.json")); err == nil {
				if err := json.Unmarshal(b, &o); err != nil {
					t.Fatal(err)
				}
			}
			got, file := "", "want.jsonl"
			doc, err := Decode(raw, o)
			if err != nil {
				got, file = err.Error()+"\n", "want.err"
			} else {
				got = show(t, doc)
			}
			if *update {
				os.Remove(filepath.Join(dir, "want.err"))
				os.Remove(filepath.Join(dir, "want.jsonl"))
				if err := os.WriteFile(filepath.Join(dir, file), []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Fatalf("no %s; got:\n%s", file, got)
			}
			if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
			// Each unread piece, read alone, must be refused for the same reason.
			for _, u := range doc.Unread {
				again, err := Decode([]byte(u.Raw), Options{Format: doc.Format})
				if err == nil && len(again.Unread) == 0 {
					t.Errorf("piece %q reads without complaint", u.Raw)
				}
			}
		})
	}
}

func TestDecode_Refuses(t *testing.T) {
	deep := strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)
	deepXML := strings.Repeat("<a>", 1000) + strings.Repeat("</a>", 1000)
	for name, c := range map[string]struct {
		raw    string
		format Format
		code   string
	}{
		"100,000 brackets":           {deep, JSON, "decode.too_deep"},
		"100,000 open brackets":      {deep[:100_000], JSON, "decode.too_deep"},
		"a million values":           {"[" + strings.Repeat("1,", MaxNodes+1) + "1]", JSON, "decode.too_many"},
		"too many bytes":             {strings.Repeat(" ", MaxBytes+1), JSON, "decode.too_large"},
		"NaN is no JSON":             {`{"value":NaN}`, JSON, "decode.json"},
		"text after the value":       {`{"a":1} x`, JSON, "decode.json"},
		"cut off":                    {`{"a":[1,2`, JSON, "decode.json"},
		"nothing":                    {" \r\n", JSON, "decode.empty"},
		"deep XML":                   {deepXML, XML, "decode.too_deep"},
		"entities":                   {`<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>`, XML, "decode.xml_doctype"},
		"XML cut off":                {`<a><b>`, XML, "decode.xml"},
		"not a workbook":             {"PK\x03\x04garbage", XLSX, "decode.xlsx"},
		"word for number":            {"abc", Number, "decode.number"},
		"UTF-8 that is none":         {"a\xff", CSV, "decode.charset"},
		"a format that there is not": {"x", "yaml", "decode.format"},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{Format: c.format}
			if c.code == "decode.charset" {
				o.Charset = "utf-8"
			}
			_, err := Decode([]byte(c.raw), o)
			f, ok := fault.As(err)
			if !ok || f.Code != c.code {
				t.Fatalf("got %v, want %s", err, c.code)
			}
		})
	}
}

func TestFloat(t *testing.T) {
	f := func(in string, want float64, ok bool) {
		t.Helper()
		got, gotOK := Float(in)
		if gotOK != ok || ok && got != want {
			t.Errorf("Float(%q) = %v, %v; want %v, %v", in, got, gotOK, want, ok)
		}
	}
	f("7.21", 7.21, true)
	f("7,21", 7.21, true)
	f(" 1.234,5 ", 1234.5, true)
	f("1,234.5", 1234.5, true)
	f("1 234,5", 1234.5, true)
	f("\u22120,01", -0.01, true)
	f("1e-3", 0.001, true)
	f("1,234,567", 1234567, true)
	for _, bad := range []string{"", "NaN", "Inf", "0x10", "1_000", "--", "7.2.1", "1e999", "abc", "12 m"} {
		f(bad, 0, false)
	}
}

func TestSniff(t *testing.T) {
	for raw, want := range map[string]Format{
		"\ufeff {\"a\":1}": JSON, "[1]": JSON, "<a/>": XML, "7,5": Number, "-0.01": Number, "a;b\n1;2": CSV,
		"pH\t7.21\t-\t20261123103500\t00\r\nCOD": TT10, "PK\x03\x04": XLSX,
	} {
		if got := Sniff([]byte(raw), ""); got != want {
			t.Errorf("Sniff(%q) = %q, want %q", raw, got, want)
		}
	}
}

func workbook(t testing.TB) []byte {
	t.Helper()
	x := excelize.NewFile()
	defer x.Close()
	date, err := x.NewStyle(&excelize.Style{NumFmt: 22})
	if err != nil {
		t.Fatal(err)
	}
	for cell, v := range map[string]any{
		"A1": "Báo cáo trạm", "A3": "Thời gian", "B3": "Mực nước", "C3": "Trạm", "D3": "Tốt",
		"A4": time.Date(2020, 10, 19, 6, 0, 0, 0, time.UTC), "B4": 4.88, "C4": "Lệ Thủy", "D4": true,
		"A5": time.Date(2020, 10, 19, 7, 0, 0, 0, time.UTC), "B5": "4,86", "C5": 430057, "D5": nil,
	} {
		if err := x.SetCellValue("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.SetCellStyle("Sheet1", "A4", "A5", date); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := x.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestXLSX_TypesCells(t *testing.T) {
	doc, err := Decode(workbook(t), Options{Name: "a.xlsx", SkipRows: 2})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Mực nước":4.88,"Thời gian":"2020-10-19T06:00:00","Trạm":"Lệ Thủy","Tốt":true}
{"Mực nước":"4,86","Thời gian":"2020-10-19T07:00:00","Trạm":430057,"Tốt":null}
`
	if got := show(t, doc); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if got, want := doc.Pieces(1), "Thời gian,Mực nước,Trạm,Tốt\n2020-10-19T07:00:00,\"4,86\",430057,\n"; got != want {
		t.Errorf("piece %q, want %q", got, want)
	}
}

func TestXLSX_RefusesZipBomb(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range []string{"[Content_Types].xml", "xl/worksheets/sheet1.xml"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, maxUnzipped/2+1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 100_000 {
		t.Fatalf("the bomb has %d bytes, it should be small", b.Len())
	}
	_, err := Decode(b.Bytes(), Options{})
	if f, ok := fault.As(err); !ok || f.Code != "decode.xlsx_bomb" {
		t.Fatalf("got %v", err)
	}
}
