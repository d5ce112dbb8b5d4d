package decode

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"openioc.org/ioc/internal/fault"
)

// fuzz holds what every decoder promises: no panic, only faults, text that is
// valid UTF-8, numbers that are finite, and pieces that can be taken.
func fuzz(f *testing.F, format Format, pattern string) {
	seeds, err := filepath.Glob(filepath.Join("testdata", pattern, "input*"))
	if err != nil || len(seeds) == 0 {
		f.Fatalf("no seeds for %s", pattern)
	}
	for _, s := range seeds {
		raw, err := os.ReadFile(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		doc, err := Decode(raw, Options{Format: format, Name: "DN_A_B_20261123103500.txt"})
		if err != nil {
			if _, ok := fault.As(err); !ok {
				t.Fatalf("not a fault: %v", err)
			}
			return
		}
		checkTree(t, doc.Root)
		if rows, ok := doc.Root.([]any); ok && doc.Pieces != nil {
			for i := range rows {
				if !utf8.ValidString(doc.Pieces(i)) {
					t.Fatalf("piece %d is no UTF-8", i)
				}
			}
		}
		for _, u := range doc.Unread {
			if u.Err == nil || u.Raw == "" {
				t.Fatalf("unread without reason or text: %+v", u)
			}
		}
		if _, err := json.Marshal(doc.Root); err != nil {
			t.Fatalf("cannot be shown: %v", err)
		}
	})
}

func checkTree(t *testing.T, v any) {
	switch x := v.(type) {
	case map[string]any:
		for k, sub := range x {
			if !utf8.ValidString(k) {
				t.Fatalf("key %q is no UTF-8", k)
			}
			checkTree(t, sub)
		}
	case []any:
		for _, sub := range x {
			checkTree(t, sub)
		}
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			t.Fatalf("not finite: %v", x)
		}
	case string:
		if !utf8.ValidString(x) {
			t.Fatalf("%q is no UTF-8", x)
		}
	case nil, bool, int:
	default:
		t.Fatalf("a %T in the tree", v)
	}
}

func FuzzJSON(f *testing.F) { fuzz(f, JSON, "*json*") }
func FuzzCSV(f *testing.F)  { fuzz(f, CSV, "csv*") }
func FuzzXML(f *testing.F)  { fuzz(f, XML, "xml*") }
func FuzzTT10(f *testing.F) { fuzz(f, TT10, "tt10*") }
func FuzzAuto(f *testing.F) { fuzz(f, Auto, "*") }

func FuzzXLSX(f *testing.F) {
	f.Add(workbook(f))
	f.Fuzz(func(t *testing.T, raw []byte) {
		doc, err := Decode(raw, Options{Format: XLSX})
		if err != nil {
			if _, ok := fault.As(err); !ok {
				t.Fatalf("not a fault: %v", err)
			}
			return
		}
		checkTree(t, doc.Root)
	})
}
