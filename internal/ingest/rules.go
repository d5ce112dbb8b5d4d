package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/store"
)

var (
	errRule     = fault.Define(fault.Invalid, "ingest.rule", "the quality rule is not valid", "quy tắc kiểm tra chưa hợp lệ")
	errRuleName = fault.Define(fault.Invalid, "ingest.rule_property", "name the observed property", "cần nêu đại lượng đo")
	errRuleFrom = fault.Define(fault.Invalid, "ingest.rule_from", "write the day it holds from as 2026-01-31", "viết ngày hiệu lực dạng 2026-01-31")
	errRuleUnit = fault.Define(fault.Invalid, "ingest.rule_unit", "the unit {unit} is not known", "không biết đơn vị {unit}")
	errRuleSpan = fault.Define(fault.Invalid, "ingest.rule_range", "the lower bound must be below the upper", "cận dưới phải nhỏ hơn cận trên")
)

// loadRules reads the shipped rules and those of the records. Of two for the
// same property and day the one in the records holds.
func (p *Pipeline) loadRules(ctx context.Context) error {
	shipped, err := parseRules(shippedRules)
	if err != nil {
		return err
	}
	var own []Rule
	err = p.db.Read(ctx, func(tx *store.Tx) error {
		own, err = store.All(tx, func(scan store.Scan) (r Rule, err error) {
			var body string
			if err := scan(&body); err != nil {
				return r, err
			}
			return r, json.Unmarshal([]byte(body), &r)
		}, `select body from ingest_rule order by property, from_day`)
		return err
	})
	if err != nil {
		return fmt.Errorf("read quality rules: %w", err)
	}
	book := newRulebook(append(own, shipped...))
	p.rules.Store(&book)
	p.streams.each(func(s *stream) {
		s.mu.Lock()
		s.ds = nil
		s.mu.Unlock()
	})
	return nil
}

// Rules lists the quality rules by property, the newest first.
func (p *Pipeline) Rules(actor access.Actor) ([]Rule, error) {
	if err := access.Require(actor, access.SourceView, access.Scope{}); err != nil {
		return nil, err
	}
	out := []Rule{}
	for _, rs := range *p.rules.Load() {
		out = append(out, rs...)
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i], out[j]
		return a.Property < b.Property || (a.Property == b.Property && a.From > b.From)
	})
	return out, nil
}

// PutRule sets the rule of a property from a day on; it holds for readings
// that come from now on.
func (p *Pipeline) PutRule(ctx context.Context, actor access.Actor, r Rule) error {
	if err := access.Require(actor, access.SourceEdit, access.Scope{}); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write rule of %s: %w", r.Property, err)
	}
	err = p.db.Write(ctx, actor, func(tx *store.Tx) error {
		if _, err := tx.Exec(`insert into ingest_rule (property, from_day, body, changed) values ($1,$2,$3,$4)
			on conflict (property, from_day) do update set body=$3, changed=$4`, r.Property, r.From, string(body), tx.Now); err != nil {
			return fmt.Errorf("save rule of %s: %w", r.Property, err)
		}
		tx.Emit(store.Event{Subject: "ioc.ingest.rule_set", Entity: "quality_rule", EntityID: r.Property, After: r, Summary: "quality rule of " + r.Property + " set"})
		return nil
	})
	if err != nil {
		return err
	}
	return p.loadRules(ctx)
}

func (r *Rule) check() error {
	bad := errRule.With()
	if r.Property == "" || len(r.Property) > 100 {
		bad.At("property", errRuleName.With())
	}
	if _, err := time.Parse(time.DateOnly, r.From); err != nil {
		bad.At("from", errRuleFrom.With())
	}
	if _, ok := lookUnit(r.Unit); r.Unit != "" && !ok {
		bad.At("unit", errRuleUnit.With("unit", r.Unit))
	}
	for field, span := range map[string]*[2]float64{"plausible": r.Plausible, "hard": r.Hard} {
		if span != nil && span[0] >= span[1] {
			bad.At(field, errRuleSpan.With())
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}
