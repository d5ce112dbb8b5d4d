package mapping

import (
	"errors"
	"fmt"
	"reflect"
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
	maxTexts    = 16 << 20         // bytes of all texts that one evaluation makes
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
		expr.Patch(calls), expr.Patch(&fieldNames{calls: calls}), expr.Patch(ticker{}), expr.Patch(scales{}),
		expr.Function("__tick", tick), expr.Function("__weigh", weigh),
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

// budget counts the loop steps of one message, and the bytes of the texts
// that one evaluation makes, which the vm does not count.
type budget struct {
	now, all int
	texts    int
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

// make books n bytes of text that are to be made; it must come before what
// can be far longer than its parts.
func (b *budget) make(n int) error {
	if b.texts += n; b.texts > maxTexts || n > maxTexts {
		return errBudget.With()
	}
	return nil
}

// weigh books a value that was made and hands it on.
func weigh(args ...any) (any, error) {
	b, ok := args[0].(*budget)
	if !ok {
		return nil, errBudget.With()
	}
	if s, ok := args[1].(string); ok {
		return s, b.make(len(s))
	}
	return args[1], nil
}

// run evaluates c; a nil c gives nil.
func (c *code) run(machine *vm.VM, env map[string]any, b *budget) (any, error) {
	if c == nil {
		return nil, nil
	}
	b.now, b.texts = 0, 0
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

// scales books the texts that an expression makes: what + and the functions
// that copy their argument give, and, beforehand, what join and replace will.
type scales struct{}

var (
	copies   = map[string]bool{"upper": true, "lower": true, "fold": true, "text": true} // the result is as long as the argument
	unpacks  = map[string]bool{"json": true, "base64": true, "hex": true}                // the result is some times as large
	foresees = map[string]bool{"join": true, "replace": true}                            // the result can be as large as it likes
)

// Visit implements ast.Visitor.
func (scales) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.BinaryNode:
		if n.Operator == "+" && mayBeText(n) {
			ast.Patch(node, weighed(n))
		}
	case *ast.BuiltinNode:
		if copies[n.Name] {
			ast.Patch(node, weighed(n))
		}
	case *ast.CallNode:
		id, ok := n.Callee.(*ast.IdentifierNode)
		switch {
		case !ok:
		case copies[id.Value]:
			ast.Patch(node, weighed(n))
		case unpacks[id.Value] && len(n.Arguments) > 0:
			n.Arguments[0] = weighed(n.Arguments[0])
		case foresees[id.Value]:
			n.Arguments = append([]ast.Node{&ast.IdentifierNode{Value: "__budget"}}, n.Arguments...)
		}
	}
}

func weighed(n ast.Node) ast.Node {
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: "__weigh"}, Arguments: []ast.Node{&ast.IdentifierNode{Value: "__budget"}, n}}
}

// mayBeText is false where the compiler knows that numbers are added.
func mayBeText(n ast.Node) bool {
	t := n.Type()
	return t == nil || t.Kind() == reflect.Interface || t.Kind() == reflect.String
}
