package pipeline

import (
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/manifest"
)

// The operator's Service as each way to install it makes it (section 3.6).
var (
	chartOld    = install("kgo-gateway-operator-metrics-service", "https", 8443, "app.kubernetes.io/version", "1.4.2")
	chartNewer  = install("kgo-gateway-operator-metrics-service", "https", 8443, "app.kubernetes.io/version", "1.5")
	chartSilent = install("kgo-gateway-operator-metrics-service", "https", 8443)
	chartKong11 = install("kong-operator-metrics-service", "http", 8080, "app.kubernetes.io/component", "ko")
	chartKong12 = install("kong-operator-metrics", "http", 8080, "app.kubernetes.io/component", "ko")
	kustomized  = install("controller-manager-metrics-service", "https", 8443)
	custom      = install("operator-numbers", "numbers", 9090)
)

func install(name, port string, number int32, labels ...string) func(*Snapshot) {
	return func(s *Snapshot) {
		service := OperatorService{
			Namespace: "kong-system", Name: name,
			Labels: map[string]string{"control-plane": "controller-manager"},
			Ports:  []ServicePort{{Name: port, Port: number, TargetPort: port}},
		}
		for i := 0; i < len(labels); i += 2 {
			service.Labels[labels[i]] = labels[i+1]
		}
		s.OperatorServices = KnownSet(service)
	}
}

func asks(port, scheme string) func(*Snapshot) {
	return onEndpoint(func(e *monitoringv1.Endpoint) {
		e.Port, e.Scheme = port, ptr.To(monitoringv1.Scheme(scheme))
	})
}

