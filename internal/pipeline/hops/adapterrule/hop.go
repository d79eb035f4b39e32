// Package adapterrule judges whether prometheus-adapter makes the metric of the series.
package adapterrule

import "github.com/kong-latency/kong-latency/internal/finding"

// Hop is the hop adapter-rule.
var Hop = &finding.Hop{
	Name: "adapter-rule", Title: "Adapter rule", DenyByDefault: true,
	Summary: "A rule of prometheus-adapter makes the metric from the series of the Service.",
}
