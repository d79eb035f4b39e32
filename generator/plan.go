// Package generator turns a plan into manifests: the HorizontalPodAutoscaler,
// and the plan itself from what is asked on a Deployment and around it.
package generator

import (
	"fmt"

	"github.com/kong-latency/kong-latency/finding"
	"github.com/kong-latency/kong-latency/policy"
	"github.com/kong-latency/kong-latency/target"
)

// Plan is everything resolved: what is scaled, by what, between which bounds.
type Plan struct {
	policy.Resolved

	Namespace string
	// Deployment is the workload's name, and the HorizontalPodAutoscaler's.
	Deployment string
	// DeploymentUID is empty for a Deployment that is not in a cluster yet; the
	// HorizontalPodAutoscaler then has no owner.
	DeploymentUID string
	// Service is the name of the Service whose latency counts.
	Service string
}

// Resolution is the answer to what workload gets.
type Resolution struct {
	// Asked is false if nothing asks for autoscaling; all else is empty then.
	Asked bool
	// Plan is nil if an error among the findings blocks it.
	Plan *Plan
	// Findings are sorted.
	Findings []finding.Finding
}

// Resolve decides what workload w gets. The webhook, the controller and the
// command line all ask here and nowhere else.
func Resolve(w target.Workload, c target.Catalog) Resolution {
	pairing, asked, findings := target.Pair(w, c)
	if !asked {
		return Resolution{}
	}
	r := Resolution{Asked: true, Findings: findings}
	if !finding.Blocks(findings) {
		resolved, more := policy.Resolve(w.Object(), pairing.Settings)
		r.Findings = append(r.Findings, more...)
		if !finding.Blocks(more) {
			r.Plan = &Plan{
				Resolved:      resolved,
				Namespace:     w.Namespace,
				Deployment:    w.Name,
				DeploymentUID: w.UID,
				Service:       pairing.Service.Name,
			}
		}
	}
	finding.Sort(r.Findings)
	return r
}

// String says in a few words what is attached.
func (p Plan) String() string {
	return fmt.Sprintf("HPA %s: %s of Service %s at %s ms, %d-%d replicas",
		p.Deployment, p.Metric, p.Service, p.targetText(), p.MinReplicas, p.MaxReplicas)
}

// targetText is the target as people write it: decimal, never in milli-units.
func (p Plan) targetText() string {
	return p.Target.AsDec().String()
}
