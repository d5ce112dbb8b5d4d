package eval

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"openioc.org/ioc/internal/msg"
)

// The bounds of a rule.
const (
	maxLevels = 4
	maxExpr   = 4 << 10 // bytes; nested deep, more cost minutes to parse
	maxWindow = 31 * 24 * time.Hour
	maxKm     = 500
)

// Program is a rule ready to run.
type Program struct {
	rule  Rule
	expr  parser.Expr // with Where in each selector
	shape shape
	cross bool // needs the stations around
	limit [maxLevels]limitPair
}

// limitPair are the thresholds of a level as numbers; of named levels, only
// where they stand until they are looked up.
type limitPair struct{ raise, clear float64 }

// Rule is what the program was made of.
func (p *Program) Rule() Rule { return p.rule }

// PromQL is what the program computes, Where included.
func (p *Program) PromQL() string { return p.expr.String() }

// Native reports whether the expression has one of the shapes that are
// evaluated with each reading; others are evaluated each Rule.Every.
func (p *Program) Native() bool { return p.shape.fn != fnGeneral }

// Window is how much time the expression looks at, 0 for the newest reading.
func (p *Program) Window() time.Duration { return ms(p.shape.window) }

// Metrics are the metric names that the expression and the guard select,
// sorted; selectors without a name are left out.
func (p *Program) Metrics() []string {
	var out []string
	for _, sel := range selectors(p.expr) {
		if sel.Name != "" {
			out = append(out, sel.Name)
		}
	}
	if p.rule.Guard != nil {
		out = append(out, p.rule.Guard.Property)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// every is the grid of a general expression.
func (p *Program) every() int64 {
	if p.rule.Every > 0 {
		return p.rule.Every.Milliseconds()
	}
	return time.Minute.Milliseconds()
}

var promParser = parser.NewParser(parser.Options{})

// Compile reads a rule. The error is a Problems.
func Compile(r Rule) (*Program, error) {
	r.Levels = slices.Clone(r.Levels)
	p := &Program{rule: r}
	var ps Problems
	add := func(path, code, vi, en string) {
		ps = append(ps, Problem{Path: path, Code: "rule." + code, Detail: msg.Text{Vi: vi, En: en}})
	}
	if bad := p.parse(); bad != nil {
		ps = append(ps, *bad)
	}
	if p.expr != nil {
		switch t := p.expr.Type(); t {
		case parser.ValueTypeVector, parser.ValueTypeScalar:
		default:
			add("expr", "type", "biểu thức phải cho một giá trị mỗi chuỗi, đây là "+string(t),
				"the expression must yield a value for each series, this is a "+string(t))
		}
		p.shape = shapeOf(p.expr)
	}
	if len(r.Levels) == 0 {
		add("levels", "levels", "chưa có mức nào", "there is no level")
	}
	if len(r.Levels) > maxLevels {
		add("levels", "levels", "nhiều nhất bốn mức", "there are at most four levels")
		r.Levels = r.Levels[:maxLevels]
	}
	for i, l := range r.Levels {
		path := fmt.Sprintf("levels[%d]", i)
		if !l.Severity.Valid() {
			add(path+".severity", "severity", "mức độ từ 1 đến 4", "the severity is 1 to 4")
		}
		if l.Raise.IsZero() {
			add(path+".raise", "raise", "chưa có điều kiện bật", "there is no condition to raise")
		}
		for _, t := range []struct {
			name string
			Threshold
		}{{".raise", l.Raise}, {".clear", l.Clear}} {
			if t.IsZero() || p.expr == nil {
				continue
			}
			if flags := p.shape.fn == fnFlags; (t.Op == "has") && !flags {
				add(path+t.name, "has", "has chỉ dùng với cờ của số đo, ví dụ rain:flags", "has is for the flags of a reading, such as rain:flags")
			}
			if p.shape.fn == fnSilence && (t.Ref != "") {
				add(path+t.name, "reference", "thời gian im lặng không so với mức báo động được", "silence cannot be compared with a named level")
			}
		}
		p.limit[i] = limitPair{l.Raise.Value, l.Clear.Value}
	}
	for path, d := range map[string]time.Duration{"for": r.For, "keep_firing": r.KeepFiring, "every": r.Every} {
		if d < 0 || d > 366*24*time.Hour {
			add(path, "duration", "thời gian phải từ 0 đến một năm", "a duration is from 0 to a year")
		}
	}
	if r.Every > 0 && r.Every < time.Second {
		add("every", "duration", "chu kỳ tính ít nhất một giây", "the grid is at least a second")
	}
	if p.shape.window > maxWindow.Milliseconds() {
		add("expr", "window", "cửa sổ nhiều nhất 31 ngày", "a window is at most 31 days")
	}
	p.guard(add)
	// Silence is reached, never begun: other comparisons are for the engine.
	if p.shape.fn == fnSilence && slices.ContainsFunc(r.Levels, func(l Level) bool { return l.Raise.Op != ">" && l.Raise.Op != ">=" }) {
		p.shape = general
	}
	if len(ps) > 0 {
		slices.SortStableFunc(ps, func(a, b Problem) int { return strings.Compare(a.Path, b.Path) })
		return nil, ps
	}
	return p, nil
}

// guard checks the second condition.
func (p *Program) guard(add func(path, code, vi, en string)) {
	g := p.rule.Guard
	neighbours := p.rule.Kind == KindNeighbours
	if neighbours {
		if g == nil || g.RadiusKm <= 0 || g.Count < 1 {
			add("guard", "neighbours", "so với trạm lân cận cần bán kính và số trạm ít nhất", "to compare with neighbours takes a radius and how many at least")
		}
		if p.expr != nil && (p.shape.fn == fnGeneral || p.shape.fn == fnSilence || p.shape.fn == fnFlags) {
			add("expr", "neighbours", "so với trạm lân cận cần biểu thức của một trạm, ví dụ sum_over_time(rain[3h])", "to compare with neighbours takes the expression of one station, such as sum_over_time(rain[3h])")
		}
	}
	if g == nil {
		return
	}
	p.cross = true
	if g.RadiusKm <= 0 || g.RadiusKm > maxKm {
		add("guard.radius_km", "radius", "bán kính từ 0 đến 500 km", "the radius is up to 500 km")
	}
	if neighbours && g.Op == "" {
		return
	}
	if g.Property == "" {
		add("guard.property", "guard", "chưa có đại lượng của trạm lân cận", "the property of the neighbours is missing")
	}
	if g.Window <= 0 || g.Window > maxWindow {
		add("guard.window", "window", "cửa sổ nhiều nhất 31 ngày", "a window is at most 31 days")
	}
	if !slices.Contains([]string{">", ">=", "<", "<="}, g.Op) {
		add("guard.op", "guard", "phép so sánh phải là > >= < <=", "the comparison is > >= < <=")
	}
	if g.Count < 1 {
		add("guard.count", "guard", "cần ít nhất một trạm lân cận", "at least one neighbour is needed")
	}
	if p.expr != nil && p.shape.fn == fnGeneral {
		add("guard", "guard_general", "điều kiện lân cận chỉ dùng được với các dạng biểu thức của một trạm", "neighbours can be asked about for expressions of one station only")
	}
}

// parse reads the expression and adds Where to its selectors.
func (p *Program) parse() *Problem {
	text := p.rule.Expr
	switch {
	case strings.TrimSpace(text) == "":
		return &Problem{Path: "expr", Code: "rule.expr", Position: 1,
			Detail: msg.Text{Vi: "chưa có biểu thức", En: "there is no expression"}}
	case len(text) > maxExpr:
		return &Problem{Path: "expr", Code: "rule.expr_long",
			Detail: msg.Text{Vi: "biểu thức dài quá 4096 byte", En: "the expression is longer than 4096 bytes"}}
	}
	e, err := promParser.ParseExpr(text)
	if err != nil {
		return parseProblem(text, err)
	}
	for _, sel := range selectors(e) {
		for name, value := range p.rule.Where {
			if value == "" || name == "" {
				continue
			}
			m, err := labels.NewMatcher(labels.MatchEqual, name, value)
			if err != nil {
				return &Problem{Path: "where", Code: "rule.where", Detail: msg.Text{Vi: err.Error(), En: err.Error()}}
			}
			sel.LabelMatchers = append(sel.LabelMatchers, m)
		}
		slices.SortStableFunc(sel.LabelMatchers, func(a, b *labels.Matcher) int { return strings.Compare(a.Name, b.Name) })
	}
	p.expr = e
	return nil
}

// selectors lists the vector selectors of an expression.
func selectors(e parser.Expr) []*parser.VectorSelector {
	var out []*parser.VectorSelector
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok {
			out = append(out, v)
		}
		return nil
	})
	return out
}

