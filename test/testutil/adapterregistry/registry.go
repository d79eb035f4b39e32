// Package adapterregistry models what prometheus-adapter makes of a configuration while it
// runs: the metrics that it lists, the queries that it sends, the values that it reports.
package adapterregistry

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// Key is one entry of the custom metrics API's discovery.
type Key struct {
	Resource   schema.GroupResource
	Namespaced bool
	Metric     string
}

// Registry is what the adapter has listed in one relist. It is immutable.
type Registry struct {
	entries   map[Key]registered
	resources adapterconfig.Resources
}

type registered struct {
	rule   *adapterconfig.Rule
	series string
}

// Reasons for which the adapter answers 404 without a query to Prometheus, beside those
// of adapterconfig.
var (
	// ErrNotRegistered: no series registers the metric.
	ErrNotRegistered = errors.New("metric is not registered")
	// ErrNoLabel: the rule does not map the resource or its namespace.
	ErrNoLabel = errors.New("no label for the resource")
)

// SeriesQueries lists the distinct series queries in the order of the rules.
func SeriesQueries(c *adapterconfig.Config) []string {
	var queries []string
	for i := range c.Len() {
		if q := c.Rule(i).SeriesQuery; !slices.Contains(queries, q) {
			queries = append(queries, q)
		}
	}
	return queries
}

// New builds a registry from the series that Prometheus listed for each of
// [SeriesQueries]; a query without an entry has no series. A failed
// query must not be passed: the adapter then keeps its whole old registry.
// The resources are those of the cluster for which the configuration was parsed.
//
// Of several series that make the same key, the last one of the last rule
// stays, even if its rule's query is broken.
func New(c *adapterconfig.Config, resources adapterconfig.Resources, found map[string][]adapterconfig.Series) *Registry {
	g := &Registry{entries: map[Key]registered{}, resources: resources}
	for i, r := range c.Rules() {
		for _, s := range found[c.Rule(i).SeriesQuery] {
			g.register(r, s)
		}
	}
	return g
}

func (g *Registry) register(r *adapterconfig.Rule, s adapterconfig.Series) {
	name, ok := r.Metric(s.Name)
	if !ok {
		return
	}
	resources, namespaced := r.Resources(s)
	for _, gr := range resources {
		k := Key{Resource: gr, Namespaced: namespaced && !adapterconfig.RootScoped(gr), Metric: name}
		g.entries[k] = registered{rule: r, series: s.Name}
	}
}

// Keys lists the discovery entries by resource, group, metric and scope.
func (g *Registry) Keys() []Key {
	return slices.SortedFunc(maps.Keys(g.entries), func(a, b Key) int {
		return cmp.Or(
			cmp.Compare(a.Resource.Resource, b.Resource.Resource),
			cmp.Compare(a.Resource.Group, b.Resource.Group),
			cmp.Compare(a.Metric, b.Metric),
			compareBool(a.Namespaced, b.Namespaced),
		)
	})
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// Query is the PromQL that answers a request for objects of k.Resource by
// their names in a namespace (empty for root-scoped resources). The selector
// is the request's metric selector; nil selects everything.
//
// Where a rule maps several labels to one resource the adapter's choice is
// random; this is the last by name. Errors wrap one of the Err values
// of this package or of adapterconfig; the adapter answers 404 to all of them.
func (g *Registry) Query(k Key, namespace string, names []string, metricSelector labels.Selector) (adapterconfig.Query, error) {
	gvr, _, err := g.resources.ResourceFor(k.Resource)
	if err != nil {
		return adapterconfig.Query{}, fmt.Errorf("%w: %w", ErrNotRegistered, err)
	}
	k.Resource = gvr.GroupResource()
	e, ok := g.entries[k]
	if !ok || len(names) == 0 {
		return adapterconfig.Query{}, fmt.Errorf("%w: %s/%s", ErrNotRegistered, k.Resource, k.Metric)
	}
	req := adapterconfig.Request{Namespace: namespace, Names: names, Selector: metricSelector}
	if req.Label, err = lastLabel(e.rule, k.Resource); err != nil {
		return adapterconfig.Query{}, err
	}
	if namespace != "" {
		if req.NamespaceLabel, err = lastLabel(e.rule, schema.GroupResource{Resource: "namespaces"}); err != nil {
			return adapterconfig.Query{}, err
		}
	}
	return e.rule.Query(e.series, req)
}

func lastLabel(r *adapterconfig.Rule, gr schema.GroupResource) (string, error) {
	labels, err := r.LabelsFor(gr)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoLabel, err)
	}
	return labels[len(labels)-1], nil
}
