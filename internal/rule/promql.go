package rule

import (
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"openioc.org/ioc/internal/rule/eval"
)

// defaultWindow is what a kind with a window takes when none is given.
const defaultWindow = time.Hour

// PromQL is the expression that a definition stands for, without its
// selectors by label: the form kinds write it from the property and the
// window, experts wrote it themselves.
func PromQL(d Definition) string {
	property := d.Where["property"]
	if isMetric(d.Expr) && d.Kind != eval.KindPromQL {
		property = d.Expr
	} else if d.Expr != "" {
		return d.Expr
	}
	if property == "" {
		return ""
	}
	window := seconds(d.WindowSeconds)
	if window <= 0 {
		window = defaultWindow
	}
	w := model.Duration(window).String()
	switch d.Kind {
	case eval.KindSum, eval.KindNeighbours:
		return "sum_over_time(" + property + "[" + w + "])"
	case eval.KindRise:
		return property + " - " + property + " offset " + w
	case eval.KindSilence:
		return "time() - timestamp(" + property + ")"
	case eval.KindFlag:
		return property + ":flags"
	}
	return property
}

// isMetric reports whether s is the bare name of a metric.
func isMetric(s string) bool {
	if s == "" || strings.Trim(s[:1], "0123456789") == "" {
		return false
	}
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != ':' {
			return false
		}
	}
	return true
}
