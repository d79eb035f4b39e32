// Package extension judges whether Kong Operator measures the Service.
package extension

import "github.com/kong-latency/kong-latency/internal/finding"

// Hop is the hop extension.
var Hop = &finding.Hop{
	Name: "extension", Title: "Extension", DenyByDefault: false,
	Summary: "A DataPlaneMetricsExtension asks Kong Operator to measure the Service, and the Gateway's ControlPlane refers to it.",
}
