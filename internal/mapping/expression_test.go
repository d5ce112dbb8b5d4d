package mapping

import (
	"testing"
	"time"
)

func TestExpression(t *testing.T) {
	if _, f := CompileExpression("1 +", nil); f == nil || f.Code != "mapping.syntax" {
		t.Error(f)
	}
	if x, f := CompileExpression("", nil); f != nil || x.Given() {
		t.Error("an empty expression is none", f)
	}
	root := map[string]any{"data": []any{map[string]any{"a": "1,5"}, map[string]any{"a": "x"}}}
	e := NewEvaluator(root, Meta{Source: "mc", File: "f.json"})
	records, _ := CompileExpression("data", nil)
	list, f := e.Records(records)
	if f != nil || len(list) != 2 {
		t.Fatal(list, f)
	}
	value, _ := CompileExpression(`number(a) ?? meta.source`, nil)
	for i, want := range []any{1.5, "mc"} {
		e.Enter(list[i], i)
		if got, f := e.Eval("a", value); f != nil || got != want {
			t.Errorf("%d: %v, %v", i, got, f)
		}
	}
	keep, _ := CompileExpression(`a == "x"`, nil)
	if ok, f := e.Condition("where", keep); f != nil || !ok {
		t.Error(ok, f)
	}
	if ok, f := e.Condition("where", Expression{}); f != nil || !ok {
		t.Error("no condition keeps", f)
	}
	none, _ := CompileExpression("nothing", nil)
	if _, f := e.Records(none); f == nil || f.Code != "mapping.no_records" {
		t.Error(f)
	}
	if list, f := e.Records(Expression{}); f != nil || len(list) != 1 {
		t.Error("the message itself is one record", list, f)
	}
	// The budget of a message ends what would not.
	heavy, _ := CompileExpression(`all(0..2000, all(0..2000, # >= 0))`, nil)
	if _, f := e.Eval("heavy", heavy); f == nil {
		t.Error("without end")
	}
}

func TestTimeAndZone(t *testing.T) {
	if _, f := Zone("Mars/Base"); f == nil || f.Code != "mapping.zone" {
		t.Error(f)
	}
	z, f := Zone("")
	if f != nil {
		t.Fatal(f)
	}
	at, f := Time("02/03/2026 08:00", "", z)
	if f != nil || !at.Equal(time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)) {
		t.Error(at, f)
	}
	if _, f := Time([]any{1}, "", nil); f == nil || f.Code != "mapping.time" {
		t.Error(f)
	}
	if s, ok := Text(431068.0); s != "431068" || !ok {
		t.Error(s)
	}
	if Layout("yyyyMMddHHmmss") != "20060102150405" {
		t.Error(Layout("yyyyMMddHHmmss"))
	}
}
