package discover

import (
	"slices"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// Places names the components of the metric pipeline; those that are empty are
// discovered.
type Places struct {
	Adapter                     ConfigMapKey
	OperatorService, Prometheus types.NamespacedName
}

// With returns p with the components that policies name instead of its own.
func (p Places) With(named policy.Places) Places {
	if m := named.AdapterConfigMap; m != nil {
		p.Adapter = ConfigMapKey{Name: types.NamespacedName{Namespace: m.Namespace, Name: m.Name}, Key: m.Key}
	}
	if n := named.OperatorService; n != nil {
		p.OperatorService = types.NamespacedName{Namespace: n.Namespace, Name: n.Name}
	}
	if n := named.Prometheus; n != nil {
		p.Prometheus = types.NamespacedName{Namespace: n.Namespace, Name: n.Name}
	}
	return p
}

// Prometheuses is the set without those that the adapter does not query.
func (p Places) Prometheuses(all pipeline.Set[*monitoringv1.Prometheus]) pipeline.Set[*monitoringv1.Prometheus] {
	if p.Prometheus.Name == "" {
		return all
	}
	all.Items = slices.DeleteFunc(slices.Clone(all.Items), func(o *monitoringv1.Prometheus) bool {
		return o.Namespace != p.Prometheus.Namespace || o.Name != p.Prometheus.Name
	})
	return all
}
