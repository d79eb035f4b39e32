package status

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// Report is what the controller reported of a workload, for somebody who cannot read as
// much. A nil Report says nothing.
type Report struct {
	// Plan is what the workload gets; nil if it gets nothing. It is for people: a status
	// has no more of a plan than its names, the target, the bounds and what is paused.
	Plan *plan.Plan
	// Observed is when the controller last saw the autoscaler; zero if it saw none.
	Observed metav1.Time

	hops []v1alpha1.HopStatus
}

// ReportOf returns what a LatencyAutoscaler says of the Deployment with this UID; nil if
// it is about another one, as of an earlier Deployment with that name.
func ReportOf(o *v1alpha1.LatencyAutoscaler, deployment types.UID) *Report {
	owner := metav1.GetControllerOf(o)
	if owner == nil || owner.UID != deployment {
		return nil
	}
	out := &Report{hops: o.Status.Pipeline}
	if p := o.Status.Plan; p != nil {
		out.Plan = planOf(o.Namespace, o.Name, p)
	}
	if c := o.Status.Current; c != nil {
		out.Observed = c.ObservedTime
	}
	return out
}

// planOf is the reverse of Facts.plan, as far as there is one; nil of what is no plan.
func planOf(namespace, deployment string, p *v1alpha1.AutoscalerPlan) *plan.Plan {
	target, err := resource.ParseQuantity(p.TargetMilliseconds)
	if err != nil || len(p.Metrics) == 0 {
		return nil
	}
	of := plan.Plan{
		Namespace: namespace, Name: p.Autoscaler, Adopted: p.Adopted,
		Deployment: deployment, Service: p.Service, EnabledBy: plan.EnabledBy(p.EnabledBy),
		Resolved: policy.Resolved{
			Target: target, Metric: p.Metrics[0].Name, Statistic: annotations.LatencyStatistic(p.Statistic),
			RequestsPerSecond: loadOf(p.RequestsPerSecondPerPod, annotations.RequestsMetric),
			Concurrency:       loadOf(p.ConcurrencyPerPod, annotations.ConcurrencyMetric),
			MinReplicas:       p.MinReplicas, MaxReplicas: p.MaxReplicas,
			BehaviorName: p.Behavior, Paused: annotations.PauseMode(p.Paused), PolicyName: p.Policy,
		},
	}
	// Who named the load is not kept: what the profile brings with it is taken to be that.
	of.RequestsPerSecond.ByDefault = of.RequestsPerSecond.Auto && !of.Concurrency.Used() && p.Behavior == policy.ProfileSteady
	return &of
}

// Reading is what somebody else than the controller found out about a hop.
type Reading struct {
	// Hop is its name, or Settings.
	Hop      string
	Findings []finding.Finding
	// Unjudged says why nothing is known of a hop without findings; empty if it works.
	Unjudged string
}

// State is what is known of the hop: the worst of the findings.
func (r Reading) State() v1alpha1.HopState {
	if len(r.Findings) == 0 && r.Unjudged != "" {
		return v1alpha1.HopUnknown
	}
	out := v1alpha1.HopProven
	for _, f := range r.Findings {
		if state := stateOf(f.Severity); rank(state) > rank(out) {
			out = state
		}
	}
	return out
}

// Instead returns the hops of the report that count instead of what was found out by
// reading: those that the reading leaves unknown, and the controller knows. The readings
// are about the subject, in the order of the metric pipeline; a nil subject is not known.
//
// A hop that is not judged because one before it was read and is broken stays unknown: what
// the controller said of it may be from before that.
func (r *Report) Instead(subject *pipeline.Subject, readings []Reading) map[string]v1alpha1.HopStatus {
	if r == nil || subject != nil && r.Plan != nil && (r.Plan.Service != subject.Service || r.Plan.Metric != subject.Metric) {
		return nil // it is about another metric
	}
	out := map[string]v1alpha1.HopStatus{}
	broken := false
	for _, reading := range readings {
		state := reading.State()
		broken = broken || state == v1alpha1.HopBroken
		if state != v1alpha1.HopUnknown || broken && len(reading.Findings) == 0 {
			continue
		}
		if h, ok := r.hop(reading.Hop); ok && h.State != v1alpha1.HopUnknown {
			out[reading.Hop] = h
		}
	}
	return out
}

func (r *Report) hop(name string) (v1alpha1.HopStatus, bool) {
	for _, h := range r.hops {
		if h.Hop == name {
			return h, true
		}
	}
	return v1alpha1.HopStatus{}, false
}
