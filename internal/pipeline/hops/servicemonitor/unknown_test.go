package servicemonitor_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/prometheus"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// What cannot be found out is its own answer.
func TestScrapeUnknown(t *testing.T) {
	runScrapeCases(t, []scrapeCase{
		{name: "Services", change: func(s *pipeline.Snapshot) {
			s.OperatorServices = pipeline.Set[pipeline.OperatorService]{State: pipeline.Unreadable, Why: "listing services is forbidden"}
		},
			want: []*finding.Reason{servicemonitor.OperatorServiceUnknown}, says: []string{"listing services is forbidden"}},
		{name: "Services unread", change: func(s *pipeline.Snapshot) { s.OperatorServices = pipeline.Set[pipeline.OperatorService]{} }, want: []*finding.Reason{servicemonitor.OperatorServiceUnknown}},
		{name: "no Service", change: func(s *pipeline.Snapshot) { s.OperatorServices.Items = nil }, want: []*finding.Reason{servicemonitor.OperatorServiceNotFound}, sentence: true},
		{name: "two Services, both scraped", change: func(s *pipeline.Snapshot) {
			other := *pipelinetest.TheService(s)
			other.Name = "kong-operator-2-metrics"
			s.OperatorServices.Items = append(s.OperatorServices.Items, other)
		}},
		{name: "monitors not installed", change: func(s *pipeline.Snapshot) {
			s.ServiceMonitors = pipeline.Set[*monitoringv1.ServiceMonitor]{State: pipeline.NotInstalled}
		},
			want: []*finding.Reason{servicemonitor.Unknown}},
		{name: "Prometheuses not installed", change: func(s *pipeline.Snapshot) {
			s.Prometheuses = pipeline.Set[*monitoringv1.Prometheus]{State: pipeline.NotInstalled}
		},
			want: []*finding.Reason{prometheus.Unknown}},
		{name: "Prometheuses not installed, and no monitor", change: func(s *pipeline.Snapshot) {
			s.Prometheuses, s.ServiceMonitors.Items = pipeline.Set[*monitoringv1.Prometheus]{State: pipeline.NotInstalled}, nil
		}, want: []*finding.Reason{prometheus.Unknown, servicemonitor.ScrapedOtherwise}},
		{name: "no Prometheus", change: func(s *pipeline.Snapshot) { s.Prometheuses.Items = nil }, want: []*finding.Reason{prometheus.NotFound}, sentence: true},
		{name: "namespaces", change: pipelinetest.Together(func(s *pipeline.Snapshot) {
			s.Namespaces = pipeline.Set[pipeline.Namespace]{State: pipeline.Unreadable, Why: "listing namespaces is forbidden"}
		},
			pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) {
				p.Spec.ServiceMonitorNamespaceSelector.MatchLabels = map[string]string{"monitored": "true"}
			})), want: []*finding.Reason{prometheus.SelectionUnknown}, says: []string{"listing namespaces is forbidden"}},
		{name: "namespaces do not matter", change: func(s *pipeline.Snapshot) { s.Namespaces = pipeline.Set[pipeline.Namespace]{} }},
	})
}

// Where Prometheus may get the metrics without a ServiceMonitor, one that is missing or does
// not fit is not proven to matter.
func TestScrapedOtherwise(t *testing.T) {
	without := func(change func(*pipeline.Snapshot)) func(*pipeline.Snapshot) {
		return pipelinetest.Together(func(s *pipeline.Snapshot) {
			s.ServiceMonitors.Items = nil
			s.OperatorServices.Items[0].Selector = map[string]string{"control-plane": "controller-manager"}
		}, change)
	}
	podMonitor := func(labels, selects map[string]string) func(*pipeline.Snapshot) {
		return without(func(s *pipeline.Snapshot) {
			s.PodMonitors = pipeline.KnownSet(pipeline.PodMonitor{
				Namespace: "kong-system", Name: "kong-operator", Labels: labels, Selector: metav1.LabelSelector{MatchLabels: selects},
			})
		})
	}
	onPrometheus := func(change func(*monitoringv1.Prometheus)) func(*pipeline.Snapshot) {
		return without(pipelinetest.OnPrometheus(change))
	}
	release := map[string]string{"release": "prometheus"}
	otherwise := []*finding.Reason{servicemonitor.ScrapedOtherwise}
	notFound := []*finding.Reason{servicemonitor.NotFound}
	runScrapeCases(t, []scrapeCase{
		{name: "nothing else", change: without(func(*pipeline.Snapshot) {}), want: notFound},
		{name: "a PodMonitor", change: podMonitor(release, map[string]string{"app.kubernetes.io/name": "kong-operator"}), want: otherwise, says: []string{"PodMonitor kong-system/kong-operator"}},
		{name: "a PodMonitor of other pods", change: podMonitor(release, map[string]string{"control-plane": "another"}), want: notFound},
		// prometheus-operator makes regular expressions of the values of selectors.
		{name: "a PodMonitor by a pattern", change: podMonitor(release, map[string]string{"control-plane": "controller.manager"}), want: otherwise},
		{name: "a PodMonitor of another namespace, of which its Prometheus does not know", change: pipelinetest.Together(
			podMonitor(release, nil), func(s *pipeline.Snapshot) {
				s.PodMonitors.Items[0].Namespaces.MatchNames = []string{"default"}
				s.Prometheuses.Items[0].Spec.IgnoreNamespaceSelectors = true
			}), want: otherwise},
		{name: "a PodMonitor that is not selected", change: podMonitor(nil, nil), want: notFound},
		{name: "PodMonitors unreadable", change: without(func(s *pipeline.Snapshot) {
			s.PodMonitors = pipeline.Set[pipeline.PodMonitor]{State: pipeline.Unreadable, Why: "listing podmonitors is forbidden"}
		}), want: otherwise, says: []string{"listing podmonitors is forbidden"}},
		{name: "a ScrapeConfig", change: without(pipelinetest.Together(func(s *pipeline.Snapshot) {
			s.ScrapeConfigs = pipeline.KnownSet(pipeline.ScrapeConfig{Namespace: "prometheus", Name: "kong"})
		}, pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ScrapeConfigSelector = &metav1.LabelSelector{} }))), want: otherwise},
		{name: "a ScrapeConfig of another namespace", change: without(pipelinetest.Together(func(s *pipeline.Snapshot) {
			s.ScrapeConfigs = pipeline.KnownSet(pipeline.ScrapeConfig{Namespace: "default", Name: "kong"})
		}, pipelinetest.OnPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.ScrapeConfigSelector = &metav1.LabelSelector{} }))), want: notFound},
		{name: "additional scrape configurations", change: onPrometheus(func(p *monitoringv1.Prometheus) {
			p.Spec.AdditionalScrapeConfigs = &corev1.SecretKeySelector{Key: "more.yaml"}
		}), want: otherwise, says: []string{"additionalScrapeConfigs"}},
		{name: "remote write", change: onPrometheus(func(p *monitoringv1.Prometheus) { p.Spec.EnableRemoteWriteReceiver = true }), want: otherwise},
		{name: "remote write by a feature", change: onPrometheus(func(p *monitoringv1.Prometheus) {
			p.Spec.EnableFeatures = []monitoringv1.EnableFeature{"remote-write-receiver"}
		}), want: otherwise},
		{name: "a configuration of its own", change: onPrometheus(func(p *monitoringv1.Prometheus) {
			p.Spec.ServiceMonitorSelector, p.Spec.PodMonitorSelector = nil, nil
		}), want: otherwise},
	})
}

