package servicemonitor

import (
	"github.com/kong-latency/kong-latency/internal/finding"
)

// The reasons for which Kong Operator's metrics are not scraped, or not as the
// metric needs them.
var (
	OperatorServiceUnknown = &finding.Reason{
		Name: "OperatorServiceUnknown", Severity: finding.Unknown, Wait: finding.ForObject, Hop: Hop,
		Summary: "Services cannot be read, so it is not known through which one Kong Operator's metrics are scraped.",
		Fix:     "Let kong-latency list and watch Services.",
	}
	OperatorServiceAmbiguous = &finding.Reason{
		Name: "OperatorServiceAmbiguous", Severity: finding.Unknown, Wait: finding.ForChange, Hop: Hop,
		Summary: "Several Services could be the one of Kong Operator's metrics, and not all of them are scraped.",
		Fix:     "Name the Service in a LatencyPolicy, or by --operator-service.",
	}
	OperatorServiceNotFound = &finding.Reason{
		Name: "OperatorServiceNotFound", Severity: finding.Error, Wait: finding.ForObject, Hop: Hop,
		Summary: "No Service exposes Kong Operator's metrics, so nothing can scrape them.",
		Fix:     "Install Kong Operator with its metrics Service, or name it by --operator-service.",
	}
	Unknown = &finding.Reason{
		Name: "ServiceMonitorsUnknown", Severity: finding.Unknown, Wait: finding.ForObject, Hop: Hop,
		Summary: "ServiceMonitors are not installed or cannot be read, so it is not known whether Kong Operator's metrics are scraped.",
		Fix:     "Install prometheus-operator, or let kong-latency list and watch ServiceMonitors.",
	}
	NotFound = &finding.Reason{
		Name: "ServiceMonitorNotFound", Severity: finding.Error, Wait: finding.ForObject, Hop: Hop,
		Summary: "No ServiceMonitor selects the Service of Kong Operator's metrics.",
		Fix:     "Apply the ServiceMonitor that the finding prints.",
	}
	Rejected = &finding.Reason{
		Name: "ServiceMonitorRejected", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "prometheus-operator refuses the whole ServiceMonitor because of something in it, and reports that only by an event InvalidConfiguration.",
		Fix:     "Apply the corrected ServiceMonitor that the finding prints.",
	}
	SecretUnknown = &finding.Reason{
		Name: "ServiceMonitorSecretUnknown", Severity: finding.Unknown, Wait: finding.ForChange, Hop: Hop,
		Summary: "The ServiceMonitor reads credentials from a Secret or ConfigMap. If that or its key is missing, prometheus-operator refuses the ServiceMonitor; kong-latency does not read Secrets.",
		Fix:     "Make sure that the Secret and the key exist in the ServiceMonitor's namespace.",
	}
	ConfigRefused = &finding.Reason{
		Name: "PrometheusConfigRefused", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "prometheus-operator accepts the ServiceMonitor, but Prometheus then refuses its entire configuration, so that no change of any scrape becomes effective.",
		Fix:     "Apply the corrected ServiceMonitor that the finding prints.",
	}
	NamespaceMismatch = &finding.Reason{
		Name: "ServiceMonitorNamespaceMismatch", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The ServiceMonitor selects Services of other namespaces than Kong Operator's. Without namespaceSelector it selects in its own only.",
		Fix:     "Name Kong Operator's namespace in spec.namespaceSelector.matchNames: apply what the finding prints.",
	}
	SelectorMismatch = &finding.Reason{
		Name: "ServiceMonitorSelectorMismatch", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The ServiceMonitor's selector does not match the labels of the Service of Kong Operator's metrics.",
		Fix:     "Apply the ServiceMonitor that the finding prints, whose selector does.",
	}
	PortMismatch = &finding.Reason{
		Name: "ServiceMonitorPortMismatch", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "No endpoint of the ServiceMonitor names the metrics port of Kong Operator's Service. `port` is the name of the Service's port, `targetPort` the container's.",
		Fix:     "Apply the corrected ServiceMonitor that the finding prints.",
	}
	PortUnknown = &finding.Reason{
		Name: "ServiceMonitorPortUnknown", Severity: finding.Unknown, Wait: finding.ForChange, Hop: Hop,
		Summary: "The ServiceMonitor names the container's port in another way than the Service does, as by number and by name, so they cannot be compared.",
		Fix:     "Name the Service's port in `port` instead of `targetPort`.",
	}
	SchemeMismatch = &finding.Reason{
		Name: "ServiceMonitorSchemeMismatch", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The ServiceMonitor speaks HTTPS to a port that serves plain HTTP, or the other way about. The name of the port does not show which: since version 1.5 the operator's port https serves plain HTTP.",
		Fix:     "Apply the corrected ServiceMonitor that the finding prints.",
	}
	SchemeUnknown = &finding.Reason{
		Name: "ServiceMonitorSchemeUnknown", Severity: finding.Unknown, Wait: finding.ForChange, Hop: Hop,
		Summary: "Whether the operator's port serves TLS depends on its version, which its Service does not show.",
		Fix:     "Use scheme http for Kong Operator 1.5 and later, https with a bearer token for earlier ones.",
	}
	TokenMissing = &finding.Reason{
		Name: "ServiceMonitorTokenMissing", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "This version of the operator requires a bearer token, and the ServiceMonitor sends none.",
		Fix:     "Apply the corrected ServiceMonitor that the finding prints.",
	}
	CertificateRefused = &finding.Reason{
		Name: "ServiceMonitorCertificateRefused", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The operator's certificate is self-signed, and the ServiceMonitor neither names a CA nor skips its verification.",
		Fix:     "Set tlsConfig.insecureSkipVerify: apply the corrected ServiceMonitor that the finding prints.",
	}
	PathMismatch = &finding.Reason{
		Name: "ServiceMonitorPathMismatch", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The ServiceMonitor scrapes another path than /metrics.",
		Fix:     "Apply the corrected ServiceMonitor that the finding prints.",
	}
	IntervalTooLong = &finding.Reason{
		Name: "ServiceMonitorIntervalTooLong", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "Scrapes are so far apart (more than 50 s for a window of 60 s) that rates are missing, or zero, although there is traffic.",
		Fix:     "Scrape every 30 s or more often: apply the corrected ServiceMonitor that the finding prints.",
	}
	IntervalLong = &finding.Reason{
		Name: "ServiceMonitorIntervalLong", Severity: finding.Warning, Wait: finding.ForChange, Hop: Hop,
		Summary: "Scrapes are more than 30 s apart (for a window of 60 s), which a plain range such as [60s] often has too few samples of.",
		Fix:     "Scrape every 30 s or more often: apply the corrected ServiceMonitor that the finding prints.",
	}
	TargetDropped = &finding.Reason{
		Name: "ServiceMonitorTargetDropped", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "Relabelings drop the operator as a scrape target.",
		Fix:     "Remove the relabeling: apply the corrected ServiceMonitor that the finding prints.",
	}
	HonorLabels = &finding.Reason{
		Name: "ServiceMonitorHonorLabels", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "With honorLabels there are no labels exported_namespace and exported_service, which the adapter's rule needs.",
		Fix:     "Set honorLabels to false, or use the adapter rule that `kubectl latency render` prints, which works in both cases.",
	}
	SeriesDropped = &finding.Reason{
		Name: "ServiceMonitorSeriesDropped", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "Metric relabelings drop or rename the series that the metric is made of, the histogram's _sum and _count.",
		Fix:     "Remove the relabeling: apply the corrected ServiceMonitor that the finding prints.",
	}
	LabelsLost = &finding.Reason{
		Name: "ServiceMonitorLabelsLost", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "Relabelings remove or change the labels that identify the Service of a series.",
		Fix:     "Remove the relabeling: apply the corrected ServiceMonitor that the finding prints.",
	}
	HistogramsConverted = &finding.Reason{
		Name: "ServiceMonitorHistogramsConverted", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "convertClassicHistogramsToNHCB without scrapeClassicHistograms makes a native histogram of the latency, and its _sum and _count are not stored.",
		Fix:     "Set scrapeClassicHistograms to true: apply the corrected ServiceMonitor that the finding prints.",
	}
	RelabelingUnknown = &finding.Reason{
		Name: "ServiceMonitorRelabelingUnknown", Severity: finding.Unknown, Wait: finding.ForChange, Hop: Hop,
		Summary: "Relabelings make labels of values that are known to Prometheus only, so it is not known which labels are stored.",
		Fix:     "Leave the labels that identify the Service, and namespace and service, out of relabelings.",
	}
	LimitExceeded = &finding.Reason{
		Name: "ServiceMonitorLimitExceeded", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The operator's series exceed a limit of the scrape, which makes Prometheus discard the whole scrape.",
		Fix:     "Raise the limit, or remove it: apply the corrected ServiceMonitor that the finding prints.",
	}
	NotSelected = &finding.Reason{
		Name: "ServiceMonitorNotSelected", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "The Prometheus does not select the ServiceMonitor, because of its labels or its namespace. kube-prometheus-stack requires the label release.",
		Fix:     "Apply the ServiceMonitor that the finding prints, which has the labels and the namespace that the Prometheus requires.",
	}
	SelectedByOther = &finding.Reason{
		Name: "ServiceMonitorSelectedByOther", Severity: finding.Error, Wait: finding.ForChange, Hop: Hop,
		Summary: "A Prometheus selects the ServiceMonitor, but the adapter queries another.",
		Fix:     "Apply the ServiceMonitor that the finding prints, which the adapter's Prometheus selects, or correct the adapter's --prometheus-url.",
	}
)

// Reasons lists what the hop can find.
func (hop) Reasons() []*finding.Reason {
	return []*finding.Reason{
		OperatorServiceUnknown, OperatorServiceAmbiguous, OperatorServiceNotFound,
		Unknown, NotFound, NotSelected, SelectedByOther,
		Rejected, SecretUnknown, ConfigRefused,
		NamespaceMismatch, SelectorMismatch,
		PortMismatch, PortUnknown,
		SchemeMismatch, SchemeUnknown,
		TokenMissing, CertificateRefused, PathMismatch,
		IntervalTooLong, IntervalLong,
		TargetDropped, HonorLabels, SeriesDropped,
		LabelsLost, HistogramsConverted, RelabelingUnknown,
		LimitExceeded,
	}
}
