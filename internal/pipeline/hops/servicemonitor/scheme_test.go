package servicemonitor_test

import (
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/manifest"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
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

func install(name, port string, number int32, labels ...string) func(*pipeline.Snapshot) {
	return func(s *pipeline.Snapshot) {
		service := pipeline.OperatorService{
			Namespace: "kong-system", Name: name,
			Labels: map[string]string{"control-plane": "controller-manager"},
			Ports:  []pipeline.ServicePort{{Name: port, Port: number, TargetPort: port}},
		}
		for i := 0; i < len(labels); i += 2 {
			service.Labels[labels[i]] = labels[i+1]
		}
		s.OperatorServices = pipeline.KnownSet(service)
	}
}

func endpoint(port, scheme string) func(*pipeline.Snapshot) {
	return pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) {
		e.Port, e.Scheme = port, ptr.To(monitoringv1.Scheme(scheme))
	})
}

// Who speaks TLS at which port.
//
//nolint:staticcheck // bearerTokenFile is deprecated, and what most monitors have
func TestScrapeScheme(t *testing.T) {
	documented := func(s *pipeline.Snapshot) { s.ServiceMonitors = pipeline.KnownSet(generator.SeedServiceMonitor()) }
	withTLS := pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) {
		e.BearerTokenFile = "/token"
		e.TLSConfig = &monitoringv1.TLSConfig{}
		e.TLSConfig.InsecureSkipVerify = ptr.To(true)
	})
	none := func(s *pipeline.Snapshot) { s.ServiceMonitors.Items = nil }
	mismatch, port := []*finding.Reason{servicemonitor.SchemeMismatch}, []*finding.Reason{servicemonitor.PortMismatch}
	notFound, unknown := []*finding.Reason{servicemonitor.NotFound}, []*finding.Reason{servicemonitor.SchemeUnknown}
	runScrapeCases(t, []scrapeCase{
		{name: "old chart, documented", change: pipelinetest.Together(chartOld, documented)},
		{name: "old chart, http", change: pipelinetest.Together(chartOld, endpoint("https", "http"), withTLS), want: mismatch, says: []string{"scheme http", "1.4.2"}},
		{name: "old chart, http and nothing else", change: pipelinetest.Together(chartOld, endpoint("https", "http")), want: mismatch},
		{name: "old chart, no token", change: pipelinetest.Together(chartOld, documented, pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.BearerTokenFile = "" })),
			want: []*finding.Reason{servicemonitor.TokenMissing}},
		{name: "old chart, token of the scrape class", change: pipelinetest.Together(chartOld, documented, pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.BearerTokenFile = "" }),
			pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) {
				p.Spec.ScrapeClasses = []monitoringv1.ScrapeClass{{Name: "x", Default: ptr.To(true), Authorization: &monitoringv1.Authorization{}}}
			}))},
		{name: "old chart, unknown CA", change: pipelinetest.Together(chartOld, documented, pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.TLSConfig = nil })),
			want: []*finding.Reason{servicemonitor.CertificateRefused}},
		{name: "old chart, CA file", change: pipelinetest.Together(chartOld, documented, pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) {
			e.TLSConfig = &monitoringv1.TLSConfig{TLSFilesConfig: monitoringv1.TLSFilesConfig{CAFile: "/ca"}}
		}))},
		{name: "old chart, no monitor", change: pipelinetest.Together(chartOld, none), want: notFound},
		{name: "old chart, files denied", change: pipelinetest.Together(chartOld, documented, pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) {
			p.Spec.ArbitraryFSAccessThroughSMs.Deny = true
		})), want: []*finding.Reason{servicemonitor.Rejected}, sentence: true},

		{name: "newer chart, documented", change: pipelinetest.Together(chartNewer, documented), want: mismatch, says: []string{"scheme https", "plain HTTP"}},
		{name: "newer chart, http", change: pipelinetest.Together(chartNewer, endpoint("https", "http"))},
		{name: "newer chart, http in capitals", change: pipelinetest.Together(chartNewer, endpoint("https", "HTTP"))},
		{name: "newer chart, no monitor", change: pipelinetest.Together(chartNewer, none), want: notFound},
		{name: "newer chart, https by relabeling", change: pipelinetest.Together(chartNewer, endpoint("https", "http"), pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) {
			e.RelabelConfigs = []monitoringv1.RelabelConfig{{TargetLabel: "__scheme__", Replacement: ptr.To("https")}}
		})), want: mismatch},

		{name: "chart of unknown version, https", change: pipelinetest.Together(chartSilent, documented), want: unknown, says: []string{"1.5"}},
		{name: "chart of unknown version, http", change: pipelinetest.Together(chartSilent, endpoint("https", "http")), want: unknown},
		{name: "chart of unknown version, no monitor", change: pipelinetest.Together(chartSilent, none), want: notFound, after: unknown},

		{name: "chart kong-operator 1.1", change: pipelinetest.Together(chartKong11, endpoint("http", "http"))},
		{name: "chart kong-operator 1.2", change: pipelinetest.Together(chartKong12, endpoint("http", "http"))},
		{name: "chart kong-operator, current documentation", change: pipelinetest.Together(chartKong12, endpoint("https", "http")), want: port},
		{name: "chart kong-operator, the guide", change: pipelinetest.Together(chartKong12, documented), want: port},
		{name: "chart kong-operator, https", change: pipelinetest.Together(chartKong12, endpoint("http", "https")), want: mismatch},
		{name: "chart kong-operator, token that is not needed", change: pipelinetest.Together(chartKong12, endpoint("http", "http"), withTLS)},

		{name: "kustomize, http", change: pipelinetest.Together(kustomized, endpoint("https", "http"))},
		{name: "kustomize, its own monitor", change: pipelinetest.Together(kustomized, documented), want: mismatch, says: []string{"kustomization"}},

		{name: "custom port, http", change: pipelinetest.Together(custom, endpoint("numbers", "http"))},
		{name: "custom port, https", change: pipelinetest.Together(custom, endpoint("numbers", "https")), want: unknown},
		{name: "custom port, another", change: pipelinetest.Together(custom, endpoint("http", "http")), want: port},
	})
}

