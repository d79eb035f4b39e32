package plan

import (
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// Resolution is the result of resolving a workload: its plan, and the findings about it.
type Resolution struct {
	// Enabled is false if neither an annotation nor a policy enables autoscaling. Of the
	// other fields only Retained, Findings, Claim and PolicyName are set then.
	Enabled bool
	// Retained is true if the workload is not enabled, and keeps the autoscaler that it
	// has: a policy would attach one, but the Service of the workload is not unique; or
	// it is not known yet whether a policy would. The findings say why. They matter only
	// if the workload has an autoscaler.
	Retained bool
	// EnabledBy says what enables the workload; empty if nothing does.
	EnabledBy EnabledBy
	// PolicyName is the effective LatencyPolicy, whether or not it enables the workload;
	// empty if none selects it.
	PolicyName string
	// Claim is which autoscaler the product may use for the workload.
	Claim Claim
	// Plan is nil if the workload is not enabled, or an error among the findings blocks
	// it, or the effective policy is not known yet.
	Plan *Plan
	// Violations are the settings of the workload, and of the Services that name it or
	// select its pods, that are invalid or exceed a limit of the policy: each is about
	// the object that carries the annotation. Only the user can change them, and
	// admission refuses them.
	Violations []finding.Finding
	// Findings are the findings about the present state of the workload, sorted. If there
	// is an error among them, there is no plan, and nothing is changed. A setting that
	// only exceeds a limit is a warning here: the plan has the limit instead.
	Findings []finding.Finding
}

// Resolve resolves workload w. The webhook, the controller and the command line all use
// its result. policies may be nil; the built-in defaults apply then.
func Resolve(w model.Workload, c model.Catalog, policies Policies) Resolution {
	effective := EffectivePolicyOf(policies, w)
	near := servicesNear(w, c)
	pairing, enabled, findings := pair(w, near, c)
	r := Resolution{PolicyName: effective.Policy.Name()}
	if enabled {
		r.Enabled, r.EnabledBy, r.Findings = true, ByService, findings
		if w.Annotations.Requested {
			r.EnabledBy = ByDeployment
		}
		r.decide(w, pairing, effective, c, policies)
	} else {
		pairing = r.offer(w, near, effective, c, policies)
	}
	if r.Enabled {
		r.Violations = violations(w, pairing.Service, near, effective, r.Findings)
	}
	finding.Sort(r.Findings)
	return r
}

// decide adds the claim and, unless something blocks it, the plan of an enabled
// workload.
func (r *Resolution) decide(w model.Workload, pairing Pairing, effective EffectivePolicy, c model.Catalog, policies Policies) {
	switch {
	case finding.Blocks(r.Findings):
		r.Claim = ClaimOn(w, "", c)
	case effective.Unknown:
		r.Claim = ClaimOn(w, pairing.Settings.Adopt, c)
		r.Findings = append(r.Findings, unknownPolicy(w, effective))
	default:
		r.plan(w, pairing, effective.Policy, c, policies)
	}
}

// offer is for a workload that no annotation enables: it gets what its policy attaches,
// if that does.
func (r *Resolution) offer(w model.Workload, near nearby, effective EffectivePolicy, c model.Catalog, policies Policies) Pairing {
	if effective.AutoAttach == nil && !effective.Unknown {
		r.Claim = ClaimOn(w, "", c)
		return Pairing{}
	}
	pairing, one, findings := offer(w, near, c)
	declined := !one && len(findings) == 0
	switch {
	case declined:
	case effective.Unknown:
		r.Retained, r.Findings = true, []finding.Finding{unknownPolicy(w, effective)}
	case !one:
		r.Retained, r.Findings = true, findings
	default:
		r.Enabled, r.EnabledBy, r.Findings = true, ByPolicy, findings
		if !finding.Blocks(findings) {
			pairing.Settings.Target = effective.AutoAttach
			r.plan(w, pairing, effective.Policy, c, policies)
		}
	}
	if r.Plan == nil {
		r.Claim = ClaimOn(w, "", c)
	}
	return pairing
}

// plan adds the claim and the plan, or what blocks it.
func (r *Resolution) plan(w model.Workload, pairing Pairing, p *policy.Policy, c model.Catalog, policies Policies) {
	r.Claim = ClaimOn(w, pairing.Settings.Adopt, c)
	r.Claim.share(w, c, policies)
	resolved, findings := policy.Resolve(w.Object(), pairing.Settings, p)
	r.Findings = append(r.Findings, findings...)
	r.Findings = append(r.Findings, r.Claim.Findings...)
	r.Findings = append(r.Findings, takeovers(w, c)...)
	r.Findings = append(r.Findings, cpuRequests(w, resolved, c)...)
	if finding.Blocks(findings) || r.Claim.Blocked {
		return
	}
	r.Plan = &Plan{
		Resolved:      resolved,
		Namespace:     w.Namespace,
		Name:          r.Claim.Name,
		Adopted:       r.Claim.Adopt != nil || r.Claim.Managed != nil && r.Claim.Managed.Adopted,
		Deployment:    w.Name,
		DeploymentUID: w.UID,
		Service:       pairing.Service.Name,
		EnabledBy:     r.EnabledBy,
		Enforcement:   p.Enforcement(),
	}
}

func unknownPolicy(w model.Workload, effective EffectivePolicy) finding.Finding {
	return policy.PolicyUnknown.On(w.Object(), "which LatencyPolicy applies is not known: %s", effective.Why)
}
