package scrape

import (
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// job is a monitor of one endpoint, and a Prometheus with defaults.
func job(change func(*monitoringv1.Prometheus, *monitoringv1.ServiceMonitor, *monitoringv1.Endpoint)) Job {
	p := &monitoringv1.Prometheus{ObjectMeta: metav1.ObjectMeta{Namespace: "monitoring", Name: "p"}}
	m := &monitoringv1.ServiceMonitor{ObjectMeta: metav1.ObjectMeta{Namespace: "kong-system", Name: "m"}}
	m.Spec.Endpoints = []monitoringv1.Endpoint{{Port: "http"}}
	change(p, m, &m.Spec.Endpoints[0])
	return Job{
		Service:    pipeline.OperatorService{Namespace: "kong-system", Name: "metrics", Ports: []pipeline.ServicePort{{Name: "http", Port: 8080}}},
		Prometheus: p, Monitor: m,
		Histogram: &pipeline.Histogram{Name: "latency", Labels: map[string]string{"service": "echo"}, Replica: "replica", Prefix: "kubernetes_"},
	}
}

// What prometheus-operator refuses, as the comparison with the real one has shown.
func TestRejectionIsPrometheusOperators(t *testing.T) {
	type (
		prom = *monitoringv1.Prometheus
		sm   = *monitoringv1.ServiceMonitor
		ep   = *monitoringv1.Endpoint
	)
	reference := []monitoringv1.RelabelConfig{{TargetLabel: "${1}_x"}}
	tests := map[string]struct {
		change func(prom, sm, ep)
		want   string // empty if it is accepted
	}{
		"a timeout and the default interval": {func(_ prom, _ sm, e ep) { e.ScrapeTimeout = "30s" }, ""},
		"a timeout and an interval of zero":  {func(_ prom, _ sm, e ep) { e.Interval, e.ScrapeTimeout = "0s", "5s" }, "spec.endpoints[0].scrapeTimeout: 5s is longer than the interval of 0s"},
		"an interval of zero":                {func(_ prom, _ sm, e ep) { e.Interval = "0s" }, ""},
		"a reference in targetLabel":         {func(_ prom, _ sm, e ep) { e.MetricRelabelConfigs = reference }, ""},
		"a reference in targetLabel before version 3": {func(p prom, _ sm, e ep) { p.Spec.Version, e.MetricRelabelConfigs = "v2.55.1", reference },
			`spec.endpoints[0].metricRelabelings[0]: "${1}_x" is no name of a label`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := ""
			if m := job(tt.change).Rejection(); m != nil {
				got = m.String()
			}
			if got != tt.want {
				t.Errorf("rejected for %q, want %q", got, tt.want)
			}
		})
	}
}

// What Prometheus does not scrape although no relabeling drops it, and what it cannot see.
func TestTargetsAreThoseOfPrometheus(t *testing.T) {
	type (
		prom = *monitoringv1.Prometheus
		sm   = *monitoringv1.ServiceMonitor
		ep   = *monitoringv1.Endpoint
	)
	relabel := func(c monitoringv1.RelabelConfig) func(prom, sm, ep) {
		return func(_ prom, _ sm, e ep) { e.RelabelConfigs = []monitoringv1.RelabelConfig{c} }
	}
	interval := func(to string) func(prom, sm, ep) {
		return relabel(monitoringv1.RelabelConfig{TargetLabel: "__scrape_interval__", Replacement: ptr.To(to)})
	}
	bySlice := monitoringv1.RelabelConfig{Action: "keep", SourceLabels: []monitoringv1.LabelName{"__meta_kubernetes_endpointslice_port_name"}, Regex: "http"}
	tests := map[string]struct {
		change           func(prom, sm, ep)
		dropped, unknown string // a part of it; empty for none
	}{
		"without relabelings": {func(prom, sm, ep) {}, "", ""},
		"all labels dropped":  {relabel(monitoringv1.RelabelConfig{Action: "labeldrop"}), "leave no address", ""},
		"an interval":         {interval("5s"), "", ""},
		"no interval":         {interval(""), "leave no scrape interval", ""},
		"not an interval":     {interval("often"), "leave no scrape interval", ""},
		"a label of the role": {func(p prom, m sm, e ep) {
			m.Spec.ServiceDiscoveryRole = ptr.To(monitoringv1.EndpointSliceRole)
			relabel(bySlice)(p, m, e)
		}, "", ""},
		"a label of the other": {relabel(bySlice), "", "relabelings[0]"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := job(tt.change).Simulate(0, "http")
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []struct{ what, got, want string }{{"dropped", got.Dropped, tt.dropped}, {"unknown", got.Unknown, tt.unknown}} {
				if (c.got == "") != (c.want == "") || !strings.Contains(c.got, c.want) {
					t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
				}
			}
		})
	}
}

