package eval

import (
	"github.com/prometheus/prometheus/promql/parser"
)

// Program is a rule ready to run.
type Program struct {
	rule Rule
	expr parser.Expr // with Where in each selector
}

// Compile reads a rule. The error is a Problems.
func Compile(r Rule) (*Program, error) { return compile(r) }

// Rule is what the program was made of.
func (p *Program) Rule() Rule { return p.rule }

// PromQL is what the program computes, Where included.
func (p *Program) PromQL() string { return p.expr.String() }
