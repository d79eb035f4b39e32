package webhook

import (
	"context"
	"maps"

	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// validateService refuses settings that cannot be used, and says in warnings
// what will be attached or what keeps it from being attached.
func (c Cluster) validateService(ctx context.Context, req review[service]) admission.Response {
	s := req.Object.service(req.asked)
	var before model.Service
	if req.Operation == admissionv1.Update {
		before = req.OldObject.service(req.asked)
	}
	if req.Object.Metadata.DeletionTimestamp != nil {
		return allow(nil) // whatever is wrong, it must not keep a finalizer from being removed
	}
	if findings := checkValues(annotations.OnService, s.Object(), s.Annotations); len(findings) > 0 {
		return refuse(findings)
	}
	unknown := pairingUnknown("the Deployment of " + s.Object().String())
	catalog := c.catalog(ctx, s.Namespace)
	if catalog == nil {
		if annotations.Asks(s.Annotations) {
			return allow([]string{unknown})
		}
		return allow(nil)
	}
	fresh := req.Operation == admissionv1.Create || !maps.Equal(before.Annotations, s.Annotations)
	denied, lines := c.serviceFindings(catalog, before, s, fresh)
	switch {
	case catalog.Err() != nil:
		return allow([]string{unknown})
	case len(denied) > 0:
		return refuse(denied)
	default:
		return allow(lines)
	}
}

// serviceFindings compares what the Deployments that the Service touches get with
// what they had before.
func (c Cluster) serviceFindings(catalog model.Catalog, before, s model.Service, fresh bool) (denied []finding.Finding, lines []string) {
	now := model.WithService(catalog, s)
	then := model.WithService(catalog, before)
	lines = render.Warnings(plan.CheckService(s, now))
	asked := false
	for _, w := range touched(catalog, before, s) {
		was, is := plan.Resolve(w, then, c.Policies), plan.Resolve(w, now, c.Policies)
		asked = asked || was.Asked || is.Asked
		if fresh {
			denied = append(denied, c.checkSettings(annotations.OnService, s.Object(), s.Annotations, w, is)...)
		}
		lines = append(lines, render.Warnings(worthTelling(was, is))...)
		lines = append(lines, notes(was, is)...)
		refused, more := c.judge(is.Plan, fresh)
		denied, lines = append(denied, refused...), append(lines, more...)
	}
	if !asked {
		lines = append(lines, noTarget(s.Annotations)...)
	}
	return denied, lines
}

// touched returns the Deployments that the Service selects or names, before or
// after. There are few: a Service that selects many is ambiguous, which is said once.
func touched(c model.Catalog, before, after model.Service) []model.Workload {
	const enough = 3
	seen := map[string]bool{}
	var out []model.Workload
	add := func(w model.Workload) {
		if !seen[w.Name] && len(out) < enough {
			seen[w.Name] = true
			out = append(out, w)
		}
	}
	for _, s := range []model.Service{before, after} {
		if w, ok := c.Workload(s.Annotations[annotations.Deployment]); ok {
			add(w)
		}
		for _, w := range c.WorkloadsSelectedBy(s) {
			add(w)
		}
	}
	return out
}
