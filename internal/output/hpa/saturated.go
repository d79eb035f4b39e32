package hpa

import (
	"math"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// Saturated implements output.Output. The numbers are those that were found out once: a
// finding whose message changes is another one.
func (Output) Saturated(live output.Object, p plan.Plan, s output.Saturation) []finding.Finding {
	h := typed(live)
	best, target := math.Round(s.Best), annotations.FormatTarget(p.Target)
	switch {
	case s.Best > 0 && s.NeverMet:
		return []finding.Finding{TargetBelowUnloadedLatency.On(objectOf(h),
			"the target is %s ms, and a request needs %.0f ms also where none waits", target, best).
			Suggest("raise %s above %.0f", annotations.TargetMS, best)}
	case s.Best > 0:
		return []finding.Finding{ScalingHasNoEffect.On(objectOf(h),
			"the latency is %.0f ms, above the target of %s ms, and more pods do not lower it", best, target).
			Suggest("%s", ScalingHasNoEffect.Fix)}
	case s.AtMaximum:
		return []finding.Finding{AtMaximum.On(objectOf(h),
			"it has its maximum of %d replicas, and the latency exceeds the target of %s ms", p.MaxReplicas, target).
			Suggest("raise %s, or the target", annotations.MaxReplicas)}
	default:
		return nil
	}
}
