package cluster

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/kong-latency/kong-latency/internal/pipeline/hops/series"
)

// Scaling is the condition ScalingActive of an autoscaler; nil has none.
func Scaling(h *autoscalingv2.HorizontalPodAutoscaler) series.Scaling {
	if h == nil {
		return series.Scaling{}
	}
	for _, c := range h.Status.Conditions {
		if c.Type == autoscalingv2.ScalingActive {
			return series.Scaling{
				Known: true, Active: c.Status == corev1.ConditionTrue,
				Reason: c.Reason, Message: c.Message, Since: c.LastTransitionTime.Time,
			}
		}
	}
	return series.Scaling{}
}
