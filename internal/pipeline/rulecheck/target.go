package rulecheck

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// Target is one request for a metric of a Service, and the series by which it
// is judged.
type Target struct {
	Metric    string
	Namespace string
	Service   string
	// Selector is the request's metric selector; nil selects everything.
	Selector labels.Selector
	// Series are the Service's own, as Prometheus stores them (simulated, or
	// listed from it). They are assumed to have traffic.
	Series []adapterconfig.Series
	// Others are further series that are known to exist, and OthersKnown says
	// that there are no more: a rule that registers the metric by them serves
	// every Service.
	Others      []adapterconfig.Series
	OthersKnown bool
}

// foreign are the series of a Service of the same name in another namespace.
// They need not exist: a query that mixes them up is wrong.
func (t Target) foreign() []adapterconfig.Series {
	return renamed(t.Series, t.Namespace, "namespace")
}

// sibling are the series of another Service in the same namespace.
func (t Target) sibling() []adapterconfig.Series {
	return renamed(t.Series, t.Service, "service", "job")
}

// renamed copies series with another name wherever a label has the object's,
// except in the scrape target's own labels if the prefix exported_ separates
// the object's from them.
func renamed(series []adapterconfig.Series, name string, targetLabels ...string) []adapterconfig.Series {
	var out []adapterconfig.Series
	for _, s := range series {
		copied := maps.Clone(s.Labels)
		for label, value := range copied {
			if value == name && !isTargets(s, label, targetLabels) {
				copied[label] = name + "-other"
			}
		}
		out = append(out, adapterconfig.Series{Name: s.Name, Labels: copied})
	}
	return out
}

func isTargets(s adapterconfig.Series, label string, targetLabels []string) bool {
	_, apart := s.Labels["exported_"+targetLabels[0]]
	return apart && slices.Contains(targetLabels, label)
}

// objectLabels are the labels whose values belong to one object, as those of
// other objects differ, or to one data plane.
func (t Target) objectLabels(others ...[]adapterconfig.Series) map[string]bool {
	out := map[string]bool{"dataplane_url": true}
	for _, series := range others {
		for i, s := range series {
			for label, value := range s.Labels {
				if t.Series[i].Labels[label] != value {
					out[label] = true
				}
			}
		}
	}
	return out
}
