package plan

import (
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// Policies returns the LatencyPolicy that applies to a workload. Nil means that there are
// no policies.
type Policies interface {
	// For returns the effective policy of w, by the labels of the Deployment and of its
	// namespace.
	For(w model.Workload) EffectivePolicy
}

// EffectivePolicy is the policy that applies to one workload. The zero value stands for
// the built-in defaults.
type EffectivePolicy struct {
	// Policy is nil if no policy selects the workload.
	Policy *policy.Policy
	// AutoAttach is the target in milliseconds with which the policy enables the workload
	// if no annotation does; nil if it does not.
	AutoAttach *resource.Quantity
	// Unknown is true if the policy is not known; of the other fields only Why is set
	// then, one clause that says why.
	Unknown bool
	Why     string
}

// PolicySet implements Policies with a set of policies and the labels of namespaces.
type PolicySet struct {
	// Set is all policies; nil is none.
	Set *policy.Set
	// Namespace returns the labels of a namespace; ok is false if they are not known.
	Namespace func(name string) (l map[string]string, ok bool)
}

// For implements Policies.
func (s PolicySet) For(w model.Workload) EffectivePolicy {
	if s.Set.Empty() {
		return EffectivePolicy{}
	}
	namespace, ok := s.Namespace(w.Namespace)
	if !ok {
		return EffectivePolicy{Unknown: true, Why: "the labels of namespace " + w.Namespace + " are not known yet"}
	}
	out := EffectivePolicy{Policy: s.Set.For(labels.Set(namespace), labels.Set(w.Labels))}
	if q, ok := out.Policy.AutoAttach(labels.Set(namespace)); ok {
		out.AutoAttach = &q
	}
	return out
}

// EffectivePolicyOf is the effective policy of w; p may be nil.
func EffectivePolicyOf(p Policies, w model.Workload) EffectivePolicy {
	if p == nil {
		return EffectivePolicy{}
	}
	return p.For(w)
}
