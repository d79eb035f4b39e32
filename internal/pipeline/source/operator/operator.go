// Package operator is the source that measures latency with Kong Operator's enriched
// metrics: the operator names the Service in the histogram of its data planes. It is the
// only package of the pipeline that knows the names of these series and labels.
package operator

import (
	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/adapterrule"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/extension"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/gatewayclass"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/metricsapi"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/prometheus"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/route"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/series"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
)

// Source is Kong Operator's enriched metrics as a source of latency.
type Source struct{}

// Name is the source's name in policies.
func (Source) Name() string { return "operator" }

// Hops are the hops in their order.
func (Source) Hops() []pipeline.Hop {
	return []pipeline.Hop{
		extension.New(),
		gatewayclass.New(),
		route.New(),
		servicemonitor.New(),
		prometheus.New(servicemonitor.Scraped),
		adapterrule.New(servicemonitor.Scraped),
		metricsapi.New(),
		series.New(),
	}
}

// Histogram is what Kong Operator exposes of a Service.
func (Source) Histogram(s pipeline.Subject) pipeline.Histogram {
	return pipeline.Histogram{
		Name: "kong_upstream_latency_ms",
		Labels: map[string]string{
			"namespace":             s.Namespace,
			"service":               s.Service,
			"kubernetes_apiversion": "v1",
			"kubernetes_kind":       "service",
			"kubernetes_name":       s.Service,
			"kubernetes_namespace":  s.Namespace,
		},
		Identity: []string{"kubernetes_namespace", "kubernetes_name", "kubernetes_kind"},
		Prefix:   "kubernetes_",
		Replica:  "dataplane_url",
	}
}

// AdapterRule makes the metric of that histogram.
func (Source) AdapterRule(metric, window string) any {
	return generator.AdapterRule(generator.Rule{Metric: metric, Window: window})
}
