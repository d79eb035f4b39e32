package files

import (
	"reflect"
	"slices"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// Outcome is what becomes of the settings in the files.
type Outcome struct {
	// Plans are those of the workloads that get an autoscaler, in the order of the files.
	Plans []plan.Plan
	// Findings are about settings, pairing and policies; sorted, each once.
	Findings []finding.Finding
}

// Settle decides about all Deployments and Services as admission would if they were
// new: what it would refuse is an error here.
func (c *Cluster) Settle() Outcome {
	out := Outcome{Findings: c.Policies.Set.Findings()}
	for _, w := range c.Workloads {
		plan, findings := c.settle(w)
		if plan != nil {
			out.Plans = append(out.Plans, *plan)
		}
		out.Findings = append(out.Findings, findings...)
	}
	for _, s := range c.Services {
		out.Findings = append(out.Findings, plan.CheckService(s, model.WithService(c.Catalog(s.Namespace), s))...)
	}
	finding.Sort(out.Findings)
	out.Findings = slices.CompactFunc(out.Findings, func(a, b finding.Finding) bool { return reflect.DeepEqual(a, b) })
	return out
}

// settle decides about one workload.
func (c *Cluster) settle(w model.Workload) (*plan.Plan, []finding.Finding) {
	r := c.Resolve(w)
	if !r.Asked {
		return nil, nil // not every workload that a policy could attach has a Service
	}
	// Existing settings beyond a limit are clamped to it; new ones are refused, and in
	// files all are new.
	findings := slices.DeleteFunc(r.Findings, func(f finding.Finding) bool { return f.Reason == policy.LimitClamped })
	effective := plan.RulingOf(c.Policies, w)
	if r.Plan != nil && !effective.Unknown {
		findings = append(findings, checkOwn(annotations.OnDeployment, w.Object(), w.Annotations, effective.Policy)...)
		if s, ok := c.Catalog(w.Namespace).Service(r.Plan.Service); ok {
			findings = append(findings, checkOwn(annotations.OnService, s.Object(), s.Annotations, effective.Policy)...)
		}
	}
	if finding.Blocks(findings) {
		return nil, findings
	}
	return r.Plan, findings
}

// checkOwn is which of an object's own settings exceed the limits of the policy. An
// unknown behavior profile was found before.
func checkOwn(kind annotations.Kind, o finding.Object, all map[string]string, p *policy.Policy) []finding.Finding {
	own, _ := annotations.Parse(kind, annotations.Own(all))
	return slices.DeleteFunc(policy.Check(o, own, p), func(f finding.Finding) bool { return f.Reason == policy.UnknownBehavior })
}
