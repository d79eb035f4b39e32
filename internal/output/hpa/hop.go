package hpa

import "github.com/kong-latency/kong-latency/internal/finding"

// Hop is what the pipeline leads to. It is not for admission to judge.
var Hop = &finding.Hop{
	Name: "autoscaler", Title: "Autoscaler",
	Summary: "The HorizontalPodAutoscaler is as the workload asks for, and scales.",
}
