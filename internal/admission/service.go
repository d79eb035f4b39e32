package admission

import (
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// service decides about a Service: by what the Deployments that it touches get with it
// and got before.
func (r Request) service(c Change[model.Service]) Decision {
	s := c.After
	if s.Deleting || !r.wants(Verdict) {
		return Decision{} // an invalid object must not prevent the removal of its finalizers
	}
	if invalid := s.Annotations.Findings(s.Object()); len(invalid) > 0 {
		return Decision{Refused: invalid}
	}
	if r.Catalog == nil || r.Outdated {
		var d Decision
		if s.Annotations.Requested {
			d.Warned = []finding.Finding{pairingUnknown(s.Object(), "the Deployment of "+s.Object().String())}
		}
		return d
	}
	var before model.Service
	if c.Before != nil {
		before = *c.Before
	}
	fresh := c.Before == nil || !before.Annotations.SameSettings(s.Annotations)
	now, then := model.WithService(r.Catalog, s), model.WithService(r.Catalog, before)
	d := Decision{Warned: plan.CheckService(s, now)}
	var plans []*plan.Plan
	enabled := false
	for _, w := range touched(r.Catalog, before, s) {
		was, is := plan.Resolve(w, then, r.Policies), plan.Resolve(w, now, r.Policies)
		enabled = enabled || was.Enabled || is.Enabled
		if fresh {
			for _, f := range r.refused(s.Object(), s.Annotations, w, is) {
				if !d.refuses(f) {
					d.Refused = append(d.Refused, f)
				}
			}
		}
		d.warn(was, is)
		r.note(&d, was, is)
		plans = append(plans, is.Plan)
	}
	if d.Admitted() {
		for _, p := range plans {
			r.judge(&d, p, fresh)
		}
	}
	if !enabled {
		d.noteIdle(s.Annotations)
	}
	return d
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
		if name := s.Annotations.Settings.Deployment; name != "" {
			if w, ok := c.Workload(name); ok {
				add(w)
			}
		}
		first, _ := c.FewSelectedBy(s)
		for _, w := range first {
			add(w)
		}
	}
	return out
}
