package hpa

import "github.com/kong-latency/kong-latency/internal/finding"

// The reasons about the autoscaler that uses the metric.
var (
	AutoscalerMissing = &finding.Reason{
		Name: "AutoscalerMissing", Severity: finding.Error, Wait: finding.ForObject, Hop: Hop,
		Summary: "The workload is enabled, nothing blocks it, and the HorizontalPodAutoscaler does not exist. The controller creates it within seconds, if it runs and has the permissions.",
		Fix:     "Check that the kong-latency controller runs, and look at its log. The finding prints the HorizontalPodAutoscaler that it would create.",
	}
	AutoscalerDiffers = &finding.Reason{
		Name: "AutoscalerDiffers", Severity: finding.Error, Wait: finding.ForObject, Hop: Hop,
		Summary: "The HorizontalPodAutoscaler does not match the plan of the workload. The controller updates it within seconds, if it runs and has the permissions.",
		Fix:     "Check that the kong-latency controller runs, and look at its log. The finding prints the HorizontalPodAutoscaler that it would apply.",
	}
	AutoscalerWithoutMetric = &finding.Reason{
		Name: "AutoscalerWithoutMetric", Severity: finding.Error, Wait: finding.ForObject, Hop: Hop,
		Summary: "The HorizontalPodAutoscaler got no value of its metric at its last sync, and keeps the number of replicas.",
		Fix:     "Fix the first broken hop. If none is broken, wait for the next sync of the autoscaler; there is one every 15 seconds.",
	}
	// AutoscalerLags is found only where the metrics API is queried as well.
	AutoscalerLags = &finding.Reason{
		Name: "AutoscalerLags", Severity: finding.Unknown, Wait: finding.ForObject, Hop: Hop,
		Summary: "The HorizontalPodAutoscaler got no value of its metric at its last sync, and there is one now.",
		Fix:     "Wait for the next sync of the autoscaler; there is one every 15 seconds.",
	}
	AutoscalerFails = &finding.Reason{
		Name: "AutoscalerFails", Severity: finding.Error, Wait: finding.ForObject, Hop: Hop,
		Summary: "A condition of the HorizontalPodAutoscaler reports that it cannot scale.",
		Fix:     "Fix what the condition names; kubectl describe shows the events of the HorizontalPodAutoscaler.",
	}
	AutoscalerOff = &finding.Reason{
		Name: "AutoscalerOff", Severity: finding.Warning, Wait: finding.ForChange, Hop: Hop,
		Summary: "The workload has 0 replicas, which disables autoscaling until it is scaled up.",
		Fix:     "Scale the workload to at least 1.",
	}
	ScalingHasNoEffect = &finding.Reason{
		Name: "ScalingHasNoEffect", Severity: finding.Warning, Wait: finding.ForChange, Hop: Hop,
		Summary: "The latency exceeds the target, and more pods do not lower it: something that the pods wait for is slow. The size stays near what the load needs, unless kong.latency/on-no-effect is continue.",
		Fix:     "Look for what the pods wait for, such as a database or another service. The finding clears when the target is met again.",
	}
	TargetBelowUnloadedLatency = &finding.Reason{
		Name: "TargetBelowUnloadedLatency", Severity: finding.Warning, Wait: finding.ForChange, Hop: Hop,
		Summary: "The target is lower than the latency of a pod that serves one request at a time, so that no number of pods meets it.",
		Fix:     "Raise kong.latency/target-ms above the latency that the finding names, or make requests faster.",
	}
	AtMaximum = &finding.Reason{
		Name: "AtMaximum", Severity: finding.Warning, Wait: finding.ForChange, Hop: Hop,
		Summary: "The workload has the most replicas that it may have, and the latency has exceeded the target for 5 minutes.",
		Fix:     "Raise kong.latency/max-replicas, or the target.",
	}
	LoadMetricMissing = &finding.Reason{
		Name: "LoadMetricMissing", Severity: finding.Warning, Wait: finding.ForChange, Hop: Hop,
		Summary: "The settings use a load metric that no rule of prometheus-adapter makes. The HorizontalPodAutoscaler does without it: one of whose metrics has no value removes no pods.",
		Fix:     "Add the rule that the finding prints, and restart the adapter. The metric is attached as soon as the rule is there.",
	}
	LoadMetricUnknown = &finding.Reason{
		Name: "LoadMetricUnknown", Severity: finding.Unknown, Wait: finding.ForChange, Hop: Hop,
		Summary: "Whether a load metric that the settings use is served could not be found out. What is attached stays; a load that is to be learned is attached once that is known.",
		Fix:     "Grant permission to read the configuration of prometheus-adapter, or set the load per pod as a number.",
	}
	AutoscalerUnknown = &finding.Reason{
		Name: "AutoscalerUnknown", Severity: finding.Unknown, Wait: finding.ForObject, Hop: Hop,
		Summary: "The HorizontalPodAutoscaler is not readable, or has no conditions yet.",
		Fix:     "Grant permission to list horizontalpodautoscalers, or wait a moment.",
	}
)

// Reasons implements output.Output.
func (Output) Reasons() []*finding.Reason {
	return []*finding.Reason{
		AutoscalerMissing, AutoscalerDiffers, AutoscalerWithoutMetric, AutoscalerLags, AutoscalerFails, AutoscalerOff,
		ScalingHasNoEffect, TargetBelowUnloadedLatency, AtMaximum, LoadMetricMissing, LoadMetricUnknown, AutoscalerUnknown,
	}
}
