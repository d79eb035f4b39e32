package adapterconfig

import (
	"reflect"
	"regexp"
	"slices"
	"text/template"
	"text/template/parse"
)

const (
	// maxLoops bounds loops inside of each other. Each is over what a request has: a label
	// for the namespace and the name, and those of its selector.
	maxLoops = 2
	// maxVerbs bounds what printf puts together in one template: with two verbs on each
	// line a text could double from line to line.
	maxVerbs = 16
	// maxNodes bounds the parts of a template, each counted as often as it is included.
	maxNodes = 5000
)

// harmless are the functions that neither make text grow nor call others.
var harmless = []string{"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index"}

// plainFormat is a format without widths that exhaust memory.
var plainFormat = regexp.MustCompile(`^(?:[^%]|%%|%-?[0-9]?[sqvd])*$`)

// bounds is a walk over a template that finds out whether it is sure to end.
type bounds struct {
	t     *template.Template
	loops int
	verbs int
	nodes int
	// decides is set if what the template makes may depend on what the values are.
	decides bool
	// inside are the templates that are being included.
	inside []string
}

// isBounded reports whether executing a template is sure to end, with a text of a bounded
// size, and whether it makes decisions by the values. What it is not sure of it denies: loops
// over numbers, variables that change, templates that include themselves, functions that make
// text grow.
func isBounded(t *template.Template) (bounded, decides bool) {
	b := &bounds{t: t}
	bounded = t.Tree == nil || b.list(t.Root) && b.verbs <= maxVerbs
	return bounded, b.decides
}

func (b *bounds) list(l *parse.ListNode) bool {
	return l == nil || !slices.ContainsFunc(l.Nodes, func(n parse.Node) bool { return !b.node(n) })
}

func (b *bounds) node(n parse.Node) bool {
	if b.nodes++; b.nodes > maxNodes {
		return false
	}
	switch n := n.(type) {
	case *parse.TextNode, *parse.CommentNode, *parse.BreakNode, *parse.ContinueNode:
		return true
	case *parse.ActionNode:
		return b.pipe(n.Pipe)
	case *parse.IfNode:
		b.decides = true
		return b.branch(&n.BranchNode)
	case *parse.WithNode:
		b.decides = true
		return b.branch(&n.BranchNode)
	case *parse.RangeNode:
		b.loops++
		defer func() { b.loops-- }()
		return b.loops <= maxLoops && isField(n.Pipe) && b.branch(&n.BranchNode)
	case *parse.TemplateNode:
		included := b.t.Lookup(n.Name)
		if included == nil || included.Tree == nil || len(b.inside) > maxLoops || slices.Contains(b.inside, n.Name) {
			return false
		}
		b.inside = append(b.inside, n.Name)
		defer func() { b.inside = b.inside[:len(b.inside)-1] }()
		return b.pipe(n.Pipe) && b.list(included.Root)
	}
	return false
}

func (b *bounds) branch(n *parse.BranchNode) bool {
	return b.pipe(n.Pipe) && b.list(n.List) && b.list(n.ElseList)
}

func (b *bounds) pipe(p *parse.PipeNode) bool {
	if p == nil {
		return true
	}
	return !p.IsAssign && !slices.ContainsFunc(p.Cmds, func(c *parse.CommandNode) bool { return !b.command(c) })
}

// command reports whether the arguments of a command are values, and its function, if it
// has one, is harmless.
func (b *bounds) command(c *parse.CommandNode) bool {
	for i, arg := range c.Args {
		switch arg := arg.(type) {
		case *parse.IdentifierNode:
			printf := arg.Ident == "printf"
			b.decides = b.decides || !printf && arg.Ident != "index"
			if i > 0 || !printf && !slices.Contains(harmless, arg.Ident) || printf && !b.printf(c.Args[1:]) {
				return false
			}
		case *parse.PipeNode:
			if !b.pipe(arg) {
				return false
			}
		case *parse.FieldNode, *parse.VariableNode, *parse.DotNode, *parse.StringNode, *parse.NumberNode, *parse.BoolNode, *parse.NilNode:
		default:
			return false
		}
	}
	return true
}

func (b *bounds) printf(args []parse.Node) bool {
	if len(args) == 0 {
		return false
	}
	format, ok := args[0].(*parse.StringNode)
	b.verbs += len(args) + 1 // what is piped into it is one more
	return ok && plainFormat.MatchString(format.Text)
}

// isField reports whether a pipeline is one field of the data, which a loop may be over.
func isField(p *parse.PipeNode) bool {
	if p.IsAssign || len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 1 {
		return false
	}
	f, ok := p.Cmds[0].Args[0].(*parse.FieldNode)
	return ok && len(f.Ident) == 1 && hasField(f.Ident[0])
}

func hasField(name string) bool {
	_, ok := reflect.TypeFor[templateArgs]().FieldByName(name)
	return ok
}
