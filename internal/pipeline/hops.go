package pipeline

import (
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/adapterrule"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/extension"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/metricsapi"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/prometheus"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/route"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/series"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
)

// Hops lists all hops of the pipeline in their order.
func Hops() []*finding.Hop {
	return []*finding.Hop{
		extension.Hop, route.Hop, servicemonitor.Hop, prometheus.Hop, adapterrule.Hop, metricsapi.Hop, series.Hop,
	}
}
