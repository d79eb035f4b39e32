package hpa

import "github.com/kong-latency/kong-latency/internal/finding"

// Hop is the last hop of the metric pipeline. Admission does not evaluate it.
var Hop = &finding.Hop{
	Name: "autoscaler", Title: "Autoscaler",
	Summary: "The HorizontalPodAutoscaler matches the plan of the workload, and scales.",
}
