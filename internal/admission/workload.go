package admission

import (
	"maps"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// workload decides about a Deployment.
func (r Request) workload(c Change[model.Workload]) Decision {
	w := c.After
	if w.Deleting {
		return Decision{} // an invalid object must not prevent the removal of its finalizers
	}
	if c.Before != nil {
		w.UID = c.Before.UID // a manifest that replaces the object has none yet
	}
	invalid := w.Annotations.Findings(w.Object())
	if len(invalid) > 0 && r.Part == Verdict {
		return Decision{Refused: invalid}
	}
	if r.Catalog == nil || r.Outdated {
		return r.unpaired(c.Before, w, invalid)
	}
	now := plan.Resolve(w, model.WithWorkload(r.Catalog, w), r.Policies)
	d := Decision{Plan: now.Plan}
	if r.wants(Patches) {
		d.Patch = r.patch(c.Before, w, now)
	}
	if !r.wants(Verdict) {
		return d
	}
	if len(invalid) > 0 {
		d.Refused = invalid
		return d
	}
	// What the mutating webhook writes for a policy is not a change of settings.
	fresh := c.Before == nil || !c.Before.Annotations.SameSettings(w.Annotations)
	var then plan.Resolution
	switch before := c.Before; {
	case before == nil:
	case !fresh && maps.Equal(before.PodLabels, w.PodLabels) && maps.Equal(before.Labels, w.Labels):
		then = now
	default:
		then = plan.Resolve(*before, model.WithWorkload(r.Catalog, *before), r.Policies)
	}
	if fresh {
		d.Refused = r.refused(w.Object(), w.Annotations, w, now)
	}
	d.warn(then, now)
	r.note(&d, then, now)
	if d.Admitted() {
		r.judge(&d, now.Plan, fresh)
	}
	if !now.Enabled && !then.Enabled {
		d.noteIdle(w.Annotations)
	}
	return d
}

// unpaired decides about a Deployment whose Service cannot be looked up.
func (r Request) unpaired(before *model.Workload, w model.Workload, invalid []finding.Finding) Decision {
	var d Decision
	if r.wants(Patches) {
		d.Patch = r.patch(before, w, plan.Resolution{})
		if r.Catalog != nil && before != nil { // what an outdated catalog has is kept as it is
			d.Patch.Replicas = kept(*before, w, plan.Resolve(w, model.WithWorkload(r.Catalog, w), r.Policies))
		}
	}
	switch {
	case !r.wants(Verdict):
	case len(invalid) > 0:
		d.Refused = invalid
	case w.Annotations.Requested:
		d.Warned = []finding.Finding{pairingUnknown(w.Object(), "the Service of "+w.Object().String())}
	}
	return d
}

// pairingUnknown is that nothing could be decided.
func pairingUnknown(o finding.Object, what string) finding.Finding {
	return plan.PairingUnknown.On(o, "%s cannot be looked up yet; the controller will attach an autoscaler or say why not", what)
}

// warn adds the findings of now that do not refuse the request, unless they are about
// a workload that nothing enables and that had nothing before: not every Deployment has
// a Service.
func (d *Decision) warn(then, now plan.Resolution) {
	if !now.Enabled && !then.Enabled {
		return
	}
	for _, f := range now.Findings {
		if !d.refuses(f) {
			d.Warned = append(d.Warned, f)
		}
	}
}

// refuses reports whether the request is refused for the same.
func (d *Decision) refuses(f finding.Finding) bool {
	for _, refused := range d.Refused {
		if refused.Reason == f.Reason && refused.Message == f.Message {
			return true
		}
	}
	return false
}
