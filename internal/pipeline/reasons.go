package pipeline

import (
	"slices"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// Reasons lists the findings that this package declares, in the order of the hops.
func Reasons() []*finding.Reason {
	return slices.Concat(
		extensionReasons(),
		routeReasons(),
		scrapeReasons(),
		metricsAPIReasons(),
		adapterReasons(),
		seriesReasons(),
		measuredReasons(),
	)
}