// parseProblem tells where and why; people count characters from 1.
func parseProblem(text string, err error) *Problem {
	var list parser.ParseErrors
	var one *parser.ParseErr
	switch {
	case errors.As(err, &list) && len(list) > 0:
		one = &list[0]
	case errors.As(err, &one):
	}
	b := &Problem{Path: "expr", Code: "rule.expr", Position: 1}
	detail := err.Error()
	if one != nil {
		at := min(max(int(one.PositionRange.Start), 0), len(text))
		b.Position, detail = utf8.RuneCountInString(text[:at])+1, one.Err.Error()
	}
	b.Detail = msg.Text{
		Vi: fmt.Sprintf("không đọc được biểu thức ở ký tự %d: %s", b.Position, detail),
		En: fmt.Sprintf("the expression cannot be read at character %d: %s", b.Position, detail),
	}
	if _, name, ok := strings.Cut(detail, `unknown function with name "`); ok {
		var names []string
		for n, f := range parser.Functions {
			if !f.Experimental {
				names = append(names, n)
			}
		}
		b.Hint = didYouMean(strings.TrimSuffix(name, `"`), names)
	}
	return b
}

// didYouMean names what is nearest to a name, if anything is near.
func didYouMean(name string, known []string) msg.Text {
	best, least := "", 1+len(name)/2
	slices.Sort(known)
	for _, k := range known {
		if d := distance(name, k); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return msg.Text{}
	}
	return msg.Text{Vi: "có phải " + best + "?", En: "did you mean " + best + "?"}
}

// distance is the number of letters to change, add or take away.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
