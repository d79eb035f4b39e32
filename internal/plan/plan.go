// Package plan decides what a workload gets: it pairs Deployments with Services,
// joins their settings, fills in the effective policy and looks at the autoscalers that
// are there. Everything that scales, admits, renders or reports calls [Resolve] and
// follows its answer.
package plan

import (
	"fmt"

	"github.com/kong-latency/kong-latency/internal/annotations"
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
	// EnabledBy says who enables the workload.
	EnabledBy EnabledBy
	// Enforcement says which findings about the pipeline are denied.
	Enforcement policy.Enforcement
}

// EnabledBy says who enables a workload.
type EnabledBy string

// Who can enable a workload. Where several do, the first counts.
const (
	ByDeployment EnabledBy = "Deployment"    // an annotation on the Deployment
	ByService    EnabledBy = "Service"       // an annotation on its Service
	ByPolicy     EnabledBy = "LatencyPolicy" // auto-attach of the policy
)

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
	if p.EnabledBy == ByPolicy {
		text += " (by LatencyPolicy " + p.PolicyName + ")"
	}
	return text
}

// Stamp is what the webhook records beside the target of a workload that a
// policy attaches.
func (p Plan) Stamp() annotations.Stamp {
	return annotations.Stamp{Policy: p.PolicyName, Target: annotations.FormatTarget(p.Target)}
}
