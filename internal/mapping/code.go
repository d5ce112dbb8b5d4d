package mapping

import (
	"errors"
	"fmt"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"openioc.org/ioc/internal/fault"
)

// The bounds. They are far above what a real mapping needs and low enough
// that the worst expression costs a moment.
const (
	maxSource   = 2000      // bytes of one expression
	maxSyntax   = 500       // nodes of one expression
	maxMemory   = 1_000_000 // vm's count of elements made by one evaluation
	maxSteps    = 1_000_000 // loop steps of one evaluation
	maxAllSteps = 20_000_000
	maxTime     = 10 * time.Second // one message
)

var (
	errSyntax = fault.Define(fault.Invalid, "mapping.syntax", "at position {position}: {detail}", "ở vị trí {position}: {detail}")
	errLong   = fault.Define(fault.Invalid, "mapping.long", "an expression has at most {limit} characters", "biểu thức dài tối đa {limit} ký tự")
	errBudget = fault.Define(fault.Invalid, "mapping.budget", "the mapping takes too many steps for this message", "ánh xạ cần quá nhiều bước cho bản tin này")
)

// code is one compiled expression.
type code struct {
	src     string
	program *vm.Program
}

// compile returns nil for an empty expression.
func compile(src string, zone *time.Location) (c *code, f *fault.Error) {
	if src == "" {
		return nil, nil
	}
	if len(src) > maxSource {
		return nil, errLong.With("limit", maxSource)
	}
	defer func() { // a fault in the compiler must not reach the caller
		if r := recover(); r != nil {
			c, f = nil, errSyntax.With("position", 1, "line", 1, "column", 1, "detail", fmt.Sprint(r))
		}
	}()
	calls := &callees{seen: map[ast.Node]bool{}}
	opts := []expr.Option{
		expr.Env(map[string]any{}), expr.AllowUndefinedVariables(),
		expr.MaxNodes(maxSyntax), expr.DisableAllBuiltins(),
		expr.Patch(calls), expr.Patch(&fieldNames{calls: calls}), expr.Patch(ticker{}),
		expr.Function("__tick", tick),
	}
	for name := range builtins {
		opts = append(opts, expr.EnableBuiltin(name))
	}
	opts = append(opts, functions(zone)...)
	program, err := expr.Compile(src, opts...)
	if err != nil {
		return nil, syntaxFault(err)
	}
	if calls.unknown != nil {
		at := calls.unknown.Location().From
		return nil, errSyntax.With("position", at+1, "line", 1, "column", at+1, "detail", "there is no function "+calls.unknown.String())
	}
	return &code{src: src, program: program}, nil
}

func syntaxFault(err error) *fault.Error {
	var fe *file.Error
	if errors.As(err, &fe) {
		return errSyntax.With("position", fe.From+1, "line", fe.Line, "column", fe.Column+1, "detail", fe.Message)
	}
	return errSyntax.With("position", 1, "line", 1, "column", 1, "detail", err.Error())
}

// budget counts the loop steps of one message.
type budget struct {
	now, all int
	end      time.Time
}

func newBudget() *budget { return &budget{end: time.Now().Add(maxTime)} }

// spent reports whether the message has used up its steps or its time.
func (b *budget) spent() bool { return b.all > maxAllSteps || time.Now().After(b.end) }

func tick(args ...any) (any, error) {
	b, ok := args[0].(*budget)
	if !ok {
		return nil, errBudget.With()
	}
	b.now++
	b.all++
	if b.now > maxSteps || b.all > maxAllSteps || b.all&0xfff == 0 && time.Now().After(b.end) {
		return nil, errBudget.With()
	}
	return true, nil
}

// run evaluates c; a nil c gives nil.
func (c *code) run(machine *vm.VM, env map[string]any, b *budget) (any, error) {
	if c == nil {
		return nil, nil
	}
	b.now = 0
	machine.MemoryBudget = maxMemory
	out, err := machine.Run(c.program, env)
	if err != nil {
		// A machine that failed may hold half a stack.
		*machine = vm.VM{}
	}
	return out, err
}

// callees remembers which identifiers are names of functions that are called,
// and the first one that there is no function for: expr would find that out
// only when it runs.
type callees struct {
	seen    map[ast.Node]bool
	unknown ast.Node
}

// Visit implements ast.Visitor.
func (c *callees) Visit(node *ast.Node) {
	if call, ok := (*node).(*ast.CallNode); ok {
		c.seen[call.Callee] = true
		if id, ok := call.Callee.(*ast.IdentifierNode); (!ok || !isFunction(id.Value)) && c.unknown == nil {
			c.unknown = call.Callee
		}
	}
}

// fieldNames lets a record have a field that is called like a function:
// "number" alone is record.number, "number(x)" is the function.
type fieldNames struct{ calls *callees }

// Visit implements ast.Visitor.
func (v *fieldNames) Visit(node *ast.Node) {
	id, ok := (*node).(*ast.IdentifierNode)
	if !ok || v.calls.seen[*node] || !isFunction(id.Value) {
		return
	}
	ast.Patch(node, &ast.MemberNode{Node: &ast.IdentifierNode{Value: "record"}, Property: &ast.StringNode{Value: id.Value}, Optional: true})
}

// ticker puts a step of the budget in front of each loop body.
type ticker struct{}

// Visit implements ast.Visitor.
func (ticker) Visit(node *ast.Node) {
	p, ok := (*node).(*ast.PredicateNode)
	if !ok {
		return
	}
	p.Node = &ast.SequenceNode{Nodes: []ast.Node{
		&ast.CallNode{Callee: &ast.IdentifierNode{Value: "__tick"}, Arguments: []ast.Node{&ast.IdentifierNode{Value: "__budget"}}},
		p.Node,
	}}
}
