package eval_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/sensing"
)

func TestParseThreshold(t *testing.T) {
	for text, want := range map[string]string{
		"> 0.30": "> 0.3", ">=bd1": ">= bd1", ">= BD1 - 0.05": ">= bd1 - 0.05", "< bd3+1,5": "< bd3 + 1.5", "<= -2": "<= -2",
		"== 1": "== 1", "!= 0": "!= 0", " has frozen | toggling ": "has frozen|toggling", ">= bd2 - 0": ">= bd2",
	} {
		got, err := eval.ParseThreshold(text)
		if err != nil || got.String() != want {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0.3", ">", "> x", "> bd4", "> bd1 0.5", "> bd1 -", "> bd1 - -1", "has", "has wet", "> NaN", "> 1e3", "> 0x10", "=> 1", "> 1 2"} {
		if got, err := eval.ParseThreshold(text); err == nil {
			t.Errorf("%q was read as %q", text, got)
		}
	}
}

func FuzzParseThreshold(f *testing.F) {
	for _, s := range []string{"> 0.30", ">= bd1 - 0.05", "has frozen|toggling", "< bd3+1,5", "!= -0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := eval.ParseThreshold(s)
		if err != nil {
			return
		}
		again, err := eval.ParseThreshold(got.String())
		if err != nil || again != got {
			t.Errorf("%q: %#v, written %q and read as %#v, %v", s, got, got.String(), again, err)
		}
	})
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{
		"rain", "sum_over_time(rain[1h]) * 6", "water_level - water_level offset 1h", "time() - timestamp(rain{a=~\"b.*\"})", "rain:flags",
		"max by (thing) (rate(x[5m])) > 3", "sum(", "{__name__=\"x\"}", "1", "x @ end()", "-(x)", "deriv(x[5m:1m])", "\"text\"", "x[5m]",
	} {
		f.Add(s, "> 1", "property")
	}
	f.Fuzz(func(t *testing.T, expr, raise, label string) {
		th, _ := eval.ParseThreshold(raise)
		p, err := eval.Compile(eval.Rule{ID: "r", Expr: expr, Where: map[string]string{label: "v"}, Levels: []eval.Level{{Severity: 1, Raise: th}}})
		if err == nil && p.PromQL() == "" {
			t.Error("a rule without expression was compiled")
		}
	})
}

func TestCompile_Shapes(t *testing.T) {
	for expr, native := range map[string]bool{
		"rain": true, "(rain{thing=\"a\"})": true, "rain:flags": false, "2 * sum_over_time(rain[1h]) / 3": true, "-1 * rain": true,
		"rain > 5": false, "rate(rain[5m])": false, "rain offset 5m": false, "sum_over_time(rain[1h] offset 1m)": false,
		"x - x offset 30m": true, "x - y offset 30m": false, `x{a="b"} - x offset 30m`: false, "time() - timestamp(rain)": true,
		"sum(rain)": false, "x @ end()": false, "sum_over_time(rain[1h:1m])": false, "rain / 0": false, "avg_over_time(rain[1h]) + 1": false,
		"sum_over_time(rain:flags[1h])": false, "5": false,
	} {
		p, err := eval.Compile(eval.Rule{ID: "r", Expr: expr, Levels: []eval.Level{{Severity: 1, Raise: eval.Threshold{Op: ">", Value: 1}}}})
		if expr == "rain:flags" {
			native = true
		}
		if err != nil || p.Native() != native {
			t.Errorf("%s: native %v %v", expr, p != nil && p.Native(), err)
		}
	}
	p := rule(t, "rain - rain offset 1h", func(r *eval.Rule) { r.Where = map[string]string{"unit_code": "20242"} }, "1 > 1")
	if p.PromQL() != `rain{unit_code="20242"} - rain{unit_code="20242"} offset 1h` || !p.Native() || p.Window() != time.Hour {
		t.Error(p.PromQL(), p.Window())
	}
}

