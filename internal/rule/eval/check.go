package eval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"openioc.org/ioc/internal/msg"
)

// Report is what Check finds.
type Report struct {
	Program  *Program // nil when there are errors
	PromQL   string
	Selects  []Series
	FiresNow []Series
	Errors   Problems
	Warnings Problems
}

// Check judges a rule before it goes live: errors keep it from running,
// warnings say what its author may not have meant. An error is of the
// observations, not of the rule.
func Check(ctx context.Context, r Rule, env Env, now time.Time) (Report, error) {
	rep := Report{Selects: []Series{}, FiresNow: []Series{}, Errors: Problems{}, Warnings: static(r)}
	p, err := Compile(r)
	if err != nil {
		if !errors.As(err, &rep.Errors) {
			return rep, err
		}
		return rep, nil
	}
	rep.Program, rep.PromQL = p, p.PromQL()
	warn := func(path, code, vi, en string) {
		rep.Warnings = append(rep.Warnings, Problem{Path: path, Code: "rule." + code, Detail: msg.Text{Vi: vi, En: en}})
	}
	if x, ok := unparen(p.expr).(*parser.BinaryExpr); ok && x.Op.IsComparisonOperator() {
		warn("expr", "compares", "biểu thức tự so sánh rồi; ngưỡng nên đặt ở các mức, để có bật, tắt và nhiều mức độ",
			"the expression compares already; thresholds belong into the levels, where they raise, clear and have severities")
	}
	rep.Selects = Selects(p, env)
	if len(rep.Selects) == 0 {
		b := Problem{Path: "expr", Code: "rule.selects_nothing", Detail: msg.Text{Vi: "không có chuỗi đo nào khớp", En: "no series matches"}}
		b.Hint = metricHint(p, env)
		rep.Warnings = append(rep.Warnings, b)
		return rep, nil
	}
	if g := r.Guard; g != nil && g.Op != "" && !slices.ContainsFunc(env.Series(), func(s Series) bool { return s.Metric == g.Property }) {
		warn("guard.property", "guard_selects_nothing", "không có chuỗi đo nào của "+g.Property, "there is no series of "+g.Property)
	}
	if missing := noLevels(p, env, rep.Selects, now); missing > 0 {
		warn("levels", "level_unknown", fmt.Sprintf("%d trong %d chuỗi đo chưa có mức báo động được nêu, nên không bao giờ bật", missing, len(rep.Selects)),
			fmt.Sprintf("%d of %d series lack an alarm level that is named, and never raise it", missing, len(rep.Selects)))
	}
	if rep.FiresNow, err = FiresNow(ctx, p, env, now); err != nil {
		return rep, err
	}
	if n := len(rep.FiresNow); n > 0 && n >= len(rep.Selects) && n > 1 {
		warn("levels", "fires_on_everything", "quy tắc sẽ bật ngay ở tất cả "+strconv.Itoa(n)+" chuỗi đo", "the rule would fire at once on all "+strconv.Itoa(n)+" series")
	}
	return rep, nil
}

// static are the warnings that need no data.
func static(r Rule) Problems {
	ps := Problems{}
	for i, l := range r.Levels {
		if i > 0 && l.Severity <= r.Levels[i-1].Severity {
			ps = append(ps, Problem{Path: fmt.Sprintf("levels[%d].severity", i), Code: "rule.severity_order",
				Detail: msg.Text{Vi: "mức độ không tăng dần", En: "the severities do not ascend"}})
		}
		if !l.Clear.IsZero() && !l.otherSide() {
			ps = append(ps, Problem{Path: fmt.Sprintf("levels[%d].clear", i), Code: "rule.clear_side",
				Detail: msg.Text{Vi: "ngưỡng tắt " + l.Clear.String() + " không nằm ở phía bên kia của ngưỡng bật " + l.Raise.String(),
					En: "the clearing level " + l.Clear.String() + " is not on the other side of the raising level " + l.Raise.String()}})
		}
	}
	return ps
}

// otherSide reports whether Clear can hold only where Raise does not.
func (l Level) otherSide() bool {
	up, down := strings.HasPrefix(l.Raise.Op, ">"), strings.HasPrefix(l.Raise.Op, "<")
	if !up && !down {
		return true // nothing to say about == or flags
	}
	if up != strings.HasPrefix(l.Clear.Op, "<") || down != strings.HasPrefix(l.Clear.Op, ">") {
		return false
	}
	a, b := l.Raise.Value, l.Clear.Value
	switch {
	case l.Raise.Ref != "" && l.Raise.Ref == l.Clear.Ref:
		a, b = l.Raise.Offset, l.Clear.Offset
	case l.Raise.Ref != "" && l.Clear.Ref != "":
		a, b = float64(refLevel(l.Raise.Ref)), float64(refLevel(l.Clear.Ref))
	case l.Raise.Ref != "" || l.Clear.Ref != "":
		return true // not known before there is a station
	}
	if up {
		return b <= a
	}
	return b >= a
}

func metricHint(p *Program, env Env) msg.Text {
	if env.Series == nil {
		return msg.Text{}
	}
	known := map[string]bool{}
	for _, s := range env.Series() {
		known[s.Metric] = true
	}
	for _, name := range p.Metrics() {
		if base := strings.TrimSuffix(name, flagsSuffix); !known[base] {
			return didYouMean(base, sortedKeys(known))
		}
	}
	return msg.Text{}
}

// noLevels counts the series that lack a named level.
func noLevels(p *Program, env Env, list []Series, now time.Time) int {
	n := 0
	w := &world{env: env}
	for _, s := range list {
		c := &cell{s: s}
		named := w.named(c, now.UnixMilli())
		for _, l := range p.rule.Levels {
			if i := refLevel(l.Raise.Ref); i > 0 && named[i-1] != named[i-1] {
				n++
				break
			}
		}
	}
	return n
}
