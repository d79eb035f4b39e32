package pipeline

import (
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
)

// The reasons for which Kong Operator's metrics are not scraped, or not as the
// metric needs them.
var (
	OperatorServiceUnknown = &finding.Reason{
		Name: "OperatorServiceUnknown", Severity: finding.Unknown, Wait: finding.ForObject, Hop: servicemonitor.Hop,
		Summary: "Services cannot be read, so it is not known through which one Kong Operator's metrics are scraped.",
		Fix:     "Let kong-latency list and watch Services.",
	}
	OperatorServiceAmbiguous = &finding.Reason{
		Name: "OperatorServiceAmbiguous", Severity: finding.Unknown, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "Several Services could be the one of Kong Operator's metrics, and not all of them are scraped.",
		Fix:     "Tell kong-latency which Service it is.",
	}
	OperatorServiceNotFound = &finding.Reason{
		Name: "OperatorServiceNotFound", Severity: finding.Error, Wait: finding.ForObject, Hop: servicemonitor.Hop,
		Summary: "No Service exposes Kong Operator's metrics, so nothing can scrape them.",
		Fix:     "Install Kong Operator with its metrics Service, or name it by --operator-service.",
	}
	ServiceMonitorsUnknown = &finding.Reason{
		Name: "ServiceMonitorsUnknown", Severity: finding.Unknown, Wait: finding.ForObject, Hop: servicemonitor.Hop,
		Summary: "ServiceMonitors are not installed or cannot be read, so it is not known whether Kong Operator's metrics are scraped.",
		Fix:     "Install prometheus-operator, or let kong-latency list and watch ServiceMonitors.",
	}
	ServiceMonitorNotFound = &finding.Reason{
		Name: "ServiceMonitorNotFound", Severity: finding.Error, Wait: finding.ForObject, Hop: servicemonitor.Hop,
		Summary: "No ServiceMonitor selects the Service of Kong Operator's metrics.",
		Fix:     "Apply the ServiceMonitor that the finding prints.",
	}
	ServiceMonitorRejected = &finding.Reason{
		Name: "ServiceMonitorRejected", Severity: finding.Error, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "prometheus-operator refuses the whole ServiceMonitor because of something in it, and tells it by an event InvalidConfiguration only.",
		Fix:     "Apply the corrected ServiceMonitor that the finding prints.",
	}
	ServiceMonitorSecretUnknown = &finding.Reason{
		Name: "ServiceMonitorSecretUnknown", Severity: finding.Unknown, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "The ServiceMonitor takes credentials from a Secret or ConfigMap. If that or its key is missing, prometheus-operator refuses the ServiceMonitor; kong-latency does not read Secrets.",
		Fix:     "See that the Secret and the key exist in the ServiceMonitor's namespace.",
	}
	PrometheusConfigRefused = &finding.Reason{
		Name: "PrometheusConfigRefused", Severity: finding.Error, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "prometheus-operator accepts the ServiceMonitor, but Prometheus then refuses its entire configuration, so that no change of any scrape takes effect.",
		Fix:     "Apply the corrected ServiceMonitor that the finding prints.",
	}
	ServiceMonitorNamespaceMismatch = &finding.Reason{
		Name: "ServiceMonitorNamespaceMismatch", Severity: finding.Error, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "The ServiceMonitor looks for Services in other namespaces than Kong Operator's. Without namespaceSelector it looks in its own only.",
		Fix:     "Name Kong Operator's namespace in spec.namespaceSelector.matchNames: apply what the finding prints.",
	}
	ServiceMonitorSelectorMismatch = &finding.Reason{
		Name: "ServiceMonitorSelectorMismatch", Severity: finding.Error, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "The ServiceMonitor's selector does not match the labels of the Service of Kong Operator's metrics.",
		Fix:     "Apply the ServiceMonitor that the finding prints, whose selector does.",
	}
	ServiceMonitorPortMismatch = &finding.Reason{
		Name: "ServiceMonitorPortMismatch", Severity: finding.Error, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "No endpoint of the ServiceMonitor names the metrics port of Kong Operator's Service. `port` is the name of the Service's port, `targetPort` the container's.",
		Fix:     "Apply the corrected ServiceMonitor that the finding prints.",
	}
	ServiceMonitorPortUnknown = &finding.Reason{
		Name: "ServiceMonitorPortUnknown", Severity: finding.Unknown, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "The ServiceMonitor names the container's port in another way than the Service does, as by number and by name, so they cannot be compared.",
		Fix:     "Name the Service's port in `port` instead of `targetPort`.",
	}
	ServiceMonitorSchemeMismatch = &finding.Reason{
		Name: "ServiceMonitorSchemeMismatch", Severity: finding.Error, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "The ServiceMonitor speaks HTTPS to a port that serves plain HTTP, or the other way about. The name of the port does not tell: since version 1.5 the operator's port https serves plain HTTP.",
		Fix:     "Apply the corrected ServiceMonitor that the finding prints.",
	}
	ServiceMonitorSchemeUnknown = &finding.Reason{
		Name: "ServiceMonitorSchemeUnknown", Severity: finding.Unknown, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "Whether the operator's port serves TLS depends on its version, which its Service does not tell.",
		Fix:     "Use scheme http for Kong Operator 1.5 and later, https with a bearer token for earlier ones.",
	}
	ServiceMonitorTokenMissing = &finding.Reason{
		Name: "ServiceMonitorTokenMissing", Severity: finding.Error, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "This version of the operator answers to a bearer token only, and the ServiceMonitor sends none.",
		Fix:     "Apply the corrected ServiceMonitor that the finding prints.",
	}
	ServiceMonitorCertificateRefused = &finding.Reason{
		Name: "ServiceMonitorCertificateRefused", Severity: finding.Error, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "The operator's certificate is self-signed, and the ServiceMonitor neither names a CA nor skips its verification.",
		Fix:     "Set tlsConfig.insecureSkipVerify: apply the corrected ServiceMonitor that the finding prints.",
	}
	ServiceMonitorPathMismatch = &finding.Reason{
		Name: "ServiceMonitorPathMismatch", Severity: finding.Error, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "The ServiceMonitor scrapes another path than /metrics.",
		Fix:     "Apply the corrected ServiceMonitor that the finding prints.",
	}
	ServiceMonitorIntervalTooLong = &finding.Reason{
		Name: "ServiceMonitorIntervalTooLong", Severity: finding.Error, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "Scrapes are so far apart (more than 50 s for a window of 60 s) that rates are missing, or zero, although there is traffic.",
		Fix:     "Scrape every 30 s or more often: apply the corrected ServiceMonitor that the finding prints.",
	}
	ServiceMonitorIntervalLong = &finding.Reason{
		Name: "ServiceMonitorIntervalLong", Severity: finding.Warning, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "Scrapes are more than 30 s apart (for a window of 60 s), which a plain range such as [60s] often has too few samples of.",
		Fix:     "Scrape every 30 s or more often: apply the corrected ServiceMonitor that the finding prints.",
	}
	ServiceMonitorTargetDropped = &finding.Reason{
		Name: "ServiceMonitorTargetDropped", Severity: finding.Error, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "Relabelings drop the operator as a scrape target.",
		Fix:     "Remove the relabeling: apply the corrected ServiceMonitor that the finding prints.",
	}
	ServiceMonitorHonorLabels = &finding.Reason{
		Name: "ServiceMonitorHonorLabels", Severity: finding.Error, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "With honorLabels there are no labels exported_namespace and exported_service, which the adapter's rule needs.",
		Fix:     "Set honorLabels to false, or let the adapter's rule map kubernetes_namespace and kubernetes_name, which are there in both cases.",
	}
	ServiceMonitorSeriesDropped = &finding.Reason{
		Name: "ServiceMonitorSeriesDropped", Severity: finding.Error, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "Metric relabelings drop or rename series that the metric is made of, kong_upstream_latency_ms_sum and _count.",
		Fix:     "Remove the relabeling: apply the corrected ServiceMonitor that the finding prints.",
	}
	ServiceMonitorLabelsLost = &finding.Reason{
		Name: "ServiceMonitorLabelsLost", Severity: finding.Error, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "Relabelings remove or change labels that tell which Service a series is about.",
		Fix:     "Remove the relabeling: apply the corrected ServiceMonitor that the finding prints.",
	}
	ServiceMonitorHistogramsConverted = &finding.Reason{
		Name: "ServiceMonitorHistogramsConverted", Severity: finding.Error, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "convertClassicHistogramsToNHCB without scrapeClassicHistograms makes a native histogram of the latency, and its _sum and _count are not stored.",
		Fix:     "Set scrapeClassicHistograms to true: apply the corrected ServiceMonitor that the finding prints.",
	}
	ServiceMonitorRelabelingUnknown = &finding.Reason{
		Name: "ServiceMonitorRelabelingUnknown", Severity: finding.Unknown, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "Relabelings make labels of values that are known to Prometheus only, so it is not known which labels are stored.",
		Fix:     "Let relabelings leave namespace, service and kubernetes_* alone.",
	}
	ServiceMonitorLimitExceeded = &finding.Reason{
		Name: "ServiceMonitorLimitExceeded", Severity: finding.Error, Wait: finding.ForChange, Hop: servicemonitor.Hop,
		Summary: "The operator's series are beyond a limit of the scrape, at which Prometheus gives the whole scrape up.",
		Fix:     "Raise the limit, or remove it: apply the corrected ServiceMonitor that the finding prints.",
	}
)

// scrapeReasons lists what the hops service-monitor and prometheus can find.
func scrapeReasons() []*finding.Reason {
	return append([]*finding.Reason{
		OperatorServiceUnknown, OperatorServiceAmbiguous, OperatorServiceNotFound,
		ServiceMonitorsUnknown, ServiceMonitorNotFound,
		ServiceMonitorRejected, ServiceMonitorSecretUnknown, PrometheusConfigRefused,
		ServiceMonitorNamespaceMismatch, ServiceMonitorSelectorMismatch,
		ServiceMonitorPortMismatch, ServiceMonitorPortUnknown,
		ServiceMonitorSchemeMismatch, ServiceMonitorSchemeUnknown,
		ServiceMonitorTokenMissing, ServiceMonitorCertificateRefused, ServiceMonitorPathMismatch,
		ServiceMonitorIntervalTooLong, ServiceMonitorIntervalLong,
		ServiceMonitorTargetDropped, ServiceMonitorHonorLabels, ServiceMonitorSeriesDropped,
		ServiceMonitorLabelsLost, ServiceMonitorHistogramsConverted, ServiceMonitorRelabelingUnknown,
		ServiceMonitorLimitExceeded,
	}, prometheusReasons()...)
}
