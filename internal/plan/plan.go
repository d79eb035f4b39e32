// Package plan resolves workloads: it pairs Deployments with Services, merges their
// settings, applies the effective policy and checks the existing autoscalers. Everything
// that scales, admits, renders or reports workloads calls [Resolve] and uses its result.
package plan

import (
	"fmt"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// Plan is the fully resolved configuration of a workload: what is scaled, by which
// metric, and between which bounds.
type Plan struct {
	policy.Resolved
	// Omitted are the load metrics that the autoscaler does without, because nothing serves
	// them. Resolve does not know it: who writes or compares the autoscaler sets it.
	Omitted []string
	// Learned is what was learned of the load of the workload. Resolve does not know it: who
	// writes or compares the autoscaler sets it.
	Learned Learned

	Namespace string
	// Name is the HorizontalPodAutoscaler's: the workload's, unless one of another
	// name is adopted.
	Name string
	// Adopted is true if the HorizontalPodAutoscaler is adopted.
	Adopted bool
	// Deployment is the workload's name.
	Deployment string
	// DeploymentUID is empty for a Deployment that is not in a cluster yet; the
	// HorizontalPodAutoscaler then has no owner.
	DeploymentUID string
	// Service is the name of the Service whose latency counts.
	Service string
	// EnabledBy says what enables the workload.
	EnabledBy EnabledBy
	// HoldScaleIn is true while no pod is removed because none is ready. Resolve does not know
	// it: who writes the autoscaler sets it.
	HoldScaleIn bool
	// Enforcement says which findings about the pipeline are denied.
	Enforcement policy.Enforcement
}

// EnabledBy says what enables a workload.
type EnabledBy string

// What can enable a workload. If several do, the first counts.
const (
	ByDeployment EnabledBy = "Deployment"    // an annotation on the Deployment
	ByService    EnabledBy = "Service"       // an annotation on its Service
	ByPolicy     EnabledBy = "LatencyPolicy" // auto-attach of the policy
)

// String summarizes what of the plan somebody chose.
func (p Plan) String() string {
	text := fmt.Sprintf("HPA %s: %s of Service %s at %s ms, %d-%d replicas",
		p.Name, p.Metric, p.Service, annotations.FormatTarget(p.Target), p.MinReplicas, p.MaxReplicas)
	for _, l := range p.Resolved.Loads() {
		if !l.ByDefault {
			text += ", " + l.String()
		}
	}
	switch p.Paused {
	case "", annotations.PauseNone:
	case annotations.PauseAll:
		text += ", paused"
	default:
		text += fmt.Sprintf(", paused in %s", p.Paused)
	}
	if p.EnabledBy == ByPolicy {
		text += " (by LatencyPolicy " + p.PolicyName + ")"
	}
	return text
}

// Stamp is what auto-attach records on the Deployment of the plan.
func (p Plan) Stamp() annotations.Stamp {
	return annotations.Stamp{Policy: p.PolicyName, Target: annotations.FormatTarget(p.Target)}
}
