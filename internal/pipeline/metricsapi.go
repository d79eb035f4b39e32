package pipeline

import (
	"cmp"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/metricsapi"
)

// The reasons about the API through which autoscalers ask for the metric.
var (
	MetricsAPINotRegistered = &finding.Reason{
		Name: "MetricsAPINotRegistered", Severity: finding.Error, Wait: finding.ForObject, Hop: metricsapi.Hop,
		Summary: "There is no APIService for custom metrics, so autoscalers have nobody to ask.",
		Fix:     "Install prometheus-adapter. Its chart registers the API only if rules.default or rules.custom is set, even where rules.existing names a ConfigMap.",
	}
	MetricsAPIUnavailable = &finding.Reason{
		Name: "MetricsAPIUnavailable", Severity: finding.Error, Wait: finding.ForObject, Hop: metricsapi.Hop,
		Summary: "The APIService for custom metrics is registered, and the API server does not reach the adapter behind it.",
		Fix:     "See to it that the adapter's pods are ready and its Service has endpoints. An adapter whose configuration is invalid exits at its start.",
	}
	MetricsAPINotAdapters = &finding.Reason{
		Name: "MetricsAPINotAdapters", Severity: finding.Error, Wait: finding.ForChange, Hop: metricsapi.Hop,
		Summary: "The APIService for custom metrics forwards to another adapter than the one whose configuration is looked at.",
		Fix:     "Point the APIService at the Service of that adapter, or name the configuration of the one that it points at.",
	}
	MetricsAPIUnread = &finding.Reason{
		Name: "MetricsAPIUnread", Severity: finding.Unknown, Wait: finding.ForChange, Hop: metricsapi.Hop,
		Summary: "The APIService for custom metrics could not be read.",
		Fix:     "Allow to list and watch apiservices.apiregistration.k8s.io.",
	}
)

func metricsAPIReasons() []*finding.Reason {
	return []*finding.Reason{MetricsAPINotRegistered, MetricsAPIUnavailable, MetricsAPINotAdapters, MetricsAPIUnread}
}

// metricsAPIObject is the APIService that prometheus-adapter's chart registers,
// and that autoscalers prefer.
var metricsAPIObject = finding.Object{Kind: "APIService", Name: "v1beta1.custom.metrics.k8s.io"}

// evaluateMetricsAPI says whether requests for custom metrics reach the adapter.
func evaluateMetricsAPI(s *Snapshot) []finding.Finding {
	api, on := s.MetricsAPI, metricsAPIObject
	service := api.ServiceNamespace + "/" + api.ServiceName
	switch {
	case api.State != Known:
		return []finding.Finding{MetricsAPIUnread.On(on, "it is not known whether custom metrics are served: %s", metricsAPIWhy(api)).
			Suggest("%s", MetricsAPIUnread.Fix)}
	case !api.Registered:
		return []finding.Finding{MetricsAPINotRegistered.On(on,
			"no custom metrics API is registered, so that no autoscaler can get a metric; prometheus-adapter must be installed").
			Suggest("%s", MetricsAPINotRegistered.Fix)}
	case metricsAPIElsewhere(s):
		return []finding.Finding{MetricsAPINotAdapters.On(on,
			"it forwards to Service %s, and the adapter that reads %s runs in namespace %s", service, s.Adapter.ConfigMap, s.Adapter.ConfigMap.Namespace).
			Suggest("%s", MetricsAPINotAdapters.Fix)}
	case !api.Available:
		return []finding.Finding{MetricsAPIUnavailable.On(on,
			"the API server does not reach Service %s: %s", service, cmp.Or(oneLine(api.Message), "the condition Available is not True")).
			Suggest("%s", MetricsAPIUnavailable.Fix)}
	}
	return nil
}

// metricsAPIElsewhere: pods mount ConfigMaps of their own namespace only, and so
// does a Service select pods.
func metricsAPIElsewhere(s *Snapshot) bool {
	of, to := s.Adapter.ConfigMap.Namespace, s.MetricsAPI.ServiceNamespace
	return of != "" && to != "" && of != to
}

func metricsAPIWhy(api MetricsAPI) string {
	switch {
	case api.Why != "":
		return oneLine(api.Why)
	case api.State == NotInstalled:
		return "the API server does not know the kind APIService"
	default:
		return "nobody has looked yet"
	}
}
