package pipeline

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
)

func TestScrapeMonitorForTheService(t *testing.T) {
	other := generator.ServiceMonitor(generator.Monitor{
		Namespace: "shop", Name: "shop", Labels: map[string]string{"release": "prometheus"},
		ServiceLabels: map[string]string{"app": "shop"}, Port: "web",
	})
	runScrapeCases(t, []scrapeCase{
		{name: "good", change: func(*Snapshot) {}},
		{name: "no monitor", change: func(s *Snapshot) { s.ServiceMonitors.Items = nil },
			want: []*finding.Reason{ServiceMonitorNotFound}, says: []string{"Service kong-system/kong-operator-metrics"}},
		{name: "another program's monitor", change: func(s *Snapshot) { s.ServiceMonitors = KnownSet(other) },
			want: []*finding.Reason{ServiceMonitorNotFound}},
		{name: "another program's monitor beside it", change: func(s *Snapshot) {
			s.ServiceMonitors.Items = append(s.ServiceMonitors.Items, other)
		}},
		{name: "another kubebuilder program's monitor in its namespace", change: onMonitor(func(m *monitoringv1.ServiceMonitor) {
			m.Name, m.Namespace = "controller-manager", "cert-foo"
		}), want: []*finding.Reason{ServiceMonitorNotFound}},
		{name: "a broken monitor beside the one that works", change: func(s *Snapshot) {
			broken := theMonitor(s).DeepCopy()
			broken.Name = "a-gateway-operator"
			broken.Spec.Endpoints[0].Port = "https"
			s.ServiceMonitors.Items = append([]*monitoringv1.ServiceMonitor{broken}, s.ServiceMonitors.Items...)
		}},
		{name: "of two broken ones the nearest", change: func(s *Snapshot) {
			worse := theMonitor(s).DeepCopy()
			worse.Name = "a-gateway-operator"
			worse.Labels, worse.Spec.Endpoints[0].Port = nil, "https"
			theEndpoint(s).Path = "/metric"
			s.ServiceMonitors.Items = append([]*monitoringv1.ServiceMonitor{worse}, s.ServiceMonitors.Items...)
		}, want: []*finding.Reason{ServiceMonitorPathMismatch}},
		{name: "of several flaws the first, and all are mended", change: together(
			onMonitor(func(m *monitoringv1.ServiceMonitor) { m.Labels = nil }),
			onEndpoint(func(e *monitoringv1.Endpoint) {
				e.Port, e.Scheme, e.Interval, e.Path = "https", ptr.To(monitoringv1.SchemeHTTPS), "5m", "/"
			}),
		), want: []*finding.Reason{ServiceMonitorNotSelected}},
		{name: "the documented monitor with the chart kong-operator", change: func(s *Snapshot) {
			s.ServiceMonitors = KnownSet(generator.SeedServiceMonitor())
		}, want: []*finding.Reason{ServiceMonitorPortMismatch}, says: []string{`port "https"`, `"http" (8080)`}},
	})
}

