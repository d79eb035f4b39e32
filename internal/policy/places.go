package policy

import "github.com/kong-latency/kong-latency/api/v1alpha1"

// Places names objects of the metric pipeline; those that are nil are discovered.
type Places struct {
	AdapterConfigMap *v1alpha1.ConfigMapKey
	OperatorService  *v1alpha1.ObjectName
	Prometheus       *v1alpha1.ObjectName
}

// Places returns what the policies say of places. There is one of each in a
// cluster, whatever a policy selects, so that the first policy which names it
// is believed: the one with the highest priority, of equal ones the first by name.
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
