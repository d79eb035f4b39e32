package prometheus

import (
	"github.com/kong-latency/kong-latency/internal/finding"
)

// The reasons for which no Prometheus selects monitors, or not the adapter's.
var (
	Unknown = &finding.Reason{
		Name: "PrometheusesUnknown", Severity: finding.Unknown, Wait: finding.ForObject, Hop: Hop,
		Summary: "Prometheus objects are not installed or cannot be read, so it is not known whether one selects the ServiceMonitor.",
		Fix:     "Install prometheus-operator, or let kong-latency list and watch Prometheus objects.",
	}
	NotFound = &finding.Reason{
		Name: "PrometheusNotFound", Severity: finding.Error, Wait: finding.ForObject, Hop: Hop,
		Summary: "There is no Prometheus object, so nothing selects ServiceMonitors.",
		Fix:     "Create a Prometheus, as by installing the chart kube-prometheus-stack.",
	}
	SelectsNoServiceMonitors = &finding.Reason{
		Name: "PrometheusSelectsNoServiceMonitors", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The Prometheus has no serviceMonitorSelector, which means no ServiceMonitor at all; an empty one, {}, means all.",
		Fix:     "Set spec.serviceMonitorSelector of the Prometheus.",
	}
	SelectionUnknown = &finding.Reason{
		Name: "PrometheusSelectionUnknown", Severity: finding.Unknown, Wait: finding.ForObject, Hop: Hop,
		Summary: "The Prometheus chooses namespaces by their labels, and Namespaces cannot be read.",
		Fix:     "Let kong-latency list and watch Namespaces.",
	}
	NotQueried = &finding.Reason{
		Name: "AdapterAsksNoPrometheus", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The adapter's --prometheus-url is the default of its chart, prometheus.default.svc, and there is no Prometheus in the namespace default.",
		Fix:     "Set prometheus.url in the values of the adapter's chart to the Service of the Prometheus.",
	}
)