// Section 3.3: namespaces, labels, ports.
func TestScrapeTargets(t *testing.T) {
	requirement := func(key string, op metav1.LabelSelectorOperator, values ...string) func(*Snapshot) {
		return onMonitor(func(m *monitoringv1.ServiceMonitor) {
			m.Spec.Selector = metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: key, Operator: op, Values: values}}}
		})
	}
	matchLabels := func(labels map[string]string) func(*Snapshot) {
		return onMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.Selector.MatchLabels = labels })
	}
	targetPort := func(p intstr.IntOrString) func(*Snapshot) {
		return onEndpoint(func(e *monitoringv1.Endpoint) { e.Port, e.TargetPort = "", &p })
	}
	numbered := func(s *Snapshot) { theService(s).Ports[0].TargetPort = "8080" }
	moved := onMonitor(func(m *monitoringv1.ServiceMonitor) { m.Namespace = "prometheus" })
	searching := func(n monitoringv1.NamespaceSelector) func(*Snapshot) {
		return onMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.NamespaceSelector = n })
	}
	named := monitoringv1.NamespaceSelector{MatchNames: []string{"kong-system"}}
	ignoring := onPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.IgnoreNamespaceSelectors = true })
	mismatch := []*finding.Reason{ServiceMonitorSelectorMismatch}
	port := []*finding.Reason{ServiceMonitorPortMismatch}
	runScrapeCases(t, []scrapeCase{
		{name: "another namespace", change: moved, want: []*finding.Reason{ServiceMonitorNamespaceMismatch}, says: []string{"its own namespace prometheus", "kong-system"}},
		{name: "another namespace by name", change: together(moved, searching(named))},
		{name: "another namespace by any", change: together(moved, searching(monitoringv1.NamespaceSelector{Any: true}))},
		{name: "any goes before names", change: searching(monitoringv1.NamespaceSelector{Any: true, MatchNames: []string{"default"}})},
		{name: "names take the place of the own", change: searching(monitoringv1.NamespaceSelector{MatchNames: []string{"default"}}),
			want: []*finding.Reason{ServiceMonitorNamespaceMismatch}, says: []string{"default"}},
		{name: "ignored names, own namespace", change: together(searching(monitoringv1.NamespaceSelector{MatchNames: []string{"default"}}), ignoring)},
		{name: "ignored names, another namespace", change: together(moved, searching(named), ignoring),
			want: []*finding.Reason{ServiceMonitorNamespaceMismatch}, says: []string{"ignores namespaceSelectors"}},

		{name: "empty selector", change: matchLabels(nil)},
		{name: "another value", change: matchLabels(map[string]string{"control-plane": "controller-manager", "app.kubernetes.io/name": "gateway-operator"}),
			want: mismatch, says: []string{"app.kubernetes.io/name=gateway-operator"}},
		{name: "value as an anchored expression", change: matchLabels(map[string]string{"control-plane": "controller.manager"})},
		{name: "value that is a part", change: matchLabels(map[string]string{"control-plane": "controller"}), want: mismatch},
		{name: "key as Prometheus has it", change: matchLabels(map[string]string{"control.plane": "controller-manager"})},
		{name: "key as Prometheus has it, by role", change: together(matchLabels(map[string]string{"control.plane": "controller-manager"}),
			onMonitor(func(m *monitoringv1.ServiceMonitor) {
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

		{name: "port as an expression", change: onEndpoint(func(e *monitoringv1.Endpoint) { e.Port = "https?" })},
		{name: "port that is a part", change: onEndpoint(func(e *monitoringv1.Endpoint) { e.Port = "htt" }), want: port},
		{name: "a number is a name", change: onEndpoint(func(e *monitoringv1.Endpoint) { e.Port = "8080" }), want: port, says: []string{`"8080"`}},
		{name: "port beats targetPort", change: onEndpoint(func(e *monitoringv1.Endpoint) { e.TargetPort = ptr.To(intstr.FromString("x")) })},
		{name: "neither", change: onEndpoint(func(e *monitoringv1.Endpoint) { e.Port = "" })},
		{name: "targetPort by name", change: targetPort(intstr.FromString("metrics"))},
		{name: "targetPort by another name", change: targetPort(intstr.FromString("http")), want: port},
		{name: "targetPort by number", change: together(numbered, targetPort(intstr.FromInt32(8080)))},
		{name: "targetPort by another number", change: together(numbered, targetPort(intstr.FromInt32(8443))), want: port},
		{name: "no endpoints", change: onMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.Endpoints = nil }), want: port},
		{name: "the second endpoint", change: onMonitor(func(m *monitoringv1.ServiceMonitor) {
			m.Spec.Endpoints = append([]monitoringv1.Endpoint{{Port: "https"}}, m.Spec.Endpoints...)
		})},
		{name: "another path", change: onEndpoint(func(e *monitoringv1.Endpoint) { e.Path = "/metric" }), want: []*finding.Reason{ServiceMonitorPathMismatch}},
		{name: "no path", change: onEndpoint(func(e *monitoringv1.Endpoint) { e.Path = "" })},
	})
}

// A container's port by number and by name cannot be compared. The fix is YAML all
// the same: it names the Service's port instead.
func TestScrapePortUnknown(t *testing.T) {
	s := goodSnapshot()
	theEndpoint(s).Port, theEndpoint(s).TargetPort = "", ptr.To(intstr.FromInt32(8080))
	_, found := evaluateScrape(s, goodSubject)
	if diff := cmp.Diff(reasonNames([]*finding.Reason{ServiceMonitorPortUnknown}), foundNames(found)); diff != "" {
		t.Fatal(diff)
	}
	fixApply(t, s, render.Fix(found[0].Fix))
	if _, left := evaluateScrape(s, goodSubject); len(left) > 0 {
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
	denied := onPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ArbitraryFSAccessThroughSMs.Deny = true })
	tokenFile := onEndpoint(func(e *monitoringv1.Endpoint) { e.BearerTokenFile = "/token" })
	relabeling := func(c monitoringv1.RelabelConfig) func(*Snapshot) {
		return onEndpoint(func(e *monitoringv1.Endpoint) { e.RelabelConfigs = []monitoringv1.RelabelConfig{c} })
	}
	rejected := []*finding.Reason{ServiceMonitorRejected}
	refused := []*finding.Reason{PrometheusConfigRefused}
	unknown := []*finding.Reason{ServiceMonitorSecretUnknown}
	runScrapeCases(t, []scrapeCase{
		{name: "selector", change: onMonitor(func(m *monitoringv1.ServiceMonitor) {
			m.Spec.Selector.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Near"}}
		}), want: rejected, says: []string{"selector"}},
		{name: "files are allowed", change: tokenFile},
		{name: "token file denied", change: together(denied, tokenFile), want: rejected, says: []string{"endpoints[0].bearerTokenFile", "arbitraryFSAccessThroughSMs"}},
		{name: "CA file denied", change: together(denied, onEndpoint(func(e *monitoringv1.Endpoint) {
			e.TLSConfig = &monitoringv1.TLSConfig{TLSFilesConfig: monitoringv1.TLSFilesConfig{CAFile: "/ca"}}
		})), want: rejected, says: []string{"tlsConfig.caFile"}},
		{name: "denied, and not used", change: denied},
		{name: "denied, in another endpoint", change: together(denied, onMonitor(func(m *monitoringv1.ServiceMonitor) {
			m.Spec.Endpoints = append(m.Spec.Endpoints, monitoringv1.Endpoint{Port: "x", BearerTokenFile: "/token"})
		})), want: rejected, says: []string{"endpoints[1]"}},
		{name: "two ways to authenticate", change: onEndpoint(func(e *monitoringv1.Endpoint) { e.Authorization, e.BasicAuth = authorization, basic }),
			want: rejected, says: []string{"authorization and basicAuth"}},
		{name: "authorization without credentials", change: onEndpoint(func(e *monitoringv1.Endpoint) { e.Authorization = &monitoringv1.SafeAuthorization{} }), want: rejected},
		{name: "certificate without key", change: onEndpoint(func(e *monitoringv1.Endpoint) {
			e.TLSConfig = &monitoringv1.TLSConfig{TLSFilesConfig: monitoringv1.TLSFilesConfig{CertFile: "/cert"}}
		}), want: rejected, says: []string{"tlsConfig"}},
		{name: "timeout beyond the interval", change: onEndpoint(func(e *monitoringv1.Endpoint) { e.Interval, e.ScrapeTimeout = "10s", "20s" }),
			want: rejected, says: []string{"scrapeTimeout: 20s"}},
		{name: "timeout beyond the Prometheus' interval", change: onEndpoint(func(e *monitoringv1.Endpoint) { e.ScrapeTimeout = "40s" }), want: rejected},
		{name: "timeout as long", change: onEndpoint(func(e *monitoringv1.Endpoint) { e.ScrapeTimeout = "30s" })},
		{name: "regex", change: relabeling(monitoringv1.RelabelConfig{Action: "drop", SourceLabels: []monitoringv1.LabelName{"a"}, Regex: "("}),
			want: rejected, says: []string{"relabelings[0]", "regex"}},
		{name: "action", change: relabeling(monitoringv1.RelabelConfig{Action: "delete"}), want: rejected, says: []string{"delete"}},
		{name: "action in capitals", change: relabeling(monitoringv1.RelabelConfig{Action: "Replace", TargetLabel: "a", Replacement: ptr.To("b")})},
		{name: "no target", change: relabeling(monitoringv1.RelabelConfig{Action: "replace"}), want: rejected},
		{name: "target of version 2", change: together(relabeling(monitoringv1.RelabelConfig{TargetLabel: "a-b"}),
			onPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.Version = "v2.55.0" })), want: rejected},
		{name: "target of version 3", change: relabeling(monitoringv1.RelabelConfig{TargetLabel: "a-b"})},
		{name: "hashmod without modulus", change: relabeling(monitoringv1.RelabelConfig{Action: "hashmod", TargetLabel: "a"}), want: rejected},
		{name: "metric relabeling", change: onEndpoint(func(e *monitoringv1.Endpoint) {
			e.MetricRelabelConfigs = []monitoringv1.RelabelConfig{{}, {Action: "keep", Regex: "["}}
			e.MetricRelabelConfigs[0].TargetLabel = "a"
		}), want: rejected, says: []string{"metricRelabelings[1]"}},
		{name: "scrape class", change: onMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.ScrapeClassName = ptr.To("fast") }),
			want: rejected, says: []string{`no scrape class "fast"`}},
		{name: "scrape class that is there", change: together(onMonitor(func(m *monitoringv1.ServiceMonitor) { m.Spec.ScrapeClassName = ptr.To("fast") }),
			onPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ScrapeClasses = []monitoringv1.ScrapeClass{{Name: "fast"}} }))},

		{name: "Secret", change: onEndpoint(func(e *monitoringv1.Endpoint) { e.Authorization = authorization }), want: unknown, says: []string{"authorization", "kong-system"}},
		{name: "CA of a ConfigMap", change: onEndpoint(func(e *monitoringv1.Endpoint) {
			e.TLSConfig = &monitoringv1.TLSConfig{}
			e.TLSConfig.CA.ConfigMap = &corev1.ConfigMapKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "ca"}, Key: "ca"}
		}), want: unknown},

		{name: "token file beside authorization", change: together(tokenFile, onEndpoint(func(e *monitoringv1.Endpoint) { e.Authorization = authorization })),
			want: []*finding.Reason{PrometheusConfigRefused}, says: []string{"bearerTokenFile and authorization"}, after: unknown},
		{name: "token file beside basicAuth", change: together(tokenFile, onEndpoint(func(e *monitoringv1.Endpoint) { e.BasicAuth = basic })), want: refused, after: unknown},
		{name: "port is no expression", change: onEndpoint(func(e *monitoringv1.Endpoint) { e.Port = "(http" }), want: refused},
		{name: "another monitor poisons the Prometheus", change: func(s *Snapshot) {
			other := generator.ServiceMonitor(generator.Monitor{Namespace: "shop", Name: "shop",
				Labels: map[string]string{"release": "prometheus"}, ServiceLabels: map[string]string{"app": "shop"}, Port: "web", BearerToken: true})
			other.Spec.Endpoints[0].Authorization = authorization
			s.ServiceMonitors.Items = append(s.ServiceMonitors.Items, other)
		}, want: refused, says: []string{"ServiceMonitor shop/shop"}},
		{name: "another Prometheus' monitor poisons nothing here", change: func(s *Snapshot) {
			other := generator.ServiceMonitor(generator.Monitor{Namespace: "shop", Name: "shop", ServiceLabels: map[string]string{"app": "shop"}, Port: "web", BearerToken: true})
			other.Spec.Endpoints[0].Authorization = authorization
			s.ServiceMonitors.Items = append(s.ServiceMonitors.Items, other)
		}},
	})
}

