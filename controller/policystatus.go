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

// The reasons of conditions that no finding gives.
const (
	reasonInForce         = "InForce"
	reasonHealthy         = "Healthy"
	reasonNothingAttached = "NothingAttached"
)

// statusOf is the status of the policy with this generation, with the summary of its
// workloads and the problems found about itself. Of the status before, only the transition
// times of these conditions are kept.
func statusOf(generation int64, sum summary, problems []finding.Finding, before v1alpha1.LatencyPolicyStatus, now metav1.Time) v1alpha1.LatencyPolicyStatus {
	s := v1alpha1.LatencyPolicyStatus{
		ObservedGeneration: generation,
		Attached:           sum.attached,
		Blocked:            sum.blocked,
		Paused:             sum.paused,
		BlockedWorkloads:   sum.blockedWorkloads,
	}
	for _, c := range []metav1.Condition{ready(problems), pipelineHealthy(sum)} {
		if old := meta.FindStatusCondition(before.Conditions, c.Type); old != nil {
			s.Conditions = append(s.Conditions, *old)
		}
		c.ObservedGeneration, c.LastTransitionTime = generation, now
		meta.SetStatusCondition(&s.Conditions, c)
	}
	return s
}

// ready reports whether the policy is in force as it is written. One that selects nothing
// yet is.
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
		break // they are sorted, the most severe first
	}
	return c
}

// pipelineHealthy reports whether the metric can arrive for all attached workloads.
func pipelineHealthy(s summary) metav1.Condition {
	c := metav1.Condition{Type: v1alpha1.ConditionPipelineHealthy}
	switch {
	case s.broken > 0:
		c.Status = metav1.ConditionFalse
		c.Reason, c.Message = s.worst.Reason.Name, s.about(s.broken)
	case s.unknown > 0:
		c.Status = metav1.ConditionUnknown
		c.Reason, c.Message = s.worst.Reason.Name, s.about(s.unknown)
	case s.attached == 0:
		c.Status = metav1.ConditionUnknown
		c.Reason, c.Message = reasonNothingAttached, "no workload of the policy is attached"
	default:
		c.Status = metav1.ConditionTrue
		c.Reason, c.Message = reasonHealthy, fmt.Sprintf("no error was found in the metric pipeline of the attached workloads (%d)", s.attached)
	}
	return c
}

// about says how many workloads are affected, and the first finding.
func (s summary) about(n int32) string {
	return render.Clip(fmt.Sprintf("%d of %d attached workloads; the first is Deployment %s: %s", n, s.attached, s.worstOf, s.worst.Message))
}
