package servicemonitor_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

func TestScrapeMonitorForTheService(t *testing.T) {
	other := generator.ServiceMonitor(generator.Monitor{
		Namespace: "shop", Name: "shop", Labels: map[string]string{"release": "prometheus"},
		ServiceLabels: map[string]string{"app": "shop"}, Port: "web",
	})
	runScrapeCases(t, []scrapeCase{
		{name: "good", change: func(*pipeline.Snapshot) {}},
		{name: "no monitor", change: func(s *pipeline.Snapshot) { s.ServiceMonitors.Items = nil },
			want: []*finding.Reason{servicemonitor.NotFound}, says: []string{"Service kong-system/kong-operator-metrics"}},
		{name: "another program's monitor", change: func(s *pipeline.Snapshot) { s.ServiceMonitors = pipeline.KnownSet(other) },
			want: []*finding.Reason{servicemonitor.NotFound}},
		{name: "another program's monitor beside it", change: func(s *pipeline.Snapshot) {
			s.ServiceMonitors.Items = append(s.ServiceMonitors.Items, other)
		}},
		{name: "another kubebuilder program's monitor in its namespace", change: pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) {
			m.Name, m.Namespace = "controller-manager", "cert-foo"
		}), want: []*finding.Reason{servicemonitor.NotFound}},
		{name: "a broken monitor beside the one that works", change: func(s *pipeline.Snapshot) {
			broken := pipelinetest.TheMonitor(s).DeepCopy()
			broken.Name = "a-gateway-operator"
			broken.Spec.Endpoints[0].Port = "https"
			s.ServiceMonitors.Items = append([]*monitoringv1.ServiceMonitor{broken}, s.ServiceMonitors.Items...)
		}},
		{name: "of two broken ones the nearest", change: func(s *pipeline.Snapshot) {
			worse := pipelinetest.TheMonitor(s).DeepCopy()
			worse.Name = "a-gateway-operator"
			worse.Labels, worse.Spec.Endpoints[0].Port = nil, "https"
			pipelinetest.TheEndpoint(s).Path = "/metric"
			s.ServiceMonitors.Items = append([]*monitoringv1.ServiceMonitor{worse}, s.ServiceMonitors.Items...)
		}, want: []*finding.Reason{servicemonitor.PathMismatch}},
		{name: "of several flaws the first, and all are fixed", change: pipelinetest.Together(
			pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) { m.Labels = nil }),
			pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) {
				e.Port, e.Scheme, e.Interval, e.Path = "https", ptr.To(monitoringv1.SchemeHTTPS), "5m", "/"
			}),
		), want: []*finding.Reason{servicemonitor.NotSelected}},
		{name: "the documented monitor with the chart kong-operator", change: func(s *pipeline.Snapshot) {
			s.ServiceMonitors = pipeline.KnownSet(generator.SeedServiceMonitor())
		}, want: []*finding.Reason{servicemonitor.PortMismatch}, says: []string{`port "https"`, `"http" (8080)`}},
	})
}

