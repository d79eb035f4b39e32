package controller

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// The reasons of conditions that are not findings': nothing is wrong.
const (
	reasonInForce         = "InForce"
	reasonHealthy         = "Healthy"
	reasonNothingAttached = "NothingAttached"
)

// statusOf is the status of the policy with this generation, whose workloads sum up
// to t and about which the problems are found. Of the status before, only the times
// of the conditions that are ours are taken over, so that they tell since when.
func statusOf(generation int64, t tally, problems []finding.Finding, before v1alpha1.LatencyPolicyStatus, now metav1.Time) v1alpha1.LatencyPolicyStatus {
	s := v1alpha1.LatencyPolicyStatus{
		ObservedGeneration: generation,
		Attached:           t.attached,
		Blocked:            t.blocked,
		Paused:             t.paused,
		BlockedWorkloads:   t.blockedWorkloads,
	}
	for _, c := range []metav1.Condition{ready(problems), pipelineHealthy(t)} {
		if old := meta.FindStatusCondition(before.Conditions, c.Type); old != nil {
			s.Conditions = append(s.Conditions, *old)
		}
		c.ObservedGeneration, c.LastTransitionTime = generation, now
		meta.SetStatusCondition(&s.Conditions, c)
	}
	return s
}

// ready tells whether the policy is in force as it is written. One that has nothing
// to rule yet is.
func ready(problems []finding.Finding) metav1.Condition {
	c := metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue,
		Reason: reasonInForce, Message: "the policy is in force as it is written",
	}
	for _, f := range problems {
		if f.Reason == policy.PolicySelectsNothing {
			// The finding's sentence counts Deployments, which would change all the time.
			c.Message = "the policy is in force, and no Deployment matches its selectors"
			continue
		}
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, f.Reason.Name, f.Message
		break // they are sorted, the gravest first
	}
	return c
}

// pipelineHealthy tells whether the metric can arrive for all attached workloads.
func pipelineHealthy(t tally) metav1.Condition {
	c := metav1.Condition{Type: v1alpha1.ConditionPipelineHealthy}
	switch {
	case t.broken > 0:
		c.Status = metav1.ConditionFalse
		c.Reason, c.Message = t.worst.Reason.Name, t.about(t.broken)
	case t.unknown > 0:
		c.Status = metav1.ConditionUnknown
		c.Reason, c.Message = t.worst.Reason.Name, t.about(t.unknown)
	case t.attached == 0:
		c.Status = metav1.ConditionUnknown
		c.Reason, c.Message = reasonNothingAttached, "no workload of the policy is attached"
	default:
		c.Status = metav1.ConditionTrue
		c.Reason, c.Message = reasonHealthy, fmt.Sprintf("nothing found keeps the metric from the attached workloads (%d)", t.attached)
	}
	return c
}

// about says how many workloads have it, and the first finding.
func (t tally) about(n int32) string {
	return render.Clip(fmt.Sprintf("%d of %d attached workloads; the first is Deployment %s: %s", n, t.attached, t.worstOf, t.worst.Message))
}
