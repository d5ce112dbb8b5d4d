package alert

import (
	"encoding/json"
	"maps"
	"testing"
	"time"

	"openioc.org/ioc/internal/msg"
)

// A compact row says of what it holds what the document says, and leaves out
// nothing but what lists do not show and what is empty.
func TestCompactRow(t *testing.T) {
	at := time.Date(2026, 9, 1, 3, 0, 0, 0, time.UTC)
	lon, zero := 108.2, 0.0
	full := Alert{ID: "a1", Number: "CB-1", Version: 2, State: Raised, Severity: 3, Service: "flood", Rule: "r", RuleName: msg.Text{Vi: "quy tắc", En: "rule"},
		Title: msg.Text{Vi: `Ngập "to" \ {0,5 m}`, En: "Flooded: [0.5 m], deep"}, Text: msg.Text{Vi: "dài", En: "long"}, Place: "Đường 2/9\n", Lon: &lon, Value: &zero,
		Since: at, RaisedAt: at, UpdatedAt: at, Labels: map[string]string{"text": "x"}, SuppressedBy: &Suppression{Kind: BySilence, ID: "s"},
		Escalation: Escalation{Level: 1, NextAt: &at}, Times: Times{AcknowledgeBy: &at, Late: []string{"acknowledge"}}}
	doc, err := full.document()
	if err != nil {
		t.Fatal(err)
	}
	row := compactRow(compact(nil, doc), 4)
	var got Alert
	if err := json.Unmarshal(row, &got); err != nil {
		t.Fatalf("%s: %v", row, err)
	}
	want := full
	want.Text, want.RuleName, want.Labels, want.GroupSize = msg.Text{}, msg.Text{}, nil, 4
	if a, b := mustString(t, got), mustString(t, want); a != b {
		t.Errorf("a row says\n%s, want\n%s", a, b)
	}
	if got := string(compactRow(compact(nil, `{"id":"x","active":false,"lon":null,"labels":{"a":"b"},"value":0}`), 1)); got != `{"id":"x","value":0}` {
		t.Error(got)
	}
	if got := string(compact(nil, `{"text":"t","times":{"a":null},"labels":{},"z":[1,null]}`)); got != `{"times":{},"z":[1,null]}` {
		t.Error(got)
	}
	if got := string(compact(nil, `{}`)); got != `{}` {
		t.Error(got)
	}
	for _, s := range []string{``, `[]`, `{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1]`, `{"a":1}x`, `{"a":1,}`, `{,"a":1}`, `{"a":"b`, `{"a":{"b":1}`, `{"times":3}`, `{"a":"\`, `{a:1}`} {
		if got := string(compact(nil, s)); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func mustString(t *testing.T, v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// Whatever strings an alert holds, its row is JSON and keeps them.
func FuzzCompact(f *testing.F) {
	f.Add("a", `"`, `\`, 0.5)
	f.Add("{", "}", `",":[`, -1e300)
	f.Add("\u2028", "\x00", "\xff", 0.0)
	f.Fuzz(func(t *testing.T, id, title, place string, value float64) {
		a := Alert{ID: id, Title: msg.Text{Vi: title, En: place}, Place: place, Value: &value, Labels: map[string]string{title: place}, Times: Times{Late: []string{title}}}
		doc, err := a.document()
		if err != nil {
			return // JSON has no infinite numbers, and no alert holds one
		}
		var whole, row map[string]any
		if err := json.Unmarshal([]byte(doc), &whole); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(compact(nil, doc), &row); err != nil {
			t.Fatalf("%s: %v", doc, err)
		}
		maps.DeleteFunc(whole, func(k string, _ any) bool { return row[k] == nil || nested(k) })
		maps.DeleteFunc(row, func(k string, _ any) bool { return nested(k) })
		if a, b := mustString(t, whole), mustString(t, row); a != b {
			t.Errorf("row %s of %s", b, a)
		}
	})
}