// Section 3.3: namespaces, labels, ports.
func TestScrapeTargets(t *testing.T) {
	requirement := func(key string, op metav1.LabelSelectorOperator, values ...string) func(*pipeline.Snapshot) {
		return pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) {
			m.Spec.Selector = metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: key, Operator: op, Values: values}}}
		})
	}
	matchLabels := func(labels map[string]string) func(*pipeline.Snapshot) {
		return pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.Selector.MatchLabels = labels })
	}
	targetPort := func(p intstr.IntOrString) func(*pipeline.Snapshot) {
		return pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.Port, e.TargetPort = "", &p })
	}
	numbered := func(s *pipeline.Snapshot) { pipelinetest.TheService(s).Ports[0].TargetPort = "8080" }
	moved := pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) { m.Namespace = "prometheus" })
	searching := func(n monitoringv1.NamespaceSelector) func(*pipeline.Snapshot) {
		return pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.NamespaceSelector = n })
	}
	named := monitoringv1.NamespaceSelector{MatchNames: []string{"kong-system"}}
	ignoring := pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.IgnoreNamespaceSelectors = true })
	mismatch := []*finding.Reason{servicemonitor.SelectorMismatch}
	port := []*finding.Reason{servicemonitor.PortMismatch}
	runScrapeCases(t, []scrapeCase{
		{name: "another namespace", change: moved, want: []*finding.Reason{servicemonitor.NamespaceMismatch}, says: []string{"its own namespace prometheus", "kong-system"}},
		{name: "another namespace by name", change: pipelinetest.Together(moved, searching(named))},
		{name: "another namespace by any", change: pipelinetest.Together(moved, searching(monitoringv1.NamespaceSelector{Any: true}))},
		{name: "any goes before names", change: searching(monitoringv1.NamespaceSelector{Any: true, MatchNames: []string{"default"}})},
		{name: "names take the place of the own", change: searching(monitoringv1.NamespaceSelector{MatchNames: []string{"default"}}),
			want: []*finding.Reason{servicemonitor.NamespaceMismatch}, says: []string{"default"}},
		{name: "ignored names, own namespace", change: pipelinetest.Together(searching(monitoringv1.NamespaceSelector{MatchNames: []string{"default"}}), ignoring)},
		{name: "ignored names, another namespace", change: pipelinetest.Together(moved, searching(named), ignoring),
			want: []*finding.Reason{servicemonitor.NamespaceMismatch}, says: []string{"ignores namespaceSelectors"}},

		{name: "empty selector", change: matchLabels(nil)},
		{name: "another value", change: matchLabels(map[string]string{"control-plane": "controller-manager", "app.kubernetes.io/name": "gateway-operator"}),
			want: mismatch, says: []string{"app.kubernetes.io/name=gateway-operator"}},
		{name: "value as an anchored expression", change: matchLabels(map[string]string{"control-plane": "controller.manager"})},
		{name: "value that is a part", change: matchLabels(map[string]string{"control-plane": "controller"}), want: mismatch},
		{name: "key as Prometheus has it", change: matchLabels(map[string]string{"control.plane": "controller-manager"})},
		{name: "key as Prometheus has it, by role", change: pipelinetest.Together(matchLabels(map[string]string{"control.plane": "controller-manager"}),
			pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) {
				m.Spec.SelectorMechanism = ptr.To(monitoringv1.SelectorMechanismRole)
			})), want: mismatch},
		{name: "In", change: requirement("control-plane", metav1.LabelSelectorOpIn, "x", "controller-manager")},
		{name: "In others", change: requirement("control-plane", metav1.LabelSelectorOpIn, "x"), want: mismatch},
		{name: "NotIn", change: requirement("control-plane", metav1.LabelSelectorOpNotIn, "x")},
		{name: "NotIn of an absent label", change: requirement("tier", metav1.LabelSelectorOpNotIn, "x")},
		{name: "NotIn this", change: requirement("control-plane", metav1.LabelSelectorOpNotIn, "controller-manager"), want: mismatch},
		{name: "Exists", change: requirement("control-plane", metav1.LabelSelectorOpExists)},
		{name: "Exists not", change: requirement("tier", metav1.LabelSelectorOpExists), want: mismatch},
		{name: "DoesNotExist", change: requirement("tier", metav1.LabelSelectorOpDoesNotExist)},
		{name: "DoesNotExist does", change: requirement("control-plane", metav1.LabelSelectorOpDoesNotExist), want: mismatch},

		{name: "port as an expression", change: pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.Port = "https?" })},
		{name: "port that is a part", change: pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.Port = "htt" }), want: port},
		{name: "a number is a name", change: pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.Port = "8080" }), want: port, says: []string{`"8080"`}},
		{name: "port beats targetPort", change: pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.TargetPort = ptr.To(intstr.FromString("x")) })},
		{name: "neither", change: pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.Port = "" })},
		{name: "targetPort by name", change: targetPort(intstr.FromString("metrics"))},
		{name: "targetPort by another name", change: targetPort(intstr.FromString("http")), want: port},
		{name: "targetPort by number", change: pipelinetest.Together(numbered, targetPort(intstr.FromInt32(8080)))},
		{name: "targetPort by another number", change: pipelinetest.Together(numbered, targetPort(intstr.FromInt32(8443))), want: port},
		{name: "no endpoints", change: pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.Endpoints = nil }), want: port},
		{name: "the second endpoint", change: pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) {
			m.Spec.Endpoints = append([]monitoringv1.Endpoint{{Port: "https"}}, m.Spec.Endpoints...)
		})},
		{name: "another path", change: pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.Path = "/metric" }), want: []*finding.Reason{servicemonitor.PathMismatch}},
		{name: "no path", change: pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.Path = "" })},
	})
}

// A container's port by number and by name cannot be compared. The fix is YAML all
// the same: it names the Service's port instead.
func TestScrapePortUnknown(t *testing.T) {
	s := pipelinetest.Good()
	pipelinetest.TheEndpoint(s).Port, pipelinetest.TheEndpoint(s).TargetPort = "", ptr.To(intstr.FromInt32(8080))
	_, found := scraped(s)
	if diff := cmp.Diff(pipelinetest.Names([]*finding.Reason{servicemonitor.PortUnknown}), pipelinetest.Found(found)); diff != "" {
		t.Fatal(diff)
	}
	pipelinetest.Apply(t, s, render.Fix(found[0].Fix))
	if _, left := scraped(s); len(left) > 0 {
		t.Errorf("after the fix: %v", left)
	}
}

