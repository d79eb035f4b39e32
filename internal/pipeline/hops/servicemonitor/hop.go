// Package servicemonitor judges whether Kong Operator's metrics are to be scraped, and how.
package servicemonitor

import "github.com/kong-latency/kong-latency/internal/finding"

// Hop is the hop service-monitor.
var Hop = &finding.Hop{
	Name: "service-monitor", Title: "Service monitor", DenyByDefault: true,
	Summary: "A ServiceMonitor has Prometheus scrape the metrics of Kong Operator, and the labels survive it.",
}
