package operator_test

import (
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/prometheus"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// breakOperator changes the operator's Service.
func breakOperator(c func(*pipeline.OperatorService)) func(*testing.T, *pipeline.Snapshot) {
	return breaks(func(s *pipeline.Snapshot) { c(&s.OperatorServices.Items[0]) })
}

// breakPrometheus changes the only Prometheus.
func breakPrometheus(c func(*monitoringv1.Prometheus)) func(*testing.T, *pipeline.Snapshot) {
	return breaks(func(s *pipeline.Snapshot) { c(s.Prometheuses.Items[0]) })
}

// breakMonitor changes the monitor, if another breaker has left it.
func breakMonitor(c func(*monitoringv1.ServiceMonitor)) func(*testing.T, *pipeline.Snapshot) {
	return breaks(func(s *pipeline.Snapshot) {
		for _, m := range s.ServiceMonitors.Items {
			c(m)
		}
	})
}

func breakEndpoint(c func(*monitoringv1.Endpoint)) func(*testing.T, *pipeline.Snapshot) {
	return breakMonitor(func(m *monitoringv1.ServiceMonitor) { c(&m.Spec.Endpoints[0]) })
}

// breakSeries gives the endpoint one relabeling of its series.
func breakSeries(action, regex string, source ...monitoringv1.LabelName) func(*testing.T, *pipeline.Snapshot) {
	return breakEndpoint(func(e *monitoringv1.Endpoint) {
		e.MetricRelabelConfigs = []monitoringv1.RelabelConfig{{Action: action, Regex: regex, SourceLabels: source}}
	})
}

// breakTarget gives the endpoint one relabeling of its target.
func breakTarget(c monitoringv1.RelabelConfig) func(*testing.T, *pipeline.Snapshot) {
	return breakEndpoint(func(e *monitoringv1.Endpoint) { e.RelabelConfigs = []monitoringv1.RelabelConfig{c} })
}

// breakOldOperator is the chart gateway-operator with an operator that serves TLS
// behind a check of the token, and a monitor that fits.
func breakOldOperator() func(*testing.T, *pipeline.Snapshot) {
	return both(
		breakOperator(func(o *pipeline.OperatorService) {
			o.Name = "kgo-gateway-operator-metrics-service"
			o.Labels = map[string]string{"control-plane": "controller-manager", "app.kubernetes.io/version": "1.4"}
			o.Ports = []pipeline.ServicePort{{Name: "https", Port: 8443, TargetPort: "https"}}
		}),
		breakEndpoint(func(e *monitoringv1.Endpoint) {
			e.Port, e.Scheme = "https", ptr.To(monitoringv1.Scheme("https"))
			servicemonitor.WithToken(e)
			servicemonitor.WithoutVerification(e)
		}),
	)
}

// monitorBreakers are those of the hop service-monitor.
var monitorBreakers = []breaker{
	{name: "no monitor", reason: servicemonitor.NotFound,
		change: breaks(func(s *pipeline.Snapshot) { s.ServiceMonitors = pipeline.KnownSet[*monitoringv1.ServiceMonitor]() })},
	{name: "no monitor, old operator", reason: servicemonitor.NotFound,
		change: both(breakOldOperator(), breaks(func(s *pipeline.Snapshot) { s.ServiceMonitors = pipeline.KnownSet[*monitoringv1.ServiceMonitor]() }))},
	{name: "no monitor, slow Prometheus", reason: servicemonitor.NotFound,
		change: both(breakPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ScrapeInterval = "2m" }),
			breaks(func(s *pipeline.Snapshot) { s.ServiceMonitors = pipeline.KnownSet[*monitoringv1.ServiceMonitor]() }))},
	{name: "only monitors of others", reason: servicemonitor.NotFound,
		change: breakMonitor(func(m *monitoringv1.ServiceMonitor) {
			m.Namespace, m.Name = "shop", "shop"
			m.Spec.Selector.MatchLabels = map[string]string{"app": "shop"}
		})},
	{name: "timeout over the interval", reason: servicemonitor.Rejected,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) { e.Interval, e.ScrapeTimeout = "10s", "20s" })},
	{name: "files denied", reason: servicemonitor.Rejected,
		change: both(breakEndpoint(servicemonitor.WithToken), breakPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ArbitraryFSAccessThroughSMs.Deny = true }))},
	{name: "bad relabeling", reason: servicemonitor.Rejected,
		change: breakTarget(monitoringv1.RelabelConfig{Action: "drop", Regex: "([", SourceLabels: []monitoringv1.LabelName{"job"}})},
	{name: "unknown scrape class", reason: servicemonitor.Rejected,
		change: breakMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.ScrapeClassName = ptr.To("none") })},
	{name: "port that is no regular expression", reason: servicemonitor.ConfigRefused,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) { e.Port = "([" })},
	{name: "comparison with a regular expression", reason: servicemonitor.ConfigRefused, change: breakTarget(monitoringv1.RelabelConfig{
		Action: "DropEqual", SourceLabels: []monitoringv1.LabelName{"job"}, TargetLabel: "none", Regex: "(.*)"})},
	{name: "two ways to authenticate", reason: servicemonitor.ConfigRefused, uncovers: servicemonitor.SecretUnknown,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) {
			servicemonitor.WithToken(e)
			e.Authorization = &monitoringv1.SafeAuthorization{Credentials: &corev1.SecretKeySelector{
				LocalObjectReference: corev1.LocalObjectReference{Name: "token"}, Key: "token"}}
		})},
	{name: "monitor moved", reason: servicemonitor.NamespaceMismatch,
		change: both(namespace("monitoring"), breakMonitor(func(m *monitoringv1.ServiceMonitor) { m.Namespace = "monitoring" }))},
	{name: "namespaceSelector elsewhere", reason: servicemonitor.NamespaceMismatch,
		change: breakMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.NamespaceSelector.MatchNames = []string{"default"} })},
	{name: "selector off by one label", reason: servicemonitor.SelectorMismatch,
		change: breakMonitor(func(m *monitoringv1.ServiceMonitor) {
			m.Spec.Selector.MatchLabels = map[string]string{"control-plane": "controller-manager", "app.kubernetes.io/component": "kgo"}
		})},
	{name: "port of the guide", reason: servicemonitor.PortMismatch,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) { e.Port = "https" })},
	{name: "port by its number", reason: servicemonitor.PortMismatch,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) { e.Port = "8080" })},
	{name: "https for a port of http", reason: servicemonitor.SchemeMismatch,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) { e.Scheme = ptr.To(monitoringv1.Scheme("https")) })},
	{name: "http for an old operator", reason: servicemonitor.SchemeMismatch,
		change: both(breakOldOperator(), breakEndpoint(func(e *monitoringv1.Endpoint) { e.Scheme = nil }))},
	{name: "no token for an old operator", reason: servicemonitor.TokenMissing,
		change: both(breakOldOperator(), breakEndpoint(func(e *monitoringv1.Endpoint) {
			e.BearerTokenFile = "" //nolint:staticcheck // deprecated, and what the guide has
		}))},
	{name: "verification of an old operator", reason: servicemonitor.CertificateRefused,
		change: both(breakOldOperator(), breakEndpoint(func(e *monitoringv1.Endpoint) { e.TLSConfig = nil }))},
	{name: "another path", reason: servicemonitor.PathMismatch,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) { e.Path = "/stats" })},
	{name: "every two minutes", reason: servicemonitor.IntervalTooLong,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) { e.Interval = "2m" })},
	{name: "every minute by the Prometheus", reason: servicemonitor.IntervalTooLong,
		change: breakPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ScrapeInterval = "60s" })},
	{name: "every 45 seconds", reason: servicemonitor.IntervalLong,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) { e.Interval, e.ScrapeTimeout = "45s", "40s" })},
	{name: "target dropped", reason: servicemonitor.TargetDropped,
		change: breakTarget(monitoringv1.RelabelConfig{Action: "drop", Regex: "kong-.*", SourceLabels: []monitoringv1.LabelName{"service"}})},
	{name: "honorLabels", reason: servicemonitor.HonorLabels,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) { e.HonorLabels = true })},
	{name: "counts dropped", reason: servicemonitor.SeriesDropped,
		change: breakSeries("drop", "kong_upstream_latency_ms_count", "__name__")},
	{name: "other series kept", reason: servicemonitor.SeriesDropped,
		change: breakSeries("keep", "controller_.*", "__name__")},
	{name: "exported labels dropped", reason: servicemonitor.LabelsLost,
		change: breakSeries("labeldrop", "exported_.*")},
	{name: "Kubernetes labels dropped", reason: servicemonitor.LabelsLost,
		change: breakSeries("labeldrop", "kubernetes_.*")},
	{name: "label service of the target dropped", reason: servicemonitor.LabelsLost,
		change: breakTarget(monitoringv1.RelabelConfig{Action: "labeldrop", Regex: "service"})},
	{name: "native histograms", reason: servicemonitor.HistogramsConverted,
		change: breakMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.ConvertClassicHistogramsToNHCB = ptr.To(true) })},
	{name: "one sample allowed", reason: servicemonitor.LimitExceeded,
		change: breakMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.SampleLimit = ptr.To[int64](1) })},

	{name: "Services not readable", sentence: true, reason: servicemonitor.OperatorServiceUnknown,
		change: breaks(func(s *pipeline.Snapshot) {
			s.OperatorServices = pipeline.Set[pipeline.OperatorService]{State: pipeline.Unreadable}
		})},
	{name: "two Services", sentence: true, reason: servicemonitor.OperatorServiceAmbiguous,
		change: breaks(func(s *pipeline.Snapshot) {
			other := s.OperatorServices.Items[0]
			other.Namespace = "kong-two"
			s.OperatorServices.Items = append(s.OperatorServices.Items, other)
		})},
	{name: "no Service", sentence: true, reason: servicemonitor.OperatorServiceNotFound,
		change: breaks(func(s *pipeline.Snapshot) { s.OperatorServices = pipeline.KnownSet[pipeline.OperatorService]() })},
	{name: "monitors not installed", sentence: true, reason: servicemonitor.Unknown,
		change: breaks(func(s *pipeline.Snapshot) {
			s.ServiceMonitors = pipeline.Set[*monitoringv1.ServiceMonitor]{State: pipeline.NotInstalled}
		})},
	{name: "token from a Secret", sentence: true, reason: servicemonitor.SecretUnknown,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) {
			e.Authorization = &monitoringv1.SafeAuthorization{Credentials: &corev1.SecretKeySelector{
				LocalObjectReference: corev1.LocalObjectReference{Name: "token"}, Key: "token"}}
		})},
	{name: "container's port by number", reason: servicemonitor.PortUnknown,
		change: breakEndpoint(func(e *monitoringv1.Endpoint) { e.Port, e.TargetPort = "", ptr.To(intstr.FromInt32(8080)) })},
	{name: "port https of an unknown version", sentence: true, reason: servicemonitor.SchemeUnknown,
		change: both(breakOldOperator(), breakOperator(func(o *pipeline.OperatorService) { delete(o.Labels, "app.kubernetes.io/version") }))},
	{name: "a regular expression that explodes", sentence: true, reason: servicemonitor.TooLarge,
		change: breakSeries("drop", "("+strings.Repeat("a", 3000)+"){1000}", "__name__")},
	{name: "labels computed", sentence: true, reason: servicemonitor.RelabelingUnknown,
		change: breakTarget(monitoringv1.RelabelConfig{
			TargetLabel: "service", SourceLabels: []monitoringv1.LabelName{"__meta_kubernetes_pod_annotation_service"}})},
}