// Section 3.2: what prometheus-operator refuses, and what Prometheus does.
//
//nolint:staticcheck // bearerTokenFile is deprecated, and what most monitors have
func TestScrapeValidity(t *testing.T) {
	secret := &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "token"}, Key: "token"}
	authorization := &monitoringv1.SafeAuthorization{Credentials: secret}
	basic := &monitoringv1.BasicAuth{Username: *secret, Password: *secret}
	denied := pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ArbitraryFSAccessThroughSMs.Deny = true })
	tokenFile := pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.BearerTokenFile = "/token" })
	relabeling := func(c monitoringv1.RelabelConfig) func(*pipeline.Snapshot) {
		return pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.RelabelConfigs = []monitoringv1.RelabelConfig{c} })
	}
	rejected := []*finding.Reason{servicemonitor.Rejected}
	refused := []*finding.Reason{servicemonitor.ConfigRefused}
	unknown := []*finding.Reason{servicemonitor.SecretUnknown}
	runScrapeCases(t, []scrapeCase{
		{name: "selector", change: pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) {
			m.Spec.Selector.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Near"}}
		}), want: rejected, says: []string{"selector"}},
		{name: "files are allowed", change: tokenFile},
		{name: "token file denied", change: pipelinetest.Together(denied, tokenFile), want: rejected, says: []string{"endpoints[0].bearerTokenFile", "arbitraryFSAccessThroughSMs"}},
		{name: "CA file denied", change: pipelinetest.Together(denied, pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) {
			e.TLSConfig = &monitoringv1.TLSConfig{TLSFilesConfig: monitoringv1.TLSFilesConfig{CAFile: "/ca"}}
		})), want: rejected, says: []string{"tlsConfig.caFile"}},
		{name: "denied, and not used", change: denied},
		{name: "denied, in another endpoint", change: pipelinetest.Together(denied, pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) {
			m.Spec.Endpoints = append(m.Spec.Endpoints, monitoringv1.Endpoint{Port: "x", BearerTokenFile: "/token"})
		})), want: rejected, says: []string{"endpoints[1]"}},
		{name: "two ways to authenticate", change: pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.Authorization, e.BasicAuth = authorization, basic }),
			want: rejected, says: []string{"authorization and basicAuth"}},
		{name: "authorization without credentials", change: pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.Authorization = &monitoringv1.SafeAuthorization{} }), want: rejected},
		{name: "certificate without key", change: pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) {
			e.TLSConfig = &monitoringv1.TLSConfig{TLSFilesConfig: monitoringv1.TLSFilesConfig{CertFile: "/cert"}}
		}), want: rejected, says: []string{"tlsConfig"}},
		{name: "timeout beyond the interval", change: pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.Interval, e.ScrapeTimeout = "10s", "20s" }),
			want: rejected, says: []string{"scrapeTimeout: 20s"}},
		{name: "timeout beyond the Prometheus' interval", change: pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.ScrapeTimeout = "40s" }), want: rejected},
		{name: "timeout as long", change: pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.ScrapeTimeout = "30s" })},
		{name: "regex", change: relabeling(monitoringv1.RelabelConfig{Action: "drop", SourceLabels: []monitoringv1.LabelName{"a"}, Regex: "("}),
			want: rejected, says: []string{"relabelings[0]", "regex"}},
		{name: "action", change: relabeling(monitoringv1.RelabelConfig{Action: "delete"}), want: rejected, says: []string{"delete"}},
		{name: "action in capitals", change: relabeling(monitoringv1.RelabelConfig{Action: "Replace", TargetLabel: "a", Replacement: ptr.To("b")})},
		{name: "no target", change: relabeling(monitoringv1.RelabelConfig{Action: "replace"}), want: rejected},
		{name: "target of version 2", change: pipelinetest.Together(relabeling(monitoringv1.RelabelConfig{TargetLabel: "a-b"}),
			pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.Version = "v2.55.0" })), want: rejected},
		{name: "target of version 3", change: relabeling(monitoringv1.RelabelConfig{TargetLabel: "a-b"})},
		{name: "hashmod without modulus", change: relabeling(monitoringv1.RelabelConfig{Action: "hashmod", TargetLabel: "a"}), want: rejected},
		{name: "metric relabeling", change: pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) {
			e.MetricRelabelConfigs = []monitoringv1.RelabelConfig{{}, {Action: "keep", Regex: "["}}
			e.MetricRelabelConfigs[0].TargetLabel = "a"
		}), want: rejected, says: []string{"metricRelabelings[1]"}},
		{name: "scrape class", change: pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.ScrapeClassName = ptr.To("fast") }),
			want: rejected, says: []string{`no scrape class "fast"`}},
		{name: "scrape class that is there", change: pipelinetest.Together(pipelinetest.OnMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.ScrapeClassName = ptr.To("fast") }),
			pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ScrapeClasses = []monitoringv1.ScrapeClass{{Name: "fast"}} }))},

		{name: "Secret", change: pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.Authorization = authorization }), want: unknown, says: []string{"authorization", "kong-system"}},
		{name: "CA of a ConfigMap", change: pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) {
			e.TLSConfig = &monitoringv1.TLSConfig{}
			e.TLSConfig.CA.ConfigMap = &corev1.ConfigMapKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "ca"}, Key: "ca"}
		}), want: unknown},

		{name: "token file beside authorization", change: pipelinetest.Together(tokenFile, pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.Authorization = authorization })),
			want: []*finding.Reason{servicemonitor.ConfigRefused}, says: []string{"bearerTokenFile: cannot be set together with authorization"}, after: unknown},
		{name: "token file beside basicAuth", change: pipelinetest.Together(tokenFile, pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.BasicAuth = basic })), want: refused, after: unknown},
		{name: "port is no expression", change: pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.Port = "(http" }), want: refused},
		{name: "another monitor poisons the Prometheus", change: func(s *pipeline.Snapshot) {
			other := generator.ServiceMonitor(generator.Monitor{Namespace: "shop", Name: "shop",
				Labels: map[string]string{"release": "prometheus"}, ServiceLabels: map[string]string{"app": "shop"}, Port: "web", BearerToken: true})
			other.Spec.Endpoints[0].Authorization = authorization
			s.ServiceMonitors.Items = append(s.ServiceMonitors.Items, other)
		}, want: refused, says: []string{"ServiceMonitor shop/shop"}},
		{name: "another Prometheus' monitor poisons nothing here", change: func(s *pipeline.Snapshot) {
			other := generator.ServiceMonitor(generator.Monitor{Namespace: "shop", Name: "shop", ServiceLabels: map[string]string{"app": "shop"}, Port: "web", BearerToken: true})
			other.Spec.Endpoints[0].Authorization = authorization
			s.ServiceMonitors.Items = append(s.ServiceMonitors.Items, other)
		}},
	})
}

