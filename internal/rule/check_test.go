package rule_test

import (
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/clock"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
	"openioc.org/ioc/internal/rule"
	"openioc.org/ioc/internal/store/storetest"
)

func TestPromQL(t *testing.T) {
	of := func(kind string, window int64) rule.Definition {
		return rule.Definition{Kind: kind, Where: map[string]string{"property": "rain"}, WindowSeconds: window}
	}
	for name, c := range map[string]struct {
		d    rule.Definition
		want string
	}{
		"threshold":       {of("threshold", 0), "rain"},
		"sum":             {of("sum", 3*3600), "sum_over_time(rain[3h])"},
		"sum, no window":  {of("sum", 0), "sum_over_time(rain[1h])"},
		"rise":            {of("rise", 1800), "rain - rain offset 30m"},
		"silence":         {of("silence", 0), "time() - timestamp(rain)"},
		"neighbours":      {of("neighbours", 3600), "sum_over_time(rain[1h])"},
		"flag":            {of("flag", 0), "rain:flags"},
		"bare expression": {rule.Definition{Kind: "sum", Expr: "rain", WindowSeconds: 60}, "sum_over_time(rain[1m])"},
		"promql":          {rule.Definition{Kind: "promql", Expr: "avg(rain) by (unit_code)"}, "avg(rain) by (unit_code)"},
		"promql, bare":    {rule.Definition{Kind: "promql", Expr: "rain"}, "rain"},
		"own text":        {rule.Definition{Kind: "rise", Expr: "deriv(rain[1h])"}, "deriv(rain[1h])"},
		"nothing":         {rule.Definition{Kind: "sum"}, ""},
	} {
		if got := rule.PromQL(c.d); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestCheck_BadInput(t *testing.T) {
	clk := clock.Manual(start.Add(2 * time.Hour))
	o := options(t, storetest.SQLite(t, clk), clk)
	for _, x := range []string{"a", "b", "c", "d"} {
		storeReadings(t, o.Series, reading{"tower-" + x + "-flood_depth", 110, 0.4})
	}
	o.UnitKnown = func(code string) bool { return code == "20242" }
	o.SOPKnown = func(id string) bool { return id == "flood-street" }
	s := open(t, o)
	for name, c := range map[string]struct {
		change   func(*rule.Definition)
		path     string
		code     string
		position int
		warns    bool
	}{
		"no name":         {func(d *rule.Definition) { d.Name = msg.Text{} }, "name", "rule.name_missing", 0, false},
		"service":         {func(d *rule.Definition) { d.Service = "fire" }, "service", "rule.service_unknown", 0, false},
		"kind":            {func(d *rule.Definition) { d.Kind = "magic" }, "kind", "rule.kind_unknown", 0, false},
		"no property":     {func(d *rule.Definition) { d.Where = nil }, "where.property", "rule.property_missing", 0, false},
		"no expression":   {func(d *rule.Definition) { d.Kind, d.Where = "promql", nil }, "expr", "rule.expr_missing", 0, false},
		"no levels":       {func(d *rule.Definition) { d.Levels = nil }, "levels", "rule.levels_missing", 0, false},
		"does not parse":  {func(d *rule.Definition) { d.Kind, d.Expr = "promql", "sum(flood_depth" }, "expr", "rule.expr", 16, false},
		"a range":         {func(d *rule.Definition) { d.Kind, d.Expr = "promql", "flood_depth[1h]" }, "expr", "rule.type", 0, false},
		"comparison":      {func(d *rule.Definition) { d.Levels[0].Raise = "around 3" }, "levels[0].raise", "rule.threshold", 0, false},
		"flag":            {func(d *rule.Definition) { d.Kind, d.Levels[0].Raise = "flag", "has fleas" }, "levels[0].raise", "rule.flag", 0, false},
		"long for":        {func(d *rule.Definition) { d.ForSeconds = 1 << 40 }, "for_seconds", "rule.seconds", 0, false},
		"label":           {func(d *rule.Definition) { d.Where["a b"] = "c" }, "where.a b", "rule.label", 0, false},
		"placeholder":     {func(d *rule.Definition) { d.Message.Title.Vi = "Ngập {vlaue} m" }, "message.title.vi", "rule.placeholder", 6, false},
		"brace":           {func(d *rule.Definition) { d.Message.Text.En = "is {value" }, "message.text.en", "rule.brace", 4, false},
		"brace back":      {func(d *rule.Definition) { d.Message.Text.En = "is value}" }, "message.text.en", "rule.brace", 9, false},
		"no title":        {func(d *rule.Definition) { d.Message.Title.Vi = " " }, "message.title.vi", "rule.message_empty", 0, false},
		"long message":    {func(d *rule.Definition) { d.Message.Text.Vi = strings.Repeat("ư", 600) }, "message.text.vi", "rule.message_long", 501, false},
		"selects nothing": {func(d *rule.Definition) { d.Where["thing"] = "tower-z" }, "expr", "rule.selects_nothing", 0, true},
		"everything":      {func(d *rule.Definition) {}, "levels", "rule.fires_on_everything", 0, true},
		"unit":            {func(d *rule.Definition) { d.Unit = "99999" }, "unit", "rule.unit_unknown", 0, true},
		"procedure":       {func(d *rule.Definition) { d.SOP = "dance" }, "sop", "rule.sop_unknown", 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := deep()
			c.change(&d)
			got, err := s.Check(t.Context(), officer, d)
			if err != nil {
				t.Fatal(err)
			}
			list := got.Errors
			if c.warns {
				list = got.Warnings
				if len(got.Errors) > 0 {
					t.Errorf("errors %v", got.Errors)
				}
			}
			for _, f := range list {
				if f.Path == c.path && f.Code == c.code && (c.position == 0 || f.Position == c.position) {
					if f.Detail.Vi == "" || f.Detail.En == "" {
						t.Errorf("said as %+v", f.Detail)
					}
					if !c.warns {
						_, err := s.Create(t.Context(), officer, "x", d)
						if e, ok := fault.As(err); !ok || e.Code != "rule.invalid" {
							t.Errorf("it can be written: %v", err)
						}
					}
					return
				}
			}
			t.Errorf("found %+v, want %s %s %d", list, c.path, c.code, c.position)
		})
	}
}

// A rule that would fire on everything is handed in only when that is meant.
func TestSubmit_FiresOnEverything(t *testing.T) {
	clk := clock.Manual(start.Add(2 * time.Hour))
	o := options(t, storetest.SQLite(t, clk), clk)
	for _, x := range []string{"a", "b", "c", "d"} {
		storeReadings(t, o.Series, reading{"tower-" + x + "-flood_depth", 115, 0.4})
	}
	s := open(t, o)
	ctx := t.Context()
	if _, err := s.Create(ctx, officer, "deep", deep()); err != nil {
		t.Fatal(err)
	}
	_, err := s.Submit(ctx, officer, "deep", false)
	if f, ok := fault.As(err); !ok || f.Code != "rule.fires_on_everything" || !strings.Contains(f.In(msg.En), "4 of 4") {
		t.Fatalf("handed in: %v", err)
	}
	if _, err := s.Submit(ctx, officer, "deep", true); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Approve(ctx, head, "deep", 0, false); code(err) != "rule.fires_on_everything" {
		t.Errorf("approved: %v", err)
	}
	if v, err := s.Approve(ctx, head, "deep", 0, true); err != nil || v.LiveVersion != 1 {
		t.Errorf("approved: %+v %v", v, err)
	}
}
