package adapterconfig

import (
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
)

// Query is one query that the adapter sends to Prometheus.
type Query struct {
	// Rule is the index of the rule in rules.
	Rule int
	// Series is the name of the series that the rule was registered by.
	Series string
	// Expr is the PromQL, byte for byte.
	Expr string
	// Label carries the object's name in every sample of the answer; samples
	// without it are dropped, of several with the same value the last counts.
	Label string
}

// Reasons for which the adapter answers 404 without a query to Prometheus.
var (
	// ErrSelector: the request's metric selector cannot be put into PromQL.
	ErrSelector = errors.New("metric selector is not supported")
	// ErrTemplate: executing metricsQuery failed.
	ErrTemplate = errors.New("metricsQuery cannot be executed")
	// ErrEmptyQuery: metricsQuery gave no text.
	ErrEmptyQuery = errors.New("metricsQuery makes an empty query")
)

// Request is a request for a metric of objects, and the labels by which a rule
// finds them.
type Request struct {
	// Names are the objects' names, Label is the label that carries them.
	Names []string
	Label string
	// Namespace is empty for root-scoped objects.
	Namespace      string
	NamespaceLabel string
	// Selector is the request's metric selector; nil selects everything.
	Selector labels.Selector
}

// templateArgs are the variables of metricsQuery; names are the adapter's.
type templateArgs struct {
	Series            string
	LabelMatchers     string
	LabelValuesByName map[string]string
	GroupBy           string
	GroupBySlice      []string
}

// Query executes metricsQuery for the series that registered the metric.
// Errors wrap one of the Err values of this package.
func (r *Rule) Query(series string, req Request) (Query, error) {
	matchers, values, err := req.matchers()
	if err != nil {
		return Query{}, err
	}
	expr, err := r.query.execute(templateArgs{
		Series:            series,
		LabelMatchers:     strings.Join(matchers, ","),
		LabelValuesByName: values,
		GroupBy:           req.Label,
		GroupBySlice:      []string{req.Label},
	})
	if err != nil {
		return Query{}, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	if expr == "" {
		return Query{}, ErrEmptyQuery
	}
	return Query{Rule: r.index, Series: series, Expr: expr, Label: req.Label}, nil
}

// matchers are the request's, in the adapter's order, and their values by
// label.
func (req Request) matchers() ([]string, map[string]string, error) {
	matchers, values, err := selectorMatchers(req.Selector)
	if err != nil {
		return nil, nil, err
	}
	if req.Namespace != "" {
		matchers = append(matchers, matcher(req.NamespaceLabel, "=", req.Namespace))
		values[req.NamespaceLabel] = req.Namespace
	}
	op, value := "=", strings.Join(req.Names, "|")
	if len(req.Names) > 1 {
		op = "=~"
	}
	values[req.Label] = value
	return append(matchers, matcher(req.Label, op, value)), values, nil
}

// selectorMatchers puts a metric selector into PromQL, in the selector's own
// order. Keys are label names as they stand in Prometheus.
func selectorMatchers(sel labels.Selector) ([]string, map[string]string, error) {
	values := map[string]string{}
	if sel == nil {
		return nil, values, nil
	}
	requirements, selectable := sel.Requirements()
	if !selectable {
		return nil, values, nil // the adapter ignores it, too
	}
	var matchers []string
	for _, q := range requirements {
		op, err := matcherOperator(q)
		if err != nil {
			return nil, nil, err
		}
		value := strings.Join(q.Values().List(), "|")
		matchers = append(matchers, matcher(q.Key(), op, value))
		values[q.Key()] = value
	}
	return matchers, values, nil
}

func matcherOperator(q labels.Requirement) (string, error) {
	n := q.Values().Len()
	switch q.Operator() {
	case selection.Exists:
		return "!=", nil
	case selection.DoesNotExist:
		return "=", nil
	case selection.Equals, selection.DoubleEquals:
		if n == 1 {
			return "=", nil
		}
		return "=~", nil
	case selection.NotEquals:
		if n == 1 {
			return "!=", nil
		}
		return "!~", nil
	case selection.In:
		return "=~", nil
	case selection.NotIn:
		return "!~", nil
	default:
		return "", fmt.Errorf("%w: %q; operators Gt and Lt have no PromQL matcher", ErrSelector, q.String())
	}
}

// matcher quotes as Go does, which is what PromQL reads.
func matcher(label, op, value string) string { return fmt.Sprintf("%s%s%q", label, op, value) }