// Section 3.5.
func TestScrapeInterval(t *testing.T) {
	every := func(d monitoringv1.Duration) func(*pipeline.Snapshot) {
		return pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.Interval = d })
	}
	general := func(d monitoringv1.Duration) func(*pipeline.Snapshot) {
		return pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ScrapeInterval = d })
	}
	window := func(w string) func(*pipeline.Snapshot) {
		return func(s *pipeline.Snapshot) {
			pipelinetest.Configure(&s.Adapter, generator.AdapterConfig(generator.AdapterRule(generator.Rule{Window: w})))
		}
	}
	long, tooLong := []*finding.Reason{servicemonitor.IntervalLong}, []*finding.Reason{servicemonitor.IntervalTooLong}
	runScrapeCases(t, []scrapeCase{
		{name: "10s", change: every("10s")},
		{name: "30s", change: every("30s")},
		{name: "31s", change: every("31s"), want: long, says: []string{"every 31s", "every 30s or more often"}},
		{name: "50s", change: every("50s"), want: long},
		{name: "51s", change: every("51s"), want: tooLong},
		{name: "2m", change: every("2m"), want: tooLong},
		{name: "2m with its timeout", change: pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.Interval, e.ScrapeTimeout = "2m", "1m" }), want: tooLong},
		{name: "the Prometheus' own", change: general("1m"), want: tooLong},
		{name: "the Prometheus' own is not said", change: general("")},
		{name: "the monitor's goes before", change: pipelinetest.Together(every("30s"), general("1m"))},
		{name: "zero is none", change: pipelinetest.Together(every("0s"), general("1m")), want: tooLong},
		{name: "no monitor, and the Prometheus' own is too long", change: pipelinetest.Together(general("1m"), func(s *pipeline.Snapshot) { s.ServiceMonitors.Items = nil }),
			want: []*finding.Reason{servicemonitor.NotFound}},
		{name: "a longer window", change: pipelinetest.Together(every("1m"), window("2m"))},
		{name: "a shorter window", change: window("30s"), want: tooLong},
		{name: "by relabeling", change: pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) {
			e.RelabelConfigs = []monitoringv1.RelabelConfig{{TargetLabel: "__scrape_interval__", Replacement: ptr.To("1m")}}
		}), want: tooLong},
	})
}
