package adapterconfig

import (
	"errors"
	"fmt"
	"strings"
	"text/template"
)

// maxOutput bounds the text of an executed template, in bytes: far above any
// real query, far below what would hurt.
const maxOutput = 32 << 10

// ErrCostly says that a template may run too long or make too much
// text, so that it is not executed; what the adapter would answer is not known.
var ErrCostly = errors.New("template is too costly to execute")

// goTemplate is a Go text template between << and >>.
type goTemplate struct {
	t *template.Template
	// costly is why the template is not executed, found once when parsing.
	costly error
	// steps bounds the nodes that one execution visits.
	steps int
	// prepared is nil for queries that must be executed for each request.
	prepared *prepared
}

func parseTemplate(name, text string) (*goTemplate, error) {
	t, err := template.New(name).Delims("<<", ">>").Parse(text)
	if err != nil {
		return nil, fmt.Errorf("is no Go template: %w", err)
	}
	steps, costly := checkCost(t)
	return &goTemplate{t: t, costly: costly, steps: steps}, nil
}

// execute gives the template's text for the data. It ends soon, and never
// panics, whatever the template is.
func (t *goTemplate) execute(data any) (string, error) {
	if t.costly != nil {
		return "", t.costly
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
		return 0, fmt.Errorf("%w: it makes more than %d bytes", ErrCostly, maxOutput)
	}
	return l.Builder.Write(p)
}
