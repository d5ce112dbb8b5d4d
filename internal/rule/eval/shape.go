package eval

import (
	"math"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// fn is what a native expression does with the readings of one series.
type fn uint8

const (
	fnGeneral  fn = iota // not native
	fnNewest             // metric
	fnSum                // sum_over_time(metric[w])
	fnAvg                // avg_over_time
	fnMax                // max_over_time
	fnMin                // min_over_time
	fnLast               // last_over_time
	fnCount              // count_over_time
	fnDelta              // delta: last − first in the window, not extrapolated
	fnIncrease           // increase: what it grew in all, not extrapolated
	fnDeriv              // deriv: slope of the regression line, a second
	fnRise               // metric - metric offset w
	fnSilence            // time() - timestamp(metric)
	fnFlags              // metric:flags
)

var overTime = map[string]fn{
	"sum_over_time": fnSum, "avg_over_time": fnAvg, "max_over_time": fnMax, "min_over_time": fnMin,
	"last_over_time": fnLast, "count_over_time": fnCount, "delta": fnDelta, "increase": fnIncrease, "deriv": fnDeriv,
}

// feat is a number about one series that several rules may share.
type feat struct {
	fn     fn
	window int64 // ms
}

// shape is a native expression: a feat of the series that match, times mul,
// divided by div.
type shape struct {
	feat
	matchers []*labels.Matcher
	mul, div float64
}

// flagsSuffix marks the companion of a metric that holds its quality flags.
const flagsSuffix = ":flags"

// shapeOf recognises the native expressions.
func shapeOf(e parser.Expr) shape {
	s := shape{mul: 1, div: 1}
	for {
		switch x := e.(type) {
		case *parser.ParenExpr:
			e = x.Expr
			continue
		case *parser.BinaryExpr:
			if inner, ok := s.scaled(x); ok {
				e = inner
				continue
			}
		}
		break
	}
	if !s.core(e) || s.mul == 0 || s.div == 0 {
		return general
	}
	return s
}

// general is the shape of what only the engine of PromQL can evaluate.
var general = shape{mul: 1, div: 1}

// scaled takes a constant factor off.
func (s *shape) scaled(x *parser.BinaryExpr) (parser.Expr, bool) {
	left, leftOK := constant(x.LHS)
	right, rightOK := constant(x.RHS)
	switch {
	case x.Op == parser.MUL && rightOK && !leftOK:
		s.mul *= right
		return x.LHS, true
	case x.Op == parser.MUL && leftOK && !rightOK:
		s.mul *= left
		return x.RHS, true
	case x.Op == parser.DIV && rightOK && !leftOK:
		s.div *= right
		return x.LHS, true
	}
	return nil, false
}

func constant(e parser.Expr) (float64, bool) {
	switch x := e.(type) {
	case *parser.ParenExpr:
		return constant(x.Expr)
	case *parser.NumberLiteral:
		return x.Val, !math.IsNaN(x.Val) && !math.IsInf(x.Val, 0)
	case *parser.UnaryExpr:
		v, ok := constant(x.Expr)
		if x.Op == parser.SUB {
			v = -v
		}
		return v, ok
	}
	return 0, false
}

// core recognises what is left when factors are taken off.
func (s *shape) core(e parser.Expr) bool {
	switch x := e.(type) {
	case *parser.VectorSelector:
		if !plain(x) || x.OriginalOffset != 0 || x.Name == "" {
			return false
		}
		s.fn, s.matchers = fnNewest, x.LabelMatchers
		if base, ok := strings.CutSuffix(x.Name, flagsSuffix); ok {
			s.fn, s.matchers = fnFlags, renamed(x.LabelMatchers, base)
			return s.mul == 1 && s.div == 1
		}
		return true
	case *parser.Call:
		f, ok := overTime[x.Func.Name]
		if !ok {
			return false
		}
		m, ok := unparen(x.Args[0]).(*parser.MatrixSelector)
		if !ok || m.RangeExpr != nil {
			return false
		}
		v, ok := m.VectorSelector.(*parser.VectorSelector)
		if !ok || !plain(v) || v.OriginalOffset != 0 || !named(v) {
			return false
		}
		s.fn, s.window, s.matchers = f, m.Range.Milliseconds(), v.LabelMatchers
		return s.window > 0
	case *parser.BinaryExpr:
		return x.Op == parser.SUB && (s.rise(x) || s.silence(x))
	}
	return false
}

// rise recognises metric - metric offset w.
func (s *shape) rise(x *parser.BinaryExpr) bool {
	a, ok := unparen(x.LHS).(*parser.VectorSelector)
	if !ok {
		return false
	}
	b, ok := unparen(x.RHS).(*parser.VectorSelector)
	if !ok || !plain(a) || !plain(b) || !named(a) || a.OriginalOffset != 0 || b.OriginalOffset < time.Second || !same(a, b) {
		return false
	}
	if m := x.VectorMatching; m != nil && (m.On || len(m.MatchingLabels) > 0 || m.Card != parser.CardOneToOne) {
		return false
	}
	s.fn, s.window, s.matchers = fnRise, b.OriginalOffset.Milliseconds(), a.LabelMatchers
	return true
}

// silence recognises time() - timestamp(metric).
func (s *shape) silence(x *parser.BinaryExpr) bool {
	now, ok := unparen(x.LHS).(*parser.Call)
	if !ok || now.Func.Name != "time" {
		return false
	}
	last, ok := unparen(x.RHS).(*parser.Call)
	if !ok || last.Func.Name != "timestamp" {
		return false
	}
	v, ok := unparen(last.Args[0]).(*parser.VectorSelector)
	if !ok || !plain(v) || !named(v) || v.OriginalOffset != 0 || s.mul < 0 || s.div < 0 {
		return false
	}
	s.fn, s.matchers = fnSilence, v.LabelMatchers
	return true
}

func plain(v *parser.VectorSelector) bool {
	return v.Timestamp == nil && v.StartOrEnd == 0 && v.OriginalOffsetExpr == nil && !v.Anchored && !v.Smoothed
}

// named keeps the companions, which are sparse, out of the windows.
func named(v *parser.VectorSelector) bool { return v.Name != "" && !strings.Contains(v.Name, ":") }

func same(a, b *parser.VectorSelector) bool {
	if len(a.LabelMatchers) != len(b.LabelMatchers) {
		return false
	}
	for i, m := range a.LabelMatchers {
		if m.String() != b.LabelMatchers[i].String() {
			return false
		}
	}
	return true
}

func renamed(ms []*labels.Matcher, name string) []*labels.Matcher {
	out := make([]*labels.Matcher, len(ms))
	for i, m := range ms {
		if out[i] = m; m.Name == labels.MetricName {
			out[i] = labels.MustNewMatcher(labels.MatchEqual, labels.MetricName, name)
		}
	}
	return out
}

func unparen(e parser.Expr) parser.Expr {
	for {
		p, ok := e.(*parser.ParenExpr)
		if !ok {
			return e
		}
		e = p.Expr
	}
}

// matches reports whether a series has what the matchers ask for.
func (s *Series) matches(ms []*labels.Matcher) bool {
	for _, m := range ms {
		if !m.Matches(s.label(m.Name)) {
			return false
		}
	}
	return true
}

func (s *Series) label(name string) string {
	switch name {
	case labels.MetricName:
		return s.Metric
	case "datastream":
		return s.ID
	}
	return s.Labels[name]
}

// patience is how old a reading may be and still stand for now.
func (s *Series) patience() int64 { return max(3*s.Rhythm, 30*time.Minute).Milliseconds() }

// keep is how far back the readings matter that a feat looks at.
func (f feat) keep(s *Series) int64 {
	switch f.fn {
	case fnRise:
		return f.window + s.patience()
	case fnNewest, fnSilence, fnFlags:
		return 0
	}
	return f.window
}

// windowed reports whether the feat comes of the readings of its window alone.
func (f feat) windowed() bool {
	switch f.fn {
	case fnGeneral, fnNewest, fnRise, fnSilence, fnFlags:
		return false
	}
	return true
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
