// Package generator turns a plan into manifests: the HorizontalPodAutoscaler,
// and the plan itself from what is asked on a Deployment and around it.
package plan

import (
	"fmt"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// Plan is everything resolved: what is scaled, by what, between which bounds.
type Plan struct {
	policy.Resolved

	Namespace string
	// Name is the HorizontalPodAutoscaler's: the workload's, unless one of another
	// name is adopted.
	Name string
	// Adopted is true if the HorizontalPodAutoscaler was somebody's before.
	Adopted bool
	// Deployment is the workload's name.
	Deployment string
	// DeploymentUID is empty for a Deployment that is not in a cluster yet; the
	// HorizontalPodAutoscaler then has no owner.
	DeploymentUID string
	// Service is the name of the Service whose latency counts.
	Service string
	// Source says who asks.
	Source Source
	// Enforcement says which findings about the pipeline are denied.
	Enforcement policy.Enforcement
}

// Source says who asks for autoscaling.
type Source string

// The sources. Where several ask, the first counts.
const (
	FromDeployment Source = "Deployment"    // an annotation on the Deployment
	FromService    Source = "Service"       // an annotation on its Service
	FromPolicy     Source = "LatencyPolicy" // auto-attach of the policy
)

// Resolution is the answer to what workload gets.
type Resolution struct {
	// Asked is false if nothing asks for autoscaling; only Held, its findings and
	// the policy's name can say anything then.
	Asked bool
	// Held is true if nothing asks now, and an autoscaler that is there from before
	// stays nevertheless: a policy would attach the workload, but it has not exactly
	// one Service; or it is not known yet whether one would. The findings say why.
	// They are of interest only to a workload that has an autoscaler.
	Held bool
	// Source says who asks; empty if nobody does.
	Source Source
	// PolicyName is the LatencyPolicy that rules the workload, whether or not it
	// asks; empty if none does.
	PolicyName string
	// Claim says by which autoscaler the workload may be scaled.
	Claim Claim
	// Plan is nil if nothing asks, or an error among the findings blocks it, or it
	// is not known yet what rules the workload.
	Plan *Plan
	// Findings are sorted.
	Findings []finding.Finding
}

// Resolve decides what workload w gets. The webhook, the controller and the
// command line all ask here and nowhere else. Without policies, which may be nil,
// the built-in defaults hold.
func Resolve(w model.Workload, c model.Catalog, policies Policies) Resolution {
	ruling := RulingOf(policies, w)
	pairing, asked, findings := Pair(w, c)
	if !asked {
		r := offer(w, c, ruling)
		if r.Plan == nil {
			r.Claim = ClaimOn(w, "", c)
		}
		return r
	}
	r := Resolution{Asked: true, Source: FromService, PolicyName: ruling.Policy.Name(), Findings: findings}
	if annotations.Asks(w.Annotations) {
		r.Source = FromDeployment
	}
	switch {
	case finding.Blocks(findings):
		r.Claim = ClaimOn(w, "", c)
	case ruling.Unknown:
		r.Claim = ClaimOn(w, pairing.Settings.Adopt, c)
		r.Findings = append(r.Findings, unknownPolicy(w))
	default:
		r.plan(w, pairing, ruling.Policy, c)
	}
	finding.Sort(r.Findings)
	return r
}

// offer is what a workload gets that nobody asks for: what the policy attaches, if it does.
func offer(w model.Workload, c model.Catalog, ruling Ruling) Resolution {
	r := Resolution{PolicyName: ruling.Policy.Name()}
	if ruling.AutoAttach == nil && !ruling.Unknown {
		return r
	}
	pairing, one, findings := Offer(w, c)
	declined := !one && len(findings) == 0
	switch {
	case declined:
		return r
	case ruling.Unknown:
		r.Held, r.Findings = true, []finding.Finding{unknownPolicy(w)}
		return r
	case !one:
		r.Held, r.Findings = true, findings
		return r
	}
	r.Asked, r.Source, r.Findings = true, FromPolicy, findings
	if !finding.Blocks(findings) {
		pairing.Settings.Target = ruling.AutoAttach
		r.plan(w, pairing, ruling.Policy, c)
	}
	finding.Sort(r.Findings)
	return r
}

// plan adds the claim and the plan, or what blocks it.
func (r *Resolution) plan(w model.Workload, pairing Pairing, p *policy.Policy, c model.Catalog) {
	r.Claim = ClaimOn(w, pairing.Settings.Adopt, c)
	resolved, findings := policy.Resolve(w.Object(), pairing.Settings, p)
	r.Findings = append(r.Findings, findings...)
	r.Findings = append(r.Findings, r.Claim.Findings...)
	if finding.Blocks(findings) || r.Claim.Blocked {
		return
	}
	r.Plan = &Plan{
		Resolved:      resolved,
		Namespace:     w.Namespace,
		Name:          r.Claim.Name,
		Adopted:       r.Claim.Adopt != nil || r.Claim.Ours != nil && r.Claim.Ours.Adopted,
		Deployment:    w.Name,
		DeploymentUID: w.UID,
		Service:       pairing.Service.Name,
		Source:        r.Source,
		Enforcement:   p.Enforcement(),
	}
}

func unknownPolicy(w model.Workload) finding.Finding {
	return policy.PolicyUnknown.On(w.Object(), "the labels of namespace %s are not known yet, and with them which LatencyPolicy holds", w.Namespace)
}

// String says in a few words what is attached.
func (p Plan) String() string {
	text := fmt.Sprintf("HPA %s: %s of Service %s at %s ms, %d-%d replicas",
		p.Name, p.Metric, p.Service, annotations.FormatTarget(p.Target), p.MinReplicas, p.MaxReplicas)
	switch p.Paused {
	case "", annotations.PauseNone:
	case annotations.PauseAll:
		text += ", paused"
	default:
		text += fmt.Sprintf(", paused in %s", p.Paused)
	}
	if p.Source == FromPolicy {
		text += " (by LatencyPolicy " + p.PolicyName + ")"
	}
	return text
}

// Stamp is what the webhook records beside the target of a workload that a
// policy attaches.
func (p Plan) Stamp() annotations.Stamp {
	return annotations.Stamp{Policy: p.PolicyName, Target: annotations.FormatTarget(p.Target)}
}