// Section 3.5.
func TestScrapeInterval(t *testing.T) {
	every := func(d monitoringv1.Duration) func(*Snapshot) {
		return onEndpoint(func(e *monitoringv1.Endpoint) { e.Interval = d })
	}
	general := func(d monitoringv1.Duration) func(*Snapshot) {
		return onPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ScrapeInterval = d })
	}
	window := func(w string) func(*Snapshot) {
		return func(s *Snapshot) {
			configure(&s.Adapter, generator.AdapterConfig(generator.AdapterRule(generator.Rule{Window: w})))
		}
	}
	long, tooLong := []*finding.Reason{ServiceMonitorIntervalLong}, []*finding.Reason{ServiceMonitorIntervalTooLong}
	runScrapeCases(t, []scrapeCase{
		{name: "10s", change: every("10s")},
		{name: "30s", change: every("30s")},
		{name: "31s", change: every("31s"), want: long, says: []string{"every 31s", "every 30s or more often"}},
		{name: "50s", change: every("50s"), want: long},
		{name: "51s", change: every("51s"), want: tooLong},
		{name: "2m", change: every("2m"), want: tooLong},
		{name: "2m with its timeout", change: onEndpoint(func(e *monitoringv1.Endpoint) { e.Interval, e.ScrapeTimeout = "2m", "1m" }), want: tooLong},
		{name: "the Prometheus' own", change: general("1m"), want: tooLong},
		{name: "the Prometheus' own is not said", change: general("")},
		{name: "the monitor's goes before", change: together(every("30s"), general("1m"))},
		{name: "zero is none", change: together(every("0s"), general("1m")), want: tooLong},
		{name: "no monitor, and the Prometheus' own is too long", change: together(general("1m"), func(s *Snapshot) { s.ServiceMonitors.Items = nil }),
			want: []*finding.Reason{ServiceMonitorNotFound}},
		{name: "a longer window", change: together(every("1m"), window("2m"))},
		{name: "a shorter window", change: window("30s"), want: tooLong},
		{name: "by relabeling", change: onEndpoint(func(e *monitoringv1.Endpoint) {
			e.RelabelConfigs = []monitoringv1.RelabelConfig{{TargetLabel: "__scrape_interval__", Replacement: ptr.To("1m")}}
		}), want: tooLong},
	})
}
