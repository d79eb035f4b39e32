package metricsapi

import (
	"github.com/kong-latency/kong-latency/internal/finding"
)

// The reasons about the API through which autoscalers get the metric.
var (
	NotRegistered = Hop.Reason("MetricsAPINotRegistered", finding.Error, finding.ForObject,
		"There is no APIService for custom metrics, so autoscalers cannot get any.",
		"Install prometheus-adapter. Its chart registers the API only if rules.default or rules.custom is set, even where rules.existing names a ConfigMap.")
	Unavailable = Hop.Reason("MetricsAPIUnavailable", finding.Error, finding.ForObject,
		"The APIService for custom metrics is registered, and the API server does not reach the adapter behind it. Meanwhile namespaces that are deleted stay Terminating, also those without autoscalers.",
		"Make sure that the adapter's pods are ready and its Service has endpoints. An adapter whose configuration is invalid exits at its start. If it is uninstalled, delete the APIService as well.")
	NotAdapters = Hop.Reason("MetricsAPINotAdapters", finding.Error, finding.ForChange,
		"The APIService for custom metrics forwards to another adapter than the one whose configuration is judged.",
		"Point the APIService at the Service of that adapter, or name the configuration of the one that it points at.")
	Unread = Hop.Reason("MetricsAPIUnread", finding.Unknown, finding.ForChange,
		"The APIService for custom metrics could not be read.",
		"Allow to list and watch apiservices.apiregistration.k8s.io.")
)
