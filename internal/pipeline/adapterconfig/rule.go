package adapterconfig

import (
	promlabels "github.com/prometheus/prometheus/model/labels"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Series is one time series: its name and its labels without __name__.
type Series struct {
	Name   string
	Labels map[string]string
}

// Rule is a compiled entry of rules or externalRules. It is immutable.
type Rule struct {
	list        string
	index       int
	spec        RuleSpec
	selector    []*promlabels.Matcher
	selectorErr *Error
	filters     []filter
	naming      naming
	mapping     *mapping
	query       *goTemplate
}

// Index is the rule's place in rules or externalRules.
func (r *Rule) Index() int { return r.index }

// Path is the rule's place in the document.
func (r *Rule) Path() Path { return Path{r.list}.Index(r.index) }

// Selector is the compiled seriesQuery; false if Prometheus refuses it.
func (r *Rule) Selector() ([]*promlabels.Matcher, bool) { return r.selector, r.selectorErr == nil }

// Metric is the name of the metric that the rule makes of a series, false if
// it leaves the series out. Whether the series matches seriesQuery is not
// looked at.
func (r *Rule) Metric(series string) (string, bool) {
	for _, f := range r.filters {
		if !f.accepts(series) {
			return "", false
		}
	}
	return r.naming.metric(series)
}

// UnfilteredMetric is what [Rule.Metric] would be without seriesFilters.
func (r *Rule) UnfilteredMetric(series string) (string, bool) { return r.naming.metric(series) }

// Drops is the place that leaves out a series for which [Rule.Metric] is false.
func (r *Rule) Drops(series string) Path {
	for i, f := range r.filters {
		if !f.accepts(series) {
			return r.Path().Child("seriesFilters").Index(i).Child(f.field())
		}
	}
	return r.Path().Child("name", "matches")
}

// Describes reports whether the rule registers metrics of a series for the
// resource. An error wraps [ErrUndecided].
func (r *Rule) Describes(s Series, gr schema.GroupResource) (bool, error) {
	return r.mapping.describes(s, gr)
}

// Resources lists the resources that the rule registers metrics of a series
// for, in the order of the series' labels, and whether the adapter regards these
// metrics as namespaced. An undecided template adds none.
func (r *Rule) Resources(s Series) (resources []schema.GroupResource, namespaced bool) {
	return r.mapping.ofSeries(s)
}

// LabelsFor lists the labels that may carry the name of a resource's objects
// in a query, sorted. Of more than one the adapter selects any, by map order,
// when it starts. An error wraps [ErrUndecided] where the rule has a template
// that is not executed.
func (r *Rule) LabelsFor(gr schema.GroupResource) ([]string, error) { return r.mapping.labelsFor(gr) }

// Decides reports whether metricsQuery may make different queries of different names, beyond
// having the names in them.
func (r *Rule) Decides() bool { return r.query.decides }
