package admission

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// PolicyRequest is a request to create or change a LatencyPolicy, and the state of the
// cluster that the decision depends on.
type PolicyRequest struct {
	Change[v1alpha1.LatencyPolicy]
	// Neighbors returns the existing LatencyPolicies and Deployments; unknown says why
	// they are not known, and is empty if they are. It is called only if the answer
	// matters. If it is nil, the effect of the policy is not checked.
	Neighbors func() (policies []v1alpha1.LatencyPolicy, all []policy.Candidate, unknown string)
}

// PolicyDecision is the result of a request for a LatencyPolicy.
type PolicyDecision struct {
	// Refused is why the request is refused; it is admitted if this is empty.
	Refused []finding.Finding
	// Warned are findings that do not refuse the request.
	Warned []finding.Finding
	// Unknown is why it is not known whether the policy applies to any Deployment; empty
	// if it is.
	Unknown string
}

// DecidePolicy refuses what the schema cannot, and warns of a policy that applies to
// nothing. An update that does not change the spec is not refused: a label can be added
// to a policy that was invalid before.
func DecidePolicy(r PolicyRequest) PolicyDecision {
	p := r.After
	if p.DeletionTimestamp != nil {
		return PolicyDecision{} // an invalid object must not prevent the removal of its finalizers
	}
	invalid := invalidPolicy(p)
	switch {
	case r.Before != nil && equality.Semantic.DeepEqual(r.Before.Spec, p.Spec):
		return PolicyDecision{Warned: invalid}
	case len(invalid) > 0:
		return PolicyDecision{Refused: invalid}
	case r.Neighbors == nil:
		return PolicyDecision{}
	}
	others, all, unknown := r.Neighbors()
	if unknown != "" {
		return PolicyDecision{Unknown: unknown}
	}
	list := slices.DeleteFunc(slices.Clone(others), func(o v1alpha1.LatencyPolicy) bool { return o.Name == p.Name })
	return PolicyDecision{Warned: policy.Compile(append(list, p)).Problems(p.Name, all)}
}

// invalidPolicy returns the findings about a policy alone. Unlike policy.Compile, it
// names every key of an invalid selector.
func invalidPolicy(p v1alpha1.LatencyPolicy) []finding.Finding {
	spec := field.NewPath("spec")
	var opts metav1validation.LabelSelectorValidationOptions
	errs := slices.Concat(
		metav1validation.ValidateLabelSelector(p.Spec.NamespaceSelector, opts, spec.Child("namespaceSelector")),
		metav1validation.ValidateLabelSelector(p.Spec.WorkloadSelector, opts, spec.Child("workloadSelector")),
	)
	found := policy.Compile([]v1alpha1.LatencyPolicy{p}).Findings()
	if len(errs) == 0 {
		return found
	}
	found = slices.DeleteFunc(found, func(f finding.Finding) bool { return f.Reason == policy.PolicySelectorInvalid })
	for _, e := range errs {
		found = append(found, policy.PolicySelectorInvalid.On(policy.Object(p.Name), "%s", e.Error()).At(finding.ParsePath(e.Field)))
	}
	finding.Sort(found)
	return found
}
