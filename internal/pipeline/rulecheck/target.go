package rulecheck

import (
	"strings"

	promlabels "github.com/prometheus/prometheus/model/labels"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
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
	// Shape is what the scrape makes of any Service; nil if only the series are known.
	Shape *sim.Shape
	// Engines evaluate queries; nil makes new ones.
	Engines *sim.Engines
	// Others are further series that are known to exist, and OthersKnown says
	// that there are no more: a rule that registers the metric by them serves
	// every Service.
	Others      []adapterconfig.Series
	OthersKnown bool
}

// stored is what Prometheus stores of the Service.
func (t Target) stored() sim.Stored { return sim.Stored{Series: t.Series, Shape: t.Shape} }

// objectLabels are the labels whose values belong to one object, as those of
// other objects differ, or to one data plane, and those whose values are not known.
func objectLabels(shape *sim.Shape) map[string]bool {
	out := map[string]bool{shape.Replica: true}
	for _, s := range shape.Streams {
		for label, value := range s.Labels {
			if strings.Contains(value, sim.AnyNamespace) || strings.Contains(value, sim.AnyService) {
				out[label] = true
			}
		}
	}
	for label, guessed := range shape.Guessed {
		if guessed {
			out[label] = true
		}
	}
	out[promlabels.BucketLabel] = true
	return out
}
