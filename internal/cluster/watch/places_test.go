package watch

import (
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/cluster/discover"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

func TestPoliciesNamePlacesBeforeFlagsDo(t *testing.T) {
	s := stillSource()
	s.options.OperatorService = types.NamespacedName{Namespace: "flag", Name: "operator"}
	s.options.AdapterConfigMap = types.NamespacedName{Namespace: "flag", Name: "adapter"}
	named := v1alpha1.LatencyPolicy{}
	named.Name = "named"
	named.Spec.Pipeline = &v1alpha1.Pipeline{
		AdapterConfigMap: &v1alpha1.ConfigMapKey{Namespace: "policy", Name: "adapter", Key: "rules.yaml"},
		Prometheus:       &v1alpha1.ObjectName{Namespace: "policy", Name: "prometheus"},
	}
	s.policies.Store(newPolicies(pipeline.KnownSet(named), pipeline.KnownSet[pipeline.Namespace]()))
	want := discover.Places{
		Adapter:         discover.ConfigMapKey{Name: types.NamespacedName{Namespace: "policy", Name: "adapter"}, Key: "rules.yaml"},
		OperatorService: types.NamespacedName{Namespace: "flag", Name: "operator"},
		Prometheus:      types.NamespacedName{Namespace: "policy", Name: "prometheus"},
	}
	if got := s.places(); got != want {
		t.Errorf("places are %+v, want %+v", got, want)
	}
	both := pipeline.KnownSet(
		&monitoringv1.Prometheus{ObjectMeta: metav1.ObjectMeta{Namespace: "policy", Name: "prometheus"}},
		&monitoringv1.Prometheus{ObjectMeta: metav1.ObjectMeta{Namespace: "other", Name: "prometheus"}},
	)
	if got := want.Prometheuses(both); len(got.Items) != 1 || got.Items[0].Namespace != "policy" || len(both.Items) != 2 {
		t.Errorf("of two Prometheuses %v remain", got.Items)
	}
	if got := (discover.Places{}).Prometheuses(both); len(got.Items) != 2 {
		t.Errorf("none is named, and %v remain", got.Items)
	}
}