// A fix contains what the Service needs, and nothing else.
func TestScrapeFreshMonitor(t *testing.T) {
	s := pipelinetest.Good()
	s.ServiceMonitors.Items = nil
	pipelinetest.TheService(s).Labels["app.kubernetes.io/version"] = "2.0"
	_, found := scraped(s)
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
	s := pipelinetest.Good()
	m := pipelinetest.TheMonitor(s)
	m.Labels = map[string]string{"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "kong", "team": "gateway"}
	m.Spec.Endpoints[0].MetricRelabelConfigs = []monitoringv1.RelabelConfig{
		{Action: "drop", SourceLabels: []monitoringv1.LabelName{"__name__"}, Regex: "go_.*"},
	}
	m.Spec.Endpoints[0].Params = map[string][]string{"a": {"b"}}
	m.Spec.Endpoints[0].Interval = "5m"
	before := m.DeepCopy()
	_, found := scraped(s)
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
	s := pipelinetest.Good()
	pipelinetest.TheService(s).Ports[0].Name = ""
	_, found := scraped(s)
	if len(found) != 1 || found[0].Reason != servicemonitor.PortMismatch || len(pipelinetest.Documents(render.Fix(found[0].Fix))) > 0 {
		t.Errorf("got %v\n%s", found, render.Fix(found[0].Fix))
	}
	pipelinetest.TheEndpoint(s).Port = ""
	if _, found := scraped(s); len(found) > 0 {
		t.Errorf("got %v", found)
	}
}

// A Secret is named in the finding; it is never taken for missing.
func TestScrapeSecretIsUnknown(t *testing.T) {
	s := pipelinetest.Good()
	pipelinetest.TheEndpoint(s).BasicAuth = &monitoringv1.BasicAuth{Username: corev1.SecretKeySelector{Key: "user"}}
	got, found := scraped(s)
	if len(found) != 1 || found[0].Severity != finding.Unknown || !found[0].Fix.IsZero() || !got.Known {
		t.Errorf("got %v", found)
	}
}