func TestCompile_TellsWhere(t *testing.T) {
	level := []eval.Level{{Severity: 1, Raise: eval.Threshold{Op: ">", Value: 1}}}
	for _, c := range []struct {
		r                eval.Rule
		path, code, hint string
		position         int
	}{
		{eval.Rule{Expr: `rain{tên="Đà Nẵng"} + `, Levels: level}, "expr", "rule.expr", "", 7},
		{eval.Rule{Expr: `"Đà Nẵng" + sum_over_tme(rain[1h])`, Levels: level}, "expr", "rule.expr", "did you mean sum_over_time?", 13},
		{eval.Rule{Expr: "", Levels: level}, "expr", "rule.expr", "", 1},
		{eval.Rule{Expr: "rain[5m]", Levels: level}, "expr", "rule.type", "", 0},
		{eval.Rule{Expr: "rain"}, "levels", "rule.levels", "", 0},
		{eval.Rule{Expr: "rain", Levels: []eval.Level{{Severity: 7, Raise: level[0].Raise}}}, "levels[0].severity", "rule.severity", "", 0},
		{eval.Rule{Expr: "rain", Levels: []eval.Level{{Severity: 1}}}, "levels[0].raise", "rule.raise", "", 0},
		{eval.Rule{Expr: "rain", Levels: []eval.Level{{Severity: 1, Raise: eval.Threshold{Op: "has", Flags: sensing.Bad}}}}, "levels[0].raise", "rule.has", "", 0},
		{eval.Rule{Expr: "rain", For: -1, Levels: level}, "for", "rule.duration", "", 0},
		{eval.Rule{Expr: "rain", Levels: level, Guard: &eval.Guard{Property: "rain", RadiusKm: 5, Window: time.Hour, Op: "~", Count: 1}}, "guard.op", "rule.guard", "", 0},
		{eval.Rule{Expr: "rain", Kind: eval.KindNeighbours, Levels: level}, "guard", "rule.neighbours", "", 0},
		{eval.Rule{Expr: "sum_over_time(rain[99d])", Levels: level}, "expr", "rule.window", "", 0},
	} {
		_, err := eval.Compile(c.r)
		ps, ok := err.(eval.Problems)
		if !ok || ps[0].Path != c.path || ps[0].Code != c.code || ps[0].Position != c.position || ps[0].Hint.En != c.hint {
			t.Errorf("%q: %+v", c.r.Expr, ps)
		}
	}
}

func TestCheck_Warns(t *testing.T) {
	c := one("rain", 0.1)
	c.add("b", "rain", 0.1, time.Minute)
	explainAt(t, rule(t, "rain", nil, "1 > 1"), c, 1, val(0, 3), eval.Sample{ID: "b", T: ms(0), V: 4})
	check := func(r eval.Rule) string {
		rep, err := eval.Check(t.Context(), r, c.env(), at(1))
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, p := range append(rep.Errors, rep.Warnings...) {
			out = append(out, p.Path+" "+p.Code+" "+p.Hint.En)
		}
		return strings.Join(out, "; ")
	}
	level := func(severity eval.Severity, raise, clear string) eval.Level {
		l := eval.Level{Severity: severity}
		if err := l.Raise.UnmarshalText([]byte(raise)); err != nil {
			t.Fatal(err)
		}
		if err := l.Clear.UnmarshalText([]byte(clear)); err != nil {
			t.Fatal(err)
		}
		return l
	}
	for want, r := range map[string]eval.Rule{
		"":                                             {Expr: "rain", Levels: []eval.Level{level(2, "> 3", "< 2"), level(3, ">= bd1", "< bd1 - 0.1")}[:1]},
		"expr rule.compares ":                          {Expr: "rain > 5", Levels: []eval.Level{level(2, "> 3", "")}},
		"levels rule.fires_on_everything ":             {Expr: "rain", Levels: []eval.Level{level(2, "> 1", "")}},
		"levels rule.level_unknown ":                   {Expr: "rain", Levels: []eval.Level{level(2, ">= bd1", "")}},
		"levels[0].clear rule.clear_side ":             {Expr: "rain", Levels: []eval.Level{level(2, "> 5", "< 6")}},
		"levels[1].severity rule.severity_order ":      {Expr: "rain", Levels: []eval.Level{level(3, "> 5", ""), level(2, "> 6", "")}},
		"expr rule.selects_nothing did you mean rain?": {Expr: "ran", Levels: []eval.Level{level(2, "> 5", "")}},
	} {
		if got := check(r); got != want {
			t.Errorf("%s: %q, want %q", r.Expr, got, want)
		}
	}
}

