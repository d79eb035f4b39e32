package adapterconfig

import (
	"errors"
	"fmt"
	"strings"
	"text/template"
	"text/template/parse"
)

// maxOutput bounds the text that a template makes, in bytes: far above any
// real query, far below what would hurt.
const maxOutput = 32 << 10

// ErrUndecided reports that a template is not executed, or not to its end, so
// that what the adapter makes of it is not known.
var ErrUndecided = errors.New("the template is not executed")

// goTemplate is a Go text template between << and >>.
type goTemplate struct {
	t *template.Template
	// plain templates consist of text and fields. Only these are executed: any
	// other may run forever or exhaust memory.
	plain bool
}

func parseTemplate(name, text string) (*goTemplate, error) {
	t, err := template.New(name).Delims("<<", ">>").Parse(text)
	if err != nil {
		return nil, fmt.Errorf("is no Go template: %w", err)
	}
	return &goTemplate{t: t, plain: isPlain(t)}, nil
}

// isPlain reports whether a template consists of text and fields of its data,
// such as <<.Series>>.
func isPlain(t *template.Template) bool {
	if t.Tree == nil {
		return true // executing it fails at once
	}
	for _, node := range t.Root.Nodes {
		switch n := node.(type) {
		case *parse.TextNode:
		case *parse.ActionNode:
			if !isField(n.Pipe) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func isField(p *parse.PipeNode) bool {
	if len(p.Decl) > 0 || len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 1 {
		return false
	}
	f, ok := p.Cmds[0].Args[0].(*parse.FieldNode)
	return ok && len(f.Ident) == 1
}

// execute returns the template's text for the data.
func (t *goTemplate) execute(data any) (string, error) {
	if !t.plain {
		return "", fmt.Errorf("%w: it is more than text and plain fields", ErrUndecided)
	}
	var out limitedText
	if err := t.t.Execute(&out, data); err != nil {
		return "", err
	}
	return out.String(), nil
}

// limitedText collects up to maxOutput bytes.
type limitedText struct{ strings.Builder }

func (l *limitedText) Write(p []byte) (int, error) {
	if l.Len()+len(p) > maxOutput {
		return 0, fmt.Errorf("%w: it makes more than %d bytes", ErrUndecided, maxOutput)
	}
	return l.Builder.Write(p)
}
