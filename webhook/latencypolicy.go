package webhook

import (
	"context"

	admissionv1 "k8s.io/api/admission/v1"
	admissionhttp "sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/admission"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// validateLatencyPolicy refuses what the schema cannot, and warns of a policy that
// applies to nothing.
func (c Knowledge) validateLatencyPolicy(ctx context.Context, req review[v1alpha1.LatencyPolicy]) admissionhttp.Response {
	r := admission.PolicyRequest{}
	r.After = req.Object
	r.After.Name = req.named().Name
	if req.Operation == admissionv1.Update {
		r.Before = &req.OldObject
	}
	if c.KnownPolicies != nil && c.Candidates != nil {
		r.Neighbors = func() ([]v1alpha1.LatencyPolicy, []policy.Candidate, string) { return c.neighbors(ctx) }
	}
	d := admission.DecidePolicy(r)
	switch {
	case len(d.Refused) > 0:
		return refuse(d.Refused)
	case d.Unknown != "":
		return allow([]string{render.PolicyNotChecked(d.Unknown)})
	default:
		return warned(d.Warned)
	}
}

// neighbors are the policies and Deployments that the caches hold.
func (c Knowledge) neighbors(ctx context.Context) (others []v1alpha1.LatencyPolicy, all []policy.Candidate, unknown string) {
	others, ok := c.KnownPolicies()
	if !ok || !c.Warm() {
		return nil, nil, "the caches are not synced yet"
	}
	if why := c.outdated(); why != "" {
		return nil, nil, why
	}
	all, err := c.Candidates(ctx)
	if err != nil {
		return nil, nil, err.Error()
	}
	return others, all, ""
}
