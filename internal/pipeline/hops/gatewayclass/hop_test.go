package gatewayclass_test

import (
	"testing"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/gatewayclass"
)

func TestGatewayClass(t *testing.T) {
	judge := func(s pipeline.Snapshot) []finding.Finding {
		return gatewayclass.New().Judge(pipeline.NewCase(nil, &s, pipeline.Subject{Namespace: "a", Service: "b"})).Findings
	}
	if got := judge(pipeline.Snapshot{}); len(got) > 0 {
		t.Errorf("what is not known is %v", got)
	}
	if got := judge(pipeline.Snapshot{GatewayClasses: pipeline.KnownSet[*gatewayv1.GatewayClass]()}); !finding.Has(got, gatewayclass.Missing) {
		t.Errorf("without any: %v", got)
	}
	if got := judge(pipeline.Snapshot{GatewayClasses: pipeline.KnownSet(&gatewayv1.GatewayClass{})}); len(got) > 0 {
		t.Errorf("with one: %v", got)
	}
}
