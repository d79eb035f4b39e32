package adapterconfig

import (
	"maps"

	"k8s.io/apimachinery/pkg/labels"
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
	// listed from it). They are taken to have traffic.
	Series []Series
	// Foreign are the series of a Service of the same name in another
	// namespace, and Sibling those of another Service in the same namespace.
	// They need not exist: a query that mixes them up is wrong. Nil derives
	// them from Series.
	Foreign []Series
	Sibling []Series
	// Others are further series that are known to exist, and OthersKnown says
	// that there are no more: a rule can be known by them and then serves
	// every Service.
	Others      []Series
	OthersKnown bool
}

// perObject are labels of data planes, whose values say nothing about the rule.
var perObject = map[string]bool{"dataplane_url": true}

func (t Target) withDefaults() Target {
	if t.Foreign == nil {
		t.Foreign = renamed(t.Series, t.Namespace, "namespace")
	}
	if t.Sibling == nil {
		t.Sibling = renamed(t.Series, t.Service, "service", "job")
	}
	return t
}

// renamed copies series with another name wherever the object's name stands,
// except in the scrape target's own labels when these were kept apart from the
// object's by the prefix exported_.
func renamed(series []Series, name string, targetLabels ...string) []Series {
	var out []Series
	for _, s := range series {
		copied := maps.Clone(s.Labels)
		for label, value := range copied {
			if value == name && !isTargets(s, label, targetLabels) {
				copied[label] = name + "-other"
			}
		}
		out = append(out, Series{Name: s.Name, Labels: copied})
	}
	return out
}

func isTargets(s Series, label string, targetLabels []string) bool {
	_, apart := s.Labels["exported_"+targetLabels[0]]
	for _, l := range targetLabels {
		if label == l && apart {
			return true
		}
	}
	return false
}

// objectLabels are the labels whose values belong to one object, so that
// series of other objects have others.
func (t Target) objectLabels() map[string]bool {
	out := maps.Clone(perObject)
	for _, others := range [][]Series{t.Foreign, t.Sibling} {
		for i, s := range others {
			if i >= len(t.Series) {
				break
			}
			for label, value := range s.Labels {
				if t.Series[i].Labels[label] != value {
					out[label] = true
				}
			}
		}
	}
	return out
}
