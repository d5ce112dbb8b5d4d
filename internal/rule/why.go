package rule

import (
	"context"
	"slices"
	"time"

	"openioc.org/ioc/internal/access"
	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/rule/eval"
)

var errNotSelected = fault.Define(fault.NotFound, "rule.not_selected",
	"the rule {id} does not apply to {thing}", "quy tắc {id} không áp dụng cho {thing}")

// Why tells why a rule fired or did not, for a thing (or a datastream) at an
// instant; the zero instant is now, version 0 the one in force.
func (s *Service) Why(ctx context.Context, actor access.Actor, id, thing string, at time.Time, number int) (eval.Trace, error) {
	if err := access.Require(actor, access.RuleView, access.Scope{}); err != nil {
		return eval.Trace{}, err
	}
	f, err := s.force(ctx, id, number)
	if err != nil {
		return eval.Trace{}, err
	}
	if at.IsZero() {
		at = s.instant()
	}
	env := s.runner.world.env()
	selected := eval.Selects(f.program, env)
	i := slices.IndexFunc(selected, func(x eval.Series) bool { return x.ID == thing })
	if i < 0 {
		i = slices.IndexFunc(selected, func(x eval.Series) bool { return x.Thing() == thing })
	}
	if i < 0 {
		return eval.Trace{}, errNotSelected.With("id", id, "thing", thing)
	}
	return eval.Explain(ctx, f.program, env, selected[i].ID, at)
}
