// Package series judges whether the metric has a value.
package series

import (
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// Hop is the hop series.
var Hop = &finding.Hop{
	Name: "series", Title: "Series", DenyByDefault: false,
	Summary: "The autoscaler gets a value when it requests the metric.",
}

// New returns the hop series.
func New() pipeline.Hop {
	return pipeline.Hop{
		Declaration: Hop,
		Reasons:     []*finding.Reason{MetricWithoutValue, SeriesMissing, ScrapeFails, MetricNotServed, MetricIsZero, SeriesUnknown},
		Judge:       diagnose,
	}
}

// diagnose says that a snapshot does not show values: ByCondition and ByMeasurement
// judge the hop by what autoscalers and Prometheus say.
func diagnose(*pipeline.Case) pipeline.Verdict {
	return pipeline.Verdict{Unjudged: "only Prometheus and the metrics API know whether there is a value"}
}
