package admission

import (
	"slices"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/loadmetric"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// refused is what is wrong with the new settings a of object o, which is workload w or
// a Service near it: what they violate, and the autoscalers that they are in conflict
// with. now is what w gets with them. Settings of a workload that nothing enables are
// admitted, so that detaching always works.
func (r Request) refused(o finding.Object, a annotations.Parsed, w model.Workload, now plan.Resolution) []finding.Finding {
	effective := plan.EffectivePolicyOf(r.Policies, w)
	if !now.Enabled || effective.Unknown {
		return nil
	}
	var out []finding.Finding
	for _, f := range now.Violations {
		if f.Object == o {
			out = append(out, f)
		}
	}
	if now.EnabledBy != plan.ByPolicy && effective.Policy.Conflicts() == policy.Deny {
		out = append(out, conflicts(now.Claim, a.Settings.Adopt != "")...)
	}
	return out
}

// conflicts returns the findings of a claim that refuse the request: everything that
// prevents an attachment; and, if an autoscaler is attached already, only that the one
// that the object names cannot be adopted.
func conflicts(c plan.Claim, adopts bool) []finding.Finding {
	admitted := func(f finding.Finding) bool {
		if f.Severity != finding.Error {
			return true
		}
		adoption := f.Reason == plan.AdoptedScalesOther || f.Reason == plan.AdoptedControlled
		named := adopts && adoption
		return !c.Blocked && !named
	}
	return slices.DeleteFunc(slices.Clone(c.Findings), admitted)
}

// judge sorts what is wrong with the plan's pipeline by what the policy does about it.
// fresh is true if the object is new or its settings changed: only then is anything
// refused, and only then is it said what could not be judged. A rollback while
// monitoring is broken must go through, and so must a Deployment that requests nothing
// and that a policy enables.
func (r Request) judge(d *Decision, p *plan.Plan, fresh bool) {
	if p == nil || r.Diagnose == nil {
		return
	}
	for _, f := range r.Diagnose(p.Namespace, p.Service, p.Metric) {
		switch action := p.Enforcement.For(f); {
		case action == policy.Ignore:
		case f.Severity == finding.Unknown:
			if fresh {
				d.Unjudged = append(d.Unjudged, f)
			}
		case action == policy.Deny && fresh && p.EnabledBy != plan.ByPolicy:
			d.Refused = append(d.Refused, f)
		default:
			d.Pipeline = append(d.Pipeline, f)
		}
	}
	r.judgeLoads(d, p, fresh)
}

// judgeLoads judges the load metrics of the plan. Nothing is refused for them, as the
// autoscaler does without one that is not served. Of one that nobody named it is said once,
// that the workload could be scaled better.
func (r Request) judgeLoads(d *Decision, p *plan.Plan, fresh bool) {
	_, unserved := r.loads(*p)
	for _, u := range unserved {
		switch {
		case u.ByDefault && fresh:
			d.Advised = append(d.Advised, u.Finding)
		case u.ByDefault:
		case u.Severity != finding.Unknown:
			d.Pipeline = append(d.Pipeline, u.Finding)
		case fresh:
			d.Unjudged = append(d.Unjudged, u.Finding)
		}
	}
}

// loads are the load metrics that the autoscaler of a plan does without, and what is found of
// them, without knowing the autoscaler.
func (r Request) loads(p plan.Plan) (omitted []string, unserved []loadmetric.Unserved) {
	return loadmetric.Judge(p, func(metric string) loadmetric.Evidence {
		if r.LoadMetric != nil {
			return r.LoadMetric(p.Namespace, p.Service, metric)
		}
		return loadmetric.Evidence{Findings: r.Diagnose(p.Namespace, p.Service, metric)}
	})
}

// served is a plan without the load metrics that its autoscaler does without.
func (r Request) served(p plan.Plan) plan.Plan {
	if r.Diagnose != nil {
		p.Omitted, _ = r.loads(p)
	}
	return p
}