// Who speaks TLS at which port.
//
//nolint:staticcheck // bearerTokenFile is deprecated, and what most monitors have
func TestScrapeScheme(t *testing.T) {
	documented := func(s *Snapshot) { s.ServiceMonitors = KnownSet(generator.SeedServiceMonitor()) }
	withTLS := onEndpoint(func(e *monitoringv1.Endpoint) {
		e.BearerTokenFile = "/token"
		e.TLSConfig = &monitoringv1.TLSConfig{}
		e.TLSConfig.InsecureSkipVerify = ptr.To(true)
	})
	none := func(s *Snapshot) { s.ServiceMonitors.Items = nil }
	mismatch, port := []*finding.Reason{ServiceMonitorSchemeMismatch}, []*finding.Reason{ServiceMonitorPortMismatch}
	notFound, unknown := []*finding.Reason{ServiceMonitorNotFound}, []*finding.Reason{ServiceMonitorSchemeUnknown}
	runScrapeCases(t, []scrapeCase{
		{name: "old chart, documented", change: together(chartOld, documented)},
		{name: "old chart, http", change: together(chartOld, asks("https", "http"), withTLS), want: mismatch, says: []string{"scheme http", "1.4.2"}},
		{name: "old chart, http and nothing else", change: together(chartOld, asks("https", "http")), want: mismatch},
		{name: "old chart, no token", change: together(chartOld, documented, onEndpoint(func(e *monitoringv1.Endpoint) { e.BearerTokenFile = "" })),
			want: []*finding.Reason{ServiceMonitorTokenMissing}},
		{name: "old chart, token of the scrape class", change: together(chartOld, documented, onEndpoint(func(e *monitoringv1.Endpoint) { e.BearerTokenFile = "" }),
			onPrometheus(func(p *monitoringv1.Prometheus) {
				p.Spec.ScrapeClasses = []monitoringv1.ScrapeClass{{Name: "x", Default: ptr.To(true), Authorization: &monitoringv1.Authorization{}}}
			}))},
		{name: "old chart, unknown CA", change: together(chartOld, documented, onEndpoint(func(e *monitoringv1.Endpoint) { e.TLSConfig = nil })),
			want: []*finding.Reason{ServiceMonitorCertificateRefused}},
		{name: "old chart, CA file", change: together(chartOld, documented, onEndpoint(func(e *monitoringv1.Endpoint) {
			e.TLSConfig = &monitoringv1.TLSConfig{TLSFilesConfig: monitoringv1.TLSFilesConfig{CAFile: "/ca"}}
		}))},
		{name: "old chart, no monitor", change: together(chartOld, none), want: notFound},
		{name: "old chart, files denied", change: together(chartOld, documented, onPrometheus(func(p *monitoringv1.Prometheus) {
			p.Spec.ArbitraryFSAccessThroughSMs.Deny = true
		})), want: []*finding.Reason{ServiceMonitorRejected}, sentence: true},

		{name: "newer chart, documented", change: together(chartNewer, documented), want: mismatch, says: []string{"scheme https", "plain HTTP"}},
		{name: "newer chart, http", change: together(chartNewer, asks("https", "http"))},
		{name: "newer chart, http in capitals", change: together(chartNewer, asks("https", "HTTP"))},
		{name: "newer chart, no monitor", change: together(chartNewer, none), want: notFound},
		{name: "newer chart, https by relabeling", change: together(chartNewer, asks("https", "http"), onEndpoint(func(e *monitoringv1.Endpoint) {
			e.RelabelConfigs = []monitoringv1.RelabelConfig{{TargetLabel: "__scheme__", Replacement: ptr.To("https")}}
		})), want: mismatch},

		{name: "chart of unknown version, https", change: together(chartSilent, documented), want: unknown, says: []string{"1.5"}},
		{name: "chart of unknown version, http", change: together(chartSilent, asks("https", "http")), want: unknown},
		{name: "chart of unknown version, no monitor", change: together(chartSilent, none), want: notFound, after: unknown},

		{name: "chart kong-operator 1.1", change: together(chartKong11, asks("http", "http"))},
		{name: "chart kong-operator 1.2", change: together(chartKong12, asks("http", "http"))},
		{name: "chart kong-operator, current documentation", change: together(chartKong12, asks("https", "http")), want: port},
		{name: "chart kong-operator, the guide", change: together(chartKong12, documented), want: port},
		{name: "chart kong-operator, https", change: together(chartKong12, asks("http", "https")), want: mismatch},
		{name: "chart kong-operator, token that nobody asks for", change: together(chartKong12, asks("http", "http"), withTLS)},

		{name: "kustomize, http", change: together(kustomized, asks("https", "http"))},
		{name: "kustomize, its own monitor", change: together(kustomized, documented), want: mismatch, says: []string{"kustomization"}},

		{name: "custom port, http", change: together(custom, asks("numbers", "http"))},
		{name: "custom port, https", change: together(custom, asks("numbers", "https")), want: unknown},
		{name: "custom port, another", change: together(custom, asks("http", "http")), want: port},
	})
}

func TestOperatorVersions(t *testing.T) {
	for version, want := range map[string][2]bool{
		"1.4": {true, true}, "v1.4.9": {true, true}, "0.7.0": {true, true}, "1.5.0": {false, true}, "1.10": {false, true},
		"2.0.0-rc.1": {false, true}, "": {}, "latest": {}, "1": {}, "1.x": {},
	} {
		if old, ok := beforeNoTLS(version); [2]bool{old, ok} != want {
			t.Errorf("%q: got %v, %v", version, old, ok)
		}
	}
}

// Of several ports the metrics' is found by what the installations call it.
func TestMetricsPort(t *testing.T) {
	for name, tt := range map[string]struct {
		ports []ServicePort
		want  string
	}{
		"one":     {[]ServicePort{{Name: "x", Port: 1}}, "x"},
		"metrics": {[]ServicePort{{Name: "http", Port: 8080}, {Name: "metrics", Port: 9090}}, "metrics"},
		"http":    {[]ServicePort{{Name: "webhook", Port: 443}, {Name: "http", Port: 8080}}, "http"},
		"https":   {[]ServicePort{{Name: "http", Port: 80}, {Name: "https", Port: 8443}}, "https"},
		"none":    {[]ServicePort{{Name: "a", Port: 1}, {Name: "b", Port: 2}}, ""},
	} {
		got, ok := OperatorService{Ports: tt.ports}.metricsPort()
		if got.Name != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: got %v, %v", name, got, ok)
		}
	}
}

