package policy

import (
	"testing"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
)

func TestPlacesAreThoseOfTheFirstPolicyThatNamesThem(t *testing.T) {
	named := func(name string, priority int32, p v1alpha1.Pipeline) v1alpha1.LatencyPolicy {
		out := v1alpha1.LatencyPolicy{Spec: v1alpha1.LatencyPolicySpec{Priority: priority, Pipeline: &p}}
		out.Name = name
		return out
	}
	got := Compile([]v1alpha1.LatencyPolicy{
		named("low", 1, v1alpha1.Pipeline{
			OperatorService: &v1alpha1.ObjectName{Namespace: "low", Name: "operator"},
			Prometheus:      &v1alpha1.ObjectName{Namespace: "low", Name: "prometheus"},
		}),
		named("high", 2, v1alpha1.Pipeline{Prometheus: &v1alpha1.ObjectName{Namespace: "high", Name: "prometheus"}}),
		{},
	}).Places()
	if got.AdapterConfigMap != nil || got.OperatorService.Namespace != "low" || got.Prometheus.Namespace != "high" {
		t.Errorf("places are %+v", got)
	}
	var none *Set
	if got := none.Places(); got != (Places{}) {
		t.Errorf("no policies name %+v", got)
	}
}
