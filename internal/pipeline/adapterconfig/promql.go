package adapterconfig

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	promlabels "github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

var (
	// promQL is Prometheus' own parser with its default options.
	promQL = parser.NewParser(parser.Options{})
	// everyPromQL also reads what a Prometheus accepts by feature flags only.
	everyPromQL = parser.NewParser(parser.Options{
		EnableExperimentalFunctions: true,
		EnableBinopFillModifiers:    true,
		EnableUnquotedUTF8Names:     true,
	})
)

// parseSeriesQuery reads a selector as Prometheus' series endpoint does: at
// least one matcher must refuse the empty string.
func parseSeriesQuery(text string, at *field.Path) ([]*promlabels.Matcher, *Error) {
	var errs Errors
	matchers, err := promQL.ParseMetricSelector(text)
	if err != nil {
		errs.add(ErrorSeriesQuery, at, text, "is no PromQL series selector: %v", err)
		return nil, errs[0]
	}
	for _, m := range matchers {
		if !m.Matches("") {
			return matchers, nil
		}
	}
	errs.add(ErrorSeriesQuery, at, text, "matches every series; at least one matcher must not match the empty string")
	return nil, errs[0]
}

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

// label is a label's value as a matcher sees it.
func (s Series) label(name string) string {
	if name == model.MetricNameLabel {
		return s.Name
	}
	return s.Labels[name]
}

func sortedKeys(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

func rulePath(i int) string     { return fmt.Sprintf("rules[%d]", i) }
func externalPath(i int) string { return fmt.Sprintf("externalRules[%d]", i) }
