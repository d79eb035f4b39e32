package hpa

import (
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// validMetricFound is the reason with which ScalingActive is true once a metric has a value.
// https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/podautoscaler/horizontal.go
const validMetricFound = "ValidMetricFound"

// MetricsRead returns the names of the metrics of Services that a HorizontalPodAutoscaler
// had a value of at its last sync, sorted. It needs the status as the API server returns it.
// Whatever the value is, it got through the metric pipeline.
func MetricsRead(h *autoscalingv2.HorizontalPodAutoscaler) []string {
	active := slices.ContainsFunc(h.Status.Conditions, func(c autoscalingv2.HorizontalPodAutoscalerCondition) bool {
		return c.Type == autoscalingv2.ScalingActive && c.Status == corev1.ConditionTrue && c.Reason == validMetricFound
	})
	if !active {
		return nil // what it keeps of metrics may be of an earlier sync
	}
	var out []string
	for _, m := range h.Status.CurrentMetrics {
		if m.Object == nil || m.Object.Current.Value == nil && m.Object.Current.AverageValue == nil {
			continue
		}
		if isService(m.Object.DescribedObject) || m.Object.DescribedObject.Kind == "" && ofService(h, m.Object.Metric.Name) {
			out = append(out, m.Object.Metric.Name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ofService reports whether all metrics of that name in the spec are of Services. The status
// of a metric with a target of type AverageValue does not say what it is of.
func ofService(h *autoscalingv2.HorizontalPodAutoscaler, metric string) bool {
	found := false
	for _, m := range h.Spec.Metrics {
		if m.Object == nil || m.Object.Metric.Name != metric {
			continue
		}
		if !isService(m.Object.DescribedObject) {
			return false
		}
		found = true
	}
	return found
}

func isService(of autoscalingv2.CrossVersionObjectReference) bool {
	return schema.FromAPIVersionAndKind(of.APIVersion, of.Kind).GroupKind() == (schema.GroupKind{Kind: "Service"})
}
