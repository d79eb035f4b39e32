package prometheus

import (
	"github.com/kong-latency/kong-latency/internal/finding"
)

// The reasons for which no Prometheus selects monitors, or not the adapter's.
var (
	Unknown = Hop.Reason("PrometheusesUnknown", finding.Unknown, finding.ForObject,
		"Prometheus objects are not installed or cannot be read, so it is not known whether one selects the ServiceMonitor.",
		"Install prometheus-operator, or let kong-latency list and watch Prometheus objects.")
	NotFound = Hop.Reason("PrometheusNotFound", finding.Unknown, finding.ForObject,
		"There is no Prometheus object, so it is not known whether anything uses ServiceMonitors. Other systems do, and a Prometheus without operator is configured by files.",
		"If there is none at all, create a Prometheus, as by installing the chart kube-prometheus-stack.")
	NotKnown = Hop.Reason("PrometheusNotKnown", finding.Unknown, finding.ForChange,
		"What the adapter queries is no Prometheus object, such as Thanos, Mimir, VictoriaMetrics or a Prometheus without operator, so it is not known which series it has.",
		"Nothing, if it has the series. `kubectl latency doctor` queries it.")
	Sharded = Hop.Reason("PrometheusSharded", finding.Warning, finding.ForChange,
		"The Prometheus has several shards, and the adapter queries a Service before all of them, of which only one has the series.",
		"Have the adapter query all shards at once, as by Thanos Query, or the one shard that scrapes Kong Operator.")
	SelectsNoServiceMonitors = Hop.Reason("PrometheusSelectsNoServiceMonitors", finding.Error, finding.ForChange,
		"The Prometheus has no serviceMonitorSelector, which means no ServiceMonitor at all; an empty one, {}, means all.",
		"Set spec.serviceMonitorSelector of the Prometheus.")
	SelectionUnknown = Hop.Reason("PrometheusSelectionUnknown", finding.Unknown, finding.ForObject,
		"The Prometheus chooses namespaces by their labels, and Namespaces cannot be read.",
		"Let kong-latency list and watch Namespaces.")
	NotQueried = Hop.Reason("AdapterAsksNoPrometheus", finding.Error, finding.ForChange,
		"The adapter's --prometheus-url is the default of its chart, prometheus.default.svc, and there is no Prometheus in the namespace default.",
		"Set prometheus.url in the values of the adapter's chart to the Service of the Prometheus.")
)
