package operator_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/adapterrule"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/extension"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/metricsapi"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/prometheus"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/route"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/series"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/internal/pipeline/text"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

func TestEvidenceOfAGoodPipeline(t *testing.T) {
	trace := diagnose(pipelinetest.Good())
	type told struct {
		Hop      *finding.Hop
		Evidence []string
		Unjudged string
	}
	want := []told{
		{Hop: extension.Hop, Evidence: []string{
			"ControlPlane default/kong-abcde refers to DataPlaneMetricsExtension default/kong",
			"DataPlaneMetricsExtension default/kong names Service echo and enables latency",
		}},
		{Hop: route.Hop, Evidence: []string{"rule 0 of HTTPRoute default/echo sends traffic to Service echo through Gateway default/kong"}},
		{Hop: servicemonitor.Hop, Evidence: []string{
			"ServiceMonitor kong-system/gateway-operator selects Service kong-system/kong-operator-metrics by control-plane=controller-manager, port http",
		}},
		{Hop: prometheus.Hop, Evidence: []string{
			"Prometheus prometheus/prometheus-kube-prometheus-prometheus selects ServiceMonitor kong-system/gateway-operator by release=prometheus",
			"the adapter queries http://prometheus-kube-prometheus-prometheus.prometheus.svc:9090",
		}},
		{Hop: adapterrule.Hop, Evidence: []string{
			"rules[0] in key config.yaml of ConfigMap prometheus/prometheus-adapter makes the metric of kong_upstream_latency_ms_sum",
			"PromQL: " + text.OneLine(trace.Query.Expr),
		}},
		{Hop: metricsapi.Hop, Evidence: []string{
			"APIService v1beta1.custom.metrics.k8s.io is available and forwards to Service prometheus/prometheus-adapter",
		}},
		{Hop: series.Hop, Unjudged: "only Prometheus and the metrics API know whether there is a value"},
	}
	var got []told
	for _, step := range trace.Steps {
		got = append(got, told{step.Hop, step.Evidence(), step.Unjudged})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(trace.Query.Expr, `kong_upstream_latency_ms_sum{exported_namespace="default",exported_service="echo"}`) {
		t.Errorf("queries %q", trace.Query.Expr)
	}
	if got := trace.Scraped.String(); got != "Service kong-system/kong-operator-metrics" {
		t.Error(got)
	}
}

// Whatever is found is at its hop, and a hop is never silent: it has
// findings, or evidence, or a reason why it has neither.
func TestEveryHopSaysSomething(t *testing.T) {
	for _, b := range allBreakers() {
		t.Run(b.name, func(t *testing.T) {
			s := broken(t, b)
			var all []finding.Finding
			for _, step := range diagnose(s).Steps {
				all = append(all, step.Findings...)
				if len(step.Findings)+len(step.Evidence())+len(step.Unjudged) == 0 {
					t.Errorf("%s says nothing", step.Hop)
				}
			}
			want := slices.Clone(diagnose(s).Findings())
			finding.Sort(want)
			finding.Sort(all)
			if diff := cmp.Diff(want, all); diff != "" {
				t.Error(diff)
			}
		})
	}
}
