package hpa

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

func goodPlan() plan.Plan {
	return plan.Plan{
		Resolved:  policy.Resolved{Target: resource.MustParse("40"), MinReplicas: 1, MaxReplicas: 10, Metric: annotations.DefaultMetric},
		Namespace: "default", Name: "echo", Deployment: "echo", DeploymentUID: "u", Service: "echo", EnabledBy: plan.ByDeployment,
	}
}

// goodAutoscaler is the plan's, and works.
func goodAutoscaler() *autoscalingv2.HorizontalPodAutoscaler {
	h := generator.HPA(goodPlan())
	h.OwnerReferences = []metav1.OwnerReference{{Kind: "Deployment", Name: "echo", UID: "u", Controller: ptr.To(true)}}
	condition := func(kind autoscalingv2.HorizontalPodAutoscalerConditionType, reason string) autoscalingv2.HorizontalPodAutoscalerCondition {
		return autoscalingv2.HorizontalPodAutoscalerCondition{Type: kind, Status: corev1.ConditionTrue, Reason: reason, Message: "fine"}
	}
	h.Status.Conditions = []autoscalingv2.HorizontalPodAutoscalerCondition{
		condition(autoscalingv2.AbleToScale, "ReadyForNewScale"), condition(autoscalingv2.ScalingActive, "ValidMetricFound"),
	}
	h.Status.CurrentReplicas, h.Status.DesiredReplicas = 3, 8
	h.Status.CurrentMetrics = []autoscalingv2.MetricStatus{{Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricStatus{
		Metric:  autoscalingv2.MetricIdentifier{Name: annotations.DefaultMetric},
		Current: autoscalingv2.MetricValueStatus{Value: ptr.To(resource.MustParse("102053m"))},
	}}}
	return h
}

func TestEvaluate(t *testing.T) {
	fails := func(i int, reason string) func(*autoscalingv2.HorizontalPodAutoscaler) {
		return func(h *autoscalingv2.HorizontalPodAutoscaler) {
			h.Status.Conditions[i].Status, h.Status.Conditions[i].Reason = corev1.ConditionFalse, reason
		}
	}
	for name, tc := range map[string]struct {
		change func(*autoscalingv2.HorizontalPodAutoscaler)
		value  bool
		want   *finding.Reason
		field  string
	}{
		"good":        {change: func(*autoscalingv2.HorizontalPodAutoscaler) {}},
		"bounds":      {change: func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.MaxReplicas = 3 }, want: AutoscalerDiffers, field: "spec"},
		"no value":    {change: fails(1, "FailedGetObjectMetric"), want: AutoscalerWithoutMetric, field: "status.conditions[1]"},
		"a value now": {change: fails(1, "FailedGetObjectMetric"), value: true, want: AutoscalerLags, field: "status.conditions[1]"},
		"two of it":   {change: fails(1, "AmbiguousSelector"), value: true, want: AutoscalerFails, field: "status.conditions[1]"},
		"cannot":      {change: fails(0, "FailedGetScale"), want: AutoscalerFails, field: "status.conditions[0]"},
		"0 replicas":  {change: fails(1, "ScalingDisabled"), want: AutoscalerOff, field: "status.conditions[1]"},
		"new": {change: func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Status.Conditions = nil },
			want: AutoscalerUnknown, field: "status.conditions"},
		"within its bounds": {change: func(h *autoscalingv2.HorizontalPodAutoscaler) {
			h.Status.Conditions[1].Type, h.Status.Conditions[1].Status = autoscalingv2.ScalingLimited, corev1.ConditionFalse
		}},
	} {
		t.Run(name, func(t *testing.T) {
			h, plan := goodAutoscaler(), goodPlan()
			tc.change(h)
			found, _ := Output{}.Evaluate(output.Facts{Live: h, Plan: &plan, HasValue: tc.value})
			want := []string{}
			if tc.want != nil {
				want = append(want, tc.want.Name+" at "+tc.field)
			}
			got := []string{}
			for _, f := range found {
				got = append(got, f.Reason.Name+" at "+f.Field.String())
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAutoscalerEvidence(t *testing.T) {
	_, evidence := Output{}.Evaluate(output.Facts{Live: goodAutoscaler()})
	want := []string{
		"HorizontalPodAutoscaler default/echo: 3 replicas, wants 8 of 1-10; saw 102053m, target 40",
		"AbleToScale is True (ReadyForNewScale): fine",
		"ScalingActive is True (ValidMetricFound): fine",
	}
	if diff := cmp.Diff(want, evidence); diff != "" {
		t.Error(diff)
	}
}

// The fix of a missing autoscaler is the object that the controller would create, so that
// it manages it.
func TestAnAutoscalerThatIsMissing(t *testing.T) {
	plan := goodPlan()
	found, _ := Output{}.Evaluate(output.Facts{Plan: &plan})
	if len(found) != 1 || found[0].Reason != AutoscalerMissing {
		t.Fatalf("got %v", found)
	}
	for _, want := range []string{"uid: u", "controller: true", "app.kubernetes.io/managed-by: kong-latency", "kind: HorizontalPodAutoscaler"} {
		if !strings.Contains(render.Fix(found[0].Fix), want) {
			t.Errorf("the fix lacks %q:\n%s", want, render.Fix(found[0].Fix))
		}
	}
	plan.Adopted = true
	if found, _ := (Output{}).Evaluate(output.Facts{Plan: &plan}); strings.Contains(render.Fix(found[0].Fix), "\n") {
		t.Errorf("an adopted one is created anew:\n%s", render.Fix(found[0].Fix))
	}
	if found, _ := (Output{}).Evaluate(output.Facts{Plan: &plan, Unread: "forbidden"}); found[0].Reason != AutoscalerUnknown {
		t.Errorf("got %v", found)
	}
	if found, _ := (Output{}).Evaluate(output.Facts{}); len(found) != 0 {
		t.Errorf("got %v", found)
	}
}
