// Package series judges whether the metric has a value.
package series

import "github.com/kong-latency/kong-latency/internal/finding"

// Hop is the hop series.
var Hop = &finding.Hop{
	Name: "series", Title: "Series", DenyByDefault: false,
	Summary: "The autoscaler gets a value when it asks for the metric.",
}
