package metricsapi

import (
	"github.com/kong-latency/kong-latency/internal/finding"
)

// The reasons about the API through which autoscalers get the metric.
var (
	NotRegistered = &finding.Reason{
		Name: "MetricsAPINotRegistered", Severity: finding.Error, Wait: finding.ForObject, Hop: Hop,
		Summary: "There is no APIService for custom metrics, so autoscalers cannot get any.",
		Fix:     "Install prometheus-adapter. Its chart registers the API only if rules.default or rules.custom is set, even where rules.existing names a ConfigMap.",
	}
	Unavailable = &finding.Reason{
		Name: "MetricsAPIUnavailable", Severity: finding.Error, Wait: finding.ForObject, Hop: Hop,
		Summary: "The APIService for custom metrics is registered, and the API server does not reach the adapter behind it.",
		Fix:     "Make sure that the adapter's pods are ready and its Service has endpoints. An adapter whose configuration is invalid exits at its start.",
	}
	NotAdapters = &finding.Reason{
		Name: "MetricsAPINotAdapters", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The APIService for custom metrics forwards to another adapter than the one whose configuration is judged.",
		Fix:     "Point the APIService at the Service of that adapter, or name the configuration of the one that it points at.",
	}
	Unread = &finding.Reason{
		Name: "MetricsAPIUnread", Severity: finding.Unknown, Wait: finding.ForChange, Hop: Hop,
		Summary: "The APIService for custom metrics could not be read.",
		Fix:     "Allow to list and watch apiservices.apiregistration.k8s.io.",
	}
)
