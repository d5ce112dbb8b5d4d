package rule_test

import (
	"bytes"
	"io/fs"
	"reflect"
	"strings"
	"testing"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/rule"
	"openioc.org/ioc/internal/store"
	"openioc.org/ioc/internal/store/storetest"
)

func TestYAML_ThereAndBack(t *testing.T) {
	entries, err := rule.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	data, err := rule.WriteYAML(entries)
	if err != nil {
		t.Fatal(err)
	}
	again, err := rule.ParseYAML(data)
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	for i := range entries {
		if again[i].ID != entries[i].ID || !reflect.DeepEqual(again[i].Definition, entries[i].Definition) {
			t.Errorf("%s came back as %+v, was %+v", entries[i].ID, again[i].Definition, entries[i].Definition)
		}
	}
}

func TestYAML_Errors(t *testing.T) {
	for name, c := range map[string]struct{ text, path, want string }{
		"empty":        {"", "", "rule.yaml_empty"},
		"no rules":     {"rules: []", "", "rule.yaml_empty"},
		"not YAML":     {"rules: [", "line 1", "rule.yaml"},
		"unknown key":  {"rules:\n- rule: a\n  nmae: {vi: x}\n", "line 3", "rule.yaml"},
		"unknown root": {"rulez: []\n", "line 1", "rule.yaml"},
		"span":         {"rules:\n- rule: a\n  window: 1 fortnight\n", "line 3", "rule.yaml"},
		"half seconds": {"rules:\n- rule: a\n  for: 1500ms\n", "line 3", "rule.yaml"},
		"wrong type":   {"rules:\n- rule: a\n  kind: sum\n  levels: 3\n", "line 4", "rule.yaml"},
		"twice":        {"rules:\n- rule: a\n- rule: a\n", "line 3", "rule.yaml"},
		"two files":    {"rules:\n- rule: a\n---\nrules: []\n", "", "rule.yaml"},
		"long":         {strings.Repeat(" ", rule.MaxYAML+1), "", "rule.yaml_large"},
	} {
		_, err := rule.ParseYAML([]byte(c.text))
		f, ok := fault.As(err)
		if !ok || f.Code != c.want || c.path != "" && (len(f.Fields) == 0 || f.Fields[0].Path != c.path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseYAML(f *testing.F) {
	if pack, err := rule.Pack(); err == nil {
		if data, err := fs.ReadFile(pack, "flood.yaml"); err == nil {
			f.Add(data)
		}
	}
	for _, s := range []string{"rules:\n- rule: a\n  levels: [{severity: 2, raise: 3}]\n", "rules: &a [*a]", "rules: [{rule: x, where: {a: b}, window: 1h}]", "a: b"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := rule.ParseYAML(data)
		if err != nil {
			return
		}
		out, err := rule.WriteYAML(entries)
		if err != nil {
			t.Fatal(err)
		}
		again, err := rule.ParseYAML(out)
		if err != nil {
			t.Fatalf("what was written is not read: %v\n%s", err, out)
		}
		last, err := rule.WriteYAML(again)
		if err != nil || !bytes.Equal(out, last) {
			t.Fatalf("written differently:\n%s\n%s", out, last)
		}
	})
}

func TestApplyShipped(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, setup := t.Context(), access.System("setup")
		s := open(t, options(t, db, nil))
		for range 2 {
			if err := s.ApplyShipped(ctx, setup); err != nil {
				t.Fatal(err)
			}
		}
		list, err := s.List(ctx, officer)
		if err != nil {
			t.Fatal(err)
		}
		entries, err := rule.Shipped()
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != len(entries) {
			t.Fatalf("%d rules, want %d", len(list), len(entries))
		}
		for _, v := range list {
			if v.State != rule.Live || v.Version != 1 || v.LiveVersion != 1 || !v.Shipped || !v.Enabled {
				t.Errorf("%s is %s version %d in force %d", v.ID, v.State, v.Version, v.LiveVersion)
			}
			if page, err := s.Runbook(ctx, officer, v.ID); err != nil || !bytes.HasPrefix(page, []byte("# ")) || !bytes.Contains(page, []byte("`"+v.ID+"`")) {
				t.Errorf("runbook of %s: %v", v.ID, err)
			}
			if c, err := s.Check(ctx, officer, v.Definition); err != nil || len(c.Errors) > 0 {
				t.Errorf("%s: %v %v", v.ID, c.Errors, err)
			} else if c.Selects == 0 && v.ID != "source-silent" && !strings.HasPrefix(v.ID, "reservoir") {
				t.Errorf("%s selects nothing", v.ID)
			}
		}
		// What people changed or switched off stays as they left it.
		if _, err := s.Enable(ctx, head, "rain-intensity", false, "trạm đang sửa"); err != nil {
			t.Fatal(err)
		}
		v, err := s.Get(ctx, officer, "street-flood", 0)
		if err != nil {
			t.Fatal(err)
		}
		d := v.Definition
		d.ForSeconds = 600
		if _, err := s.Update(ctx, officer, "street-flood", d); err != nil {
			t.Fatal(err)
		}
		if err := s.ApplyShipped(ctx, setup); err != nil {
			t.Fatal(err)
		}
		if v, err := s.Get(ctx, officer, "rain-intensity", 0); err != nil || v.Enabled {
			t.Errorf("switched on again: %+v %v", v.Enabled, err)
		}
		if v, err := s.Get(ctx, officer, "street-flood", 0); err != nil || v.Version != 2 || v.LiveVersion != 1 {
			t.Errorf("the people's draft: version %d in force %d %v", v.Version, v.LiveVersion, err)
		}
	})
}

func TestImport(t *testing.T) {
	ctx := t.Context()
	s := open(t, options(t, storetest.SQLite(t, nil), nil))
	pack, err := rule.Pack()
	if err != nil {
		t.Fatal(err)
	}
	data, err := fs.ReadFile(pack, "flood.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Import(ctx, officer, data)
	if err != nil || len(got.Created) < 9 || len(got.Updated)+len(got.Unchanged) != 0 {
		t.Fatalf("%+v %v", got, err)
	}
	got, err = s.Import(ctx, officer, data)
	if err != nil || len(got.Created)+len(got.Updated) != 0 || len(got.Unchanged) < 9 {
		t.Fatalf("%+v %v", got, err)
	}
	got, err = s.Import(ctx, officer, bytes.Replace(data, []byte(">= 30"), []byte(">= 31"), 1))
	if err != nil || strings.Join(got.Updated, " ") != "rain-intensity" {
		t.Fatalf("%+v %v", got, err)
	}
	if v, err := s.Get(ctx, officer, "rain-intensity", 0); err != nil || v.Version != 2 || v.State != rule.Draft {
		t.Errorf("%+v %v", v, err)
	}
	// One wrong rule: none is taken, and its line is said.
	bad := bytes.Replace(data, []byte("raise: \">= 100\""), []byte("raise: \"~ 100\""), 1)
	bad = bytes.Replace(bad, []byte(">= 31"), []byte(">= 33"), 1)
	_, err = s.Import(ctx, officer, bad)
	f, ok := fault.As(err)
	if !ok || f.Code != "rule.invalid" || len(f.Fields) != 1 || !strings.Contains(f.Fields[0].Path, "rain-three-hours.levels[0].raise") {
		t.Errorf("%v", err)
	}
}
