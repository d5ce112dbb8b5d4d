package alert

import (
	"encoding/json"
	"testing"

	"openioc.org/ioc/internal/alert/alertevent"
)

// Matchers come from people and from the records: whatever they hold, compile
// names what is wrong and matching never fails.
func FuzzMatchers(f *testing.F) {
	for _, s := range []string{
		`[{"label":"rule","op":"=","value":"a"}]`, `[{"label":"rule","op":"=~","value":"a|b.*"},{"label":"area","op":"!=","value":""}]`,
		`[{"label":"","op":"~","value":"("}]`, `[{"label":"rule","op":"!~","value":"(?i)x{1000}"}]`, `[]`, `[{"label":"rule","op":"=~","value":".*"}]`,
	} {
		f.Add(s, "a")
	}
	f.Fuzz(func(t *testing.T, raw, value string) {
		var ms []Matcher
		if json.Unmarshal([]byte(raw), &ms) != nil {
			return
		}
		bad := errSilence.With()
		got := compile(ms, "matchers", bad)
		labels := map[string]string{"rule": value, "area": "20242"}
		hit := matches(got, labels)
		if len(bad.Fields) > 0 {
			return
		}
		if hit && !overlap(got, got) {
			t.Errorf("%s meets %v and is said to overlap not even itself", raw, labels)
		}
		if again := compile(got, "matchers", bad); matches(again, labels) != hit {
			t.Error("compiled twice it answers otherwise")
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add(place{4, 1760000000000000, "06gktjd903"}.cursor())
	f.Add("")
	f.Add("NC4x")
	f.Fuzz(func(t *testing.T, s string) {
		if p, ok := parseCursor(s); ok {
			if q, ok := parseCursor(p.cursor()); !ok || q != p {
				t.Errorf("%q: %v and %v", s, p, q)
			}
		}
	})
}

func TestOverlap(t *testing.T) {
	m := func(label, op, value string) Matcher { return Matcher{Label: label, Op: op, Value: value} }
	for _, c := range []struct {
		a, b []Matcher
		want bool
	}{
		{[]Matcher{m("rule", "=", "a")}, []Matcher{m("rule", "=", "a")}, true},
		{[]Matcher{m("rule", "=", "a")}, []Matcher{m("rule", "=", "b")}, false},
		{[]Matcher{m("rule", "=", "a")}, []Matcher{m("rule", "=~", "b|c")}, false},
		{[]Matcher{m("rule", "=~", "a|b")}, []Matcher{m("rule", "=~", "b|c")}, true},
		{[]Matcher{m("rule", "=~", "a|b")}, []Matcher{m("rule", "!~", "a|b")}, false},
		{[]Matcher{m("rule", "!=", "a")}, []Matcher{m("rule", "=", "a")}, false},
		{[]Matcher{m("rule", "=~", "a.*")}, []Matcher{m("rule", "=~", "b.*")}, true}, // not known, so yes
		{[]Matcher{m("rule", "=", "a")}, []Matcher{m("area", "=", "b")}, true},
	} {
		bad := errSilence.With()
		if got := overlap(compile(c.a, "a", bad), compile(c.b, "b", bad)); got != c.want || len(bad.Fields) > 0 {
			t.Errorf("%v and %v: %v (%v)", c.a, c.b, got, bad.Fields)
		}
	}
}

func TestLimit_TheNewestInForceCounts(t *testing.T) {
	s := Defaults()
	later := s.Times[0].From.AddDate(2026, 0, 0)
	s.Times = append(s.Times, Limit{Severity: alertevent.Emergency, AcknowledgeMinutes: 3, From: later})
	if err := s.check(); err != nil {
		t.Fatal(err)
	}
	if got := s.limit(alertevent.Emergency, later.AddDate(0, 0, -1)).AcknowledgeMinutes; got != 5 {
		t.Errorf("before: %d", got)
	}
	if got := s.limit(alertevent.Emergency, later).AcknowledgeMinutes; got != 3 {
		t.Errorf("from then on: %d", got)
	}
}
