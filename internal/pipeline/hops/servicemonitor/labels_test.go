package servicemonitor_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// storedSum are the labels under which kong_upstream_latency_ms_sum is stored.
func storedSum(t *testing.T, change func(*pipeline.Snapshot)) (labels map[string]string, known bool) {
	t.Helper()
	s := pipelinetest.Good()
	change(s)
	got, _ := scraped(s)
	for _, x := range got.Series {
		if x.Name == latencySeries+"_sum" {
			return x.Labels, got.Known
		}
	}
	t.Fatalf("no sum among %v", got.Series)
	return nil, false
}

func TestStoredSeries(t *testing.T) {
	s := pipelinetest.Good()
	got, _ := scraped(s)
	labels := func(extra ...string) map[string]string {
		out := map[string]string{
			"namespace": "kong-system", "service": "kong-operator-metrics", "job": "kong-operator-metrics", "endpoint": "http",
			"pod": "kong-operator-controller-manager-5d9c7b8f64-x2k9q", "container": "manager", "instance": "10.0.0.8:8080",
			"exported_namespace": "default", "exported_service": "echo",
			"kubernetes_apiversion": "v1", "kubernetes_kind": "service", "kubernetes_name": "echo", "kubernetes_namespace": "default",
			"dataplane_url": "https://10-0-0-9.dataplane.default.svc:8444",
		}
		for i := 0; i < len(extra); i += 2 {
			out[extra[i]] = extra[i+1]
		}
		return out
	}
	want := []adapterconfig.Series{
		{Name: "kong_upstream_latency_ms_bucket", Labels: labels("le", "+Inf")},
		{Name: "kong_upstream_latency_ms_count", Labels: labels()},
		{Name: "kong_upstream_latency_ms_sum", Labels: labels()},
	}
	if diff := cmp.Diff(want, got.Series); diff != "" || !got.Known {
		t.Error(diff)
	}
}

// Section 3.4: which labels a series has in the end. A better rule serves all of
// these, so that nothing is fixed.
func TestStoredLabels(t *testing.T) {
	better := func(s *pipeline.Snapshot) {
		pipelinetest.Configure(&s.Adapter, generator.AdapterConfig(generator.AdapterRule(generator.Rule{})))
	}
	relabelings := func(list ...monitoringv1.RelabelConfig) func(*pipeline.Snapshot) {
		return pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.RelabelConfigs = list })
	}
	honor := pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.HonorLabels = true })
	for name, tt := range map[string]struct {
		change func(*pipeline.Snapshot)
		want   map[string]string // "" is absence
	}{
		"honorLabels": {honor, map[string]string{"namespace": "default", "service": "echo", "exported_service": "", "pod": "kong-operator-controller-manager-5d9c7b8f64-x2k9q"}},
		"honorLabels overridden": {pipelinetest.Together(honor, pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.OverrideHonorLabels = true })),
			map[string]string{"namespace": "kong-system", "exported_namespace": "default", "exported_service": "echo"}},
		"no target label": {relabelings(monitoringv1.RelabelConfig{Action: "labeldrop", Regex: "service"}),
			map[string]string{"service": "echo", "exported_service": "", "exported_namespace": "default"}},
		"another target label": {relabelings(monitoringv1.RelabelConfig{TargetLabel: "service", Replacement: ptr.To("operator")}),
			map[string]string{"service": "operator", "exported_service": "echo"}},
		"exported twice": {relabelings(monitoringv1.RelabelConfig{TargetLabel: "exported_service", Replacement: ptr.To("x")}),
			map[string]string{"exported_service": "x", "exported_exported_service": "echo"}},
		"enforced namespace": {pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.EnforcedNamespaceLabel = "namespace" }),
			map[string]string{"namespace": "kong-system", "exported_namespace": "default"}},
		"enforced label": {pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.EnforcedNamespaceLabel = "tenant" }),
			map[string]string{"tenant": "kong-system"}},
		"excluded from enforcement": {pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) {
			p.Spec.EnforcedNamespaceLabel = "tenant"
			p.Spec.ExcludedFromEnforcement = []monitoringv1.ObjectReference{{Resource: "servicemonitors", Namespace: "kong-system"}}
		}), map[string]string{"tenant": ""}},
		"jobLabel":        {pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.JobLabel = "app.kubernetes.io/component" }), map[string]string{"job": "ko"}},
		"absent jobLabel": {pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.JobLabel = "tier" }), map[string]string{"job": "kong-operator-metrics"}},
		"targetLabels": {pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.TargetLabels = []string{"control-plane", "tier"} }),
			map[string]string{"control_plane": "controller-manager", "tier": ""}},
		"podTargetLabels": {pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.PodTargetLabels = []string{"app"} }), map[string]string{"app": sim.Placeholder}},
		"a Service's label": {relabelings(monitoringv1.RelabelConfig{SourceLabels: []monitoringv1.LabelName{"__meta_kubernetes_service_label_control_plane"}, TargetLabel: "plane"}),
			map[string]string{"plane": "controller-manager"}},
		"Service labels": {relabelings(monitoringv1.RelabelConfig{Action: "LabelMap", Regex: "__meta_kubernetes_service_label_(.+)"}),
			map[string]string{"control_plane": "controller-manager"}},
		"a node's name": {relabelings(monitoringv1.RelabelConfig{SourceLabels: []monitoringv1.LabelName{"__meta_kubernetes_pod_node_name"}, TargetLabel: "node"}),
			map[string]string{"node": sim.Placeholder}},
		"a constant": {relabelings(monitoringv1.RelabelConfig{SourceLabels: []monitoringv1.LabelName{"__meta_kubernetes_pod_node_name"}, TargetLabel: "cluster", Replacement: ptr.To("a")}),
			map[string]string{"cluster": "a"}},
		"scrape class": {pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) {
			p.Spec.ScrapeClasses = []monitoringv1.ScrapeClass{{Name: "other", Relabelings: []monitoringv1.RelabelConfig{{TargetLabel: "other", Replacement: ptr.To("b")}}}, {
				Name: "default", Default: ptr.To(true),
				Relabelings:       []monitoringv1.RelabelConfig{{TargetLabel: "cluster", Replacement: ptr.To("a")}},
				MetricRelabelings: []monitoringv1.RelabelConfig{{SourceLabels: []monitoringv1.LabelName{"cluster"}, TargetLabel: "zone"}},
			}}
		}), map[string]string{"cluster": "a", "zone": "a", "other": ""}},
		"scrape class first": {pipelinetest.Together(pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) {
			p.Spec.ScrapeClasses = []monitoringv1.ScrapeClass{{Name: "c", MetricRelabelings: []monitoringv1.RelabelConfig{{TargetLabel: "zone", Replacement: ptr.To("class")}}}}
		}), pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) {
			m.Spec.ScrapeClassName = ptr.To("c")
			m.Spec.Endpoints[0].MetricRelabelConfigs = []monitoringv1.RelabelConfig{{SourceLabels: []monitoringv1.LabelName{"zone"}, TargetLabel: "zone", Replacement: ptr.To("$1-monitor")}}
		})), map[string]string{"zone": "class-monitor"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, known := storedSum(t, pipelinetest.Together(better, tt.change))
			for label, want := range tt.want {
				if got[label] != want {
					t.Errorf("%s: got %q, want %q", label, got[label], want)
				}
			}
			if !known {
				t.Error("not known")
			}
		})
	}
}

