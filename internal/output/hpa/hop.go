package hpa

import "github.com/kong-latency/kong-latency/internal/finding"

// Hop is what the metric pipeline leads to. Admission never judges it.
var Hop = &finding.Hop{
	Name: "autoscaler", Title: "Autoscaler",
	Summary: "The HorizontalPodAutoscaler matches the plan of the workload, and scales.",
}
