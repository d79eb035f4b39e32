package pipeline

import (
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// breakOperator changes the operator's Service.
func breakOperator(c func(*OperatorService)) func(*testing.T, *Snapshot) {
	return breaks(func(s *Snapshot) { c(&s.OperatorServices.Items[0]) })
}

// breakPrometheus changes the only Prometheus.
func breakPrometheus(c func(*monitoringv1.Prometheus)) func(*testing.T, *Snapshot) {
	return breaks(func(s *Snapshot) { c(s.Prometheuses.Items[0]) })
}

// breakMonitor changes the monitor, if another breaker has left it.
func breakMonitor(c func(*monitoringv1.ServiceMonitor)) func(*testing.T, *Snapshot) {
	return breaks(func(s *Snapshot) {
		for _, m := range s.ServiceMonitors.Items {
			c(m)
		}
	})
}

func breakEndpoint(c func(*monitoringv1.Endpoint)) func(*testing.T, *Snapshot) {
	return breakMonitor(func(m *monitoringv1.ServiceMonitor) { c(&m.Spec.Endpoints[0]) })
}

// breakSeries gives the endpoint one relabeling of its series.
func breakSeries(action, regex string, source ...monitoringv1.LabelName) func(*testing.T, *Snapshot) {
	return breakEndpoint(func(e *monitoringv1.Endpoint) {
		e.MetricRelabelConfigs = []monitoringv1.RelabelConfig{{Action: action, Regex: regex, SourceLabels: source}}
	})
}

// breakTarget gives the endpoint one relabeling of its target.
func breakTarget(c monitoringv1.RelabelConfig) func(*testing.T, *Snapshot) {
	return breakEndpoint(func(e *monitoringv1.Endpoint) { e.RelabelConfigs = []monitoringv1.RelabelConfig{c} })
}

// breakOldOperator is the chart gateway-operator with an operator that serves TLS
// behind a check of the token, and a monitor that fits.
func breakOldOperator() func(*testing.T, *Snapshot) {
	return both(
		breakOperator(func(o *OperatorService) {
			o.Name = "kgo-gateway-operator-metrics-service"
			o.Labels = map[string]string{"control-plane": "controller-manager", "app.kubernetes.io/version": "1.4"}
			o.Ports = []ServicePort{{Name: "https", Port: 8443, TargetPort: "https"}}
		}),
		breakEndpoint(func(e *monitoringv1.Endpoint) {
			e.Port, e.Scheme = "https", ptr.To(monitoringv1.Scheme("https"))
			withToken(e)
			withoutVerification(e)
		}),
	)
}

// monitorBreakers are those of the hop service-monitor.
var monitorBreakers = []breaker{
	{name: "no monitor", reason: ServiceMonitorNotFound,
		change: breaks(func(s *Snapshot) { s.ServiceMonitors = KnownSet[*monitoringv1.ServiceMonitor]() })},
	{name: "no monitor, old operator", reason: ServiceMonitorNotFound,
		change: both(breakOldOperator(), breaks(func(s *Snapshot) { s.ServiceMonitors = KnownSet[*monitoringv1.ServiceMonitor]() }))},
	{name: "no monitor, slow Prometheus", reason: ServiceMonitorNotFound,
		change: both(breakPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ScrapeInterval = "2m" }),
			breaks(func(s *Snapshot) { s.ServiceMonitors = KnownSet[*monitoringv1.ServiceMonitor]() }))},
	{name: "only monitors of others", reason: ServiceMonitorNotFound,
		change: breakMonitor(func(m *monitoringv1.ServiceMonitor) {
			m.Namespace, m.Name = "shop", "shop"
			m.Spec.Selector.MatchLabels = map[string]string{"app": "shop"}
		})},
	{name: "timeout over the interval", reason: ServiceMonitorRejected,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) { e.Interval, e.ScrapeTimeout = "10s", "20s" })},
	{name: "files denied", reason: ServiceMonitorRejected,
		change: both(breakEndpoint(withToken), breakPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ArbitraryFSAccessThroughSMs.Deny = true }))},
	{name: "bad relabeling", reason: ServiceMonitorRejected,
		change: breakTarget(monitoringv1.RelabelConfig{Action: "drop", Regex: "([", SourceLabels: []monitoringv1.LabelName{"job"}})},
	{name: "unknown scrape class", reason: ServiceMonitorRejected,
		change: breakMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.ScrapeClassName = ptr.To("none") })},
	{name: "port that is no regular expression", reason: PrometheusConfigRefused,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) { e.Port = "([" })},
	{name: "two ways to authenticate", reason: PrometheusConfigRefused, uncovers: ServiceMonitorSecretUnknown,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) {
			withToken(e)
			e.Authorization = &monitoringv1.SafeAuthorization{Credentials: &corev1.SecretKeySelector{
				LocalObjectReference: corev1.LocalObjectReference{Name: "token"}, Key: "token"}}
		})},
	{name: "monitor moved", reason: ServiceMonitorNamespaceMismatch,
		change: both(namespace("monitoring"), breakMonitor(func(m *monitoringv1.ServiceMonitor) { m.Namespace = "monitoring" }))},
	{name: "namespaceSelector elsewhere", reason: ServiceMonitorNamespaceMismatch,
		change: breakMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.NamespaceSelector.MatchNames = []string{"default"} })},
	{name: "selector off by one label", reason: ServiceMonitorSelectorMismatch,
		change: breakMonitor(func(m *monitoringv1.ServiceMonitor) {
			m.Spec.Selector.MatchLabels = map[string]string{"control-plane": "controller-manager", "app.kubernetes.io/component": "kgo"}
		})},
	{name: "port of the guide", reason: ServiceMonitorPortMismatch,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) { e.Port = "https" })},
	{name: "port by its number", reason: ServiceMonitorPortMismatch,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) { e.Port = "8080" })},
	{name: "https for a port of http", reason: ServiceMonitorSchemeMismatch,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) { e.Scheme = ptr.To(monitoringv1.Scheme("https")) })},
	{name: "http for an old operator", reason: ServiceMonitorSchemeMismatch,
		change: both(breakOldOperator(), breakEndpoint(func(e *monitoringv1.Endpoint) { e.Scheme = nil }))},
	{name: "no token for an old operator", reason: ServiceMonitorTokenMissing,
		change: both(breakOldOperator(), breakEndpoint(func(e *monitoringv1.Endpoint) {
			e.BearerTokenFile = "" //nolint:staticcheck // deprecated, and what the guide has
		}))},
	{name: "verification of an old operator", reason: ServiceMonitorCertificateRefused,
		change: both(breakOldOperator(), breakEndpoint(func(e *monitoringv1.Endpoint) { e.TLSConfig = nil }))},
	{name: "another path", reason: ServiceMonitorPathMismatch,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) { e.Path = "/stats" })},
	{name: "every two minutes", reason: ServiceMonitorIntervalTooLong,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) { e.Interval = "2m" })},
	{name: "every minute by the Prometheus", reason: ServiceMonitorIntervalTooLong,
		change: breakPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ScrapeInterval = "60s" })},
	{name: "every 45 seconds", reason: ServiceMonitorIntervalLong,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) { e.Interval, e.ScrapeTimeout = "45s", "40s" })},
	{name: "target dropped", reason: ServiceMonitorTargetDropped,
		change: breakTarget(monitoringv1.RelabelConfig{Action: "drop", Regex: "kong-.*", SourceLabels: []monitoringv1.LabelName{"service"}})},
	{name: "honorLabels", reason: ServiceMonitorHonorLabels,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) { e.HonorLabels = true })},
	{name: "counts dropped", reason: ServiceMonitorSeriesDropped,
		change: breakSeries("drop", "kong_upstream_latency_ms_count", "__name__")},
	{name: "other series kept", reason: ServiceMonitorSeriesDropped,
		change: breakSeries("keep", "controller_.*", "__name__")},
	{name: "exported labels dropped", reason: ServiceMonitorLabelsLost,
		change: breakSeries("labeldrop", "exported_.*")},
	{name: "Kubernetes labels dropped", reason: ServiceMonitorLabelsLost,
		change: breakSeries("labeldrop", "kubernetes_.*")},
	{name: "label service of the target dropped", reason: ServiceMonitorLabelsLost,
		change: breakTarget(monitoringv1.RelabelConfig{Action: "labeldrop", Regex: "service"})},
	{name: "native histograms", reason: ServiceMonitorHistogramsConverted,
		change: breakMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.ConvertClassicHistogramsToNHCB = ptr.To(true) })},
	{name: "one sample allowed", reason: ServiceMonitorLimitExceeded,
		change: breakMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.SampleLimit = ptr.To[int64](1) })},

	{name: "Services not readable", sentence: true, reason: OperatorServiceUnknown,
		change: breaks(func(s *Snapshot) { s.OperatorServices = Set[OperatorService]{State: Unreadable} })},
	{name: "two Services", sentence: true, reason: OperatorServiceAmbiguous,
		change: breaks(func(s *Snapshot) {
			other := s.OperatorServices.Items[0]
			other.Namespace = "kong-two"
			s.OperatorServices.Items = append(s.OperatorServices.Items, other)
		})},
	{name: "no Service", sentence: true, reason: OperatorServiceNotFound,
		change: breaks(func(s *Snapshot) { s.OperatorServices = KnownSet[OperatorService]() })},
	{name: "monitors not installed", sentence: true, reason: ServiceMonitorsUnknown,
		change: breaks(func(s *Snapshot) { s.ServiceMonitors = Set[*monitoringv1.ServiceMonitor]{State: NotInstalled} })},
	{name: "token from a Secret", sentence: true, reason: ServiceMonitorSecretUnknown,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) {
			e.Authorization = &monitoringv1.SafeAuthorization{Credentials: &corev1.SecretKeySelector{
				LocalObjectReference: corev1.LocalObjectReference{Name: "token"}, Key: "token"}}
		})},
	{name: "container's port by number", reason: ServiceMonitorPortUnknown,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) { e.Port, e.TargetPort = "", ptr.To(intstr.FromInt32(8080)) })},
	{name: "port https of an unknown version", sentence: true, reason: ServiceMonitorSchemeUnknown,
		change: both(breakOldOperator(), breakOperator(func(o *OperatorService) { delete(o.Labels, "app.kubernetes.io/version") }))},
	{name: "labels computed", sentence: true, reason: ServiceMonitorRelabelingUnknown,
		change: breakTarget(monitoringv1.RelabelConfig{
			TargetLabel: "service", SourceLabels: []monitoringv1.LabelName{"__meta_kubernetes_pod_annotation_service"}})},
}

