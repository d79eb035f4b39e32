package operator_test

import (
	"strings"
	"testing"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// An autoscaler that reads the metric proves the hops that all Services share, and no other.
func TestAnAutoscalerThatReadsTheMetricProvesTheSharedHops(t *testing.T) {
	s := pipelinetest.Good()
	s.ServiceMonitors.Items, s.Extensions.Items = nil, nil
	pipelinetest.Configure(&s.Adapter, "rules: []\n")
	s.MetricsAPI.Available = false
	before := errors(diagnose(s).Findings())
	s.Reads = map[string]finding.Object{pipelinetest.Subject.Metric: {Kind: "HorizontalPodAutoscaler", Namespace: "shop", Name: "api"}}
	found := diagnose(s).Findings()
	after := errors(found)
	if before != "ExtensionMissing ServiceMonitorNotFound AdapterRuleMissing MetricsAPIUnavailable" {
		t.Errorf("without the autoscaler: %s", before)
	}
	if after != "ExtensionMissing" {
		t.Errorf("with it: %s", after)
	}
	for _, f := range found {
		if f.Severity == finding.Warning && f.Hop().Shared && !strings.Contains(f.Message, "HorizontalPodAutoscaler shop/api reads") {
			t.Errorf("the message does not say what proves the hop: %s", f.Message)
		}
	}
	s.Reads = map[string]finding.Object{"another": {Kind: "HorizontalPodAutoscaler", Namespace: "shop", Name: "api"}}
	if got := errors(diagnose(s).Findings()); got != before {
		t.Errorf("another metric proves it: %s", got)
	}
}

func errors(findings []finding.Finding) string {
	var names []string
	for _, f := range findings {
		if f.Severity == finding.Error {
			names = append(names, f.Reason.Name)
		}
	}
	return strings.Join(names, " ")
}
