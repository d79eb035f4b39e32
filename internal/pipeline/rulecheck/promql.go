package rulecheck

import (
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	promlabels "github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// windows lists the ranges of an expression, outer ones first.
func windows(expr parser.Expr) []Window {
	var out []Window
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		switch m := n.(type) {
		case *parser.MatrixSelector:
			out = append(out, Window{Range: m.Range})
		case *parser.SubqueryExpr:
			out = append(out, Window{Range: m.Range, Subquery: true, Step: m.Step})
		}
		return nil
	})
	return out
}

func selectorText(matchers []*promlabels.Matcher) string {
	texts := make([]string, len(matchers))
	for i, m := range matchers {
		texts[i] = m.String()
	}
	return "{" + strings.Join(texts, ",") + "}"
}

// valueOf is a label's value as a matcher sees it.
func valueOf(s adapterconfig.Series, name string) string {
	if name == model.MetricNameLabel {
		return s.Name
	}
	return s.Labels[name]
}

func sortedKeys(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
