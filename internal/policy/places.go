package policy

import "github.com/kong-latency/kong-latency/api/v1alpha1"

// Places names objects of the metric pipeline; those that are nil are discovered.
type Places struct {
	AdapterConfigMap *v1alpha1.ConfigMapKey
	OperatorService  *v1alpha1.ObjectName
	Prometheus       *v1alpha1.ObjectName
}

// Places returns the objects of the metric pipeline that the policies name. They belong
// to the cluster, not to the workloads that a policy selects: each is that of the policy
// with the highest priority that names it, or of several the first by name.
func (s *Set) Places() Places {
	var out Places
	if s == nil {
		return out
	}
	for _, p := range s.policies {
		if out.AdapterConfigMap == nil {
			out.AdapterConfigMap = p.places.AdapterConfigMap
		}
		if out.OperatorService == nil {
			out.OperatorService = p.places.OperatorService
		}
		if out.Prometheus == nil {
			out.Prometheus = p.places.Prometheus
		}
	}
	return out
}
