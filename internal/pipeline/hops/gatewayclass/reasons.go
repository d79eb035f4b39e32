package gatewayclass

import "github.com/kong-latency/kong-latency/internal/finding"

// Missing is found if there is no GatewayClass.
var Missing = &finding.Reason{
	Name: "GatewayClassMissing", Severity: finding.Warning, Wait: finding.ForObject, Hop: Hop,
	Summary: "There is no GatewayClass, so that no Gateway is served.",
	Fix:     "Install Kong Operator, and create its GatewayClass.",
}
