package adapterconfig

import (
	"errors"
	"fmt"
	"strings"
	"text/template"
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
	// bounded templates are sure to end, with a text of a bounded size. Only these are
	// executed: any other may run forever or exhaust memory.
	bounded bool
	// decides is set if what it makes may depend on what the values are.
	decides bool
}

func parseTemplate(name, text string) (*goTemplate, error) {
	t, err := template.New(name).Delims("<<", ">>").Parse(text)
	if err != nil {
		return nil, fmt.Errorf("is no Go template: %w", err)
	}
	bounded, decides := isBounded(t)
	return &goTemplate{t: t, bounded: bounded, decides: decides}, nil
}

// execute returns the template's text for the data.
func (t *goTemplate) execute(data any) (string, error) {
	if !t.bounded {
		return "", fmt.Errorf("%w: it may not end, or make much text", ErrUndecided)
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
