package webhook

import (
	"context"
	"maps"
	"slices"

	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// mutateDeployment writes on a Deployment that its policy attaches what the policy
// gives it, and sees to its replicas. It patches those paths one by one, and nothing
// when called again.
func (c Cluster) mutateDeployment(ctx context.Context, req review[deployment]) admission.Response {
	resp := allow(nil)
	d := req.Object
	w := d.workload(req.asked)
	if w.Deleting {
		return resp
	}
	if req.Operation == admissionv1.Create {
		now := c.resolve(ctx, w)
		d.stamp(now, &resp)
		c.raise(w, now, &resp)
		return resp
	}
	before := req.OldObject.workload(req.asked)
	w.UID = before.UID // a manifest that replaces the object has none yet
	now := c.resolve(ctx, w)
	d.stamp(now, &resp)
	guard(before, w, now, &resp)
	return resp
}

// resolve is what w gets; nothing while that cannot be known.
func (c Cluster) resolve(ctx context.Context, w model.Workload) plan.Resolution {
	catalog := c.catalog(ctx, w.Namespace)
	if catalog == nil {
		return plan.Resolution{}
	}
	now := plan.Resolve(w, model.WithWorkload(catalog, w), c.Policies)
	if catalog.Err() != nil {
		return plan.Resolution{}
	}
	return now
}

// validateDeployment refuses settings that cannot be used, and says in warnings
// what will be attached or what keeps it from being attached.
func (c Cluster) validateDeployment(ctx context.Context, req review[deployment]) admission.Response {
	w := req.Object.workload(req.asked)
	var before model.Workload
	if req.Operation == admissionv1.Update {
		before = req.OldObject.workload(req.asked)
	}
	if w.Deleting {
		return allow(nil) // whatever is wrong, it must not keep a finalizer from being removed
	}
	if findings := checkValues(annotations.OnDeployment, w.Object(), w.Annotations); len(findings) > 0 {
		return refuse(findings)
	}
	unknown := pairingUnknown("the Service of " + w.Object().String())
	catalog := c.catalog(ctx, w.Namespace)
	if catalog == nil {
		if annotations.Asks(w.Annotations) {
			return allow([]string{unknown})
		}
		return allow(nil)
	}
	now := plan.Resolve(w, model.WithWorkload(catalog, w), c.Policies)
	// What a policy has the mutating webhook write is nobody's change of settings.
	fresh := req.Operation == admissionv1.Create ||
		!maps.Equal(annotations.Own(before.Annotations), annotations.Own(w.Annotations))
	var then plan.Resolution
	switch {
	case req.Operation != admissionv1.Update:
	case !fresh && maps.Equal(before.PodLabels, w.PodLabels) && maps.Equal(before.Labels, w.Labels):
		then = now
	default:
		then = plan.Resolve(before, model.WithWorkload(catalog, before), c.Policies)
	}
	if catalog.Err() != nil {
		return allow([]string{unknown})
	}
	if fresh {
		if denied := c.checkSettings(annotations.OnDeployment, w.Object(), w.Annotations, w, now); len(denied) > 0 {
			return refuse(denied)
		}
	}
	denied, pipelineLines := c.judge(now.Plan, fresh)
	if len(denied) > 0 {
		return refuse(denied)
	}
	lines := slices.Concat(render.Warnings(worthTelling(then, now)), notes(then, now), pipelineLines)
	if !now.Asked && !then.Asked {
		lines = append(lines, noTarget(annotations.Own(w.Annotations))...)
	}
	return allow(lines)
}

// worthTelling is the findings of now, unless they are about a workload that nobody
// asks for and that had nothing before: not every Deployment has a Service.
func worthTelling(then, now plan.Resolution) []finding.Finding {
	if now.Asked || then.Asked {
		return now.Findings
	}
	return nil
}

// notes says what changes by this admission: nothing if the plan stays the same.
func notes(then, now plan.Resolution) []string {
	switch {
	case then.Asked && !now.Asked && !now.Held && now.Claim.Ours != nil && now.Claim.Ours.Adopted:
		return []string{render.Warning("will give HPA %s its former spec back; the replicas stay as they are", now.Claim.Ours.Name)}
	case then.Asked && !now.Asked && !now.Held:
		return []string{render.Warning("will detach the HPA; the replicas stay as they are")}
	case now.Plan == nil:
		return nil
	case now.Claim.Adopt != nil:
		return []string{render.Warning("will adopt %s; its former spec is kept", now.Plan)}
	case then.Plan == nil:
		return []string{render.Warning("will attach %s", now.Plan)}
	case then.Plan.String() != now.Plan.String():
		return []string{render.Warning("will change %s", now.Plan)}
	default:
		return nil
	}
}
