package cluster

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// Scaling is the condition ScalingActive of an autoscaler; nil has none.
func Scaling(h *autoscalingv2.HorizontalPodAutoscaler) pipeline.Scaling {
	if h == nil {
		return pipeline.Scaling{}
	}
	for _, c := range h.Status.Conditions {
		if c.Type == autoscalingv2.ScalingActive {
			return pipeline.Scaling{
				Known: true, Active: c.Status == corev1.ConditionTrue,
				Reason: c.Reason, Message: c.Message, Since: c.LastTransitionTime.Time,
			}
		}
	}
	return pipeline.Scaling{}
}