func TestRule_InJSONAndYAML(t *testing.T) {
	p := rule(t, "rain", func(r *eval.Rule) { r.For = 90 * time.Second }, "2 > 0.3 / < bd1 - 0.1")
	b, err := json.Marshal(p.Rule())
	if err != nil || !strings.Contains(string(b), `"levels":[{"severity":2,"raise":"\u003e 0.3","clear":"\u003c bd1 - 0.1"}]`) {
		t.Error(string(b), err)
	}
	var r eval.Rule
	if err := json.Unmarshal(b, &r); err != nil || r.Levels[0] != p.Rule().Levels[0] {
		t.Error(r, err)
	}
	b, err = yaml.Marshal(p.Rule())
	r = eval.Rule{}
	if err2 := yaml.Unmarshal(b, &r); err != nil || err2 != nil || r.Levels[0] != p.Rule().Levels[0] || r.For != 90*time.Second {
		t.Error(string(b), err, err2)
	}
}

// TestSetRules: what stays stays, what goes ends, what is new begins.
func TestSetRules(t *testing.T) {
	c := one("rain", 0.1)
	first := rule(t, "rain", func(r *eval.Rule) { r.ID = "first" }, "2 > 3")
	second := rule(t, "rain", func(r *eval.Rule) { r.ID = "second" }, "2 > 3")
	e := eval.New([]*eval.Program{first, second}, c.env())
	if _, err := e.Warm(t.Context(), at(0), at(0)); err != nil {
		t.Fatal(err)
	}
	explainAt(t, first, c, 1, val(0, 5)) // puts it into the store
	e.Observe([]eval.Sample{val(0, 5)})
	third := rule(t, "sum_over_time(rain[1h])", func(r *eval.Rule) { r.ID = "third" }, "2 > 4")
	changed := rule(t, "rain", func(r *eval.Rule) { r.ID = "first"; r.Version = 2 }, "2 > 3", "3 > 4")
	gone := e.SetRules([]*eval.Program{changed, third})
	if len(gone) != 1 || gone[0].Rule != "second" || gone[0].To != 0 {
		t.Errorf("%v", tell(gone))
	}
	begun, err := e.Warm(t.Context(), at(1), at(1))
	if err != nil || len(begun) != 2 || begun[0].Rule != "first" || begun[0].From != 2 || begun[0].To != 3 || begun[1].Rule != "third" {
		t.Errorf("%v %v", tell(begun), err)
	}
	same := e.SetRules([]*eval.Program{changed, third})
	more, err := e.Warm(t.Context(), at(1), at(1))
	if err != nil || len(same)+len(more) != 0 {
		t.Errorf("%v %v %v", tell(same), tell(more), err)
	}
	over := e.Observe([]eval.Sample{val(2, 1)})
	if len(over) != 1 || over[0].Rule != "first" || over[0].To != 0 {
		t.Errorf("%v", tell(over))
	}
}

func TestBacktest_CanBeStoppedAndTellsProgress(t *testing.T) {
	n := openNhatLe(t, newRand(), false)
	p := floodRules(t)[0]
	last := 0.0
	if _, err := eval.Backtest(t.Context(), p, n.env(), n.from, n.to, func(done float64) {
		if done < last || done > 1 {
			t.Error("progress", done, "after", last)
		}
		last = done
	}); err != nil || last != 1 {
		t.Error(err, last)
	}
	for _, p := range floodRules(t) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := eval.Backtest(ctx, p, n.env(), n.from, n.to, nil); err == nil {
			t.Error(p.Rule().ID, "was not stopped")
		}
	}
}

func newRand() *rand.Rand { return rand.New(rand.NewPCG(9, 9)) }
