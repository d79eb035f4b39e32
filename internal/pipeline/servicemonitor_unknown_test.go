package pipeline

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
)

// What cannot be found out is its own answer.
func TestScrapeUnknown(t *testing.T) {
	runScrapeCases(t, []scrapeCase{
		{name: "Services", change: func(s *Snapshot) {
			s.OperatorServices = Set[OperatorService]{State: Unreadable, Why: "listing services is forbidden"}
		},
			want: []*finding.Reason{OperatorServiceUnknown}, says: []string{"listing services is forbidden"}},
		{name: "Services unread", change: func(s *Snapshot) { s.OperatorServices = Set[OperatorService]{} }, want: []*finding.Reason{OperatorServiceUnknown}},
		{name: "no Service", change: func(s *Snapshot) { s.OperatorServices.Items = nil }, want: []*finding.Reason{OperatorServiceNotFound}, sentence: true},
		{name: "two Services, both scraped", change: func(s *Snapshot) {
			other := *theService(s)
			other.Name = "kong-operator-2-metrics"
			s.OperatorServices.Items = append(s.OperatorServices.Items, other)
		}},
		{name: "monitors not installed", change: func(s *Snapshot) { s.ServiceMonitors = Set[*monitoringv1.ServiceMonitor]{State: NotInstalled} },
			want: []*finding.Reason{ServiceMonitorsUnknown}},
		{name: "Prometheuses not installed", change: func(s *Snapshot) { s.Prometheuses = Set[*monitoringv1.Prometheus]{State: NotInstalled} },
			want: []*finding.Reason{PrometheusesUnknown}},
		{name: "Prometheuses not installed, and no monitor", change: func(s *Snapshot) {
			s.Prometheuses, s.ServiceMonitors.Items = Set[*monitoringv1.Prometheus]{State: NotInstalled}, nil
		}, want: []*finding.Reason{PrometheusesUnknown, ServiceMonitorNotFound}},
		{name: "no Prometheus", change: func(s *Snapshot) { s.Prometheuses.Items = nil }, want: []*finding.Reason{PrometheusNotFound}, sentence: true},
		{name: "namespaces", change: together(func(s *Snapshot) {
			s.Namespaces = Set[Namespace]{State: Unreadable, Why: "listing namespaces is forbidden"}
		},
			onPrometheus(func(p *monitoringv1.Prometheus) {
				p.Spec.ServiceMonitorNamespaceSelector.MatchLabels = map[string]string{"monitored": "true"}
			})), want: []*finding.Reason{PrometheusSelectionUnknown}, says: []string{"listing namespaces is forbidden"}},
		{name: "namespaces do not matter", change: func(s *Snapshot) { s.Namespaces = Set[Namespace]{} }},
	})
}

// Several candidates of which not every one is scraped: which one counts is not
// known, and the rule is judged by what the scraped one stores.
func TestScrapeServiceAmbiguous(t *testing.T) {
	s := goodSnapshot()
	other := *theService(s)
	other.Namespace = "another"
	s.OperatorServices.Items = append([]OperatorService{other}, s.OperatorServices.Items...)
	scraped, found := evaluateScrape(s, goodSubject)
	if len(found) != 1 || found[0].Reason != OperatorServiceAmbiguous ||
		!strings.Contains(found[0].Message, "another/kong-operator-metrics, kong-system/kong-operator-metrics") {
		t.Errorf("got %v", found)
	}
	if !scraped.Known || scraped.Series[0].Labels["namespace"] != "kong-system" {
		t.Errorf("got %v", scraped)
	}
}

// A broken rule of what is not known must not break the evaluation: here the fix
// is for a Prometheus of which nothing is known.
func TestScrapeFixWithoutPrometheus(t *testing.T) {
	s := goodSnapshot()
	s.Prometheuses, s.ServiceMonitors.Items = Set[*monitoringv1.Prometheus]{State: Unreadable}, nil
	configure(&s.Adapter, generator.AdapterConfig(generator.AdapterRule(generator.Rule{Window: "30s"})))
	_, found := evaluateScrape(s, goodSubject)
	if diff := cmp.Diff(reasonNames([]*finding.Reason{PrometheusesUnknown, ServiceMonitorNotFound}), foundNames(found)); diff != "" {
		t.Fatal(diff)
	}
	if !strings.Contains(render.Fix(found[1].Fix), "interval: 15s") {
		t.Errorf("got\n%s", render.Fix(found[1].Fix))
	}
}

// A new monitor takes no other's name.
func TestScrapeFreshName(t *testing.T) {
	s := goodSnapshot()
	theMonitor(s).Name = "kong-operator-metrics"
	theMonitor(s).Spec.Selector.MatchLabels = map[string]string{"control-plane": "controller-manager", "app": "kong-operator"}
	_, found := evaluateScrape(s, goodSubject)
	if len(found) != 1 || found[0].Reason != ServiceMonitorSelectorMismatch || !strings.Contains(render.Fix(found[0].Fix), "name: kong-operator-metrics-latency\n") {
		t.Errorf("got %v\n%s", found, render.Fix(found[0].Fix))
	}
}

// A Service is selected by labels that no upgrade changes.
func TestStableLabels(t *testing.T) {
	for name, tt := range map[string]struct{ have, want map[string]string }{
		"none":  {nil, nil},
		"known": {map[string]string{"control-plane": "a", "app.kubernetes.io/version": "1", "x": "y"}, map[string]string{"control-plane": "a"}},
		"other": {map[string]string{"x": "y", "helm.sh/chart": "a-1", "app.kubernetes.io/managed-by": "Helm"}, map[string]string{"x": "y"}},
	} {
		if diff := cmp.Diff(tt.want, OperatorService{Labels: tt.have}.stableLabels()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Of several ports, none of which an installation makes, any may be the metrics'.
func TestScrapeAnyPort(t *testing.T) {
	several := func(s *Snapshot) {
		theService(s).Ports = []ServicePort{{Name: "a", Port: 1, TargetPort: "a"}, {Name: "b", Port: 2, TargetPort: "b"}}
	}
	named := func(port string) func(*Snapshot) {
		return onEndpoint(func(e *monitoringv1.Endpoint) { e.Port = port })
	}
	runScrapeCases(t, []scrapeCase{
		{name: "the second", change: together(several, named("b"))},
		{name: "none", change: together(several, named("c")), want: []*finding.Reason{ServiceMonitorPortMismatch}, says: []string{`"a" (1), "b" (2)`}, sentence: true},
	})
}
