package adapter

import (
	promlabels "github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// promQL is Prometheus' own parser with its default options.
var promQL = parser.NewParser(parser.Options{})

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