// targetPort 0 selects every port, and is nevertheless the label.
func TestEndpointLabel(t *testing.T) {
	q := job(func(_ *monitoringv1.Prometheus, _ *monitoringv1.ServiceMonitor, e *monitoringv1.Endpoint) {
		e.Port, e.TargetPort = "", ptr.To(intstr.FromInt32(0))
	})
	got, err := q.Simulate(0, "http")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Series) != 3 || got.Series[0].Labels["endpoint"] != "0" {
		t.Errorf("stored %v, want 3 series with the endpoint 0", got.Series)
	}
}

// For the sake of such a relabeling Prometheus refuses its whole configuration.
func TestRefusalOfAComparisonByRegex(t *testing.T) {
	q := job(func(_ *monitoringv1.Prometheus, _ *monitoringv1.ServiceMonitor, e *monitoringv1.Endpoint) {
		e.RelabelConfigs = []monitoringv1.RelabelConfig{{Action: "KeepEqual", SourceLabels: []monitoringv1.LabelName{"a"}, TargetLabel: "b", Regex: "(.*)"}}
	})
	if m := q.Rejection(); m != nil {
		t.Errorf("prometheus-operator refuses it: %s", m)
	}
	want := "spec.endpoints[0].relabelings[0].regex: cannot be set for the action KeepEqual"
	if m := q.Refusal(); !q.MayBeRefused() || m == nil || m.String() != want {
		t.Errorf("refusal %v, want %s", m, want)
	}
	q.Monitor.Spec.Endpoints[0].RelabelConfigs[0].Regex = ""
	if m := q.Refusal(); q.MayBeRefused() || m != nil {
		t.Errorf("refusal %v, want none", m)
	}
}

// What a labelmap makes depends on the order of labels, and not on what it has just made.
func TestLabelMapIsPrometheus(t *testing.T) {
	stored := func(change func(*monitoringv1.Endpoint)) map[string]string {
		t.Helper()
		q := job(func(_ *monitoringv1.Prometheus, _ *monitoringv1.ServiceMonitor, e *monitoringv1.Endpoint) { change(e) })
		got, err := q.Simulate(0, "http")
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Series) != 3 {
			t.Fatalf("stored %v, want 3 series", got.Series)
		}
		return got.Series[0].Labels
	}
	for range 20 {
		two := stored(func(e *monitoringv1.Endpoint) {
			e.MetricRelabelConfigs = []monitoringv1.RelabelConfig{{Action: "labelmap", Regex: "namespace|service", Replacement: ptr.To("either")}}
		})
		if two["either"] != "metrics" {
			t.Fatalf("stored %v, want the service of the target, which is the last", two)
		}
	}
	for range 20 {
		all := stored(func(e *monitoringv1.Endpoint) {
			e.RelabelConfigs = []monitoringv1.RelabelConfig{{Action: "labelmap", Regex: "(pod|container|x_.+)", Replacement: ptr.To("x_$1")}}
		})
		for name := range all {
			if strings.HasPrefix(name, "x_x_") {
				t.Fatalf("stored %v, in which %s was mapped twice", all, name)
			}
		}
	}
}