// prometheusBreakers are those of the hop prometheus.
var prometheusBreakers = []breaker{
	{name: "no label release", reason: servicemonitor.NotSelected,
		change: breakMonitor(func(m *monitoringv1.ServiceMonitor) { m.Labels = nil })},
	{name: "own namespace only", reason: servicemonitor.NotSelected,
		change: breakPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ServiceMonitorNamespaceSelector = nil })},
	{name: "namespaces by label", reason: servicemonitor.NotSelected,
		change: both(breakPrometheus(func(p *monitoringv1.Prometheus) {
			p.Spec.ServiceMonitorNamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"team": "infra"}}
		}), breaks(func(s *pipeline.Snapshot) {
			s.Namespaces.Items = append(s.Namespaces.Items, pipeline.Namespace{Name: "infra", Labels: map[string]string{"team": "infra"}})
		}))},
	{name: "labels by expression", reason: servicemonitor.NotSelected,
		change: breakPrometheus(func(p *monitoringv1.Prometheus) {
			p.Spec.ServiceMonitorSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
				{Key: "team", Operator: metav1.LabelSelectorOpIn, Values: []string{"a", "b"}},
				{Key: "release", Operator: metav1.LabelSelectorOpDoesNotExist},
			}}
		})},
	{name: "taken by another", reason: servicemonitor.SelectedByOther,
		change: breaks(func(s *pipeline.Snapshot) {
			other := pipelinetest.GoodPrometheus()
			other.Namespace, other.Name = "team", "other"
			s.Prometheuses.Items = append(s.Prometheuses.Items, other)
			s.Prometheuses.Items[0].Spec.ServiceMonitorSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"release": "main"}}
		})},

	{name: "Prometheuses not installed", sentence: true, reason: prometheus.Unknown,
		change: breaks(func(s *pipeline.Snapshot) {
			s.Prometheuses = pipeline.Set[*monitoringv1.Prometheus]{State: pipeline.NotInstalled}
		})},
	{name: "no Prometheus", sentence: true, reason: prometheus.NotFound,
		change: breaks(func(s *pipeline.Snapshot) { s.Prometheuses = pipeline.KnownSet[*monitoringv1.Prometheus]() })},
	{name: "the adapter queries something else", sentence: true, reason: prometheus.NotKnown,
		change: breaks(func(s *pipeline.Snapshot) { s.Adapter.PrometheusURL = "http://mimir.mimir.svc/prometheus" })},
	{name: "shards", sentence: true, reason: prometheus.Sharded,
		change: breakPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.Shards = ptr.To[int32](3) })},
	{name: "no monitor, and another way", sentence: true, reason: servicemonitor.ScrapedOtherwise,
		change: both(breaks(func(s *pipeline.Snapshot) { s.ServiceMonitors.Items = nil }),
			breakPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.EnableRemoteWriteReceiver = true }))},
	{name: "no selector", reason: prometheus.SelectsNoServiceMonitors,
		change: breakPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ServiceMonitorSelector = nil })},
	{name: "namespaces not readable", sentence: true, reason: prometheus.SelectionUnknown,
		change: both(breakPrometheus(func(p *monitoringv1.Prometheus) {
			p.Spec.ServiceMonitorNamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"team": "infra"}}
		}), breaks(func(s *pipeline.Snapshot) {
			s.Namespaces = pipeline.Set[pipeline.Namespace]{State: pipeline.Unreadable}
		}))},
	{name: "default of the adapter's chart", sentence: true, reason: prometheus.NotQueried,
		change: breaks(func(s *pipeline.Snapshot) { s.Adapter.PrometheusURL = "http://prometheus.default.svc:9090" })},
}
