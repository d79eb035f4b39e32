package operator

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func server() *monitoringv1.Prometheus {
	p := &monitoringv1.Prometheus{ObjectMeta: metav1.ObjectMeta{Namespace: "prometheus", Name: "p"}}
	p.Spec.ServiceMonitorSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"release": "prometheus"}}
	p.Spec.ServiceMonitorNamespaceSelector = &metav1.LabelSelector{}
	p.Spec.ScrapeInterval = "5s"
	return p
}

func service() *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kong-system", Name: "metrics", Labels: map[string]string{"control-plane": "manager"}},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "http", Port: 8080}}},
	}
}

func monitor() monitoringv1.ServiceMonitor {
	return monitoringv1.ServiceMonitor{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kong-system", Name: "m", Labels: map[string]string{"release": "prometheus"}},
		Spec: monitoringv1.ServiceMonitorSpec{
			Selector:  metav1.LabelSelector{MatchLabels: map[string]string{"control-plane": "manager"}},
			Endpoints: []monitoringv1.Endpoint{{Port: "http"}},
		},
	}
}

// behind is the Service with a target at an address.
func behind(address string) []served {
	return []served{{*service(), []Target{{Address: address, Pod: "manager-0"}}}}
}

func TestConfiguration(t *testing.T) {
	second := monitor()
	second.Name = "a"
	second.Spec.Endpoints = []monitoringv1.Endpoint{{Port: "https"}, {
		Port: "http", Path: "/m", Interval: "20s", ScrapeTimeout: "4s", HonorLabels: true, Scheme: new(monitoringv1.Scheme("HTTPS")),
	}}
	text, err := configuration(server(), []monitoringv1.ServiceMonitor{monitor(), second}, behind("127.0.0.1:1234"), "more.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := `global:
  scrape_interval: 5s
scrape_config_files:
  - more.yaml
scrape_configs:
  - job_name: serviceMonitor/kong-system/a/1
    honor_labels: true
    scrape_interval: 20s
    scrape_timeout: 4s
    scheme: https
    metrics_path: /m
    static_configs:
      - targets:
          - 127.0.0.1:1234
        labels:
          endpoint: http
          job: metrics
          namespace: kong-system
          pod: manager-0
          service: metrics
  - job_name: serviceMonitor/kong-system/m/0
    honor_labels: false
    scheme: http
    metrics_path: /metrics
    static_configs:
      - targets:
          - 127.0.0.1:1234
        labels:
          endpoint: http
          job: metrics
          namespace: kong-system
          pod: manager-0
          service: metrics
`
	if d := cmp.Diff(want, string(text)); d != "" {
		t.Errorf("configuration (-want +got):\n%s", d)
	}
}

func TestWhichMonitorsCount(t *testing.T) {
	type (
		prom = *monitoringv1.Prometheus
		sm   = *monitoringv1.ServiceMonitor
	)
	impossible := []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Near"}}
	tests := map[string]struct {
		change func(prom, sm)
		jobs   int
		err    string
	}{
		"the one that fits":      {func(prom, sm) {}, 1, ""},
		"without the label":      {func(_ prom, m sm) { m.Labels = nil }, 0, ""},
		"no selector":            {func(p prom, _ sm) { p.Spec.ServiceMonitorSelector = nil }, 0, ""},
		"empty selector":         {func(p prom, m sm) { *p.Spec.ServiceMonitorSelector, m.Labels = metav1.LabelSelector{}, nil }, 1, ""},
		"only its own namespace": {func(p prom, _ sm) { p.Spec.ServiceMonitorNamespaceSelector = nil }, 0, ""},
		"in another namespace":   {func(_ prom, m sm) { m.Namespace = "prometheus" }, 0, ""},
		"names the namespace": {func(_ prom, m sm) {
			m.Namespace, m.Spec.NamespaceSelector.MatchNames = "prometheus", []string{"kong-system"}
		}, 1, ""},
		"any namespace":           {func(_ prom, m sm) { m.Namespace, m.Spec.NamespaceSelector.Any = "prometheus", true }, 1, ""},
		"other labels":            {func(_ prom, m sm) { m.Spec.Selector.MatchLabels["a"] = "b" }, 0, ""},
		"number of the port":      {func(_ prom, m sm) { m.Spec.Endpoints[0].Port = "8080" }, 0, ""},
		"unsupported settings":    {func(_ prom, m sm) { m.Spec.Endpoints[0].HonorTimestamps = new(true) }, 0, "read ServiceMonitor kong-system/m: endpoint 0: it has more settings than"},
		"limits":                  {func(_ prom, m sm) { m.Spec.SampleLimit = new(int64(1)) }, 0, "it has more settings than"},
		"namespaces by labels":    {func(p prom, _ sm) { p.Spec.ServiceMonitorNamespaceSelector.MatchLabels = map[string]string{"a": "b"} }, 0, "is not supported by this operator"},
		"a selector that is none": {func(_ prom, m sm) { m.Spec.Selector.MatchExpressions = impossible }, 0, "not a valid label selector operator"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, m := server(), monitor()
			tt.change(p, &m)
			text, err := configuration(p, []monitoringv1.ServiceMonitor{m}, behind("127.0.0.1:1234"), "")
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Count(string(text), "job_name:"); got != tt.jobs {
				t.Errorf("%d jobs, want %d:\n%s", got, tt.jobs, text)
			}
		})
	}
}
