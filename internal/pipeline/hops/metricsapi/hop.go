// Package metricsapi judges whether the API server forwards requests for the metric.
package metricsapi

import "github.com/kong-latency/kong-latency/internal/finding"

// Hop is the hop metrics-api.
var Hop = &finding.Hop{
	Name: "metrics-api", Title: "Metrics API", DenyByDefault: false,
	Summary: "The API server forwards requests for custom metrics to prometheus-adapter.",
}
