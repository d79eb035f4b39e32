package adapterconfig

import (
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/selection"
)

// Query is one question that the adapter asks of Prometheus.
type Query struct {
	// Rule is the index in rules of the rule that asks.
	Rule int
	// Series is the name of the series that the rule was registered by.
	Series string
	// Expr is the PromQL, byte for byte.
	Expr string
	// Label carries the object's name in every sample of the answer; samples
	// without it are dropped, of several with the same value the last counts.
	Label string
}

// Reasons for which the adapter answers 404 without asking Prometheus.
var (
	// ErrNotRegistered: no series has made this metric known.
	ErrNotRegistered = errors.New("metric is not registered")
	// ErrNoLabel: the rule does not map the resource or its namespace.
	ErrNoLabel = errors.New("no label for the resource")
	// ErrSelector: the request's metric selector cannot be put into PromQL.
	ErrSelector = errors.New("metric selector is not supported")
	// ErrTemplate: executing metricsQuery failed.
	ErrTemplate = errors.New("metricsQuery cannot be executed")
	// ErrEmptyQuery: metricsQuery gave no text.
	ErrEmptyQuery = errors.New("metricsQuery makes an empty query")
)

// request is one look-up of a metric, with the choice of labels already made.
type request struct {
	resource       schema.GroupResource
	label          string // of resource
	namespace      string
	namespaceLabel string // ignored when namespace is empty
	names          []string
	selector       labels.Selector
}

// templateArgs are the variables of metricsQuery; names are the adapter's.
type templateArgs struct {
	Series            string
	LabelMatchers     string
	LabelValuesByName map[string]string
	GroupBy           string
	GroupBySlice      []string
}

// expr executes metricsQuery for a series.
func (r *rule) expr(series string, req request) (string, error) {
	matchers, values, err := req.matchers()
	if err != nil {
		return "", err
	}
	expr, err := r.query.execute(templateArgs{
		Series:            series,
		LabelMatchers:     strings.Join(matchers, ","),
		LabelValuesByName: values,
		GroupBy:           req.label,
		GroupBySlice:      []string{req.label},
	})
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	if expr == "" {
		return "", ErrEmptyQuery
	}
	return expr, nil
}

// matchers are the request's, in the adapter's order, and their values by
// label.
func (req request) matchers() ([]string, map[string]string, error) {
	matchers, values, err := selectorMatchers(req.selector)
	if err != nil {
		return nil, nil, err
	}
	if req.namespace != "" {
		matchers = append(matchers, matcher(req.namespaceLabel, "=", req.namespace))
		values[req.namespaceLabel] = req.namespace
	}
	op, value := "=", strings.Join(req.names, "|")
	if len(req.names) > 1 {
		op = "=~"
	}
	values[req.label] = value
	return append(matchers, matcher(req.label, op, value)), values, nil
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
		return nil, values, nil // the adapter does not look at it either
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