// What relabelings, honorLabels and native histograms break, under the guide's rule.
func TestScrapeLabels(t *testing.T) {
	metric := func(list ...monitoringv1.RelabelConfig) func(*pipeline.Snapshot) {
		return pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.MetricRelabelConfigs = list })
	}
	target := func(list ...monitoringv1.RelabelConfig) func(*pipeline.Snapshot) {
		return pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.RelabelConfigs = list })
	}
	on := func(action, regex string, source ...monitoringv1.LabelName) monitoringv1.RelabelConfig {
		return monitoringv1.RelabelConfig{Action: action, Regex: regex, SourceLabels: source}
	}
	class := func(c monitoringv1.ScrapeClass) func(*pipeline.Snapshot) {
		return pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) {
			c.Name, c.Default = "default", ptr.To(true)
			p.Spec.ScrapeClasses = []monitoringv1.ScrapeClass{c}
		})
	}
	better := func(s *pipeline.Snapshot) {
		pipelinetest.Configure(&s.Adapter, generator.AdapterConfig(generator.AdapterRule(generator.Rule{})))
	}
	noRule := func(s *pipeline.Snapshot) { pipelinetest.Configure(&s.Adapter, "rules: []\n") }
	noConfig := func(s *pipeline.Snapshot) { s.Adapter = pipeline.Adapter{} }
	honor := pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.HonorLabels = true })
	native := pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.ConvertClassicHistogramsToNHCB = ptr.To(true) })
	enforced := pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.EnforcedNamespaceLabel = "kubernetes_namespace" })
	lost, dropped := []*finding.Reason{servicemonitor.LabelsLost}, []*finding.Reason{servicemonitor.SeriesDropped}
	gone, unknown := []*finding.Reason{servicemonitor.TargetDropped}, []*finding.Reason{servicemonitor.RelabelingUnknown}
	converted := []*finding.Reason{servicemonitor.HistogramsConverted}
	runScrapeCases(t, []scrapeCase{
		{name: "honorLabels", change: honor, want: []*finding.Reason{servicemonitor.HonorLabels}, says: []string{"exported_service"}},
		{name: "honorLabels under the better rule", change: pipelinetest.Together(honor, better)},
		{name: "honorLabels without a rule", change: pipelinetest.Together(honor, noRule)},
		{name: "honorLabels without a configuration", change: pipelinetest.Together(honor, noConfig)},
		{name: "honorLabels overridden", change: pipelinetest.Together(honor, pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.OverrideHonorLabels = true }))},
		{name: "target label service dropped", change: target(on("labeldrop", "service")), want: lost, says: []string{"relabelings[0]", "labeldrop"}},
		{name: "target label service dropped under the better rule", change: pipelinetest.Together(target(on("labeldrop", "service")), better)},
		{name: "target label replaced", change: target(monitoringv1.RelabelConfig{TargetLabel: "service", Replacement: ptr.To("x")})},
		{name: "enforced namespace", change: pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.EnforcedNamespaceLabel = "namespace" })},
		{name: "enforced label of the Service's namespace", change: enforced},
		{name: "enforced label of the Service's namespace, under the better rule", change: pipelinetest.Together(enforced, better), want: lost, sentence: true},

		{name: "drop _sum", change: metric(on("drop", "kong_upstream_latency_ms_sum", "__name__")), want: dropped, says: []string{"metricRelabelings[0]"}},
		{name: "drop _count", change: metric(on("drop", ".*_count", "__name__")), want: dropped},
		{name: "drop _count without a configuration", change: pipelinetest.Together(metric(on("drop", ".*_count", "__name__")), noConfig), want: dropped},
		{name: "drop _bucket", change: metric(on("drop", ".*_bucket", "__name__"))},
		{name: "drop the bare name", change: metric(on("drop", "kong_upstream_latency", "__name__"))},
		{name: "labeldrop exported", change: metric(on("labeldrop", "exported_.*")), want: lost},
		{name: "labeldrop exported under the better rule", change: pipelinetest.Together(metric(on("labeldrop", "exported_.*")), better)},
		{name: "labeldrop kubernetes", change: metric(on("labeldrop", "kubernetes_.*")), want: lost},
		{name: "labeldrop kubernetes under the better rule", change: pipelinetest.Together(metric(on("labeldrop", "kubernetes_.*")), better), want: lost},
		{name: "labeldrop kubernetes without a configuration", change: pipelinetest.Together(metric(on("labeldrop", "kubernetes_.*")), noConfig), want: lost},
		{name: "labeldrop of the data plane", change: metric(on("labeldrop", "dataplane_url"))},
		{name: "keep others", change: metric(on("keep", "go_.*", "__name__")), want: dropped},
		{name: "keep these", change: metric(on("keep", "kong_.*", "__name__"))},
		{name: "drop this namespace", change: metric(on("drop", "default", "kubernetes_namespace")), want: dropped},
		{name: "drop another namespace", change: metric(on("drop", "shop", "kubernetes_namespace"))},
		{name: "rename", change: metric(monitoringv1.RelabelConfig{SourceLabels: []monitoringv1.LabelName{"__name__"}, Regex: "kong_(.*)", TargetLabel: "__name__"}), want: dropped},
		{name: "labelkeep", change: metric(on("labelkeep", "__name__|le|exported_.*|kubernetes_.*"))},
		{name: "labelkeep without exported", change: metric(on("labelkeep", "__name__|le|kubernetes_.*")), want: lost},
		{name: "two that each would do", change: metric(on("labeldrop", "exported_.*"), on("labeldrop", "exported_service")), want: lost},
		{name: "scrape class drops", change: class(monitoringv1.ScrapeClass{MetricRelabelings: []monitoringv1.RelabelConfig{on("drop", ".*_sum", "__name__")}}),
			want: dropped, sentence: true},
		{name: "scrape class drops the target", change: class(monitoringv1.ScrapeClass{Relabelings: []monitoringv1.RelabelConfig{on("drop", "kong-.*", "namespace")}}),
			want: gone, sentence: true},

		{name: "drop the target", change: target(on("drop", "kong-system", "__meta_kubernetes_namespace")), want: gone, says: []string{"relabelings[0]"}},
		{name: "keep another job", change: target(on("keep", "x", "job")), want: gone},
		{name: "keep the target", change: target(on("keep", "kong-system", "namespace"), on("keep", "true", "__meta_kubernetes_service_labelpresent_control_plane"))},
		{name: "keep what is ready", change: target(on("keep", "true", "__meta_kubernetes_endpoint_ready"))},

		{name: "keep by a pod's label", change: target(on("keep", "a", "__meta_kubernetes_pod_label_app")), want: unknown, says: []string{"endpoints[0].relabelings[0]"}},
		{name: "service from a pod's label", change: target(monitoringv1.RelabelConfig{SourceLabels: []monitoringv1.LabelName{"__meta_kubernetes_pod_label_app"}, TargetLabel: "service"}), want: unknown},
		{name: "a label named after one", change: target(monitoringv1.RelabelConfig{SourceLabels: []monitoringv1.LabelName{"__meta_kubernetes_pod_label_app"}, TargetLabel: "$1"}), want: unknown},
		{name: "all pod labels", change: target(on("labelmap", "__meta_kubernetes_pod_label_(.+)")), want: unknown},
		{name: "all pod labels, apart", change: target(monitoringv1.RelabelConfig{Action: "labelmap", Regex: "__meta_kubernetes_pod_label_(.+)", Replacement: ptr.To("pod_label_$1")})},
		{name: "another address", change: target(monitoringv1.RelabelConfig{SourceLabels: []monitoringv1.LabelName{"__meta_kubernetes_pod_ip"}, TargetLabel: "__address__"}), want: unknown},
		{name: "keep one pod", change: metric(on("keep", "kong-0", "pod")), want: unknown},
		{name: "name from a copied value", change: pipelinetest.Together(target(monitoringv1.RelabelConfig{SourceLabels: []monitoringv1.LabelName{"__meta_kubernetes_pod_node_name"}, TargetLabel: "node"}),
			metric(monitoringv1.RelabelConfig{SourceLabels: []monitoringv1.LabelName{"node"}, TargetLabel: "kubernetes_name"})), want: unknown},
		{name: "hash of an address", change: target(monitoringv1.RelabelConfig{Action: "hashmod", Modulus: 4, SourceLabels: []monitoringv1.LabelName{"__address__"}, TargetLabel: "__tmp_hash"},
			on("keep", "1", "__tmp_hash")), want: unknown},

		{name: "native histograms", change: native, want: converted},
		{name: "native histograms beside classic ones", change: pipelinetest.Together(native, pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.ScrapeClassicHistograms = ptr.To(true) }))},
		{name: "native histograms everywhere", change: pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ConvertClassicHistogramsToNHCB = ptr.To(true) }), want: converted},
		{name: "native histograms everywhere, classic ones too", change: pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) {
			p.Spec.ConvertClassicHistogramsToNHCB, p.Spec.ScrapeClassicHistograms = ptr.To(true), ptr.To(true)
		})},
		{name: "native histograms everywhere but here", change: pipelinetest.Together(pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ConvertClassicHistogramsToNHCB = ptr.To(true) }),
			pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.ConvertClassicHistogramsToNHCB = ptr.To(false) }))},
		{name: "native histograms in version 2", change: pipelinetest.Together(native, pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.Version = "v2.54.1" }))},
		{name: "native histograms and honorLabels", change: pipelinetest.Together(native, honor), want: converted},

		{name: "few labels allowed", change: pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.LabelLimit = ptr.To[int64](5) }),
			want: []*finding.Reason{servicemonitor.LimitExceeded}, says: []string{"labelLimit 5"}},
		{name: "many labels allowed", change: pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.LabelLimit = ptr.To[int64](30) })},
		{name: "short names allowed", change: pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.LabelNameLengthLimit = ptr.To[int64](20) }),
			want: []*finding.Reason{servicemonitor.LimitExceeded}},
		{name: "one sample allowed", change: pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.SampleLimit = ptr.To[int64](1) }),
			want: []*finding.Reason{servicemonitor.LimitExceeded}},
		{name: "few labels enforced", change: pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.EnforcedLabelLimit = ptr.To[int64](5) }),
			want: []*finding.Reason{servicemonitor.LimitExceeded}, sentence: true},
	})
}

// What the rules are judged by: if a monitor is fixed, by what it stores then.
func TestScrapedWhenMended(t *testing.T) {
	for name, change := range map[string]func(*pipeline.Snapshot){
		"honorLabels": pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.HonorLabels = true }),
		"no monitor":  func(s *pipeline.Snapshot) { s.ServiceMonitors.Items = nil },
		"no Service":  func(s *pipeline.Snapshot) { s.OperatorServices.Items = nil },
		"no port":     pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.Port = "x" }),
		"no takers":   pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ServiceMonitorSelector = nil }),
	} {
		t.Run(name, func(t *testing.T) {
			labels, known := storedSum(t, change)
			if labels["exported_service"] != "echo" || !known {
				t.Errorf("known %v, %v", known, labels)
			}
		})
	}
	for name, change := range map[string]func(*pipeline.Snapshot){
		"monitors": func(s *pipeline.Snapshot) { s.ServiceMonitors.State = pipeline.NotInstalled },
		"Services": func(s *pipeline.Snapshot) { s.OperatorServices.State = pipeline.Unreadable },
	} {
		t.Run("unknown "+name, func(t *testing.T) {
			if _, known := storedSum(t, change); known {
				t.Error("a guess is not knowledge")
			}
		})
	}
}
