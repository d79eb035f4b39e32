package webhook

import (
	"context"

	admissionv1 "k8s.io/api/admission/v1"
	admissionhttp "sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kong-latency/kong-latency/internal/admission"
	"github.com/kong-latency/kong-latency/internal/model"
)

// mutateDeployment writes on a Deployment that its policy attaches what the policy
// gives it, and sees to its replicas. It patches those paths one by one, and nothing
// when called again.
func (c Knowledge) mutateDeployment(ctx context.Context, req review[deployment]) admissionhttp.Response {
	return patched(req.Object.Metadata.Annotations, c.decideDeployment(ctx, req, admission.Patches).Patch)
}

// validateDeployment refuses settings that cannot be used, and says in warnings
// what will be attached or what keeps it from being attached.
func (c Knowledge) validateDeployment(ctx context.Context, req review[deployment]) admissionhttp.Response {
	return answered(c.decideDeployment(ctx, req, admission.Verdict))
}

func (c Knowledge) decideDeployment(ctx context.Context, req review[deployment], part admission.Part) admission.Decision {
	change := admission.Change[model.Workload]{After: req.Object.workload(req.header)}
	if req.Operation == admissionv1.Update {
		before := req.OldObject.workload(req.header)
		change.Before = &before
	}
	return c.decide(ctx, req.Namespace, admission.Request{Workload: &change, Part: part})
}

// validateService refuses settings that cannot be used, and says in warnings
// what will be attached or what keeps it from being attached.
func (c Knowledge) validateService(ctx context.Context, req review[service]) admissionhttp.Response {
	change := admission.Change[model.Service]{After: req.Object.service(req.header)}
	if req.Operation == admissionv1.Update {
		before := req.OldObject.service(req.header)
		change.Before = &before
	}
	return answered(c.decide(ctx, req.Namespace, admission.Request{Service: &change, Part: admission.Verdict}))
}

// decide decides about a request by what the caches hold. What cannot be read from them
// is not known.
func (c Knowledge) decide(ctx context.Context, namespace string, r admission.Request) admission.Decision {
	r.Policies = c.Policies
	if c.Pipeline != nil {
		r.Diagnose, r.LoadMetric = c.diagnose, c.loadMetric
	}
	catalog := c.catalog(ctx, namespace)
	if catalog == nil {
		return admission.Decide(r)
	}
	r.Catalog = catalog
	r.Outdated = c.outdated() != ""
	d := admission.Decide(r)
	if catalog.Err() != nil {
		r.Catalog = nil
		return admission.Decide(r)
	}
	return d
}
