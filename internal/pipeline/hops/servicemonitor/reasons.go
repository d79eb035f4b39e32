package servicemonitor

import (
	"github.com/kong-latency/kong-latency/internal/finding"
)

// The reasons for which Kong Operator's metrics are not scraped, or not as the
// metric needs them.
var (
	OperatorServiceUnknown = Hop.Reason("OperatorServiceUnknown", finding.Unknown, finding.ForObject,
		"Services cannot be read, so it is not known through which one Kong Operator's metrics are scraped.",
		"Let kong-latency list and watch Services.")
	OperatorServiceAmbiguous = Hop.Reason("OperatorServiceAmbiguous", finding.Unknown, finding.ForChange,
		"Several Services could be the one of Kong Operator's metrics, and not all of them are scraped.",
		"Name the Service in a LatencyPolicy, or by --operator-service.")
	OperatorServiceNotFound = Hop.Reason("OperatorServiceNotFound", finding.Error, finding.ForObject,
		"No Service exposes Kong Operator's metrics, so nothing can scrape them.",
		"Install Kong Operator with its metrics Service, or name it by --operator-service.")
	Unknown = Hop.Reason("ServiceMonitorsUnknown", finding.Unknown, finding.ForObject,
		"ServiceMonitors are not installed or cannot be read, so it is not known whether Kong Operator's metrics are scraped.",
		"Install prometheus-operator, or let kong-latency list and watch ServiceMonitors.")
	ScrapedOtherwise = Hop.Reason("ScrapePathUnknown", finding.Unknown, finding.ForChange,
		"No ServiceMonitor works, and Prometheus may have Kong Operator's metrics in another way: by a PodMonitor, a ScrapeConfig, additionalScrapeConfigs, or from another system that writes to it.",
		"Nothing, if the metric arrives. Otherwise apply the ServiceMonitor that `kubectl latency render --with servicemonitor` prints.")
	NotFound = Hop.Reason("ServiceMonitorNotFound", finding.Error, finding.ForObject,
		"No ServiceMonitor selects the Service of Kong Operator's metrics.",
		"Apply the ServiceMonitor that the finding prints.")
	Rejected = Hop.Reason("ServiceMonitorRejected", finding.Error, finding.ForChange,
		"prometheus-operator refuses the whole ServiceMonitor because of something in it, and reports that only by an event InvalidConfiguration.",
		"Apply the corrected ServiceMonitor that the finding prints.")
	SecretUnknown = Hop.Reason("ServiceMonitorSecretUnknown", finding.Unknown, finding.ForChange,
		"The ServiceMonitor reads credentials from a Secret or ConfigMap. If that or its key is missing, prometheus-operator refuses the ServiceMonitor; kong-latency does not read Secrets.",
		"Make sure that the Secret and the key exist in the ServiceMonitor's namespace.")
	ConfigRefused = Hop.Reason("PrometheusConfigRefused", finding.Error, finding.ForChange,
		"prometheus-operator accepts the ServiceMonitor, but Prometheus then refuses its entire configuration, so that no change of any scrape becomes effective.",
		"Apply the corrected ServiceMonitor that the finding prints.")
	NamespaceMismatch = Hop.Reason("ServiceMonitorNamespaceMismatch", finding.Error, finding.ForChange,
		"The ServiceMonitor selects Services of other namespaces than Kong Operator's. Without namespaceSelector it selects in its own only.",
		"Name Kong Operator's namespace in spec.namespaceSelector.matchNames: apply what the finding prints.")
	SelectorMismatch = Hop.Reason("ServiceMonitorSelectorMismatch", finding.Error, finding.ForChange,
		"The ServiceMonitor's selector does not match the labels of the Service of Kong Operator's metrics.",
		"Apply the ServiceMonitor that the finding prints, whose selector does.")
	PortMismatch = Hop.Reason("ServiceMonitorPortMismatch", finding.Error, finding.ForChange,
		"No endpoint of the ServiceMonitor names the metrics port of Kong Operator's Service. `port` is the name of the Service's port, `targetPort` the container's.",
		"Apply the corrected ServiceMonitor that the finding prints.")
	PortUnknown = Hop.Reason("ServiceMonitorPortUnknown", finding.Unknown, finding.ForChange,
		"The ServiceMonitor names the container's port in another way than the Service does, as by number and by name, so they cannot be compared.",
		"Name the Service's port in `port` instead of `targetPort`.")
	SchemeMismatch = Hop.Reason("ServiceMonitorSchemeMismatch", finding.Error, finding.ForChange,
		"The ServiceMonitor speaks HTTPS to a port that serves plain HTTP, or the other way about. The name of the port does not show which: since version 1.5 the operator's port https serves plain HTTP.",
		"Apply the corrected ServiceMonitor that the finding prints.")
	SchemeUnknown = Hop.Reason("ServiceMonitorSchemeUnknown", finding.Unknown, finding.ForChange,
		"Whether the operator's port serves TLS depends on its version, which its Service does not show.",
		"Use scheme http for Kong Operator 1.5 and later, https with a bearer token for earlier ones.")
	TokenMissing = Hop.Reason("ServiceMonitorTokenMissing", finding.Error, finding.ForChange,
		"This version of the operator requires a bearer token, and the ServiceMonitor sends none.",
		"Apply the corrected ServiceMonitor that the finding prints.")
	CertificateRefused = Hop.Reason("ServiceMonitorCertificateRefused", finding.Error, finding.ForChange,
		"The operator's certificate is self-signed, and the ServiceMonitor neither names a CA nor skips its verification.",
		"Set tlsConfig.insecureSkipVerify: apply the corrected ServiceMonitor that the finding prints.")
	PathMismatch = Hop.Reason("ServiceMonitorPathMismatch", finding.Error, finding.ForChange,
		"The ServiceMonitor scrapes another path than /metrics.",
		"Apply the corrected ServiceMonitor that the finding prints.")
	IntervalTooLong = Hop.Reason("ServiceMonitorIntervalTooLong", finding.Error, finding.ForChange,
		"Scrapes are so far apart (more than 50 s for a window of 60 s) that rates are missing, or zero, although there is traffic.",
		"Scrape every 30 s or more often: apply the corrected ServiceMonitor that the finding prints.")
	IntervalLong = Hop.Reason("ServiceMonitorIntervalLong", finding.Warning, finding.ForChange,
		"Scrapes are more than 30 s apart (for a window of 60 s), which a plain range such as [60s] often has too few samples of.",
		"Scrape every 30 s or more often: apply the corrected ServiceMonitor that the finding prints.")
	TargetDropped = Hop.Reason("ServiceMonitorTargetDropped", finding.Error, finding.ForChange,
		"Relabelings drop the operator as a scrape target.",
		"Remove the relabeling: apply the corrected ServiceMonitor that the finding prints.")
	HonorLabels = Hop.Reason("ServiceMonitorHonorLabels", finding.Error, finding.ForChange,
		"With honorLabels there are no labels exported_namespace and exported_service, which the adapter's rule needs.",
		"Set honorLabels to false, or use the adapter rule that `kubectl latency render` prints, which works in both cases.")
	SeriesDropped = Hop.Reason("ServiceMonitorSeriesDropped", finding.Error, finding.ForChange,
		"Metric relabelings drop or rename the series that the metric is made of, the histogram's _sum and _count.",
		"Remove the relabeling: apply the corrected ServiceMonitor that the finding prints.")
	LabelsLost = Hop.Reason("ServiceMonitorLabelsLost", finding.Error, finding.ForChange,
		"Relabelings remove or change the labels that identify the Service of a series.",
		"Remove the relabeling: apply the corrected ServiceMonitor that the finding prints.")
	HistogramsConverted = Hop.Reason("ServiceMonitorHistogramsConverted", finding.Error, finding.ForChange,
		"convertClassicHistogramsToNHCB without scrapeClassicHistograms makes a native histogram of the latency, and its _sum and _count are not stored.",
		"Set scrapeClassicHistograms to true: apply the corrected ServiceMonitor that the finding prints.")
	RelabelingUnknown = Hop.Reason("ServiceMonitorRelabelingUnknown", finding.Unknown, finding.ForChange,
		"Relabelings make labels of values that are known to Prometheus only, so it is not known which labels are stored.",
		"Leave the labels that identify the Service, and namespace and service, out of relabelings.")
	TooLarge = Hop.Reason("ServiceMonitorTooLarge", finding.Unknown, finding.ForChange,
		"The ServiceMonitor, or the number of those that may be meant for Kong Operator, is so large that it is not evaluated, so it is not known whether and how it scrapes.",
		"Make its regular expressions shorter, or divide it into several ServiceMonitors.")
	LimitExceeded = Hop.Reason("ServiceMonitorLimitExceeded", finding.Error, finding.ForChange,
		"The operator's series exceed a limit of the scrape, which makes Prometheus discard the whole scrape.",
		"Raise the limit, or remove it: apply the corrected ServiceMonitor that the finding prints.")
	NotSelected = Hop.Reason("ServiceMonitorNotSelected", finding.Error, finding.ForChange,
		"The Prometheus does not select the ServiceMonitor, because of its labels or its namespace. kube-prometheus-stack requires the label release.",
		"Apply the ServiceMonitor that the finding prints, which has the labels and the namespace that the Prometheus requires.")
	SelectedByOther = Hop.Reason("ServiceMonitorSelectedByOther", finding.Error, finding.ForChange,
		"A Prometheus selects the ServiceMonitor, but the adapter queries another.",
		"Apply the ServiceMonitor that the finding prints, which the adapter's Prometheus selects, or correct the adapter's --prometheus-url.")
)