// A fix asks for nothing that the Service does not need, and for what it does.
func TestScrapeFreshMonitor(t *testing.T) {
	s := goodSnapshot()
	s.ServiceMonitors.Items = nil
	theService(s).Labels["app.kubernetes.io/version"] = "2.0"
	_, found := evaluateScrape(s, goodSubject)
	want := `apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  labels:
    release: prometheus
  name: kong-operator-metrics
  namespace: kong-system
spec:
  endpoints:
  - path: /metrics
    port: http
  selector:
    matchLabels:
      app.kubernetes.io/component: ko
      app.kubernetes.io/instance: kong-operator
      app.kubernetes.io/name: kong-operator
      control-plane: controller-manager
`
	if render.Fix(found[0].Fix) != want {
		t.Errorf("got\n%s", render.Fix(found[0].Fix))
	}
}

// A correction keeps what it need not change, and says where else it is needed.
func TestScrapeFixKeepsTheRest(t *testing.T) {
	s := goodSnapshot()
	m := theMonitor(s)
	m.Labels = map[string]string{"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "kong", "team": "gateway"}
	m.Spec.Endpoints[0].MetricRelabelConfigs = []monitoringv1.RelabelConfig{
		{Action: "drop", SourceLabels: []monitoringv1.LabelName{"__name__"}, Regex: "go_.*"},
	}
	m.Spec.Endpoints[0].Params = map[string][]string{"a": {"b"}}
	m.Spec.Endpoints[0].Interval = "5m"
	before := m.DeepCopy()
	_, found := evaluateScrape(s, goodSubject)
	want := `# Helm release kong made this object: change its values too, or the next upgrade undoes this.
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  labels:
    app.kubernetes.io/instance: kong
    app.kubernetes.io/managed-by: Helm
    release: prometheus
    team: gateway
  name: gateway-operator
  namespace: kong-system
spec:
  endpoints:
  - interval: 30s
    metricRelabelings:
    - action: drop
      regex: go_.*
      sourceLabels:
      - __name__
    params:
      a:
      - b
    path: /metrics
    port: http
  selector:
    matchLabels:
      control-plane: controller-manager
`
	if len(found) != 1 || render.Fix(found[0].Fix) != want {
		t.Errorf("got %v\n%s", found, render.Fix(found[0].Fix))
	}
	if !equalMonitors(before, m) {
		t.Error("the snapshot was changed")
	}
}

func equalMonitors(a, b *monitoringv1.ServiceMonitor) bool {
	return manifest.YAML(a) == manifest.YAML(b)
}

// A Service whose port has no name cannot be named by a monitor; one without is right.
func TestScrapePortWithoutName(t *testing.T) {
	s := goodSnapshot()
	theService(s).Ports[0].Name = ""
	_, found := evaluateScrape(s, goodSubject)
	if len(found) != 1 || found[0].Reason != ServiceMonitorPortMismatch || len(fixDocuments(render.Fix(found[0].Fix))) > 0 {
		t.Errorf("got %v\n%s", found, render.Fix(found[0].Fix))
	}
	theEndpoint(s).Port = ""
	if _, found := evaluateScrape(s, goodSubject); len(found) > 0 {
		t.Errorf("got %v", found)
	}
}

// A Secret is named in the finding; it is never taken for missing.
func TestScrapeSecretIsUnknown(t *testing.T) {
	s := goodSnapshot()
	theEndpoint(s).BasicAuth = &monitoringv1.BasicAuth{Username: corev1.SecretKeySelector{Key: "user"}}
	scraped, found := evaluateScrape(s, goodSubject)
	if len(found) != 1 || found[0].Severity != finding.Unknown || !found[0].Fix.IsZero() || !scraped.Known {
		t.Errorf("got %v", found)
	}
}
