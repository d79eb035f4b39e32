package controller

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/policy"
)

func TestConditions(t *testing.T) {
	const inForce = "True InForce: the policy is in force as it is written"
	const nothing = "Unknown NothingAttached: no workload of the policy is attached"
	on := policy.Object("frame")
	tests := map[string]struct {
		summary         summary
		problems        []finding.Finding
		ready, pipeline string
	}{
		"nothing yet": {summary{}, nil, inForce, nothing},
		"selects nothing": {summary{}, []finding.Finding{policy.PolicySelectsNothing.On(on, "none of 7")},
			"True InForce: the policy is in force, and no Deployment matches its selectors", nothing},
		"invalid": {summary{}, []finding.Finding{policy.PolicyInvalid.On(on, "min is above max"), policy.PolicySelectsNothing.On(on, "none of 7")},
			"False PolicyInvalid: min is above max", nothing},
		"shadowed": {summary{}, []finding.Finding{policy.PolicyShadowed.On(on, "by other")},
			"False PolicyShadowed: by other", nothing},
		"healthy": {summary{attached: 2}, nil, inForce,
			"True Healthy: no error was found in the metric pipeline of the attached workloads (2)"},
		"broken": {summary{attached: 3, broken: 1, unknown: 2, worst: &noRule, worstOf: workload("a")}, nil, inForce,
			"False NoRule: 1 of 3 attached workloads; the first is Deployment ns/a: no rule"},
		"unknown": {summary{attached: 3, unknown: 2, worst: &darkRoute, worstOf: workload("a")}, nil, inForce,
			"Unknown Dark: 2 of 3 attached workloads; the first is Deployment ns/a: not checked"},
		"all blocked": {summary{blocked: 3}, nil, inForce, nothing},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := statusOf(4, tt.summary, tt.problems, v1alpha1.LatencyPolicyStatus{}, metav1.Unix(100, 0))
			got := map[string]string{}
			for _, c := range s.Conditions {
				got[c.Type] = string(c.Status) + " " + c.Reason + ": " + c.Message
				if c.ObservedGeneration != 4 || c.LastTransitionTime.Unix() != 100 {
					t.Errorf("condition %s of generation %d since %s", c.Type, c.ObservedGeneration, c.LastTransitionTime)
				}
			}
			want := map[string]string{v1alpha1.ConditionReady: tt.ready, v1alpha1.ConditionPipelineHealthy: tt.pipeline}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestStatusKeepsTransitionTimes(t *testing.T) {
	first := statusOf(1, summary{attached: 1}, nil, v1alpha1.LatencyPolicyStatus{}, metav1.Unix(100, 0))
	foreign := metav1.Condition{Type: "Foreign", Status: metav1.ConditionTrue, Reason: "Other"}
	first.Conditions = append(first.Conditions, foreign)

	blocked := []v1alpha1.BlockedWorkload{{Namespace: "ns", Name: "b", Reason: "Bad"}}
	broken := summary{attached: 2, blocked: 1, paused: 1, blockedWorkloads: blocked, broken: 1, worst: &noRule, worstOf: workload("a")}
	got := statusOf(2, broken, nil, first, metav1.Unix(200, 0))
	want := v1alpha1.LatencyPolicyStatus{
		ObservedGeneration: 2, Attached: 2, Blocked: 1, Paused: 1, BlockedWorkloads: blocked,
		Conditions: []metav1.Condition{
			{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, ObservedGeneration: 2, LastTransitionTime: metav1.Unix(100, 0),
				Reason: "InForce", Message: "the policy is in force as it is written"},
			{Type: v1alpha1.ConditionPipelineHealthy, Status: metav1.ConditionFalse, ObservedGeneration: 2, LastTransitionTime: metav1.Unix(200, 0),
				Reason: "NoRule", Message: "1 of 2 attached workloads; the first is Deployment ns/a: no rule"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(got, statusOf(2, broken, nil, got, metav1.NewTime(time.Now()))); diff != "" {
		t.Errorf("the same state gives another status (-first +second):\n%s", diff)
	}
	if first.Conditions[0].ObservedGeneration != 1 {
		t.Error("the status before was changed")
	}
}

func TestMessagesOfConditionsAreBounded(t *testing.T) {
	long := noRule
	long.Message = strings.Repeat("ü", 5000)
	s := statusOf(1, summary{attached: 1, broken: 1, worst: &long, worstOf: workload("a")}, nil, v1alpha1.LatencyPolicyStatus{}, metav1.Now())
	if n := len(s.Conditions[1].Message); n > render.MaxNote {
		t.Errorf("message has %d bytes", n)
	}
}