// Several candidates of which not every one is scraped: which one counts is not
// known, and the rule is judged by what the scraped one stores.
func TestScrapeServiceAmbiguous(t *testing.T) {
	s := pipelinetest.Good()
	other := *pipelinetest.TheService(s)
	other.Namespace = "another"
	s.OperatorServices.Items = append([]pipeline.OperatorService{other}, s.OperatorServices.Items...)
	got, found := scraped(s)
	if len(found) != 1 || found[0].Reason != servicemonitor.OperatorServiceAmbiguous ||
		!strings.Contains(found[0].Message, "another/kong-operator-metrics, kong-system/kong-operator-metrics") {
		t.Errorf("got %v", found)
	}
	if !got.Known || got.Series[0].Labels["namespace"] != "kong-system" {
		t.Errorf("got %v", got)
	}
}

// What is not known must not break the evaluation: here nothing is known of the Prometheus,
// and a monitor would have an interval of its own.
func TestScrapeFixWithoutPrometheus(t *testing.T) {
	s := pipelinetest.Good()
	s.Prometheuses, s.ServiceMonitors.Items = pipeline.Set[*monitoringv1.Prometheus]{State: pipeline.Unreadable}, nil
	pipelinetest.Configure(&s.Adapter, generator.AdapterConfig(generator.AdapterRule(generator.Rule{Window: "30s"})))
	_, found := scraped(s)
	if diff := cmp.Diff(pipelinetest.Names([]*finding.Reason{prometheus.Unknown, servicemonitor.ScrapedOtherwise}), pipelinetest.Found(found)); diff != "" {
		t.Fatal(diff)
	}
	if fix := render.Fix(found[1].Fix); len(pipelinetest.Documents(fix)) > 0 {
		t.Errorf("a fix of what is not known to be broken:\n%s", fix)
	}
}

// A new monitor does not get the name of another.
func TestScrapeFreshName(t *testing.T) {
	s := pipelinetest.Good()
	pipelinetest.TheMonitor(s).Name = "kong-operator-metrics"
	pipelinetest.TheMonitor(s).Spec.Selector.MatchLabels = map[string]string{"control-plane": "controller-manager", "app": "kong-operator"}
	_, found := scraped(s)
	if len(found) != 1 || found[0].Reason != servicemonitor.SelectorMismatch || !strings.Contains(render.Fix(found[0].Fix), "name: kong-operator-metrics-latency\n") {
		t.Errorf("got %v\n%s", found, render.Fix(found[0].Fix))
	}
}

// Of several ports, none of which an installation makes, any may be the metrics'.
func TestScrapeAnyPort(t *testing.T) {
	several := func(s *pipeline.Snapshot) {
		pipelinetest.TheService(s).Ports = []pipeline.ServicePort{{Name: "a", Port: 1, TargetPort: "a"}, {Name: "b", Port: 2, TargetPort: "b"}}
	}
	named := func(port string) func(*pipeline.Snapshot) {
		return pipelinetest.OnEndpoint(func(e *monitoringv1.Endpoint) { e.Port = port })
	}
	runScrapeCases(t, []scrapeCase{
		{name: "the second", change: pipelinetest.Together(several, named("b"))},
		{name: "none", change: pipelinetest.Together(several, named("c")), want: []*finding.Reason{servicemonitor.PortMismatch}, says: []string{`"a" (1), "b" (2)`}, sentence: true},
	})
}
