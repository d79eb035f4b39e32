package webhook

import (
	"context"

	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kong-latency/kong-latency/annotations"
	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/target"
)

// validateService refuses settings that cannot be used, and says in warnings
// what will be attached or what keeps it from being attached.
func (c Cluster) validateService(ctx context.Context, req admission.Request) admission.Response {
	s, deleting, err := decodeService(req.Object.Raw, &req)
	if err != nil {
		return badRequest(err)
	}
	var before target.Service
	if req.Operation == admissionv1.Update {
		if before, _, err = decodeService(req.OldObject.Raw, &req); err != nil {
			return badRequest(err)
		}
	}
	if deleting {
		return allow(nil) // whatever is wrong, it must not keep a finalizer from being removed
	}
	if findings := checkSettings(annotations.OnService, s.Object(), s.Annotations); len(findings) > 0 {
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
	lines := c.serviceLines(catalog, before, s)
	if catalog.Err() != nil {
		return allow([]string{unknown})
	}
	return allow(lines)
}

// serviceLines compares what the Deployments that the Service touches get with
// what they had before.
func (c Cluster) serviceLines(catalog target.Catalog, before, s target.Service) []string {
	now := target.WithService(catalog, s)
	then := target.WithService(catalog, before)
	lines := warnings(target.CheckService(s, now))
	asked := false
	for _, w := range touched(catalog, before, s) {
		was, is := generator.Resolve(w, then), generator.Resolve(w, now)
		asked = asked || was.Asked || is.Asked
		lines = append(lines, warnings(is.Findings)...)
		lines = append(lines, notes(was, is)...)
	}
	if !asked {
		lines = append(lines, noTarget(s.Annotations)...)
	}
	return lines
}

// touched returns the Deployments that the Service selects or names, before or
// after. There are few: a Service that selects many is ambiguous, which is said once.
func touched(c target.Catalog, before, after target.Service) []target.Workload {
	const enough = 3
	seen := map[string]bool{}
	var out []target.Workload
	add := func(w target.Workload) {
		if !seen[w.Name] && len(out) < enough {
			seen[w.Name] = true
			out = append(out, w)
		}
	}
	for _, s := range []target.Service{before, after} {
		if w, ok := c.Workload(s.Annotations[annotations.Deployment]); ok {
			add(w)
		}
		for _, w := range c.WorkloadsSelectedBy(s) {
			add(w)
		}
	}
	return out
}
