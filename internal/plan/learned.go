package plan

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Learned is what was learned of a workload. The zero value is nothing yet.
type Learned struct {
	// RequestsPerSecondPerPod and ConcurrencyPerPod are the load of one pod at which the
	// target holds; nil if it is not known yet. Each counts only where the plan has it
	// learned.
	RequestsPerSecondPerPod, ConcurrencyPerPod *resource.Quantity
	// LatencyTarget is the target of the latency that the autoscaler gets, in milliseconds;
	// nil if it gets the plan's. It counts only where the plan has a load learned.
	LatencyTarget *resource.Quantity
}

// observeOnly is the load of one pod while none has been learned, and none is so high: the
// autoscaler reads the metric, so that its status shows it and it can be learned from, and
// always proposes the least replicas by it.
var observeOnly = resource.MustParse("1M")

// ObserveOnly is the load of one pod by which an autoscaler reads a metric without scaling
// by it.
func ObserveOnly() resource.Quantity { return observeOnly.DeepCopy() }

// Load is a load metric of a plan with the load that one pod is to get now.
type Load struct {
	// Metric is its name in the custom metrics API.
	Metric string
	// PerPod is as the settings say or as it was learned; ObserveOnly if it is to be learned
	// and was not yet.
	PerPod resource.Quantity
	// Auto is true if it is learned.
	Auto bool
}

// Loads are the load metrics of the plan, in the order in which an autoscaler has them.
func (p Plan) Loads() []Load {
	var out []Load
	for _, l := range p.Resolved.Loads() {
		if slices.Contains(p.Omitted, l.Metric) {
			continue
		}
		one := Load{Metric: l.Metric, Auto: l.Auto}
		switch learned := p.Learned.of(p, l.Metric); {
		case !l.Auto:
			one.PerPod = l.PerPod.DeepCopy()
		case learned != nil:
			one.PerPod = l.Clamp(*learned)
		default:
			one.PerPod = ObserveOnly()
		}
		out = append(out, one)
	}
	return out
}

// Follows reports whether a load that is learned is one of the metrics of the autoscaler.
func (p Plan) Follows() bool {
	return slices.ContainsFunc(p.Loads(), func(l Load) bool { return l.Auto })
}

// of is what was learned of a load metric of the plan.
func (l Learned) of(p Plan, metric string) *resource.Quantity {
	if metric == p.RequestsPerSecond.Metric {
		return l.RequestsPerSecondPerPod
	}
	return l.ConcurrencyPerPod
}

// LatencyTarget is the target of the latency that the autoscaler gets, in milliseconds.
func (p Plan) LatencyTarget() resource.Quantity {
	if p.Follows() && p.Learned.LatencyTarget != nil {
		return p.Learned.LatencyTarget.DeepCopy()
	}
	return p.Target.DeepCopy()
}
