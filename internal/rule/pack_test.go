package rule_test

import (
	"io/fs"
	"testing"

	"openioc.org/ioc/internal/rule"
	"openioc.org/ioc/internal/rule/eval"
	"openioc.org/ioc/internal/rule/ruletest"
)

// Every shipped rule has a test file, and holds it.
func TestPack(t *testing.T) {
	pack, err := rule.Pack()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := rule.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	var rules []eval.Rule
	for _, e := range entries {
		r, err := e.Rule()
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, r)
	}
	for _, e := range entries {
		t.Run(e.ID, func(t *testing.T) {
			data, err := fs.ReadFile(pack, "test/"+e.ID+".yaml")
			if err != nil {
				t.Fatal(err)
			}
			failures, err := ruletest.Run(t.Context(), data, rules)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range failures {
				t.Error(f)
			}
		})
	}
	if _, err := rule.CheckFile([]byte("rules:\n- rule: X\n")); code(err) != "rule.invalid" {
		t.Errorf("a wrong file: %v", err)
	}
	data, err := fs.ReadFile(pack, "flood.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := rule.CheckFile(data); err != nil || n != len(entries) {
		t.Errorf("%d rules: %v", n, err)
	}
}
