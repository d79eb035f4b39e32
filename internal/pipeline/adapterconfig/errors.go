package adapterconfig

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// ErrorKind is what is wrong with a place of the configuration. Kinds are
// stable.
type ErrorKind string

// The reasons for which the adapter exits at its start.
const (
	// ErrorYAML: the document is not strict YAML of the adapter's schema: a
	// syntax error, an unknown, mis-cased or duplicate key, or a wrong type.
	ErrorYAML ErrorKind = "YAML"
	// ErrorFilter: a series filter has both or neither of is and isNot.
	ErrorFilter ErrorKind = "Filter"
	// ErrorRegexp: a regular expression does not compile.
	ErrorRegexp ErrorKind = "Regexp"
	// ErrorNameAs: name.matches has several groups and name.as is empty.
	ErrorNameAs ErrorKind = "NameAs"
	// ErrorTemplate: a Go template does not parse, or a resource template
	// cannot be turned into a pattern of label names.
	ErrorTemplate ErrorKind = "Template"
	// ErrorResource: the API server has no such resource. It depends on what
	// is installed in the cluster, all other kinds on the document alone.
	ErrorResource ErrorKind = "Resource"
	// ErrorIntervals: --metrics-max-age is less than --metrics-relist-interval.
	ErrorIntervals ErrorKind = "Intervals"
	// ErrorSeriesQuery: a seriesQuery is no PromQL series selector. The adapter
	// starts with it, but every relist fails.
	ErrorSeriesQuery ErrorKind = "SeriesQuery"
	// ErrorTooLarge: a text costs too much to be evaluated, so what the adapter makes of
	// the configuration is not known.
	ErrorTooLarge ErrorKind = "TooLarge"
)

// Error is one mistake in a configuration.
type Error struct {
	Kind ErrorKind
	// Path is the place of the mistake.
	Path Path
	// Value is the value at that place, if it is a single one.
	Value string
	// Reason says what is wrong and what is allowed.
	Reason string
}

// Error is path, value and reason, long texts cut.
func (e *Error) Error() string {
	var parts []string
	if len(e.Path) > 0 {
		parts = append(parts, finding.Cut(e.Path.String()))
	}
	if e.Value != "" {
		parts = append(parts, fmt.Sprintf("%q", finding.Cut(e.Value)))
	}
	return strings.Join(append(parts, finding.Cut(e.Reason)), ": ")
}

// Errors are all mistakes found in one configuration, in document order.
type Errors []*Error

// Error joins the single lines.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// TooLarge returns the first mistake of an error of [Parse] because of which the
// configuration was not evaluated; nil if there is none.
func TooLarge(err error) *Error {
	var es Errors
	if !errors.As(err, &es) {
		return nil
	}
	i := slices.IndexFunc(es, func(e *Error) bool { return e.Kind == ErrorTooLarge })
	if i < 0 {
		return nil
	}
	return es[i]
}

// Unwrap gives errors.As access to the single mistakes.
func (es Errors) Unwrap() []error {
	errs := make([]error, len(es))
	for i, e := range es {
		errs[i] = e
	}
	return errs
}

func (es *Errors) add(kind ErrorKind, path Path, value, format string, args ...any) {
	*es = append(*es, &Error{Kind: kind, Path: path, Value: value, Reason: fmt.Sprintf(format, args...)})
}
