package operator_test

import (
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// prometheusOf is a change of the Prometheus.
func prometheusOf(change func(*monitoringv1.PrometheusSpec)) func(*testing.T, *pipeline.Snapshot) {
	return func(_ *testing.T, s *pipeline.Snapshot) { change(&s.Prometheuses.Items[0].Spec) }
}

func relabeling(c monitoringv1.RelabelConfig) func(*testing.T, *pipeline.Snapshot) {
	return endpoint(func(e *monitoringv1.Endpoint) { e.RelabelConfigs = []monitoringv1.RelabelConfig{c} })
}

func interval(d monitoringv1.Duration) func(*testing.T, *pipeline.Snapshot) {
	return endpoint(func(e *monitoringv1.Endpoint) { e.Interval = d })
}

// Kin of the rows about the hops before the adapter, as the whole pipeline sees
// them: a hop that is broken must not make another one look broken.
func TestNeighboursBeforeTheAdapter(t *testing.T) {
	honor := endpoint(func(e *monitoringv1.Endpoint) { e.HonorLabels = true })
	nhcb := monitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.ConvertClassicHistogramsToNHCB = ptr.To(true) })
	runCases(t, []pipelineCase{
		// Labels.
		{name: "honorLabels overridden", change: both(honor, prometheusOf(func(p *monitoringv1.PrometheusSpec) { p.OverrideHonorLabels = true }))},
		{name: "namespace enforced", change: prometheusOf(func(p *monitoringv1.PrometheusSpec) { p.EnforcedNamespaceLabel = "namespace" })},
		{name: "target label service dropped", change: relabeling(monitoringv1.RelabelConfig{Action: "labeldrop", Regex: "service"}),
			want: []string{"ServiceMonitorLabelsLost"}},
		{name: "target label service dropped, better rule", change: both(better, relabeling(monitoringv1.RelabelConfig{Action: "labeldrop", Regex: "service"}))},
		{name: "target label pod dropped", change: relabeling(monitoringv1.RelabelConfig{Action: "labeldrop", Regex: "pod"})},
		{name: "target dropped", change: relabeling(monitoringv1.RelabelConfig{Action: "drop", SourceLabels: []monitoringv1.LabelName{"service"}, Regex: "kong-.*"}),
			want: []string{"ServiceMonitorTargetDropped"}},
		{name: "kubernetes labels dropped", change: metricRelabeling("labeldrop", "kubernetes_.*"), want: []string{"ServiceMonitorLabelsLost"}},
		{name: "sums dropped", change: metricRelabeling("drop", ".*_sum", "__name__"), want: []string{"ServiceMonitorSeriesDropped"}},
		{name: "drop is anchored", change: metricRelabeling("drop", "kong_upstream_latency", "__name__")},
		{name: "others kept only", change: metricRelabeling("keep", "up|go_.*", "__name__"), want: []string{"ServiceMonitorSeriesDropped"}},
		{name: "these kept only", change: metricRelabeling("keep", "kong_.*", "__name__")},
		{name: "native histograms", change: nhcb, want: []string{"ServiceMonitorHistogramsConverted"}},
		{name: "native histograms beside", change: both(nhcb, monitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.ScrapeClassicHistograms = ptr.To(true) }))},

		// The target.
		{name: "port https of the current docs", change: endpoint(func(e *monitoringv1.Endpoint) { e.Port = "https" }), want: []string{"ServiceMonitorPortMismatch"}},
		{name: "port as a number", change: endpoint(func(e *monitoringv1.Endpoint) { e.Port = "8080" }), want: []string{"ServiceMonitorPortMismatch"}},
		{name: "scheme https", change: endpoint(func(e *monitoringv1.Endpoint) { e.Scheme = ptr.To(monitoringv1.Scheme("https")) }),
			want: []string{"ServiceMonitorSchemeMismatch"}},
		{name: "path", change: endpoint(func(e *monitoringv1.Endpoint) { e.Path = "/stats" }), want: []string{"ServiceMonitorPathMismatch"}},
		{name: "selector of other labels", change: monitor(func(m *monitoringv1.ServiceMonitor) {
			m.Spec.Selector.MatchLabels = map[string]string{"app": "kong"}
		}), want: []string{"ServiceMonitorSelectorMismatch"}},
		{name: "selector of everything", change: monitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.Selector = metav1.LabelSelector{} })},
		{name: "no monitor", change: func(_ *testing.T, s *pipeline.Snapshot) { s.ServiceMonitors.Items = nil }, want: []string{"ServiceMonitorNotFound"}},
		{name: "monitors not installed", change: func(_ *testing.T, s *pipeline.Snapshot) {
			s.ServiceMonitors = pipeline.Set[*monitoringv1.ServiceMonitor]{State: pipeline.NotInstalled, Why: "ServiceMonitor is not installed"}
		}, want: []string{"ServiceMonitorsUnknown"}},
		{name: "moved, any namespace", change: both(namespace("monitoring"), monitor(func(m *monitoringv1.ServiceMonitor) {
			m.Namespace, m.Spec.NamespaceSelector.Any = "monitoring", true
		}))},
		{name: "moved, namespace named", change: both(namespace("monitoring"), monitor(func(m *monitoringv1.ServiceMonitor) {
			m.Namespace, m.Spec.NamespaceSelector.MatchNames = "monitoring", []string{"kong-system"}
		}))},
		{name: "other release", change: monitor(func(m *monitoringv1.ServiceMonitor) { m.Labels["release"] = "kps" }), want: []string{"ServiceMonitorNotSelected"}},
		{name: "Prometheus selects no monitors", change: prometheusOf(func(p *monitoringv1.PrometheusSpec) { p.ServiceMonitorSelector = nil }),
			want: []string{"PrometheusSelectsNoServiceMonitors"}},
		{name: "Prometheus selects all monitors", change: prometheusOf(func(p *monitoringv1.PrometheusSpec) { p.ServiceMonitorSelector = &metav1.LabelSelector{} })},
		{name: "Prometheus selects its own namespace", change: prometheusOf(func(p *monitoringv1.PrometheusSpec) { p.ServiceMonitorNamespaceSelector = nil }),
			want: []string{"ServiceMonitorNotSelected"}},

		// The interval.
		{name: "every 30 s", change: interval("30s")},
		{name: "every 45 s", change: interval("45s"), want: []string{"ServiceMonitorIntervalLong"}},
		{name: "every minute", change: interval("1m"), want: []string{"ServiceMonitorIntervalTooLong"}},

		// Kong.
		{name: "Service not listed", change: func(_ *testing.T, s *pipeline.Snapshot) { s.Extensions.Items[0].Services = []string{"other"} },
			want: []string{"ExtensionServiceNotListed"}},
		{name: "no extension", change: func(_ *testing.T, s *pipeline.Snapshot) { s.Extensions.Items = nil }, want: []string{"ExtensionMissing"}},
		{name: "several backends", change: func(_ *testing.T, s *pipeline.Snapshot) {
			rule := &s.HTTPRoutes.Items[0].Spec.Rules[0]
			more := *rule.BackendRefs[0].DeepCopy()
			more.Name = gatewayv1.ObjectName("echo-canary")
			rule.BackendRefs = append(rule.BackendRefs, more)
		}, want: []string{"RouteSeveralBackends"}},
	})
}

// Nothing is concluded from a cluster of which nothing is known.
func TestNothingKnown(t *testing.T) {
	found := diagnose(&pipeline.Snapshot{}).Findings()
	if len(found) == 0 {
		t.Error("nothing known, and nothing found")
	}
	for _, f := range found {
		if f.Severity != finding.Unknown {
			t.Errorf("got %v", f)
		}
	}
	declared(t, found)
}
