package policy

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/utils/ptr"
)

// The built-in behavior profiles.
const (
	// ProfileResponsive follows the latency within seconds, as Kong's guide does.
	ProfileResponsive = "responsive"
	// ProfileStable is what Kubernetes does when an autoscaler sets no behavior.
	ProfileStable = "stable"
)

// profile returns the content of a built-in profile, anew at each call.
func profile(name string) (autoscalingv2.HorizontalPodAutoscalerBehavior, bool) {
	switch name {
	case ProfileResponsive:
		return autoscalingv2.HorizontalPodAutoscalerBehavior{
			ScaleDown: &autoscalingv2.HPAScalingRules{
				StabilizationWindowSeconds: ptr.To[int32](1),
				Policies:                   []autoscalingv2.HPAScalingPolicy{percent100(10)},
			},
			ScaleUp: &autoscalingv2.HPAScalingRules{
				StabilizationWindowSeconds: ptr.To[int32](1),
				Policies:                   []autoscalingv2.HPAScalingPolicy{percent100(2), pods(4, 2)},
				SelectPolicy:               ptr.To(autoscalingv2.MaxChangePolicySelect),
			},
		}, true
	case ProfileStable:
		// The values that the API documents as its defaults, written out so that
		// the autoscaler says what it does.
		return autoscalingv2.HorizontalPodAutoscalerBehavior{
			ScaleDown: &autoscalingv2.HPAScalingRules{
				StabilizationWindowSeconds: ptr.To[int32](300),
				Policies:                   []autoscalingv2.HPAScalingPolicy{percent100(15)},
				SelectPolicy:               ptr.To(autoscalingv2.MaxChangePolicySelect),
			},
			ScaleUp: &autoscalingv2.HPAScalingRules{
				StabilizationWindowSeconds: ptr.To[int32](0),
				Policies:                   []autoscalingv2.HPAScalingPolicy{percent100(15), pods(4, 15)},
				SelectPolicy:               ptr.To(autoscalingv2.MaxChangePolicySelect),
			},
		}, true
	default:
		return autoscalingv2.HorizontalPodAutoscalerBehavior{}, false
	}
}

func percent100(seconds int32) autoscalingv2.HPAScalingPolicy {
	return autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PercentScalingPolicy, Value: 100, PeriodSeconds: seconds}
}

func pods(value, seconds int32) autoscalingv2.HPAScalingPolicy {
	return autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PodsScalingPolicy, Value: value, PeriodSeconds: seconds}
}
