package ruletest_test

import (
	"strings"
	"testing"

	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/rule/ruletest"
)

var rules = []eval.Rule{{
	ID: "street-flood", Version: 3, Expr: "flood_depth",
	For: 120e9,
	Levels: []eval.Level{
		{Severity: 2, Raise: eval.Threshold{Op: ">", Value: 0.3}, Clear: eval.Threshold{Op: "<", Value: 0.2}},
		{Severity: 3, Raise: eval.Threshold{Op: ">", Value: 0.5}},
	},
}}

const good = `
rule: street-flood
load:
  - {thing: tower-1, property: flood_depth, unit: m, values: 0.1x29 0.25 _ 0.31+0.01x10 0.1 0.9!out_of_range}
  - {thing: tower-2, property: flood_depth, values: 0.6x50}
tests:
  - eval_at: 1m
    expect: none
    expect_trace: {thing: tower-2, state: pending, reason: chưa đủ 2 phút}
  - eval_at: 30m
    expect: [{thing: tower-2, severity: 3, since: 0m}]
    expect_trace: [{thing: tower-1, value: 0.25, state: inactive, reason: 0,25 m chưa quá 0,30 m}]
  - eval_at: 40m
    expect:
      - {thing: tower-1, severity: 2, since: 32m}
      - {thing: tower-2, severity: 3}
  - eval_at: 45m
    expect: [{thing: tower-2, severity: 3}]
    expect_trace: {thing: tower-1, value: 0.1, reason: out_of_range}
---
rule:
  rule: rain-while-silent
  expr: time() - timestamp(rain)
  for: 10m
  guard: {property: rain, radius_km: 20, window: 1h, op: ">=", value: 5, count: 1}
  levels: [{severity: 2, raise: "> 1800"}]
interval: 10m
stations:
  - {thing: a, lon: 108.20, lat: 16.06}
  - {thing: b, lon: 108.25, lat: 16.06}
load:
  - {thing: a, property: rain, values: 0 0 0 _x30}
  - {thing: b, property: rain, values: 0 1 2+0x10 0x30}
tests:
  - {eval_at: 59m, expect: none}
  - {eval_at: 1h, expect: [{thing: a, severity: 2, since: 50m}]}
---
rule: {rule: general, expr: 'max(water_level) - min(water_level)', levels: [{severity: 1, raise: ">= 1"}]}
load:
  - {thing: a, property: water_level, values: 1+0.5x9}
  - {thing: b, property: water_level, values: 1x9}
tests:
  - {eval_at: 1m, expect: none, expect_trace: 0.5}
  - {eval_at: 5m, expect: [{severity: 1, since: 2m}]}
---
rule: {rule: alarm, expr: water_level, levels: [{severity: 2, raise: ">= bd1 - 0.1"}]}
stations: [{thing: a, levels: [1.5, 2, 3]}]
load:
  - {thing: a, property: water_level, values: 1+0.1x9, resolution: 0.01}
  - {thing: b, property: water_level, values: 9x9}
tests:
  - {eval_at: 5m, expect: [{thing: a, severity: 2, since: 4m}], expect_trace: {thing: b, value: 9, reason: BD1}}
`

func TestRun_Good(t *testing.T) {
	fs, err := ruletest.Run(t.Context(), []byte(good), rules)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fs {
		t.Error(f)
	}
	if n, err := ruletest.Count([]byte(good)); n != 9 || err != nil {
		t.Error(n, err)
	}
}

func TestRun_TellsWhatDiffers(t *testing.T) {
	fs, err := ruletest.Run(t.Context(), []byte(`
rule: street-flood
load:
  - {thing: tower-1, property: flood_depth, values: 0.4x29}
tests:
  - eval_at: 10m
    name: the tower is wet
    expect: [{thing: tower-1, severity: 3, since: 1m}, {thing: tower-9, severity: 2}]
    expect_trace: 0.5
`), rules)
	if err != nil || len(fs) != 2 {
		t.Fatal(fs, err)
	}
	want := `line 6: street-flood, the tower is wet:
  (+ fires but is not expected, - is expected but does not fire)
  + tower-1 severity 2 since 0s
  - tower-1 severity 3 since 1m
  - tower-9 severity 2`
	if fs[0].String() != want {
		t.Errorf("%s", fs[0])
	}
	if !strings.Contains(fs[1].String(), "- value 0.5\n  + value 0.4") {
		t.Errorf("%s", fs[1])
	}
}

func TestRun_BadFiles(t *testing.T) {
	for text, want := range map[string]string{
		"": "no test",
		"rule: nobody\ntests: [{eval_at: 1m, expect: none}]":                                                           "line 1: there is no rule nobody",
		"rule: street-flood\n":                                                                                         "there are no tests",
		"rule: street-flood\ntests: [{eval_at: 1m}]":                                                                   "nothing is expected",
		"rule: street-flood\ntests: [{eval_at: soon, expect: none}]":                                                   "no duration",
		"rule: street-flood\ntests: [{eval_at: 1m, expect: nothing}]":                                                  "or none",
		"rule: street-flood\ntest: []\n":                                                                               "field test not found",
		"rule: street-flood\nload: [{thing: a, property: b, values: 1y3}]\ntests: [{eval_at: 1m, expect: none}]":       `"1y3"`,
		"rule: street-flood\nload: [{thing: a, property: b, values: 1x9999999}]\ntests: [{eval_at: 1m, expect: none}]": "after x",
		"rule: street-flood\nload: [{thing: a, property: b, values: 1!wet}]\ntests: [{eval_at: 1m, expect: none}]":     "wet is no quality flag",
		"rule: {expr: 'sum(', levels: [{severity: 1, raise: '> 1'}]}\ntests: [{eval_at: 1m, expect: none}]":            "cannot run",
		"rule: {expr: x, levels: [{severity: 1, raise: 'much'}]}\ntests: [{eval_at: 1m, expect: none}]":                "no comparison",
		"rule: street-flood\ntests: [{eval_at: 2m, expect: none}, {eval_at: 1m, expect: none}]":                        "order",
	} {
		_, err := ruletest.Run(t.Context(), []byte(text), rules)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func FuzzCount(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("rule: r\nload: [{thing: a, property: b, values: '1+2x3 _x2 -1-0.5x2!bad@5m'}]\ntests: [{eval_at: 1m, expect: none, expect_trace: none}]"))
	f.Add([]byte("rule: {levels: {}}\ntests: 1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = ruletest.Count(data)
	})
}
