package cluster

import (
	"slices"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// places says where things on the metric's way are; what is empty is to be found.
type places struct {
	adapter              configMapKey
	operator, prometheus types.NamespacedName
}

// places are what the policies name, and for the rest what the flags do.
func (s *Source) places() places { return s.options.places(s.Policies()) }

func (o Options) places(policies *Policies) places {
	out := places{
		adapter:  configMapKey{name: o.AdapterConfigMap, key: o.AdapterKey},
		operator: o.OperatorService,
	}
	named := policies.set.Places()
	if m := named.AdapterConfigMap; m != nil {
		out.adapter = configMapKey{name: types.NamespacedName{Namespace: m.Namespace, Name: m.Name}, key: m.Key}
	}
	if n := named.OperatorService; n != nil {
		out.operator = namespacedName(n)
	}
	if n := named.Prometheus; n != nil {
		out.prometheus = namespacedName(n)
	}
	return out
}

func namespacedName(n *v1alpha1.ObjectName) types.NamespacedName {
	return types.NamespacedName{Namespace: n.Namespace, Name: n.Name}
}

// onlyNamed is the set without the Prometheuses that the adapter does not ask.
func onlyNamed(all pipeline.Set[*monitoringv1.Prometheus], name types.NamespacedName) pipeline.Set[*monitoringv1.Prometheus] {
	if name.Name == "" {
		return all
	}
	all.Items = slices.DeleteFunc(slices.Clone(all.Items), func(p *monitoringv1.Prometheus) bool {
		return p.Namespace != name.Namespace || p.Name != name.Name
	})
	return all
}
