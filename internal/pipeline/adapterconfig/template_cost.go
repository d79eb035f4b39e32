package adapterconfig

import (
	"fmt"
	"strings"
	"text/template"
	"text/template/parse"
)

const (
	// maxCost bounds the nodes that one execution visits, each weighed by the
	// text it builds. Templates in use stay below a few hundred.
	maxCost = 1 << 16
	// perRange is the number of iterations that a range is counted for; the
	// collections that a query template can range over are smaller.
	perRange = 16
	// maxFormat bounds a printf format, in bytes, and so the verbs in it.
	maxFormat = 256
)

// builders are the template functions whose result grows with their arguments,
// by at most this factor.
var builders = map[string]int{"print": 1, "println": 1, "printf": 4, "html": 6, "js": 6, "urlquery": 3}

// checkCost counts the steps of executing a template, and reports why executing the template might take too long or too much
// memory. Go templates can: by ranging over numbers, by recursion, by doubling
// a string in a variable, by padding.
func checkCost(t *template.Template) (int, error) {
	c := costs{set: t, cost: map[string]int{}}
	n, err := c.template(t.Name())
	if err == nil && n > maxCost {
		err = fmt.Errorf("more than %d steps", maxCost)
	}
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrCostly, err)
	}
	return n, nil
}

type costs struct {
	set  *template.Template
	cost map[string]int // of templates by name; -1 while being counted
}

func (c *costs) template(name string) (int, error) {
	if n, ok := c.cost[name]; ok {
		if n < 0 {
			return 0, fmt.Errorf("template %q calls itself", name)
		}
		return n, nil
	}
	t := c.set.Lookup(name)
	if t == nil || t.Tree == nil {
		return 1, nil // executing it fails at once
	}
	c.cost[name] = -1
	n, err := c.list(t.Root)
	c.cost[name] = n
	return n, err
}

func (c *costs) list(l *parse.ListNode) (int, error) {
	if l == nil {
		return 0, nil
	}
	sum := 0
	for _, node := range l.Nodes {
		n, err := c.node(node)
		if err != nil {
			return 0, err
		}
		sum = capped(sum + n)
	}
	return sum, nil
}

func (c *costs) node(node parse.Node) (int, error) {
	switch n := node.(type) {
	case *parse.ActionNode:
		return c.pipe(n.Pipe, len(n.Pipe.Decl) > 0)
	case *parse.IfNode:
		return c.branch(&n.BranchNode, 1, false)
	case *parse.WithNode:
		return c.branch(&n.BranchNode, 1, true)
	case *parse.RangeNode:
		if !rangesOverCollection(n.Pipe) {
			return 0, fmt.Errorf("range over %s", n.Pipe)
		}
		return c.branch(&n.BranchNode, perRange, true)
	case *parse.TemplateNode:
		arg := 0
		if n.Pipe != nil {
			var err error
			if arg, err = c.pipe(n.Pipe, true); err != nil {
				return 0, err
			}
		}
		body, err := c.template(n.Name)
		return capped(1 + arg + body), err
	default:
		return 1, nil
	}
}

func (c *costs) branch(n *parse.BranchNode, times int, keeps bool) (int, error) {
	pipe, err := c.pipe(n.Pipe, keeps || len(n.Pipe.Decl) > 0)
	if err != nil {
		return 0, err
	}
	body, err := c.list(n.List)
	if err != nil {
		return 0, err
	}
	other, err := c.list(n.ElseList)
	return capped(1 + pipe + capped(times*body) + other), err
}

// pipe costs a pipeline. One whose value is kept, in a variable or as the dot,
// must not build text, or repeating it would double the text each time.
func (c *costs) pipe(p *parse.PipeNode, keeps bool) (int, error) {
	n, builds, err := c.value(p)
	if err == nil && builds && keeps {
		err = fmt.Errorf("%s keeps text that it builds", p)
	}
	return n, err
}

// value costs a pipeline and reports whether it builds text.
func (c *costs) value(p *parse.PipeNode) (cost int, builds bool, err error) {
	for _, cmd := range p.Cmds {
		n, b, err := c.command(cmd, cost)
		if err != nil {
			return 0, false, err
		}
		cost, builds = n, builds || b
	}
	return capped(cost + 1), builds, nil
}

// command costs one call; piped is the cost of its last argument.
func (c *costs) command(cmd *parse.CommandNode, piped int) (cost int, builds bool, err error) {
	sum, factor := piped, 1
	for _, arg := range cmd.Args {
		n := 1
		switch a := arg.(type) {
		case *parse.PipeNode:
			var b bool
			if n, b, err = c.value(a); err != nil {
				return 0, false, err
			}
			builds = builds || b
		case *parse.StringNode:
			n += len(a.Text) / 64
		case *parse.IdentifierNode:
			if builders[a.Ident] > 0 {
				builds = true
				factor = builders[a.Ident]
			}
			if a.Ident == "printf" {
				verbs, err := formatVerbs(cmd)
				if err != nil {
					return 0, false, err
				}
				factor *= 1 + verbs
			}
		}
		sum = capped(sum + n)
	}
	return capped(sum * factor), builds, nil
}

// formatVerbs counts the verbs of a printf whose format is a short literal
// without widths.
func formatVerbs(cmd *parse.CommandNode) (int, error) {
	if len(cmd.Args) < 2 {
		return 0, fmt.Errorf("%s takes its format from a pipe", cmd)
	}
	format, ok := cmd.Args[1].(*parse.StringNode)
	if !ok {
		return 0, fmt.Errorf("%s has no literal format", cmd)
	}
	if len(format.Text) > maxFormat || strings.ContainsAny(afterPercent(format.Text), "0123456789*") {
		return 0, fmt.Errorf("%s pads, or has a long format", cmd)
	}
	return strings.Count(format.Text, "%"), nil
}

// afterPercent keeps the character that follows each percent sign and flags.
func afterPercent(format string) string {
	var b strings.Builder
	for _, part := range strings.Split(format, "%")[1:] {
		part = strings.TrimLeft(part, "+-# .[")
		if part != "" {
			b.WriteByte(part[0])
		}
	}
	return b.String()
}

// rangesOverCollection accepts the collections that a query template has.
func rangesOverCollection(p *parse.PipeNode) bool {
	if len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 1 {
		return false
	}
	var ident []string
	switch n := p.Cmds[0].Args[0].(type) {
	case *parse.FieldNode:
		ident = n.Ident
	case *parse.VariableNode:
		if n.Ident[0] == "$" {
			ident = n.Ident[1:]
		}
	}
	return len(ident) == 1 && (ident[0] == "GroupBySlice" || ident[0] == "LabelValuesByName")
}

func capped(n int) int { return min(n, maxCost+1) }
