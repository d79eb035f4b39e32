package adapterconfig

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Series is one time series: its name and its labels without __name__.
type Series struct {
	Name   string
	Labels map[string]string
}

// Key is one entry of the custom metrics API's discovery.
type Key struct {
	Resource   schema.GroupResource
	Namespaced bool
	Metric     string
}

// Registry is what the adapter has listed in one relist. It is immutable.
type Registry struct {
	entries   map[Key]registered
	resources Resources
}

type registered struct {
	rule   *Rule
	series string
}

// Registry is built from the series that Prometheus listed for each of
// [Config.SeriesQueries]; a query without an entry has no series. A failed
// query must not be passed: the adapter then keeps its whole old registry.
//
// Of several series that make the same key, the last one of the last rule
// stays, even if its rule's query is broken.
func (c *Config) Registry(found map[string][]Series) *Registry {
	g := &Registry{entries: map[Key]registered{}, resources: c.resources}
	for _, r := range c.rules {
		for _, s := range found[r.spec.SeriesQuery] {
			g.register(r, s)
		}
	}
	return g
}

func (g *Registry) register(r *Rule, s Series) {
	name, ok := r.Metric(s.Name)
	if !ok {
		return
	}
	resources, namespaced := r.mapping.ofSeries(s)
	for _, gr := range resources {
		k := Key{Resource: gr, Namespaced: namespaced && !rootScoped(gr), Metric: name}
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
// of this package; the adapter answers 404 to all of them.
func (g *Registry) Query(k Key, namespace string, names []string, metricSelector labels.Selector) (Query, error) {
	gvr, _, err := g.resources.ResourceFor(k.Resource)
	if err != nil {
		return Query{}, fmt.Errorf("%w: %w", ErrNotRegistered, err)
	}
	k.Resource = gvr.GroupResource()
	e, ok := g.entries[k]
	if !ok || len(names) == 0 {
		return Query{}, fmt.Errorf("%w: %s/%s", ErrNotRegistered, k.Resource, k.Metric)
	}
	req := Request{Namespace: namespace, Names: names, Selector: metricSelector}
	if req.Label, err = e.rule.lastLabel(k.Resource); err != nil {
		return Query{}, err
	}
	if namespace != "" {
		if req.NamespaceLabel, err = e.rule.lastLabel(namespaces); err != nil {
			return Query{}, err
		}
	}
	return e.rule.Query(e.series, req)
}

func (r *Rule) lastLabel(gr schema.GroupResource) (string, error) {
	labels, err := r.mapping.labelsFor(gr)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoLabel, err)
	}
	return labels[len(labels)-1], nil
}
