// Package prometheus judges whether a Prometheus selects the ServiceMonitor, and is the adapter's.
package prometheus

import "github.com/kong-latency/kong-latency/internal/finding"

// Hop is the hop prometheus.
var Hop = &finding.Hop{
	Name: "prometheus", Title: "Prometheus", DenyByDefault: false,
	Summary: "A Prometheus selects that ServiceMonitor, and it is the one that the adapter queries.",
}
