package hpa

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// Learned implements output.Output.
func (Output) Learned(live output.Object, p plan.Plan) plan.Learned {
	var out plan.Learned
	if !p.Learns() {
		return out
	}
	observeOnly := plan.ObserveOnly()
	for _, m := range typed(live).Spec.Metrics {
		if m.Object == nil {
			continue
		}
		target := m.Object.Target
		switch m.Object.Metric.Name {
		case p.Metric:
			if target.Value != nil && target.Value.Cmp(p.Target) != 0 {
				out.LatencyTarget = ptr.To(target.Value.DeepCopy())
			}
		case annotations.RequestsMetric, annotations.ConcurrencyMetric:
			if target.AverageValue == nil || target.AverageValue.Cmp(observeOnly) == 0 {
				continue
			}
			value := ptr.To(target.AverageValue.DeepCopy())
			if m.Object.Metric.Name == annotations.RequestsMetric {
				out.RequestsPerSecondPerPod = value
			} else {
				out.ConcurrencyPerPod = value
			}
		}
	}
	return out
}

// isLoad reports whether a metric is a load metric of the product.
func isLoad(m *autoscalingv2.ObjectMetricSource) bool {
	return m.Target.AverageValue != nil &&
		(m.Metric.Name == annotations.RequestsMetric || m.Metric.Name == annotations.ConcurrencyMetric)
}

// loadTarget is the target of a load metric as people name it.
func loadTarget(t autoscalingv2.MetricTarget) string {
	if t.AverageValue.Cmp(plan.ObserveOnly()) == 0 {
		return "not learned yet"
	}
	return annotations.FormatTarget(*t.AverageValue)
}
