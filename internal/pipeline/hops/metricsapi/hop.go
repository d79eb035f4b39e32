// Package metricsapi judges whether the API server forwards requests for the metric.
package metricsapi

import (
	"cmp"
	"fmt"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/text"
)

// Hop is the hop metrics-api.
var Hop = &finding.Hop{
	Name: "metrics-api", Title: "Metrics API", Shared: true, DenyByDefault: false,
	Summary: "The API server forwards requests for custom metrics to prometheus-adapter.",
}

// New returns the hop metrics-api.
func New() pipeline.Hop {
	return pipeline.Hop{
		Declaration: Hop,
		Reasons:     []*finding.Reason{NotRegistered, Unavailable, NotAdapters, Unread},
		Judge:       diagnose,
	}
}

// diagnose reports whether requests for custom metrics reach the adapter.
func diagnose(c *pipeline.Case) pipeline.Verdict {
	return pipeline.Verdict{Findings: evaluate(c.Snapshot), Evidence: func() []string { return evidence(c.Snapshot.MetricsAPI) }}
}

func evidence(api pipeline.MetricsAPI) []string {
	if api.State != pipeline.Known || !api.Registered {
		return nil
	}
	return []string{fmt.Sprintf("%s is available and forwards to Service %s/%s", api.Object(), api.ServiceNamespace, api.ServiceName)}
}

func evaluate(s *pipeline.Snapshot) []finding.Finding {
	api, on := s.MetricsAPI, s.MetricsAPI.Object()
	service := api.ServiceNamespace + "/" + api.ServiceName
	switch {
	case api.State != pipeline.Known:
		return []finding.Finding{Unread.On(on, "it is not known whether custom metrics are served: %s", text.OneLine(api.State.Because(api.Why))).
			Suggest("%s", Unread.Fix)}
	case !api.Registered:
		return []finding.Finding{NotRegistered.On(on,
			"no custom metrics API is registered, so that no autoscaler can get a metric; prometheus-adapter must be installed").
			Suggest("%s", NotRegistered.Fix)}
	case elsewhere(s):
		return []finding.Finding{NotAdapters.On(on,
			"it forwards to Service %s, and the adapter that reads %s runs in namespace %s", service, s.Adapter.ConfigMap, s.Adapter.ConfigMap.Namespace).
			At("spec", "service").
			Suggest("%s", NotAdapters.Fix)}
	case !api.Available:
		return []finding.Finding{Unavailable.On(on,
			"the API server does not reach Service %s: %s", service, cmp.Or(text.OneLine(api.Message), "the condition Available is not True")).
			Suggest("%s", Unavailable.Fix)}
	}
	return nil
}

// elsewhere: pods mount ConfigMaps of their own namespace only, and so
// does a Service select pods.
func elsewhere(s *pipeline.Snapshot) bool {
	of, to := s.Adapter.ConfigMap.Namespace, s.MetricsAPI.ServiceNamespace
	return of != "" && to != "" && of != to
}
