package eval

import (
	"strings"

	"openioc.org/ioc/internal/fault"
	"openioc.org/ioc/internal/msg"
)

var (
	errThreshold = fault.Define(fault.Invalid, "rule.threshold",
		"{text} is no comparison; write for example > 0.30, >= bd1 - 0.05 or has frozen|toggling",
		"{text} không phải phép so sánh; hãy viết như > 0.30, >= bd1 - 0.05 hoặc has frozen|toggling")
	errFlag = fault.Define(fault.Invalid, "rule.flag",
		"{flag} is no quality flag", "{flag} không phải cờ chất lượng")
)

// Problem is one thing that is wrong with a rule, or worth a warning.
type Problem struct {
	Path     string   `json:"path"` // "expr", "levels[1].clear"
	Code     string   `json:"code"` // "rule.expr"
	Detail   msg.Text `json:"detail"`
	Position int      `json:"position,omitempty"` // in expr, characters from 1
	Hint     msg.Text `json:"hint,omitzero"`
}

// Problems is the error of a rule that cannot run.
type Problems []Problem

// Error joins the details in English.
func (ps Problems) Error() string {
	out := make([]string, len(ps))
	for i, p := range ps {
		out[i] = p.Path + ": " + p.Detail.En
	}
	return strings.Join(out, "; ")
}
