package webhook

import (
	"cmp"
	"context"
	"slices"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// validateLatencyPolicy refuses what the schema cannot, and warns of a policy that
// rules nothing. Like every refusal it is for what is new: a label can be put on a
// policy that has been wrong from before.
func (c Cluster) validateLatencyPolicy(ctx context.Context, req review[v1alpha1.LatencyPolicy]) admission.Response {
	p := req.Object
	p.Name = cmp.Or(req.Name, p.Name, p.GenerateName)
	if p.DeletionTimestamp != nil {
		return allow(nil) // whatever is wrong, it must not keep a finalizer from being removed
	}
	invalid := checkPolicy(p)
	if req.Operation == admissionv1.Update && equality.Semantic.DeepEqual(req.OldObject.Spec, p.Spec) {
		return allow(render.Warnings(invalid))
	}
	if len(invalid) > 0 {
		return refuse(invalid)
	}
	return allow(c.policyEffect(ctx, p))
}

// checkPolicy returns what is wrong with a policy by itself. Bad selectors are told
// key by key, which policy.Compile does not.
func checkPolicy(p v1alpha1.LatencyPolicy) []finding.Finding {
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
		found = append(found, policy.PolicySelectorInvalid.On(policy.Object(p.Name), "%s", e.Error()))
	}
	finding.Sort(found)
	return found
}

// policyEffect says that p, which is valid, rules no Deployment, if so.
func (c Cluster) policyEffect(ctx context.Context, p v1alpha1.LatencyPolicy) []string {
	if c.KnownPolicies == nil || c.Candidates == nil {
		return nil
	}
	const unknown = "not checked whether the policy rules any Deployment: %s"
	others, ok := c.KnownPolicies()
	if !ok || !c.Warm() {
		return []string{render.Warning(unknown, "what there is was not read yet")}
	}
	all, err := c.Candidates(ctx)
	if err != nil {
		return []string{render.Warning(unknown, err.Error())}
	}
	list := slices.DeleteFunc(slices.Clone(others), func(o v1alpha1.LatencyPolicy) bool { return o.Name == p.Name })
	return render.Warnings(policy.Compile(append(list, p)).Problems(p.Name, all))
}
