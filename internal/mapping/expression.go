package mapping

import (
	"fmt"
	"maps"
	"time"

	"github.com/expr-lang/expr/vm"

	"openioc.org/ioc/internal/fault"
)

// Expression is one expression of the language by itself, for those who map
// records to something else than readings. It is safe for concurrent use.
type Expression struct{ c *code }

// CompileExpression compiles an expression; zone holds for times that have
// none, nil is Vietnam's.
func CompileExpression(src string, zone *time.Location) (Expression, *fault.Error) {
	if zone == nil {
		zone = vietnam
	}
	c, f := compile(src, zone)
	return Expression{c}, f
}

// Given reports whether there is an expression at all.
func (e Expression) Given() bool { return e.c != nil }

// Evaluator evaluates expressions over the records of one message, within the
// budget of one message. It serves one goroutine.
type Evaluator struct{ r reader }

// NewEvaluator sees root as the whole message, and meta beside it.
func NewEvaluator(root any, meta Meta) *Evaluator {
	e := &Evaluator{r: reader{budget: newBudget(), received: meta.Received, env: make(map[string]any, 32), vm: vm.VM{}}}
	e.r.meta = map[string]any{"source": meta.Source, "topic": meta.Topic, "file": meta.File, "levels": levels(meta.Topic)}
	e.r.base = map[string]any{"root": root, "meta": e.r.meta, "receivedAt": meta.Received, "__budget": e.r.budget}
	return e
}

// Enter makes rec, the i-th record, what expressions see.
func (e *Evaluator) Enter(rec any, i int) { e.r.enter(rec, i) }

// Eval works an expression out over the record that was entered; field names
// it in the fault.
func (e *Evaluator) Eval(field string, x Expression) (any, *fault.Error) {
	if e.r.budget.spent() {
		return nil, errBudget.With()
	}
	return e.r.eval(field, x.c)
}

// Condition is Eval for what must be true or false; no expression is true.
func (e *Evaluator) Condition(field string, x Expression) (bool, *fault.Error) {
	return e.r.condition(field, x.c)
}

// Records selects a list from the message; no expression is the message
// itself.
func (e *Evaluator) Records(x Expression) ([]any, *fault.Error) {
	v := e.r.base["root"]
	if x.c != nil {
		env := maps.Clone(e.r.base)
		if m, ok := v.(map[string]any); ok {
			for k, y := range m {
				if _, taken := env[k]; !taken {
					env[k] = y
				}
			}
		}
		env["record"] = v
		got, err := x.c.run(&e.r.vm, env, e.r.budget)
		if err != nil {
			return nil, evalFault("records", err)
		}
		v = got
	}
	switch l := v.(type) {
	case []any:
		return l, nil
	case nil:
		src := ""
		if x.c != nil {
			src = x.c.src
		}
		return nil, errNoRecords.With("expression", src)
	}
	return []any{v}, nil
}

// Zone is the location of a name; "" is Vietnam's.
func Zone(name string) (*time.Location, *fault.Error) {
	z, err := loadZone(name)
	if err != nil {
		return nil, errZone.With("zone", name)
	}
	return z, nil
}

// Time reads a time as the language's time() does. layout is "", "s", "ms",
// "us" or a pattern of yyyy MM dd HH mm ss.
func Time(v any, layout string, zone *time.Location) (time.Time, *fault.Error) {
	if zone == nil {
		zone = vietnam
	}
	t, ok := toTime(v, layout, zone)
	if !ok {
		s, scalar := toText(v)
		if !scalar {
			s = fmt.Sprintf("%T", v)
		}
		return time.Time{}, errTime.With("text", short(s))
	}
	return t, nil
}

// Text writes a value as text; false for lists and objects.
func Text(v any) (string, bool) { return toText(v) }

// Layout turns yyyy-MM-dd HH:mm:ss into Go's layout.
func Layout(pattern string) string { return goLayout(pattern) }