// prometheusBreakers are those of the hop prometheus.
var prometheusBreakers = []breaker{
	{name: "no label release", reason: ServiceMonitorNotSelected,
		change: breakMonitor(func(m *monitoringv1.ServiceMonitor) { m.Labels = nil })},
	{name: "own namespace only", reason: ServiceMonitorNotSelected,
		change: breakPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ServiceMonitorNamespaceSelector = nil })},
	{name: "namespaces by label", reason: ServiceMonitorNotSelected,
		change: both(breakPrometheus(func(p *monitoringv1.Prometheus) {
			p.Spec.ServiceMonitorNamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"team": "infra"}}
		}), breaks(func(s *Snapshot) {
			s.Namespaces.Items = append(s.Namespaces.Items, Namespace{Name: "infra", Labels: map[string]string{"team": "infra"}})
		}))},
	{name: "labels by expression", reason: ServiceMonitorNotSelected,
		change: breakPrometheus(func(p *monitoringv1.Prometheus) {
			p.Spec.ServiceMonitorSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
				{Key: "team", Operator: metav1.LabelSelectorOpIn, Values: []string{"a", "b"}},
				{Key: "release", Operator: metav1.LabelSelectorOpDoesNotExist},
			}}
		})},
	{name: "taken by another", reason: ServiceMonitorTakenByOther,
		change: breaks(func(s *Snapshot) {
			other := goodPrometheus()
			other.Namespace, other.Name = "team", "other"
			s.Prometheuses.Items = append(s.Prometheuses.Items, other)
			s.Prometheuses.Items[0].Spec.ServiceMonitorSelector.MatchLabels = map[string]string{"release": "main"}
		})},

	{name: "Prometheuses not installed", sentence: true, reason: PrometheusesUnknown,
		change: breaks(func(s *Snapshot) { s.Prometheuses = Set[*monitoringv1.Prometheus]{State: NotInstalled} })},
	{name: "no Prometheus", sentence: true, reason: PrometheusNotFound,
		change: breaks(func(s *Snapshot) { s.Prometheuses = KnownSet[*monitoringv1.Prometheus]() })},
	{name: "no selector", reason: PrometheusTakesNoMonitors,
		change: breakPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ServiceMonitorSelector = nil })},
	{name: "namespaces not readable", sentence: true, reason: PrometheusSelectionUnknown,
		change: both(breakPrometheus(func(p *monitoringv1.Prometheus) {
			p.Spec.ServiceMonitorNamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"team": "infra"}}
		}), breaks(func(s *Snapshot) { s.Namespaces = Set[Namespace]{State: Unreadable} }))},
	{name: "default of the adapter's chart", sentence: true, reason: AdapterAsksNoPrometheus,
		change: breaks(func(s *Snapshot) { s.Adapter.PrometheusURL = "http://prometheus.default.svc:9090" })},
}
